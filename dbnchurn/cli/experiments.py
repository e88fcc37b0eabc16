"""Verbs that compare and tune: ``experiment``, ``compare``, ``tune``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbnchurn.cli.command_line import app
from dbnchurn.cli.options import Config, output_folder

PANEL = "Compare and tune"


@app.command(rich_help_panel=PANEL)
def experiment(
    config: Config,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as experiment.seeds=[0,1].")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Runs at once; by default what memory allows.")
    ] = None,
) -> None:
    """Run variants over seeds and folds and compare them; call again to go on after a stop."""
    from dbnchurn.experiments.worker_pool import warm_up

    warm_up()
    from dbnchurn.experiments.comparison_files import summary_text
    from dbnchurn.experiments.experiment import run_experiment
    from dbnchurn.runs import read_config

    folder = run_experiment(read_config(config, overrides or []), config.stem, jobs=jobs)
    print(summary_text(folder))


@app.command(rich_help_panel=PANEL)
def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of runs or experiments.")
    ],
    output: Annotated[Path, output_folder(help="Folder for the comparison.")] = Path(
        "runs/comparison"
    ),
    metric: Annotated[str, typer.Option(help="Decides ranks and verdict.")] = "average_precision",
) -> None:
    """Compare finished runs: means with intervals, ranks, paired differences, what differed."""
    from dbnchurn.experiments.comparison_files import compare_folders, summary_text

    compare_folders(runs, output, metric)
    print(summary_text(output))


@app.command(rich_help_panel=PANEL)
def tune(
    config: Annotated[Path, typer.Argument(help="YAML config with 'tuning'.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as tuning.trials=50.")
    ] = None,
) -> None:
    """Search for better settings on the validation rows; call again to go on."""
    from dbnchurn.experiments.tuning import tune as tune_run
    from dbnchurn.runs import read_config

    print(tune_run(read_config(config, overrides or []), config.stem).to_text())
