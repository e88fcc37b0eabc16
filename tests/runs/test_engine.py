"""An engine is closed whatever happens, and builds what a config has."""

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.engine import Engine
from dbnchurn.runs.training import train


class Failing(Engine):
    """Refuses every table."""

    def __init__(self):
        self.rules, self.closed = [], 0

    def build(self, plan, folder, rule):
        self.rules.append(rule)
        raise DataError("no table today")

    def boosters(self, table, built):
        return None

    def close(self):
        self.closed += 1


def test_an_engine_that_fails_is_closed(tmp_path):
    tables = {
        "bills": {"path": "bills.csv", "key": "id", "columns": {"left": {"kind": "category"}}}
    }
    data = {"tables": tables, "base": "bills", "most_rows": 7}
    data["label"] = {"table": "bills", "kind": "column", "column": "left", "left": ["yes"]}
    config = RunConfig.model_validate({"data": data, "output": str(tmp_path), "seed": 3})
    engine = Failing()
    with pytest.raises(DataError, match="no table today"):
        train(config, "run", engine=engine)
    assert engine.closed == 1
    (rule,) = engine.rules
    assert (rule.most_rows, rule.seed) == (7, 3)
