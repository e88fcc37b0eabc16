"""Personas as a folder: JSON and safetensors, nothing of which is ever executed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors.numpy import save as save_arrays

from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.core.file_sets import content_of, read_as_one, replace_files
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.places import check_places
from dbnchurn.core.records import pack, references, unpack
from dbnchurn.personas.persona_record import PersonaRecord
from dbnchurn.predictor.safe_parsing import parse_arrays, parse_json

FORMAT = 3  # raise it when a field is added, changes its meaning or is removed
TREE, ARRAYS = "personas.json", "personas.safetensors"
MOST_BYTES = 256 * 2**20


def save(record: PersonaRecord, folder: str | Path, *, mkdir: bool = True) -> Path:
    """Write personas into a folder, which appears when it is whole.

    Parameters
    ----------
    record : PersonaRecord
        Such as ``record_`` of fitted :class:`Personas`.
    folder : str or Path
        New, or with earlier personas, which are replaced.
    mkdir : bool, default True
        Whether the folders above it are made if they do not exist.

    Returns
    -------
    Path
        The folder, with ``personas.json`` and ``personas.safetensors``.

    Raises
    ------
    ConfigError
        The folder holds something else, or the folder above it does not exist.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np, pandas as pd
    >>> from dbnchurn.personas import Personas
    >>> X = pd.DataFrame({"tenure": np.repeat([1.0, 40.0], 60)})
    >>> personas = Personas(n_personas=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(personas.record_, folder + "/personas")).assign(X).equals(personas.labels_)
    True
    """
    folder = Path(folder)
    check_places({"personas": folder}, mkdir=mkdir)
    tree, arrays = pack(record)
    stored = save_arrays(arrays)
    index = {"format": FORMAT, "sha256": hashlib.sha256(stored).hexdigest(), "personas": tree}
    content = json.dumps(index, indent=1, ensure_ascii=False).encode("utf-8")
    files = {ARRAYS: stored, TREE: content}
    if not folder.exists():
        with atomic_folder(folder) as aside:
            for name, data in files.items():
                (aside / name).write_bytes(data)
        return folder
    if not (folder / TREE).exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} exists and holds no personas; choose another folder")
    replace_files(folder, files, TREE)
    return folder


def load(folder: str | Path) -> PersonaRecord:
    """Read personas that :func:`save` wrote, each part checked.

    Parameters
    ----------
    folder : str or Path
        Theirs, or a folder of ``dbnchurn personas``, which has them in ``personas``.

    Returns
    -------
    PersonaRecord

    Raises
    ------
    ArtifactError
        The files are missing, damaged, or of another format.

    Examples
    --------
    >>> load("nowhere")
    Traceback (most recent call last):
    dbnchurn.core.errors.ArtifactError: nowhere: personas cannot be read: nowhere holds no \
personas: personas.json: No such file or directory
    """
    folder = Path(folder)
    if not (folder / TREE).exists() and (folder / "personas" / TREE).exists():
        folder = folder / "personas"
    return read_as_one(folder, TREE, lambda: _load(folder))


def _load(folder: Path) -> PersonaRecord:
    try:
        tree = parse_json(_content(folder, TREE))
        if not isinstance(tree, dict) or tree.get("format") not in range(1, FORMAT + 1):
            raise ArtifactError(f"{folder / TREE} is of none of the formats 1 to {FORMAT}")
        digest = str(tree.get("sha256"))
        content, right = content_of(folder, ARRAYS, digest, lambda name: _content(folder, name))
        if not right:
            raise ArtifactError(f"{folder / ARRAYS} is damaged, or not the one of {TREE}")
        arrays = parse_arrays(content)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{folder}: personas cannot be read: {error}") from error
    if sorted(references(tree.get("personas"))) != sorted(arrays):
        raise ArtifactError(f"{folder}: {TREE} and {ARRAYS} do not name the same arrays")
    return unpack(PersonaRecord, _upgraded(tree), arrays)


def _upgraded(tree: dict[str, Any]) -> Any:
    """The record of a file as the newest format has it."""
    record = tree.get("personas")
    if isinstance(record, dict):
        for point in _points(record):
            point.setdefault("error", None)
    if not isinstance(record, dict):
        return record
    # Fields that earlier formats did not keep.
    lacking: dict[str, Any] = {"id": None, "codes": None} if tree["format"] == 1 else {}
    if tree["format"] < FORMAT:
        lacking["missing"] = []
    return {**record, **lacking}


def _points(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The stabilities of a stored record."""
    curve = record.get("curve")
    found = [*(curve if isinstance(curve, list) else []), record.get("stability")]
    return [point for point in found if isinstance(point, dict)]


def _content(folder: Path, name: str) -> bytes:
    try:
        if (size := (folder / name).stat().st_size) > MOST_BYTES:
            raise ArtifactError(f"{folder / name} has {size} bytes; {MOST_BYTES} are allowed")
        return (folder / name).read_bytes()
    except OSError as error:
        raise ArtifactError(f"{folder} holds no personas: {name}: {error.strerror}") from error
