"""Stored models with a mistake in them, drawn at random; run as a script for many of them.

A mutated model has to be refused with an :class:`ArtifactError`, or give finite probabilities.
Where the hashes are made right again it is the audits that decide, not the hashes.
"""

from __future__ import annotations

import copy
import faulthandler
import hashlib
import json
import logging
import resource
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from dbnchurn.core.errors import DbnchurnError
from dbnchurn.predictor import Predictor

ARRAYS, MANIFEST, CARD = "model.safetensors", "manifest.json", "card.md"
SLOWEST = 300  # seconds for one model; a watchdog against hangs, not a measurement
MEMORY = 3 * 2**30  # bytes that a model may ask for beside what the process has
GROWN = 2**22  # bytes of a grown array
LONGEST_SENTENCE = 1_000
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


# --- Structured: manifest and arrays agree, only what they say is odd ---

Tree = dict[str, Any]
Arrays = dict[str, np.ndarray]
TEXTS = [
    "",
    "x",
    "a" * 1_000,
    "b" * 100_000,
    "\u0000",
    "\u202e",
    "\ud800",
    "é" * 300,
    "nan",
    "1e999",
]
TEXTS += ["debt", "plan is missing", "'; DROP TABLE x; --", "%d.%m.%Y", "1.234,5", "duration"]
NUMBERS = [0, -1, 1, 2, 1 - 1e-16, 1e-16, 5e-324, 1e308, -1e308, 2**53, 1e-12, 0.5, 1e12, "1e999"]


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def is_reference(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"array", "dtype", "shape"}


def references_in(tree: Any) -> list[Tree]:
    return [v for p in [(), *places(tree)] if is_reference(v := at(tree, p))]


def settle(tree: Tree, arrays: Arrays) -> None:
    """Let the manifest say of every array what it is."""
    for reference in references_in(tree):
        if reference["array"] in arrays:
            array = arrays[reference["array"]]
            reference |= {"dtype": array.dtype.name, "shape": list(array.shape)}


def choose(generator: np.random.Generator, values: Any) -> Any:
    return values[generator.integers(len(values))]


def resize(array: np.ndarray, generator: np.random.Generator, factor: float) -> np.ndarray:
    """More or fewer rows, the same ones again."""
    rows = int(len(array) * factor) + int(generator.integers(0, 2))
    most = GROWN // max(array[:1].nbytes, 1)
    return np.resize(array, (min(rows, most), *array.shape[1:])) if array.size else array


def change_lengths(tree: Tree, arrays: Arrays, generator: np.random.Generator) -> None:
    """One array of another length, or all arrays of a record."""
    factor = choose(generator, [0, 0.5, 2, 10, 1_000, 100_000])
    owners = [p for p in places(tree) if isinstance(at(tree, p), dict) and "record" in at(tree, p)]
    mine = references_in(at(tree, choose(generator, owners)))
    if not mine:
        mine = references_in(tree)
    if generator.random() < 0.5:
        mine = [choose(generator, mine)]
    for reference in mine:
        arrays[reference["array"]] = resize(arrays[reference["array"]], generator, factor)


def change_values(tree: Tree, arrays: Arrays, generator: np.random.Generator) -> None:
    """The same value everywhere, another order, or extremes in some places."""
    name = choose(generator, sorted(arrays))
    array = arrays[name].copy()
    if not array.size:
        return
    kind = generator.integers(4)
    flat = array.reshape(-1)
    if kind == 0:
        flat[:] = choose(generator, flat)
    elif kind == 1:
        generator.shuffle(flat)
    else:
        where = generator.integers(0, len(flat), generator.integers(1, 6))
        odd = [0, 1, -1, 7, 1e9, -1e9, 1e38, 1e300, 2**31 - 1, 2**40, 0.5, np.nan]
        with np.errstate(all="ignore"):
            flat[where] = np.array(choose(generator, odd)).astype(array.dtype)
    arrays[name] = array


def change_type(tree: Tree, arrays: Arrays, generator: np.random.Generator) -> None:
    name = choose(generator, sorted(arrays))
    kind = choose(generator, [np.float64, np.float32, np.int64, np.int32, np.bool_])
    with np.errstate(all="ignore"):
        arrays[name] = arrays[name].astype(kind)


def change_scalar(tree: Tree, arrays: Arrays, generator: np.random.Generator) -> None:
    """A number, a text, a truth value or a list of them."""
    scalars = [p for p in places(tree) if isinstance(at(tree, p), str | int | float | bool | None)]
    scalars = [p for p in scalars if not is_reference(at(tree, p[:-1]))]
    path = choose(generator, scalars)
    here, old = at(tree, path[:-1]), at(tree, path)
    values = TEXTS if isinstance(old, str) else NUMBERS
    here[path[-1]] = choose(generator, ODD if generator.random() < 0.2 else values)


