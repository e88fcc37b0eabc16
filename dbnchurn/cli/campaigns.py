"""Verbs of a campaign: ``plan`` its size, ``allocate`` its contacts, measure its ``lift``."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import (
    HISTORY,
    Config,
    IdMatch,
    Mkdir,
    Page,
    RawText,
    output_file,
    print_written,
)
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.files import write_whole
from dbnchurn.core.places import check_places
from dbnchurn.core.progress import displayed

if TYPE_CHECKING:
    from dbnchurn.campaign.config import LiftSection

PANEL = "Plan and measure a campaign"
PAGE_HELP = "The page: an .html file; its numbers are in a .json file beside it."


@app.command(rich_help_panel=PANEL)
def plan(
    config: Config,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as plan.control=0.2.")
    ] = None,
    output: Annotated[Path | None, output_file(".html", help=PAGE_HELP)] = None,
    mkdir: Mkdir = False,
) -> None:
    """Say how many customers an effect needs, and what a campaign may cost and bring."""
    from dbnchurn.campaign.config import read_campaign_config

    _check_output(output, [config], mkdir)
    settings = read_campaign_config(config, overrides or []).for_plan(str(config))
    from dbnchurn.campaign.plan import make_plan
    from dbnchurn.campaign.plan_page import plan_page, plan_text

    made = make_plan(settings)
    print(plan_text(made))
    _write(output, plan_page(made), made.as_dict())


@app.command(rich_help_panel=PANEL)
def allocate(
    config: Config,
    output: Annotated[
        Path, output_file(".csv", ".parquet", help="The list: a .csv or .parquet file.")
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as allocate.budget=20000.")
    ] = None,
    page: Page = None,
    log: Annotated[
        Path | None,
        output_file(".csv", ".parquet", help="Contact log to add the list to.", option="--log"),
    ] = None,
    facts: Annotated[
        Path | None,
        output_file(".json", help="Write the plan's numbers too.", option="--facts"),
    ] = None,
    mkdir: Mkdir = False,
    raw_text: RawText = False,
) -> None:
    """Choose whom to contact with which offer through which channel, within a budget."""
    from dbnchurn.campaign.config import read_campaign_config

    settings = read_campaign_config(config, overrides or []).for_allocate(str(config))
    from dbnchurn.campaign.allocation_job import allocate_customers
    from dbnchurn.campaign.allocation_text import summary

    with displayed():
        result = allocate_customers(
            settings,
            output,
            log_to=log,
            page=page,
            facts=facts,
            mkdir=mkdir,
            raw_text=raw_text,
        )
    print(summary(result))
    print_written(output, page, facts, log)


@app.command(rich_help_panel=PANEL)
def lift(
    log: Annotated[
        str | None, typer.Argument(metavar="LOG", help="The contact log: a file or folder.")
    ] = None,
    outcomes: Annotated[
        str | None,
        typer.Argument(metavar="OUTCOMES", help="What became of the customers: a file or folder."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="CONFIG", help="YAML config whose section 'lift' says the rest."),
    ] = None,
    scores: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Scores and columns of before the campaign."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Effects by a column of --scores, such as a persona."),
    ] = None,
    campaign: Annotated[
        str | None, typer.Option(metavar="NAME", help="Campaign of the log, if it has several.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Take all campaigns of the log together.")
    ] = False,
    days: Annotated[
        int | None, typer.Option(min=1, help="Days from the contact on in which leaving counts.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day up to which outcomes are complete."),
    ] = None,
    match: Annotated[
        IdMatch | None,
        typer.Option(help="How ids are compared: exact; digits, without leading zeros; loose."),
    ] = None,
    looks: Annotated[
        int | None, typer.Option(min=1, help="How often the result is looked at, in all.")
    ] = None,
    worth: Annotated[
        float | None, typer.Option(min=0, help="Money that keeping one customer brings.")
    ] = None,
    contact_cost: Annotated[
        float | None, typer.Option(min=0, help="Money per contact, if the log has no cost.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Of all money, such as EUR.")] = None,
    before: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share that left before; shown, and no effect."),
    ] = None,
    output: Annotated[Path | None, output_file(".html", help=PAGE_HELP)] = None,
    history: Annotated[
        str | None,
        typer.Option(
            metavar="HISTORY",
            help=f"Add the result to this history, which 'dbnchurn monitor' reads: {HISTORY}.",
        ),
    ] = None,
    month: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Cutoff of the scores that the customers were chosen by, for the history.",
        ),
    ] = None,
    mkdir: Mkdir = False,
) -> None:
    """Say what a campaign did: contacted against control group, with intervals."""
    from dbnchurn.campaign.config import LiftSection, read_campaign_config

    # Refused before a second is spent.
    settings = LiftSection() if config is None else read_campaign_config(config).for_lift()
    from dbnchurn.campaign.lift_page import lift_page, lift_text
    from dbnchurn.campaign.log import ContactLog
    from dbnchurn.campaign.measurement import measure
    from dbnchurn.campaign.outcomes import Outcomes
    from dbnchurn.campaign.scored_customers import ScoredCustomers
    from dbnchurn.tables.unused_columns import say

    given: dict[str, Any] = {
        "by": tuple(by) if by else None, "campaign": campaign, "days": days,
        "every": True if every else (None if campaign is None else False),
        "as_of": as_of and as_of.date(), "match": match and match.value, "looks": looks,
        "worth": worth, "contact_cost": contact_cost, "currency": currency, "before": before,
    }  # fmt: skip
    if every and campaign is None:
        settings = settings.model_copy(update={"campaign": None})
    settings = settings.model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    settings = with_sources(settings, log, outcomes, scores)
    assert settings.log is not None
    assert settings.outcomes is not None
    sources = (settings.log, settings.outcomes, settings.scores)
    read: list[str | Path] = [s.path for s in sources if s is not None and s.path is not None]
    read += [] if config is None else [config]
    _check_output(output, read, mkdir)
    _check_campaign_month(history, month, read, mkdir=mkdir)
    made = measure(
        ContactLog.read(settings.log),
        Outcomes.read(settings.outcomes),
        settings,
        scores=None if settings.scores is None else ScoredCustomers.read(settings.scores),
    )
    say(made.warnings, logging.WARNING)
    say(made.notes)
    print(lift_text(made))
    _write(output, lift_page(made), made.as_dict())
    if history is not None and month is not None:
        from dbnchurn.months.campaign_months import add_campaign, campaign_facts

        print(add_campaign(history, month.date(), campaign_facts(made)))


def _check_campaign_month(
    history: str | None, month: datetime | None, read: list[str | Path], *, mkdir: bool
) -> None:
    """Refuse, before any work, a history without a month, or one that cannot be written."""
    if (history is None) != (month is None):
        raise ConfigError(
            "--history HISTORY and --month DATE belong together: the cutoff of the scores that the "
            "customers were chosen by"
        )
    if history is not None:
        from dbnchurn.months.history import history_at

        history_at(history).check({}, {"input": read}, mkdir=mkdir)


def with_sources(
    settings: LiftSection, log: str | None, outcomes: str | None, scores: str | None = None
) -> LiftSection:
    """Settings with the tables of the command line in place of those of the config.

    Parameters
    ----------
    settings : LiftSection
    log, outcomes, scores : str or None

    Returns
    -------
    LiftSection
        With log and outcomes, and with scores where these are named.

    Raises
    ------
    ConfigError
        If one of the tables is named nowhere.
    """
    from dbnchurn.campaign.source import CampaignSource

    made = {}
    for name, path in (("log", log), ("outcomes", outcomes), ("scores", scores)):
        source: CampaignSource | None = getattr(settings, name)
        if path is None and source is None and name != "scores":
            raise ConfigError(
                f"the {name} {'are' if name == 'outcomes' else 'is'} not named: dbnchurn lift LOG "
                f"OUTCOMES, or lift.{name} in --config CONFIG"
            )
        if path is not None:
            kept = {} if source is None else source.model_dump(exclude={"path", "postgres"})
            source = CampaignSource.model_validate({**kept, "path": path})
        made[name] = source
    return settings.model_copy(update=made)


def _check_output(output: Path | None, read: list[str | Path], mkdir: bool) -> None:
    if output is not None:
        written = {"output": output, "numbers": output.with_suffix(".json")}
        check_places(written, {"input": read}, mkdir=mkdir)


def _write(output: Path | None, page: str, numbers: dict[str, Any]) -> None:
    """The page, and its numbers beside it."""
    if output is None:
        return
    write_whole(output.with_suffix(".json"), json.dumps(numbers, indent=1) + "\n")
    write_whole(output, page)
    print(f"page: {output}; numbers: {output.with_suffix('.json')}")
