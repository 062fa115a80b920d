"""Looks for states the operator cannot get out of."""
