"""One run: config in; model, predictions, metrics and report out, in one folder."""

from dbnchurn.lazy import attach

__all__ = ["RunConfig", "read_config", "train"]

__getattr__ = attach(
    __name__, {"RunConfig": "run_config", "read_config": "run_config", "train": "run"}
)
