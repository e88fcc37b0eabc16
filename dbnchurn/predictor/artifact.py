"""The stored model: a folder with ``manifest.json``, ``model.safetensors`` and ``card.md``.

The only parsers are those of JSON and safetensors. Loading is parse → build the records, each
audited alone → audit the model; nothing is ever executed or unpickled.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
from safetensors.numpy import save as save_arrays

from dbnchurn.core.errors import ArtifactError, ConfigError, ResourceError, listed
from dbnchurn.core.file_sets import read_as_one, replace_files
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.places import check_places
from dbnchurn.core.provenance import fingerprint
from dbnchurn.core.records import array_sizes, pack, references, unpack
from dbnchurn.core.scratch import remove_remains
from dbnchurn.predictor.about import audit_about
from dbnchurn.predictor.audit import audit_model
from dbnchurn.predictor.budget import check_counts
from dbnchurn.predictor.digest import SIGNATURE, check_signature, digest_of, refuse_other
from dbnchurn.predictor.model_files import (
    ARRAYS,
    CARD,
    LARGEST,
    MANIFEST,
    check_entries,
    check_folder,
    is_part,
    most_bytes,
    read_file,
    read_named,
    read_signature,
    too_large,
)
from dbnchurn.predictor.model_record import ModelRecord
from dbnchurn.predictor.safe_parsing import parse_arrays, parse_json

FORMAT = 7
REFUSED = "the model is not stored, as it could not be loaded again"
LONGEST_MESSAGE = 600  # letters; what a message quotes was written by whoever wrote the model


def save(
    model: ModelRecord,
    folder: str | Path,
    *,
    card: str,
    about: Mapping[str, Any] | None = None,
    mkdir: bool = True,
) -> None:
    """Write a model atomically: after a failure or a kill it is the old one or the new one.

    A new folder appears when it is whole. In a folder that is there, which may be a mount point,
    the files are replaced as one, see :mod:`dbnchurn.core.file_sets`: who loads the model meanwhile
    gets the old one or the new one.

    Parameters
    ----------
    model : ModelRecord
    folder : str or Path
        Has to be new, empty, or an older model.
    card : str
        Model card in Markdown.
    about : mapping, optional
        Further plain data for the manifest: versions, metrics, fingerprint.
    mkdir : bool, default True
        Whether the folders above it are made if they do not exist.

    Raises
    ------
    ArtifactError
        If the model could not be loaded again: it is checked as it would be then, before anything
        is written.
    ConfigError
        If the folder holds something else, or the one above it does not exist and is
        not to be made.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from dbnchurn import ChurnClassifier
    >>> customers = pd.DataFrame({"debt": [5.0, 80.0] * 50})
    >>> model = ChurnClassifier(use_leaves=False, use_companion=False, random_state=0)
    >>> record = model.fit(customers, ["no", "yes"] * 50).record_
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(record, folder, card="# Churn model", about={"id": "customer"})
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['card.md', 'manifest.json', 'model.safetensors']
    """
    folder = Path(folder)
    if folder.exists() and not _replaceable(folder):
        raise ConfigError(f"{folder} exists and is not a model; choose another folder")
    check_places({"model": folder}, mkdir=mkdir)
    files = files_of(model, card=card, about=about)
    _check_loadable(files)
    remove_remains(folder.parent)
    if not folder.exists():
        try:
            with atomic_folder(folder) as aside:
                for name, content in files.items():
                    (aside / name).write_bytes(content)
            return
        except ResourceError:  # another process has made it meanwhile
            if not _replaceable(folder):
                raise
    replace_files(folder, files, MANIFEST)
    (folder / SIGNATURE).unlink(missing_ok=True)  # of the model that was there


def files_of(
    model: ModelRecord, *, card: str, about: Mapping[str, Any] | None = None
) -> dict[str, bytes]:
    """The files of a stored model; whether they could be loaded is not checked.

    Parameters
    ----------
    model : ModelRecord
    card : str
    about : mapping, optional
        As for :func:`save`.

    Returns
    -------
    dict of name → contents

    Raises
    ------
    ArtifactError
        If `about` is no plain data, or holds NaN or an infinite number.
    """
    tree, arrays = pack(model)
    files = {ARRAYS: save_arrays(arrays), CARD: card.encode()}
    manifest = {
        "format": FORMAT,
        "about": dict(about or {}),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "model": tree,
    }
    return {**files, MANIFEST: _as_json(manifest)}


def _as_json(manifest: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(manifest, indent=1, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{REFUSED}: {MANIFEST} cannot be JSON: {error}") from error


def _check_loadable(files: Mapping[str, bytes]) -> None:
    """Refuse what :func:`load_stored` would refuse."""
    try:
        for name, content in files.items():
            if len(content) > LARGEST[name]:
                raise ArtifactError(too_large(name, len(content), LARGEST[name]))
        manifest = _parse_manifest(files[MANIFEST])
        check_counts(manifest["model"])
        most = most_bytes(array_sizes(manifest["model"]))
        if len(files[ARRAYS]) > most:
            raise ArtifactError(too_large(ARRAYS, len(files[ARRAYS]), most))
        _build(manifest, files, "")
    except ArtifactError as error:
        raise ArtifactError(f"{REFUSED}: {_short(str(error))}") from error


def version_of(tree: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """The version of a model: a hash of its contents alone.

    Parameters
    ----------
    tree : JSON value
    arrays : mapping of name → array
        Both as :func:`~dbnchurn.core.records.pack` gives them.

    Returns
    -------
    str
        The first twelve hexadecimal digits of a SHA-256, of the tree as JSON with sorted keys and
        then the fingerprint of every array in the order of their names.
    """
    digest = hashlib.sha256(json.dumps(tree, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(fingerprint([arrays[name]]).encode())
    return digest.hexdigest()[:12]


def _replaceable(folder: Path) -> bool:
    if not folder.is_dir() or folder.is_symlink():
        return False
    return all(is_part(entry.name) for entry in folder.iterdir())


@dataclass(frozen=True, eq=False)
class StoredModel:
    """A loaded model with its metadata.

    Parameters
    ----------
    model : ModelRecord
    about : dict
        The plain data that was stored with it, see :func:`save`.
    version : str
        As :func:`version_of` gives it for the stored records, before they are upgraded to the
        current format.
    digest : str
        Of all bytes of its files, see :func:`~dbnchurn.predictor.digest.digest_of`.
    """

    model: ModelRecord
    about: dict[str, Any]
    version: str
    digest: str


def load(folder: str | Path) -> tuple[ModelRecord, dict[str, Any]]:
    """Read a model and the plain data that was stored with it.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    model : ModelRecord
    about : dict

    Raises
    ------
    ArtifactError
        As :func:`load_stored`.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from dbnchurn import ChurnClassifier
    >>> customers = pd.DataFrame({"debt": [5.0, 80.0] * 50})
    >>> model = ChurnClassifier(use_leaves=False, use_companion=False, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.fit(customers, ["no", "yes"] * 50).save(folder)
    ...     record, about = load(folder)
    >>> record.labels, about["columns"]["used"]
    (('no', 'yes'), 1)
    """
    stored = load_stored(folder)
    return stored.model, stored.about


def load_stored(
    folder: str | Path, *, expect: str | None = None, public_key: str | Path | None = None
) -> StoredModel:
    """Read a model, and audit it before it is returned.

    Parameters
    ----------
    folder : str or Path
    expect : str, optional
        Digest that the model has to have.
    public_key : str or Path, optional
        Public key in PEM of who has to have signed the model.

    Returns
    -------
    StoredModel

    Raises
    ------
    ArtifactError
        If a file is missing, too large, a link, truncated or altered, the format is unknown, the
        records are inconsistent or do not fit one another, scoring would take memory beyond all
        bounds, or the model is not the expected one.
    ConfigError
        If `expect` is no digest, or `public_key` no key.
    """
    folder = Path(folder)
    check_folder(folder)
    try:
        return read_as_one(folder, MANIFEST, lambda: _checked(folder, expect, public_key))
    except ArtifactError as error:
        raise ArtifactError(f"{folder}: {_short(str(error))}") from error
    except (RecursionError, OverflowError, MemoryError) as error:
        raise ArtifactError(f"{folder}: the model is nested or sized beyond reason") from error


def _checked(folder: Path, expect: str | None, public_key: str | Path | None) -> StoredModel:
    """Read the files, hold them to digest and signature, and build the model."""
    content = read_file(folder, MANIFEST)
    manifest = _parse_manifest(content)
    check_counts(manifest["model"])
    most = {ARRAYS: most_bytes(array_sizes(manifest["model"])), CARD: None}
    files = {MANIFEST: content} | {
        name: read_named(folder, name, str(manifest["files"][name]), most=most[name])
        for name in (ARRAYS, CARD)
    }
    digest = digest_of(files)
    if expect is not None or public_key is not None:
        check_entries(folder)
    if expect is not None:
        refuse_other(digest, expect)
    if public_key is not None:
        check_signature(read_signature(folder), digest, public_key)
    return _build(manifest, files, digest)


def _short(message: str) -> str:
    """A message in one line, cut where a model quotes itself at length."""
    line = " ".join(message.split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]} …"


def _build(manifest: dict[str, Any], files: Mapping[str, bytes], digest: str) -> StoredModel:
    """The model of a parsed manifest: every record is audited as it is built, then the model."""
    arrays = parse_arrays(files[ARRAYS])
    version = version_of(manifest["model"], arrays)
    tree = _upgraded(manifest)["model"]
    named = Counter(references(tree))
    if unnamed := sorted(set(arrays) - set(named)):
        raise ArtifactError(f"{ARRAYS}: arrays that no record names: {listed(unnamed)}")
    if shared := sorted(name for name, uses in named.items() if uses > 1):
        raise ArtifactError(f"{MANIFEST}: several records name the arrays {listed(shared)}")
    audit_about(manifest["about"])
    model = unpack(ModelRecord, tree, arrays, "model")
    audit_model(model)
    return StoredModel(model, manifest["about"], version, digest)


def _parse_manifest(content: bytes) -> dict[str, Any]:
    try:
        manifest = parse_json(content)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{MANIFEST} is not valid JSON: {error}") from error
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise ArtifactError(f"{MANIFEST} does not describe a model")
    kinds = {"about": dict, "files": dict, "model": dict}
    for key, kind in kinds.items():
        if not isinstance(manifest.get(key), kind):
            raise ArtifactError(f"{MANIFEST}: {key!r} is missing or not a mapping")
    _check_format(manifest["format"])
    if set(manifest["files"]) != {ARRAYS, CARD}:
        raise ArtifactError(
            f"{MANIFEST}: a model has the files {listed((ARRAYS, CARD))}, this one names "
            f"{listed(manifest['files'])}"
        )
    if unknown := set(manifest) - {"format", *kinds}:
        raise ArtifactError(f"{MANIFEST}: unknown entries {listed(sorted(unknown))}")
    return manifest


def _check_format(number: Any) -> None:
    if type(number) is not int or number not in {*UPGRADES, FORMAT}:
        raise ArtifactError(
            f"the model has format {number!r:.40}, this version reads {min(UPGRADES)} to {FORMAT}; "
            "use the version of dbnchurn that wrote it or train anew"
        )


def _upgraded(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest in the current format, upgraded by one format after another."""
    while manifest["format"] != FORMAT:
        step = UPGRADES[manifest["format"]]
        manifest = {**step(manifest), "format": manifest["format"] + 1}
    return manifest


def _without_reference(manifest: dict[str, Any]) -> dict[str, Any]:
    """From format 1, which has no reference, to format 2."""
    return {**manifest, "model": {**manifest["model"], "reference": None}}


def _without_formats(manifest: dict[str, Any]) -> dict[str, Any]:
    """From format 2, whose columns do not say how text is written, to format 3."""
    model = manifest["model"]
    columns = [{"format": "", "note": "", **column} for column in model["schema"]["columns"]]
    schema = {**model["schema"], "columns": columns}
    return {**manifest, "model": {**model, "schema": schema}}


def _without_extra_trees(manifest: dict[str, Any]) -> dict[str, Any]:
    """From format 3, whose blend has networks alone, to format 4."""
    return {**manifest, "model": {**manifest["model"], "extra_trees": None}}


def _without_plausibility(manifest: dict[str, Any]) -> dict[str, Any]:
    """From format 4, which does not measure how plausible rows are, to format 5."""
    return {**manifest, "model": {**manifest["model"], "plausibility": None}}


def _without_floor(manifest: dict[str, Any]) -> dict[str, Any]:
    """Format 5: probabilities had no floor."""
    model = manifest["model"]
    return {**manifest, "model": {**model, "decide": {**model["decide"], "floor": 0.0}}}


def _without_codes(manifest: dict[str, Any]) -> dict[str, Any]:
    """From format 6, whose boosters test the columns alone, to format 7."""
    return {**manifest, "model": {**manifest["model"], "codes": None}}


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _without_reference,
    2: _without_formats,
    3: _without_extra_trees,
    4: _without_plausibility,
    5: _without_floor,
    6: _without_codes,
}
