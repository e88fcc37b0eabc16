"""Small files that ask for much: of each, what loading takes, in a process of its own."""

from __future__ import annotations

import copy
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from dbnchurn.core.errors import DbnchurnError
from tests.predictor.mutations import (
    ARRAYS,
    CARD,
    MANIFEST,
    Files,
    peak_mb,
    read,
    references_in,
    settle,
    with_hashes,
    write,
)

Manifest = dict[str, Any]
Arrays = dict[str, np.ndarray]
PER_BYTE, BESIDE = 20, 200  # times the file's size, and megabytes
SECONDS, PER_10_MB = 2.0, 1.0


class Load(NamedTuple):
    """What loading one folder took."""

    name: str
    outcome: str
    file_mb: float
    memory_mb: float
    seconds: float

    @property
    def fits(self) -> bool:
        """Whether memory is in proportion to the file."""
        return self.memory_mb < PER_BYTE * self.file_mb + BESIDE

    @property
    def slow(self) -> bool:
        """Whether the time is out of proportion; clocks of a busy machine say little."""
        return self.seconds > SECONDS + PER_10_MB * self.file_mb / 10


def changed(files: Files, change: Callable[[Manifest, Arrays], object]) -> Files:
    """A consistent model after a change of its records or arrays."""
    manifest, arrays = json.loads(files[MANIFEST]), dict(load_arrays(files[ARRAYS]))
    change(manifest, arrays)
    settle(manifest["model"], arrays)
    text = json.dumps(manifest).encode()
    return with_hashes({**files, ARRAYS: save_arrays(arrays), MANIFEST: text})


def steps_of(manifest: Manifest, kind: str) -> list[Any]:
    return [s for s in manifest["model"]["prepare"]["steps"] if s["record"] == kind]


def flags_of_a_long_name(manifest: Manifest, arrays: Arrays) -> None:
    """A name of a million letters, repeated for every flag."""
    name = "n" * 1_000_000
    for column in manifest["model"]["schema"]["columns"]:
        if column["name"] == "debt":
            column["name"] = name
    for column in manifest["model"]["reference"]["numbers"]:
        if column["name"] == "debt":
            column["name"] = name
    flags_of(manifest, arrays, 100_000)


def flags_of(manifest: Manifest, arrays: Arrays, count: int) -> None:
    for step in steps_of(manifest, "FlagMissing"):
        arrays[step["numbers"]["array"]] = np.zeros(count, np.int64)


def kept_again(manifest: Manifest, arrays: Arrays) -> None:
    for step in steps_of(manifest, "Keep"):
        arrays[step["numbers"]["array"]] = np.zeros(3_000_000, np.int64)


def many_steps(manifest: Manifest, arrays: Arrays) -> None:
    steps = manifest["model"]["prepare"]["steps"]
    for number in range(15_000):
        step = copy.deepcopy(steps_of(manifest, "Compress")[0])
        for key in ("columns", "scale"):
            name = f"more.{number}.{key}"
            arrays[name] = arrays[step[key]["array"]]
            step[key]["array"] = name
        steps.append(step)


def wide_layer(manifest: Manifest, arrays: Arrays) -> None:
    """A hidden layer so wide that a chunk of rows would take gigabytes."""
    network = manifest["model"]["networks"][0]
    width = 500_000
    shapes = {"dense_weights": (0, width), "code_weights": (0, width), "skip": (0,)}
    for key, shape in shapes.items():
        arrays[network[key]["array"]] = np.zeros(shape, np.float32)
    model = manifest["model"]
    model["schema"]["columns"] = [{**model["schema"]["columns"][0], "kind": "ignore", "levels": []}]
    model["schema"]["columns"][0]["format"] = ""
    model |= {"leaves": None, "reference": None, "networks": [network]}
    model["prepare"]["steps"] = []
    encode = model["encode"]
    for key in ("gaussian", "center", "scale", "binary", "rungs", "low", "high"):
        name = encode[key]["array"]
        arrays[name] = arrays[name][:0]
    network |= {"sizes": [], "weights": [], "biases": network["biases"][:1]}
    network["activations"] = network["activations"][:1]
    arrays[network["head"]["array"]] = np.zeros(width, np.float32)
    arrays[model["decide"]["weights"]["array"]] = np.ones(1)
    keep_named(manifest, arrays)


def keep_named(manifest: Manifest, arrays: Arrays) -> None:
    """Leave out arrays that no record names any longer."""
    named = {reference["array"] for reference in references_in(manifest["model"])}
    for name in set(arrays) - named:
        del arrays[name]


def wide_rest(manifest: Manifest, arrays: Arrays) -> None:
    """A layer whose bias alone has grown."""
    network = manifest["model"]["networks"][0]
    width = 500_000
    arrays[network["biases"][0]["array"]] = np.zeros(width, np.float32)


def sets_of_many_levels(manifest: Manifest, arrays: Arrays) -> None:
    """A category of many levels, and a node for a set of one level each."""
    model = manifest["model"]
    (city,) = [c for c in model["schema"]["columns"] if c["name"] == "city"]
    city["levels"] = [f"c{i}" for i in range(200_000)]
    for forest in model["leaves"]["forests"]:
        codes = arrays[forest["categories"]["array"]].copy()
        codes[:] = 199_999
        arrays[forest["categories"]["array"]] = codes