def change_lists(tree: Tree, arrays: Arrays, generator: np.random.Generator) -> None:
    """Steps, networks, boosters, columns, levels: one more of a kind, one less, another order."""
    lists = [p for p in places(tree) if isinstance(at(tree, p), list) and at(tree, p)]
    lists = [p for p in lists if p[-1] != "shape"]
    mine = at(tree, choose(generator, lists))
    match generator.integers(4):
        case 0:
            del mine[generator.integers(len(mine))]
        case 1:
            generator.shuffle(mine)
        case _:
            times = int(choose(generator, [1, 1, 2, 30]))
            for number in range(times):
                more = copy.deepcopy(choose(generator, mine))
                for reference in references_in(more):
                    name = f"{reference['array']}+{len(arrays)}"
                    arrays[name] = arrays[reference["array"]]
                    reference["array"] = name
                mine.insert(int(generator.integers(len(mine) + 1)), more)
                if isinstance(more, str) and generator.random() < 0.7:
                    mine[mine.index(more)] = f"{more} {number}"


STRUCTURED: dict[str, Callable[[Tree, Arrays, np.random.Generator], None]] = {
    "lengths": change_lengths,
    "values": change_values,
    "type": change_type,
    "scalar": change_scalar,
    "lists": change_lists,
}


def mutate_structure(files: Files, generator: np.random.Generator) -> tuple[str, Files]:
    """Between one and three changes of records or notes, after which all files agree."""
    manifest, arrays = json.loads(files[MANIFEST]), dict(load_arrays(files[ARRAYS]))
    kinds = []
    for _ in range(int(choose(generator, [1, 1, 2, 3]))):
        kind = choose(generator, list(STRUCTURED))
        part = "about" if kind == "scalar" and generator.random() < 0.25 else "model"
        STRUCTURED[kind](manifest[part], arrays, generator)
        kinds.append(f"{kind} of {part}")
    settle(manifest["model"], arrays)
    named = {r["array"] for r in references_in(manifest["model"])}
    kept = {name: np.ascontiguousarray(a) for name, a in arrays.items() if name in named}
    text = json.dumps(manifest).replace('"1e999"', "1e999")
    found = {**files, ARRAYS: save_arrays(kept), MANIFEST: text.encode()}
    return ", ".join(kinds), with_hashes(found)


def with_hashes(files: Files) -> Files:
    """Right hashes, without making anything else of the manifest."""
    text = files[MANIFEST].decode()
    for name in (ARRAYS, CARD):
        start = text.index(f'"{name}": "') + len(f'"{name}": "')
        text = text[:start] + hashlib.sha256(files[name]).hexdigest() + text[start + 64 :]
    return {**files, MANIFEST: text.encode()}


def mutate(files: Files, generator: np.random.Generator) -> tuple[str, Files]:
    """One mutation, and its name."""
    if generator.random() < 0.6:
        return mutate_structure(files, generator)
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
    except DbnchurnError as error:
        check_sentence(error)
        return "refused"
    try:
        scored = predictor.examine(X)
    except DbnchurnError as error:
        check_sentence(error)
        return "another table"
    scores = scored.frame["probability"].to_numpy()
    assert np.isfinite(scores).all(), scores
    assert ((scores >= 0) & (scores <= 1)).all(), scores
    scored.unusual.lines()
    if predictor.reference is not None:
        found = predictor.reasons(X.head(1), k=1)["contribution_1"]
        assert not np.isinf(found.to_numpy(float)).any(), found
    return "scored"


def check_sentence(error: DbnchurnError) -> None:
    text = str(error)
    assert text, error
    assert "\n" not in text, text
    assert len(text) < LONGEST_SENTENCE, len(text)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bounded(memory: int = MEMORY) -> None:
    """Let this process ask for so much more memory than it has, and no more."""
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (has + memory, has + memory))


def run(source: Path, folder: Path, X: pd.DataFrame, count: int, seed: int) -> Counter[str]:
    """Mutate, load and score so many times; what is unexpected is raised with its number."""
    files = read(source)
    folder.mkdir(exist_ok=True)
    found: Counter[str] = Counter()
    for number in range(count):
        found[one(files, folder, X, number, seed)] += 1
    return found


def one(files: Files, folder: Path, X: pd.DataFrame, number: int, seed: int) -> str:
    """The outcome of one mutation."""
    generator = np.random.default_rng([seed, number])
    kind, mutated = mutate(files, generator)
    write(mutated, folder)
    faulthandler.dump_traceback_later(SLOWEST, exit=True)
    began, before = process_time(), peak_mb()
    try:
        found = outcome(folder, X)
    except Exception as error:
        raise AssertionError(f"mutation {number} of seed {seed} ({kind})") from error
    finally:
        faulthandler.cancel_dump_traceback_later()
    megabytes = sum(map(len, mutated.values())) / 2**20
    grown = peak_mb() - before
    assert grown < 20 * megabytes + 500, f"{number} of {seed} ({kind}): {grown} MB"
    seconds = process_time() - began
    assert seconds < 10 + megabytes, f"{number} of {seed} ({kind}): {seconds} s"
    return found


if __name__ == "__main__":
    faulthandler.enable()
    logging.disable(logging.WARNING)
    model, scratch, table, number, seed = sys.argv[1:]
    rows = pd.read_parquet(table).head(3)
    bounded()
    result = run(Path(model), Path(scratch), rows, int(number), int(seed))
    print(json.dumps(result))
