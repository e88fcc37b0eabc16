"""Texts among typed cells: read like these where they mean one thing, asked where they mean two."""

import datetime

import pyarrow as pa
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.sheet_cells import typed_column

DAY = datetime.datetime(2020, 5, 3)


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        ([9.9, "6,50 €", 7.0], pa.float64(), [9.9, 6.5, 7.0]),
        ([9.9, "1.250,00"], pa.float64(), [9.9, 1250.0]),
        ([9.9, "1,250.00"], pa.float64(), [9.9, 1250.0]),
        ([DAY, "31.12.2019", ""], pa.timestamp("us"), [DAY, datetime.datetime(2019, 12, 31), None]),
        ([True, "nein", "ja", "WAHR"], pa.bool_(), [True, False, True, True]),
    ],
)
def test_texts_that_mean_one_thing_have_the_type_of_the_cells_beside_them(cells, kind, values):
    column, note = typed_column("x", cells)
    assert column.type == kind
    assert column.to_pylist() == values
    assert "column 'x'" in note
    assert "beside" in note


def test_a_number_beside_a_text_is_no_evidence_of_its_marks():
    with pytest.raises(DataError, match=r"'1\.250' beside numbers such as 9\.9 is 1\.25 or 1250"):
        typed_column("debt", [9.9, 7.0, "1.250"])


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ([7.0, "007", "08"], ["7", "007", "08"]),  # codes
        ([7.0, "8"], ["7", "8"]),
        ([7.0, "1.250"], ["7", "1.250"]),  # asked later
        ([0.1, "10 %"], ["0.1", "10 %"]),  # a tenth, or ten
        ([2.0, "12 GB"], ["2", "12 GB"]),
        ([DAY, "03/04/2019"], [str(DAY), "03/04/2019"]),
        ([True, "perhaps"], ["True", "perhaps"]),
        ([9.9, "many"], ["9.9", "many"]),
    ],
)
def test_other_texts_stay_as_they_are(cells, texts):
    column, note = typed_column("x", cells)
    assert column.to_pylist() == texts
    assert not note


def test_words_stay_among_converted_texts():
    column, note = typed_column("last", [DAY, "31.12.2019", "never"])
    assert column.to_pylist() == [str(DAY), "2019-12-31 00:00:00", "never"]
    assert note == "column 'last': 1 text such as '31.12.2019' is read like the 1 date beside it"


def test_a_column_is_read_the_same_in_any_order():
    cells = [9.9, "6,50 €", "1.250,00 €", 7.0, ""]
    forward, back = (typed_column("x", order)[0].to_pylist() for order in (cells, cells[::-1]))
    assert forward == back[::-1]
