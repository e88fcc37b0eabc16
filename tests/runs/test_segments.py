"""A search by config: the published one, a table of one's own, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.runs.segments import read_segments_config, run, summary
from dbnchurn.segments import load


@pytest.fixture
def published(root, tmp_path):
    """``published(*overrides)`` → the published config, writing where the test may."""

    def read(*overrides):
        path = root / "configs" / "segments.yaml"
        return read_segments_config(path, [f"output={tmp_path}", *overrides])

    return read


@pytest.fixture
def own(tmp_path):
    """A config with a CSV file of customers, two answers each, of whom a > 0.8 say yes."""
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.random((2000, 4)), columns=list("abcd"))
    y = generator.random(2000) < np.where(X["a"] > 0.8, 0.3, 0.08)
    table = X.assign(won=np.where(y, "yes", "no"), id=np.arange(2000) // 2, note="x")
    table.to_csv(tmp_path / "customers.csv", index=False)
    config = tmp_path / "own.yaml"
    config.write_text(
        f"source: {{path: {tmp_path / 'customers.csv'}}}\n"
        "columns: {label: won, group: id}\n"
        "miner: {positive: 'yes', edges: {a: [0.5, 0.8]}, min_count: 10, max_length: 2}\n"
        f"output: {tmp_path / 'runs'}\n"
    )
    return config


def test_the_published_config_runs(published, tmp_path):
    quick = ("sweeps.repeats=1", "sweeps.bins=[10]", "sweeps.min_count=[30]")
    folder = run(published("miner.permutations=1", *quick), "bank")
    files = {path.name for path in folder.iterdir()}
    assert {"segments.html", "candidates.csv", "config.yaml", "sweep_bins.png"} <= files
    assert set(pd.read_csv(folder / "sweeps.csv")["parameter"]) == {"bins", "min_count"}
    told = summary(folder)
    assert "Of all customers 12.6 % subscribe" in told
    assert "On shuffled answers" in told
    assert "Best patterns together" in told
    assert str(folder / "segments.html") in told
    found = load(folder)
    reached = found.total()
    assert reached.value >= 2 * found.base["report"].value
    assert reached.rows >= 0.05 * found.base["report"].rows
    # the resolved config is a config, and gives the same list in a folder of its own
    again = run(read_segments_config(folder / "config.yaml", ["sweeps=null"]), "bank")
    assert again == tmp_path / "bank-2"
    assert load(again) == found
    assert not (again / "sweeps.csv").exists()


def test_a_table_of_ones_own_with_groups(own, caplog):
    folder = run(read_segments_config(own), "own")
    assert "a 0.8 or more" in summary(folder)
    assert "column 'note' is left out" in caplog.text
    assert folder == own.parent / "runs" / "own"
    assert [path.name for path in folder.parent.iterdir()] == ["own"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["miner.bins=1"], r"miner\.bins should be at least 2, got 1"),
        (["miner.bin=1"], r"miner\.bin: unknown key, did you mean 'bins'"),
        (["miner.mode=range"], "should be 'ranges' or 'paper', got 'range'"),
        (["source.path=nowhere.csv"], "exactly one of"),
    ],
)
def test_configs_that_are_refused(published, overrides, message):
    with pytest.raises(ConfigError, match=message):
        published(*overrides)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("columns.label=wonn", "no column 'wonn': did you mean 'won'"),
        ("columns.group=idd", "no column 'idd': did you mean 'id'"),
        ("source.path=nowhere.csv", "nowhere.csv: no such file"),
        ("sweeps={columns: [won], bins: [5]}", "no column 'won'"),
    ],
)
def test_tables_that_do_not_fit_leave_nothing_behind(own, override, message):
    with pytest.raises(DataError, match=message):
        run(read_segments_config(own, [override]))
    assert not list((own.parent / "runs").iterdir())


def test_an_output_that_is_a_file_is_refused_at_once(own):
    with pytest.raises(ConfigError, match="no run can be written to"):
        run(read_segments_config(own, [f"output={own}"]))
