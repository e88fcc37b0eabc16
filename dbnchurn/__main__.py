"""``python -m dbnchurn`` is the command line."""

from dbnchurn.cli import main

main()
