"""Dates that are written as numbers are asked where the name speaks of dates, and read as told."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.build import build
from dbnchurn.data.plan import DataPlan
from dbnchurn.tables.doubtful_values import serial_notes
from dbnchurn.tables.inspection import inspect_table
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.reading import read
from dbnchurn.tables.reading_rules import ReadingRules, form_of
from dbnchurn.tables.serial_format import (
    SerialFormat,
    compact_note,
    day_first_day,
    serial_formats,
)
from dbnchurn.tables.streaming import open_files

DAYS = np.random.default_rng(0).integers(15_000, 20_000, 40)
MONTH = DAYS.astype("M8[D]").astype("M8[M]")
MONTHS = MONTH.astype("M8[D]").astype(int)
WRITTEN = {
    "excel_serial": DAYS + 25_569,
    "epoch_s": DAYS * 86_400,
    "epoch_ms": DAYS * 86_400_000,
    "yyyymm": np.char.replace(MONTH.astype(str), "-", "").astype(int),
}


def table(form):
    return pd.DataFrame({"signup_date": WRITTEN[form], "debt": DAYS * 0.25, "key": range(40)})


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_files_are_asked_about_and_read_as_told(tmp_path, form, ending):
    path = tmp_path / f"t.{ending}"
    frame = table(form)
    {"csv": frame.to_csv, "xlsx": frame.to_excel}.get(ending, frame.to_parquet)(path, index=False)
    asked = rf"column 'signup_date': .* is a number or the date .*: {form}\}}"
    with pytest.raises(DataError, match=asked):
        infer(load_table(open_files(path)).frame)
    question = next(q.text for q in inspect_table(path).questions)
    assert "is a number or the date" in question
    for told, kind in ((form, "date"), ("number", "number")):
        loaded = load_table(open_files(path), ReadingRules(formats={"signup_date": told}))
        schema = infer(loaded.frame, formats={"signup_date": told, **loaded.formats})
        assert schema.columns[0].kind == kind
        expected = WRITTEN[form] if kind == "number" else MONTHS if form == "yyyymm" else DAYS
        np.testing.assert_array_equal(read(schema, loaded.frame)[0].numbers[:, 0], expected)


@pytest.mark.parametrize("form", WRITTEN)
def test_a_frame_is_asked_about_and_a_kind_answers(form):
    frame = table(form)
    with pytest.raises(DataError, match=f"formats: {{signup_date: {form}}}"):
        infer(frame)
    assert infer(frame, {"signup_date": "number"}).columns[0].kind == "number"
    schema = infer(frame, formats={"signup_date": form})
    schema.columns[0].audit()
    alone = read(schema, frame.iloc[[3]].astype(str))[0].numbers
    typed = read(schema, frame.iloc[[3]].assign(signup_date=np.datetime64(int(DAYS[3]), "D")))[0]
    assert alone[0, 0] == (MONTHS if form == "yyyymm" else DAYS)[3]
    assert typed.numbers[0, 0] == DAYS[3]


def test_other_names_and_other_numbers_are_numbers():
    assert serial_formats("debt", WRITTEN["excel_serial"].astype(float)) == ()
    for values in ([1.0, 2.0], [45_353.0, 12.0], [45_353.0], [np.nan], [202_613.0, 202_614.0]):
        assert serial_formats("signup_date", np.array(values)) == ()


def test_a_date_that_no_number_is_is_refused():
    schema = infer(table("yyyymm"), formats={"signup_date": "yyyymm"})
    with pytest.raises(DataError, match="202613 is no date as yyyymm"):
        read(schema, table("yyyymm").assign(signup_date=202_613))
    with pytest.raises(ConfigError, match="unknown format 'lotus'"):
        SerialFormat("lotus")
    assert form_of("epoch_s") == SerialFormat("epoch_s")


def plan(path, **more):
    return DataPlan.model_validate(
        {
            "base": "t",
            "tables": {"t": {"path": str(path), "key": "key", **more}},
            "label": {"table": "t", "kind": "column", "column": "left"},
            "features": {"t": {"values": ["debt", "signup_date"]}},
        }
    )


@pytest.mark.parametrize("form", WRITTEN)
def test_source_tables_are_asked_about_and_read_as_told(tmp_path, form):
    frame = table(form).assign(left=np.arange(40) % 2)
    frame.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"table 't': column 'signup_date': .* is a number or the"):
        build(plan(tmp_path / "t.parquet"), tmp_path / "asked")
    rules = {
        "signup_date": {"kind": "date", "format": form},
        "debt": {"kind": "number"},
        "left": {"kind": "flag"},
    }
    built = build(plan(tmp_path / "t.parquet", columns=rules), tmp_path / "built")
    found = pd.read_parquet(built.features).sort_values("key")["t_signup_date"]
    expected = (MONTHS if form == "yyyymm" else DAYS).astype("M8[D]")
    if pd.api.types.is_datetime64_any_dtype(found):
        np.testing.assert_array_equal(found.to_numpy().astype("M8[D]"), expected)


def test_days_and_moments_in_digits_are_said_and_other_numbers_are_not():
    days = pd.date_range("2024-01-01", periods=60)
    short = days.strftime("%y%m%d").astype(float).to_numpy()
    long = days.strftime("%Y%m%d120000").astype(float).to_numpy()
    assert "240101 would be 2024-01-01" in compact_note("since", short)
    assert "20240101120000 would be 2024-01-01" in compact_note("since", long)
    amounts = np.random.default_rng(0).integers(10_101, 391_231, 500).astype(float)
    for others in (amounts, short + 50, short + 0.5, long + 70, short[:10], short[:0]):
        assert compact_note("since", others) == ""
    frame = pd.DataFrame({"since": short, "debt": amounts[:60]})
    assert len(serial_notes(frame, ())) == 1
    assert serial_notes(frame, ("since",)) == []


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx", "frame"])
def test_days_that_lost_their_points_are_asked_whatever_the_name(tmp_path, ending):
    texts = DAYS.astype("M8[D]").astype(object)
    numbers = [int(day.strftime("%d%m%Y")) for day in texts]  # 01.08.2026 is 1082026
    frame = pd.DataFrame({"Vertrag": numbers, "debt": DAYS * 0.25})
    path = tmp_path / f"t.{ending}"
    if ending != "frame":
        {"csv": frame.to_csv, "xlsx": frame.to_excel}.get(ending, frame.to_parquet)(
            path, index=False
        )
        assert "is a number or the date" in inspect_table(path).questions[0].text

    def read_frame(rules=None):
        return frame if ending == "frame" else load_table(open_files(path), rules).frame

    with pytest.raises(DataError, match=r"took the points .*Vertrag: number}"):
        infer(read_frame())
    told = {"Vertrag": "number"}
    schema = infer(read_frame(ReadingRules(formats=told)), formats=told)
    assert schema.columns[0].kind == "number"


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(20_000_101, 20_000_141),  # an amount in a short range
        np.random.default_rng(0).integers(1_000_000, 32_000_000, 200),
        np.array([31_082_026]),
        np.array([31_082_026.5, *np.arange(1.0, 28.0) * 1_000_000 + 82_026]),
        np.array([1e9, np.inf, 31_082_026]),
    ],
)
def test_other_numbers_are_no_days_that_lost_their_points(numbers):
    assert not day_first_day(np.asarray(numbers, float))


@pytest.mark.parametrize("typed", [int, float, Decimal])
def test_numbers_that_are_days_mean_the_same_as_objects(typed):
    """A column of objects, as drivers of databases give them, is judged by what it holds."""

    def frame(name, numbers):
        return pd.DataFrame({name: pd.Series([typed(int(n)) for n in numbers], dtype=object)})

    days = pd.date_range("2024-01-01", periods=60)
    written = frame("since", days.strftime("%Y%m%d"))
    schema = infer(written)
    assert schema.columns[0].kind == "date"
    assert read(schema, written)[0].numbers[:, 0].tolist() == (19_723 + np.arange(60.0)).tolist()
    with pytest.raises(DataError, match="'since': 1012024 is a number or the date 2024-01-01"):
        infer(frame("since", days.strftime("%d%m%Y")))
    serial = frame("opened", range(45_000, 45_060))
    with pytest.raises(DataError, match="'opened': 45000 is a number or the date 2023-03-15"):
        infer(serial)
    assert infer(serial, kinds={"opened": "number"}).columns[0].kind == "number"
