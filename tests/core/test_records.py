"""A record survives the way into plain data and back, and nothing else gets in."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.records import pack, unpack


@dataclass(frozen=True, eq=False)
class Scale:
    center: npt.NDArray[np.float64]
    limit: float

    def audit(self) -> None:
        if self.limit <= 0:
            raise ArtifactError("limits are positive")
        self.center[0]  # not of every shape


@dataclass(frozen=True, eq=False)
class Pick:
    columns: npt.NDArray[np.int64]
    exact: bool


@dataclass(frozen=True, eq=False)
class Model:
    steps: tuple[Scale | Pick, ...]
    names: tuple[str, ...]
    sizes: dict[str, int]
    extra: Pick | None
    note: str | None


MODEL = Model(
    steps=(Scale(np.array([1.0, 2.0]), 3), Pick(np.array([0, 2]), True)),
    names=("a", "ä"),
    sizes={"a": 2},
    extra=None,
    note="x",
)


def test_round_trip_through_json():
    tree, arrays = pack(MODEL)
    found = unpack(Model, json.loads(json.dumps(tree)), arrays)
    assert found.names == MODEL.names
    assert found.sizes == MODEL.sizes
    assert found.extra is None
    assert found.note == "x"
    assert isinstance(found.steps[0], Scale)
    assert isinstance(found.steps[1], Pick)
    assert type(found.steps[0].limit) is float
    np.testing.assert_array_equal(found.steps[0].center, MODEL.steps[0].center)
    assert sorted(arrays) == ["steps.0.center", "steps.1.columns"]


def test_transposed_arrays_survive_the_way_into_a_file():
    from safetensors.numpy import load, save

    center = np.arange(6.0).reshape(2, 3).T
    tree, arrays = pack(Scale(center, 1.0))
    assert np.array_equal(unpack(Scale, tree, load(save(arrays))).center, center)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"x"])
def test_what_has_no_place_in_a_record_is_not_packed(value):
    with pytest.raises(TypeError, match=r"limit: .*no place in a record"):
        pack(Scale(np.zeros(1), value))


def changed(*path, value) -> dict:
    tree = json.loads(json.dumps(pack(MODEL)[0]))
    here = tree
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return tree


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (None, "Model: expected a Model"),
        ([], "Model: expected a Model"),
        (changed("record", value="Scale"), "expected a Model"),
        (changed("unknown", value=1), r"needs exactly \[.*found \[.*'unknown'"),
        (changed("steps", value={}), "Model.steps: expected a list"),
        (changed("steps", 0, "record", value="Scala"), "unknown record 'Scala', did you mean"),
        (changed("steps", 0, "record", value=["Scale"]), "unknown record"),
        (changed("steps", 0, "limit", value="3"), "Model.steps.0.limit: expected float"),
        (changed("steps", 0, "limit", value=True), "expected float"),
        (changed("steps", 0, "limit", value=10**400), "limit: expected float"),
        (changed("steps", 0, "limit", value=-1.0), "limits are positive"),
        (changed("steps", 0, "center", value=[1.0]), "expected a reference to an array"),
        (changed("steps", 0, "center", "array", value="nowhere"), "'nowhere' is missing"),
        (changed("steps", 0, "center", "array", value=["a"]), "is missing"),
        (changed("steps", 0, "center", "shape", value=[3]), "the manifest says"),
        (changed("steps", 0, "center", "dtype", value="int8"), "the manifest says"),
        (changed("steps", 1, "exact", value=1), "expected bool"),
        (changed("names", 0, value=7), "Model.names.0: expected str"),
        (changed("sizes", value=[]), "expected a mapping"),
        (changed("sizes", "a", value=2.5), "Model.sizes.a: expected int"),
        (changed("note", value=1), "expected str"),
    ],
)
def test_other_trees_are_refused_with_their_place(tree, message):
    with pytest.raises(ArtifactError, match=message):
        unpack(Model, tree, pack(MODEL)[1])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([1.0, np.nan]), "NaN or infinite"),
        (np.array([1.0, np.inf]), "NaN or infinite"),
        (np.array([1, 2]), "expected float64 values"),
        (np.array([1.0, 2.0], np.float32), "expected float64 values"),
        (np.array(1.0), "no consistent Scale"),
        (np.empty(0), "no consistent Scale"),
    ],
)
def test_arrays_that_cannot_be_are_refused(array, message):
    tree, arrays = pack(MODEL)
    tree["steps"][0]["center"] |= {"dtype": array.dtype.name, "shape": list(array.shape)}
    with pytest.raises(ArtifactError, match=message):
        unpack(Model, tree, arrays | {"steps.0.center": array})
