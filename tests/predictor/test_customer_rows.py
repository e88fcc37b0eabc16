"""Rows have the ids that are asked for, and those that are no customers are told."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.predictor.customer_rows import ids_of, no_customer_notes, zeros_lost
from dbnchurn.tables.id_spelling import IdSpelling
from dbnchurn.tables.schema import Column, Schema

SCHEMA = Schema((Column("debt", "number"),))


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"customer": ["C1", "C2"], "account": [7, 8], "debt": [1.0, 2.0]})


def test_ids_are_those_of_training_or_of_the_column_that_is_named(frame):
    assert list(ids_of(frame, None, {"id": "customer"}, SCHEMA)) == ["C1", "C2"]
    assert list(ids_of(frame, "account", {"id": "customer"}, SCHEMA)) == [7, 8]
    with pytest.raises(DataError, match="no id column 'custmer': did you mean 'customer'"):
        ids_of(frame, "custmer", {}, SCHEMA)


def test_rows_without_ids_are_numbered_and_that_is_said_where_a_column_may_be_it(frame, caplog):
    assert ids_of(frame, None, {}, SCHEMA).tolist() == [0, 1]
    assert not caplog.records
    assert ids_of(frame, None, {"id": "number"}, SCHEMA).tolist() == [0, 1]
    assert "no column 'number'" in caplog.text
    assert "'customer'" in caplog.text


def test_ids_that_lack_zeros_are_told_of_the_column_of_training_alone():
    padded = IdSpelling.of(pd.Series([f"{i:06d}" for i in range(200)]))
    trained = {"id": "customer", "ids": asdict(padded)}
    bare = pd.DataFrame({"customer": [f"{i}" for i in range(200)], "debt": np.ones(200)})
    assert "zeros" in zeros_lost(bare, None, trained)
    assert zeros_lost(bare.rename(columns={"customer": "other"}), None, trained) == ""
    assert zeros_lost(bare, "debt", trained) == ""


def test_a_total_is_no_customer(fitted, customers):
    X = customers[0].head(30)
    ids = pd.Series([f"C{i}" for i in range(29)] + ["Total"])
    (line,) = no_customer_notes(X, ids, fitted.record_.reference)
    assert "1 row is no customers" in line
    assert "the first is row 29" in line
    assert no_customer_notes(X, ids.replace("Total", "C29"), fitted.record_.reference) == []


def test_a_row_alone_is_judged_by_how_full_columns_were_in_training(fitted, customers):
    X = customers[0].head(1).copy()
    X[["debt", "age", "plan", "since"]] = None  # a flag is left
    (line,) = no_customer_notes(X, pd.Series(["C0"]), fitted.record_.reference)
    assert "an id and nothing else" in line
