"""The work folder of a job: finished chunks, kept until all are finished.

A killed job leaves the folder behind, and so does one whose disk is full or whose database is gone;
the next one goes on from there, but only where model, input and options are the same, which the
manifest in the folder records. A job that is refused removes the folder: it would be refused again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, DbnchurnError, ResourceError
from dbnchurn.core.files import atomic_write
from dbnchurn.core.locks import HeldLock, try_lock

MANIFEST, LOCK = "job.json", "lock"
FACTS = b"facts"


@dataclass(frozen=True)
class ChunkFacts:
    """Counts and sums over the rows of a chunk; plain data.

    Parameters
    ----------
    digest : str
        SHA-256 of the contents that were scored; empty where the manifest identifies the input.
    rows, rejected, called : int
        Rows of the chunk, those that cannot be scored, those at or above the threshold.
    probability : float
        Sum over the scored rows.
    unusual : dict
        Fields of :class:`dbnchurn.predictor.Oddities`.
    counts : dict of column → list of int
        Scored rows in every slot of the column's distribution.
    odd : dict, optional
        Fields of :class:`dbnchurn.predictor.OddRows`; None where plausibility was not asked for.
    """

    digest: str
    rows: int
    rejected: int
    called: int
    probability: float
    unusual: dict[str, Any]
    counts: dict[str, list[int]]
    odd: dict[str, Any] | None = None


class WorkFolder:
    """Finished chunks of one job, locked by one process at a time.

    Parameters
    ----------
    folder : Path
        Made if need be. Chunks of a job with another manifest are deleted.
    job : dict
        The manifest, as plain data.

    Raises
    ------
    ConfigError
        If another process works on the same job, or the folder is something else.
    """

    def __init__(self, folder: Path, job: dict[str, Any]) -> None:
        self.folder = folder
        text = json.dumps(job, indent=1, sort_keys=True)
        manifest = folder / MANIFEST
        if not _usable(folder):
            raise ConfigError(
                f"{folder} is needed for the work of this job and is something else; move it"
            )
        self._lock = _locked(folder)
        self.facts: list[ChunkFacts] = []
        try:
            _clear(folder, unfinished=True)
            if not manifest.exists() or manifest.read_text(encoding="utf-8") != text:
                _clear(folder)
                with atomic_write(manifest, folder) as unfinished:
                    unfinished.write_text(text, encoding="utf-8")
            while (facts := self._facts(len(self.facts))) is not None:
                self.facts.append(facts)
        except BaseException:
            if not self.facts:
                self.remove()
            self._lock.release()
            raise

    def __enter__(self) -> WorkFolder:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and (not self.facts or _refused(kind)):
            self.remove()  # no finished chunk is lost that another job could use
        self._lock.release()

    def __len__(self) -> int:
        return len(self.facts)

    @property
    def files(self) -> list[Path]:
        """A Parquet file for every chunk, in order."""
        return [self._path(number) for number in range(len(self))]

    def tables(self) -> Iterator[pa.Table]:
        """The rows of every chunk."""
        for file in self.files:
            yield pq.read_table(file)

    def rejected(self) -> Iterator[pa.Table]:
        """The rejected rows of every chunk that has any."""
        for file, facts in zip(self.files, self.facts, strict=True):
            if facts.rejected:
                yield pq.read_table(_rejected_file(file))

    def put(self, number: int, scores: pa.Table, rejected: pa.Table, facts: ChunkFacts) -> None:
        """Keep a finished chunk, the next one or in place of an older one.

        Parameters
        ----------
        number : int
            Of the chunk, from 0; at most the number of finished ones.
        scores : Arrow table
            Its scored rows.
        rejected : Arrow table
            Its other rows.
        facts : ChunkFacts
        """
        metadata = {FACTS: json.dumps(asdict(facts)).encode()}
        if facts.rejected:
            with atomic_write(_rejected_file(self._path(number)), self.folder) as unfinished:
                pq.write_table(rejected, unfinished)
        # Last, for the chunk counts as finished from now on.
        with atomic_write(self._path(number), self.folder) as unfinished:
            pq.write_table(scores.replace_schema_metadata(metadata), unfinished)
        self.facts[number : number + 1] = [facts]

    def cut(self, number: int) -> None:
        """Delete the chunks from `number` on."""
        for file in reversed(self.files[number:]):
            file.unlink()
        del self.facts[number:]

    def remove(self) -> None:
        """Remove the folder; the job is done.

        The lock is held until nothing is left, so that what is removed is of no other job.
        """
        _clear(self.folder)
        if os.name != "posix":  # Windows removes no file that is open
            self._lock.release()
        with suppress(OSError):  # another job has begun: only Windows
            (self.folder / LOCK).unlink(missing_ok=True)
            self.folder.rmdir()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.parquet"

    def _facts(self, number: int) -> ChunkFacts | None:
        """Facts of a chunk; None if it is not finished, or damaged."""
        try:
            metadata = pq.read_schema(self._path(number)).metadata or {}
            return ChunkFacts(**json.loads(metadata[FACTS]))
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
            return None


def _refused(kind: type[BaseException]) -> bool:
    """Whether an error means that the same job would stop again."""
    return issubclass(kind, DbnchurnError) and not issubclass(kind, ResourceError)


def _usable(folder: Path) -> bool:
    """Whether the folder is a work folder, or can be made one."""
    if not folder.is_dir():
        return not folder.exists()
    # Windows removes the file of a lock that is released.
    known = (folder / LOCK).exists() or (folder / MANIFEST).exists()
    return known or not any(folder.iterdir())


def _rejected_file(chunk: Path) -> Path:
    return chunk.with_suffix(".rejected")


def _locked(folder: Path) -> HeldLock:
    """The lock on the folder, which is made if need be.

    Raises
    ------
    ConfigError
        If another job holds it.
    """
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            held = try_lock(folder / LOCK)
        except FileNotFoundError:  # a job that ends has just removed the folder
            continue
        if held is None:
            raise ConfigError(
                f"another job is at work in {folder}; wait for it or choose another output"
            )
        return held


def _clear(folder: Path, *, unfinished: bool = False) -> None:
    """Remove all but the lock, the manifest first; or only what a killed job left unfinished."""
    if not unfinished:
        (folder / MANIFEST).unlink(missing_ok=True)
    for entry in folder.iterdir():
        if entry.name != LOCK and (not unfinished or entry.name.startswith(".")):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
