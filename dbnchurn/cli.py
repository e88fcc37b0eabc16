"""The command line: ``dbnchurn train | segments | score | schema``.

A user's mistake ends in one message on standard error and exit code 2, without a traceback.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dbnchurn.errors import ConfigError, DbnchurnError
from dbnchurn.progress import displayed

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Predict which customers will leave.",
)
MISTAKE = 2  # exit code
INTERRUPTED = 130  # as shells have it for Ctrl-C


@app.callback()
def _options(
    verbose: Annotated[bool, typer.Option(help="Log every stage on standard error.")] = False,
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s: %(message)s",
        stream=sys.stderr,
    )


@app.command()
def train(
    config: Annotated[Path | None, typer.Argument(help="YAML config.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as classifier.dbn.epochs=5.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Unfinished run to continue instead.")
    ] = None,
) -> None:
    """Train a model and report how good it is beside simpler ones.

    While it trains, the run is a folder NAME.unfinished; if it is interrupted, --resume continues.
    """
    from dbnchurn.experiment import read_config
    from dbnchurn.experiment import resume as take_up
    from dbnchurn.experiment import train as run
    from dbnchurn.experiment.unfinished import Interrupted

    if (config is None) == (resume is None):
        raise ConfigError("give either a config or an unfinished run with --resume")
    try:
        with displayed():
            if resume is not None:
                folder = take_up(resume)
            elif config is not None:
                folder = run(read_config(config, overrides or []), name=config.stem)
    except Interrupted as stop:
        print(f"interrupted: {stop}", file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)  # at once: threads that are still training are not waited for
    _print_result(folder)


@app.command()
def segments(
    config: Annotated[Path, typer.Argument(help="YAML config.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as miner.budget=0.1.")
    ] = None,
) -> None:
    """Find segments of customers who say yes, in plain words."""
    from dbnchurn.experiment.segments_run import read_segments_config, run, summary

    settings = read_segments_config(config, overrides or [])
    with displayed():
        folder = run(settings, name=config.stem)
    print(summary(folder))


@app.command()
def score(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    table: Annotated[Path, typer.Argument(metavar="INPUT", help="CSV or Parquet file.")],
    output: Annotated[Path, typer.Option(help="Where the scores go: .csv or .parquet.")],
    id: Annotated[str | None, typer.Option(help="Column that names the customer.")] = None,
) -> None:
    """Score the customers of a file with a stored model."""
    from dbnchurn.scoring import score_file

    scores = score_file(model, table, output, id=id)
    called = int(scores["decision"].sum())
    print(
        f"{len(scores)} customers scored, {called} at or above the threshold; "
        f"mean probability {scores['probability'].mean():.4f}; written to {output}"
    )


@app.command()
def simulate(
    output: Annotated[Path, typer.Option(help="New folder for the tables.")],
    customers: Annotated[int, typer.Option(help="How many customers.")] = 10_000,
    months: Annotated[int, typer.Option(help="Months from May 2024 on.")] = 4,
    seed: Annotated[int, typer.Option(help="The same seed gives the same tables.")] = 0,
    dirt: Annotated[float, typer.Option(help="0: clean records; 1: those of a neglected CRM.")] = 1,
    database: Annotated[
        str | None,
        typer.Option(help="Environment variable with a PostgreSQL URL: load the tables there too."),
    ] = None,
) -> None:
    """Write the tables of a simulated telecom whose true probabilities are known."""
    from dbnchurn.data.commands import simulate as run

    with displayed():
        print(run(output, customers, months, seed, dirt, database))


@app.command()
def infer(
    inputs: Annotated[list[str], typer.Argument(help="Files or folders; tables of a database.")],
    output: Annotated[Path, typer.Option(help="New YAML file.")],
    key: Annotated[str | None, typer.Option(help="Column that names the customer.")] = None,
    date: Annotated[str | None, typer.Option(help="Column with the date.")] = None,
    database: Annotated[
        str | None, typer.Option(help="Environment variable with a PostgreSQL URL.")
    ] = None,
) -> None:
    """Propose the contracts of tables, as YAML to edit."""
    from dbnchurn.data.commands import infer as run

    print(run(inputs, output, key, date, database))


@app.command()
def prepare(
    output: Annotated[Path, typer.Option(help="New folder for features.parquet.")],
    config: Annotated[Path | None, typer.Argument(help="YAML config with 'data'.")] = None,
    overrides: Annotated[list[str] | None, typer.Argument(help="Changes to the config.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="Model folder: build the table as for its training.")
    ] = None,
    cutoff: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Features see what lies before this date."),
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option(help="NAME=PATH: where a table of the model lies now.")
    ] = None,
) -> None:
    """Build the table of features from the source tables, without training."""
    day = cutoff.date() if cutoff is not None else None
    with displayed():
        if model is not None:
            if config is not None:
                raise ConfigError("give a config or --model, not both")
            from dbnchurn.scoring.replay import build_month

            built = build_month(model, day, output, paths=_pairs(table or []))
        elif config is not None:
            from dbnchurn.experiment import read_config
            from dbnchurn.experiment.tables import prepare_tables

            settings = read_config(config, overrides or [])
            built = prepare_tables(settings, output, [day] if day else None)
        else:
            raise ConfigError("give a config, or a model with --model")
    print(f"{built.rows} rows written to {built.features}")


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    """``NAME=PATH`` texts as a mapping."""
    for text in texts:
        if "=" not in text:
            raise ConfigError(f"--table {text!r}: write NAME=PATH")
    return {name: path for name, _, path in (text.partition("=") for text in texts)}


@app.command()
def schema() -> None:
    """Print the JSON schema of a run's config, for editors."""
    from dbnchurn.config import json_schema
    from dbnchurn.experiment import RunConfig

    print(json.dumps(json_schema(RunConfig), indent=2))


def _print_result(folder: Path) -> None:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    table = Table(title=f"Test: {metrics['test']['n']} customers that no model has seen")
    shown = ("average_precision", "roc_auc", "precision", "recall", "f1", "brier")
    table.add_column("model", no_wrap=True)
    for name in shown:
        table.add_column(name.replace("_", " "), justify="right")
    for model, found in {"dbnchurn": metrics["test"], **metrics["baselines"]}.items():
        table.add_row(model, *(_interval(found[name]) for name in shown))
    console = Console(width=None if sys.stdout.isatty() else 170)
    console.print(table)
    console.print(
        f"threshold {metrics['threshold']['value']:.4f} (rule {metrics['threshold']['rule']}, "
        f"chosen on validation); brackets are 95 % intervals\nreport: {folder / 'report.html'}\n"
        f"model:  {folder / 'model'}",
        highlight=False,
        soft_wrap=True,
    )


def _interval(found: dict[str, float | None]) -> str:
    if found["value"] is None:
        return "–"
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    try:
        app(args=None if arguments is None else list(arguments))
    except DbnchurnError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(MISTAKE)


if __name__ == "__main__":
    main()
