"""Yes and no in all their spellings; what is neither, missing or repeated is refused or said."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.offers.holding_table import holdings_of


def table(**columns):
    return pd.DataFrame({"id": [3, 1, 2], "tv": [1, 0, 1], "phone": ["Yes", "no ", "Y"], **columns})


def read(frame, items=("tv", "phone"), **settings):
    return holdings_of(frame, "id", items, where="t.csv", **settings)


@pytest.mark.parametrize(
    "values", [[1, 0, 1], [1.0, 0.0, 1.0], [True, False, True], ["TRUE", "false", " yes"]]
)
def test_spellings_of_yes_and_no(values):
    found = read(table(net=values), ("net", "phone"))
    assert found.customers == ("1", "2", "3")
    assert found.held.toarray().tolist() == [[0, 0], [1, 1], [1, 1]]


def test_the_order_of_rows_does_not_matter():
    one, other = read(table()), read(table().iloc[[2, 0, 1]])
    assert one.customers == other.customers
    assert (one.held != other.held).nnz == 0


def test_what_is_neither_is_refused_until_it_is_named():
    frame = table(net=["yes", "no internet service", "no"])
    with pytest.raises(DataError, match=r"'net' holds 'no internet service' in 1 rows.*'yes' or"):
        read(frame, ("net", "tv"))
    found = read(frame, ("net", "tv"), no=("no internet service",))
    assert found.held.toarray()[:, 0].tolist() == [0, 0, 1]


def test_a_number_that_is_named_is_found_beside_missing_values():
    """A missing value makes 2 a 2.0 in many programs."""
    found = read(table(net=[2.0, None, 1.0]), ("net", "tv"), yes=(2,))
    assert found.held.toarray()[:, 0].tolist() == [0, 1, 1]


def test_words_of_other_languages_are_read_as_those_of_labels_and_said():
    found = read(table(net=["Ja", "nein", "ja "]), ("net", "tv"))
    assert found.held.toarray()[:, 0].tolist() == [0, 1, 1]
    assert any("read are 'ja' as yes and 'nein' as no" in note for note in found.notes)
    turned = read(table(net=["Ja", "nein", "ja "]), ("net", "tv"), yes=("nein",), no=("ja",))
    assert turned.held.toarray()[:, 0].tolist() == [1, 0, 0]
    assert not any("read are" in note for note in turned.notes)
    assert not any("read are" in note for note in read(table()).notes)
    with pytest.raises(DataError, match="both 'yes' and 'no' name 'x'"):
        read(table(net=["x", "no", "X"]), ("net", "tv"), yes=("x",), no=("X",))


def test_a_missing_value_is_not_known_and_is_said():
    found = read(table(net=[None, "yes", ""]), ("net", "tv"))
    assert found.unknown.toarray()[:, 0].tolist() == [0, 1, 1]
    assert "of 2 customers it is not known whether they hold 'net'" in found.notes[0]
    empty = read(table(net=[None, None, None]), ("net", "tv"))
    assert empty.unknown.toarray()[:, 0].tolist() == [1, 1, 1]


def test_nothing_and_everything_held_are_said():
    frame = pd.DataFrame({"id": [1, 2], "a": [0, 1], "b": [0, 0]})
    notes = holdings_of(frame, "id", ["a", "b"], where="t").notes
    assert any("1 customers hold nothing" in note for note in notes)
    assert "nobody holds 'b'" in notes
    assert "everybody holds 'a'" in holdings_of(frame[1:], "id", ["a", "b"], where="t").notes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": [1, 1, 2]}, "1 customers have several rows, such as '1'"),
        ({"id": [1, None, 2]}, "'id' is empty in 1 rows"),
        ({"id": [1.5, 2, 3]}, "1 ids with decimals, such as 1.5"),
        ({"tv": [1, 2, 0]}, r"'tv' holds '2' in 1 rows"),
    ],
)
def test_bad_tables_are_refused(changes, message):
    with pytest.raises(DataError, match=message):
        read(table(**changes))


def test_columns_that_are_not_there_are_named_with_the_nearest():
    with pytest.raises(DataError, match=r"no column 'phones'.*phone"):
        read(table(), ("tv", "phones"))


def test_groups_belong_to_items():
    assert read(table(), groups={"tv": "video"}).groups == ("video", None)
    assert np.asarray(read(table()).standing().held.sum()) == 4
