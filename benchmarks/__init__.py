"""Measurements on the real API server and the simulated Azure; each module prints one table."""
