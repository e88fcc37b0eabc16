"""Train with tables that are built on Spark: the table comes to the driver, which trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.data.build import Built
from dbnchurn.data.draw import DrawRule
from dbnchurn.data.plan import DataPlan
from dbnchurn.exports.spark import model_files
from dbnchurn.model.classifier import ChurnClassifier
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.training import train as train_run
from dbnchurn.spark.barrier import check_slots, slots_of
from dbnchurn.spark.boosters import SparkBoosters
from dbnchurn.spark.exchange import places_of
from dbnchurn.spark.features import PreparedFeatures, prepare
from dbnchurn.spark.other_scores import OtherScores, write_other_scores
from dbnchurn.spark.session import OF_BOOSTERS, check_session, check_workers
from dbnchurn.tables.contract import Customers

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkEngine:
    """Builds tables on Spark, and fits boosters there where customers are drawn.

    Parameters
    ----------
    spark : SparkSession
    parts : int, optional
        As :func:`prepare` takes it.
    workers : int, optional
        Of the boosters; by default as many as run at once.

    Examples
    --------
    >>> engine = SparkEngine(spark)  # doctest: +SKIP
    """

    def __init__(
        self, spark: SparkSession, *, parts: int | None = None, workers: int | None = None
    ) -> None:
        self.spark = spark
        self.parts = parts
        self.workers = workers
        self._prepared: PreparedFeatures | None = None
        self._built: Built | None = None

    def build(self, plan: DataPlan, folder: Path, rule: DrawRule) -> Built:
        """Build the table of features of a plan, and bring it or the drawn customers here.

        Parameters
        ----------
        plan : DataPlan
        folder : Path
            New.
        rule : DrawRule

        Returns
        -------
        Built

        Raises
        ------
        ConfigError
            If the table is larger than the rule allows, and boosters cannot be fitted on Spark.
        """
        self.close()
        self._prepared = prepare(plan, self.spark, parts=self.parts)
        if self._prepared.rows > rule.most_rows:
            check_slots(self.spark, self._worker_count)  # before anything is trained
            check_workers(self.spark, OF_BOOSTERS)
        built = self._prepared.collect(folder, rule=rule)
        drawn = built.draw and replace(built.draw, boosted=True)
        self._built = replace(built, draw=drawn)
        return self._built

    @property
    def _worker_count(self) -> int:
        return self.workers or slots_of(self.spark)

    def boosters(self, table: Customers, built: Built) -> SparkBoosters | None:
        """What fits boosters on all rows of the table that was built last.

        Parameters
        ----------
        table : Customers
        built : Built

        Returns
        -------
        SparkBoosters or None
            None where no customers were drawn.
        """
        if built.draw is None or self._prepared is None:
            return None
        places = places_of(self._worker_count)
        return SparkBoosters(self.spark, self._prepared.features, built, table, places)

    def score_others(self, classifier: ChurnClassifier, cutoffs: list[str], folder: Path) -> bool:
        """Write predictions of the customers who were not drawn from the table built last.

        Parameters
        ----------
        classifier : ChurnClassifier
            Fitted.
        cutoffs : list of str
            On which no row was trained.
        folder : Path
            New.

        Returns
        -------
        bool
            False, and no folder, where all rows were brought.
        """
        if self._built is None or self._built.draw is None or self._prepared is None:
            return False
        with ScratchFolder() as work:
            classifier.save(work / "model")
            files = model_files(work / "model")
        task = OtherScores(files, self._built.plan, self._built.draw, tuple(cutoffs))
        return write_other_scores(self._prepared.features, task, folder)

    def close(self) -> None:
        """Free the disks of the workers."""
        if self._prepared is not None:
            self._prepared.close()
            self._prepared = None


def train(
    config: RunConfig,
    spark: SparkSession,
    name: str = "run",
    *,
    mkdir: bool = False,
    parts: int | None = None,
    workers: int | None = None,
) -> Path:
    """Train a model whose source tables are read and joined on Spark.

    The table of features is brought to the driver, in the order of cutoffs and keys, and the model
    is trained there: its files are those that a run on one machine gives. Of a table with more
    rows than ``data.most_rows``, those of drawn customers are brought: the same as on one machine.
    The boosters are then fitted by workers of Spark, on the rows of the other customers too.

    Parameters
    ----------
    config : RunConfig
        With ``data``.
    spark : SparkSession
    name : str, default "run"
        Name of the run folder.
    mkdir : bool, default False
        Whether the folders above the output are made if they do not exist.
    parts : int, optional
        As :func:`prepare` takes it.
    workers : int, optional
        Of the boosters; by default as many as run at once. With another number the trees are
        others, within the noise of a seed.

    Returns
    -------
    Path
        The run folder.

    Raises
    ------
    DataError, ConfigError
        As :func:`prepare` and :func:`dbnchurn.runs.train`.

    Examples
    --------
    >>> train(read_config("configs/crm.yaml"), spark, "crm")  # doctest: +SKIP
    PosixPath('runs/crm')
    """
    check_session(spark)
    if not isinstance(config, RunConfig):
        raise ConfigError(
            f"a {type(config).__name__} is no config of a run: give read_config('CONFIG.yaml')"
        )
    engine = SparkEngine(spark, parts=parts, workers=workers)
    return train_run(config, name, mkdir=mkdir, engine=engine)
