"""What can go wrong before the API server answers."""

from __future__ import annotations


class ControlPlaneError(Exception):
    """One sentence for the person at the keyboard: what is missing or broke, and what to do about it."""
