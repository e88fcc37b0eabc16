"""What a disk that is full or closed means for a scoring job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbnchurn.errors import ConfigError


@contextmanager
def disk_errors(output: Path) -> Iterator[None]:
    """Tell of a full or unwritable disk in one sentence.

    Raises
    ------
    ConfigError
        In place of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(
            f"{output}: scores cannot be written there: {why}; with that mended, the same command "
            "goes on from the chunks that are finished"
        ) from error
