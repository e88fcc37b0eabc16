"""Sources as raw rows of a session: types as they are, text as it is written."""

import gzip

import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.open import is_csv, open_source, open_table, raw_name
from dbnchurn.data.plan import TablePlan, TableSource
from dbnchurn.tables.duckdb import Session

NAME = 'the "calls"'
RULES = {"x": {"kind": "number"}}


@pytest.fixture
def session():
    with Session(n_threads=1) as session:
        yield session


@pytest.fixture
def folder(tmp_path):
    """A folder whose name needs quoting in SQL."""
    (tmp_path / "it's").mkdir()
    return tmp_path / "it's"


def opened(session, path, columns=None, **how):
    source = {"path": str(path)} if path is not None else {}
    guess = how.pop("guess_types", True)
    table = TablePlan(**source, key="id", columns=columns or {}, **how)
    open_table(session, NAME, table, guess_types=guess)
    return session.columns(raw_name(NAME)), session.rows(f"FROM {raw_name(NAME)} ORDER BY ALL")


def test_types_of_csv_values_are_guessed_only_without_rules(session, folder):
    file = folder / "calls.csv"
    file.write_text("id,x\n7,1.5\n")
    assert opened(session, file, RULES) == ({"id": "VARCHAR", "x": "VARCHAR"}, [("7", "1.5")])
    session.run(f"DROP TABLE {raw_name(NAME)}")
    assert opened(session, file, guess_types=False)[1] == [("7", "1.5")]
    session.run(f"DROP TABLE {raw_name(NAME)}")
    assert opened(session, file) == ({"id": "BIGINT", "x": "DOUBLE"}, [(7, 1.5)])


def test_parquet_keeps_its_types_and_files_of_a_folder_are_one_table(session, folder):
    pd.DataFrame({"id": ["007"], "x": [1.5]}).to_parquet(folder / "a.parquet")
    pd.DataFrame({"x": [2.5], "id": ["8"], "y": [1]}).to_parquet(folder / "b.parquet")
    kinds, rows = opened(session, folder, RULES)
    assert kinds == {"id": "VARCHAR", "x": "DOUBLE", "y": "BIGINT"}
    assert rows == [("007", 1.5, None), ("8", 2.5, 1)]


def test_columns_of_several_csv_files_are_matched_by_name(session, folder):
    (folder / "a.csv").write_text("id,x\n1,2\n")
    (folder / "b.csv").write_text("x,id\n4,3\n")
    assert opened(session, folder, RULES)[1] == [("1", "2"), ("3", "4")]


def test_a_csv_file_is_read_as_its_plan_says(session, folder):
    file = folder / "calls.txt"
    file.write_text("id|x\n1|'a|b'\n2|\"c\n")
    csv = {"delimiter": "|", "quote": "'"}
    assert opened(session, file, RULES, csv=csv)[1] == [("1", "a|b"), ("2", '"c')]


def test_guessed_numbers_may_have_a_decimal_comma(session, folder):
    file = folder / "calls.csv"
    file.write_text("id;x\n1;1,5\n")
    csv = {"delimiter": ";", "decimal": ","}
    assert opened(session, file, csv=csv)[1] == [(1, 1.5)]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_other_encodings_are_transcoded(session, folder, ending):
    file = folder / f"calls{ending}"
    content = "id,x\n1,hör zu\n2,\x80\n".encode("latin-1")
    file.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    rows = opened(session, file, RULES, csv={"encoding": "Latin-1"})[1]
    assert rows == [("1", "hör zu"), ("2", "\x80")]
    assert list(folder.iterdir()) == [file]


def test_a_query_may_end_in_a_semicolon(session):
    assert opened(session, None, query=" SELECT 1 AS id, 'a;b' AS x ;\n")[1] == [(1, "a;b")]


@pytest.mark.parametrize(
    ("content", "csv", "message"),
    [
        ("id,x\n1,Москва\n".encode("cp1251"), {}, r"say how it is written.*encoding: cp1251"),
        (b"id,x\n1,2\n", {"encoding": "latin-99"}, "unknown encoding 'latin-99'"),
        ("id,x\n1,hö\n".encode("latin-1"), {"encoding": "ascii"}, "not readable as ascii"),
        ("id,x\n1,h\x81\n".encode("latin-1"), {"encoding": "cp1252"}, "not readable as .*0x81"),
    ],
)
def test_text_of_another_encoding_is_refused(session, folder, content, csv, message):
    file = folder / "calls.csv"
    file.write_bytes(content)
    with pytest.raises(DataError, match=message):
        opened(session, file, RULES, csv=csv)


