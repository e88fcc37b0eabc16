"""A table in any locale and file is the clean table, or the user is asked."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.tables.arrow import frame_of, text_formats
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.reading import read
from dbnchurn.tables.streaming import open_files
from tests.tables.locales import LOCALES, customers, write, written

# How a file is packed is found out before anything of its locale is read: once is enough.
PACKED = {"germany": ".csv.gz", "france": ".csv.zip"}  # cp1252 and utf-16
FILES = [(locale, ending) for locale in LOCALES for ending in (".csv", ".xlsx")]
FILES += [(locale, PACKED[locale.name]) for locale in LOCALES if locale.name in PACKED]
DROPPED = ["customer"]


def features(frame):
    return frame.drop(columns=DROPPED)


@pytest.fixture(scope="module")
def clean():
    frame = customers()
    schema = infer(features(frame))
    return frame, schema, read(schema, features(frame))[0]


@pytest.mark.parametrize(
    ("locale", "ending"), FILES, ids=lambda given: getattr(given, "name", given)
)
def test_training_reads_the_values_of_the_clean_table(clean, tmp_path, locale, ending):
    frame, schema, table = clean
    path = write(written(frame, locale), locale, tmp_path / f"t{ending}")
    loaded = load_table(open_files(path), ids=["customer"])
    assert loaded.frame["customer"].tolist() == frame["customer"].tolist()
    found = infer(features(loaded.frame), formats=_of_features(loaded))
    assert [(c.name, c.kind, c.levels) for c in found.columns] == [
        (c.name, c.kind, c.levels) for c in schema.columns
    ]
    _assert_equal(read(found, features(loaded.frame))[0], table)


@pytest.mark.parametrize("trained", ["typed", "as written"])
@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.name)
def test_scoring_reads_the_values_of_the_clean_table(clean, tmp_path, locale, trained):
    frame, schema, table = clean
    path = write(written(frame, locale), locale, tmp_path / "t.csv")
    source = open_files(path)
    if trained == "as written":
        loaded = load_table(source, ids=["customer"])
        schema = infer(features(loaded.frame), formats=_of_features(loaded))
    formats = text_formats(source, schema)
    wanted = [column.name for column in schema.used]
    rows = [chunk.rows for chunk in source.chunks(wanted, 50)]
    tables = [read(schema, frame_of(schema, r, formats[str(path)]))[0] for r in rows]
    _assert_equal(tables, table)


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.name)
def test_a_frame_of_texts_is_read_as_the_file(clean, locale):
    frame, schema, table = clean
    texts = features(written(frame, locale)).replace("", None)
    found = infer(texts)
    assert [(c.name, c.kind, c.levels) for c in found.columns] == [
        (c.name, c.kind, c.levels) for c in schema.columns
    ]
    _assert_equal(read(found, texts)[0], table)


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.name)
def test_a_row_alone_is_read_as_among_the_others(clean, locale):
    frame, _, table = clean
    texts = features(written(frame, locale)).replace("", None)
    schema = infer(texts)
    for row in (0, 17, 50):
        alone = read(schema, texts.iloc[[row]])[0]
        np.testing.assert_array_equal(alone.numbers, table.numbers[[row]])
        np.testing.assert_array_equal(alone.codes, table.codes[[row]])


def test_a_table_that_can_be_read_in_two_ways_is_asked_about(tmp_path):
    path = tmp_path / "t.csv"
    pd.DataFrame({"debt": ["7.685", "1.250"], "at": ["03/04/2026", "05/06/2026"]}).to_csv(
        path, index=False
    )
    message = (
        r"column 'debt': '7\.685' is 7\.685 or 7685: say formats: \{debt: '1234\.5'\} or .*; "
        r"column 'at': '03/04/2026' is 2026-04-03 or 2026-03-04: say formats: \{at: '%d/%m/%Y'\}"
    )
    with pytest.raises(ValueError, match=message):
        load_table(open_files(path))


def _of_features(loaded):
    return {name: form for name, form in loaded.formats.items() if name not in DROPPED}


def _assert_equal(found, expected):
    tables = found if isinstance(found, list) else [found]
    numbers = np.vstack([table.numbers for table in tables])
    np.testing.assert_allclose(numbers, expected.numbers, rtol=0, atol=1e-9)
    codes = np.vstack([table.codes for table in tables])
    np.testing.assert_array_equal(codes, expected.codes)
