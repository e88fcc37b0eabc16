"""Titles above a table and names of columns repeated below are left out, and nothing else is."""

import pytest

from dbnchurn.tables.sheet_header import Grid, without_repeats, without_titles

HEAD = ["id", "plan", "debt", "since"]
ROWS = [[1.0, "A", 9.9, "x"], [2.0, "B", 8.9, "y"], [3.0, "A", 7.9, "x"]]


@pytest.mark.parametrize(
    ("above", "said"),
    [
        (
            [["May", "", "", ""]],
            "1 title line above the names of the columns is passed over: 'May'",
        ),
        (
            [["May", "", "", ""], ["", "", "", ""], ["day", "31.5.", "", ""]],
            "2 title lines above the names of the columns are passed over: 'May', 'day 31.5.'",
        ),
        ([["", "", "", ""]], ""),
        ([], ""),
    ],
)
def test_titles_are_left_out_and_said(above, said):
    found, notes = without_titles(Grid([*above, HEAD, *ROWS], 1))
    assert found.rows == [HEAD, *ROWS]
    assert found.first == len(above) + 1
    assert notes == ([said] if said else [])


@pytest.mark.parametrize(
    "rows",
    [
        [["May", "", "", ""], *ROWS],  # the first row of values is not of texts alone
        [["May", "", "", ""], ["c1", "A", "n", "x"], ["c2", "A", "m", "y"]],  # A comes again
        [["May", "", "", ""], ["id", "plan", "plan", "since"], *ROWS],
        [["May", "", "", ""], ["id", "plan", "debt", ""], *ROWS],  # a column without a name
        [["May", "", "", ""], HEAD],  # no row
    ],
)
def test_a_row_that_cannot_be_the_names_is_not_taken_for_them(rows):
    found, notes = without_titles(Grid(rows, 1))
    assert found.rows == rows
    assert not notes


def test_names_that_come_again_are_left_out_and_said():
    found, notes = without_repeats(Grid([HEAD, ROWS[0], HEAD, *ROWS[1:], HEAD], 4))
    assert found.rows == [HEAD, *ROWS]
    assert notes == ["2 rows repeat the names of the columns and are left out, the first is row 6"]
    one = Grid([["id"], ["id"], [1.0]], 1)
    assert without_repeats(one) == (one, [])
