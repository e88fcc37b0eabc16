"""The sweeps, and the script with its published config."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dbnchurn.errors import ConfigError
from dbnchurn.segments import SegmentMiner
from dbnchurn.segments.sweep import as_table, sweep

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "segments.yaml"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("segments_script", ROOT / "scripts/segments.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def people(n=5000):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((n, 4)), columns=list("abcd"))
    return X, rng.random(n) < np.where(X["a"] > 0.8, 0.3, 0.08)


def test_a_sweep_shows_the_optimism_of_mining():
    X, y = people()
    miner = SegmentMiner(mode="paper", bins=10, min_count=5)
    table = as_table(sweep(X, y, miner=miner, parameter="min_count", values=[5, 10, 20], repeats=3))
    assert len(table) == 3 * 3 * 2
    mixed, true = table[table["shuffled"]], table[~table["shuffled"]]
    assert (mixed["mined"] > mixed["fresh"]).mean() == 1
    by_count = mixed.groupby("setting")["mined"].mean()
    assert by_count.is_monotonic_decreasing  # the paper's trend, where there is nothing to find
    assert true["fresh"].mean() > 1.8 * y.mean()
    assert mixed["fresh"].mean() == pytest.approx(y.mean(), abs=0.03)


def test_a_sweep_of_no_parameter_is_refused():
    with pytest.raises(ConfigError, match="no parameter 'bin' to sweep: did you mean 'bins'"):
        sweep(*people(), miner=SegmentMiner(), parameter="bin", values=[2])


def test_the_published_config_runs(script, tmp_path, capsys):
    quick = [
        "miner.permutations=1",
        "sweeps.repeats=1",
        "sweeps.bins=[10]",
        "sweeps.min_count=[30]",
    ]
    script.main([str(CONFIG), f"output={tmp_path}", *quick])
    folder = tmp_path / "segments"
    files = {path.name for path in folder.iterdir()}
    assert {"segments.html", "candidates.csv", "config.yaml", "sweep_bins.png"} <= files
    assert set(pd.read_csv(folder / "sweeps.csv")["parameter"]) == {"bins", "min_count"}
    assert "Of all customers 12.6 % subscribe" in capsys.readouterr().out
    # the resolved config is a config
    script.main([str(folder / "config.yaml"), "sweeps=null", "miner.permutations=0"])
    assert (tmp_path / "config" / "segments.html").exists()


def test_a_table_of_ones_own_with_groups(script, tmp_path, capsys):
    X, y = people(2000)
    path = tmp_path / "customers.csv"
    X.assign(won=np.where(y, "yes", "no"), id=np.arange(2000) // 2, note="x").to_csv(path)
    config = tmp_path / "mine.yaml"
    config.write_text(
        f"source: {{path: {path}}}\n"
        "columns: {label: won, group: id, drop: ['Unnamed: 0']}\n"
        "miner: {positive: 'yes', edges: {a: [0.5, 0.8]}, min_count: 10, max_length: 2}\n"
        f"output: {tmp_path}\n"
    )
    script.main([str(config)])
    shown = capsys.readouterr().out
    assert "a 0.8 or more" in shown
    assert "left out 'note'" in shown


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["miner.bins=1"], "bins=1 is not allowed"),
        (["miner.bin=1"], "miner.bin"),
        (["columns.label=yes_no"], "no column 'yes_no'"),
        (["source.path=nowhere.csv"], "exactly one of"),
        (["source={path: nowhere.csv}"], "nowhere.csv: no such file"),
    ],
)
def test_mistakes_end_in_one_message(script, capsys, overrides, message):
    with pytest.raises(SystemExit) as end:
        script.main([str(CONFIG), *overrides])
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_mining_needs_neither_matplotlib_nor_jinja2_nor_torch():
    code = (
        "import sys; from dbnchurn.segments import SegmentList, SegmentMiner; SegmentMiner();"
        "print([m for m in ('matplotlib', 'jinja2', 'torch', 'xgboost') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_stored_list_is_applied_without_scikit_learn(tmp_path):
    X, y = people()
    folder = SegmentMiner(random_state=0).fit(X, y).segments_.save(tmp_path)
    code = (
        "import sys, pandas as pd; from dbnchurn.segments import SegmentList;"
        f"found = SegmentList.load({str(folder / 'segments.json')!r});"
        "found.assign(pd.DataFrame({c: [0.9] for c in 'abcd'}));"
        "print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
