"""One run of an experiment, in a process of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from dbnchurn.experiments.fingerprints import write_completion_marker
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.training import train
from dbnchurn.runs.unfinished import SUFFIX

# The server that workers fork from imports this module, and with it what a run is fitted with.
import dbnchurn.runs.fitting  # noqa: F401  isort: skip


def run_one(config: str, name: str, facts: dict[str, object]) -> str:
    """Train a run and write the completion marker of its folder.

    Parameters
    ----------
    config : str
        A RunConfig as JSON; its `output` is where the folder goes.
    name : str
        Name of the folder.
    facts : dict
        Plain data for the completion marker: key, variant, seed, fold.

    Returns
    -------
    str
        The run folder.

    Raises
    ------
    RuntimeError
        If another process took the name of the folder meanwhile.
    """
    settings = RunConfig.model_validate_json(config)
    if (unfinished := Path(settings.output, name + SUFFIX)).exists():
        shutil.rmtree(unfinished)  # of an experiment that was killed
    folder = train(settings, name)
    if folder.name != name:
        raise RuntimeError(f"another process wrote {name} at the same time; call again")
    write_completion_marker(folder, facts)
    return str(folder)
