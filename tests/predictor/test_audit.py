"""Hashes prove nothing to who can write them: a model is refused for what it says, too.

Every case is stored with right hashes and right shapes in the manifest.
"""

import dataclasses
import json
import math
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save as save_arrays

from dbnchurn.core.errors import ArtifactError
from dbnchurn.predictor import Predictor, load
from dbnchurn.predictor.audit import DEEPEST
from dbnchurn.predictor.safe_parsing import parse_arrays, parse_json
from dbnchurn.prepare import record as steps
from dbnchurn.tables.schema import Column, Schema
from tests.predictor.unchecked import store

I32, I64, F32, F64 = np.int32, np.int64, np.float32, np.float64


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = getattr(tree, key) if isinstance(key, str) else tree[key]
    return tree


def put(record: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The record with another value at its place."""
    if not path:
        return value
    if isinstance(path[0], str):
        inner = put(getattr(record, path[0]), path[1:], value)
        return dataclasses.replace(record, **{path[0]: inner})
    where = path[0] % len(record)
    return (*record[:where], put(record[where], path[1:], value), *record[where + 1 :])


def cell(place: Any, value: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Change one cell of an array."""

    def change(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array[place] = value
        return array

    return change


def stored(record: Any, folder: Path) -> Path:
    store(record, folder / "tampered")
    return folder / "tampered"


@pytest.fixture(scope="module")
def record(thorough) -> Any:
    return thorough.record_


STEP = {
    kind: number
    for number, kind in enumerate(
        ("FlagMissing", "Clip", "Smooth", "Pool", "Fill", "Construct", "Compress", "Keep")
    )
}


def step(kind: str, *path: Any) -> tuple[Any, ...]:
    return ("prepare", "steps", STEP[kind], *path)


DECIDE, NETWORK, OTHER = ("decide",), ("networks", 0), ("networks", 1)
FOREST = ("leaves", "forests", 0)
REFERENCE = ("reference", "numbers", 0)


def test_the_model_has_a_step_of_every_kind_and_loads(record, tmp_path):
    kinds = [type(step).__name__ for step in record.prepare.steps]
    assert kinds[: len(STEP)] == list(STEP)
    assert set(kinds) == {kind.__name__ for kind in steps.Step.__args__}
    assert load(stored(record, tmp_path))[0].schema == record.schema


def test_machines_of_codes_need_boosters(record, tmp_path):
    columns_alone = [n for n in record.networks if len(n.sizes) == len(record.codes.sizes)]
    weights = record.decide.weights[: len(columns_alone) + 1]  # and of the extra trees
    without = dataclasses.replace(
        record,
        leaves=None,
        networks=tuple(columns_alone),
        decide=dataclasses.replace(record.decide, weights=weights),
    )
    assert load(stored(dataclasses.replace(without, codes=None), tmp_path))[0].codes is None
    with pytest.raises(ArtifactError, match="no boosters to test them"):
        load(stored(without, tmp_path))


CASES = [
    # schema
    (("schema", "columns", 0, "kind"), lambda _: "money", "unknown kind 'money'"),
    (("schema", "columns", 0, "levels"), lambda _: ("a",), "is a number and has levels"),
    (("schema", "columns", 2, "levels"), lambda v: (*v, v[0]), "repeats a level"),
    (("schema", "columns", 2, "levels"), lambda v: v[:-1], "does not fit the schema"),
    (("schema", "columns", 2, "kind"), lambda _: "ignore", "and has levels"),
    (("schema", "columns"), lambda v: (*v, v[0]), "repeated columns 'debt'"),
    (("schema", "columns"), lambda v: (*v, Column("new", "number")), "does not fit the schema"),
    (("schema", "columns"), lambda v: v[1:], "does not fit the schema"),
    # preparation: positions, lengths, codes
    (step("FlagMissing", "numbers"), cell(0, 99), "step 0, FlagMissing, takes other columns"),
    (step("FlagMissing", "numbers"), cell(0, -1), "step 0, FlagMissing, takes other columns"),
    (step("FlagMissing", "codes"), cell(0, 2), "step 0, FlagMissing, takes other columns"),
    (step("Keep", "codes"), cell(0, -1), "Keep, takes other columns"),
    (step("Keep", "numbers"), cell(0, 99), "Keep, takes other columns"),
    (step("Keep", "numbers"), lambda v: v[:-1], "does not fit"),
    (step("Clip", "low"), lambda v: v[:-1], "a lower and an upper fence"),
    (step("Clip", "low"), cell(0, 1e9), "a lower and an upper fence"),
    (step("Clip"), lambda v: steps.Clip(v.low[:1], v.high[:1]), "Clip, takes other columns"),
    (step("Pool", "codes"), lambda v: v[:-1], "Pool, takes other columns"),
    (step("Pool", "codes", -1), lambda v: v[:-1], "a new code is out of range|Pool, takes other"),
    (step("Pool", "codes", -1), cell(0, -1), "a new code is out of range"),
    (step("Pool", "codes", -1), cell(0, 2**31 - 1), "a new code is out of range"),
    (step("Fill", "codes"), cell(0, 3), "Fill, takes other columns"),
    (step("Fill", "codes"), cell(0, -2), "a code is out of range"),
    (step("Fill", "numbers"), lambda v: v[:1], "Fill, takes other columns"),
    (step("Smooth", "columns"), cell(0, 99), "Smooth, takes other columns"),
    (step("Smooth", "edges", 0), lambda v: v[::-1].copy(), "no bins"),
    (step("Smooth", "middles", 0), lambda v: v[:-1], "no bins"),
    (step("Smooth", "edges"), lambda v: v[:-1], "needs edges and middles"),
    (step("Construct", "above"), cell(0, -1), "Construct, takes other columns"),
    (step("Construct", "series", 0), cell(0, 99), "Construct, takes other columns"),
    (step("Construct", "series", 0), lambda v: v[:1], "do not agree"),
    (step("Construct", "names"), lambda v: v[:1], "do not agree"),
    (step("Construct", "below"), lambda v: v[:0], "do not agree"),
    (step("Compress", "columns"), cell(0, -1), "Compress, takes other columns"),
    (step("Compress", "scale"), cell(0, 0.0), "scales have to be positive"),
    # encoding
    (("encode", "gaussian"), cell(0, -1), "the encode record does not fit the columns"),
    (("encode", "binary"), cell(0, 99), "the encode record does not fit the columns"),
    (("encode", "rungs"), cell(0, 99), "the encode record does not fit the columns"),
    (("encode", "rungs"), lambda v: v[:, None], "positions have to be a list"),
    (("encode", "scale"), cell(0, 0.0), "scales have to be positive"),
    (("encode", "scale"), cell(0, 1e-320), "scales have to be positive"),
    (("encode", "scale"), cell(0, np.nan), "NaN or infinite"),
    (("encode", "reach"), lambda _: -1.0, "scales have to be positive"),
    (("encode", "high"), cell(0, -1e9), "a rung has to rise"),
    (("encode", "center"), lambda v: v[:-1], "centers and scales differ"),
    (("encode", "high"), lambda v: v[:-1], "edges differ in number"),
    # trees
    ((*FOREST, "threshold"), cell(0, np.nan), "NaN or infinite"),
    ((*FOREST, "threshold"), lambda v: v[:-1], "differ in length"),
    ((*FOREST, "value"), lambda v: v.astype(F64), "expected float32 values"),
    ((*FOREST, "feature"), lambda v: v[:, None], "have to be lists|no consistent Forest"),
    ((*FOREST, "feature"), cell(0, 99), "tests a column that does not exist"),
    ((*FOREST, "feature"), cell(0, -2), "out of range"),
    ((*FOREST, "starts"), cell(1, 0), "do not divide the nodes"),
    ((*FOREST, "starts"), cell(-1, 10**9), "do not divide the nodes"),
    ((*FOREST, "starts"), lambda v: v[:0], "do not divide the nodes|no consistent Forest"),
    ((*FOREST, "category_starts"), cell(-1, 0), "category sets do not divide"),
    ((*FOREST, "categories"), cell(0, -1), "out of range"),
    ((*FOREST, "categories"), cell(0, 10_000), "tests a level that does not exist"),
    ((*FOREST, "categories"), cell(0, 2**31 - 1), "tests a level that does not exist"),
    ((*FOREST, "left"), cell(0, 0), "does not follow its parent"),
    ((*FOREST, "left"), cell(0, -1), "does not follow its parent"),
    ((*FOREST, "left"), cell(0, 2**31 - 1), "does not follow its parent"),
    ((*FOREST, "left"), cell(0, 2), "no parent or more than one"),
    (("leaves", "n_features"), lambda n: n + 1, "preparation makes"),
    (("leaves", "n_features"), lambda _: 10**30, "is too large"),
    (("leaves", "forests"), lambda _: (), "a booster has none"),
    (("leaves", "forests"), lambda v: v[:1], "do not fit one another"),
    (("leaves",), lambda _: None, "takes leaves, but the model has no boosters"),
    # networks
    ((*NETWORK, "code_weights"), cell((0, 0), np.inf), "NaN or infinite"),
    ((*NETWORK, "code_weights"), lambda v: v[:-1], "do not follow one another"),
    ((*NETWORK, "code_weights"), lambda v: v.T.copy(), "do not follow one another"),
    ((*NETWORK, "dense_weights"), lambda v: v[:, :-1], "do not follow one another"),
    ((*NETWORK, "dense_weights"), lambda v: v[:-1], "units, encoding gives"),
    ((*NETWORK, "weights", 0), lambda v: v[:-1], "do not follow one another"),
    ((*NETWORK, "weights"), lambda v: v[:-1], "do not follow one another"),
    ((*NETWORK, "biases", 1), lambda v: v[:-1], "do not follow one another"),
    ((*NETWORK, "biases"), lambda _: (), "do not follow one another"),
    ((*NETWORK, "head"), lambda v: v[:-1], "do not follow one another"),
    ((*NETWORK, "head"), lambda v: v[:, None], "do not follow one another"),
    ((*NETWORK, "skip"), lambda v: v[:-1], "do not follow one another"),
    ((*NETWORK, "activations"), lambda v: v[:-1], "needs one of"),
    ((*NETWORK, "activations", 0), lambda _: "tanh", "needs one of .*'tanh'"),
    ((*NETWORK, "sizes"), lambda v: v[:-1], "do not follow one another"),
    ((*NETWORK, "sizes"), lambda v: (*v[1:], v[0]), "groups of other sizes"),
    ((*NETWORK, "sizes"), lambda v: (v[0] + 1, v[1] - 1, *v[2:]), "groups of other sizes"),
    ((*OTHER, "sizes"), lambda v: (10**9, v[0] + v[1] - 10**9), "do not follow one another"),
    ((*NETWORK, "dense_weights"), cell((0, 0), 3e38), "so large that scores may overflow"),
    ((*NETWORK, "bias"), lambda _: 1e300, "so large that scores may overflow"),
    ((*NETWORK, "skip"), cell(0, 3e38), "so large that scores may overflow"),
    (("networks",), lambda v: v[:1], "members of the blend, but"),
    # machines of the codes
    (("codes",), lambda _: None, "preparation makes"),
    (("codes", "head"), lambda v: v[:-1], "do not follow one another"),
    (("codes", "dense_weights"), lambda v: v[:-1], "the machines of the codes takes .* units"),
    (("codes", "sizes"), lambda v: (v[0] + 1, v[1] - 1), "the machines of the codes takes"),
    (("codes", "dense_weights"), cell((0, 0), 3e38), "so large that scores may overflow"),
    # decision
    ((*DECIDE, "weights"), lambda v: -v, "not a list ≥ 0"),
    ((*DECIDE, "weights"), lambda v: v[:, None], "not a list ≥ 0"),
    ((*DECIDE, "weights"), cell(0, 1e300), "beyond 1e"),
    ((*DECIDE, "weights"), cell(0, np.nan), "NaN or infinite"),
    ((*DECIDE, "offset"), lambda _: -1e300, "beyond 1e"),
    ((*DECIDE, "threshold"), lambda _: 1.5, "out of range"),
    ((*DECIDE, "prior"), lambda _: 0.0, "out of range"),
    ((*DECIDE, "trained_prior"), lambda _: 1.0, "out of range"),
    ((*DECIDE, "prior"), lambda _: 1 - 1e-16, "out of range"),
    ((*DECIDE, "trained_prior"), lambda _: 1e-300, "out of range"),
    (("labels",), lambda _: ("1", "1"), "no two labels of the type"),
    (("labels",), lambda _: ("0",), "labels: "),
    (("label_type",), lambda _: "eval", "labels: "),
    # what training looked like
    ((*REFERENCE, "edges"), lambda v: v[::-1].copy(), "is no distribution"),
    ((*REFERENCE, "edges"), lambda v: v[:-1], "is no distribution of numbers"),
    ((*REFERENCE, "shares"), cell(0, -0.5), "is no distribution"),
    ((*REFERENCE, "name"), lambda _: "other", "describes other columns"),
    (("reference", "numbers"), lambda v: v[1:], "describes other columns"),
    (("reference", "categories"), lambda v: v[1:], "describes other columns"),
    (
        ("reference", "categories", 0, "shares"),
        lambda v: np.append([0.0], v),
        "has other levels",
    ),
]


@pytest.mark.parametrize(
    ("path", "change", "message"),
    CASES,
    ids=[f"{i} {'.'.join(map(str, path))}" for i, (path, _, _) in enumerate(CASES)],
)
def test_records_that_cannot_be_are_refused(record, tmp_path, path, change, message):
    tampered = put(record, path, change(at(record, path)))
    with pytest.raises(ArtifactError, match=message):
        load(stored(tampered, tmp_path))


@pytest.mark.parametrize(
    ("kind", "labels"),
    [("float", ("nan", "nan")), ("float", ("nan", "1")), ("float", ("inf", "1")),
     ("float", ("1.0", "1")), ("int", ("01", "1")), ("int", ("x", "1")), ("int", ("9" * 40, "1")),
     ("bool", ("True", "maybe")), ("bool", ("1", "0")), ("int", ("1" * 5_000, "1"))],
)  # fmt: skip
def test_labels_are_two_values_of_their_type(record, tmp_path, kind, labels):
    tampered = dataclasses.replace(record, label_type=kind, labels=labels)
    with pytest.raises(ArtifactError, match="are no two labels of the type"):
        load(stored(tampered, tmp_path))


def test_a_reference_of_levels_never_seen_gives_reasons_or_none(record, tmp_path, draw_many):
    def unseen(spread: Any) -> Any:
        shares = np.zeros_like(spread.shares)
        shares[-2] = 1.0
        return dataclasses.replace(spread, shares=shares)

    reference = dataclasses.replace(
        record.reference,
        numbers=tuple(map(unseen, record.reference.numbers)),
        categories=tuple(map(unseen, record.reference.categories)),
    )
    predictor = Predictor.load(stored(dataclasses.replace(record, reference=reference), tmp_path))
    found = predictor.reasons(draw_many(5, 3)[0], k=2)
    assert np.isfinite(found["contribution_1"].dropna().to_numpy(float)).all()


def test_each_test_of_a_tree_has_the_kind_of_its_column(record, tmp_path):
    forest = at(record, FOREST)
    of_levels = np.flatnonzero(np.diff(forest.category_starts))[0]
    of_numbers = np.flatnonzero((forest.feature >= 0) & (np.diff(forest.category_starts) == 0))[0]
    category = forest.feature[of_levels]
    for node, column in ((of_levels, 0), (of_numbers, category)):
        tampered = put(record, (*FOREST, "feature"), cell(node, column)(forest.feature))
        with pytest.raises(ArtifactError, match="a number is tested for categories, or"):
            load(stored(tampered, tmp_path))


def test_a_tree_like_a_well_is_refused(record, tmp_path):
    """A chain of tests, each with one leaf: sound, but a walk without end for every row."""

    def chain(depth: int) -> Any:
        nodes = 2 * depth + 1
        inner = np.arange(nodes) < depth
        place = np.arange(nodes)
        forest = at(record, FOREST)
        return dataclasses.replace(
            forest,
            starts=np.array([0, nodes]),
            feature=np.where(inner, 0, -1).astype(I32),
            threshold=np.zeros(nodes, F32),
            left=np.where(inner, np.append(place[1:depth], [depth] * (nodes - depth + 1)), -1)[
                :nodes
            ].astype(I32),
            right=np.where(inner, place + depth + 1, -1).astype(I32),
            default_left=np.zeros(nodes, bool),
            category_starts=np.zeros(nodes + 1, I64),
            categories=np.zeros(0, I32),
            value=np.zeros(nodes, F32),
        )

    shallow, deep = chain(5), chain(DEEPEST)
    shallow.audit()
    deep.audit()
    with pytest.raises(ArtifactError, match="deeper than 512 tests"):
        load(stored(put(record, FOREST, deep), tmp_path))


def test_the_order_of_the_schema_is_that_of_the_numbers_and_of_the_categories(record, tmp_path):
    numbers = [c for c in record.schema.columns if c.kind != "category"]
    categories = [c for c in record.schema.columns if c.kind == "category"]
    other = dataclasses.replace(record, schema=Schema((*categories, *numbers)))
    load(stored(other, tmp_path))
    swapped = dataclasses.replace(record, schema=Schema((numbers[1], numbers[0], *numbers[2:])))
    with pytest.raises(ArtifactError):
        load(stored(swapped, tmp_path))


def header(arrays: bytes) -> dict[str, Any]:
    length = struct.unpack("<Q", arrays[:8])[0]
    return dict(json.loads(arrays[8 : 8 + length]))


def with_header(arrays: bytes, entries: Any) -> bytes:
    length = struct.unpack("<Q", arrays[:8])[0]
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + arrays[8 + length :]


ARRAYS = save_arrays({"a": np.arange(6.0).reshape(2, 3), "b": np.array([True, False])})


def test_arrays_are_read_as_the_library_does():
    found = parse_arrays(ARRAYS)
    assert {name: array.dtype for name, array in found.items()} == {"a": F64, "b": np.bool_}
    np.testing.assert_array_equal(found["a"], np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(found["b"], [True, False])
    assert parse_arrays(save_arrays({"none": np.zeros((0, 4), F32)}))["none"].shape == (0, 4)
    assert parse_arrays(save_arrays({"a": np.zeros(2)}, metadata={"note": "x"}))["a"].shape == (2,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": [3, 3]}, "does not fill the bytes"),
        ({"shape": [2**40, 2**40]}, "does not fill the bytes"),
        ({"shape": [10**400]}, "is too large"),
        ({"shape": [-2, -3]}, "has no shape or no place"),
        ({"shape": [2.0, 3]}, "has no shape or no place"),
        ({"shape": [True, 6]}, "has no shape or no place"),
        ({"shape": [1] * 100 + [6]}, "has no shape or no place"),
        ({"shape": [1, 2, 3]}, "does not fill the bytes"),
        ({"shape": None}, "has no shape or no place"),
        ({"dtype": "F16"}, "has the type 'F16'"),
        ({"dtype": "O"}, "has the type 'O'"),
        ({"dtype": ["F64"]}, "has the type"),
        ({"dtype": "I64"}, None),  # as many bytes: another, legitimate array
        ({"data_offsets": [0, 40]}, "does not fill the bytes"),
        ({"data_offsets": [48, 0]}, "does not fill the bytes"),
        ({"data_offsets": [2, 50]}, "gap or overlaps"),
        ({"data_offsets": [-8, 40]}, "has no shape or no place"),
        ({"data_offsets": [0, 48, 48]}, "has no shape or no place"),
        ({"more": 1}, "is not described as one"),
    ],
)
def test_headers_that_lie_are_refused(change, message):
    entries = header(ARRAYS)
    entries["a"] |= change
    if message is None:
        assert parse_arrays(with_header(ARRAYS, entries))["a"].shape == (2, 3)
        return
    with pytest.raises(ArtifactError, match=message):
        parse_arrays(with_header(ARRAYS, entries))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a header of 0 bytes in a file of 0"),
        (ARRAYS[:7], "in a file of 7"),
        (ARRAYS[:-1], "the file holds 49"),
        (ARRAYS + b"\0", "the file holds 51"),
        (ARRAYS[:-1] + b"\2", "flags that are neither 0 nor 1"),
        (struct.pack("<Q", 2**63) + ARRAYS[8:], "at most 16777216 are allowed"),
        (struct.pack("<Q", 17 * 2**20) + bytes(18 * 2**20), "at most 16777216 are allowed"),
        (with_header(ARRAYS, b"{"), "no JSON"),
        (with_header(ARRAYS, b"\xff\xff"), "no JSON"),
        (with_header(ARRAYS, b"[" * 100_000), "no JSON"),
        (with_header(ARRAYS, []), "no mapping"),
        (with_header(ARRAYS, {"a": 1}), "is not described as one"),
        (with_header(ARRAYS, b'{"a": 1, "a": 2}'), "the key 'a' stands twice"),
    ],
)
def test_other_files_of_arrays_are_refused(content, message):
    with pytest.raises(ArtifactError, match=message):
        parse_arrays(content)


