"""One run from start to end: table → parts → model and baselines → run folder.

The table is read and checked before the libraries are imported that a model is fitted with.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.progress import stage
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.runs.baselines import baselines_of
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import (
    check_leakage,
    read_customers,
)
from dbnchurn.runs.drivers import check_display_names
from dbnchurn.runs.engine import Engine
from dbnchurn.runs.feedback import with_feedback
from dbnchurn.runs.folder import open_output
from dbnchurn.runs.protocol import division
from dbnchurn.runs.tracking import require_mlflow, track
from dbnchurn.runs.unfinished import Unfinished
from dbnchurn.tables import Customers
from dbnchurn.tables.splitting import Split


def train(
    config: RunConfig,
    name: str = "run",
    *,
    mkdir: bool = False,
    engine: Engine | None = None,
) -> Path:
    """Train a model and its baselines, measure them, and write a run folder.

    Parameters
    ----------
    config : RunConfig
        As :func:`read_config` gives it.
    name : str, default "run"
        Name of the run folder in the config's output; a number is added if there is one of that
        name.
    mkdir : bool, default False
        Whether the folders above the output are made if they do not exist.
    engine : Engine, optional
        What builds the table of features, and may fit boosters; by default this machine does. It
        is closed in the end.

    Returns
    -------
    folder : Path
        With ``config.yaml``, ``predictions.parquet``, ``training.json``, ``metrics.json``,
        ``curves.json``, ``table.md`` and ``table.csv``, ``report.html``, ``learned_rows.parquet``,
        ``model/`` and, if rows were set aside, ``quarantine.parquet``. It appears when all of it
        is written.

    Raises
    ------
    DataError, ConfigError
        If the table or the config cannot be used.

    Examples
    --------
    >>> config = read_config("configs/tv.yaml", ["baselines=[]"])  # doctest: +SKIP
    >>> train(config, "tv")  # doctest: +SKIP
    PosixPath('runs/tv')
    """
    baselines_of(config.baselines)  # refused before anything is trained
    open_output(Path(config.output), config.sources, mkdir=mkdir)
    if config.tracking is not None:
        require_mlflow()
    unfinished = Unfinished.begin(config, name, elsewhere=engine is not None)
    return _finish(config, unfinished, engine)


def resume(folder: str | Path, *, engine: Engine | None = None) -> Path:
    """Finish a run that was interrupted, to the same result as without the interruption.

    Parameters
    ----------
    folder : path
        ``NAME.unfinished``, or the run folder that it would have become.
    engine : Engine, optional
        As :func:`train` takes it.

    Returns
    -------
    folder : Path
        As of :func:`train`.

    Raises
    ------
    ConfigError
        If there is no such unfinished run, it was begun with another engine, or its rows are no
        longer those it was begun with.

    Examples
    --------
    >>> resume("nowhere/tv")
    Traceback (most recent call last):
    dbnchurn.core.errors.ConfigError: the run nowhere/tv does not exist, so it cannot be \
resumed; none is unfinished there
    """
    unfinished = Unfinished.at(folder)
    if unfinished.complete:
        with ScratchFolder():  # which clears up what the killed process has spilled
            unfinished.discard()
        return unfinished.target
    if unfinished.elsewhere != (engine is not None):
        begun = "with --engine spark" if unfinished.elsewhere else "without --engine spark"
        raise ConfigError(
            f"{unfinished.folder} was begun {begun} (engine=), and otherwise becomes another run: "
            f"resume it {begun}, too"
        )
    return _finish(unfinished.config(), unfinished, engine)


def _finish(config: RunConfig, unfinished: Unfinished, engine: Engine | None = None) -> Path:
    """Train from the checkpoints that are there, and write the run folder."""
    seconds: dict[str, float] = {}
    closed: AbstractContextManager[object] = nullcontext() if engine is None else closing(engine)
    with unfinished.underway(), ScratchFolder() as work, closed:
        with stage("read", seconds):
            table, built = read_customers(config, work, engine)
            check_display_names(config.display_names, [*table.X, *table.side_columns])
            parts = divide(table, config)
        with stage("check", seconds):
            table = check_leakage(config, table, parts, built)
            table, weighted = with_feedback(config, table, parts)
        from dbnchurn.runs.fitting import fit_and_write  # now that the table is found to be good

        folder = fit_and_write(
            config, table, parts, built, weighted, unfinished=unfinished, engine=engine,
            seconds=seconds, work=work,
        )  # fmt: skip
    if config.tracking is not None:
        track(folder, config.tracking)
    return folder


def divide(table: Customers, config: RunConfig) -> Split:
    """Training, validation and test rows.

    Parameters
    ----------
    table : Customers
    config : RunConfig
        ``split`` and ``seed`` decide.

    Returns
    -------
    Split
    """
    return division(table, config.split, config.seed)
