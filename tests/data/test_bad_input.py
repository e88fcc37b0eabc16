"""Every bad input stops the build with one sentence, and leaves nothing behind."""

import gzip

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.build import build
from dbnchurn.data.plan import DataPlan
from tests.data.small_crm import crm


def refused(make, tmp_path, message, tables=None, changes=None, **how):
    def outputs():
        return {path for path in tmp_path.rglob("*") if "out" in path.name}

    before = outputs()
    with pytest.raises(DataError, match=message):
        make(tables, changes, **how)
    assert outputs() == before, "partial output survives"


def test_missing_table(make, tmp_path):
    changes = {"tables": {"calls": {"path": str(tmp_path / "nowhere")}}}
    refused(make, tmp_path, r"table 'calls': .*nowhere: no table there", changes=changes)


def test_missing_key_and_missing_columns(make, tmp_path):
    tables = crm()
    tables["calls"] = tables["calls"].rename(columns={"id": "idd"})
    message = r"table 'calls' lacks 'id'|table 'calls' has no key column 'id': did you mean 'idd'"
    refused(make, tmp_path, message, tables)
    tables = crm()
    tables["calls"] = tables["calls"].drop(columns="minutes")
    refused(make, tmp_path, "table 'calls' lacks 'minutes', which its contract promises", tables)


def test_columns_that_features_and_label_use_and_no_table_has(make, tmp_path):
    changes = {
        "label": {"column": "state"},
        "features": {"basic": {"window": {"mean": ["gbb"]}}},
    }
    message = (
        r"table 'basic' has no column 'gbb', which features, .*: did you mean 'gb'.*; "
        r"table 'basic' has no column 'state'.*did you mean 'status'"
    )
    refused(make, tmp_path, message, crm(), changes)


@pytest.mark.parametrize("value", [[1.0], {"a": 1}, b"bytes"])
def test_columns_without_single_values_are_passed_over_or_refused(make, tmp_path, value, caplog):
    tables = crm()
    tables["basic"]["odd"] = [value] * len(tables["basic"])
    changes = {"features": {"basic": {"window": {"mean": ["gb", "odd"]}}}}
    refused(make, tmp_path, "table 'basic': column 'odd' holds .* use it", tables, changes)
    assert "odd" not in " ".join(make(tables).plan.tables["basic"].columns)
    assert "column 'odd' holds" in caplog.text


def test_mixed_types_in_a_key(make, tmp_path):
    tables = crm()
    tables["calls"]["id"] = tables["calls"]["id"].astype(str)
    message = "keys of mixed types: 'id' is a number in 'basic' and 'id' is text in 'calls'"
    refused(make, tmp_path, message, tables)
    tables["calls"].loc[3, "id"] = "A7"
    message = "the key 'id' mixes types: 479 are numbers like '1', 1 are not, like 'A7'"
    refused(make, tmp_path, message, tables)


def test_many_to_many_join(make, tmp_path):
    tables = crm()
    tables["homes"] = pd.DataFrame({"id": [*range(1, 61), *range(1, 31)], "rooms": range(90)})
    changes = {"tables": {"homes": {"key": "id"}}, "features": {"homes": {"values": "all"}}}
    message = "table 'homes': .*30 customers have several rows that differ.*many-to-many"
    refused(make, tmp_path, message, tables, changes)


def test_empty_outcome_window(make, tmp_path):
    message = (
        "the outcome window of the cutoff 2024-09-01 is empty: table 'basic' has no rows from "
        "2024-09-01 to before 2024-10-01, its last is of 2024-08-01"
    )
    refused(make, tmp_path, message, changes={"windows": {"cutoffs": ["2024-09-01"]}})


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        ({"cutoffs": ["2024-07-01", "2024-07-15"]}, "outcome windows of the cutoffs .* overlap"),
        ({"cutoffs": ["2024-07-01", "2024-07-01"]}, "cutoff 2024-07-01 is given twice"),
        ({"cutoffs": []}, "at least 1 item"),
        ({"cutoffs": ["2024-07-01"], "outcome": "0 days"}, "a window of no length"),
        ({"cutoffs": ["2024-07-01"], "gap": "-3 days"}, "pattern"),
    ],
)
def test_overlapping_and_impossible_windows(make, windows, message):
    with pytest.raises(ValidationError, match=message):
        make(changes={"windows": windows})


