"""Columns of an input are held against those of training before any row is read."""

from types import SimpleNamespace

import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.scoring.input_columns import check_changed, check_columns, id_column, id_faults
from dbnchurn.tables.kinds import infer

SCHEMA = infer(pd.DataFrame({"debt": [1.0, 2.5], "plan": ["A", "B"]}))


def model(**about):
    return SimpleNamespace(schema=SCHEMA, about=about)


def test_a_file_that_lacks_columns_is_refused_by_name():
    check_columns(model(), "new.csv", ["plan", "customer", "debt"])
    with pytest.raises(DataError, match=r"^new\.csv: .*'debt'"):
        check_columns(model(), "new.csv", ["plan", "customer"])


def test_the_id_is_that_of_training_in_every_file():
    trained = model(id="customer")
    assert id_column(trained, {"a.csv": ["customer", "debt"]}) == "customer"
    assert id_column(model(), {"a.csv": ["customer", "debt"]}) is None
    with pytest.raises(DataError, match=r"b\.csv.*'customer'"):
        id_column(trained, {"a.csv": ["customer", "debt"], "b.csv": ["debt"]})


def test_names_that_may_have_changed_are_of_the_model():
    check_changed(model(id="customer"), "customer", ["debt"])
    with pytest.raises(ConfigError, match="allow_changed 'det'"):
        check_changed(model(id="customer"), "customer", ["det"])


def test_ids_that_are_empty_or_repeated_are_counted():
    assert id_faults("customer", 0, 0) == []
    assert any("3" in fault for fault in id_faults("customer", 3, 0))
    assert len(id_faults("customer", 3, 2)) == 2
