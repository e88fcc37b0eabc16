"""Formulas without a value are counted by column, and cells with a value are not."""

import pytest
from openpyxl import Workbook, load_workbook

from dbnchurn.tables.excel import read_sheet
from dbnchurn.tables.sheet_formulas import formula_faults


@pytest.fixture
def path(tmp_path):
    """A workbook with errors and formulas in the second sheet, beside a first without any."""
    book = Workbook()
    book.active.append(["a"])
    sheet = book.create_sheet("A & Ö")
    sheet.append(["id", "share", "twice"])
    for row in range(2, 12):
        sheet.append([row, 0.5, 1.0])
    for row, error in ((3, "#N/A"), (5, "#N/A"), (7, "#DIV/0!")):
        sheet.cell(row, 2).value = error
    sheet.cell(4, 3).value = "=A4*2"
    sheet.cell(6, 3).value = "=A6*2"
    book.save(tmp_path / "t.xlsx")
    return tmp_path / "t.xlsx"


def test_errors_and_formulas_never_computed_are_counted_by_column(path):
    faults = formula_faults(path, "A & Ö")
    assert {column: dict(found.errors) for column, found in faults.items() if found.errors} == {
        2: {"#N/A": 2, "#DIV/0!": 1}
    }
    assert {column: found.uncomputed for column, found in faults.items()} == {2: 0, 3: 2}
    assert formula_faults(path, "Sheet") == {}


def test_they_are_missing_and_said(path):
    sheet = read_sheet(path, "A & Ö")
    assert sheet.table["share"].null_count == 3
    assert sheet.table["twice"].null_count == 2
    said = " ".join(sheet.notes)
    assert (
        "'share': 3 rows hold the error of a formula, such as '#N/A', and count as missing" in said
    )
    assert "'twice': 2 cells hold a formula that was never computed: missing; open" in said


def test_errors_that_were_pasted_as_text_are_said_with_the_others(path):
    book = load_workbook(path)
    book["A & Ö"].cell(9, 2).value = "#REF! "  # with a blank it stays text
    book["A & Ö"].cell(10, 1).value = "n/a"  # no error
    book.save(path)
    sheet = read_sheet(path, "A & Ö")
    assert sheet.table["share"].null_count == 4
    said = [note for note in sheet.notes if "error of a formula" in note]
    assert len(said) == 1
    assert "'share': 4 rows hold" in said[0]


@pytest.mark.parametrize(
    ("cell", "uncomputed"),
    [
        ('<c r="A1"><f>B1</f></c>', 1),
        ('<c r="A1" s="2"><f t="shared" si="0"/><v></v></c>', 1),
        ("<x:c r='A1'><x:f>B1</x:f><x:v/></x:c>", 1),
        ('<c r="A1"><f>B1</f><v>7</v></c>', 0),
        ('<c r="A1" t="str"><f>IF(B1,"","")</f><v></v></c>', 0),  # an empty text is a value
        ('<c r="A1"><v>7</v></c>', 0),
        ('<c r="A1" s="1"/><c r="B1"><v>7</v></c>', 0),
    ],
)
def test_only_formulas_without_a_value_count(tmp_path, cell, uncomputed):
    import zipfile

    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", '<sheets><sheet name="s" r:id="rId1"/></sheets>')
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationship Id="rId1" Target="/xl/worksheets/one.xml"/>',
        )
        archive.writestr("xl/worksheets/one.xml", f"<sheetData><row>{cell}</row></sheetData>")
    faults = formula_faults(tmp_path / "t.xlsx", "s")
    assert sum(found.uncomputed for found in faults.values()) == uncomputed
