"""Tables that no worker could read alone are refused before Spark is asked for anything."""

import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.plan import STORED, DataPlan
from dbnchurn.spark import sources as module
from dbnchurn.spark.session import readable
from dbnchurn.spark.sources import sources_of


def plan_of(**tables):
    return DataPlan.model_validate({"tables": tables, "base": next(iter(tables))})


def test_all_tables_that_cannot_be_divided_are_said_at_once(tmp_path):
    pd.DataFrame({"id": [1]}).to_csv(tmp_path / "a.csv", index=False)
    plan = plan_of(
        asked={"query": "SELECT 1 AS id", "key": "id"},
        base={"postgres": {"url": "URL", "table": "t"}, "key": "id"},
        sheet={"path": "a.xlsx", "key": "id"},
        far={"path": "s3://crm/calls.csv", "key": "id", "columns": {"a": {"kind": "number"}}},
        open={"path": str(tmp_path / "a.csv"), "key": "id"},
    )
    with pytest.raises(ConfigError) as refused:
        sources_of(None, plan)
    said = str(refused.value).split("; table ")
    assert len(said) == 5
    for words in (
        "'asked' is a query",
        "'base' lies in PostgreSQL",
        "'sheet': a spreadsheet may only be a lookup",
        "'far': CSV files are read by the workers themselves, so s3://crm/calls.csv",
        "'open': what the columns of CSV files are",
    ):
        assert words in str(refused.value)


def test_a_lookup_that_is_too_large_and_a_table_without_source_are_refused(tmp_path, monkeypatch):
    pd.DataFrame({"plan": ["A"], "price": [1.5]}).to_csv(tmp_path / "rates.csv", index=False)
    through = {"table": "bills", "column": "plan"}
    lookup = {"path": str(tmp_path / "rates.csv"), "key": "plan", "grain": "lookup"}
    tables = {"rates": {**lookup, "through": through}, "bills": {"key": "id"}}
    plan = DataPlan.model_validate({"tables": tables, "base": "bills"}, context=STORED)
    with pytest.raises(DataError, match="table 'bills' has no source; name a table or a path"):
        sources_of(None, plan)
    monkeypatch.setattr(module, "LOOKUP_BYTES", 3)
    with pytest.raises(DataError, match=r"'rates': a lookup goes to every worker, .* beforehand"):
        sources_of(None, plan)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_spark_cannot_read_is_said_with_the_name_of_the_table(spark, tmp_path):
    with pytest.raises(DataError, match=r"table 'bills' cannot be read by Spark: .*nowhere"):
        sources_of(spark, plan_of(bills={"table": "nowhere.bills", "key": "id"}))
    path = str(tmp_path / "gone.parquet")
    with pytest.raises(DataError, match=r"table 'bills' cannot be read by Spark: .*gone\.parquet"):
        sources_of(spark, plan_of(bills={"path": path, "key": "id"}))
    pd.DataFrame({"the.id": [1], "a`b": [2]}).to_parquet(tmp_path / "odd.parquet")
    odd = str(tmp_path / "odd.parquet")
    with pytest.raises(DataError, match=r"has no key column 'id': it has 'the\.id'"):
        sources_of(spark, plan_of(odd={"path": odd, "key": "id"}))
    source = sources_of(spark, plan_of(odd={"path": odd, "key": "the.id"}))["odd"]
    rows = source.divide((10, 20)).collect()
    assert {row["place"] for row in rows} <= {10, 20}
    assert source.schema.names == ["the.id", "a`b"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_file_that_is_written_anew_during_the_job_is_refused(spark, tmp_path):
    months = pd.DataFrame({"id": range(50), "gb": 1.0})
    months.to_parquet(tmp_path / "months.parquet", row_group_size=20)
    plan = plan_of(months={"path": str(tmp_path / "months.parquet"), "key": "id"})
    source = sources_of(spark, plan)["months"]
    months.head(30).to_parquet(tmp_path / "months.parquet", row_group_size=30)
    with pytest.raises(Exception, match="changed while the job ran") as told:
        source.divide((10, 20)).collect()
    assert isinstance(readable(told.value), DataError)
