"""A scoring job on Spark: a table of customers in, a table of scores out, by cutoff."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import unquote

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean
from dbnchurn.data.joins import CUTOFF
from dbnchurn.exports.spark import check_distinct, loaded_once, model_files, quoted
from dbnchurn.predictor.changed import check_allowed, refuse_changed
from dbnchurn.predictor.odd_rows import machine_of
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.predictor.scores import Oddities
from dbnchurn.scoring.drift import Drift, drift
from dbnchurn.scoring.input_columns import check_columns, id_faults, say_unused
from dbnchurn.scoring.outputs import summed_counts
from dbnchurn.scoring.rejection import MAX_REJECTED, check_max_rejected, why_too_many
from dbnchurn.scoring.work_folder import ChunkFacts
from dbnchurn.spark.customers import customers_of
from dbnchurn.spark.outputs import (
    TABLE,
    check_output,
    publish,
    refuse_bare_name,
    refuse_other_columns,
)
from dbnchurn.spark.records import arrow_schema, kept_records, rows_of
from dbnchurn.spark.score_task import FACTS, REJECTED, REJECTED_ROWS, SCORES, ScoreTask
from dbnchurn.spark.session import check_frame, check_workers, readable
from dbnchurn.tables.id_spelling import IdSpelling, zeros_lost_refusal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)
SHOWN = 5  # sentences on unusual values that are logged


@dataclass(frozen=True, repr=False)
class ScoredTable:
    """What a scoring job on Spark has written.

    Parameters
    ----------
    output : str
        Folder, or ``table:`` and a name: columns ``id``, ``cutoff``, ``probability``, ``decision``,
        ``risk`` and ``model``.
    cutoffs : tuple of date
        That were scored; they replaced what was there of them.
    model, digest : str
        Version of the model, and digest of its folder.
    rows, scored, called : int
        Rows read, scored, and at or above the threshold.
    mean : float
        Mean probability.
    without_id, repeated_ids : int
        Scored rows without an id, and rows beyond the first of their id and cutoff.
    unusual : Oddities
        Values that the training rows did not have.
    drift : Drift or None
        None for models from before distributions of the training rows were stored.
    changed : tuple of str
        A sentence for every changed column that was allowed.

    Examples
    --------
    >>> scored = score_table(  # doctest: +SKIP
    ...     "runs/crm/model", "table:crm.features", "table:crm.scores", spark
    ... )
    >>> scored.scored, scored.cutoffs  # doctest: +SKIP
    (98112345, (datetime.date(2024, 8, 1),))
    """

    output: str
    cutoffs: tuple[date, ...]
    model: str
    digest: str
    rows: int
    scored: int
    called: int
    mean: float
    without_id: int
    repeated_ids: int
    unusual: Oddities
    drift: Drift | None
    changed: tuple[str, ...]

    def __repr__(self) -> str:
        """The sentences of the terminal, as a notebook shows them."""
        return f"ScoredTable({'; '.join(self.lines())})"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **{name: getattr(self, name) for name in ("model", "digest", "rows", "scored")},
            "cutoffs": [str(cutoff) for cutoff in self.cutoffs],
            "rejected": self.rows - self.scored,
            "at_or_above_threshold": self.called,
            "mean_probability": self.mean,
            "without_id": self.without_id,
            "repeated_ids": self.repeated_ids,
            "unusual": self.unusual.as_dict(),
            "drift": None if self.drift is None else self.drift.as_dict(),
            "changed_columns": list(self.changed),
        }

    def lines(self) -> list[str]:
        """Sentences for the terminal."""
        days = ", ".join(map(str, self.cutoffs))
        told = [f"changed, and allowed: {sentence}" for sentence in self.changed]
        told.append(
            f"{self.scored} customers scored (cutoff {days}), {self.called} at or above the "
            f"threshold; mean probability {self.mean:.4f}; written to {self.output}"
        )
        if rejected := self.rows - self.scored:
            told.append(f"{rejected} of {self.rows} rows could not be scored, see _rejected there")
        if self.drift is None:
            told.append("no drift: the model has no distributions of its training rows")
        return told


class ScoreOptions(TypedDict, total=False):
    """Options of :func:`score_table`."""

    id: str | None
    month: date | None
    plausibility: bool
    max_rejected: float
    allow_changed: Collection[str]
    expect: str | None
    public_key: str | Path | None


def score_table(
    model: str | Path,
    table: DataFrame | str,
    output: str,
    spark: SparkSession,
    *,
    id: str | None = None,
    month: date | None = None,
    plausibility: bool = False,
    max_rejected: float = MAX_REJECTED,
    allow_changed: Collection[str] = (),
    expect: str | None = None,
    public_key: str | Path | None = None,
) -> ScoredTable:
    """Score every customer of a table on Spark, and write the scores by cutoff.

    A cutoff that is scored again replaces the old one whole; of a job that fails the old one is
    left.

    Parameters
    ----------
    model : path of a model folder
        On the driver.
    table : pyspark.sql.DataFrame or str
        ``table:`` and a name, or a path of Parquet files. Its column ``cutoff`` says the month.
    output : str
        Folder of the session's file systems, or ``table:`` and a name.
    spark : SparkSession
    id : str, optional
        Column that names the customer; by default the one that was named in training.
    month : date, optional
        Only rows of this cutoff are scored; of a table without such a column, that of all rows.
    plausibility : bool, default False
        Whether the scores get the columns ``plausibility`` and ``odd_columns``.
    max_rejected : float, default 0.05
        Share of the rows that may be rejected; they go to ``_rejected`` beside the scores.
    allow_changed : collection of str
        Columns that may hold other values than in training, or none.
    expect, public_key : optional
        As :meth:`dbnchurn.Predictor.load` takes them.

    Returns
    -------
    ScoredTable

    Raises
    ------
    ArtifactError, DataError
        As a scoring job on one machine.
    ConfigError
        If there is no such table, the output is what is read, or workers have other versions.

    Examples
    --------
    >>> score_table(  # doctest: +SKIP
    ...     "runs/crm/model", "s3://crm/features", "s3://crm/scores", spark
    ... ).lines()
    ['98112345 customers scored (cutoff 2024-08-01), ...']
    """
    check_frame(table, spark)
    check_max_rejected(max_rejected)
    predictor = Predictor.load(model, expect=expect, public_key=public_key)
    if plausibility:
        machine_of(predictor.plausibility)
    named = [str(name) for name in (id, predictor.about.get("id")) if name is not None]
    check_allowed(allow_changed, [*(column.name for column in predictor.schema.used), *named])
    _check_places(model, table, output)
    refuse_bare_name(spark, output)
    check_workers(spark)
    frame, source = customers_of(spark, table, month)
    task = _task(model, predictor, frame, source, id, plausibility)
    from pyspark.sql.pandas.types import from_arrow_schema

    refuse_other_columns(
        spark,
        from_arrow_schema(task.schema, prefer_timestamp_ntz=True),
        output,
        lambda: [row[0] for row in frame.select(CUTOFF).distinct().collect()],
    )
    chosen = _chosen(frame, task.names)
    records = kept_records(chosen, task.run)
    try:
        told = [
            json.loads(bytes(row["data"])) for row in records.filter(f"kind = '{FACTS}'").collect()
        ]
        if not any(chunk["rows"] for chunk in told):
            of = "" if month is None else f" of cutoff {month}"
            raise DataError(f"{source}: there are no rows to score{of}; nothing was written")
        scores = rows_of(records, SCORES, task.schema)
        rejected = rows_of(records, REJECTED, REJECTED_ROWS)
        scored = _folded(predictor, output, told, scores, rejected, max_rejected, allow_changed)
        if task.id == predictor.about.get("id") and task.id not in allow_changed:
            _refuse_lost_zeros(predictor, scores, task.id)
        publish(
            spark,
            scores,
            output,
            list(scored.cutoffs),
            {REJECTED: rejected},
            {"summary": scored.as_dict()},
        )
    except (DataError, ConfigError):
        raise
    except Exception as error:
        raise readable(error) from error
    finally:
        records.unpersist()
    return scored


def _check_places(model: str | Path, table: DataFrame | str, output: str) -> None:
    paths, tables = [str(model)], list[str]()
    if isinstance(table, str):
        name = table.removeprefix(TABLE)
        (tables if table.startswith(TABLE) else paths).append(name)
    else:
        folders = {file.rpartition("/")[0] for file in table.inputFiles()}
        paths += sorted(folders | {unquote(folder) for folder in folders})
    check_output(output, paths, tables)


def _task(
    model: str | Path,
    predictor: Predictor,
    frame: DataFrame,
    source: str,
    id: str | None,
    plausibility: bool,
) -> ScoreTask:
    """The task of the workers; the columns are checked before the first row is read."""
    columns = list(frame.columns)
    name = id or predictor.about.get("id")
    if not isinstance(name, str) or name not in columns:
        why = "none was named in training" if name is None else did_you_mean(str(name), columns)
        raise ConfigError(
            f"{source}: rows of Spark have no order, so a column has to name the customer; "
            f"say which with --id (id=): {why}"
        )
    names = tuple(dict.fromkeys([name, *(column.name for column in predictor.schema.used)]))
    check_distinct(source, columns, (*names, CUTOFF))
    check_columns(predictor, source, columns)
    say_unused(predictor, {source: [c for c in columns if c != CUTOFF]}, name)
    files = model_files(model)
    if loaded_once(files).digest != predictor.digest:
        raise ConfigError(f"{model}: the model was changed while it was read; start the job again")
    kind = arrow_schema(frame.select(quoted(name))).field(0).type
    return ScoreTask(files, source, names, name, kind, plausibility)


def _chosen(frame: DataFrame, names: Sequence[str]) -> DataFrame:
    """Columns by number, for their names may be those of anything; the cutoff last."""
    from pyspark.sql import functions
    from pyspark.sql.types import TimestampType

    zoned = {field.name for field in frame.schema if isinstance(field.dataType, TimestampType)}
    if moments := [name for name in names if name in zoned]:
        zone = frame.sparkSession.conf.get("spark.sql.session.timeZone")
        log.info("times of %s are read in the zone of the session, %s", ", ".join(moments), zone)
    columns = [
        functions.col(quoted(name)).cast("timestamp_ntz")
        if name in zoned
        else functions.col(quoted(name))
        for name in names
    ]
    numbered = [column.alias(f"c{i}") for i, column in enumerate(columns)]
    return frame.select(*numbered, functions.col(CUTOFF).alias(f"c{len(columns)}"))


def _refuse_lost_zeros(predictor: Predictor, scores: DataFrame, id: str) -> None:
    """Refuse ids that had zeros before them in training, all or some of which were lost."""
    trained = IdSpelling.stored(predictor.about)
    if not trained.padded:
        return
    texts = scores.selectExpr("CAST(id AS STRING) AS w")
    (counts,) = texts.selectExpr(*trained.counts_sql("w", "rlike")).collect()
    if why := trained.zeros_lost(*map(int, counts)):
        raise DataError(f"{zeros_lost_refusal(id, why)}; nothing was written")


def _folded(
    predictor: Predictor,
    output: str,
    told: list[dict[str, Any]],
    scores: DataFrame,
    rejected: DataFrame,
    max_rejected: float,
    allow_changed: Collection[str],
) -> ScoredTable:
    """What holds of all rows; refused if that must not be published."""
    days = sorted({day for chunk in told for day in chunk.pop("cutoffs")})
    with_scores = {day for chunk in told for day in chunk.pop("scored_cutoffs")}
    facts = [ChunkFacts(**chunk) for chunk in told]
    rows, out = sum(f.rows for f in facts), sum(f.rejected for f in facts)
    if why := why_too_many(out, rows, max_rejected):
        first = rejected.first()
        raise DataError(
            f"{why}; one of them: id {first['id'] if first else None}, "
            f"{first['reason'] if first else 'unknown'}; nothing was written"
        )
    if without := [day for day in days if day not in with_scores]:
        raise DataError(
            f"no row of cutoff {', '.join(without)} can be scored, so scores that are there of it "
            "would stay: leave these rows out; nothing was written"
        )
    unusual = sum((Oddities(**f.unusual) for f in facts), Oddities())
    changed = refuse_changed(unusual, set(allow_changed))
    for sentence in unusual.lines()[:SHOWN]:
        log.warning("unusual: %s", sentence)
    (counted,) = (
        scores.groupBy("id", CUTOFF)
        .count()
        .selectExpr(
            "coalesce(sum(if(id IS NULL, count, 0)), 0)",
            "coalesce(sum(if(id IS NULL, 0, count - 1)), 0)",
        )
        .collect()
    )
    without_id, repeated = map(int, counted)
    for sentence in id_faults("id", without_id, repeated):
        log.warning("%s", sentence)
    reference = predictor.reference
    return ScoredTable(
        output=output,
        cutoffs=tuple(date.fromisoformat(day) for day in days),
        model=predictor.version,
        digest=predictor.digest,
        rows=rows,
        scored=rows - out,
        called=sum(f.called for f in facts),
        mean=sum(f.probability for f in facts) / (rows - out),
        without_id=without_id,
        repeated_ids=repeated,
        unusual=unusual,
        drift=None if reference is None else drift(reference, summed_counts(facts)),
        changed=changed,
    )
