"""The CustomImage controller."""
