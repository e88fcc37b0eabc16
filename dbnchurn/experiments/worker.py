"""One run of an experiment, in a process of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from dbnchurn.experiments.fingerprints import write_completion_marker
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.training import train
from dbnchurn.runs.unfinished import SUFFIX


def run_one(config: str, name: str, facts: dict[str, object]) -> str:
    """Train as a config says and seal the run folder.

    Parameters
    ----------
    config : str
        A RunConfig as JSON; its `output` is where the folder goes.
    name : str
        Name of the folder.
    facts : dict
        Plain data for the seal: key, variant, seed, fold.

    Returns
    -------
    str
        The run folder.
    """
    settings = RunConfig.model_validate_json(config)
    if (half := Path(settings.output, name + SUFFIX)).exists():
        shutil.rmtree(half)  # what a killed experiment left behind
    folder: Path = train(settings, name)
    if folder.name != name:
        raise RuntimeError(f"another process wrote {name} at the same time; call again")
    write_completion_marker(folder, facts)
    return str(folder)
