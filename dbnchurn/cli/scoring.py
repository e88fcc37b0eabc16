"""Verbs that use a stored model: ``score``, ``export``, and ``explain``, which is part of score."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.exit_codes import ExitCode
from dbnchurn.cli.interruption import code_of
from dbnchurn.cli.options import (
    AllowChanged,
    AllowStale,
    Cutoff,
    Database,
    Delimiter,
    Encoding,
    Engine,
    Expect,
    History,
    Id,
    IdMatch,
    Mkdir,
    Model,
    PublicKey,
    RawSources,
    RawTables,
    RawText,
    Sheet,
    TrustSources,
    check_month_options,
    csv_settings,
    file_of,
    output_file,
    paths_by_table,
    refuse_file,
    refuse_options,
)
from dbnchurn.core.errors import ArtifactError, ConfigError, DataError, DbnchurnError
from dbnchurn.core.progress import displayed

if TYPE_CHECKING:
    from dbnchurn.campaign.id_match import Match
    from dbnchurn.campaign.log import LogEntry
    from dbnchurn.scoring.campaign import Campaign
    from dbnchurn.scoring.drift import Drift
    from dbnchurn.scoring.result import Job
    from dbnchurn.spark.scored_table import ScoreOptions
    from dbnchurn.tables.dialect import CsvSettings

PANEL = "Use a model"
# Former defaults of `explain`.
EXPLAIN_REASONS, EXPLAIN_SHOW = 3, 5
ON_SPARK = (
    "model", "table", "output", "engine", "id", "month", "plausibility", "max_rejected",
    "allow_changed", "expect", "public_key", "alarm", "alarm_code",
)  # fmt: skip


@app.command(rich_help_panel=PANEL)
def score(
    context: typer.Context,
    model: Model,
    output: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="The scores: a .csv or .parquet file; with --engine spark a folder of Spark's "
            "file systems, or table:NAME.",
        ),
    ],
    table: Annotated[
        str | None,
        typer.Argument(
            metavar="INPUT",
            help="CSV, Excel or Parquet file, folder of them, or pattern; with --database a table "
            "or SQL; with --engine spark table:NAME, or a path of Parquet files. Left out, a month "
            "is built from the raw tables of the training.",
        ),
    ] = None,
    id: Id = None,
    sheet: Sheet = None,
    database: Database = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    cutoff: Annotated[datetime | None, Cutoff] = None,
    raw: Annotated[list[str] | None, RawTables] = None,
    sources: RawSources = None,
    trust_sources: TrustSources = False,
    reasons: Annotated[int, typer.Option(help="Reasons to give for every score.")] = 0,
    plausibility: Annotated[
        bool,
        typer.Option(
            "--plausibility",
            help="Say how odd every row is (1 in so many customers), and in which columns.",
        ),
    ] = False,
    show: Annotated[
        int, typer.Option(min=0, help="Customers to print: the highest scores with their reasons.")
    ] = 0,
    rejected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The rows that cannot be read.")
    ] = None,
    max_rejected: Annotated[float, typer.Option(help="Share of rows that may be rejected.")] = 0.05,
    alarm: Annotated[
        float | None,
        typer.Option(help="Stability index of score or column from which on the job alarms."),
    ] = None,
    alarm_code: Annotated[int, typer.Option(help="Exit code of an alarm.")] = ExitCode.ALARM.value,
    campaign: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a campaign list there.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Customers to contact: a number, or a share below 1.")
    ] = None,
    suppress: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Ids of customers who must not be contacted."),
    ] = None,
    suppress_delimiter: Annotated[
        str | None, typer.Option(help="Delimiter of the suppression list.")
    ] = None,
    suppress_encoding: Annotated[
        str | None, typer.Option(help="Encoding of the suppression list.")
    ] = None,
    suppress_sheet: Annotated[
        str | None, typer.Option(help="Sheet of the suppression list.")
    ] = None,
    suppress_match: Annotated[
        IdMatch,
        typer.Option(
            help="How its ids are compared: exact, as written; digits, without blanks and leading "
            "zeros; loose, without case as well."
        ),
    ] = IdMatch.EXACT,
    allow_unmatched: Annotated[
        bool,
        typer.Option("--allow-unmatched", help="Its ids may be of people who are no customers."),
    ] = False,
    control: Annotated[float, typer.Option(help="Share of the list that is held out.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the draw of the control group.")] = 0,
    log: Annotated[
        Path | None,
        output_file(".csv", ".parquet", help="Add the list to this contact log.", option="--log"),
    ] = None,
    campaign_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the campaign, in the contact log.")
    ] = None,
    offer: Annotated[
        str | None, typer.Option(metavar="NAME", help="What is offered, in the contact log.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option(metavar="NAME", help="How, in the contact log: mail, call, …")
    ] = None,
    contact_date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of the contact, in the contact log."),
    ] = None,
    history: History = None,
    month: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Cutoff of the table, for the history; --cutoff is it too. With --engine spark "
            "the cutoff that is scored.",
        ),
    ] = None,
    chunk_rows: Annotated[int, typer.Option(help="Rows at a time.")] = 100_000,
    threads: Annotated[int, typer.Option(help="Threads for the trees.")] = 1,
    allow_changed: AllowChanged = None,
    allow_stale: AllowStale = None,
    expect: Expect = None,
    public_key: PublicKey = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
    engine: Engine = "local",
) -> None:
    """Score customers with a stored model; a job that was killed goes on where it was."""
    if engine == "spark":
        refuse_options(context, ON_SPARK, "--engine spark scores a table that is there")
        _score_on_spark(
            model, table, output, id=id, month=None if month is None else month.date(),
            plausibility=plausibility, max_rejected=max_rejected,
            allow_changed=allow_changed or (), expect=expect, public_key=public_key,
            alarm=alarm, alarm_code=alarm_code,
        )  # fmt: skip
        return
    place = file_of(output, (".csv", ".parquet"))
    if show and not reasons:
        raise ConfigError(f"--show {show} prints reasons, so it needs --reasons NUMBER")
    _check_inputs(model, table if database is None and cutoff is None else None)
    from dbnchurn.scoring.job import score_file

    day = _month_of_history(history, month, cutoff, model, place, mkdir=mkdir)
    entry = _log_entry(log, campaign_name, offer, channel, contact_date)
    wanted = _campaign(
        campaign, budget, suppress, control, seed, suppress_match.value, allow_unmatched, entry,
        csv_settings(suppress_delimiter, suppress_encoding), suppress_sheet,
    )  # fmt: skip
    with displayed(), _interruptible(place):
        job = score_file(
            model, table, place, id=id, database=database,
            csv=csv_settings(delimiter, encoding), sheet=sheet,
            cutoff=None if cutoff is None else cutoff.date(), tables=paths_by_table(raw),
            sources=sources, trust_sources=trust_sources, reasons=reasons,
            plausibility=plausibility, rejected=rejected, max_rejected=max_rejected,
            campaign=wanted, chunk_rows=chunk_rows, n_threads=threads,
            allow_changed=allow_changed, allow_stale=allow_stale, mkdir=mkdir, expect=expect,
            public_key=public_key, raw_text=raw_text,
        )  # fmt: skip
    _print_summary(job, show, reasons)
    if history is not None and day is not None:
        from dbnchurn.months.history import add_month, score_facts

        print(add_month(history, day, job.model, "scores", score_facts(job)))
    _alarm_at(job.drift, alarm, alarm_code)


def _check_inputs(model: Path, table: str | None) -> None:
    """Refuse a model or a table that is not there, before what scores is imported."""
    from dbnchurn.predictor.model_files import check_folder
    from dbnchurn.tables.files import files_at

    faults: list[DbnchurnError] = []
    try:
        check_folder(model)
    except ArtifactError as fault:
        faults.append(fault)
    try:
        if table is not None:
            files_at(table, "input")
    except DataError as fault:
        faults.append(fault)
    if faults:
        raise type(faults[0])("; ".join(map(str, faults)))


def _print_summary(job: Job, show: int, reasons: int) -> None:
    """What a finished job on this machine says."""
    from dbnchurn.cli.console import console
    from dbnchurn.scoring.summary_text import (
        allowed_text,
        drift_table,
        reasons_table,
        summary_text,
    )

    if allowed := allowed_text(job):
        print(allowed)
    if job.drift is not None:
        console().print(drift_table(job.drift))
    if show:
        console().print(reasons_table(job.highest(show), reasons))
    print(summary_text(job))


def _alarm_at(found: Drift | None, limit: float | None, code: int) -> None:
    """End with a code of its own where something drifted as far as a limit."""
    from dbnchurn.scoring.summary_text import alarm_message

    if limit is not None and (message := alarm_message(found, limit)):
        print(message, file=sys.stderr)
        raise typer.Exit(code)


def _score_on_spark(
    model: Path,
    table: str | None,
    output: str,
    *,
    alarm: float | None,
    alarm_code: int,
    **how: Unpack[ScoreOptions],
) -> None:
    """Score a table on Spark, and say what was scored."""
    if table is None:
        raise ConfigError(
            "--engine spark scores a table: give table:NAME or a path; 'dbnchurn prepare CONFIG "
            "--engine spark --cutoff DATE' builds that of a month"
        )
    from dbnchurn.scoring.summary_text import drift_table
    from dbnchurn.spark.outputs import TABLE
    from dbnchurn.spark.scored_table import score_table
    from dbnchurn.spark.session import spark_session

    if not output.startswith(TABLE):
        refuse_file(output)
    from dbnchurn.cli.console import console

    with displayed():
        scored = score_table(model, table, output, spark_session(), **how)
    if scored.drift is not None:
        console().print(drift_table(scored.drift))
    print("\n".join(scored.lines()))
    _alarm_at(scored.drift, alarm, alarm_code)


def _month_of_history(
    history: str | None,
    month: datetime | None,
    cutoff: datetime | None,
    model: Path,
    output: Path,
    *,
    mkdir: bool,
) -> date | None:
    """The month that a history is told; refused if it is not known or cannot be written."""
    check_month_options(history, month, cutoff)
    if history is None:
        return None
    from dbnchurn.months.history import history_at

    if (day := cutoff or month) is None:
        raise ConfigError(
            f"--history {history}: of which month are these customers? Give --month DATE, the "
            "cutoff of the table"
        )
    history_at(history).check({"output": output}, {"model": [model]}, mkdir=mkdir)
    return day.date()


@contextmanager
def _interruptible(output: Path) -> Iterator[None]:
    """Say what an interrupted job leaves."""
    try:
        yield
    except KeyboardInterrupt as stop:
        parts = output.with_name(f"{output.name}.parts")
        left = f"finished chunks are kept in {parts}, and the same command goes on from there"
        print(f"interrupted: {left if parts.exists() else 'nothing is left'}", file=sys.stderr)
        raise typer.Exit(code_of(stop)) from None


def _campaign(
    path: Path | None,
    budget: float | None,
    suppress: Path | None,
    control: float,
    seed: int,
    match: Match,
    allow_unmatched: bool,
    log: LogEntry | None,
    csv: CsvSettings | None,
    sheet: str | None,
) -> Campaign | None:
    """The campaign list of the options; None if they name none."""
    from dbnchurn.scoring.campaign import Campaign

    if (path is None) != (budget is None):
        raise ConfigError("a campaign list needs both --campaign FILE and --budget NUMBER")
    if path is not None and budget is not None:
        return Campaign(
            path,
            budget,
            suppress,
            control,
            seed,
            match,
            allow_unmatched,
            log=log,
            suppress_csv=csv,
            suppress_sheet=sheet,
        )
    if suppress is not None or control or log is not None or csv is not None or sheet is not None:
        raise ConfigError("--suppress, --control and --log belong to --campaign FILE")
    return None


def _log_entry(
    path: Path | None,
    campaign: str | None,
    offer: str | None,
    channel: str | None,
    contact_date: datetime | None,
) -> LogEntry | None:
    """What the contact log is told; None without one."""
    from dbnchurn.campaign.log import LogEntry

    given = {
        "--campaign-name": campaign,
        "--offer": offer,
        "--channel": channel,
        "--contact-date": contact_date,
    }
    lacking = [option for option, value in given.items() if value is None]
    if path is None:
        if len(lacking) < len(given):
            named = ", ".join(option for option in given if option not in lacking)
            raise ConfigError(f"{named}: belong to --log FILE, the contact log")
        return None
    if campaign is None or offer is None or channel is None or contact_date is None:
        raise ConfigError(f"--log {path}: the contact log needs {', '.join(lacking)} too")
    return LogEntry(path, campaign, offer, channel, contact_date.date())


@app.command(
    hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def explain(context: typer.Context) -> None:
    """Print the command that replaces this one."""
    command = shlex.join(["dbnchurn", "score", *_arguments_of_score(context.args)])
    raise ConfigError(f"'explain' is part of 'score' now: {command}")


def _arguments_of_score(arguments: Sequence[str]) -> list[str]:
    """Arguments of the former ``explain`` as ``score`` takes them."""
    renamed = [re.sub("^--top(?=$|=)", "--reasons", argument) for argument in arguments]
    if not any(argument.startswith("--reasons") for argument in renamed):
        renamed += ["--reasons", str(EXPLAIN_REASONS)]
    return [*renamed, "--show", str(EXPLAIN_SHOW)]


@app.command(rich_help_panel=PANEL)
def export(
    model: Model,
    output: Annotated[Path, output_file(".onnx", help="The graph: an .onnx file.")],
    mkdir: Mkdir = False,
) -> None:
    """Write a stored model as one ONNX graph, for systems that cannot run this package."""
    from dbnchurn.exports import export_onnx

    export_onnx(model, output, mkdir=mkdir)
    print(f"written to {output}; its metadata says how its inputs are made")
