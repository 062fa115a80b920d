"""`python -m azuresim`."""

from azuresim.cli import main

main()
