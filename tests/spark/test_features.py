"""Features built on Spark are those of one machine, and so is what is said about them."""

import warnings
from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.build import build
from dbnchurn.data.plan import DataPlan
from dbnchurn.spark import PreparedFeatures, prepare
from tests.data.small_crm import deep
from tests.spark.conftest import CHANGES, assert_like_here, tables, written

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_features_counts_joins_and_quarantine_are_those_of_one_machine(spark, plan, tmp_path):
    output = tmp_path / "published"
    prepared = prepare(plan, spark, str(output), parts=2)
    here = assert_like_here(prepared, plan, tmp_path)
    assert here.tables["calls"].quarantined == {"no key id": 16, "too few or too many fields": 1}
    assert here.tables["tariffs"].quarantined == {"too few or too many fields": 1}
    assert len(prepared.frame.columns) == len(pq.read_table(here.features).column_names)
    prepared.close()
    published = spark.read.parquet(str(output))
    assert published.count() == here.rows
    assert {str(row[0]) for row in published.select("cutoff").distinct().collect()} == {
        "2024-07-01",
        "2024-08-01",
    }
    before = sorted(path.name for path in output.rglob("part-*"))
    with pytest.raises(DataError, match="outcome window of the cutoff 2024-09-01 is empty"):
        prepare(plan, spark, str(output), cutoffs=[date(2024, 9, 1)], labelled=True)
    assert sorted(path.name for path in output.rglob("part-*")) == before  # the old one is left


MONTHS = {
    "base": "basic",
    "windows": {"cutoffs": ["2024-08-01"], "observation": "3 months"},
    "tables": {"basic": {"key": "id", "date": "month", "grain": "month"}},
    "features": {"basic": {"window": {"mean": ["gb"]}}},
}


@pytest.mark.parametrize("source", ["path", "table"])
def test_a_source_that_has_grown_is_read_again_in_the_same_session(spark, tmp_path, source):
    months = tables()["basic"].drop_duplicates(["id", "month"])
    (tmp_path / "months").mkdir()
    months.to_parquet(tmp_path / "months" / "early.parquet", index=False)
    place = str(tmp_path / "months")
    if source == "table":
        spark.catalog.createTable("months", path=place, source="parquet")
        place = "months"
        assert spark.table("months").count() == len(months)  # the session lists its files
    plan = DataPlan.model_validate(deep(MONTHS, {"tables": {"basic": {source: place}}}))
    before = prepare(plan, spark, parts=1)
    more = months.assign(id=months["id"] + 1000)
    more.to_parquet(tmp_path / "months" / "late.parquet", index=False)
    after = prepare(plan, spark, parts=1)  # the earlier features are still kept
    assert (before.rows, after.rows) == (40, 80)
    if source == "path":
        before.collect(tmp_path / "before")
    else:  # the catalog says to all of its tables that they have changed
        with pytest.raises(DataError, match="40 rows of features were built and 80 are there"):
            before.collect(tmp_path / "before")
    after.close()
    before.close()


def test_times_with_a_zone_and_nested_columns_are_as_on_one_machine(spark, tmp_path, caplog):
    months = tables()["basic"].drop_duplicates(["id", "month"])
    months["month"] = months["month"].dt.tz_localize("Europe/Berlin")  # 22:00 of the day before
    months["tags"] = [["a", "b"]] * len(months)
    months.to_parquet(tmp_path / "months.parquet", index=False)
    changes = {"tables": {"basic": {"path": str(tmp_path / "months.parquet")}}}
    for zone in (None, "Europe/Berlin"):
        changes["tables"]["basic"]["timezone"] = zone
        plan = DataPlan.model_validate(deep(MONTHS, changes))
        if zone is None:
            with pytest.raises(DataError, match="'month' has times with an offset"):
                prepare(plan, spark, parts=2)
            continue
        prepared = prepare(plan, spark, parts=2)
        assert_like_here(prepared, plan, tmp_path, labelled=False)
        prepared.close()
    assert "column 'tags' holds VARCHAR[], no numbers, texts, dates or flags" in caplog.text
    used = deep(MONTHS, {**changes, "features": {"basic": {"window": {"mean": ["tags"]}}}})
    with pytest.raises(DataError, match=r"'tags' holds .*features, label or lookups use it"):
        prepare(DataPlan.model_validate(used), spark, parts=2)


