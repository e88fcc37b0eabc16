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
)
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.places import check_places
from dbnchurn.core.progress import displayed

if TYPE_CHECKING:
    from dbnchurn.months.scored_outcomes import ScoredOutcomes
    from dbnchurn.runs.backtest_result import Backtest

PANEL = "Follow the months"
ADVICE = {
    "nothing": ExitCode.DONE,
    "watch": ExitCode.WATCH,
    "recalibrate": ExitCode.RECALIBRATE,
    "retrain": ExitCode.RETRAIN,
}
"""What `monitor` advises, and the exit code that says so."""


@app.command(rich_help_panel=PANEL)
def evaluate(
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
    days_of = {"since": since and since.date(), "days": days}
    labels: dict[str, Any] = {"positive": positive or None, "negative": negative or None}
    cutoffs = [day.date() for day in cutoff or ()]
    raw = {"--table": table, "--sources": sources, "--trust-sources": trust_sources}
    lists = {"--id": id, "--match": match is not IdMatch.EXACT, "--others-stayed": others_stayed}
    lists |= {"--scores-sheet": scores_sheet, "--scores-delimiter": scores_delimiter}
    lists |= {"--scores-encoding": scores_encoding}
    csv = csv_settings(delimiter, encoding)
    days_told = [day.date() for day in month or ()]
    wanted = _wanted_months(model, tables or [], cutoffs, days_told, history, mkdir=mkdir)
    if model.is_file():
        _refuse(
            {
                **raw,
                "--cutoff": cutoffs,
                "--contact-log": contact_log,
                "--allow-changed": allow_changed,
                "--allow-stale": allow_stale,
                "--expect": expect,
                "--public-key": public_key,
            },
            "belong to a model; this is a file of scores",
        )
        how = {"id": id, "label": label, **labels, **days_of, "match": match.value}
        how |= {"others_stayed": others_stayed, "by": by or (), "sheet": sheet, "csv": csv}
        how |= {"scores_csv": csv_settings(scores_delimiter, scores_encoding)}
        how |= {"scores_sheet": scores_sheet}
        from dbnchurn.months.past_months import join_months

        pairs = join_months([model, *(tables or [])], output=output, mkdir=mkdir, **how)
        print(pairs.to_text())
        _record(history, wanted, [(found.found.model, found.found) for found in pairs.months])
        return
    _refuse(lists, "belong to a file of scores and its outcomes")
    trust: dict[str, Any] = {"expect": expect, "public_key": public_key}
    shared = {**trust, "by": by or (), "allow_changed": allow_changed or ()}
    shared |= {"output": output, "mkdir": mkdir}
    if tables:
        _refuse(
            {**raw, "--cutoff": cutoffs, "--allow-stale": allow_stale},
            "build a month from raw tables; give a table, or these",
        )
        if len(tables) > 1:
            raise ConfigError("give one table of customers with outcomes at a time")
        _check_contact_log(contact_log, days_of)
        shared |= {"sheet": sheet, "csv": csv}
        one = _of_table(model, tables[0], label, labels, contact_log, days_of, shared)
        print(one.to_text())
        _record(history, wanted, [(one.version, one)])
        return
    if not cutoffs:
        raise ConfigError(
            "give a table of customers with outcomes, or --cutoff DATE to build a past month from "
            "the raw tables"
        )
    _refuse(
        {
            "--sheet": sheet,
            "--delimiter": delimiter,
            "--encoding": encoding,
            "--label": label,
            **{f"--{name}": given for name, given in (labels | days_of).items()},
        },
        "belong to a table; a month that is built has the outcome and windows of the training",
    )
    from dbnchurn.months.replay import replay

    with displayed():
        found = replay(
            model,
            cutoffs,
            tables=paths_by_table(table),
            sources=sources,
            trust_sources=trust_sources,
            contact_log=contact_log,
            allow_stale=allow_stale,
            **shared,
        )
    print(found.to_text())
    _record(history, wanted, [(found.model, month.found) for month in found.months])


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


def _record(
    history: str | None,
    months: Sequence[date],
    measured: Sequence[tuple[str, Backtest | ScoredOutcomes]],
) -> None:
    """Add outcomes to a history, and say it."""
    if history is None:
        return
    from dbnchurn.months.history import add_month, outcome_facts

    for day, (version, found) in zip(months, measured, strict=True):
        facts = outcome_facts(found)
        if facts is None:
            print(f"history: nothing new was measured of {day}, so nothing was added")
        else:
            print(add_month(history, day, version, "outcomes", facts))


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
    from dbnchurn.months.campaign_months import read_campaigns
    from dbnchurn.months.history import history_at, read_history
    from dbnchurn.months.monitor import monitor as find
    from dbnchurn.months.monitor_page import monitor_page, monitor_text

    if output is not None:
        check_places({"output": output}, mkdir=mkdir)
        history_at(history).refuse_output(output)
    found = find(read_history(history), read_campaigns(history))
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
        Path,
        typer.Option(
            metavar="MODEL", help="Model folder that is in use, or a registry that names it."
        ),
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as data.windows.cutoffs=[2024-10-01].")
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep models there; without it nothing is promoted."),
    ] = None,
    mkdir: Mkdir = False,
) -> None:
    """Recalibrate the champion or train a challenger; promote by the config's rule.

    Two numbers are tried first; where they mend the champion's scores, no challenger is trained.
    """
    from dbnchurn.months.registry import CHAMPION, champion_of
    from dbnchurn.months.retraining import retrain as retrain_model
    from dbnchurn.runs import read_config

    settings = read_config(config, overrides or [])
    model = champion_of(champion) if (champion / CHAMPION).is_file() else champion
    with displayed():
        done = retrain_model(settings, model, name=config.stem, registry=registry, mkdir=mkdir)
    if done.trial is not None:
        print(done.trial.to_text())
    if done.found is None:
        print("No challenger was trained: retraining.recalibrate is 'first'.")
    else:
        print(done.found.to_text())
    print(f"run: {done.run}")
    if done.recalibrated is not None:
        print(f"recalibrated: {done.recalibrated}")
    if done.taken and registry is None:
        print("nothing was promoted: name a folder of models with --registry")
    print(f"champion: {done.champion}")


def _refuse(given: Mapping[str, object], why: str) -> None:
    """Refuse options that do not go with the arguments."""
    if named := [option for option, value in given.items() if value]:
        raise ConfigError(f"{', '.join(named)}: {why}")


def _check_contact_log(contact_log: str | None, days_of: Mapping[str, object]) -> None:
    if contact_log is None and any(value is not None for value in days_of.values()):
        raise ConfigError("--since and --days belong to --contact-log")


def _of_table(
    model: Path,
    table: Path,
    label: str | None,
    labels: Mapping[str, Any],
    contact_log: str | None,
    days_of: Mapping[str, date | int | None],
    shared: Mapping[str, Any],
) -> Backtest:
    """One table of customers with outcomes."""
    from dbnchurn.runs.backtest import backtest

    feedback = None
    if contact_log is not None:
        from dbnchurn.campaign.feedback import FeedbackSection

        feedback = FeedbackSection.model_validate({"log": contact_log, **days_of})
    return backtest(model, table, label=label, **labels, feedback=feedback, **shared)
