"""A table of values beside the scored customers: joined by id, refused where it does not fit."""

import pandas as pd
import pytest

from dbnchurn.campaign.customer_values import with_values
from dbnchurn.campaign.options import AllocateConfig
from dbnchurn.core.errors import DataError

CUSTOMERS = pd.DataFrame({"id": ["b", "a"], "probability": [0.2, 0.1]})


def joined(tmp_path, table, **changes):
    path = tmp_path / "values.csv"
    table.to_csv(path, index=False)
    config = AllocateConfig.model_validate(
        {
            "campaign": "c", "contact_date": "2026-01-01", "currency": "EUR",
            "customers": {"path": "scores.csv"}, "id": "id", "worth": "worth",
            "effect_of": "contact", "offers": {"o": {"effect": 0.1}}, "channels": {"k": {}},
            "values": {"path": str(path)}, **changes,
        }
    )  # fmt: skip
    return with_values(CUSTOMERS, CUSTOMERS["id"], config)


def test_columns_come_in_the_order_of_the_customers(tmp_path):
    table = pd.DataFrame({"customer": ["a", "b", "c"], "worth": [1.0, 2.0, 3.0]})
    frame, notes = joined(tmp_path, table)
    assert frame["worth"].astype(float).tolist() == [2.0, 1.0]
    assert any("1 customers of" in note for note in notes)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"customer": ["a", "c"], "worth": [1, 2]}, "1 of the 2 customers .* have no row"),
        ({"customer": ["a", "b"], "probability": [1, 2]}, "has a column 'probability' too"),
    ],
)
def test_customers_without_a_row_and_columns_of_both_are_refused(tmp_path, table, told):
    with pytest.raises(DataError, match=told):
        joined(tmp_path, pd.DataFrame(table))


def test_customers_who_are_not_in_a_table_of_some_have_empty_cells(tmp_path):
    table = pd.DataFrame({"customer": ["a", "c"], "place": [1, 2]})
    frame, notes = joined(tmp_path, table, values_of="some")
    assert frame["place"].isna().tolist() == [True, False]
    assert any("1 of 2 customers are not in" in note for note in notes)
    # Ids that are written otherwise are refused all the same.
    with pytest.raises(DataError, match="written otherwise"):
        joined(tmp_path, table.assign(customer=["A", "B"]), values_of="some")
    with pytest.raises(DataError, match="none of the 2 customers of"):
        joined(tmp_path, table.assign(customer=["x", "y"]), values_of="some")
