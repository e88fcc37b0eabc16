"""The files of a model folder, read with bounds: nothing is read that is larger than it may be."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dbnchurn.core.errors import ArtifactError, listed
from dbnchurn.core.file_sets import content_of, is_waiting
from dbnchurn.core.scratch import PATTERN
from dbnchurn.predictor.digest import SIGNATURE, digest_of
from dbnchurn.predictor.safe_parsing import LARGEST_HEADER

MANIFEST, ARRAYS, CARD = "manifest.json", "model.safetensors", "card.md"
NAMES = (MANIFEST, ARRAYS, CARD)
LARGEST = {  # bytes
    MANIFEST: 16 * 2**20,
    ARRAYS: 2**30,
    CARD: 16 * 2**20,
    SIGNATURE: 2**12,
}
SLACK = LARGEST_HEADER + 2**20  # beside the arrays that the manifest names
OPEN_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def check_folder(folder: Path) -> None:
    """Refuse what is no model folder.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ArtifactError
        If there is no such folder, or it is that of a run.
    """
    if not folder.is_dir():
        raise ArtifactError(f"{folder}: no such model folder")
    if not (folder / MANIFEST).exists() and (folder / "model" / MANIFEST).is_file():
        raise ArtifactError(f"{folder} is a run; its model is {folder / 'model'}")


def read_file(
    folder: Path, name: str, *, kind: str | None = None, most: int | None = None
) -> bytes:
    """The bytes of a regular file of allowed size; links and pipes are refused.

    Parameters
    ----------
    folder : Path
        Of the model.
    name : str
    kind : str, optional
        The key of `LARGEST` that bounds it; its name if not given.
    most : int, optional
        Bytes that it may have, if fewer are known to be needed.

    Returns
    -------
    bytes

    Raises
    ------
    ArtifactError
        If it is missing, no regular file, too large, or cannot be read.
    """
    path, largest = folder / name, LARGEST[kind or name]
    most = largest if most is None else min(largest, most)
    if path.is_symlink() or not path.is_file():
        raise ArtifactError(f"{name} is {'a link' if path.is_symlink() else 'missing'}")
    try:
        with open(os.open(path, os.O_RDONLY | OPEN_FLAGS), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > most:
                why = "" if most == largest else ", as its arrays do not take more"
                raise ArtifactError(too_large(name, size, most) + why)
            return file.read(size)
    except OSError as error:
        raise ArtifactError(f"{name} cannot be read: {error.strerror}") from error


def too_large(name: str, size: int, most: int) -> str:
    """The sentence on a file of more bytes than are allowed.

    Parameters
    ----------
    name : str
    size, most : int
        Bytes.

    Returns
    -------
    str
    """
    return f"{name} has {size} bytes, at most {most} are allowed"


def read_signature(folder: Path) -> bytes | None:
    """The bytes of the signature; None if the model has none.

    Raises
    ------
    ArtifactError
        If it is a link, too large, or cannot be read.
    """
    path = folder / SIGNATURE
    return read_file(folder, SIGNATURE) if path.exists() or path.is_symlink() else None


def digest_of_folder(folder: Path) -> str:
    """The digest of a model folder, of which nothing else is read or checked.

    Raises
    ------
    ArtifactError
        If a file is missing, no regular file, too large, or cannot be read.
    """
    return digest_of({name: read_file(folder, name) for name in NAMES})


def check_entries(folder: Path) -> None:
    """Refuse a folder with anything beside the files of a model and its signature.

    Raises
    ------
    ArtifactError
        If there is something that the digest of a model would not cover.
    """
    others = sorted(entry.name for entry in folder.iterdir() if not is_part(entry.name))
    if others:
        raise ArtifactError(
            f"the folder holds {listed(others)}, which is no part of a model and in no digest; "
            "move it elsewhere"
        )


def read_named(folder: Path, name: str, digest: str, *, most: int | None = None) -> bytes:
    """The contents that the manifest names, from their place or from where they wait for it.

    Parameters
    ----------
    folder : Path
    name : str
        Of the file.
    digest : str
        SHA-256 in hexadecimal, as the manifest has it.
    most : int, optional
        As :func:`read_file` takes it.

    Returns
    -------
    bytes

    Raises
    ------
    ArtifactError
        If the hash is another, or the file cannot be read.
    """
    content, right = content_of(
        folder, name, digest, lambda file: read_file(folder, file, kind=name, most=most)
    )
    if not right:
        raise ArtifactError(f"{name} is damaged: its contents differ from what was stored")
    return content


def is_part(name: str) -> bool:
    """Whether a file of this name belongs to a model, or was left by a process that wrote one.

    Examples
    --------
    >>> is_part("card.md"), is_part("card.md.0123456789abcdef"), is_part("notes.txt")
    (True, True, False)
    """
    return (
        name in LARGEST
        or is_waiting(name, frozenset((ARRAYS, CARD)))
        or PATTERN.fullmatch(name) is not None
    )


def most_bytes(sizes: Iterable[int]) -> int:
    """Bytes that the file of arrays of these sizes has at most.

    Examples
    --------
    >>> most_bytes([10, 20]) - most_bytes([])
    30
    """
    return SLACK + sum(sizes)
