"""Verbs that train a model and make its numbers again: ``train``, ``recompute``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.exit_codes import ExitCode
from dbnchurn.cli.interruption import code_of
from dbnchurn.cli.options import Engine, Mkdir
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
    if (config is None) == (resume is None):
        raise ConfigError("give either a config or an unfinished run with --resume")
    from dbnchurn.config import config_text

    # Refused before a second is spent: a config that is not there, and one with a mistake.
    if config is not None:
        config_text(config)
    from dbnchurn.runs import read_config

    settings = None if config is None else read_config(config, overrides or [])
    from dbnchurn.runs import resume as resume_run
    from dbnchurn.runs import train as train_run
    from dbnchurn.runs.unfinished import Interrupted

    spark_engine = None
    if engine == "spark":
        from dbnchurn.spark.session import spark_session
        from dbnchurn.spark.training import SparkEngine

        spark_engine = SparkEngine(spark_session())
    try:
        with displayed():
            if resume is not None:
                folder = resume_run(resume, engine=spark_engine)
            elif config is not None and settings is not None:
                folder = train_run(settings, name=config.stem, mkdir=mkdir, engine=spark_engine)
    except Interrupted as stop:
        print(f"interrupted: {stop}", file=sys.stderr, flush=True)
        # At once: threads that are still training are not waited for.
        os._exit(code_of(stop.__cause__))
    from dbnchurn.cli.console import console
    from dbnchurn.runs.folder import read_json
    from dbnchurn.runs.summary_text import result_table, summary_text

    metrics = read_json(folder / "metrics.json")
    console().print(result_table(metrics))
    print(summary_text(folder, metrics))
    if read_config(folder / "config.yaml").published:
        print((folder / "table.md").read_text(encoding="utf-8"))


@app.command(rich_help_panel=PANEL)
def recompute(
    place: Annotated[
        Path, typer.Argument(metavar="RUN|PAGE", help="Folder of a finished run, or a page.")
    ],
    write: Annotated[
        bool, typer.Option("--write", help="Replace what differs by what was made again.")
    ] = False,
) -> None:
    """Make the numbers of a run or a page again, and print what differs.

    A run and its report are made from the files of its folder. Any other page is made by the
    command that it names, in this folder; what the command writes is thrown away.
    """
    from dbnchurn.cli.page_recomputation import RecomputedPage, is_report, recompute_page
    from dbnchurn.runs.recompute import Recomputed
    from dbnchurn.runs.recompute import recompute as recompute_run

    result: Recomputed | RecomputedPage
    if place.suffix.lower() != ".html":
        result = recompute_run(place, write=write)
    elif is_report(place):
        result = recompute_run(place.parent, write=write)
    elif write:
        raise ConfigError(
            f"--write is for a run; {place} is a page, which its command writes when it is run"
        )
    else:
        result = recompute_page(place)
    print(result.to_text())
    if not result.same:
        raise typer.Exit(ExitCode.DIFFERENT)
