"""What Poolwright decides: pure functions over values, standard library only."""
