"""One run: config in; model, predictions, metrics and report out, in one folder."""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.experiment.run import resume as resume
    from dbnchurn.experiment.run import train as train
    from dbnchurn.experiment.run_config import RunConfig as RunConfig
    from dbnchurn.experiment.run_config import read_config as read_config

__all__ = ["RunConfig", "read_config", "resume", "train"]

__getattr__ = attach(
    __name__,
    {"RunConfig": "run_config", "read_config": "run_config", "resume": "run", "train": "run"},
)
