"""Every write, rename, sync, lock and allocation of a command fails once, or ends its process.

A command runs in a fork of this process, in a folder of its own, where the n-th call of one
function of the system fails. Afterwards every output is the old one or the new one, what is
said is one line, and the same command, run again, ends with the same bytes and leaves nothing else.
"""

from __future__ import annotations

import builtins
import errno
import fcntl
import io
import json
import os
import pickle
import re
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn import Predictor
from dbnchurn.core.scratch import PATTERN
from tests.fault_scenarios import (
    OLD,
    OTHER,
    SCENARIOS,
    Scenario,
    prepare_base,
    prepare_models,
)

MADE_BY = re.compile(rb'<meta name="made-by"[^>]*>')
DISK = ("ENOSPC", "EIO")
STOPS = ("SIGTERM", "SIGKILL", "SIGKILL after")
KINDS = {
    "os.replace": (*DISK, *STOPS),
    "os.rename": (*DISK, *STOPS),
    "os.fsync": (*DISK, "EINTR", *STOPS),
    "os.mkdir": ("ENOSPC", *STOPS),
    "os.open": (*DISK, "EMFILE", *STOPS),
    "io.open": (*DISK, "MemoryError", *STOPS),
    "os.unlink": ("EIO", *STOPS),
    "fcntl.flock": ("EIO", "EINTR", *STOPS),
    "np.empty": ("MemoryError",),
    "np.concatenate": ("MemoryError",),
    "pa.table": ("MemoryError", "SIGTERM"),
    "pq.write_table": (*DISK, "MemoryError", *STOPS),
    "file size": ("20 %", "50 %", "80 %"),
}
PLACES: dict[str, list[tuple[Any, str]]] = {
    "os.replace": [(os, "replace")],
    "os.rename": [(os, "rename")],
    "os.fsync": [(os, "fsync")],
    "os.mkdir": [(os, "mkdir")],
    "os.open": [(os, "open")],
    "io.open": [(io, "open"), (builtins, "open")],
    "os.unlink": [(os, "unlink")],
    "fcntl.flock": [(fcntl, "flock")],
    "np.empty": [(np, "empty")],
    "np.concatenate": [(np, "concatenate")],
    "pa.table": [(pa, "table")],
    "pq.write_table": [(pq, "write_table")],
}


@dataclass(frozen=True)
class Point:
    """The n-th call of a function, and what happens at it."""

    function: str
    number: int
    kind: str

    def __str__(self) -> str:
        return f"{self.function} #{self.number}: {self.kind}"


@dataclass
class Outcome:
    """What came of a point: sentences on what is wrong."""

    lost: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    code: int = 0

    @property
    def faults(self) -> list[str]:
        return [*self.lost, *self.torn, *self.leftovers, *self.tracebacks]


def in_fork(work: Callable[[], None], told: Path) -> int:
    """Run in a fork, whose output goes to a file; its exit code, negative for a signal."""
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    code = 70
    try:
        handle = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        try:
            work()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except (OSError, MemoryError, KeyboardInterrupt) as error:
            print(f"error: {type(error).__name__}: {error}", file=sys.stderr)  # of Python's API
            code = 2
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


class Injection:
    """Counts the calls of the functions, and fails one of them."""

    def __init__(self, point: Point | None) -> None:
        self.point, self.counts = point, Counter[str]()

    def install(self) -> None:
        for name, places in PLACES.items():
            real = getattr(*places[0])
            for module, attribute in places:
                setattr(module, attribute, self._wrapped(name, real))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if name == "io.open" and not set(_mode(args, options)) & set("wax+"):
                return real(*args, **options)
            self.counts[name] += 1
            point = self.point
            if point is None or (point.function, point.number) != (name, self.counts[name]):
                return real(*args, **options)
            return _fail(point.kind, lambda: real(*args, **options))

        return call


def _mode(args: Sequence[Any], options: dict[str, Any]) -> str:
    return str(options.get("mode", args[1] if len(args) > 1 else "r"))


def _fail(kind: str, real: Callable[[], Any]) -> Any:
    if kind == "MemoryError":
        raise MemoryError
    if kind.startswith("SIG"):
        result = real() if kind.endswith("after") else None
        os.kill(os.getpid(), getattr(signal, kind.split()[0]))
        return real() if result is None else result
    number = getattr(errno, kind)
    raise OSError(number, os.strerror(number))


def _started(folder: Path, run: Callable[[], None], injection: Injection, sizes: int = 0) -> None:
    os.chdir(folder)
    (folder / "tmp").mkdir(exist_ok=True)
    tempfile.tempdir = str(folder / "tmp")
    point = injection.point
    if point is not None and point.function == "file size":
        import resource

        limit = sizes * int(point.kind.split()[0]) // 100
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    injection.install()
    run()


def content(path: Path) -> bytes | dict[str, bytes] | None:
    """The bytes of a file or of all files in a folder; None if it is not there.

    What is unfinished in a folder is no part of it, and is looked for apart.
    """
    if path.is_dir():
        files = {file.relative_to(path): file for file in sorted(path.rglob("*"))}
        return {
            str(name): file.read_bytes()
            for name, file in files.items()
            if file.is_file() and not PATTERN.fullmatch(name.parts[0])
        }
    return path.read_bytes() if path.exists() else None


def plain(found: bytes | dict[str, bytes] | None) -> bytes | dict[str, bytes] | None:
    """Without pages of folders, whose pictures need not be the same to the byte.

    A page alone is without what it says of its inputs: a log that a killed process has appended is
    one of them for the next.
    """
    if isinstance(found, dict):
        return {name: data for name, data in found.items() if not name.endswith(".html")}
    return None if found is None else MADE_BY.sub(b"", found)


