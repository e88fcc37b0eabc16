"""Rows that a model learned from are found again, and no others."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ArtifactError
from dbnchurn.runs.learned_rows import RowDigests, digests_of, learned_among, write_learned_rows
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read


@pytest.fixture
def schema(customers):
    return infer(customers[0])


def named(n, first=0):
    return [f"C{i:04d}" for i in range(first, first + n)]


@pytest.mark.parametrize("ids", [True, False])
def test_learned_rows_are_counted_whatever_their_order(
    ids, schema, customers, draw_customers, tmp_path
):
    X, path = customers[0], tmp_path / "learned.parquet"
    write_learned_rows(path, RowDigests(schema, X, named(600) if ids else None))
    turned = np.random.default_rng(0).permutation(600)
    asked = [named(600)[i] for i in turned] if ids else None
    assert learned_among(path, RowDigests(schema, X.iloc[turned], asked)) == 600
    new, _ = draw_customers(400, seed=9)
    mixed = pd.concat([new, X.iloc[:100]], ignore_index=True)
    together = [*named(400, 2000), *named(100)] if ids else None
    assert learned_among(path, RowDigests(schema, mixed, together)) == 100
    assert learned_among(path, RowDigests(schema, new, named(400) if ids else None)) == 0


def test_the_same_values_of_another_customer_are_no_learned_row(schema, customers, tmp_path):
    X, path = customers[0], tmp_path / "learned.parquet"
    write_learned_rows(path, RowDigests(schema, X, named(600)))
    assert learned_among(path, RowDigests(schema, X, named(600, 5000))) == 0
    unnamed = RowDigests(schema, X, None)  # nothing says whether they are the same
    assert learned_among(path, unnamed) == 0


def test_without_ids_values_that_repeat_anyway_say_nothing(tmp_path):
    frame = pd.DataFrame({"plan": ["A", "B", "C"] * 50})
    schema, path = infer(frame), tmp_path / "learned.parquet"
    write_learned_rows(path, RowDigests(schema, frame, None))
    assert learned_among(path, RowDigests(schema, frame.iloc[::-1], None)) == 0


def test_a_missing_file_has_no_rows_and_a_damaged_one_is_refused(schema, customers, tmp_path):
    path = tmp_path / "learned.parquet"
    assert learned_among(path, RowDigests(schema, customers[0], None)) == 0
    path.write_bytes(b"no table")
    with pytest.raises(ArtifactError, match=r"learned\.parquet cannot be read"):
        learned_among(path, RowDigests(schema, customers[0], None))


def test_a_change_of_any_cell_changes_the_digest(schema, customers):
    X = customers[0].head(50)
    before = digests_of(read(schema, X)[0])
    after = digests_of(read(schema, X.assign(debt=X["debt"] + 1))[0])
    assert (before != after).all()
