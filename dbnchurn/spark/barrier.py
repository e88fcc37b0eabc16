"""Workers of Spark that run at once and speak with one another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dbnchurn.core.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def slots_of(spark: SparkSession) -> int:
    """How many tasks run at once.

    That is not ``defaultParallelism``, which ``spark.default.parallelism`` sets to any number and
    ``spark.task.cpus`` does not lower: a barrier stage of too many workers waits for minutes, and
    fails.
    """
    context = spark.sparkContext._jsc.sc()
    profile = context.resourceProfileManager().resourceProfileFromId(0)
    return int(context.maxNumConcurrentTasks(profile))


def check_slots(spark: SparkSession, workers: int) -> None:
    """Refuse more workers than can run at once, and executors that come and go.

    Parameters
    ----------
    spark : SparkSession
    workers : int

    Raises
    ------
    ConfigError
        If there are too few slots, or executors are allocated dynamically.
    """
    if str(spark.conf.get("spark.dynamicAllocation.enabled", "false")).lower() == "true":
        raise ConfigError(
            "boosters on all rows need executors that stay, and Spark allocates them dynamically: "
            "set spark.dynamicAllocation.enabled to false, and spark.executor.instances"
        )
    if workers > (slots := slots_of(spark)):
        raise ConfigError(
            f"boosters on all rows need {workers} tasks at once, and the session has room for "
            f"{slots}: give fewer workers, or more executors or cores"
        )


@contextmanager
def communicator() -> Iterator[tuple[int, int]]:
    """Join the tasks of a barrier stage by XGBoost's communicator.

    The tracker runs in the first task, so that a stage that is run again has one of its own.

    Yields
    ------
    rank : int
    workers : int
    """
    from pyspark import BarrierTaskContext
    from xgboost.collective import CommunicatorContext
    from xgboost.tracker import RabitTracker

    context = BarrierTaskContext.get()
    rank, infos = context.partitionId(), context.getTaskInfos()
    told, tracker = "", None
    if rank == 0:
        host = infos[0].address.rpartition(":")[0] or infos[0].address
        tracker = RabitTracker(n_workers=len(infos), host_ip=host, sortby="task")
        tracker.start()
        told = json.dumps(tracker.worker_args())
    settings = json.loads(next(filter(None, context.allGather(told))))
    with CommunicatorContext(**settings, dmlc_task_id=f"{rank:06d}"):
        yield rank, len(infos)
    if tracker is not None:
        tracker.wait_for()
