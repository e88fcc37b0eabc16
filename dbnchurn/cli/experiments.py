"""Verbs that compare and tune: ``experiment``, ``compare``, ``tune``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import Config, Mkdir, output_folder
from dbnchurn.core.places import check_places

PANEL = "Compare and tune"
RUNS = Path("runs")  # the output of a config that names none


@app.command(rich_help_panel=PANEL)
def experiment(
    config: Config,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as experiment.seeds=[0,1].")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Runs at once; by default what memory allows.")
    ] = None,
    mkdir: Mkdir = False,
) -> None:
    """Run variants over seeds and folds and compare them; call again to go on after a stop."""
    from dbnchurn.runs import read_config

    settings = read_config(config, overrides or [])  # refused before a second is spent
    from dbnchurn.experiments.worker_pool import warm_up

    warm_up()
    from dbnchurn.experiments.comparison_files import summary_text
    from dbnchurn.experiments.experiment import run_experiment

    folder = run_experiment(settings, config.stem, jobs=jobs, mkdir=mkdir)
    print(summary_text(folder))


@app.command(rich_help_panel=PANEL)
def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of runs or experiments.")
    ],
    output: Annotated[Path, output_folder(help="Folder for the comparison.")] = RUNS / "comparison",
    metric: Annotated[str, typer.Option(help="Decides ranks and verdict.")] = "average_precision",
    mkdir: Mkdir = False,
) -> None:
    """Compare finished runs: means with intervals, ranks, paired differences, what differed."""
    from dbnchurn.experiments.comparison_files import compare_folders, summary_text

    # The folder of the runs is made where it is the one that configs have by default.
    made = mkdir or output.parent == RUNS
    check_places({"output": output}, {"run": runs}, mkdir=made)
    compare_folders(runs, output, metric)
    print(summary_text(output))


@app.command(rich_help_panel=PANEL)
def tune(
    config: Annotated[Path, typer.Argument(help="YAML config with 'tuning'.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as tuning.trials=50.")
    ] = None,
    mkdir: Mkdir = False,
) -> None:
    """Search for better settings on the validation rows; call again to go on."""
    from dbnchurn.runs import read_config

    settings = read_config(config, overrides or [])  # refused before a second is spent
    from dbnchurn.experiments.tuning import tune as tune_run

    print(tune_run(settings, config.stem, mkdir=mkdir).to_text())
