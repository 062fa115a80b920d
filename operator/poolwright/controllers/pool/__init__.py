"""The BatchPool controller."""
