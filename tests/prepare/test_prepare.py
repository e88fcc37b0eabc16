"""Preparation: what each step does, what it learned from, and that replaying it is frozen."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ArtifactError, DataError
from dbnchurn.core.records import pack, unpack
from dbnchurn.prepare import Prepare
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Table


def table_of(frame: pd.DataFrame, **kinds: str) -> Table:
    return read(infer(frame, kinds), frame)[0]


@pytest.fixture
def table(draw_customers) -> Table:
    return table_of(draw_customers()[0])


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (np.full(600, np.nan), "empty"),
        (np.full(600, 7.0), "constant"),
        (["x"] * 600, "constant"),
        ([f"level {i % 100}" for i in range(600)], "each of its 100 levels is rare"),
        ([None] * 600, "empty"),
        (np.arange(600.0), "a copy of 'base'"),
    ],
)
def test_columns_that_tell_nothing_are_dropped_and_named(column, reason):
    frame = pd.DataFrame({"base": np.arange(600.0), "x": column})
    stage = Prepare().fit(table_of(frame))
    assert stage.dropped_ == {"x": reason}
    assert stage.transform(table_of(frame)).number_names == ("base",)


def test_a_table_of_such_columns_is_refused():
    frame = pd.DataFrame({"a": [1.0, 1.0], "b": [np.nan, np.nan]})
    with pytest.raises(DataError, match=r"nothing to learn from: 'a \(constant\)', 'b \(empty\)'"):
        Prepare().fit(table_of(frame))


def test_a_constant_that_is_sometimes_missing_leaves_its_flag():
    frame = pd.DataFrame({"x": [1.0, np.nan] * 50, "z": np.arange(100.0)})
    prepared = Prepare().fit(table_of(frame)).transform(table_of(frame))
    assert prepared.number_names == ("z", "x is missing")
    assert prepared.numbers[:, 1].tolist() == [0, 1] * 50


def test_outliers_move_to_the_fences_and_missing_stays_missing():
    values = np.arange(1000.0)
    values[[3, 5]] = [1e9, np.nan]
    stage = Prepare(clip=0.01).fit(table_of(pd.DataFrame({"x": values})))
    low, high = np.quantile(values[~np.isnan(values)], [0.01, 0.99])
    found = stage.transform(table_of(pd.DataFrame({"x": [-5.0, 500, 1e12, np.nan]}))).numbers[:, 0]
    np.testing.assert_array_equal(found, [low, 500, high, np.nan])


def test_a_rare_event_is_no_outlier():
    values = np.zeros(10_000)
    values[:5] = 1
    prepared = Prepare(clip=0.01).fit(table_of(pd.DataFrame({"x": values, "y": range(10_000)})))
    assert "x" not in prepared.dropped_


def test_rare_levels_become_one():
    plan = ["A"] * 500 + ["B"] * 400 + ["C"] * 5 + ["D"] * 5
    frame = pd.DataFrame({"plan": plan, "z": range(910)})
    stage = Prepare(rare=0.05).fit(table_of(frame))
    found = stage.transform(table_of(frame))
    assert found.sizes == (3,)
    assert len(set(found.codes[-10:, 0])) == 1
    assert Prepare(rare=0).fit(table_of(frame)).transform(table_of(frame)).sizes == (4,)


def test_a_single_rare_level_keeps_its_name():
    frame = pd.DataFrame({"plan": ["A"] * 95 + ["B"] * 5, "z": range(100)})
    stage = Prepare().fit(table_of(frame))
    np.testing.assert_array_equal(stage.transform(table_of(frame)).codes, table_of(frame).codes)


def test_missing_values_stay_no_evidence_or_are_filled(table):
    plain, filled = (
        Prepare(missing=how, flag_missing=1).fit(table).transform(table)
        for how in ("no evidence", "fill")
    )
    gap = np.isnan(plain.numbers)
    assert gap.any()
    assert (plain.codes < 0).any()
    assert not np.isnan(filled.numbers).any()
    assert (filled.codes >= 0).all()
    age = plain.number_names.index("age")
    median = np.nanmedian(plain.numbers[:, age])
    assert (filled.numbers[gap[:, age], age] == median).all()
    most = np.bincount(plain.codes[plain.codes >= 0]).argmax()
    assert (filled.codes[plain.codes < 0] == most).all()


def test_flags_say_what_is_missing(table):
    prepared = Prepare().fit(table).transform(table)
    for name in ("age", "plan"):
        flag = prepared.numbers[:, prepared.number_names.index(f"{name} is missing")]
        source = (
            np.isnan(table.numbers[:, table.number_names.index(name)])
            if name in table.number_names
            else table.codes[:, table.code_names.index(name)] < 0
        )
        np.testing.assert_array_equal(flag, source)
    assert not any("missing" in name for name in Prepare(flag_missing=1).fit(table)
                   .transform(table).number_names)  # fmt: skip


@pytest.mark.parametrize("missing", ["no evidence", "fill"])
def test_a_row_alone_is_prepared_as_in_a_batch_and_none_is_dropped(table, missing):
    stage = Prepare(missing=missing).fit(table)
    whole = stage.transform(table)
    assert len(whole) == len(table)
    for row in (0, 100, 599):
        alone = stage.transform(table.take(np.array([row])))
        np.testing.assert_array_equal(alone.numbers[0], whole.numbers[row])
        np.testing.assert_array_equal(alone.codes[0], whole.codes[row])


def test_fitting_and_replaying_change_no_input(table):
    numbers, codes = table.numbers.copy(), table.codes.copy()
    Prepare(missing="fill").fit(table).transform(table)
    np.testing.assert_array_equal(table.numbers, numbers)
    np.testing.assert_array_equal(table.codes, codes)


@pytest.mark.parametrize("missing", ["no evidence", "fill"])
def test_the_record_survives_storage(table, missing):
    stage = Prepare(missing=missing).fit(table)
    record = unpack(type(stage.record_), *pack(stage.record_))
    before, after = stage.transform(table), Prepare()
    after.record_ = record
    np.testing.assert_array_equal(after.transform(table).numbers, before.numbers)
    np.testing.assert_array_equal(after.transform(table).codes, before.codes)


def test_a_record_of_other_columns_is_refused(table):
    stage = Prepare().fit(table)
    other = table_of(pd.DataFrame({"x": [1.0, 2.0]}))
    with pytest.raises(ArtifactError, match="does not fit the schema"):
        stage.transform(other)
