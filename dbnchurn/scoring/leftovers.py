"""What stopped processes have left: scratch folders, and unfinished jobs and runs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.locks import try_lock
from dbnchurn.core.scratch import PATTERN, remains, remove_remains
from dbnchurn.runs.unfinished import CONFIG, SUFFIX
from dbnchurn.scoring.work_folder import LOCK, MANIFEST

PARTS = ".parts"


@dataclass(frozen=True)
class Leftover:
    """A folder that a process has left which has ended.

    Parameters
    ----------
    folder : Path
    kind : str
        What it is.
    size : int
        Bytes of its files.
    resumable : bool
        Whether another call goes on from it.
    """

    folder: Path
    kind: str
    size: int
    resumable: bool

    def remove(self) -> bool:
        """Remove it, unless a process has begun to work in it.

        Returns
        -------
        bool
            Whether it is gone.
        """
        if not self.resumable:
            remove_remains(self.folder.parent)
            return not self.folder.exists()
        try:
            held = try_lock(self.folder / LOCK)
        except FileNotFoundError:
            return True
        if held is None:
            return False
        try:
            for name in (MANIFEST, CONFIG):  # first: what is partly removed is not resumed
                (self.folder / name).unlink(missing_ok=True)
            shutil.rmtree(self.folder)
        finally:
            held.release()
        return True


def leftovers(folder: str | Path) -> list[Leftover]:
    """Find what stopped processes have left in a folder, below it, and in that for temporary files.

    What a living process works in is not among it.

    Parameters
    ----------
    folder : path

    Returns
    -------
    list of Leftover
        In the order of their paths, those for temporary files last.

    Raises
    ------
    ConfigError
        If there is no such folder.

    Examples
    --------
    >>> leftovers("nowhere")
    Traceback (most recent call last):
    dbnchurn.core.errors.ConfigError: nowhere: there is no such folder
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder")
    found = []
    for above, names, _ in os.walk(folder):
        found += [_leftover(path, "scratch folder", False) for path in remains(Path(above))]
        found += list(_resumable(Path(above), names))
        names[:] = sorted(name for name in names if not PATTERN.fullmatch(name))
    elsewhere = Path(tempfile.gettempdir())
    known = {left.folder.resolve() for left in found}
    spilled = [path for path in remains(elsewhere) if path.resolve() not in known]
    return sorted(found, key=lambda left: left.folder) + [
        _leftover(path, "spilled data", False) for path in spilled
    ]


def _resumable(above: Path, names: list[str]) -> Iterator[Leftover]:
    """Work folders of jobs, and unfinished runs, in which no process is at work."""
    kinds = {PARTS: (MANIFEST, "unfinished scoring job"), SUFFIX: (CONFIG, "unfinished run")}
    for name in names:
        for ending, (file, kind) in kinds.items():
            folder = above / name
            known = (folder / file).is_file() or (folder / LOCK).is_file()
            if not name.endswith(ending) or not known:
                continue
            with suppress(OSError):
                held = try_lock(folder / LOCK)
                if held is not None:
                    held.release()
                    yield _leftover(folder, kind, True)


def _leftover(folder: Path, kind: str, resumable: bool) -> Leftover:
    size = 0
    for above, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                size += Path(above, name).lstat().st_size
    return Leftover(folder, kind, size, resumable)


def clean(folder: str | Path, *, unfinished: bool = False, dry_run: bool = False) -> str:
    """Remove what stopped processes have left, and say how much.

    Parameters
    ----------
    folder : path
    unfinished : bool, default False
        Remove unfinished jobs and runs too, from which another call would go on.
    dry_run : bool, default False
        Remove nothing, and only say what would be removed.

    Returns
    -------
    str
        A line for each, and one with the sum.
    """
    lines, removed, freed = [], 0, 0
    for left in leftovers(folder):
        what = f"{left.folder}: {left.kind}, {left.size:,} bytes"
        if left.resumable and not unfinished:
            lines.append(f"kept: {what}; can be gone on with, --unfinished removes it")
        elif dry_run or left.remove():
            lines.append(f"{'would remove' if dry_run else 'removed'}: {what}")
            removed, freed = removed + 1, freed + left.size
        else:
            lines.append(f"kept: {what}; a process is at work in it, or it cannot be removed")
    done = "would be removed" if dry_run else "removed"
    return "\n".join([*lines, f"{removed} folders with {freed:,} bytes {done}"])
