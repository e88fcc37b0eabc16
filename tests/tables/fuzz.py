"""Random tables that are trained on in one file and scored in another."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.tables.arrow import frame_of, text_formats
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Schema, Table
from dbnchurn.tables.streaming import open_files
from tests.tables.cells import Outcome
from tests.tables.locales import LOCALES, Locale, customers, write, written

ENDINGS = (".csv", ".csv", ".csv", ".csv.gz", ".xlsx", ".parquet")
FEATURES = ("tenure", "usage", "balance", "paid", "since", "plan", "tv")


def fuzzed(seed: int) -> tuple[Outcome, str]:
    """What becomes of one random table: trained on in one file, scored in another.

    Parameters
    ----------
    seed : int

    Returns
    -------
    outcome : {"right", "asked", "refused", "wrong"}
    message : str
        What was asked or is wrong, with the files.
    """
    generator = np.random.default_rng(seed)
    frame = customers(int(generator.integers(4, 60)), seed)
    names = list(generator.choice(FEATURES, int(generator.integers(2, 6)), replace=False))
    frame = frame[["customer", *names]]
    for name in names:  # any column may be small, round or full of gaps
        if name in ("usage", "balance", "paid") and generator.random() < 0.3:
            frame[name] = (frame[name] / 10 ** generator.integers(0, 4)).round(2)
        if generator.random() < 0.2:
            frame[name] = frame[name].astype(object).where(generator.random(len(frame)) < 0.4, None)
            frame[name] = frame[name].infer_objects()
    expected_schema = _schema(frame)
    expected = None if expected_schema is None else _read(expected_schema, frame)
    with tempfile.TemporaryDirectory() as folder:
        first, second = (
            (LOCALES[int(generator.integers(len(LOCALES)))], str(generator.choice(ENDINGS)))
            for _ in range(2)
        )
        try:
            schema = _trained(frame, *first, Path(folder, f"train{first[1]}"))
            found = _scored(schema, frame, *second, Path(folder, f"score{second[1]}"))
        except DataError as error:
            message = str(error)
            asked = " say " in message or "two ways" in message
            return ("asked" if asked else "refused"), message
    where = f"{first[0].name}{first[1]} and {second[0].name}{second[1]}, seed {seed}"
    if expected is None or expected_schema is None:
        return "right", ""
    return _compared(expected_schema, expected, schema, found, where)


def _schema(frame: pd.DataFrame) -> Schema | None:
    try:
        return infer(frame.drop(columns="customer"))
    except DataError:
        return None


def _read(schema: Schema, frame: pd.DataFrame) -> Table:
    return read(schema, frame)[0]


def _file(frame: pd.DataFrame, locale: Locale, ending: str, path: Path) -> Path:
    if ending == ".parquet":
        frame.to_parquet(path)
        return path
    return write(written(frame, locale), locale, path)


def _trained(frame: pd.DataFrame, locale: Locale, ending: str, path: Path) -> Schema:
    loaded = load_table(open_files(_file(frame, locale, ending, path)), ids=["customer"])
    formats = {name: form for name, form in loaded.formats.items() if name != "customer"}
    return infer(loaded.frame.drop(columns="customer"), formats=formats)


def _scored(schema: Schema, frame: pd.DataFrame, locale: Locale, ending: str, path: Path) -> Table:
    source = open_files(_file(frame, locale, ending, path))
    formats = text_formats(source, schema)
    wanted = [column.name for column in schema.used]
    (chunk,) = source.chunks(wanted, 1000)
    return _read(schema, frame_of(schema, chunk.rows, formats.get(str(path))))


def _compared(
    expected_schema: Schema, expected: Table, schema: Schema, found: Table, where: str
) -> tuple[Outcome, str]:
    """Whether every value is the clean one; a column without values has no kind to compare."""
    for name in expected.number_names:
        clean = expected.numbers[:, expected.number_names.index(name)]
        if np.isnan(clean).all():
            continue
        if name not in found.number_names:
            return "wrong", f"{name} is no number any more: {where}"
        values = found.numbers[:, found.number_names.index(name)]
        if not np.allclose(values, clean, rtol=0, atol=1e-9, equal_nan=True):
            place = int(np.flatnonzero(~np.isclose(values, clean, equal_nan=True))[0])
            return "wrong", f"{name}: {values[place]} in place of {clean[place]}: {where}"
    for name in expected.code_names:
        if name not in found.code_names:
            return "wrong", f"{name} is no category any more: {where}"
        levels = [
            next(c.levels for c in s.columns if c.name == name) for s in (expected_schema, schema)
        ]
        words = [
            [
                None if code < 0 else own[code]
                for code in table.codes[:, table.code_names.index(name)]
            ]
            for own, table in zip(levels, (expected, found), strict=True)
        ]
        if words[0] != words[1]:
            return "wrong", f"{name}: {words[1]} in place of {words[0]}: {where}"
    return "right", ""
