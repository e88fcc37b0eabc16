"""The example that says whom to leave alone: leavers and held-out customers, from usual files."""

import csv
import runpy
from types import SimpleNamespace

import pytest

from dbnchurn.campaign import ContactLog
from dbnchurn.campaign.suppression import check_suppression, suppress
from dbnchurn.tables.duckdb import Session
from tests.campaign.test_log import make_log


@pytest.fixture
def listed(root, tmp_path, monkeypatch, capsys):
    """``listed(outcomes)``: the example's end in a folder with these outcomes and a log."""
    monkeypatch.chdir(tmp_path)
    changes = {
        "customer": ["1", "2", "3", "4"],
        "campaign": ["2024-09-01", "2024-09-01", "2024-10-01", "2024-05-01"],
        "arm": ["control", "contact", "control", "control"],
        "contact_date": ["2024-09-03", "2024-09-03", "2024-10-03", "2024-05-03"],
    }
    ContactLog.of(make_log(4, **changes)).append_to(tmp_path / "contacts.csv")

    def run(outcomes, log="contacts.csv", encoding="utf-8"):
        (tmp_path / "outcomes.csv").write_text(outcomes, encoding=encoding)
        example = str(root / "examples" / "do_not_contact.py")
        words = [example, log, "outcomes.csv", "2024-10-01", "2024-10-03"]
        monkeypatch.setattr("sys.argv", words)
        code = 0
        try:
            runpy.run_path(example, run_name="__main__")
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        return SimpleNamespace(stdout=printed.out, stderr=printed.err, code=code)

    return run


def test_who_left_since_or_was_held_out_is_left_alone(listed):
    told = (
        "id,left_date\n5,2024-10-02\n6,2024-10-04\n7,\n8,2024-10-01\n9,2019-03-01\n0,2024-09-30\n"
    )
    assert listed(told).stdout == "customer\n1\n5\n8\n"  # 9 and 0 are scored: they came back


@pytest.mark.parametrize(
    ("outcomes", "encoding"),
    [
        ("name,customer,left_date\nAnna,5,2024-10-02\nBert,6,\n", "utf-8"),
        ("Kundennummer;Left_Date\n5;02.10.2024\n6;28.12.2024\n", "utf-8"),
        ("customer_id;town;left_date\n5;München;2024-10-02 08:00\n6;Jüterbog;\n", "cp1252"),
    ],
)
def test_outcomes_are_read_as_people_have_them(listed, outcomes, encoding):
    found = listed(outcomes, log="none.csv", encoding=encoding)
    assert (found.stdout, found.code) == ("customer\n5\n", 0)


def test_a_header_alone_holds_nobody(listed):
    found = listed("id,left_date\n", log="none.csv")
    assert (found.stdout, found.code) == ("customer\n", 0)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ("id,left_date\n5,2024-10-02\n6,soon\n", r"holds no date in 1 row (row 2), such as 'soon'"),
        ("id,left_date\n5,10/02/2024\n6,03/04/2024\n", "'10/02/2024' is 2024-02-10 or 2024-10-02"),
        ("id,left\n5,1\n6,0\n", "it does not say when customers left"),
        ("name,left_date\nAnna,2024-10-02\n", "outcomes need the columns 'customer'"),
        ("", "the file is empty"),
        ("907\n", "the first line holds values"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_and_nothing_is_printed(listed, outcomes, told):
    found = listed(outcomes)
    assert (found.stdout, found.code) == ("", 2)
    assert told in found.stderr


def test_any_id_is_read_back_by_score(listed, tmp_path):
    ids = ["a,b", 'c"d', "0007"]
    rows = "".join(f'"{id.replace(chr(34), 2 * chr(34))}",2024-10-02\n' for id in ids)
    text = listed(f"id,left_date\n{rows}", log="none.csv").stdout
    assert sorted(row[0] for row in csv.reader(text.splitlines()[1:])) == sorted(ids)
    path = tmp_path / "suppress.csv"
    path.write_text(text)
    check_suppression(path, "id")
    with Session("200MB", n_threads=1) as session:
        session.run("CREATE TABLE known AS SELECT unnest(['a,b', 'c\"d', '0007', '8']) AS name")
        found = suppress(session, path, "id", "exact", allow_unmatched=False)
        assert (found.customers, session.row("SELECT count(*) FROM eligible")[0]) == (3, 1)
