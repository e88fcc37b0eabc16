"""Sweeps show optimism; what mining and a stored list need stays small."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.segments import SegmentMiner, save
from dbnchurn.segments.sweep import as_table, sweep


def people(n=5000):
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.random((n, 4)), columns=list("abcd"))
    return X, generator.random(n) < np.where(X["a"] > 0.8, 0.3, 0.08)


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


def test_mining_needs_neither_matplotlib_nor_jinja2_nor_torch():
    code = (
        "import sys; from dbnchurn.segments import SegmentList, SegmentMiner; SegmentMiner();"
        "print([m for m in ('matplotlib', 'jinja2', 'torch', 'xgboost') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_stored_list_is_applied_without_scikit_learn(tmp_path):
    X, y = people()
    folder = save(SegmentMiner(random_state=0).fit(X, y).segments_, tmp_path)
    code = (
        "import sys, pandas as pd; from dbnchurn.segments import load;"
        f"found = load({str(folder)!r});"
        "found.assign(pd.DataFrame({c: [0.9] for c in 'abcd'}));"
        "print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
