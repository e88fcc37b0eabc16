"""Encoding: kinds of units, a monotone scale that never leaves its reach, missing untouched."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.records import pack, unpack
from dbnchurn.features import Encode
from dbnchurn.features.encode_record import squash
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Table

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def table_of(**columns) -> Table:
    frame = pd.DataFrame(columns)
    return read(infer(frame), frame)[0]


@given(NUMBERS, NUMBERS, st.floats(1e-30, 1e30), st.floats(0.1, 10))
def test_the_scale_is_monotone_odd_and_bounded(a, b, scale, reach):
    low, high = sorted((a, b))
    found = squash(np.array([low, high, 0.0, -low]), 0.0, scale, reach)
    assert found[0] <= found[1]
    assert abs(found).max() <= reach
    assert found[2] == 0
    assert found[3] == -found[0]


def test_the_scale_follows_its_formula_and_keeps_magnitudes():
    x = np.linspace(-50, 50, 101)
    z = (x - 2) / 5
    np.testing.assert_allclose(squash(x, 2.0, 5.0, 3.0), z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-14)
    assert squash(np.array([1e-6]), 0.0, 1.0, 3.0)[0] == pytest.approx(1e-6, rel=1e-9)
    assert squash(np.array([1e300]), 0.0, 1e-300, 3.0)[0] == 3.0
    assert np.isnan(squash(np.array([np.nan]), 0.0, 1.0, 3.0)[0])


def test_columns_become_their_units():
    table = table_of(
        debt=[1.0, 2.0, 4.0, np.nan],
        tv=[True, False, True, True],
        paid=[0.0, 1.0, np.nan, 0.0],
        plan=["A", "B", None, "C"],
    )
    found = Encode(rungs=0).fit(table).transform(table)
    assert found.widths == (1, 2, 3)
    np.testing.assert_array_equal(found.binary, [[1, 0], [0, 1], [1, np.nan], [1, 0]])
    np.testing.assert_array_equal(found.codes, table.codes)
    assert np.isnan(found.gaussian).ravel().tolist() == [False, False, False, True]


def test_median_and_quartiles_make_the_scale():
    values = np.random.default_rng(0).lognormal(size=1000)
    record = Encode().fit(table_of(x=values)).record_
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    assert record.center.tolist() == [middle]
    assert record.scale.tolist() == [high - low]


def test_columns_of_mostly_one_value_have_a_scale_too():
    values = np.zeros(1000)
    values[:100] = np.linspace(1, 5, 100)
    found = Encode().fit(table_of(x=values))
    assert found.record_.scale[0] == pytest.approx(values.std())
    assert np.isfinite(found.transform(table_of(x=values)).gaussian).all()


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2))
def test_any_finite_column_is_encoded_finite(values):
    table = table_of(x=np.array(values, float))
    found = Encode().fit(table).transform(table)
    both = np.hstack([found.gaussian, found.binary])
    assert np.isfinite(both).all()
    assert abs(both).max() <= 3


def test_a_flag_out_of_range_is_as_strong_as_the_nearest_one():
    stage = Encode().fit(table_of(x=[0.0, 1.0, 0.0]))
    assert stage.transform(table_of(x=[-3.0, 7.0])).binary.ravel().tolist() == [0, 1]


def test_the_record_is_held_to_itself():
    table = table_of(x=[1.0, 2.0, 5.0])
    tree, arrays = pack(Encode().fit(table).record_)
    kind = type(Encode().fit(table).record_)
    assert unpack(kind, tree, arrays).scale.tolist() == arrays["scale"].tolist()
    with pytest.raises(ArtifactError, match="scales have to be positive"):
        unpack(kind, tree, arrays | {"scale": -arrays["scale"]})
    with pytest.raises(ArtifactError, match="centers and scales differ in number"):
        unpack(kind, {**tree, "center": {**tree["center"], "shape": [2]}},
               arrays | {"center": np.zeros(2)})  # fmt: skip


def test_a_ladder_is_linear_within_a_rung_and_sums_to_the_height():
    """Over all rungs the heights add up to the piecewise-linear rank of the value."""
    values = np.random.default_rng(0).gamma(2.0, 30.0, 500)
    table = table_of(debt=values)
    stage = Encode(rungs=4).fit(table)
    edges = np.quantile(values, np.linspace(0, 1, 5))
    found = stage.transform(table).binary
    assert found.shape == (500, 4)
    np.testing.assert_allclose(
        found.sum(axis=1), np.interp(values, edges, np.arange(5)), rtol=0, atol=1e-5
    )
    assert (np.diff(found, axis=1) <= 0).all()  # no rung is climbed before the one below it


def test_ladders_of_new_values_and_of_missing_ones():
    stage = Encode(rungs=4).fit(table_of(debt=np.arange(100.0)))
    found = stage.transform(table_of(debt=[-1e9, 1e9, np.nan])).binary
    np.testing.assert_array_equal(found, [[0] * 4, [1] * 4, [np.nan] * 4])


def test_a_number_without_spread_gets_no_ladder():
    values = np.zeros(100)
    values[0] = 7.0
    widths = Encode(rungs=12).fit(table_of(debt=values)).transform(table_of(debt=values)).widths
    assert widths == (1, 0, 0)
