"""Fit boosters on all rows of a table of features on Spark, in one barrier stage.

The rows of customers who were not drawn are prepared where they lie and divided among the workers,
and so are the drawn training rows. Each worker then runs the fit of one machine on its rows, joined
with the others by XGBoost's communicator. Where an executor is lost, Spark runs the stage again, to
the same trees.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load
from sklearn.base import clone

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.records import unpack
from dbnchurn.data.build import Built
from dbnchurn.features import Leaves
from dbnchurn.features.leaves_record import LeavesRecord
from dbnchurn.model.booster_fitter import RowPreparation
from dbnchurn.model.inputs import LabelledFrame
from dbnchurn.model.training_rows import PreparedRows
from dbnchurn.spark.barrier import check_slots
from dbnchurn.spark.booster_task import BoosterTask, ShardTask, shards
from dbnchurn.spark.records import RECORD
from dbnchurn.spark.session import readable
from dbnchurn.tables.contract import Customers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class SparkBoosters:
    """Fits boosters on the rows of all customers but those that are held out.

    Parameters
    ----------
    spark : SparkSession
    features : pyspark.sql.DataFrame
        Records with packed rows; all rows of a customer are in one partition.
    built : Built
        Drawn from these features.
    table : Customers
        The drawn rows.
    places : tuple of int
        What stands for each worker.
    """

    spark: SparkSession
    features: DataFrame
    built: Built
    table: Customers
    places: tuple[int, ...]

    @property
    def workers(self) -> int:
        """Number of workers."""
        return len(self.places)

    def fit(
        self,
        leaves: Leaves,
        train: LabelledFrame,
        preparation: RowPreparation,
        prepared: PreparedRows,
        generator: np.random.Generator,
    ) -> Leaves:
        """Fit the boosters on the drawn training rows, and on others of the same cutoffs.

        Parameters
        ----------
        leaves : Leaves
            Unfitted.
        train : LabelledFrame
            Drawn rows; their index are row numbers of the table.
        preparation : RowPreparation
        prepared : PreparedRows
        generator : numpy Generator

        Returns
        -------
        Leaves

        Raises
        ------
        ConfigError
            If there are too few slots or drawn rows, or the rows are resampled or weighted one by
            one.
        """
        check_slots(self.spark, self.workers)
        if (rows_drawn := len(prepared.training.y)) < self.workers:  # the others would wait forever
            raise ConfigError(
                f"boosters on all rows need a drawn training row for each of {self.workers} "
                f"workers, and there are {rows_drawn}: give fewer workers, or allow more rows with "
                "data.most_rows"
            )
        seed = int(generator.integers(2**31))
        task = self._shard_task(train, preparation, prepared, seed)
        training = prepared.training
        drawn = self.spark.createDataFrame(
            list(shards(training.table, training.y, training.counted, training.fold, self.places)),
            RECORD,
        )
        others = self.features.mapInArrow(task.run, RECORD)
        stopping = prepared.stopping
        booster_task = BoosterTask(
            leaves,
            training.table.take(np.arange(0)),
            task.folds,
            None if stopping is None else (stopping.table, stopping.y, stopping.sample_weight),
            seed,
        )
        fitted = fit_shards(others.unionByName(drawn), booster_task, self.workers)
        fitted.fold_ = training.fold
        log.info("boosters: %d rows, %d workers", fitted.rows_, fitted.workers_)
        return fitted

    def _shard_task(
        self, train: LabelledFrame, preparation: RowPreparation, prepared: PreparedRows, seed: int
    ) -> ShardTask:
        rows = train.frame.index.to_numpy()
        assert np.array_equal(self.table.y[rows], train.y)  # the index are row numbers
        dates = self.table.dates
        days = None if dates is None else np.unique(dates[rows].astype("datetime64[D]"))
        draw = self.built.draw
        assert draw is not None
        return ShardTask(
            plan=self.built.plan,
            categories=tuple(self.built.categories),
            draw=draw,
            cutoffs=None if days is None else [str(day) for day in days],
            preparation=preparation,
            weights=_class_weights(prepared),
            folds=int(prepared.training.fold.max()) + 1,
            seed=seed,
            places=self.places,
        )


def fit_shards(rows: DataFrame, task: BoosterTask, workers: int) -> Leaves:
    """Fit boosters on packed rows, in one barrier stage.

    Parameters
    ----------
    rows : pyspark.sql.DataFrame
        Records whose place says the worker.
    task : BoosterTask
    workers : int

    Returns
    -------
    Leaves
        Without `fold_`.
    """
    fitted = rows.repartition(workers, "place").mapInArrow(task.run, RECORD, barrier=True)
    try:
        # A barrier stage that is the last of its job is not run again when an executor is lost.
        (row,) = fitted.repartition(1).collect()
    except Exception as error:
        raise readable(error) from error
    facts = json.loads(row["name"])
    leaves: Leaves = clone(task.leaves)
    leaves.record_ = unpack(LeavesRecord, facts["record"], load(bytes(row["data"])))
    leaves.curves_, leaves.rows_ = facts["curves"], facts["rows"]
    leaves.workers_ = facts["workers"]
    return leaves


def _class_weights(prepared: PreparedRows) -> tuple[float, float]:
    """How often stayers and churners count; refused where that is not one number each."""
    training = prepared.training
    weights = [np.unique(training.counted[training.y == kind]) for kind in (0, 1)]
    if len(training.table) != len(prepared.table) or any(len(found) != 1 for found in weights):
        raise ConfigError(
            "boosters on all rows take every customer of a kind as often as any other: set "
            "classifier.oversample.method to none or class weights, and leave feedback out, or "
            "allow more with data.most_rows"
        )
    return float(weights[0][0]), float(weights[1][0])
