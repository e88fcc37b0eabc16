"""An engine is closed whatever happens, and builds what a config has."""

import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.engine import Engine
from dbnchurn.runs.training import resume, train
from dbnchurn.runs.unfinished import Interrupted, Unfinished


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


@pytest.fixture
def config(tmp_path):
    tables = {
        "bills": {"path": "bills.csv", "key": "id", "columns": {"left": {"kind": "category"}}}
    }
    data = {"tables": tables, "base": "bills", "most_rows": 7}
    data["label"] = {"table": "bills", "kind": "column", "column": "left", "left": ["yes"]}
    return RunConfig.model_validate({"data": data, "output": str(tmp_path), "seed": 3})


def test_an_engine_that_fails_is_closed(config):
    engine = Failing()
    with pytest.raises(DataError, match="no table today"):
        train(config, "run", engine=engine)
    assert engine.closed == 1
    (rule,) = engine.rules
    assert (rule.most_rows, rule.seed) == (7, 3)


def test_a_run_is_resumed_with_the_engine_that_it_was_begun_with(config, tmp_path):
    engine = Failing()
    here, there = (Unfinished.begin(config, "run", elsewhere=e) for e in (False, True))
    with pytest.raises(ConfigError, match="begun without --engine spark"):
        resume(here.folder, engine=engine)
    with pytest.raises(ConfigError, match="begun with --engine spark"):
        resume(there.folder)
    assert engine.rules == []
    with pytest.raises(DataError, match="no table today"):
        resume(there.folder, engine=engine)
    assert there.folder.exists()


def test_the_command_that_continues_a_run_names_its_engine(config):
    unfinished = Unfinished.begin(config, "run", elsewhere=True)
    with (
        pytest.raises(Interrupted, match=r"--resume \S+ --engine spark$"),
        Unfinished.at(unfinished.folder).underway(),
    ):
        raise KeyboardInterrupt
