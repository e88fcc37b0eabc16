"""Numbers in another unit are found whatever their distribution, and nothing else is."""

import numpy as np
import pytest

from dbnchurn.predictor.reference import learn_reference
from dbnchurn.predictor.rescaled import DECIMAL, FACTORS, factor_of
from dbnchurn.tables.schema import Table

COLUMNS = {
    "log-normal": lambda g, n: g.lognormal(3, 1.5, n),
    "whole": lambda g, n: g.integers(0, 80, n).astype(float),
    "counts": lambda g, n: g.poisson(1.5, n).astype(float),
    "mostly zero": lambda g, n: np.where(g.random(n) < 0.6, 0.0, g.gamma(2, 30, n)),
    "both signs": lambda g, n: g.normal(0, 50, n),
    "narrow": lambda g, n: g.normal(1000, 3, n),
}


def trained(draw):
    values = draw(np.random.default_rng(0), 5000)
    table = Table(values[:, None], np.zeros((5000, 0), np.int32), ("x",), (), ())
    return learn_reference(table, np.linspace(0.1, 0.9, 50)).numbers[0]


@pytest.mark.parametrize("name", COLUMNS)
def test_the_factor_is_found(name):
    column, fresh = trained(COLUMNS[name]), COLUMNS[name](np.random.default_rng(1), 2000)
    for factor in FACTORS:
        found = factor_of(column, fresh / factor)
        if factor in DECIMAL or 1 / factor in DECIMAL:
            assert found == factor
        else:  # small counts look alike by sevens and by tens
            assert found is not None
            assert factor / 2 < found < factor * 2


@pytest.mark.parametrize("name", COLUMNS)
def test_drift_and_few_rows_are_no_other_unit(name):
    column = trained(COLUMNS[name])
    for seed in range(20):
        generator = np.random.default_rng(seed)
        values = COLUMNS[name](generator, 40)
        for drift in (0.5, 0.8, 1.0, 1.3, 2.0):
            assert factor_of(column, values * drift) is None
        assert factor_of(column, values[:19] * 100) is None
    assert factor_of(column, np.full(100, np.nan)) is None