def test_old_files_odd_names_and_long_decimals_are_as_on_one_machine(spark, tmp_path):
    months = tables()["basic"].drop_duplicates(["id", "month"])
    months = months.rename(columns={"gb": "gb.of `day`"})
    debts = [Decimal(f"{10**12 + i}.25") for i in range(len(months))]
    months["debt"] = pd.Series(debts, months.index, pd.ArrowDtype(pa.decimal128(38, 2)))
    months["id"] = months["id"].map("{:03d}.0".format)
    (tmp_path / "months").mkdir()
    late = months["month"] >= "2024-07-01"
    months[late].to_parquet(tmp_path / "months" / "late.parquet", index=False)
    old = pa.Table.from_pandas(months[~late].drop(columns="debt"), preserve_index=False)
    pq.write_table(old, tmp_path / "months" / "early.parquet")
    used = {"mean": ["gb.of `day`", "debt"], "last": ["debt", "plan"]}
    changes = {
        "tables": {"basic": {"path": str(tmp_path / "months"), "key_kind": "number"}},
        "features": {"basic": {"window": used}},
    }
    plan = DataPlan.model_validate(deep(MONTHS, changes))
    prepared = prepare(plan, spark)
    here = assert_like_here(prepared, plan, tmp_path, labelled=False)
    assert pq.read_table(here.features)["basic_debt_last"].null_count == 0
    changes["tables"]["basic"]["path"] = (tmp_path / "months").as_uri()  # which Spark reads
    by_spark = prepare(DataPlan.model_validate(deep(MONTHS, changes)), spark, parts=2)
    features = by_spark.collect(tmp_path / "by spark").features
    assert pq.read_table(features).equals(pq.read_table(here.features))
    by_spark.close()
    prepared.close()


def test_names_that_differ_by_case_in_two_files_are_one_column_as_on_one_machine(spark, tmp_path):
    months = tables()["basic"].drop_duplicates(["id", "month"])
    (tmp_path / "months").mkdir()
    late = months["month"] >= "2024-07-01"
    months[~late].to_parquet(tmp_path / "months" / "a.parquet", index=False)
    upper = months[late].rename(columns={"gb": "GB"})
    upper.to_parquet(tmp_path / "months" / "b.parquet", index=False)
    source = {"tables": {"basic": {"path": str(tmp_path / "months")}}}
    plan = DataPlan.model_validate(deep(MONTHS, source))
    prepared = prepare(plan, spark, parts=2)
    assert_like_here(prepared, plan, tmp_path, labelled=False)
    prepared.close()


def test_tables_without_rows_are_refused(spark, tmp_path):
    tables()["basic"].head(0).to_parquet(tmp_path / "months.parquet", index=False)
    source = {"tables": {"basic": {"path": str(tmp_path / "months.parquet")}}}
    with pytest.raises(DataError, match="table 'basic' has no rows"):
        prepare(DataPlan.model_validate(deep(MONTHS, source)), spark)


def test_what_is_no_plan_or_no_session_is_refused(spark, tmp_path):
    plan = DataPlan.model_validate(deep(MONTHS, {"tables": {"basic": {"table": "months"}}}))
    with pytest.raises(ConfigError, match=r"a str is no plan: give read_config"):
        prepare("configs/crm.yaml", spark)
    with pytest.raises(ConfigError, match="a NoneType is no session of Spark"):
        prepare(plan, None)
    with pytest.raises(ConfigError, match=r"write table:default\.features for the table, or \./"):
        prepare(plan, spark, "default.features")
    with pytest.raises(ConfigError, match="the data need a 'label' to train with"):
        prepare(plan, spark, labelled=True)
    with pytest.raises(ConfigError, match="exists already; name a new folder"):
        PreparedFeatures(None, None, 0, False, None, None).collect(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("parts", [1, 4, 7])
def test_the_number_of_parts_does_not_matter(spark, plan, tmp_path, parts):
    assert_like_here(prepare(plan, spark, parts=parts), plan, tmp_path)


def test_tables_of_the_catalog_are_read_and_a_cutoff_is_replaced(spark, tmp_path):
    changes = {"tables": {"calls": {"key_kind": "number", "max_quarantine": 0.2}}}
    made = {name: tables()[name] for name in ("basic", "calls", "leavers")}
    plan = written(tmp_path, made, changes, as_csv=())
    named = dict(plan.tables)
    for name, table in plan.tables.items():
        spark.read.parquet(table.path).createOrReplaceTempView(f"crm_{name}")
        named[name] = table.model_copy(update={"path": None, "table": f"crm_{name}"})
    there = plan.model_copy(update={"tables": named})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            prepared = prepare(there, spark, "table:crm_features", parts=2)
            prepared.close()
    assert spark.table("crm_features").count() == prepared.rows == 40
    with pytest.raises(ConfigError, match="is a table that is read"):
        prepare(there, spark, "table:default.crm_basic")
    with pytest.raises(DataError, match="'crm_basic' is in the catalog of a Spark session"):
        build(there, tmp_path / "local")


def test_what_is_refused_here_is_refused_there_with_the_same_sentence(spark, tmp_path):
    made = tables()
    made["calls"].loc[made["calls"].index[:150], "id"] = None
    plan = written(tmp_path, made, CHANGES)
    with pytest.raises(DataError, match="'calls': 150 of 320 rows break the contract") as here:
        build(plan, tmp_path / "here")
    with pytest.raises(DataError) as there:
        prepare(plan, spark, parts=2)
    assert str(there.value) == str(here.value)