def test_two_arrays_may_not_share_bytes():
    entries = header(ARRAYS)
    entries["c"] = entries["a"]
    with pytest.raises(ArtifactError, match="gap or overlaps"):
        parse_arrays(with_header(ARRAYS, entries))


@pytest.mark.parametrize("text", [b"NaN", b"[Infinity]", b'{"a": -Infinity}'])
def test_json_of_no_numbers(text):
    with pytest.raises(ValueError, match="is not a number"):
        parse_json(text)


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    return folder


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "more.bin", "manifest.json"])
def test_other_files_are_never_looked_at(model, name):
    with pytest.raises(ArtifactError, match="a model has the files"):
        load(rewrite(model, lambda manifest: manifest["files"].update({name: "0" * 64})))


def test_an_entry_that_no_record_has_is_refused(model):
    with pytest.raises(ArtifactError, match="unknown entries 'script'"):
        load(rewrite(model, lambda manifest: manifest.update(script="rm -rf")))


def test_arrays_that_nothing_names_are_refused(model, record, tmp_path):
    def share(manifest: dict[str, Any]) -> None:
        network = manifest["model"]["networks"][0]
        network["biases"][1] = network["biases"][0]

    with pytest.raises(ArtifactError, match=r"no record names: 'networks\.0\.biases\.1'"):
        load(rewrite(model, share))