def test_no_customers_before_the_cutoff(make, tmp_path):
    changes = {"windows": {"cutoffs": ["2020-01-01"]}}
    refused(make, tmp_path, "table 'basic' has no customers within 2019-10-01", changes=changes)


def test_label_table_with_unknown_customers(make, tmp_path):
    tables = crm()
    stranger = tables["leavers"].tail(1).assign(id=777)
    tables["leavers"] = pd.concat([tables["leavers"], stranger])
    label = {"table": "leavers", "kind": "events", "column": None, "left": None}
    message = "label table 'leavers' has 1 customers that 'basic' does not know, the first is 777"
    refused(make, tmp_path, message, tables, {"label": label})
    assert make(tables, {"label": {**label, "unknown": "drop"}}).rows == 60


def test_quarantine_over_its_limit(make, tmp_path):
    tables = crm()
    tables["basic"].loc[:19, "id"] = None
    message = r"table 'basic': 20 of 300 rows break the contract: no key id \(20\); .* 5.00%"
    refused(make, tmp_path, message, tables)


def test_dates_in_two_formats(make, tmp_path):
    tables = crm()
    at = tables["calls"]["at"].dt.strftime("%Y-%m-%d %H:%M")
    at[::2] = tables["calls"]["at"].dt.strftime("%d.%m.%Y")[::2]
    tables["calls"]["at"] = at
    message = r"'at' has dates in two formats: 240 like '2024-.*' and 240 like '.*\.2024'"
    refused(make, tmp_path, message, tables)
    tables["calls"]["at"] = "03/05/2024"
    message = "column 'at': '03/05/2024' is 2024-05-03 or 2024-03-05: say .*'%d/%m/%Y'"
    refused(make, tmp_path, message, tables)


def test_dates_of_one_other_format_are_found_out(make):
    tables = crm()
    expected = make(tables)
    tables["calls"]["at"] = tables["calls"]["at"].dt.strftime("%d.%m.%Y %H:%M:%S")
    found = make(tables)
    assert found.plan.tables["calls"].columns["at"].format == "%d.%m.%Y"
    pd.testing.assert_frame_equal(
        pd.read_parquet(found.features), pd.read_parquet(expected.features)
    )


def test_both_formats_may_be_named(make):
    tables = crm()
    at = tables["calls"]["at"].dt.strftime("%Y-%m-%d")
    at[::2] = tables["calls"]["at"].dt.strftime("%d.%m.%Y")[::2]
    rule = {"at": {"kind": "date", "format": ["%Y-%m-%d", "%d.%m.%Y"]}}
    expected = make(
        {**crm(), "calls": tables["calls"].assign(at=tables["calls"]["at"].dt.floor("D"))}
    )
    found = make(
        {**crm(), "calls": tables["calls"].assign(at=at)}, {"tables": {"calls": {"columns": rule}}}
    )
    pd.testing.assert_frame_equal(
        pd.read_parquet(found.features), pd.read_parquet(expected.features)
    )


def test_times_with_an_offset_against_times_without(make, tmp_path):
    tables = crm()
    aware = tables["calls"]["at"].dt.tz_localize("UTC")
    tables["calls"]["at"] = aware
    refused(make, tmp_path, "'at' has times with an offset, while cutoffs have none", tables)
    tables["calls"]["at"] = aware.map(lambda t: t.isoformat())
    refused(make, tmp_path, r"'at' has times with an offset, like '.*\+00:00'", tables)
    tables["calls"].loc[::2, "at"] = "2024-06-01 10:00:00"
    refused(make, tmp_path, "mixes times with an offset, like .* and without, like", tables)


def test_a_named_time_zone_places_instants_on_its_days(make):
    """An hour after midnight in Berlin on 1 August is still July in UTC."""
    tables = crm()
    instant = pd.Timestamp("2024-07-31 22:30", tz="UTC")
    tables["calls"]["at"] = tables["calls"]["at"].dt.tz_localize("UTC")
    berlin = {"tables": {"calls": {"timezone": "Europe/Berlin"}}}
    before = pd.read_parquet(make(tables, berlin).features)["calls_count"].sum()
    extra = pd.DataFrame({"id": [1], "at": [instant], "minutes": [1.0], "kind": ["in"]})
    tables["calls"] = pd.concat([tables["calls"], extra])
    assert pd.read_parquet(make(tables, berlin).features)["calls_count"].sum() == before


