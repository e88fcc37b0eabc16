"""The columns of outcomes by the names that people give them; what could be two is not guessed."""

import pandas as pd
import pytest

from dbnchurn.campaign import Outcomes
from dbnchurn.campaign.outcome_names import id_columns, own_names, with_own_names
from dbnchurn.campaign.source import CampaignSource
from dbnchurn.core.errors import DataError


@pytest.mark.parametrize(
    ("header", "told", "own"),
    [
        (["customer", "left"], {}, {}),
        (["id", "left_date"], {}, {"customer": "id"}),
        (["name", "customer", "left_date"], {}, {}),
        (["id", "customer", "left"], {}, {}),  # the name of the documentation
        (["town", "Kundennummer", "Left"], {}, {"customer": "Kundennummer", "left": "Left"}),
        (["id", "customer_id", "left"], {}, {}),  # two
        (["name", "LEFT_DATE", "Left_Date"], {}, {}),
        (["id", "Kunde", "left"], {"customer": "Kunde"}, {}),
        (["id", "left", "gone"], {"left": "gone"}, {"customer": "id"}),
    ],
)
def test_a_column_is_taken_where_it_is_one(header, told, own):
    assert own_names(header, told) == own


def test_an_only_column_names_the_customers_whatever_its_name():
    assert id_columns(["who"]) == ["who"]
    assert id_columns(["who", "town"]) == []


def test_files_are_read_as_they_are_named(tmp_path):
    path = tmp_path / "left.csv"
    path.write_text("Kundennummer;Left_Date\n007;28.09.2024\n8;\n")
    found = Outcomes.read(path)
    assert found.frame["customer"].tolist() == ["007", "8"]
    assert found.frame["left_date"].tolist() == [pd.Timestamp("2024-09-28"), pd.NaT]
    assert any("'Kundennummer' names the customers" in note for note in found.notes)
    source, said = with_own_names(CampaignSource(path=str(path), columns={"customer": "Left_Date"}))
    assert (source.columns, said) == ({"customer": "Left_Date"}, [])


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id,Kundennummer,left", "'id' names the customers, and 'Kundennummer' does not."),
        ("customer,id,left", "'customer' names the customers, and 'id' does not."),
        ("msisdn,town,left", "'msisdn' names the customers."),
    ],
)
def test_which_column_names_the_customers_is_said_once_as_the_file_has_it(tmp_path, header, said):
    path = tmp_path / "o.csv"
    path.write_text(f"{header}\n1,907,0\n2,908,1\n3,909,0\n")
    notes = Outcomes.read(path).notes
    assert [note for note in notes if "names the customers" in note] == [f"{path}: {said}"]


def test_rows_in_memory_are_named_alike():
    assert Outcomes.of(pd.DataFrame({"id": ["7"], "LEFT": ["yes"]})).frame["left"].tolist() == [1]
    assert Outcomes.of(pd.DataFrame({"msisdn": ["7"], "left": [0]}), "o").notes == (
        "o: 'msisdn' names the customers.",
    )
    with pytest.raises(
        DataError, match=r"has 'id', .* name them so \(just one of 'customer', 'id'"
    ):
        Outcomes.of(pd.DataFrame({"id": [1], "customer_id": [2], "left": [0]}))
