"""Find segments as a config says: python scripts/segments.py configs/segments.yaml [a.b=c ...]."""

import sys

from dbnchurn.cli import main

if __name__ == "__main__":
    main(["segments", *sys.argv[1:]])
