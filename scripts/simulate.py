"""Simulate a telecom: python scripts/simulate.py --customers 10000 --output data/crm."""

import sys

from dbnchurn.cli import main

if __name__ == "__main__":
    main(["simulate", *sys.argv[1:]])
