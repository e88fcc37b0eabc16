"""Verbs of the circle of months: ``evaluate``, ``monitor`` and ``retrain``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.exit_codes import ExitCode
from dbnchurn.cli.options import (
    HISTORY,
    AllowChanged,
    AllowStale,
    Config,
    Delimiter,
    Encoding,
    Expect,
    History,
    IdMatch,
    Mkdir,
    PublicKey,
    RawSources,
    RawTables,
    Sheet,
    TrustSources,
    check_month_options,
    csv_settings,
    make_above,
    output_file,
    paths_by_table,
    refuse_options,
)
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.places import check_places
from dbnchurn.core.progress import displayed

if TYPE_CHECKING:
    from dbnchurn.months.past_months import PastMonths

PANEL = "Follow the months"
ADVICE = {
    "nothing": ExitCode.DONE,
    "watch": ExitCode.WATCH,
    "recalibrate": ExitCode.RECALIBRATE,
    "retrain": ExitCode.RETRAIN,
}
"""What `monitor` advises, and the exit code that says so."""
# What each of the three ways of `evaluate` takes.
_ANY = ("model", "tables", "by", "output", "history", "month", "mkdir")
_LABELS, _DAYS = ("label", "positive", "negative"), ("since", "days")
_READ = ("sheet", "delimiter", "encoding")
_READ_SCORES = ("scores_sheet", "scores_delimiter", "scores_encoding")
_MODEL = ("contact_log", "allow_changed", "expect", "public_key")
OF_SCORES = (*_ANY, *_LABELS, *_READ, *_READ_SCORES, *_DAYS, "id", "match", "others_stayed")
OF_TABLE = (*_ANY, *_LABELS, *_READ, *_DAYS, *_MODEL)
OF_MONTHS = (*_ANY, *_MODEL, "cutoff", "table", "sources", "trust_sources", "allow_stale")


@app.command(rich_help_panel=PANEL)
def evaluate(
    context: typer.Context,
    model: Annotated[
        Path, typer.Argument(help="Model folder, or a file of scores.", metavar="MODEL|SCORES")
    ],
    tables: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[TABLE]...",
            help="Customers with outcomes; after SCORES the outcomes, and further pairs of scores "
            "and outcomes. Left out, months are built from the raw tables, with --cutoff.",
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Column with the outcome; by default that of the training.")
    ] = None,
    positive: Annotated[
        list[str] | None,
        typer.Option(help="Label of those who left, by default as in training; may be repeated."),
    ] = None,
    negative: Annotated[
        list[str] | None, typer.Option(help="Label of those who stayed; may be repeated.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Compare promise and outcome by this column, beside the risk tiers; may be "
            "repeated.",
        ),
    ] = None,
    cutoff: Annotated[
        list[datetime] | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Build features and outcomes of the month at this date from the raw tables; may "
            "be repeated.",
        ),
    ] = None,
    table: Annotated[list[str] | None, RawTables] = None,
    sources: RawSources = None,
    trust_sources: TrustSources = False,
    id: Annotated[str | None, typer.Option(help="Column of the outcomes with the ids.")] = None,
    sheet: Sheet = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    scores_sheet: Annotated[str | None, typer.Option(help="Sheet of SCORES.")] = None,
    scores_delimiter: Annotated[str | None, typer.Option(help="Delimiter of SCORES.")] = None,
    scores_encoding: Annotated[str | None, typer.Option(help="Encoding of SCORES.")] = None,
    match: Annotated[
        IdMatch,
        typer.Option(
            help="How ids of scores and outcomes are compared: exact, as written; digits, without "
            "blanks and leading zeros; loose, without case as well."
        ),
    ] = IdMatch.EXACT,
    others_stayed: Annotated[
        bool,
        typer.Option(
            "--others-stayed", help="The outcomes list leavers; all other customers stayed."
        ),
    ] = False,
    output: Annotated[
        Path | None, output_file(".json", help="New JSON file for the numbers.")
    ] = None,
    contact_log: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Contact log of campaigns in that month: customers count as if nobody had been "
            "contacted; with a table it needs --since and --days.",
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day of the outcome window."),
    ] = None,
    days: Annotated[int | None, typer.Option(help="Length of the outcome window.")] = None,
    history: History = None,
    month: Annotated[
        list[datetime] | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Cutoff of the table, or of each pair of scores and outcomes, for the history.",
        ),
    ] = None,
    allow_changed: AllowChanged = None,
    allow_stale: AllowStale = None,
    expect: Expect = None,
    public_key: PublicKey = None,
    mkdir: Mkdir = False,
) -> None:
    """Set what a model promised beside what came: from a table, raw tables, or a list of outcomes.

    MODEL TABLE scores a table of customers whose outcome is known; MODEL --cutoff DATE builds that
    table from the raw tables; SCORES OUTCOMES joins a file of scores and a list of outcomes.
    """
    cutoffs = [day.date() for day in cutoff or ()]
    csv = csv_settings(delimiter, encoding)
    days_told = [day.date() for day in month or ()]
    wanted = _wanted_months(model, tables or [], cutoffs, days_told, history, mkdir=mkdir)
    labels = {"label": label, "positive": positive or None, "negative": negative or None}
    days_of = {"since": since and since.date(), "days": days}
    shared: dict[str, Any] = {"by": by or (), "output": output, "mkdir": mkdir}
    of_model = {"expect": expect, "public_key": public_key, "allow_changed": allow_changed or ()}
    if model.is_file():
        refuse_options(context, OF_SCORES, "scores and their outcomes are joined")
        how: dict[str, Any] = {"id": id, "sheet": sheet, "csv": csv, "match": match.value}
        how |= {"others_stayed": others_stayed, "scores_sheet": scores_sheet}
        how |= {"scores_csv": csv_settings(scores_delimiter, scores_encoding)}
        found = _joined([model, *(tables or [])], **labels, **days_of, **how, **shared)
    elif tables:
        refuse_options(context, OF_TABLE, "a table of customers with outcomes is scored")
        _check_contact_log(contact_log, days_of)
        read = {"sheet": sheet, "csv": csv}
        found = _of_table(
            model, tables, contact_log, days_of, **labels, **read, **of_model, **shared
        )
    else:
        refuse_options(context, OF_MONTHS, "months are built with outcome and windows of training")
        found = _replayed(
            model,
            cutoffs,
            tables=paths_by_table(table),
            sources=sources,
            trust_sources=trust_sources,
            contact_log=contact_log,
            allow_stale=allow_stale,
            **of_model,
            **shared,
        )
    print(found.to_text())
    _record(history, wanted, found)


def _joined(files: Sequence[Path], **how: Any) -> PastMonths:
    """Pairs of scores and outcomes."""
    from dbnchurn.months.past_months import join_months

    return join_months(files, **how)


def _of_table(
    model: Path,
    tables: Sequence[Path],
    contact_log: str | None,
    days_of: Mapping[str, date | int | None],
    **how: Any,
) -> PastMonths:
    """One table of customers with outcomes."""
    from dbnchurn.months.past_months import PastMonth, PastMonths
    from dbnchurn.runs.backtest import backtest

    if len(tables) > 1:
        raise ConfigError("give one table of customers with outcomes at a time")
    feedback = None
    if contact_log is not None:
        from dbnchurn.campaign.feedback import FeedbackSection

        feedback = FeedbackSection.model_validate({"log": contact_log, **days_of})
    found = backtest(model, tables[0], feedback=feedback, **how)
    return PastMonths(found.version, (PastMonth(None, found),))


def _replayed(model: Path, cutoffs: Sequence[date], **how: Any) -> PastMonths:
    """Past months, built from the raw tables."""
    from dbnchurn.months.replay import replay

    if not cutoffs:
        raise ConfigError(
            "give a table of customers with outcomes, or --cutoff DATE to build a past month from "
            "the raw tables"
        )
    with displayed():
        return replay(model, cutoffs, **how)


def _wanted_months(
    model: Path,
    tables: Sequence[Path],
    cutoffs: Sequence[date],
    told: Sequence[date],
    history: str | None,
    *,
    mkdir: bool,
) -> list[date]:
    """The month of everything that is measured, for the history; none without one."""
    check_month_options(history, told, cutoffs)
    if history is None:
        return []
    from dbnchurn.months.history import history_at

    wanted = (len(tables) + 1) // 2 if model.is_file() else len(cutoffs) or 1
    days = sorted(cutoffs) or list(told)
    if len(days) != wanted:
        raise ConfigError(
            f"--history {history}: {wanted} months are measured, so give --month DATE {wanted} "
            f"times, in their order, got {len(days)}"
        )
    if len(set(days)) < len(days):
        raise ConfigError(f"{'--cutoff' if cutoffs else '--month'}: a month is given twice")
    history_at(history).check({}, {"input": [model, *tables]}, mkdir=mkdir)
    return days


def _record(history: str | None, days: Sequence[date], found: PastMonths) -> None:
    """Add outcomes to a history, and say it."""
    if history is None:
        return
    from dbnchurn.months.history import add_month, outcome_facts

    for day, month in zip(days, found.months, strict=True):
        facts = outcome_facts(month.found)
        if facts is None:
            print(f"history: nothing new was measured of {day}, so nothing was added")
        else:
            print(add_month(history, day, month.version, "outcomes", facts))


@app.command(rich_help_panel=PANEL)
def monitor(
    history: Annotated[
        str, typer.Argument(metavar="HISTORY", help=f"History of months: {HISTORY}.")
    ],
    output: Annotated[Path | None, output_file(".html", help="Write a page too.")] = None,
    mkdir: Mkdir = False,
) -> None:
    """Say what changed over the months of a history, since when, and what to do.

    Ends with exit code 0 (nothing to do), 5 (watch), 6 (recalibrate) or 7 (retrain).
    """
    from dbnchurn.core.files import write_whole
    from dbnchurn.months.campaign_months import campaigns_of
    from dbnchurn.months.history import history_at, months_of, read_entries
    from dbnchurn.months.monitor import monitor as find
    from dbnchurn.months.monitor_page import monitor_page, monitor_text

    if output is not None:
        check_places({"output": output}, mkdir=mkdir)
        history_at(history).refuse_output(output)
    entries = read_entries(history)
    found = find(months_of(*entries), campaigns_of(*entries))
    if output is not None:
        make_above(output, mkdir)
        write_whole(output, monitor_page(found))
    print(monitor_text(found))
    if output is not None:
        print(f"page: {output}")
    if code := ADVICE[found.advice]:
        raise typer.Exit(code)


@app.command(rich_help_panel=PANEL)
def retrain(
    config: Config,
    champion: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="Model that is in use: its folder, a registry that names it, or one version of a "
            "registered model, models:/NAME@ALIAS.",
        ),
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as data.windows.cutoffs=[2024-10-01].")
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option(
            metavar="REGISTRY",
            help="Keep models there: a folder, or models:/NAME, a registered model of MLflow; by "
            "default that of the config. Without one nothing is promoted.",
        ),
    ] = None,
    mkdir: Mkdir = False,
) -> None:
    """Recalibrate the champion or train a challenger; promote by the config's rule.

    Two numbers are tried first; where they mend the champion's scores, no challenger is trained.
    """
    from dbnchurn.runs import read_config

    settings = read_config(config, overrides or [])  # refused before a second is spent
    from dbnchurn.months.retraining import retrain as retrain_model

    with displayed():
        done = retrain_model(settings, champion, name=config.stem, registry=registry, mkdir=mkdir)
    if done.trial is not None:
        print(done.trial.to_text())
    if done.found is None:
        print("No challenger was trained: retraining.recalibrate is 'first'.")
    else:
        print(done.found.to_text())
    print(f"run: {done.run}")
    if done.recalibrated is not None:
        print(f"recalibrated: {done.recalibrated}")
    if done.taken and registry is None and settings.retraining.registry is None:
        print("nothing was promoted: name a folder of models, or models:/NAME, with --registry")
    print(f"champion: {done.champion}")


def _check_contact_log(contact_log: str | None, days_of: Mapping[str, object]) -> None:
    if contact_log is None and any(value is not None for value in days_of.values()):
        raise ConfigError("--since and --days belong to --contact-log")
