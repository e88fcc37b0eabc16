"""The command line: ``dbnchurn train | experiment | compare | evaluate | score | explain | …``.

A user's mistake ends in one message on standard error and exit code 2, without a traceback.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from dbnchurn.core.errors import ConfigError, DbnchurnError
from dbnchurn.core.progress import displayed

if TYPE_CHECKING:
    from dbnchurn.scoring.campaign import Campaign

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Predict which customers will leave.",
)
MISTAKE, ALARM = 2, 3  # exit codes
INTERRUPTED = 130  # as shells have it for Ctrl-C
PRINTED = 5  # customers

Config = Annotated[Path, typer.Argument(help="YAML config.")]
Model = Annotated[Path, typer.Argument(help="Model folder.")]
Scores = Annotated[Path, typer.Option(help="Where the scores go: .csv or .parquet.")]
Id = Annotated[str | None, typer.Option(help="Column that names the customer.")]
Database = Annotated[str | None, typer.Option(help="Environment variable with a PostgreSQL URL.")]
ChunkRows = Annotated[int, typer.Option(help="Rows at a time.")]
Threads = Annotated[int, typer.Option(help="Threads for the trees.")]


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
        list[str] | None, typer.Argument(help="Changes such as classifier.network.dbn.epochs=5.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Unfinished run to continue instead.")
    ] = None,
) -> None:
    """Train a model and report how good it is beside simpler ones.

    While it trains, the run is a folder NAME.unfinished; if it is interrupted, --resume continues.
    """
    from dbnchurn.runs import read_config
    from dbnchurn.runs import resume as take_up
    from dbnchurn.runs import train as run
    from dbnchurn.runs.folder import read_json
    from dbnchurn.runs.summary_text import result_table, told
    from dbnchurn.runs.unfinished import Interrupted

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
    metrics = read_json(folder / "metrics.json")
    _console().print(result_table(metrics))
    print(told(folder, metrics))
    if read_config(folder / "config.yaml").published:
        print((folder / "table.md").read_text(encoding="utf-8"))


@app.command()
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
    from dbnchurn.experiments.comparison_files import told
    from dbnchurn.experiments.experiment import run_experiment
    from dbnchurn.runs import read_config

    folder = run_experiment(read_config(config, overrides or []), config.stem, jobs=jobs)
    print(told(folder))


@app.command()
def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of runs or experiments.")
    ],
    output: Annotated[Path, typer.Option(help="Folder for the comparison.")] = Path(
        "runs/comparison"
    ),
    metric: Annotated[str, typer.Option(help="Decides ranks and verdict.")] = "average_precision",
) -> None:
    """Compare finished runs: means with intervals, ranks, paired differences, what differed."""
    from dbnchurn.experiments.comparison_files import compare_folders, told

    compare_folders(runs, output, metric)
    print(told(output))


@app.command()
def evaluate(
    model: Model,
    table: Annotated[Path, typer.Argument(help="CSV or Parquet file of customers with outcomes.")],
    label: Annotated[
        str | None, typer.Option(help="Column with the outcome; by default that of the training.")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="Label of those who left.")] = None,
    output: Annotated[Path | None, typer.Option(help="New JSON file for the numbers.")] = None,
) -> None:
    """Measure a stored model on newly labelled customers, beside what it promised."""
    from dbnchurn.runs.backtest import backtest

    found = backtest(model, table, label=label, positive=positive, output=output)
    print(found.words())


@app.command()
def tune(
    config: Annotated[Path, typer.Argument(help="YAML config with 'tuning'.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as tuning.trials=50.")
    ] = None,
) -> None:
    """Search for better settings on the validation rows; call again to go on."""
    from dbnchurn.experiments.tuning import tune as run
    from dbnchurn.runs import read_config

    print(run(read_config(config, overrides or []), config.stem).words())


@app.command()
def segments(
    config: Config,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes such as miner.budget=0.1.")
    ] = None,
) -> None:
    """Find segments of customers who say yes, in plain words."""
    from dbnchurn.runs.segments import read_segments_config, run, summary

    settings = read_segments_config(config, overrides or [])
    with displayed():
        folder = run(settings, name=config.stem)
    print(summary(folder))


@app.command()
def recompute(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    write: Annotated[
        bool, typer.Option("--write", help="Replace what differs by what was made again.")
    ] = False,
) -> None:
    """Make a run's numbers and report again from its files, and say what differs."""
    from dbnchurn.runs.recompute import recompute as again

    found = again(run, write=write)
    print(found.words())
    if not found.same:
        raise typer.Exit(1)


