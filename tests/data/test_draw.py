"""Customers are drawn whole, at the same share of both kinds, whatever the order of the rows."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.build import build, draw_customers, load
from dbnchurn.data.draw import Draw, DrawRule
from dbnchurn.data.plan import DataPlan
from dbnchurn.tables.duckdb import Session
from tests.data.small_crm import PLAN, crm

ROWS = 6_000  # of 3,000 customers, each with two


@pytest.fixture
def features():
    """Two rows a customer; every tenth has left by the second."""
    customer = np.repeat(np.arange(ROWS // 2), 2)
    second = np.tile([0, 1], ROWS // 2)
    label = ((customer % 10 == 0) & (second == 1)).astype(float)
    return pd.DataFrame({"id": customer, "label": label, "row": np.arange(ROWS)})


def drawn(features, rule):
    with Session(n_threads=1) as session:
        session.connection.register("features", features)
        draw = Draw.of(rule.slot_counts(session, "features", "id"), rule)
        found = session.connection.sql(rule.drawn_rows("features", "id", draw)).df()
    return draw, found.sort_values("row").reset_index(drop=True)


def test_customers_are_drawn_whole_and_both_kinds_alike(features):
    rule = DrawRule(1_500, seed=3)
    draw, found = drawn(features, rule)
    assert (found.groupby("id").size() == 2).all()
    assert draw.rows == len(found) <= rule.most_rows
    # A slot has 6,000 / 65,536 rows in the mean, so a customer or two are missing to the bound.
    assert len(found) >= rule.most_rows - 8
    left = found["id"] % 10 == 0
    assert abs(left.sum() - rule.most_rows / 10) <= 4
    assert f"{draw.table_rows} rows" in draw.sentence


def test_neither_order_nor_division_counts_and_larger_draws_hold_smaller_ones(features):
    rule = DrawRule(1_500, seed=3)
    draw, found = drawn(features, rule)
    shuffled = features.sample(frac=1, random_state=0)
    assert drawn(shuffled, rule)[0] == draw
    pd.testing.assert_frame_equal(drawn(shuffled, rule)[1], found)
    with Session(n_threads=1) as session:
        counts = []
        for part in (features[features["id"] % 3 == k] for k in range(3)):
            session.connection.register("part", part)
            counts.append(rule.slot_counts(session, "part", "id"))
    assert Draw.of(sum(counts), rule) == draw
    assert set(found["id"]) < set(drawn(features, DrawRule(3_000, seed=3))[1]["id"])
    assert set(found["id"]) != set(drawn(features, DrawRule(1_500, seed=4))[1]["id"])


def test_a_draw_without_one_of_the_kinds_is_refused(features):
    with pytest.raises(DataError, match="none are left for customers who left; allow more"):
        drawn(features, DrawRule(5, seed=0))


def test_a_built_table_is_replaced_by_its_draw_and_the_customers_say_so(tmp_path):
    plan = deepcopy(PLAN)
    for name, frame in crm(200).items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        plan["tables"][name]["path"] = str(tmp_path / f"{name}.parquet")
    built = build(DataPlan.model_validate(plan), tmp_path / "built", n_threads=1)
    assert draw_customers(built, DrawRule(built.rows, 0)) is built
    whole = pd.read_parquet(built.features)
    some = draw_customers(built, DrawRule(built.rows // 2, 0))
    left = pd.read_parquet(some.features)
    assert 0 < len(left) == some.draw.rows <= len(whole) // 2
    of_drawn = whole[whole["id"].isin(left["id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(left, of_drawn)
    assert load(some).notes[0] == some.draw.sentence
