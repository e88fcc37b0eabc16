"""Scoring on Spark: a data frame of customers in, one with scores out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed, wants_extra
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.data.joins import CUTOFF
from dbnchurn.predictor.changed import check_allowed
from dbnchurn.predictor.predictor import Predictor

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Files = tuple[tuple[str, bytes], ...]


def score_spark(
    df: DataFrame,
    model: str | Path,
    *,
    id: str | None = None,
    allow_changed: Collection[str] = (),
) -> DataFrame:
    """Score the customers of a Spark data frame.

    The files of the model are broadcast to every worker once; each worker process loads them, with
    all checks, when its first rows arrive. Workers need the core of this package, not the extra
    ``train``.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
        With the columns of the model in any order; others are passed over.
    model : path of a model folder
        On the driver.
    id : str, optional
        Column that names the customer; by default the one that was named in training.
    allow_changed : collection of str, default ()
        The column of the ids, if they may lack zeros that those of the training began with.

    Returns
    -------
    pyspark.sql.DataFrame
        Columns ``id`` (typed as in `df`), ``cutoff`` where `df` has it, ``probability``,
        ``decision``, ``risk`` and ``model``.

    Raises
    ------
    ConfigError
        If pyspark is not installed, there is no column that names the customer, or a column is
        there twice.
    ArtifactError
        If the model cannot be used; it is loaded on the driver first.
    DataError
        In the workers, as :meth:`dbnchurn.Predictor.score`, and where ids lost their zeros: the
        job fails with that message.

    Examples
    --------
    >>> scores = score_spark(  # doctest: +SKIP
    ...     spark.table("crm.customers"), "runs/tv/model", id="customer"
    ... )
    >>> scores.write.mode("overwrite").saveAsTable("crm.churn_scores")  # doctest: +SKIP
    """
    with wants_extra("spark"):
        from pyspark.sql.types import (
            BooleanType,
            DoubleType,
            StringType,
            StructField,
            StructType,
        )

    predictor = Predictor.load(model)
    name = id or predictor.about.get("id")
    if name is None or name not in df.columns:
        reason = "none was named in training" if name is None else did_you_mean(name, df.columns)
        raise ConfigError(
            f"rows of a Spark data frame have no order, so a column has to name the customer: "
            f"give id=; {reason}"
        )
    check_allowed(allow_changed, [name])
    broadcast = df.sparkSession.sparkContext.broadcast(model_files(model))
    wanted = [column.name for column in predictor.schema.used]
    absent = [column for column in wanted if column not in df.columns]
    # A frame that lacks columns is passed on whole, so that the predictor's error names them.
    dated = [CUTOFF] if CUTOFF in df.columns and CUTOFF not in (name, *wanted) else []
    names = (name, *(c for c in wanted if c != name), *dated)
    check_distinct("the data frame", df.columns, names)
    chosen = df if absent else df.select(*map(quoted, names))
    fields = [
        StructField("id", df.schema[name].dataType),
        *(StructField(column, df.schema[column].dataType) for column in dated),
        StructField("probability", DoubleType()),
        StructField("decision", BooleanType()),
        StructField("risk", StringType()),
        StructField("model", StringType()),
    ]

    def score(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        loaded = loaded_once(broadcast.value)
        for frame in frames:
            days = [frame.pop(column) for column in dated]
            # A warning of a worker would be read by nobody.
            if name not in allow_changed and (why := loaded.zeros_lost(frame, name)):
                raise DataError(f"{why}, or, if these are the ids, say allow_changed=[{name!r}]")
            scores = loaded.score(frame, id=name)
            scores = scores.assign(risk=scores["risk"].astype(str))
            for column, values in zip(dated, days, strict=True):
                scores.insert(1, column, values.to_numpy())
            yield scores

    return chosen.mapInPandas(score, StructType(fields))


def check_distinct(source: str, columns: Sequence[str], read: Collection[str]) -> None:
    """Refuse columns to read that are there twice, or that only the case of letters tells apart.

    Parameters
    ----------
    source : str
        Name of the table, for the message.
    columns : sequence of str
    read : collection of str
        Those that are read.

    Raises
    ------
    DataError

    Examples
    --------
    >>> check_distinct("bills", ["id", "Fee", "fee"], ["id", "fee"])
    Traceback (most recent call last):
    dbnchurn.core.errors.DataError: bills: columns of one name for Spark: 'Fee', 'fee'; rename or \
drop all but one
    """
    counts = Counter(column.casefold() for column in columns)
    named = {column.casefold() for column in read}
    twice = {column for column, count in counts.items() if count > 1 and column in named}
    if alike := sorted(column for column in columns if column.casefold() in twice):
        raise DataError(
            f"{source}: columns of one name for Spark: {listed(alike, limit=10)}; rename or drop "
            "all but one"
        )


def model_files(model: str | Path) -> Files:
    """Names and contents of the files of a model folder, for the workers."""
    return tuple(
        (path.name, path.read_bytes()) for path in sorted(Path(model).iterdir()) if path.is_file()
    )


def quoted(name: str) -> str:
    """The name of a column for Spark, where a dot in it is no field.

    Examples
    --------
    >>> quoted("a.b")
    '`a.b`'
    """
    return "`" + name.replace("`", "``") + "`"


@lru_cache(maxsize=2)
def loaded_once(files: Files) -> Predictor:
    """The predictor of some files, loaded once per process."""
    with ScratchFolder() as folder:
        for name, content in files:
            (folder / name).write_bytes(content)
        return Predictor.load(folder)
