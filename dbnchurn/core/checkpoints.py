"""Checkpoints: finished pieces of a long computation, kept in files to survive an interruption.

A file holds named arrays and plain facts (npz and JSON, no pickle). It is written under another
name and renamed, so a file under its own name is complete.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.files import atomic_write
from dbnchurn.core.typing import Arrays

FACTS = "facts"  # name of the JSON text among the arrays
START = "start"  # name of the piece that says what is computed, before any of it is


def save(path: Path, arrays: Mapping[str, npt.NDArray[Any]], facts: Any) -> None:
    """Write arrays and facts as one file, which appears when it is whole.

    Parameters
    ----------
    path : Path
        Its folder is made if it is not there.
    arrays : mapping of name → array
    facts : JSON value
        Arrays and numbers of numpy in it become lists and plain numbers.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Path(folder, "piece.npz"), {"weights": np.ones(2)}, {"epoch": 3})
    ...     load(Path(folder, "piece.npz"))
    ({'weights': array([1., 1.])}, {'epoch': 3})
    """
    text = json.dumps(facts, default=lambda value: value.tolist())
    with atomic_write(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **{FACTS: np.array(text)}, **arrays)  # type: ignore[arg-type]


def load(path: Path) -> tuple[Arrays, Any]:
    """Read what :func:`save` wrote.

    Raises
    ------
    ValueError
        If the file is damaged or not one of these.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return arrays, json.loads(str(arrays.pop(FACTS)))
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise ValueError(
            f"{path} is not a checkpoint that can be read ({error}); delete it to start afresh"
        ) from error


@dataclass(frozen=True)
class CheckpointStore:
    """A folder of finished pieces, each under its name; without a folder nothing is kept.

    Parameters
    ----------
    folder : Path or None

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = CheckpointStore(Path(folder)).part("model")
    ...     first = store.get_or_compute("sum", lambda: ({"sum": np.ones(2)}, 1))
    ...     again = store.get_or_compute("sum", lambda: 1 / 0)
    >>> again[0]["sum"]
    array([1., 1.])
    """

    folder: Path | None = None

    @property
    def kept(self) -> bool:
        """Whether any piece is there."""
        pieces = () if self.folder is None else self.folder.rglob("*.npz")
        return any(piece.stem != START for piece in pieces)

    def part(self, name: str) -> CheckpointStore:
        """The store of one part of the computation, a folder inside."""
        return CheckpointStore(None if self.folder is None else self.folder / name)

    def begin(self, make: Callable[[], dict[str, str]]) -> None:
        """Write what is to be computed into the folder; refuse a folder of another computation.

        Parameters
        ----------
        make : function without arguments
            Gives a text that identifies the input, for every part of it.

        Raises
        ------
        ConfigError
            If the folder holds another text; the message names the part.
        """
        if self.folder is None:
            return
        now = make()
        _, then = self.get_or_compute(START, lambda: ({}, now))
        for what, known in then.items():
            if known != now[what]:
                raise ConfigError(
                    f"the checkpoints in {self.folder} are of other {what} than this training; "
                    "name another folder or delete them"
                )

    def get_or_compute(
        self, name: str, make: Callable[[], tuple[Arrays, Any]]
    ) -> tuple[Arrays, Any]:
        """Arrays and facts of one piece; computed and kept if they are not there.

        Parameters
        ----------
        name : str
        make : function without arguments
            Computes arrays (mapping of name → array) and facts (JSON value).

        Returns
        -------
        arrays : dict of name → array
        facts : JSON value
        """
        if self.folder is None:
            return make()
        path = self.folder / f"{name}.npz"
        if path.exists():
            return load(path)
        arrays, facts = make()
        save(path, arrays, facts)
        return arrays, facts


NOWHERE = CheckpointStore()
"""Keeps nothing: the default where no checkpoints are asked for."""