def a_tree_of_stumps(manifest: Manifest, arrays: Arrays) -> None:
    """Very many trees of one leaf."""
    forest = manifest["model"]["leaves"]["forests"][0]
    count = 300_000
    for key, field in forest.items():
        if key == "record":
            continue
        dtype = arrays[field["array"]].dtype
        fill = -1 if key in ("feature", "left", "right") else 0
        arrays[field["array"]] = np.full(count, fill, dtype)
    arrays[forest["starts"]["array"]] = np.arange(count + 1, dtype=np.int64)
    arrays[forest["category_starts"]["array"]] = np.zeros(count + 1, np.int64)
    arrays[forest["categories"]["array"]] = np.zeros(0, np.int32)


def many_columns(manifest: Manifest, arrays: Arrays) -> None:
    columns = manifest["model"]["schema"]["columns"]
    columns += [{**columns[0], "name": f"x{i}"} for i in range(50_000)]


def many_levels(manifest: Manifest, arrays: Arrays) -> None:
    (city,) = [c for c in manifest["model"]["schema"]["columns"] if c["name"] == "city"]
    city["levels"] = [f"{i}" for i in range(500_000)]


CHANGES: dict[str, Callable[[Manifest, Arrays], object]] = {
    "a long name for every flag": flags_of_a_long_name,
    "flags of 80 MB": lambda manifest, arrays: flags_of(manifest, arrays, 10_000_000),
    "flags of 0.8 MB": lambda manifest, arrays: flags_of(manifest, arrays, 100_000),
    "a column that is kept again and again": kept_again,
    "steps without end": many_steps,
    "a wide layer": wide_layer,
    "a wide bias": wide_rest,
    "sets of many levels": sets_of_many_levels,
    "trees of one leaf": a_tree_of_stumps,
    "many columns": many_columns,
    "many levels": many_levels,
}


def manifests(files: Files) -> Iterator[tuple[str, Files]]:
    """Manifests of the largest size, of every kind of JSON."""
    about = b'"about": {'
    most = 16 * 2**20 - len(files[MANIFEST]) - 100
    for name, piece in {
        "lists": b"[],",
        "mappings": b"{},",
        "mappings of one": b'{"a":1},',
        "numbers": b"1e9,",
        "digits": b"7,",
        "texts": b'"a",',
        "wide letters": '"\U0001f600",'.encode(),
        "nested lists": b"[[[[[[1]]]]]],",
    }.items():
        filler = b'"more": [' + piece * (most // len(piece)) + b"0],"
        yield (
            f"manifest of {name}",
            {
                **files,
                MANIFEST: files[MANIFEST].replace(about, about + filler, 1),
            },
        )
    filler = b'"more": "' + b"a" * most + b'",'
    yield (
        "manifest of one text",
        {
            **files,
            MANIFEST: files[MANIFEST].replace(about, about + filler, 1),
        },
    )


def sparse(folder: Path) -> None:
    """Arrays of four gibibytes that take no place on the disk."""
    os.truncate(folder / ARRAYS, 4 * 2**30 - 1)


def large_manifest(folder: Path) -> None:
    os.truncate(folder / MANIFEST, 60 * 2**20)


def header_only(folder: Path) -> None:
    """A header that says it has more than there is."""
    (folder / ARRAYS).write_bytes(b"\xff\xff\xff\x7f" + bytes(12))


SPOILT: dict[str, Callable[[Path], None]] = {
    "a sparse file": sparse,
    "a manifest of 60 MiB": large_manifest,
    "a header without arrays": header_only,
}


def folders(
    source: Path, scratch: Path, names: list[str] | None = None
) -> Iterator[tuple[str, Path]]:
    """Every heavy model (or those of these names), one after another in the same folder."""
    files = read(source)
    scratch.mkdir(exist_ok=True)

    def wanted(name: str) -> bool:
        return names is None or name in names

    write(files, scratch)
    if wanted("the model itself"):
        yield "the model itself", scratch
    for name, change in CHANGES.items():
        if wanted(name):
            write(changed(files, change), scratch)
            yield name, scratch
    for name, content in manifests(files):
        if wanted(name):
            write(content, scratch)
            yield name, scratch
    for name, spoil in SPOILT.items():
        if wanted(name):
            write(files, scratch)
            spoil(scratch)
            yield name, scratch


def _load(folder: Path, results: Any) -> None:
    from dbnchurn.predictor import Predictor

    before, began = peak_mb(), process_time()
    try:
        Predictor.load(folder)
        outcome = "loaded"
    except DbnchurnError as error:
        outcome = f"refused: {error}"
    results.put((outcome, peak_mb() - before, process_time() - began))


def measured(name: str, folder: Path) -> Load:
    """Load a folder in a forked process, whose peak of memory is its own."""
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    process = context.Process(target=_load, args=(folder, results))
    process.start()
    process.join(120)
    if process.is_alive() or process.exitcode != 0 or results.empty():
        process.kill()
        return Load(name, "crashed", 0.0, float("inf"), float("inf"))
    outcome, memory, seconds = results.get()
    size = sum((folder / file).stat().st_size for file in (MANIFEST, ARRAYS, CARD)) / 2**20
    return Load(name, outcome, size, memory, seconds)


def measured_all(source: Path, scratch: Path) -> list[Load]:
    """What loading takes, of every heavy model."""
    import dbnchurn.predictor.predictor  # noqa: F401  imports are no part of loading

    return [measured(name, folder) for name, folder in folders(source, scratch)]


if __name__ == "__main__":
    for load in measured_all(Path(sys.argv[1]), Path(sys.argv[2])):
        note = "SLOW" if load.slow else ""
        print(
            f"{load.name:40} {load.file_mb:8.2f} MB {load.memory_mb:8.1f} MB {load.seconds:6.2f} s "
            f"{'fits' if load.fits else 'MUCH'} {note} {load.outcome[:110]}"
        )
