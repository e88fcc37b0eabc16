"""Personas as a folder: JSON and safetensors, nothing of which is ever executed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbnchurn.personas.persona_record import PersonaRecord
from dbnchurn.predictor.record_folder import RecordFolder

STORED = RecordFolder("personas", "personas", version=3, most_bytes=256 * 2**20)


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
    return STORED.save(record, folder, mkdir=mkdir)


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
    if not (folder / STORED.tree).exists() and (folder / "personas" / STORED.tree).exists():
        folder = folder / "personas"
    index, arrays = STORED.load(folder)
    return STORED.record(PersonaRecord, _upgraded(index), arrays, folder)


def _upgraded(tree: dict[str, Any]) -> Any:
    """The record of a file as the newest format has it."""
    record = tree.get("personas")
    if not isinstance(record, dict):
        return record
    for point in _points(record):
        point.setdefault("error", None)
    # Fields that earlier formats did not keep.
    lacking: dict[str, Any] = {"id": None, "codes": None} if tree["format"] == 1 else {}
    if tree["format"] < STORED.version:
        lacking["missing"] = []
    return {**record, **lacking}


def _points(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The stabilities of a stored record."""
    curve = record.get("curve")
    found = [*(curve if isinstance(curve, list) else []), record.get("stability")]
    return [point for point in found if isinstance(point, dict)]
