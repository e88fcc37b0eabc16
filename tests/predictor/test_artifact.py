"""A stored model is whole and sound, or it is refused in one sentence."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from dbnchurn.core.errors import ArtifactError, ConfigError, DbnchurnError
from dbnchurn.core.records import pack
from dbnchurn.features import Leaves
from dbnchurn.predictor import Predictor, load, save
from dbnchurn.predictor.artifact import FORMAT, UPGRADES
from dbnchurn.predictor.budget import MOST_LETTERS
from tests.predictor.unchecked import store

FILES = ("manifest.json", "model.safetensors", "card.md")


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def rehash(folder: Path) -> None:
    """Make the hashes right again, as whoever tampers with a model would."""

    def change(manifest: dict[str, Any]) -> None:
        for name in manifest["files"]:
            manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()

    edit_manifest(folder, change)


def test_three_files_and_nothing_else(model):
    assert sorted(path.name for path in model.iterdir()) == sorted(FILES)
    assert [path.name for path in model.parent.iterdir()] == ["model"]  # nothing half-written


def test_the_manifest_says_what_it_has_to(model, fitted):
    manifest = json.loads((model / "manifest.json").read_text())
    assert manifest["format"] == FORMAT
    assert set(manifest["files"]) == {"model.safetensors", "card.md"}
    about = manifest["about"]
    assert about["threshold"]["value"] == fitted.threshold_
    assert about["training"]["rows"] == 600  # in the end all of them
    assert about["training"]["validation_rows"] == 90
    assert len(about["training"]["fingerprint"]) == 64
    assert {"python", "numpy", "xgboost", "torch", "treelite"} <= set(about["versions"])
    columns = [column["name"] for column in manifest["model"]["schema"]["columns"]]
    assert columns == ["debt", "age", "plan", "tv", "since"]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(model, name):
    (model / name).unlink()
    with pytest.raises(ArtifactError, match=f"model: {name} is missing"):
        load(model)


@pytest.mark.parametrize("name", FILES)
def test_a_link_is_refused(model, tmp_path, name):
    (model / name).rename(tmp_path / "elsewhere")
    (model / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match=f"{name} is a link"):
        load(model)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0, 0.5, 0.999])
def test_a_truncated_file_is_refused(model, name, keep):
    content = (model / name).read_bytes()
    (model / name).write_bytes(content[: int(keep * len(content))])
    with pytest.raises(ArtifactError, match=f"{name} (is damaged|is not valid JSON)"):
        load(model)


@pytest.mark.parametrize("name", FILES[1:])
def test_a_flipped_bit_is_refused_wherever_it_is(model, name):
    content = (model / name).read_bytes()
    for place in np.random.default_rng(0).integers(0, len(content), 20):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(place) % 8
        (model / name).write_bytes(flipped)
        with pytest.raises(ArtifactError, match=f"{name} is damaged"):
            load(model)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "does not describe a model"),
        (b"{}", "does not describe a model"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"format": NaN}', "NaN is not a number"),
        (b'{"format": 1}', "'about' is missing or not a mapping"),
        (b'{"format": 1, "about": {}, "files": {}, "model": []}', "'model' is missing or not"),
        (b'{"format": 1, "about": {}, "files": {}, "model": {}}', "a model has the files"),
        (b'{"format": 1, "format": 2}', "the key 'format' stands twice"),
        (b'{"format": ' + b"9" * 5000 + b"}", "not valid JSON"),
    ],
)
def test_other_manifests_are_refused(model, content, message):
    (model / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=message):
        load(model)


@pytest.mark.parametrize("version", [0, FORMAT + 1, "1", None, [1], True])
def test_other_formats_are_refused(model, version):
    edit_manifest(model, lambda manifest: manifest.update(format=version))
    with pytest.raises(ArtifactError, match=f"reads 1 to {FORMAT}; use the version of dbnchurn"):
        load(model)


def test_no_folder_is_no_model(tmp_path):
    with pytest.raises(ArtifactError, match="no such model folder"):
        load(tmp_path / "nowhere")


def test_a_run_is_told_from_its_model(tmp_path):
    (tmp_path / "run" / "model").mkdir(parents=True)
    (tmp_path / "run" / "model" / "manifest.json").touch()
    with pytest.raises(ArtifactError, match=r"is a run; its model is .*run/model$"):
        Predictor.load(tmp_path / "run")


def test_too_large_a_file_is_not_even_read(model):
    os.truncate(model / "card.md", 17 * 2**20)
    with pytest.raises(ArtifactError, match=r"card.md has 17825792 bytes, at most"):
        load(model)


def test_arrays_of_another_kind_are_refused(model):
    (model / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ")
    rehash(model)
    with pytest.raises(ArtifactError, match=r"the array .* is missing"):
        load(model)
    (model / "model.safetensors").write_bytes(b"\xff" * 100)
    rehash(model)
    with pytest.raises(ArtifactError, match=r"model\.safetensors cannot be read"):
        load(model)


def test_weights_that_are_no_numbers_are_refused(model, fitted):
    first, *others = fitted.record_.networks
    weights = first.code_weights.copy()
    weights[3, 1] = np.nan
    networks = (dataclasses.replace(first, code_weights=weights), *others)
    store(dataclasses.replace(fitted.record_, networks=networks), model)
    with pytest.raises(ArtifactError, match="code_weights' holds NaN or infinite values"):
        load(model)


def forest_with(fitted: Any, **changes: np.ndarray) -> Any:
    leaves = fitted.record_.leaves
    forest = dataclasses.replace(leaves.forests[0], **changes)
    forests = (forest, *leaves.forests[1:])
    return dataclasses.replace(fitted.record_, leaves=dataclasses.replace(leaves, forests=forests))


def test_trees_with_a_cycle_or_an_orphan_are_refused(model, fitted):
    forest = fitted.record_.leaves.forests[0]
    inner = np.flatnonzero(forest.feature[: forest.starts[1]] >= 0)
    cycle, orphan = forest.left.copy(), forest.left.copy()
    cycle[inner[1]] = 0
    orphan[inner[0]] = forest.right[inner[0]]
    for left, message in ((cycle, "does not follow its parent"), (orphan, "no parent or more")):
        store(forest_with(fitted, left=left), model)
        with pytest.raises(ArtifactError, match=message):
            load(model)


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from places(value, (*path, key))


def put(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = tree.copy()
    copy[path[0]] = put(tree[path[0]], path[1:], value)
    return copy


ODD_VALUES = (None, -1, 10**30, "x", [], {})


def scores_or_refuses(folder: Path, tree: Any, arrays: Any, X: Any) -> bool:
    """Whether a model of this content loads; then it gives probabilities or a clear error."""
    content = save_arrays(arrays)
    (folder / "model.safetensors").write_bytes(content)

    def change(manifest: dict[str, Any]) -> None:
        manifest["model"] = tree
        manifest["files"]["model.safetensors"] = hashlib.sha256(content).hexdigest()

    edit_manifest(folder, change)
    try:
        scores = Predictor.load(folder).predict_proba(X)
    except DbnchurnError:
        return False
    assert np.isfinite(scores).all()
    assert scores.min() >= 0
    assert scores.max() <= 1
    return True


@pytest.fixture(scope="module")
def tiny(small, draw_customers) -> Any:
    return small(leaves=Leaves(folds=2, n_trees=2, max_depth=2)).fit(*draw_customers()).record_


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.long)])
def test_any_value_may_be_replaced_and_nothing_breaks(model, tiny, customers, every):
    """Every place of the tree; of the odd values each, or another part at every place."""
    tree, arrays = pack(tiny)
    tree = json.loads(json.dumps(tree))
    X = customers[0].head(20)
    assert scores_or_refuses(model, tree, arrays, X)
    found = [
        scores_or_refuses(model, put(tree, path, value), arrays, X)
        for number, path in enumerate(places(tree))
        for value in ODD_VALUES[number % every :: every]
    ]
    assert np.mean(found) < 0.1  # a level's name or a threshold may change unseen


def odd_versions(array: np.ndarray) -> list[np.ndarray]:
    limits = np.iinfo if array.dtype.kind in "iu" else np.finfo
    extremes = (
        [np.full_like(array, getattr(limits(array.dtype), end)) for end in ("min", "max")]
        if array.dtype.kind != "b"
        else []
    )
    return [
        *extremes,
        array[:-1],
        array[:0],
        array[None],
        array[..., None],
        np.zeros((), array.dtype),
        array[::-1].copy(),
        array.astype(np.float16),
        np.concatenate([array, array]),
    ]


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.long)])
def test_any_array_may_be_replaced_and_nothing_breaks(model, tiny, customers, every):
    """Every array; of its odd versions each, or others for every array."""
    tree, arrays = pack(tiny)
    tree = json.loads(json.dumps(tree))
    X = customers[0].head(20)
    where = {}
    for path in places(tree):
        if path and path[-1] == "array":
            here = tree
            for key in path:
                here = here[key]
            where[here] = path[:-1]
    assert set(where) == set(arrays)
    for number, (name, array) in enumerate(arrays.items()):
        for odd in odd_versions(array)[number % every :: every]:
            entry = {"array": name, "dtype": odd.dtype.name, "shape": list(odd.shape)}
            changed = put(tree, where[name], entry)
            scores_or_refuses(model, changed, {**arrays, name: odd}, X)


def test_a_model_may_be_replaced_and_other_folders_may_not(fitted, model, tmp_path):
    before = (model / "manifest.json").read_bytes()
    fitted.save(model)
    assert (model / "manifest.json").read_bytes() == before
    other = tmp_path / "photos"
    other.mkdir()
    (other / "dog.jpg").write_bytes(b"")
    for target in (other, other / "dog.jpg"):
        with pytest.raises(ConfigError, match="exists and is not a model; choose another folder"):
            fitted.save(target)
    assert [path.name for path in other.iterdir()] == ["dog.jpg"]
    (tmp_path / "empty").mkdir()
    fitted.save(tmp_path / "empty")
    fitted.save(tmp_path / "new" / "folders" / "model")


def test_a_failure_while_writing_leaves_the_old_model(fitted, model, monkeypatch):
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        fitted.save(model)
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def test_arrays_are_stored_as_they_are(model, fitted):
    stored = load_arrays((model / "model.safetensors").read_bytes())
    expected = pack(fitted.record_)[1]
    assert stored.keys() == expected.keys()
    for name, array in expected.items():
        assert stored[name].dtype == array.dtype
        np.testing.assert_array_equal(stored[name], array)


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else []


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"note": list(range(600_000))}, "600[0-9]* values, at most 524288 are allowed"),
        ({"note": [{}] * 70_000}, "70[0-9]* mappings, at most 65536 are allowed"),
        ({"note": "x" * 2**24}, "has 167[0-9]* bytes, at most 16777216 are allowed"),
        ({"note": deep(70)}, "nested deeper than 64 levels"),
        ({"note": float("nan")}, "cannot be JSON: Out of range float values"),
        ({"note": {1}}, "cannot be JSON: Object of type set"),
        ({1: "a", "1": "b"}, "the key '1' stands twice"),
        ({"id": ["customer"]}, "about.id has to be a text"),
    ],
)  # fmt: skip
def test_what_could_not_be_loaded_is_not_stored(fitted, model, tmp_path, about, message):
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    for folder in (model, tmp_path / "new"):
        with pytest.raises(ArtifactError, match=f"not stored, as .* loaded again: .*{message}"):
            save(fitted.record_, folder, card="", about=about)
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    assert not (tmp_path / "new").exists()


def test_names_too_long_for_a_stored_model_are_refused_before_it_is_written(fitted, tmp_path):
    schema, name = fitted.record_.schema, "n" * (MOST_LETTERS // 2)
    columns = tuple(
        dataclasses.replace(column, name=f"{name}{place}") if place < 3 else column
        for place, column in enumerate(schema.columns)
    )
    renamed = dataclasses.replace(schema, columns=columns)
    record = dataclasses.replace(fitted.record_, schema=renamed, reference=None)
    with pytest.raises(ArtifactError, match=r"not stored.* bytes, at most 16777216"):
        save(record, tmp_path / "new", card="")
    assert list(tmp_path.glob("new*")) == []


OLD = Path(__file__).parent / "old"


@pytest.mark.parametrize("number", [*UPGRADES, FORMAT])
def test_a_model_that_an_earlier_version_stored_gives_its_old_scores(number):
    rows = pd.read_csv(OLD / f"format_{number}_rows.csv")
    found = Predictor.load(OLD / f"format_{number}").predict_proba(rows)[:, 1]
    stored = np.loadtxt(OLD / f"format_{number}_probabilities.txt")
    np.testing.assert_allclose(found, stored, rtol=0, atol=1e-6)
