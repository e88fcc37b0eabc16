"""Workers read the Parquet files that Arrow, DuckDB and Spark read alike, and leave others."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.spark.parquet import footers_of, groups_of, rows_of_groups, shared_schema

ROWS = pd.DataFrame({"id": range(50), "a.b": np.arange(50) / 4, "plan": ["x", "y"] * 25})


@pytest.fixture
def written(tmp_path):
    """``written(table, ...)``: the files of some tables, in groups of 20 rows."""

    def run(*tables):
        files = [tmp_path / f"{number}.parquet" for number in range(len(tables))]
        for table, file in zip(tables, files, strict=True):
            rows = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table)
            pq.write_table(rows, file, row_group_size=20)
        return files

    return run


def test_all_rows_are_read_with_the_columns_of_all_files(written):
    old = ROWS.drop(columns="plan").astype({"id": "int64"})
    files = written(old, ROWS.assign(plan=ROWS["plan"].astype("category")))
    footers = footers_of(files)
    schema = shared_schema(footers)
    assert schema.names == ["id", "a.b", "plan"]
    assert schema.field("plan").type == pa.string()
    groups = groups_of(footers)
    assert [group for _, group, _ in groups] == [0, 1, 2] * 2
    rows = pa.Table.from_batches(rows_of_groups("bills", groups, schema), schema)
    assert rows["id"].to_pylist() == [*range(50)] * 2
    assert rows["plan"].to_pylist() == [*[None] * 50, *ROWS["plan"]]


@pytest.mark.parametrize(
    "tables",
    [
        (ROWS, ROWS.astype({"id": str})),
        (ROWS.assign(tags=[["a"]] * 50),),
        (ROWS.assign(at=pd.Timestamp("2024-01-01").as_unit("ns")),),
        (ROWS.astype({"id": "uint32"}),),
        (
            ROWS.assign(at=pd.Timestamp("2024-01-01")),
            ROWS.assign(at=pd.Timestamp("2024-01-01", tz="UTC")),
        ),
        (ROWS, ROWS.rename(columns={"plan": "Plan"})),
        (ROWS.assign(ID=1),),
    ],
    ids=[
        "two types", "lists", "nanoseconds", "unsigned", "with a zone and without",
        "case in another file", "case in one file",
    ],
)  # fmt: skip
def test_what_others_may_read_otherwise_is_left_to_spark(written, tables):
    assert shared_schema(footers_of(written(*tables))) is None


def test_a_file_that_is_gone_or_broken_is_said(written):
    (file,) = written(ROWS)
    footers = footers_of([file])
    schema, groups = shared_schema(footers), groups_of(footers)
    file.unlink()
    with pytest.raises(
        DataError, match=r"'bills': .* cannot be read by a worker: .*all workers need"
    ):
        list(rows_of_groups("bills", groups, schema))
    assert footers_of([file]) is None
    file.write_text("no")
    assert footers_of([file]) is None


@pytest.mark.parametrize(
    "changed",
    [
        pa.Table.from_pandas(ROWS.head(20)),
        pa.Table.from_pandas(ROWS.rename(columns={"plan": "rate"})),
        pa.Table.from_pandas(ROWS.assign(id=ROWS["id"] + 1)),
        pa.Table.from_pandas(pd.concat([ROWS, ROWS])),
    ],
    ids=["fewer groups", "another column", "other values", "more groups"],
)
def test_a_file_that_is_changed_during_the_job_is_refused(written, changed):
    footers = footers_of(written(ROWS))
    schema, groups = shared_schema(footers), groups_of(footers)
    written(changed)
    for group in groups:
        with pytest.raises(DataError, match=r"'bills': .*0\.parquet was changed while the job ran"):
            list(rows_of_groups("bills", [group], schema))
