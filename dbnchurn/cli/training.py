"""Verbs that train a model and measure it: ``train``, ``recompute``, ``evaluate``."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.exit_codes import ExitCode
from dbnchurn.cli.interruption import code_of
from dbnchurn.cli.options import (
    AllowChanged,
    Engine,
    Expect,
    Mkdir,
    Model,
    PublicKey,
    output_file,
)
from dbnchurn.cli.terminal import console
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.progress import displayed

PANEL = "Train and measure"


@app.command(rich_help_panel=PANEL)
def train(
    config: Annotated[Path | None, typer.Argument(help="YAML config.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as classifier.network.dbn.epochs=5.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Unfinished run to continue instead.")
    ] = None,
    mkdir: Mkdir = False,
    engine: Engine = "local",
) -> None:
    """Train a model and report how good it is beside simpler ones.

    While it trains, the run is a folder NAME.unfinished; if it is interrupted, --resume continues.
    """
    from dbnchurn.runs import read_config
    from dbnchurn.runs import resume as resume_run
    from dbnchurn.runs import train as train_run
    from dbnchurn.runs.folder import read_json
    from dbnchurn.runs.summary_text import result_table, summary_text
    from dbnchurn.runs.unfinished import Interrupted

    if (config is None) == (resume is None):
        raise ConfigError("give either a config or an unfinished run with --resume")
    build_tables = None
    if engine == "spark":
        from dbnchurn.spark.session import spark_session
        from dbnchurn.spark.training import built_on

        build_tables = built_on(spark_session())
    try:
        with displayed():
            if resume is not None:
                folder = resume_run(resume, build_tables=build_tables)
            elif config is not None:
                settings = read_config(config, overrides or [])
                folder = train_run(
                    settings, name=config.stem, mkdir=mkdir, build_tables=build_tables
                )
    except Interrupted as stop:
        print(f"interrupted: {stop}", file=sys.stderr, flush=True)
        # At once: threads that are still training are not waited for.
        os._exit(code_of(stop.__cause__))
    metrics = read_json(folder / "metrics.json")
    console().print(result_table(metrics))
    print(summary_text(folder, metrics))
    if read_config(folder / "config.yaml").published:
        print((folder / "table.md").read_text(encoding="utf-8"))


@app.command(rich_help_panel=PANEL)
def recompute(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    write: Annotated[
        bool, typer.Option("--write", help="Replace what differs by what was made again.")
    ] = False,
) -> None:
    """Make a run's numbers and report again from its files, and print what differs."""
    from dbnchurn.runs.recompute import recompute as recompute_run

    result = recompute_run(run, write=write)
    print(result.to_text())
    if not result.same:
        raise typer.Exit(ExitCode.DIFFERENT)


@app.command(rich_help_panel=PANEL)
def evaluate(
    model: Model,
    table: Annotated[Path, typer.Argument(help="CSV or Parquet file of customers with outcomes.")],
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
    output: Annotated[
        Path | None, output_file(".json", help="New JSON file for the numbers.")
    ] = None,
    contact_log: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Contact log of campaigns in that month: customers count as if nobody had been "
            "contacted; needs --since and --days.",
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day of the outcome window."),
    ] = None,
    days: Annotated[int | None, typer.Option(help="Length of the outcome window.")] = None,
    allow_changed: AllowChanged = None,
    expect: Expect = None,
    public_key: PublicKey = None,
    mkdir: Mkdir = False,
) -> None:
    """Measure a stored model on newly labelled customers, beside what it promised."""
    from dbnchurn.runs.backtest import backtest

    if contact_log is None and (since is not None or days is not None):
        raise ConfigError("--since and --days belong to --contact-log")
    feedback = None
    if contact_log is not None:
        from dbnchurn.campaign.feedback import FeedbackSection

        settings = {"log": contact_log, "since": since and since.date(), "days": days}
        feedback = FeedbackSection.model_validate(settings)
    found = backtest(
        model,
        table,
        label=label,
        positive=positive or None,
        negative=negative or None,
        allow_changed=allow_changed or (),
        feedback=feedback,
        output=output,
        mkdir=mkdir,
        expect=expect,
        public_key=public_key,
    )
    print(found.to_text())