class Faults:
    """Scenarios in a folder, with the outcome of each without a fault.

    Parameters
    ----------
    folder : Path
        New.
    scenarios : sequence of Scenario, optional
        Those that will be asked for; what others alone read is not made.
    """

    def __init__(self, folder: Path, scenarios: Sequence[Scenario] = SCENARIOS) -> None:
        self.folder, self.base, self.told = folder, folder / "base", folder / "told.txt"
        folder.mkdir(exist_ok=True)
        models_alone = all(scenario.models_alone for scenario in scenarios)
        prepare = prepare_models if models_alone else prepare_base
        if in_fork(lambda: prepare(self.base), self.told):
            raise RuntimeError(self.told.read_text())
        self.expected: dict[str, dict[str, Any]] = {}
        self.counts: dict[str, Counter[str]] = {}
        self.sizes: dict[str, int] = {}
        OTHER[:] = [pickle.loads((folder / "other").read_bytes())]

    def learn(self, scenario: Scenario) -> None:
        """Run a scenario without a fault, and count its calls."""
        place, injection = self._place(scenario), Injection(None)

        def counted() -> None:
            try:
                _started(place, scenario.run, injection)
            finally:
                with os.fdopen(os.open(self.folder / "counts", os.O_WRONLY | os.O_CREAT), "w") as f:
                    json.dump(injection.counts, f)

        if in_fork(counted, self.told):
            raise RuntimeError(f"{scenario.name}: {self.told.read_text()}")
        self.counts[scenario.name] = Counter(json.loads((self.folder / "counts").read_text()))
        (self.folder / "counts").unlink()
        self.expected[scenario.name] = {o: content(place / o) for o in scenario.outputs}
        self.sizes[scenario.name] = max(
            (f.stat().st_size for o in scenario.outputs for f in _files(place / o)), default=0
        )
        shutil.rmtree(place)
        if "model" in scenario.outputs and "save" not in self.expected:
            self.learn(next(each for each in SCENARIOS if each.name == "save"))

    def _place(self, scenario: Scenario) -> Path:
        place = self.folder / "work"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.base, place)
        for name in scenario.old:
            if name != "model":
                (place / name).parent.mkdir(exist_ok=True)
                (place / name).write_bytes(OLD)
        return place

    def points(self, scenario: Scenario, most: int) -> Iterator[Point]:
        """Points of a scenario: every kind at so many calls of each function, spread evenly."""
        for function, kinds in KINDS.items():
            calls = 1 if function == "file size" else self.counts[scenario.name][function]
            for kind in kinds if calls else ():
                spread = np.unique(np.linspace(1, calls, min(most, calls)).round().astype(int))
                for number in spread:
                    yield Point(function, int(number), kind)

    def outcome(self, scenario: Scenario, point: Point) -> Outcome:
        """Run a scenario with a fault, look at what is there, and run it again."""
        found, place, injection = Outcome(), self._place(scenario), Injection(point)
        before = {name: content(place / name) for name in scenario.outputs}
        expected, size = self.expected[scenario.name], self.sizes[scenario.name]
        found.code = in_fork(lambda: _started(place, scenario.run, injection, size), self.told)
        said = self.told.read_text(errors="replace")
        killed = point.kind.startswith("SIGKILL")
        if "Traceback" in said or (found.code not in (0, 2, 130, 143) and not killed):
            found.tracebacks.append(f"exit code {found.code}: {said[-600:]}")
        for name in scenario.outputs:
            self._compare(found, place, name, before[name], expected[name])
        again = scenario.again or scenario.run
        code = in_fork(lambda: _started(place, again, Injection(None)), self.told)
        if code:
            found.lost.append(f"run again, it ends with {code}: {self.told.read_text()[-600:]}")
        for name in scenario.outputs:
            if plain(content(place / name)) != plain(expected[name]):
                found.lost.append(f"run again, {name} differs")
        left = _leftovers(place)
        if scenario.name != "clean":  # which alone is to look into that folder
            left = [path for path in left if path.parent != place / "left"]
        found.leftovers += [str(path.relative_to(place)) for path in left]
        return found

    def _compare(self, found: Outcome, place: Path, name: str, before: Any, expected: Any) -> None:
        after = content(place / name)
        if name == "model":
            try:
                if Predictor.load(place / name).version not in self.versions(place):
                    found.torn.append("the model is a mixture")
            except Exception as error:
                found.lost.append(f"the model cannot be loaded: {error}")
        elif after is None and before is not None:
            found.lost.append(f"{name} is gone")
        elif plain(after) not in (plain(before), plain(expected)) and after is not None:
            found.torn.append(f"{name} is neither the old one nor the new one")

    def versions(self, place: Path) -> set[str]:
        """Of the model that was there, and of the one that replaces it."""
        if not hasattr(self, "_versions"):
            new = self.folder / "new model"
            new.mkdir()
            for file, data in self.expected["save"]["model"].items():
                (new / file).write_bytes(data)
            folders = (self.base / "model", new)
            self._versions = {Predictor.load(folder).version for folder in folders}
        return self._versions


def _files(path: Path) -> list[Path]:
    return [f for f in path.rglob("*") if f.is_file()] if path.is_dir() else [path]


def _leftovers(place: Path) -> list[Path]:
    """Scratch folders, work folders and unfinished files that are still there."""
    return [
        path
        for path in sorted(place.rglob("*"))
        if PATTERN.fullmatch(path.name)
        or path.name.endswith((".parts", ".unfinished"))
        or (path.parent == place / "model" and path.name.count(".") > 1)
    ]
