"""A scoring job: any number of customers in, their scores out; all of them or none.

The table is read in chunks, and every finished chunk is kept, so a job that was killed goes on from
there and writes the same bytes.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.campaign.suppression import check_suppression
from dbnchurn.core.errors import ConfigError, DataError, ResourceError
from dbnchurn.core.places import check_places
from dbnchurn.core.progress import stage
from dbnchurn.core.provenance import versions
from dbnchurn.data.build import Built, places
from dbnchurn.data.coverage import check_reason
from dbnchurn.data.plan import DataPlan
from dbnchurn.predictor.odd_rows import machine_of
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.scoring.campaign import Campaign
from dbnchurn.scoring.input_columns import check_changed
from dbnchurn.scoring.month import built_month, month_plan
from dbnchurn.scoring.output_paths import OutputPaths, disk_errors
from dbnchurn.scoring.outputs import write_outputs, write_rejected
from dbnchurn.scoring.rejection import MAX_REJECTED, check_max_rejected, why_too_many
from dbnchurn.scoring.result import Job
from dbnchurn.scoring.scorer import Scorer, scorer_of
from dbnchurn.scoring.sources import sources_text
from dbnchurn.scoring.work_folder import WorkFolder
from dbnchurn.tables.chunks import Chunk, ChunkSource
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.postgres import PostgresSource
from dbnchurn.tables.streaming import open_files
from dbnchurn.tables.writing import ending_of

log = logging.getLogger(__name__)
CHUNK_ROWS = 100_000
IDS = 1_000  # of the first chunk, by which totals of later ones are found


def score_file(
    model: str | Path,
    table: str | Path | None,
    output: str | Path,
    *,
    id: str | None = None,
    database: str | None = None,
    csv: CsvSettings | None = None,
    sheet: str | None = None,
    cutoff: date | None = None,
    tables: Mapping[str, str] | None = None,
    sources: str | Path | None = None,
    trust_sources: bool = False,
    reasons: int = 0,
    plausibility: bool = False,
    rejected: str | Path | None = None,
    max_rejected: float = MAX_REJECTED,
    campaign: Campaign | None = None,
    chunk_rows: int = CHUNK_ROWS,
    n_threads: int = 1,
    allow_changed: Collection[str] | None = None,
    allow_stale: str | None = None,
    mkdir: bool = False,
    expect: str | None = None,
    public_key: str | Path | None = None,
    raw_text: bool = False,
) -> Job:
    """Score every customer of a table of any size.

    Parameters
    ----------
    model : path
        Model folder.
    table : path, or str, or None
        CSV, Excel or Parquet file, a folder of them, or a pattern; with `database` a table or SQL.
        None to build a month from raw tables, as the model's training did.
    output : path
        ``.csv`` or ``.parquet``. Finished chunks are kept in ``OUTPUT.parts`` until it is written.
    id : str, optional
        Column that names the customer; by default the one that was named in training. A table
        that lacks it is refused if another column may name the customers, or one of its files has
        it; otherwise its rows are numbered from 0, which is said.
    database : str, optional
        Environment variable that holds the URL of a PostgreSQL database.
    csv : CsvSettings, optional
        How CSV files of `table` are written; found out where it does not say.
    sheet : str, optional
        Sheet of a spreadsheet; needed where several hold something.
    cutoff, tables, sources, trust_sources : optional
        The month to be built, as :func:`dbnchurn.scoring.month.build_month` takes it; `tables` are
        its `paths`.
    reasons : int, default 0
        How many reasons to give for every score.
    plausibility : bool, default False
        Whether the scores get the columns ``plausibility`` and ``odd_columns``, as
        :meth:`Predictor.examine` gives them; needs a model trained with ``use_plausibility``.
    rejected : path, optional
        Gets the rows that cannot be read, with the reason; by default ``scores.rejected.csv``
        beside ``scores.csv``.
    max_rejected : float, default 0.05
        Share of the rows that may be rejected; a job without a row left stops in any case.
    campaign : Campaign, optional
        A campaign list to be written beside the scores.
    chunk_rows : int, default 100,000
        Rows at a time; bounds the memory.
    n_threads : int, default 1
        Threads for the trees.
    allow_changed : collection of str, optional
        Columns that may hold other values than in training, or none; any other such
        column stops the job, see :func:`dbnchurn.predictor.changed.changed_columns`.
    allow_stale : str, optional
        The reason why a month is built from raw tables that do not reach over its windows.
    mkdir : bool, default False
        Make the folders of `output`, `rejected` and campaign list if they are not there.
    expect, public_key : optional
        As :meth:`Predictor.load` takes them.
    raw_text : bool, default False
        Leave texts of CSV files as they are. By default a text that a spreadsheet would compute,
        because it begins with ``=``, ``+``, ``-`` or ``@`` and is no number, has an apostrophe in
        front, ids included; ``Job.read`` gives what was written.

    Returns
    -------
    job : Job

    Raises
    ------
    ArtifactError, DataError, ConfigError
        If model, table or output cannot be used, too many rows are rejected, a column changed or
        the month is stale. Nothing is written then but the rejected rows where they are too many.
    ResourceError
        If a disk is full, or a database drops the connection: finished chunks are kept for the
        next time.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from dbnchurn import ChurnClassifier
    >>> customers = pd.DataFrame({"debt": [5.0, 80.0] * 50, "plan": ["basic", "family"] * 50})
    >>> classifier = ChurnClassifier(use_leaves=False, use_companion=False, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     classifier.fit(customers, ["no", "yes"] * 50).save(Path(folder, "model"))
    ...     customers.to_parquet(Path(folder, "customers.parquet"))
    ...     job = score_file(
    ...         Path(folder, "model"), Path(folder, "customers.parquet"), Path(folder, "scores.csv")
    ...     )
    ...     list(job.read()), job.scored, job.drift.score.column
    (['id', 'probability', 'decision', 'risk', 'model'], 100, 'score')
    """
    raw = cutoff is not None or bool(tables or sources or trust_sources)
    _check_options(table, raw, allow_stale, chunk_rows, max_rejected, reasons)
    if (csv is not None or sheet is not None) and (table is None or database is not None):
        raise ConfigError("csv and sheet (--delimiter, --encoding, --sheet) are about a file")
    output = Path(output)
    paths = OutputPaths.of(output, rejected, raw_text=raw_text)
    _check_raw_text(paths, campaign)
    predictor = Predictor.load(model, n_threads=n_threads, expect=expect, public_key=public_key)
    changed = allow_changed or ()
    _check_model(predictor, id, plausibility, changed)
    plan = None
    if table is None:
        plan = month_plan(
            model, predictor, paths=tables, sources=sources, trust_sources=trust_sources
        )
    _check_places(model, plan, table, database, paths, campaign, mkdir)
    source = None if table is None else _source(table, database, csv, sheet)
    scorer = scorer_of(predictor, source, id, reasons, plausibility) if source else None
    if scorer is not None:
        _check_suppression(scorer, campaign)
    read_from = {} if plan is None else sources_text(plan)
    given = {"table": table and str(table), "cutoff": str(cutoff), "sources": read_from}
    manifest = {
        "model": predictor.digest,
        "input": (source and source.identity()) or given,
        "database": database,
        "options": _options(id, csv, sheet, reasons, plausibility, chunk_rows, n_threads),
        "versions": versions(),
    }
    with disk_errors(output), WorkFolder(paths.work, manifest) as work_folder:
        month = None
        if source is None or scorer is None:
            assert plan is not None
            month = _month(model, plan, cutoff, n_threads, paths, allow_stale)
            source = open_files(month.features, by_contents=True)
            scorer = scorer_of(predictor, source, id, reasons, plausibility)
            _check_suppression(scorer, campaign)
        _score_chunks(scorer, source, work_folder, chunk_rows, max_rejected, paths)
        job = write_outputs(
            scorer,
            work_folder,
            paths,
            campaign,
            allow_changed=changed,
            month=month,
            sources=read_from,
        )
        work_folder.remove()  # while it is still locked
    return job


def _check_options(
    table: str | Path | None,
    raw: bool,
    allow_stale: str | None,
    chunk_rows: int,
    max_rejected: float,
    reasons: int,
) -> None:
    """Refuse numbers out of their range, and a table beside `raw` tables to build it from."""
    if chunk_rows < 1:
        raise ConfigError(f"chunk_rows {chunk_rows} is out of its range: give at least 1")
    check_max_rejected(max_rejected)
    if reasons < 0:
        raise ConfigError(f"reasons {reasons} is out of its range: give at least 0")
    if table is not None and raw:
        raise ConfigError("give a table, or cutoff and raw tables to build it from, not both")
    check_reason(allow_stale)
    if allow_stale is not None and table is not None:
        raise ConfigError("allow_stale belongs to a month that is built from raw tables")


def _check_model(
    predictor: Predictor, id: str | None, plausibility: bool, changed: Collection[str]
) -> None:
    """Refuse a model without the machine that is asked for, or without a column that is named."""
    if plausibility:
        machine_of(predictor.plausibility)
    check_changed(predictor, id, changed)


def _options(
    id: str | None,
    csv: CsvSettings | None,
    sheet: str | None,
    reasons: int,
    plausibility: bool,
    chunk_rows: int,
    n_threads: int,
) -> dict[str, object]:
    """What chunks that are kept depend on, beside model and rows."""
    return {
        "id": id,
        "sheet": sheet,
        "reasons": reasons,
        "plausibility": plausibility,
        "rows": chunk_rows,
        "threads": n_threads,
        "csv": csv and asdict(csv),
    }


def _check_raw_text(paths: OutputPaths, campaign: Campaign | None) -> None:
    """Refuse a setting that no file of the job obeys."""
    files = [paths.output, paths.rejected, *([campaign.path] if campaign else [])]
    if paths.raw_text and all(ending_of(file) != ".csv" for file in files):
        raise ConfigError("raw_text (--raw-text) is about texts of CSV files, and none is written")


def _check_places(
    model: str | Path,
    plan: DataPlan | None,
    table: str | Path | None,
    database: str | None,
    paths: OutputPaths,
    campaign: Campaign | None,
    mkdir: bool,
) -> None:
    """Refuse files in two roles, and outputs without a folder."""
    read: dict[str, list[str | Path]] = {"model": [model]}
    if plan is not None:
        read["table"] = [*places(plan)]
    elif table is not None and database is None:
        read["input"] = [table]
    if campaign is not None and campaign.suppress is not None:
        read["suppress"] = [campaign.suppress]
    log = None if campaign is None or campaign.log is None else campaign.log.path
    written = {**paths.written, "campaign": campaign.path if campaign else None, "log": log}
    check_places(written, read, emptied=("quarantine", "parts"), mkdir=mkdir)


def _check_suppression(scorer: Scorer, campaign: Campaign | None) -> None:
    """Refuse a suppression list that cannot be read, before a row is scored."""
    if campaign is not None and campaign.log is not None and scorer.id is None:
        raise ConfigError(
            f"{campaign.log.path}: a contact log needs the ids of the customers, and the rows are "
            "only numbered; name their column with --id (id=)"
        )
    if campaign is None or campaign.suppress is None:
        return
    if scorer.id is None:
        raise ConfigError(
            f"{campaign.suppress}: a suppression list needs the ids of the customers, and the rows "
            "are only numbered; name their column with --id (id=)"
        )
    check_suppression(campaign.suppress, scorer.id, campaign.suppress_csv, campaign.suppress_sheet)


def _source(
    table: str | Path, database: str | None, csv: CsvSettings | None, sheet: str | None
) -> ChunkSource:
    if database is not None:
        return PostgresSource(database, str(table))
    return open_files(table, csv, sheet=sheet)


def _month(
    model: str | Path,
    plan: DataPlan,
    cutoff: date | None,
    n_threads: int,
    paths: OutputPaths,
    allow_stale: str | None,
) -> Built:
    """The table of a scoring month, built anew."""
    folder = paths.work / "month"
    shutil.rmtree(folder, ignore_errors=True)
    return built_month(
        plan, cutoff, folder, model=model, n_threads=n_threads, allow_stale=allow_stale
    )


def _score_chunks(
    scorer: Scorer,
    source: ChunkSource,
    work_folder: WorkFolder,
    size: int,
    limit: float,
    paths: OutputPaths,
) -> None:
    """Score the chunks that are not finished yet."""
    identity = source.identity()
    # Without an identity, only the contents show whether a finished chunk is still right.
    number = 0 if identity is None else len(work_folder)
    if number:
        log.info("going on after %d finished chunks", number)
    with stage("score", steps=source.steps(size)) as step:
        for chunk in _chunks(source, scorer.wanted, size, number, work_folder):
            digest = "" if identity is not None else chunk.digest()
            if number == len(work_folder) or work_folder.facts[number].digest != digest:
                work_folder.put(number, *scorer.score(chunk, digest, _first_ids(work_folder)))
                _check_rejected(work_folder, number + 1, source.rows, limit, paths)
            number += 1
            for _ in range(chunk.steps):
                step()
    work_folder.cut(number)
    if source.identity() != identity:
        raise DataError("the table changed while it was read; run the job again")
    rows = sum(facts.rows for facts in work_folder.facts)
    if not rows:
        file, columns = next(iter(source.columns.items()))
        raise DataError(f"{file}: the table has {len(columns)} columns but no rows")
    _check_rejected(work_folder, number, rows, limit, paths)


def _first_ids(work_folder: WorkFolder) -> pa.Array | None:
    """Some ids of the first chunk; None while it is not finished."""
    if not work_folder.facts:
        return None
    with pq.ParquetFile(work_folder.files[0]) as opened:
        batch = next(opened.iter_batches(IDS, columns=["id"]), None)
    return None if batch is None else batch.column(0)


def _chunks(
    source: ChunkSource, wanted: list[str], size: int, first: int, work_folder: WorkFolder
) -> Iterator[Chunk]:
    """Chunks of a source; where a database drops the connection, finished chunks are kept."""
    try:
        yield from source.chunks(wanted, size, first)
    except DataError as error:
        if not isinstance(source, PostgresSource) or not work_folder.facts:
            raise
        raise ResourceError(
            f"{error}; {len(work_folder)} finished chunks are kept in {work_folder.folder}, and "
            "the same command goes on from there"
        ) from error


def _check_rejected(
    work_folder: WorkFolder, finished: int, rows: int | None, limit: float, paths: OutputPaths
) -> None:
    """Stop a job that rejects too many rows, or all of them, as soon as that is certain."""
    rejected = sum(facts.rejected for facts in work_folder.facts[:finished])
    if rows is None or not (why := why_too_many(rejected, rows, limit)):
        return
    write_rejected(work_folder, paths)
    first = next(work_folder.rejected()).slice(0, 1).to_pylist()[0]
    raise DataError(
        f"{why}; the first: {first['file']}, row {first['row']}: {first['reason']}; "
        f"the others are in {paths.rejected}, which is all that was written"
    )
