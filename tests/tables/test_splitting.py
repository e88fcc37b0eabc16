"""Parts: disjoint, complete, stratified or by time, and the same for the same seed."""

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables import split
from dbnchurn.tables.splitting import hold_out

Y = (np.random.default_rng(0).random(2000) < 0.05).astype(int)


def parts_of(parts) -> list[np.ndarray]:
    return [parts.train, parts.validation, parts.test]


def test_parts_divide_the_rows_in_their_shares():
    parts = split(Y, validation=0.1, test=0.3)
    rows = np.concatenate(parts_of(parts))
    assert np.sort(rows).tolist() == list(range(2000))
    assert [len(part) for part in parts_of(parts)] == [1200, 200, 600]
    for part in parts_of(parts):
        assert abs(Y[part].sum() - Y.mean() * len(part)) <= 1


def test_the_same_seed_gives_the_same_parts():
    first, again, other = (
        split(Y, random_state=3),
        split(Y, random_state=3),
        split(Y, random_state=4),
    )
    assert all((a == b).all() for a, b in zip(parts_of(first), parts_of(again), strict=True))
    assert (first.test != other.test).any()


def test_customers_stay_together():
    customer = np.random.default_rng(1).integers(0, 300, 2000)
    parts = split(Y, groups=customer)
    found = [set(customer[part]) for part in parts_of(parts)]
    assert sum(map(len, found)) == len(set.union(*found))


@pytest.mark.parametrize("months", [3, 4, 6, 24])
def test_time_runs_from_training_to_test(months):
    generator = np.random.default_rng(2)
    dates = np.array("2024-01", "datetime64[M]") + generator.integers(0, months, 2000)
    parts = split(Y, dates=dates.astype("datetime64[D]"))
    train, validation, test = (dates[part] for part in parts_of(parts))
    assert train.max() < validation.min() <= validation.max() < test.min()
    assert sum(len(part) for part in parts_of(parts)) == 2000


def test_too_few_dates_are_refused():
    dates = np.array(["2024-01-01", "2024-02-01"], "datetime64[D]")[np.arange(2000) % 2]
    with pytest.raises(DataError, match="at least three different dates, found 2"):
        split(Y, dates=dates)


def test_parts_without_churners_are_refused():
    y = np.zeros(100, int)
    y[:2] = 1
    with pytest.raises(DataError, match=r"validation part has 0 churners .* both classes"):
        split(y)


def test_rows_set_aside_keep_the_share_and_the_groups():
    groups = np.arange(2000) // 2
    train, aside = hold_out(Y, groups, 0.2, np.random.default_rng(0))
    assert np.sort(np.concatenate([train, aside])).tolist() == list(range(2000))
    assert not set(groups[train]) & set(groups[aside])
    assert abs(len(aside) - 400) <= 2
    assert abs(Y[aside].mean() - Y.mean()) < 0.01
