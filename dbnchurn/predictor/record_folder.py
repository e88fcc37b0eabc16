"""A record as a folder of JSON and safetensors, nothing of which is ever executed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from safetensors.numpy import save as save_arrays

from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.core.file_sets import content_of, read_as_one, replace_files
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.places import check_places
from dbnchurn.core.records import pack, references, unpack
from dbnchurn.core.typing import Arrays
from dbnchurn.predictor.safe_parsing import parse_arrays, parse_json

R = TypeVar("R")


@dataclass(frozen=True)
class RecordFolder:
    """How records of one kind are stored: ``NAME.json``, and its arrays in ``NAME.safetensors``.

    Parameters
    ----------
    name : str
        Of both files, and of the record within the JSON file.
    what : str
        The records in words, for messages.
    version : int
        Of the newest format; raised when a field is added, changes its meaning or is removed.
    most_bytes : int
        Of a file.
    """

    name: str
    what: str
    version: int
    most_bytes: int

    @property
    def tree(self) -> str:
        """Name of the JSON file."""
        return f"{self.name}.json"

    @property
    def arrays(self) -> str:
        """Name of the file of arrays."""
        return f"{self.name}.safetensors"

    def save(self, record: object, folder: str | Path, *, mkdir: bool) -> Path:
        """Write a record into a folder, which appears when it is whole.

        Parameters
        ----------
        record : dataclass instance
        folder : str or Path
            New, or with an earlier record of the kind, which is replaced.
        mkdir : bool
            Whether the folders above it are made if they do not exist.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        ConfigError
            The folder holds something else, or the folder above it does not exist.
        """
        folder = Path(folder)
        check_places({self.what: folder}, mkdir=mkdir)
        tree, arrays = pack(record)
        stored = save_arrays(arrays)
        digest = hashlib.sha256(stored).hexdigest()
        index = {"format": self.version, "sha256": digest, self.name: tree}
        content = json.dumps(index, indent=1, ensure_ascii=False).encode("utf-8")
        files = {self.arrays: stored, self.tree: content}
        if not folder.exists():
            with atomic_folder(folder) as aside:
                for name, data in files.items():
                    (aside / name).write_bytes(data)
            return folder
        if not (folder / self.tree).exists() and any(folder.iterdir()):
            raise ConfigError(f"{folder} exists and holds no {self.what}; choose another folder")
        replace_files(folder, files, self.tree)
        return folder

    def load(self, folder: Path) -> tuple[dict[str, Any], Arrays]:
        """Read a folder, each part checked.

        Parameters
        ----------
        folder : Path

        Returns
        -------
        index : dict
            The content of the JSON file: ``format``, and the record's tree under `name`.
        arrays : dict of name → array

        Raises
        ------
        ArtifactError
            The files are missing, damaged, or of another format.
        """
        return read_as_one(folder, self.tree, lambda: self._load(folder))

    def record(self, kind: type[R], tree: Any, arrays: Arrays, folder: Path) -> R:
        """Build the record of a folder.

        Parameters
        ----------
        kind : dataclass
        tree : JSON value
            As the newest format has it.
        arrays : dict of name → array
        folder : Path
            For messages.

        Returns
        -------
        instance of `kind`

        Raises
        ------
        ArtifactError
            A value is not what it has to be.
        """
        try:
            return unpack(kind, tree, arrays)
        except ArtifactError as error:
            raise ArtifactError(f"{folder}: {self.what} cannot be read: {error}") from error

    def _load(self, folder: Path) -> tuple[dict[str, Any], Arrays]:
        try:
            index = parse_json(self._content(folder, self.tree))
            if not isinstance(index, dict) or index.get("format") not in range(1, self.version + 1):
                raise ArtifactError(
                    f"{folder / self.tree} is of none of the formats 1 to {self.version}"
                )
            digest = str(index.get("sha256"))
            content, right = content_of(
                folder, self.arrays, digest, lambda name: self._content(folder, name)
            )
            if not right:
                raise ArtifactError(
                    f"{folder / self.arrays} is damaged, or not the one of {self.tree}"
                )
            arrays = parse_arrays(content)
        except (ValueError, RecursionError) as error:
            raise ArtifactError(f"{folder}: {self.what} cannot be read: {error}") from error
        if sorted(references(index.get(self.name))) != sorted(arrays):
            raise ArtifactError(
                f"{folder}: {self.tree} and {self.arrays} do not name the same arrays"
            )
        return index, arrays

    def _content(self, folder: Path, name: str) -> bytes:
        try:
            if (size := (folder / name).stat().st_size) > self.most_bytes:
                raise ArtifactError(
                    f"{folder / name} has {size} bytes; {self.most_bytes} are allowed"
                )
            return (folder / name).read_bytes()
        except OSError as error:
            raise ArtifactError(
                f"{folder} holds no {self.what}: {name}: {error.strerror}"
            ) from error
