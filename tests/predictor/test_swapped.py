"""Only columns that changed places in a closed circle count as swapped."""

import numpy as np

from dbnchurn.predictor.reference import learn_reference
from dbnchurn.predictor.swapped import swapped_columns
from dbnchurn.tables.schema import Table

NAMES = ("days_30", "days_60", "days_90")


def drawn(seed, rows):
    generator = np.random.default_rng(seed)
    return np.column_stack([generator.gamma(2, scale, rows) for scale in (30, 120, 480)])


def reference():
    table = Table(drawn(0, 3000), np.zeros((3000, 0), np.int32), NAMES, (), ())
    return learn_reference(table, np.linspace(0, 1, 50))


def test_every_permutation_is_found():
    for order in ((1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)):
        found = swapped_columns(reference(), drawn(1, 500)[:, order])
        expected = {NAMES[j]: NAMES[k] for j, k in enumerate(order) if j != k}
        assert found == expected


def test_growth_and_few_or_missing_values_are_no_swap():
    assert swapped_columns(reference(), 4 * drawn(1, 500)) == {}
    for seed in range(30):
        assert swapped_columns(reference(), drawn(seed, 25)) == {}
    assert swapped_columns(reference(), drawn(1, 15)[:, ::-1]) == {}
    assert swapped_columns(reference(), np.full((100, 3), np.nan)) == {}
