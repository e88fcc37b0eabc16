"""Train as a config says: python scripts/train.py configs/tv.yaml [a.b=c ...]."""

import sys

from dbnchurn.cli import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
