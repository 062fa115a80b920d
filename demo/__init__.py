"""Poolwright at work on one machine: a real API server, a simulated Azure, and the operator, as three processes."""