def test_sources_that_cannot_be_read_are_refused_by_name(session, folder):
    with pytest.raises(DataError, match="nowhere: no table there"):
        opened(session, folder / "nowhere")
    with pytest.raises(DataError, match=r"""table 'the "calls"' cannot be read: .*missing"""):
        opened(session, None, query="SELECT * FROM missing")
    (folder / "a.parquet").write_bytes(b"PAR1 not parquet")
    with pytest.raises(DataError, match="cannot be read"):
        opened(session, folder / "a.parquet")


def test_only_files_of_text_are_csv(folder):
    (folder / "a.csv").write_text("id\n1\n")
    assert is_csv(TablePlan(path=str(folder / "a.csv"), key="id"))
    assert not is_csv(TablePlan(query="SELECT 1 AS id", key="id"))
    pd.DataFrame({"id": [1]}).to_parquet(folder / "b.PARQUET")
    assert not is_csv(TablePlan(path=str(folder / "b.PARQUET"), key="id"))


def test_names_of_raw_rows_are_quoted():
    assert raw_name(NAME) == '"raw the ""calls"""'


def test_words_among_numbers_and_dates_are_refused_at_once(session, folder):
    rows = [
        f"{k},{'much' if k == 30 else 1.5 + k},{'soon' if k > 97 else '2026-08-31'}"
        for k in range(100)
    ]
    (folder / "calls.csv").write_text("\n".join(["id,x,since", *rows]))
    with pytest.raises(
        DataError,
        match=r"'x' holds no number in 1 row, the first is row 30: 'much'; "
        r"column 'since' holds no date in 2 rows, the first is row 98: 'soon'; mend",
    ):
        opened(session, folder / "calls.csv")


def test_rows_are_named_as_the_file_numbers_them(session, folder):
    rows = [f"{k},{'much' if k == 30 else 1.5 + k}" for k in range(100)]
    rows[3] = "3,4.5,6,7"  # cannot be read, and is a row of the file all the same
    (folder / "calls.csv").write_text("\n".join(["id,x", *rows]))
    with pytest.raises(DataError, match="in 1 row, the first is row 30: 'much'"):
        opened(session, folder / "calls.csv")
    pd.DataFrame({"id": [1], "x": 0.5}).to_csv(folder / "a.csv", index=False)
    with pytest.raises(DataError, match=r"the first is row 30 of .*calls\.csv: 'much'"):
        opened(session, folder / "*.csv")


def test_a_source_is_read_as_its_own_formats_say(session, folder):
    """Dates that can be read in two ways are asked for by a key that the source has."""
    path = folder / "calls.csv"
    path.write_text("from,to,day,note\n007,8,03/04/2026,1\n007,9,05/04/2026,x\n")
    said = {"path": str(path)}
    with pytest.raises(DataError, match=r"say calls.formats: \{day: '%d/%m/%Y'\}"):
        open_source(session, "calls", TableSource(**said), ["from", "to"], ["day"])
    source = TableSource(**said, formats={"day": "%d/%m/%Y"})
    kinds = open_source(session, "calls", source, ["from", "to"], ["day"])
    assert kinds["from"] == "VARCHAR"
    rows = session.rows(f"SELECT month(day) FROM {raw_name('calls')}")
    assert rows == [(4,), (4,)]
    with pytest.raises(DataError, match="there is no column 'too'; 'too': did you mean 'to'"):
        open_source(session, "again", source, ["from"], ["too"])


def test_ids_that_lost_digits_are_refused_and_conversions_are_said(session, tmp_path, caplog):
    caplog.set_level("INFO")
    path = tmp_path / "calls.csv"
    path.write_text("from;to;minutes\n007;8;1,5\n007;9;2,5\n")
    source = TableSource(path=str(path))
    open_source(session, "calls", source, ["from", "to"], ["minutes"])
    assert any(
        "table 'calls': column 'minutes' is read as numbers: '1,5' is 1.5" in message
        for message in caplog.messages
    )
    path.write_text("from;to;minutes\n4,917E+15;8;1,5\n007;9;2,5\n")
    with pytest.raises(DataError, match=r"'from': 1 ids such as '4,917E\+15' .* digits are lost"):
        open_source(session, "again", source, ["from", "to"], ["minutes"])


def test_a_sheet_of_a_csv_file_is_refused_with_the_name_of_the_table(session, folder):
    (folder / "calls.csv").write_text("id,x\n7,1.5\n")
    with pytest.raises(ConfigError, match=r"table 'the \"calls\"': .*so it has no sheet 'May'"):
        opened(session, folder / "calls.csv", sheet="May")
