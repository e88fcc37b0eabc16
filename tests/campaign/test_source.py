"""Tables of a campaign: which column stands for what is said, and what it displaces too."""

import pandas as pd
import pytest

from dbnchurn.campaign.config import CampaignSource
from dbnchurn.campaign.source import read_source
from dbnchurn.core.errors import DataError


@pytest.fixture
def table(tmp_path):
    """A table in which the customers' ids are in another column than ``customer``."""
    path = tmp_path / "t.csv"
    frame = pd.DataFrame({"id": ["C1", "C2"], "customer": ["Ann", "Bob"], "net": [5, 7]})
    frame.to_csv(path, index=False)
    return str(path)


def read(path, **columns):
    return read_source(
        CampaignSource(path=path, columns=columns), texts=["customer"], kinds={"worth": "number"}
    )


def test_a_column_that_another_one_stands_for_is_left_out_and_told(table):
    found = read(table, customer="id", worth="net")
    assert found.frame["customer"].tolist() == ["C1", "C2"]
    assert found.frame["worth"].tolist() == [5, 7]
    assert any("'customer' is left out" in note and "'id'" in note for note in found.notes)


def test_two_columns_may_change_their_names(table):
    found = read(table, customer="id", id="customer")
    assert found.frame["customer"].tolist() == ["C1", "C2"]
    assert found.frame["id"].tolist() == ["Ann", "Bob"]
    assert not any("left out" in note for note in found.notes)


def test_one_column_under_two_names_is_refused(table):
    with pytest.raises(DataError, match="gives 'net' several names"):
        read(table, worth="net", customer="net")


def test_a_column_that_is_not_there_is_refused(table):
    with pytest.raises(DataError, match="there is no column 'nett', which 'columns' names"):
        read(table, worth="nett")