@app.command()
def score(
    model: Model,
    output: Scores,
    table: Annotated[
        str | None,
        typer.Argument(
            metavar="INPUT",
            help="CSV or Parquet file, folder of them, or pattern; with --database a table or "
            "SQL. Left out, a month is built from the raw tables of the training.",
        ),
    ] = None,
    id: Id = None,
    database: Database = None,
    cutoff: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Build a month: what lies before this date."),
    ] = None,
    raw: Annotated[
        list[str] | None,
        typer.Option("--table", help="NAME=PATH: where a raw table of the model lies now."),
    ] = None,
    reasons: Annotated[int, typer.Option(help="Reasons to give for every score.")] = 0,
    rejected: Annotated[
        Path | None, typer.Option(help="Where rows go that cannot be read.")
    ] = None,
    max_rejected: Annotated[float, typer.Option(help="Share of rows that may be rejected.")] = 0.05,
    alarm: Annotated[
        float | None,
        typer.Option(help="Stability index of score or column from which on the job alarms."),
    ] = None,
    alarm_code: Annotated[int, typer.Option(help="Exit code of an alarm.")] = ALARM,
    campaign: Annotated[Path | None, typer.Option(help="Write a campaign list there.")] = None,
    budget: Annotated[
        float | None, typer.Option(help="Customers to contact: a number, or a share below 1.")
    ] = None,
    suppress: Annotated[
        Path | None, typer.Option(help="Ids of customers who must not be contacted.")
    ] = None,
    control: Annotated[float, typer.Option(help="Share of the list that is held out.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the control group.")] = 0,
    chunk_rows: ChunkRows = 100_000,
    threads: Threads = 1,
) -> None:
    """Score customers with a stored model; a job that was killed goes on where it was."""
    from dbnchurn.scoring.job import score_file
    from dbnchurn.scoring.summary_text import alarming, drift_table, told

    wanted = _campaign(campaign, budget, suppress, control, seed)
    with displayed():
        job = score_file(
            model,
            table,
            output,
            id=id,
            database=database,
            cutoff=cutoff.date() if cutoff is not None else None,
            tables=_pairs(raw or []),
            reasons=reasons,
            rejected=rejected,
            max_rejected=max_rejected,
            campaign=wanted,
            chunk_rows=chunk_rows,
            n_threads=threads,
        )
    if job.drift is not None:
        Console().print(drift_table(job.drift))
    print(told(job))
    if alarm is not None and (moved := alarming(job, alarm)):
        print(moved, file=sys.stderr)
        raise typer.Exit(alarm_code)


def _campaign(
    path: Path | None, budget: float | None, suppress: Path | None, control: float, seed: int
) -> Campaign | None:
    """The campaign list that the options ask for, if they do."""
    from dbnchurn.scoring.campaign import Campaign

    if (path is None) != (budget is None):
        raise ConfigError("a campaign list needs both --campaign FILE and --budget NUMBER")
    if path is not None and budget is not None:
        return Campaign(path, budget, suppress, control, seed)
    if suppress is not None or control:
        raise ConfigError("--suppress and --control belong to --campaign FILE")
    return None


@app.command()
def explain(
    model: Model,
    table: Annotated[
        str,
        typer.Argument(metavar="INPUT", help="CSV or Parquet file, folder of them, or pattern."),
    ],
    output: Scores,
    top: Annotated[int, typer.Option(help="Reasons per customer.")] = 3,
    id: Id = None,
    chunk_rows: ChunkRows = 100_000,
    threads: Threads = 1,
) -> None:
    """Score customers and tell the reasons; the job of 'score --reasons', with a look at them."""
    from dbnchurn.scoring.explaining import explain_file, highest
    from dbnchurn.scoring.summary_text import reasons_table, told

    with displayed():
        job = explain_file(
            model, table, output, top=top, id=id, chunk_rows=chunk_rows, n_threads=threads
        )
    shown = reasons_table(highest(job.output, PRINTED), top)
    _console().print(shown)
    print(told(job))


@app.command()
def export(
    model: Model,
    output: Annotated[Path, typer.Option(help="Where the graph goes: an .onnx file.")],
) -> None:
    """Write a stored model as one ONNX graph, for systems that cannot run this package."""
    from dbnchurn.exports import export_onnx

    export_onnx(model, output)
    print(f"written to {output}; its metadata says how its inputs are made")


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
    database: Database = None,
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
            from dbnchurn.runs import read_config
            from dbnchurn.runs.customers import prepare_tables

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


class ConfigKind(StrEnum):
    """What a config is of."""

    RUN = "run"
    SEGMENTS = "segments"


@app.command()
def schema(
    of: Annotated[ConfigKind, typer.Argument(help="Which kind of config.")] = ConfigKind.RUN,
) -> None:
    """Print the JSON schema of a run's config, or of a search for segments, for editors."""
    from dbnchurn.config import json_schema
    from dbnchurn.runs.config import RunConfig
    from dbnchurn.runs.segments import SegmentsConfig

    model = SegmentsConfig if of is ConfigKind.SEGMENTS else RunConfig
    print(json.dumps(json_schema(model), indent=2))


def _console() -> Console:
    """Standard output; wide where it is no terminal, so that a log keeps whole lines."""
    return Console(width=None if sys.stdout.isatty() else 170)


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
