"""What Spark forks its workers from, with all imported that they need: each would take seconds.

A worker looks for garbage after every task, but not in what was there before it was forked.
"""

import gc
import importlib

from pyspark.daemon import manager

NEEDED = (
    "pyspark.worker",
    "xgboost",
    "dbnchurn.spark.booster_task",
    "dbnchurn.spark.part_task",
    "dbnchurn.spark.score_task",
)

if __name__ == "__main__":
    for name in NEEDED:
        importlib.import_module(name)
    gc.freeze()
    manager()
