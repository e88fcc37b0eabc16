"""An inspection shows what training would read, and asks what training would ask."""

import gzip
import zipfile

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables import inspect_table
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.inspected_column import inspect_columns, read_as
from dbnchurn.tables.inspection_text import notes_of, verdict
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.reading_rules import ReadingRules, form_of
from dbnchurn.tables.streaming import open_files

N = 3000


@pytest.fixture(scope="module")
def text() -> str:
    """A German export with most of the faults that exports have."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "Kundennummer": [f"{k:06d}" for k in range(N)],
            "Umsatz": [f"1.{k % 1000:03d},5{k % 10}" for k in range(N)],
            "Alter": rng.choice(["", "NA", *map(str, range(18, 80))], N),
            "Tarif": rng.choice(["basic", "NA", "Famülie", "n/a"], N),
            "Vertragsbeginn": [
                f"{k % 28 + 1:02d}.{k % 12 + 1:02d}.20{k % 20 + 10}" for k in range(N)
            ],
            "Volumen": [f"{k % 50} GB" for k in range(N)],
            "Notiz": [f"note {k}" for k in range(N)],
            "Dauer": [f"0{k % 9}:{k % 60:02d}:00" for k in range(N)],
            "VIP": rng.choice(["true", "false"], N),
            "PLZ": [f"0{k % 90 + 1000}" for k in range(N)],
            "Score": [*(str(k) for k in range(N - 1)), "kaputt"],
            "churned": rng.choice(["yes", "no"], N),
        }
    )
    return rows.to_csv(index=False, sep=";")


def written(path, text, encoding="utf-8"):
    content = text.encode(encoding)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("table.csv", content)
    else:
        path.write_bytes(content)
    return path


def assert_as_trained(found, loaded):
    """The columns are read as a table that is loaded, and judged as those of a training."""
    assert found.rows == len(loaded.frame)
    schema = infer(loaded.frame)
    for column in schema.columns:
        shown = found[column.name]
        assert shown.kind == column.kind, column.name
        assert shown.format == (loaded.formats.get(column.name) or column.format), column.name
        kept = loaded.frame[column.name].notna().sum()
        assert shown.rows - shown.missing_rows == kept, column.name
        if column.kind == "ignore":
            assert shown.note == column.note


@pytest.mark.parametrize(
    ("name", "encoding", "packed"),
    [("a.csv", "utf-8", ""), ("a.csv", "utf-16", ""), ("a.txt", "cp1252", ""),
     ("a.csv.gz", "utf-8", "gz"), ("a.csv.zip", "utf-8-sig", "zip")],
)  # fmt: skip
def test_what_is_shown_is_what_training_reads(tmp_path, text, name, encoding, packed):
    path = written(tmp_path / name, text, encoding)
    found = inspect_table(path)
    assert_as_trained(found, load_table(open_files(path)))
    (file,) = found.files
    assert (file.kind, file.delimiter, file.packed) == ("CSV", ";", packed)
    assert file.encoding == encoding
    assert (file.rows, file.columns, file.size) == (N, 12, path.stat().st_size)
    assert not found.questions


def test_typed_files_are_judged_by_their_types(tmp_path, text):
    loaded = load_table(open_files(written(tmp_path / "a.csv", text)))
    frame = loaded.frame.assign(day=20260801, span=pd.Timedelta(hours=12), whole=range(N))
    frame["Score"] = pd.to_numeric(frame["Score"], errors="coerce")
    path = tmp_path / "a.parquet"
    frame.to_parquet(path)
    found = inspect_table(path)
    assert_as_trained(found, load_table(open_files(path)))
    assert found.files[0].kind == "Parquet"
    assert found["day"].examples == (("20260801", "2026-08-01"),)
    assert found["span"].examples[0][1] == "0.5"
    assert found["Score"].missing == {"": 1}


def test_a_sheet_is_named(tmp_path):
    frame = pd.DataFrame({"id": [1, 2], "paid": ["1,5", "n/a"], "at": pd.Timestamp("2026-01-02")})
    path = tmp_path / "a.xlsx"
    with pd.ExcelWriter(path) as book:
        frame.to_excel(book, sheet_name="customers", index=False)
        frame.to_excel(book, sheet_name="others", index=False)
    with pytest.raises(DataError, match="2 sheets hold something"):
        inspect_table(path)
    found = inspect_table(path, sheet="customers")
    assert_as_trained(found, load_table(open_files(path, sheet="customers")))
    assert (found.files[0].kind, found.files[0].sheet) == ("Excel", "customers")


def test_what_can_be_read_in_two_ways_is_shown_and_not_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id;debt;day\n1;1.250;03/04/2026\n2;7.685;05/06/2026\n")
    found = inspect_table(path)
    assert {q.column: q.formats for q in found.questions} == {
        "debt": ("1234.5", "1.234,5"),
        "day": ("%d/%m/%Y", "%m/%d/%Y"),
    }
    assert found["debt"].examples[0] == ("1.250", "1.25 or 1250")
    assert found["day"].examples[0] == ("03/04/2026", "2026-04-03 or 2026-03-04")
    with pytest.raises(DataError) as refusal:
        load_table(open_files(path))
    assert all(question.text in str(refusal.value) for question in found.questions)
    decided = inspect_table(path, rules=ReadingRules({"debt": "1.234,5", "day": "%d/%m/%Y"}))
    assert not decided.questions
    assert decided["debt"].examples[0] == ("1.250", "1250")


def test_missing_values_are_counted_by_their_texts(tmp_path, text):
    found = inspect_table(written(tmp_path / "a.csv", text), rules=ReadingRules(missing=["basic"]))
    raw = pd.read_csv(tmp_path / "a.csv", sep=";", dtype=str, keep_default_na=False)
    for name, words in (("Alter", ["", "NA"]), ("Tarif", ["NA", "n/a", "basic"])):
        assert found[name].missing == {w: int((raw[name] == w).sum()) for w in words}
    assert found["Score"].unread == {"kaputt": 1}


def test_lines_with_another_number_of_fields_are_shown_with_their_rows(tmp_path):
    lines = [f"{k},{k * 2}" for k in range(100)]
    lines[17], lines[60] = "17", "60,1,2"
    (tmp_path / "a.csv").write_text("\n".join(["id,debt", *lines]))
    found = inspect_table(tmp_path / "a.csv")
    assert (found.rows, found.rejected_lines) == (98, 2)
    assert [(line.row, line.reason[:18]) for _, line in found.rejected] == [
        (17, "the line has 1 fie"), (60, "the line has 3 fie"),
    ]  # fmt: skip


def test_columns_without_a_name(tmp_path):
    (tmp_path / "a.csv").write_text(",id,debt,\n0,7,1.5,\n1,8,2.5,\n")
    found = inspect_table(tmp_path / "a.csv")
    assert [column.name for column in found.columns] == ["id", "debt"]
    assert [note.partition(":")[0] for note in found.notes] == [
        "column 1 has no name and numbers the rows", "column 4 has no name and is empty",
    ]  # fmt: skip
    (tmp_path / "b.csv").write_text("id,debt,\n7,1.5,x\n8,2.5,y\n")
    (fault,) = inspect_table(tmp_path / "b.csv").questions
    assert fault.text == "column 3 has values ('x', 'y') but no name in the header; give it one"


def test_a_folder_is_one_table_and_differences_are_said(tmp_path):
    (tmp_path / "1.csv").write_text("id,debt\n1,1.5\n")
    (tmp_path / "2.csv").write_text("id,paid\n2,2.5\n")
    found = inspect_table(tmp_path)
    assert [file.rows for file in found.files] == [1, 1]
    assert found.rows == 2
    assert any("2.csv has no column 'debt', which other files have" in note for note in found.notes)
    assert [c.name for c in inspect_table(f"{tmp_path}/1*.csv").columns] == ["id", "debt"]
    for number, value in enumerate(([1], ["x"]), 1):
        pd.DataFrame({"a": value}).to_parquet(tmp_path / f"{number}.parquet")
    with pytest.raises(
        DataError, match=r"the column 'a' is .*string, in the files before it is int64"
    ):
        inspect_table(f"{tmp_path}/*.parquet")


def test_named_roles_stay_as_written_and_dropped_columns_are_ignored(tmp_path, text):
    path = written(tmp_path / "a.csv", text)
    found = inspect_table(path, id="Kundennummer", label="churned", drop=["Umsatz"])
    kinds = {c.name: c.kind for c in found.columns}
    assert (kinds["Kundennummer"], kinds["churned"], kinds["Umsatz"]) == ("id", "label", "ignore")
    assert found["Kundennummer"].examples[0] == ("000000", "000000")
    assert found["Umsatz"].note == "as told"
    absent = inspect_table(path, label="chruned")
    assert any("no column 'chruned', which is named as the label" in note for note in absent.notes)


def test_roles_are_guessed(tmp_path, text):
    roles = inspect_table(written(tmp_path / "a.csv", text)).roles
    assert (roles.id, roles.label, roles.date) == ("Kundennummer", "churned", None)


def test_a_snapshot_is_shown_as_such(tmp_path):
    rows = "".join(f"{k},2026-0{k % 3 + 1}-01\n" for k in range(90))
    (tmp_path / "a.csv").write_text(f"id,month\n{rows}")
    found = inspect_table(tmp_path / "a.csv")
    assert found.roles.date == "month"
    assert "the date of the snapshot" in " ".join(notes_of(found["month"], found))


def test_of_very_many_values_a_sample_decides_and_it_is_said(tmp_path):
    n = 30_000
    frame = pd.DataFrame({"id": range(n), "spent": [f"{k},25" for k in range(n)], "plan": "a"})
    frame.loc[n - 1, "plan"] = "b"
    frame.to_csv(tmp_path / "a.csv", sep=";", index=False)
    found = inspect_table(tmp_path / "a.csv")
    assert found["spent"].is_sampled
    assert found["spent"].format == "1234,5"
    assert found["spent"].distinct == pytest.approx(n, rel=0.1)
    assert not found["plan"].is_sampled
    assert found["plan"].words == ("a", "b")


def test_what_cannot_be_read_at_all_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        inspect_table(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_text("id,debt\n")
    with pytest.raises(DataError, match="the table has 2 columns but no rows"):
        inspect_table(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("id|debt\n1|2\n")
    assert inspect_table(tmp_path / "b.csv", settings=CsvSettings(",")).files[0].columns == 1


def test_words_of_values():
    assert read_as("12:30:00", form_of("duration")) == "0.520833333333"
    assert read_as("2026-08-31 10:30", form_of("%Y-%m-%d")) == "2026-08-31 10:30:00"
    assert read_as("x", form_of("1234.5")) == "missing"
    assert inspect_columns({}, ReadingRules(), typed=False) == ([], [])


def test_notes_name_placeholders_numbers_that_may_be_dates_and_columns_of_one_value(tmp_path):
    rows = np.arange(60)
    table = pd.DataFrame(
        {
            "age": np.where(rows % 20 == 0, -999, 20 + rows),
            "until": np.where(rows % 20 == 0, "9999-12-31", "2026-08-31"),
            "last_call": 1_700_000_000 + 90_000 * rows,
            "country": "DE",
            "fax": None,
        }
    )
    table.to_csv(tmp_path / "customers.csv", index=False)
    table.to_parquet(tmp_path / "customers.parquet")
    for ending in ("csv", "parquet"):
        found = inspect_table(tmp_path / f"customers.{ending}")
        notes = {column.name: "\n".join(notes_of(column, found)) for column in found.columns}
        assert "-999 stands in 3 rows" in notes["age"]
        assert "'9999-12-31'; if it stands" in notes["until"]
        assert "say formats: {last_call: epoch_s}" in notes["last_call"]
        assert "one value in all rows" in notes["country"]
        assert "no value" in notes["fax"]
    told = ReadingRules(formats={"last_call": "number"})
    assert inspect_table(tmp_path / "customers.csv", rules=told)["last_call"].doubtful == ()


def test_the_verdict_names_columns_whose_values_training_refuses(tmp_path):
    path = tmp_path / "under.csv"
    values = [f"<{i}" if i % 10 == 0 else str(i) for i in range(40)]
    path.write_text("customer,x\n" + "".join(f"K{i},{v}\n" for i, v in enumerate(values)))
    assert "training refuses values of 'x'" in verdict(inspect_table(path))
