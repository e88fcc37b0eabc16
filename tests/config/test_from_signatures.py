"""Sections from signatures: one place for a default, and back to the same estimator."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import Field, ValidationError
from sklearn.base import BaseEstimator

from dbnchurn.config import Section, build, model_from_signatures, read, section_of


class Leaves(BaseEstimator):
    def __init__(
        self,
        *,
        trees: Annotated[int, Field(ge=1)] = 100,
        grow: Literal["depthwise", "lossguide"] = "depthwise",
        random_state: int | np.random.Generator | None = None,
    ):
        self.trees = trees
        self.grow = grow
        self.random_state = random_state


class Net(BaseEstimator):
    def __init__(self, *, layers: Sequence[int] = (8, 4), leaves: Leaves = Leaves(trees=7)):
        self.layers = layers
        self.leaves = leaves


class Whole(BaseEstimator):
    def __init__(
        self,
        *,
        net: Net = Net(layers=[3]),
        leaves: Leaves | None = Leaves(),
        spare: Leaves | None = None,
        callback: Callable[[], None] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.net = net
        self.leaves = leaves
        self.spare = spare
        self.callback = callback
        self.random_state = random_state


def section_without_callback():
    return section_of(Whole, omit=["callback"])


def test_defaults_come_from_the_signature_and_from_default_estimators():
    section = section_without_callback()()
    assert section.net.layers == (3,)
    assert section.net.leaves.trees == 7
    assert section.leaves.trees == 100
    assert section.spare is None


def test_build_is_the_inverse_of_the_section():
    section = section_without_callback()()
    whole = build(section, Whole)
    assert whole.get_params()["net__leaves__trees"] == 7
    assert whole.leaves.get_params() == Leaves().get_params()
    assert (whole.spare, whole.net.layers) == (None, (3,))


def test_build_makes_new_estimators_each_time():
    section = section_without_callback()()
    assert build(section, Whole).net is not build(section, Whole).net


def test_a_section_may_be_switched_off_where_the_hint_allows_null(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("model: {leaves: null, spare: {trees: 3}}")
    run = model_from_signatures("Run", {"model": Whole}, omit=["callback"])
    whole = build(read(path, [], run).model, Whole)
    assert whole.leaves is None
    assert whole.spare.trees == 3


def test_omitted_parameters_are_left_out_everywhere_and_given_on_build():
    section = section_of(Whole, omit=["random_state", "callback"])
    assert "random_state" not in section.model_fields
    assert "random_state" not in type(section().leaves).model_fields
    assert build(section(), Whole, random_state=3).random_state == 3


def test_bounds_and_allowed_values_hold():
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        section_of(Leaves)(trees=0)
    with pytest.raises(ValidationError, match="'depthwise' or 'lossguide'"):
        section_of(Leaves)(grow="up")


def test_only_what_yaml_can_hold_is_kept_of_a_union():
    assert section_of(Leaves).model_fields["random_state"].annotation == int | None


def test_what_no_config_can_hold_is_refused_by_name():
    with pytest.raises(TypeError, match=r"parameter 'callback' of Whole has type .*cannot hold"):
        section_of(Whole)

    def bare(x=1): ...

    with pytest.raises(TypeError, match="parameter 'x' of bare has no type hint"):
        section_of(bare)


def test_build_refuses_the_section_of_another_estimator():
    with pytest.raises(TypeError, match="was not made from"):
        build(section_of(Leaves)(), Net)


def test_generated_and_hand_written_models_nest_either_way():
    class Base(Section):
        seed: int = 1

    class Inner(Section):
        needed: int

    run = model_from_signatures("Run", {"net": Net, "inner": Inner, "k": (int, 2)}, base=Base)
    assert run(inner=Inner(needed=3)).model_dump() == {
        "seed": 1,
        "net": section_of(Net)().model_dump(),
        "inner": {"needed": 3},
        "k": 2,
    }
    with pytest.raises(ValidationError, match="inner"):
        run()
