"""Models that are stored as they are, though they could not be loaded again."""

from pathlib import Path

from dbnchurn.predictor.artifact import files_of
from dbnchurn.predictor.model_record import ModelRecord


def store(record: ModelRecord, folder: Path) -> None:
    """Write the files of a model without the checks of ``save``."""
    folder.mkdir(exist_ok=True)
    for name, content in files_of(record, card="").items():
        (folder / name).write_bytes(content)
