"""Poolwright keeps Azure Batch pools, and the custom images they boot from, as declared."""

__version__ = "0.1.0"
