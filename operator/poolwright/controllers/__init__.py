"""One package a kind: gather facts, decide, carry out one mutation, publish."""
