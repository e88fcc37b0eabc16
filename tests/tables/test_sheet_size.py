"""A spreadsheet that would fill the memory is refused by its places and sizes, before reading."""

import io
import zipfile

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables import sheet_size
from dbnchurn.tables.excel import read_sheet
from dbnchurn.tables.sheet_size import check_sheet_size

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def relations(kind, target):
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )


def write(path, more="", before="", part="worksheets/sheet1.xml"):
    """A sheet of two columns and ten rows, with more XML in it."""
    rows = [
        f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}"><v>{n * n}</v></c></row>'
        for n in range(2, 12)
    ]
    head = "".join(
        f'<c r="{place}1" t="inlineStr"><is><t>{name}</t></is></c>'
        for place, name in (("A", "debt"), ("B", "age"))
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", relations("officeDocument", "xl/workbook.xml"))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr("xl/_rels/workbook.xml.rels", relations("worksheet", part))
        archive.writestr(
            f"xl/{part}",
            f'{before}<worksheet xmlns="{MAIN}"><sheetData><row r="1">{head}</row>'
            f"{''.join(rows)}{more}</sheetData></worksheet>",
        )
    return path


def test_an_ordinary_sheet_is_read(tmp_path):
    table = read_sheet(write(tmp_path / "t.xlsx", '<row r="400"><c r="AZ400"/></row>')).table
    assert table["debt"][0].as_py() == 2
    assert table["age"][9].as_py() == 121


@pytest.mark.parametrize(
    "more",
    [
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        "<row r='1048576'><c r = 'xfd1048576'><v>1</v></c></row>",
        '<row r="1000000"><c r="AAA3"><v>1</v></c></row>',
        '<row r="12"><c r="XFD12"><v>1</v></c></row><row r="900000"><c><v>1</v></c></row>',
    ],
)
def test_a_cell_far_away_is_refused_before_the_sheet_is_made(tmp_path, more):
    path = write(tmp_path / "far.xlsx", more)
    with pytest.raises(DataError, match=r"far\.xlsx: a sheet with \d+ filled cells reaches to row"):
        read_sheet(path)


def test_a_sheet_of_another_name_is_checked_too(tmp_path):
    more = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    for part in ("other/notes.xml", "media/image.png"):
        path = write(tmp_path / "far.xlsx", more, part=part)
        with pytest.raises(DataError, match="reaches to row 1,048,576"):
            read_sheet(path)


def test_a_place_between_two_blocks_counts(tmp_path, monkeypatch):
    path = write(tmp_path / "far.xlsx", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    for size in (257, 300, 511, 700):
        monkeypatch.setattr(sheet_size, "BLOCK", size)
        with pytest.raises(DataError, match=r"row 1,048,576 and column 16,384, which makes 17,179"):
            check_sheet_size(path)


def test_a_damaged_part_ends_no_check(tmp_path):
    path = write(tmp_path / "far.xlsx", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    far = path.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("aaa.bin", "first")
        with zipfile.ZipFile(io.BytesIO(far)) as old:
            for name in old.namelist():
                archive.writestr(name, old.read(name), zipfile.ZIP_DEFLATED)
    path.write_bytes(path.read_bytes().replace(b"first", b"worst", 1))
    with pytest.raises(DataError, match=r"far\.xlsx: not a readable .*: aaa\.bin: Bad CRC"):
        read_sheet(path)


def test_an_encrypted_part_is_refused_in_words_that_name_the_file_once(tmp_path):
    path = write(tmp_path / "t.xlsx")
    found = bytearray(path.read_bytes())
    for place in (found.find(b"PK\x03\x04") + 6, found.find(b"PK\x01\x02") + 8):
        found[place] |= 1
    path.write_bytes(bytes(found))
    with pytest.raises(DataError, match="is encrypted") as refused:
        read_sheet(path)
    assert str(refused.value).count("t.xlsx") == 1


@pytest.mark.parametrize("spaces", ["{0}=", "={0}", " = {0}"])
def test_places_far_from_their_name_are_refused(tmp_path, spaces):
    place = f'r{spaces.format(" " * 2000)}"XFD1048576"'
    path = write(tmp_path / "far.xlsx", f"<row><c {place}><v>1</v></c></row>")
    with pytest.raises(DataError, match="spaced as no spreadsheet program"):
        check_sheet_size(path)


def test_what_unpacks_to_a_multiple_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "packed.xlsx", "<!--" + " " * 2**20 + "-->")
    check_sheet_size(path)  # few bytes are never too many
    monkeypatch.setattr(sheet_size, "LARGEST_UNPACKED", 2**16)
    with pytest.raises(DataError, match=r"bytes would be 1,0.* unpacked, which no table is"):
        check_sheet_size(path)


@pytest.mark.parametrize(
    "entity", ['<!ENTITY e "zzz">', '<!ENTITY e SYSTEM "file:///etc/hostname">']
)
def test_entities_are_not_followed(tmp_path, entity):
    more = '<row r="12"><c r="A12" t="inlineStr"><is><t>&e;</t></is></c></row>'
    path = write(tmp_path / "entity.xlsx", more, f"<!DOCTYPE worksheet [{entity}]>")
    with pytest.raises(DataError, match=r"not a readable spreadsheet: .*entity"):
        read_sheet(path)
