"""What an inspection says on the terminal and on its page."""

import subprocess
import sys

import pytest
from rich.console import Console

from dbnchurn.tables import inspect_table
from dbnchurn.tables.inspection_page import inspection_page, write_inspection
from dbnchurn.tables.inspection_text import closing_lines, columns_table, verdict

TABLE = """CustomerID;debt;plan;age;<b>note</b>
7;1.250;basic;31;<script>alert(1)</script>
8;7.685;NA;NA;x
9;n/a;family;oops
10;1.000;family;44;y
"""


@pytest.fixture
def found(tmp_path):
    (tmp_path / "a.csv").write_text(TABLE)
    return inspect_table(tmp_path / "a.csv")


def test_the_verdict_counts_questions_and_lines(found):
    assert verdict(found) == (
        "3 rows, 5 columns, 1 line that cannot be read. 1 question has to be answered before the "
        "table can be used."
    )


def test_terminal_and_page_say_the_same(found):
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(columns_table(found))
    terminal = console.export_text() + "\n".join(closing_lines(found))
    page = inspection_page(found)
    for words in (
        "1.250 → 1.25 or 1250", "1234.5 or 1.234,5", "33.3 %",
        "id: &#x27;CustomerID&#x27;, because it is named like an id",
        "row 2: the line has 4 fields, the header has 5",
        "&#x27;NA&#x27; stands for a missing value",
        "date: none, because no column holds dates",
    ):  # fmt: skip
        assert words in page
        assert words.replace("&#x27;", "'") in terminal


def test_nothing_of_the_table_is_html(found):
    page = inspection_page(found)
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_page_needs_no_template_engine(tmp_path):
    (tmp_path / "a.csv").write_text(TABLE)
    code = (
        "import sys\nfrom dbnchurn.tables import inspect_table\n"
        "from dbnchurn.tables.inspection_page import write_inspection\n"
        f"found = inspect_table({str(tmp_path / 'a.csv')!r})\n"
        f"write_inspection({str(tmp_path / 'a.html')!r}, found)\n"
        "print(sorted({'jinja2', 'torch', 'sklearn', 'xgboost'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
    assert "Inspection of a.csv" in (tmp_path / "a.html").read_text()


def test_a_page_replaces_the_one_before(found, tmp_path):
    (tmp_path / "a.html").write_text("old")
    write_inspection(tmp_path / "a.html", found)
    assert (tmp_path / "a.html").read_text() == inspection_page(found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.html"]
