"""Totals and keys without any value are no customers, in source tables of every format."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.build import build
from dbnchurn.data.no_customers import FIRST_WORD
from dbnchurn.data.plan import DataPlan
from dbnchurn.tables.empty_rows import NOTHING_ELSE, TOTAL

N = 60
FRAME = pd.DataFrame(
    {
        "key": [f"K{i:03d}" for i in range(N)],
        "debt": np.arange(N) * 1.5,
        "plan": ["basic", "family"] * (N // 2),
        "left": ["yes", "no", "no"] * (N // 3),
    }
)


def built(tmp_path, frame, ending):
    path = tmp_path / f"t.{ending}"
    {"csv": frame.to_csv, "xlsx": frame.to_excel}.get(ending, frame.to_parquet)(path, index=False)
    rules = {"debt": {"kind": "number"}, "plan": {"kind": "category"}, "left": {"kind": "flag"}}
    plan = DataPlan.model_validate(
        {
            "base": "t",
            "tables": {"t": {"path": str(path), "key": "key", "columns": rules}},
            "label": {"table": "t", "kind": "column", "column": "left"},
            "features": {"t": {"values": ["debt", "plan"]}},
        }
    )
    return build(plan, tmp_path / "built")


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["Total", 2655.0, None, None], TOTAL),
        (["Gesamtergebnis", 2655.0, None, None], TOTAL),
        (["Total: 60 customers", 2655.0, None, None], TOTAL),
        (["60 records", None, None, None], NOTHING_ELSE),
    ],
)
def test_they_are_set_aside(tmp_path, ending, row, reason):
    frame = pd.concat([FRAME, pd.DataFrame([row], columns=list(FRAME))], ignore_index=True)
    found = built(tmp_path, frame, ending)
    assert found.tables["t"].quarantined == {reason: 1}
    assert sorted(pd.read_parquet(found.features)["key"]) == FRAME["key"].tolist()


def test_names_that_begin_so_are_names(tmp_path):
    frame = FRAME.assign(key=[f"Total {i}" for i in range(N)])
    assert built(tmp_path, frame, "csv").tables["t"].quarantined == {}
    assert FIRST_WORD.startswith("^")


def test_keys_with_an_exponent_are_refused(tmp_path):
    frame = FRAME.assign(key=[f"{4.9 + i / 1000:.3f}E+15" for i in range(N)])
    with pytest.raises(DataError, match=r"60 keys 'key' such as '4\.900E\+15' are written with an"):
        built(tmp_path, frame, "parquet")
