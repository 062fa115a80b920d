"""``python -m poolwright``."""

from poolwright.cli import main

main()
