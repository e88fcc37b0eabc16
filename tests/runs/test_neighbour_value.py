"""What neighbours add is measured on test rows, said everywhere, and never called a cause."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.neighbour_value import (
    NO_PROOF,
    WITH,
    WITHOUT,
    neighbour_columns,
    neighbour_sentence,
    neighbour_value,
)
from dbnchurn.tables import Customers
from dbnchurn.tables.splitting import Split

ROWS = 3_000
NEIGHBOURS = {"calls": {"to": "callee"}}


def run_config(neighbours):
    dated = {"path": "nowhere.csv", "key": "id", "date": "day"}
    return RunConfig.model_validate(
        {
            "data": {
                "base": "left", "windows": {"cutoffs": ["2024-09-01"]},
                "label": {"table": "left", "kind": "events"},
                "tables": {"left": dated, "calls": dated},
                "neighbours": neighbours,
                "ratios": {"gone": ["calls_neighbours_left", "calls_neighbours"]},
            },
            "n_threads": 1,
        }
    )  # fmt: skip


def customers(effect, seed=0):
    """Two columns of their own, and neighbours who left; leaving grows with their share."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": generator.normal(size=ROWS), "debt": generator.normal(size=ROWS)})
    frame["calls_neighbours"] = generator.integers(1, 9, ROWS).astype(float)
    frame["calls_neighbours_left"] = generator.binomial(
        frame["calls_neighbours"].astype(int), 0.3
    ).astype(float)
    frame["calls_neighbours_left_share"] = (
        frame["calls_neighbours_left"] / frame["calls_neighbours"]
    )
    frame["gone"] = frame["calls_neighbours_left_share"]
    odds = frame["debt"] - 2.5 + effect * frame["calls_neighbours_left_share"]
    y = (generator.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    parts = np.split(generator.permutation(ROWS), [1_600, 2_000])
    return Customers(np.arange(ROWS), frame, y, None, pd.DataFrame(), "id"), Split(*parts)


@pytest.fixture(scope="module")
def found():
    table, parts = customers(4.0)
    return neighbour_value(table, parts, run_config(NEIGHBOURS))


def test_what_neighbours_add_is_a_gain_on_the_test_rows(found):
    both = found["average_precision"]
    gain = both[WITH]["value"] - both[WITHOUT]["value"]
    assert found["difference"]["value"] == pytest.approx(gain)
    assert found["difference"]["low"] > 0
    estimate = found["contagion"]["calls_neighbours_left_share"]
    assert 2.0 < estimate["low"] < estimate["value"] < 6.0
    text = neighbour_sentence(found)
    assert text.startswith("Neighbours add to the ranking")
    assert text.endswith(NO_PROOF)


def test_neighbours_that_say_nothing_add_nothing():
    table, parts = customers(0.0)
    value = neighbour_value(table, parts, run_config(NEIGHBOURS))
    assert value["difference"]["low"] <= 0
    assert neighbour_sentence(value).startswith("No gain by neighbours is shown")


def test_a_growth_that_cannot_be_estimated_is_said():
    table, parts = customers(0.0)
    table.X["calls_neighbours_left_share"] = 0.25
    value = neighbour_value(table, parts, run_config(NEIGHBOURS))
    assert value["contagion"] == {}
    text = neighbour_sentence(value)
    assert "How leaving grows with calls_neighbours_left_share is not known: of " in text
    assert text.endswith(NO_PROOF)


def test_the_columns_of_neighbours_and_their_ratios_are_left_out(found):
    assert found["columns"] == [
        "calls_neighbours", "calls_neighbours_left", "calls_neighbours_left_share", "gone",
    ]  # fmt: skip
    assert neighbour_columns(run_config({}), ["age", "gone"]) == []


def test_a_run_without_neighbours_says_nothing_of_them():
    table, parts = customers(0.0)
    assert neighbour_value(table, parts, run_config({})) is None


def test_a_table_of_neighbours_alone_has_nothing_to_compare_with(caplog):
    table, parts = customers(0.0)
    X = table.X[["calls_neighbours", "calls_neighbours_left"]]
    alone = Customers(np.arange(ROWS), X, table.y, None, pd.DataFrame(), "id")
    assert neighbour_value(alone, parts, run_config(NEIGHBOURS)) is None
    assert "all columns are of neighbours" in caplog.text