def test_two_records_may_not_share_an_array(model):
    def share(manifest: dict[str, Any]) -> None:
        encode = manifest["model"]["encode"]
        encode["more"] = encode["low"]

    with pytest.raises(ArtifactError, match=r"several records name the arrays 'encode\.low'"):
        load(rewrite(model, share))


def test_a_manifest_nested_without_end_is_refused(model):
    text = (model / "manifest.json").read_text()
    for depth in (500, 900, 5_000, 200_000):
        nested = "[" * depth + "]" * depth
        (model / "manifest.json").write_text(
            text.replace('"offset": ', f'"offset": {nested}, "o": ')
        )
        with pytest.raises(ArtifactError):
            load(model)


def test_numbers_beyond_all_bounds_are_refused(model):
    text = (model / "manifest.json").read_text()
    for number in ("1e999", "9" * 400, "9" * 5_000, "-1e400"):
        spoilt = text.replace('"trained_prior": ', f'"trained_prior": {number}, "x": ')
        (model / "manifest.json").write_text(spoilt)
        with pytest.raises(ArtifactError):
            load(model)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("name", ["manifest.json", "model.safetensors", "card.md"])
def test_a_pipe_is_not_waited_for(model, name):
    (model / name).unlink()
    os.mkfifo(model / name)
    with pytest.raises(ArtifactError, match=f"{name} is missing"):
        load(model)


def test_a_folder_in_the_place_of_a_file(model):
    (model / "card.md").unlink()
    (model / "card.md").mkdir()
    with pytest.raises(ArtifactError, match=r"card\.md is missing"):
        load(model)


def test_a_link_to_the_folder_itself_may_be_followed(model, tmp_path):
    """Which version is current is often a link; what is in a model is not."""
    (tmp_path / "current").symlink_to(model, target_is_directory=True)
    assert math.isfinite(load(tmp_path / "current")[0].decide.threshold)
