"""Several thresholds at once: each as if it were alone, differences paired."""

import json

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate import Offer, at_thresholds, evaluate


@pytest.fixture(scope="module")
def rows():
    generator = np.random.default_rng(0)
    p = generator.beta(0.6, 11.4, 4000)
    y = (generator.random(4000) < p).astype(int)
    return y, p, Offer().gain(y)


def test_every_threshold_has_the_numbers_it_has_alone(rows):
    y, p, gain = rows
    found = at_thresholds(y, p, {"low": 0.05, "high": 0.3}, gain=gain, resamples=80)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for name, threshold in (("low", 0.05), ("high", 0.3)):
        alone = evaluate(y, p, threshold, gain=gain, resamples=80)
        for kind in ("precision", "recall", "f1", "profit"):
            assert found[name][kind] == alone[kind]
        picked = p >= threshold
        assert found[name]["picked"] == picked.sum()
        assert found[name]["caught"] == y[picked].sum()
        assert found[name]["contacted"]["value"] == pytest.approx(picked.mean())


def test_differences_are_to_the_first_and_paired(rows):
    y, p, gain = rows
    found = at_thresholds(y, p, {"a": 0.1, "same": 0.1, "near": 0.101}, gain=gain)
    assert "difference" not in found["a"]
    assert set(found["same"]["difference"]["profit"].values()) == {0.0}
    near, alone = found["near"]["difference"]["recall"], found["near"]["recall"]
    assert near["value"] <= 0
    assert near["high"] - near["low"] < 0.3 * (alone["high"] - alone["low"])


def test_without_gains_there_is_no_profit_and_nobody_may_be_picked(rows):
    y, p, _ = rows
    found = at_thresholds(y, p, {"nobody": 1.0}, resamples=20)["nobody"]
    assert "profit" not in found
    assert (found["picked"], found["recall"]["value"]) == (0, 0)
    assert found["precision"] == {"value": None, "low": None, "high": None}


def test_bad_rows_are_refused():
    with pytest.raises(DataError, match="labels should be 0 or 1"):
        at_thresholds([0, 2], [0.1, 0.2], {"a": 0.1})
