"""Stored models with a mistake in them, drawn at random; run as a script for many of them.

A mutated model has to be refused with an :class:`ArtifactError`, or give finite probabilities.
Where the hashes are made right again it is the audits that decide, not the hashes.
"""

from __future__ import annotations

import copy
import faulthandler
import hashlib
import json
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.errors import ArtifactError
from dbnchurn.predictor import Predictor

ARRAYS, MANIFEST, CARD = "model.safetensors", "manifest.json", "card.md"
SLOWEST = 60  # seconds for one model; a watchdog against hangs, not a measurement
Files = dict[str, bytes]
ODD: list[Any] = [None, True, -1, 0, 1, 2, 3, 7, 2**31 - 1, 2**31, 2**63, 10**30, -(2**63)]
ODD += [0.5, -0.0, 1e-320, 1e-9, 1e9, 1e38, 1e300, 1.7e308, -1e300, "", "x", "relu", "sigmoid"]
ODD += ["number", "category", "../x", [], {}, [[]], ["a"], [0], [-1], [2**62, 4]]


def read(folder: Path) -> Files:
    return {name: (folder / name).read_bytes() for name in (MANIFEST, ARRAYS, CARD)}


def write(files: Files, folder: Path) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def rehashed(files: Files) -> Files:
    """The same files with right hashes, where the manifest still can be read."""
    try:
        manifest = json.loads(files[MANIFEST])
        named = manifest["files"]
        for name in (ARRAYS, CARD):
            named[name] = hashlib.sha256(files[name]).hexdigest()
        return {**files, MANIFEST: json.dumps(manifest).encode()}
    except (ValueError, TypeError, KeyError, RecursionError):
        return files


def flip(content: bytes, generator: np.random.Generator) -> bytes:
    """Between one and four bits."""
    found = bytearray(content)
    for place in generator.integers(0, len(found), generator.integers(1, 5)):
        found[place] ^= 1 << generator.integers(8)
    return bytes(found)


def cut(content: bytes, generator: np.random.Generator) -> bytes:
    """Off the end, or out of the middle."""
    first, last = np.sort(generator.integers(0, len(content) + 1, 2))
    return content[:first] if generator.random() < 0.5 else content[:first] + content[last:]


def splice(content: bytes, generator: np.random.Generator) -> bytes:
    """A piece of the file, or noise, put elsewhere: over what is there, or between."""
    first, last, to = generator.integers(0, len(content), 3)
    piece = content[min(first, last) : max(first, last)][: generator.integers(1, 200)]
    if generator.random() < 0.3:
        piece = generator.bytes(len(piece) or 1)
    gone = len(piece) if generator.random() < 0.6 else 0
    return content[:to] + piece + content[to + gone :]


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield (*path, key)
            yield from places(value, (*path, key))


def edit(tree: Any, generator: np.random.Generator, within: str = "") -> Any:
    """Another value, one more, one less, or two exchanged, somewhere in a tree of JSON."""
    tree = copy.deepcopy(tree)
    found = [path for path in places(tree) if not within or path[0] == within]

    def at(path: tuple[Any, ...]) -> Any:
        here = tree
        for key in path:
            here = here[key]
        return here

    if not found:
        return tree
    path, other = (found[generator.integers(len(found))] for _ in range(2))
    here, key = at(path[:-1]), path[-1]
    match generator.integers(7):
        case 0 | 1:
            here[key] = ODD[generator.integers(len(ODD))]
        case 2:
            here[key] = copy.deepcopy(at(other))
        case 3:
            del here[key]
        case 4 if isinstance(here, list):
            here.insert(key, copy.deepcopy(here[key]))
        case 5 if isinstance(here, list):
            generator.shuffle(here)
        case _ if isinstance(here[key], int | float) and not isinstance(here[key], bool):
            here[key] = (
                here[key] * 2
                if generator.random() < 0.3
                else here[key] + int(generator.integers(-2, 3))
            )
        case _:
            here[key] = ODD[generator.integers(len(ODD))]
    return tree


def edit_manifest(files: Files, generator: np.random.Generator) -> Files:
    """Change the records; the shapes that the manifest gives to arrays included."""
    manifest = edit(
        json.loads(files[MANIFEST]), generator, "model" if generator.random() < 0.9 else ""
    )
    return {**files, MANIFEST: json.dumps(manifest).encode()}


