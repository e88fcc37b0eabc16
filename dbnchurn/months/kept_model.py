"""What a registry keeps of a model: every file of its folder, and files beside it in its run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.made_by import digest_of
from dbnchurn.runs.learned_rows import LEARNED

BESIDE = ("metrics.json", LEARNED)
"""Files of a run that are kept beside its model."""


def file_digests(model: Path) -> dict[str, str]:
    """SHA-256 of every file that is kept of a model, whatever its folder is called.

    Parameters
    ----------
    model : Path
        Model folder.

    Returns
    -------
    dict of name → hexadecimal digits
    """
    files = {f"model/{file.name}": file for file in model.iterdir()}
    files |= {name: model.parent / name for name in BESIDE}
    return {name: digest_of(file) for name, file in sorted(files.items()) if file.is_file()}


def copy_beside(model: Path, folder: Path) -> None:
    """Copy what is kept of a model's run.

    Parameters
    ----------
    model : Path
        Model folder.
    folder : Path
        That of the copy's model folder.
    """
    for name in BESIDE:
        if (model.parent / name).is_file():
            shutil.copyfile(model.parent / name, folder / name)


def holds(kept: Path, files: Mapping[str, str]) -> bool:
    """Whether a kept model has all these files; it may have more, such as rows it learned from.

    Parameters
    ----------
    kept : Path
        Its model folder.
    files : mapping of name → hexadecimal digits
        As :func:`file_digests` gives it.

    Returns
    -------
    bool
    """
    return kept.is_dir() and files.items() <= file_digests(kept).items()


def check_copy(copied: Path, files: Mapping[str, str], model: Path) -> None:
    """Refuse a copy of a model that changed while it was copied.

    Parameters
    ----------
    copied, model : Path
        Model folders of the copy and of what was copied.
    files : mapping of name → hexadecimal digits
        Of the model when it was loaded.

    Raises
    ------
    ArtifactError
        If they differ.
    """
    if not holds(copied, files):
        raise ArtifactError(f"{model} was changed while it was copied; call again")
