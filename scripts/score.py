"""Score a table with a stored model: python scripts/score.py MODEL INPUT --output OUT."""

import sys

from dbnchurn.cli import main

if __name__ == "__main__":
    main(["score", *sys.argv[1:]])
