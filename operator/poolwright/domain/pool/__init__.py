"""The BatchPool kind: what is declared, what is seen, and what follows from the two."""
