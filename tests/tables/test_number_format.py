"""Numbers as people write them: every format gives the number, and nothing else is one."""

import duckdb
import numpy as np
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.tables.number_format import (
    MARKS,
    NumberFormat,
    certain_numbers,
    number_parts,
    number_readings,
)

NUMBERS = np.array([0.0, 5.0, 0.05, 12.5, 999.0, 1234.0, 1234.5, 987654.25, 12345678.75])
FORMATS = [NumberFormat(decimal, grouping) for decimal, grouping in MARKS]
WRITTEN = {
    "1.234,50 €": 1234.5,
    "€ 12,50": 12.5,
    "57.55 EUR": 57.55,
    "$1,234.50": 1234.5,
    "(1,234.5)": -1234.5,
    "−5": -5,
    "12 GB": 12,
    "1’234.5": 1234.5,
    "1\u202f234,5": 1234.5,
    "12,34,567.8": 1234567.8,
    "1.5E+3": 1500,
    "12,5-": -12.5,
    "R$ 5,00": 5,
    "-$5.25": -5.25,
    "5 %": 5,
}


def write(number, form):
    text = f"{number:,.2f}"
    return text.translate(str.maketrans({",": form.grouping, ".": form.decimal}))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.picture)
def test_what_is_written_in_a_format_is_read_in_it(form):
    for sign, numbers in ((1, NUMBERS), (-1, -NUMBERS)):
        texts = [write(number, form) for number in numbers]
        np.testing.assert_array_equal(form.parse(texts), numbers)
        for affix in ("{} €", "EUR {}", "({})"):
            if sign < 0 and "(" in affix:
                continue
            money = NumberFormat(form.decimal, form.grouping, affix.strip("{} ()"))
            read = money.parse([affix.format(text) for text in texts])
            np.testing.assert_array_equal(np.abs(read), np.abs(numbers))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.picture)
def test_its_picture_names_a_format(form):
    assert NumberFormat.from_picture(form.picture) == form
    assert form.parse([form.picture]).tolist() == [1234.5]


def test_no_picture_of_the_number_is_refused():
    with pytest.raises(ConfigError, match=r"'1\.2345' is no picture of the number 1234\.5"):
        NumberFormat.from_picture("1.2345")


@pytest.mark.parametrize("text", WRITTEN)
def test_a_certain_text_has_one_reading(text):
    numbers, doubtful = certain_numbers([text])
    assert numbers.tolist() == [WRITTEN[text]]
    assert not doubtful.any()


@pytest.mark.parametrize("text", ["7.685", "1,234", "-12.345", "(1.234)", "1.234 €"])
def test_groups_of_three_may_be_thousands(text):
    numbers, doubtful = certain_numbers([text])
    assert np.isnan(numbers).all()
    assert doubtful.all()
    low, high = sorted(
        abs(form.parse([text.strip()])[0]) for form in number_readings([text]).formats
    )
    assert high == pytest.approx(1000 * low)


@pytest.mark.parametrize(
    "text",
    ["", "basic", "1,5,5", "1 2 3", "-1.5-", "(5", "1.2.3", "€ 5 €", "5 apples", "1e", "12A", "."],
)
def test_what_is_no_number_is_none(text):
    assert number_parts([text])["body"].isna().all() or np.isnan(certain_numbers([text])[0]).all()
    assert not number_readings([text]).formats


def test_other_texts_of_the_column_decide():
    assert [form.picture for form in number_readings(["7.685", "12,50"]).formats] == ["1.234,5"]
    assert [form.picture for form in number_readings(["7.685", "0.5"]).formats] == ["1234.5"]
    assert number_readings(["12 GB", "800 MB"]).units == ("GB", "MB")


def test_a_rare_mark_is_seen_among_many_plain_numbers():
    texts = [str(number) for number in range(50_000)] + ["1.234"]
    assert len(number_readings(texts).formats) == 2
    assert [form.picture for form in number_readings([*texts, "1,5"]).formats] == ["1.234,5"]


@pytest.mark.parametrize("form", [*FORMATS, NumberFormat(",", ".", "€")], ids=lambda f: f.picture)
def test_sql_reads_what_python_reads(form):
    texts = [write(number, form) for number in (*NUMBERS, *-NUMBERS)]
    texts += [*WRITTEN, "7.685", "1,5,5", "basic", "(7)", "7-"]
    expected = form.parse(texts)
    query = f"SELECT {form.sql('x')} FROM (SELECT unnest(?) AS x)"
    found = [row[0] for row in duckdb.connect().execute(query, [texts]).fetchall()]
    assert [None if np.isnan(number) else number for number in expected] == found
