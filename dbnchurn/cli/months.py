"""Verbs of the circle of months: ``evaluate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import (
    AllowChanged,
    AllowStale,
    Expect,
    Mkdir,
    PublicKey,
    RawSources,
    RawTables,
    TrustSources,
    output_file,
    paths_by_table,
)
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.places import check_places
from dbnchurn.core.progress import displayed

if TYPE_CHECKING:
    from dbnchurn.months.past_months import PastMonths
    from dbnchurn.runs.backtest import Backtest

PANEL = "Train and measure"


class IdMatch(StrEnum):
    """How ids of scores and outcomes are compared, as ``dbnchurn.campaign.id_match`` has it."""

    EXACT = "exact"
    DIGITS = "digits"
    LOOSE = "loose"


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
        how |= {"others_stayed": others_stayed, "by": by or ()}
        print(_of_scores(model, tables or [], how, output, mkdir).to_text())
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
        print(_of_table(model, tables[0], label, labels, contact_log, days_of, shared).to_text())
        return
    if not cutoffs:
        raise ConfigError(
            "give a table of customers with outcomes, or --cutoff DATE to build a past month from "
            "the raw tables"
        )
    _refuse(
        {"--label": label, **{f"--{name}": given for name, given in (labels | days_of).items()}},
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


def _of_scores(
    scores: Path, tables: Sequence[Path], how: Mapping[str, Any], output: Path | None, mkdir: bool
) -> PastMonths:
    """Pairs of scores and outcomes."""
    from dbnchurn.months.past_months import PastMonth, PastMonths
    from dbnchurn.months.scored_outcomes import join_scores
    from dbnchurn.runs.folder import write_json

    files = [scores, *tables]
    if len(files) % 2:
        raise ConfigError(
            f"give the outcomes after each file of scores: SCORES OUTCOMES, got {len(files)} files"
        )
    if output is not None:
        if output.exists():
            raise ConfigError(f"{output} exists already; name a new file")
        check_places({"output": output}, {"input": files}, mkdir=mkdir)
    pairs = zip(files[::2], files[1::2], strict=True)
    joined = [join_scores(one, other, **how) for one, other in pairs]
    models = {found.model for found in joined}
    months = tuple(PastMonth(None, found) for found in joined)
    result = PastMonths(models.pop() if len(models) == 1 else "", months)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)  # only asked for: see mkdir
        write_json(output, result.plain())
    return result
