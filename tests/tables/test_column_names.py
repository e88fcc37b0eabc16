"""Names that people confuse are refused wherever a table comes from."""

import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.column_names import folded, refuse_alike
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Column, Schema
from dbnchurn.tables.streaming import open_files

ALIKE = [
    ("Paid", "paid"),
    ("paid", " paid"),
    ("caf\u00e9", "cafe\u0301"),
    ("total  sum", "total sum"),
]


@pytest.mark.parametrize("pair", ALIKE)
@pytest.mark.parametrize("ending", [".parquet", ".xlsx", ".csv"])
def test_files_with_names_alike_are_refused(tmp_path, pair, ending):
    frame = pd.DataFrame({pair[0]: [1.0, 2.0], pair[1]: [3.0, 4.0], "plan": ["a", "b"]})
    path = tmp_path / f"t{ending}"
    if ending == ".csv":
        frame.to_csv(path, index=False)
    elif ending == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_parquet(path)
    with pytest.raises(DataError, match=r"differ only in upper and lower case|repeats the columns"):
        open_files(path)


@pytest.mark.parametrize("pair", ALIKE)
def test_frames_with_names_alike_are_refused_in_training_and_scoring(pair):
    frame = pd.DataFrame({pair[0]: [1.0, 2.0], pair[1]: [3.0, 4.0]})
    with pytest.raises(DataError, match="differ only in upper and lower case"):
        infer(frame)
    schema = infer(frame[[pair[0]]])
    with pytest.raises(DataError, match="differ only in upper and lower case"):
        read(schema, frame)


def test_characters_that_cannot_be_seen_are_shown():
    with pytest.raises(DataError, match=r"cannot be seen: '\\u200bid'; take them out"):
        refuse_alike(["\u200bid", "paid"])
    refuse_alike(["id", "paid", "", "", "größe", "Übertrag"])
    assert folded("Ｐａｉｄ ") == "paid"


@pytest.mark.parametrize(
    ("name", "there", "says"),
    [
        ("debt", "Debt ", "'Debt ' is not 'debt'"),
        ("St\u00f6rung", "Sto\u0308rung", "encoding of letters; rename"),
        ("St\u00f6rung", "St\u00c3\u00b6rung", "read the file as UTF-8"),
        ("debt", "plan", "it has 'plan'$"),
    ],
)
def test_a_table_that_lacks_a_column_is_asked_for_a_name_that_may_be_meant(name, there, says):
    schema = Schema((Column(name, "number"),))
    with pytest.raises(DataError, match=f"lacks 1 of 1 columns: '{name}'.*{says}"):
        read(schema, pd.DataFrame({there: [1.0]}))