def split_arrays(content: bytes) -> tuple[dict[str, Any], bytes]:
    length = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def join_arrays(header: Any, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def edit_header(files: Files, generator: np.random.Generator) -> Files:
    """Change names, types, shapes and offsets of arrays."""
    header, data = split_arrays(files[ARRAYS])
    return {**files, ARRAYS: join_arrays(edit(header, generator), data)}


def edit_values(files: Files, generator: np.random.Generator) -> Files:
    """Change cells of an array to others that its type has, extremes above all."""
    header, data = split_arrays(files[ARRAYS])
    types = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "BOOL": "|u1"}
    names = [
        name
        for name, entry in header.items()
        if entry["data_offsets"][0] < entry["data_offsets"][1]
    ]
    entry = header[names[generator.integers(len(names))]]
    start, stop = entry["data_offsets"]
    cells = np.frombuffer(data[start:stop], types[entry["dtype"]]).copy()
    where = generator.integers(0, len(cells), generator.integers(1, 4))
    if cells.dtype.kind == "f":
        limit = float(np.finfo(cells.dtype).max)
        values = [np.nan, np.inf, limit, -limit, 0.0, 1e-300, -1.0, 1e20, 1e9]
        cells[where] = np.array(values)[generator.integers(len(values))].astype(cells.dtype)
    elif generator.random() < 0.5:
        cells[where] = cells[generator.integers(0, len(cells))] + generator.integers(0, 2)
    else:
        limits = np.iinfo(cells.dtype)
        some = [limits.min, limits.max, 0, 1, 2, 5, 100, *([-1, -2] if limits.min else [])]
        cells[where] = some[generator.integers(len(some))]
    if generator.random() < 0.2:
        generator.shuffle(cells)
    data = data[:start] + cells.tobytes() + data[stop:]
    return {**files, ARRAYS: join_arrays(header, data)}


def reshape(files: Files, generator: np.random.Generator) -> Files:
    """Another shape in the header and in the manifest alike, with as many bytes or fewer."""
    header, data = split_arrays(files[ARRAYS])
    manifest = json.loads(files[MANIFEST])
    name = list(header)[generator.integers(len(header))]
    entry = header[name]
    size = int(np.prod(entry["shape"]))
    shapes = [[size], [size, 1], [1, size], entry["shape"][::-1], [], [0], [0, 4], [size, 1, 1]]
    shape = shapes[generator.integers(len(shapes))]
    start, stop = entry["data_offsets"]
    kept = int(np.prod(shape)) * ((stop - start) // max(size, 1))
    entry["shape"], removed = shape, (stop - start) - kept
    data = data[: start + kept] + data[stop:]
    for other in header.values():
        if other["data_offsets"][0] >= stop and other is not entry:
            other["data_offsets"] = [place - removed for place in other["data_offsets"]]
    entry["data_offsets"] = [start, start + kept]
    for path in places(manifest["model"]):
        here = manifest["model"]
        for key in path:
            here = here[key]
        if isinstance(here, dict) and here.get("array") == name:
            here["shape"] = shape
    return {**files, MANIFEST: json.dumps(manifest).encode(), ARRAYS: join_arrays(header, data)}


def mutate(files: Files, generator: np.random.Generator) -> tuple[str, Files]:
    """One mutation, and its name."""
    kind = generator.choice(
        ["flip", "cut", "splice", "manifest", "header", "values", "reshape"],
        p=[0.12, 0.06, 0.12, 0.25, 0.1, 0.25, 0.1],
    )
    if kind in ("flip", "cut", "splice"):
        name = str(generator.choice([MANIFEST, ARRAYS, ARRAYS, CARD]))
        found = {
            **files,
            name: {"flip": flip, "cut": cut, "splice": splice}[kind](files[name], generator),
        }
        kind = f"{kind} {name}"
    else:
        change = {"manifest": edit_manifest, "header": edit_header, "values": edit_values}
        found = {**change, "reshape": reshape}[str(kind)](files, generator)
    if generator.random() < 0.85:
        return str(kind), rehashed(found)
    return f"{kind}, other hashes", found


def outcome(folder: Path, X: pd.DataFrame) -> str:
    """What became of loading and scoring; any other error passes through."""
    try:
        predictor = Predictor.load(folder)
    except ArtifactError:
        return "refused"
    needed = [c.name for c in predictor.schema.used if c.name not in X]
    kinds = {c.name: c.kind for c in predictor.schema.used}
    if needed or any(X[name].dtype.kind == "M" and kind != "date" for name, kind in kinds.items()):
        return "another table"
    scored = predictor.examine(X.astype({n: str for n, k in kinds.items() if k == "category"}))
    scores = scored.frame["probability"].to_numpy()
    assert np.isfinite(scores).all(), scores
    assert ((scores >= 0) & (scores <= 1)).all(), scores
    scored.unusual.lines()
    return "scored"


def run(source: Path, folder: Path, X: pd.DataFrame, count: int, seed: int) -> Counter[str]:
    """Mutate, load and score so many times; what is unexpected is raised with its number."""
    files = read(source)
    folder.mkdir(exist_ok=True)
    found: Counter[str] = Counter()
    for number in range(count):
        generator = np.random.default_rng([seed, number])
        kind, mutated = mutate(files, generator)
        write(mutated, folder)
        faulthandler.dump_traceback_later(SLOWEST, exit=True)
        try:
            found[outcome(folder, X)] += 1
        except Exception as error:
            raise AssertionError(f"mutation {number} of seed {seed} ({kind})") from error
        finally:
            faulthandler.cancel_dump_traceback_later()
    return found


if __name__ == "__main__":
    faulthandler.enable()
    model, scratch, table, number, seed = sys.argv[1:]
    result = run(Path(model), Path(scratch), pd.read_parquet(table), int(number), int(seed))
    print(json.dumps(result))