def test_a_gzipped_file_of_another_encoding_delimiter_and_decimal(make, tmp_path):
    tables = crm()
    tables["calls"]["kind"] = tables["calls"]["kind"].replace({"out": "hör"})
    path = tmp_path / "calls.csv.gz"
    text = tables["calls"].to_csv(index=False, sep=";", decimal=",")
    path.write_bytes(gzip.compress(text.encode("cp1252")))
    rules = {"minutes": {"kind": "number"}, "kind": {"kind": "category", "levels": ["in", "hör"]}}
    features = {"calls": {"window": {"count": ["*"], "levels": ["kind"], "sum": ["minutes"]}}}
    changes = {"tables": {"calls": {"path": str(path), "columns": rules}}}
    found = make(tables, {**changes, "features": features})
    plain = make(tables, {"tables": {"calls": {"columns": rules}}, "features": features})
    pd.testing.assert_frame_equal(pd.read_parquet(found.features), pd.read_parquet(plain.features))
    wrong = {"tables": {"calls": {**changes["tables"]["calls"], "csv": {"encoding": "utf-8"}}}}
    refused(make, tmp_path, "calls.csv.gz: not readable as utf-8 .*encoding: cp1252", changes=wrong)


def test_folders_patterns_and_queries_are_sources(make, tmp_path):
    tables = crm()
    expected = pd.read_parquet(make(tables).features)
    folder = tmp_path / "parts" / "deep"
    folder.mkdir(parents=True)
    for number, part in enumerate(np.array_split(np.arange(len(tables["calls"])), 3)):
        tables["calls"].iloc[part].to_parquet(folder / f"{number}.parquet")
    for source in (
        {"path": str(tmp_path / "parts")},
        {"path": str(folder / "*.parquet")},
        {"query": f"SELECT * FROM read_parquet('{folder}/*.parquet') WHERE id > 0;"},
    ):
        found = make(tables, {"tables": {"calls": source}})
        pd.testing.assert_frame_equal(pd.read_parquet(found.features), expected)


def test_a_broken_query_and_a_damaged_file_are_named(make, tmp_path):
    changes = {"tables": {"calls": {"query": "SELECT * FROM nowhere"}}}
    refused(make, tmp_path, "table 'calls' cannot be read: .*nowhere", changes=changes)
    path = tmp_path / "calls.parquet"
    path.write_bytes(b"PAR1 this is not a table PAR1")
    refused(
        make,
        tmp_path,
        "table 'calls' cannot be read",
        changes={"tables": {"calls": {"path": str(path)}}},
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base": "basics"}, "base names the table 'basics': did you mean 'basic'"),
        ({"windows": None}, "has dates, so 'windows' with cutoffs is needed"),
        ({"tables": {"basic": {"date": None}}}, "rows that are months need a 'date' column"),
        ({"tables": {"calls": {"path": "a", "query": "b"}}}, "exactly one of 'path', 'query'"),
        ({"label": {"kind": "column"}}, "a label of kind column does not go with"),
        ({"label": {"left": []}}, "needs 'left': the values that mean left"),
        ({"features": {"calls": {"window": {"sum": ["minute"]}}}}, "did you mean 'minutes'"),
        ({"features": {"calls": {"values": "all"}}}, "give aggregates, not values"),
        ({"windows": {"observation": "90 days"}}, "needs an observation window in months"),
        ({"leakage": {}}, "Extra inputs are not permitted"),
    ],
)
def test_plans_that_do_not_fit_together(make, changes, message):
    with pytest.raises(ValidationError, match=message):
        make(changes=changes)


def test_a_secret_in_a_plan_is_refused(make):
    postgres = {"url": "postgresql://me:hush@host/db", "table": "calls"}
    with pytest.raises(ValidationError, match=r"postgres\.url"):
        make(changes={"tables": {"calls": {"path": None, "postgres": postgres, "query": None}}})


def test_an_unknown_ratio_and_a_missing_label(make, tmp_path):
    changes = {"ratios": {"growth": ["basic_gb_lost", "basic_gb_mean"]}}
    refused(
        make,
        tmp_path,
        "ratio 'growth': 'basic_gb_lost': did you mean 'basic_gb_last'",
        changes=changes,
    )
    with pytest.raises(ConfigError, match="need a 'label' to train with"):
        make(changes={"label": None})


def test_an_output_that_exists_is_not_overwritten(make, tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(ConfigError, match="exists already"):
        build(make().plan, tmp_path / "taken")


def test_a_plan_reads_back_from_json(make):
    plan = make().plan
    again = DataPlan.model_validate_json(plan.model_dump_json(), strict=True)
    assert again == plan
