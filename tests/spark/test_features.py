"""Features built on Spark are those of one machine, and so is what is said about them."""

import warnings
from datetime import date

import pyarrow.parquet as pq
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.build import build
from dbnchurn.spark import prepare
from tests.spark.conftest import CHANGES, tables, written

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def quarantined(folder):
    return {
        file.name: sorted(map(str, pq.read_table(file).to_pylist()))
        for file in (folder / "quarantine").glob("*.parquet")
    }


def assert_like_here(prepared, plan, folder, **how):
    there, here = prepared.collect(folder / "there"), build(plan, folder / "here", **how)
    rows = pq.read_table(there.features)
    assert rows.to_pydict() == pq.read_table(here.features).to_pydict()
    assert rows.schema.equals(pq.read_table(here.features).schema)
    assert prepared.rows == here.rows
    for name in ("plan", "tables", "joins", "coverage", "categories"):
        assert getattr(there, name) == getattr(here, name)
    assert quarantined(there.folder) == quarantined(here.folder)
    return here


def test_features_counts_joins_and_quarantine_are_those_of_one_machine(spark, plan, tmp_path):
    output = tmp_path / "published"
    prepared = prepare(plan, spark, str(output))
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
        prepare(plan, spark, parts=4)
    assert str(there.value) == str(here.value)
