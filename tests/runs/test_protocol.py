"""Divisions: disjoint, complete, by customer and by time; as config and as functions the same."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from dbnchurn.core.errors import DataError
from dbnchurn.runs import read_config
from dbnchurn.runs.customers import load_customers
from dbnchurn.runs.protocol import SplitSection, division, forward, kfold
from dbnchurn.runs.training import divide
from dbnchurn.tables import Customers

N = 1200
Y = (np.random.default_rng(0).random(N) < 0.1).astype(int)
MONTHS = np.repeat(np.arange("2024-01", "2024-07", dtype="datetime64[M]"), N // 6)


def parts_of(parts) -> list[np.ndarray]:
    return [parts.train, parts.validation, parts.test]


def table(dates=None, ids=None, closed=None) -> Customers:
    X = pd.DataFrame({"x": np.arange(N)})
    known = np.arange(N) if ids is None else ids
    return Customers(known, X, Y, dates, X.iloc[:0], None if ids is None else "id", closed)


def divisions(table: Customers, section: SplitSection) -> list:
    """The parts of every division of a protocol, in order."""
    every = range(1, section.divisions + 1)
    return [
        division(table, section.model_copy(update={"fold": fold}), random_state=0) for fold in every
    ]


def test_every_row_is_tested_once_and_in_one_part_of_every_fold():
    tested = []
    for fold in range(1, 6):
        parts = kfold(Y, folds=5, fold=fold, random_state=1)
        assert np.sort(np.concatenate(parts_of(parts))).tolist() == list(range(N))
        assert len(parts.validation) == pytest.approx(0.15 * N, abs=3)
        tested.append(parts.test)
    assert np.sort(np.concatenate(tested)).tolist() == list(range(N))


def test_folds_have_the_same_size_and_share_of_churners():
    found = [kfold(Y, folds=7, fold=fold).test for fold in range(1, 8)]
    sizes, churners = [len(t) for t in found], [Y[t].sum() for t in found]
    assert max(sizes) - min(sizes) <= 1
    assert max(churners) - min(churners) <= 1


def test_customers_stay_together_in_folds_and_validation():
    customer = np.random.default_rng(1).integers(0, 300, N)
    for fold in (1, 2, 3):
        parts = kfold(Y, folds=3, fold=fold, groups=customer)
        found = [set(customer[part]) for part in parts_of(parts)]
        assert sum(map(len, found)) == len(set.union(*found))


def test_repeats_divide_anew_and_each_is_whole():
    section = SplitSection(protocol="kfold", folds=4, repeats=3)
    found = [parts.test for parts in divisions(table(), section)]
    assert section.divisions == len(found) == 12
    for repeat in range(3):
        rows = np.concatenate(found[4 * repeat : 4 * repeat + 4])
        assert np.sort(rows).tolist() == list(range(N))
    assert len({tuple(rows) for rows in found}) == 12


def test_a_seed_gives_the_same_folds_and_another_gives_others():
    first, again, other = (kfold(Y, fold=2, random_state=seed) for seed in (3, 3, 4))
    assert all((a == b).all() for a, b in zip(parts_of(first), parts_of(again), strict=True))
    assert set(first.test) != set(other.test)


@pytest.mark.parametrize("back", [0, 1, 2])
def test_time_tests_one_date_and_learns_from_those_before(back):
    parts = forward(Y, dates=MONTHS, back=back)
    tested = np.unique(MONTHS)[-1 - back]
    assert set(MONTHS[parts.test]) == {tested}
    assert len(parts.test) == N // 6
    assert MONTHS[parts.train].max() < MONTHS[parts.validation].min()
    assert MONTHS[parts.validation].max() < tested


def test_time_learns_only_from_outcomes_that_were_known():
    closed = MONTHS + np.timedelta64(2, "M")  # an outcome window of two months
    parts = forward(Y, dates=MONTHS, closed=closed, back=1)
    tested = np.unique(MONTHS)[-2]
    for rows in (parts.train, parts.validation):
        assert closed[rows].max() <= tested


def test_folds_of_time_come_in_the_order_of_time():
    section = SplitSection(protocol="time", folds=3)
    found = divisions(table(MONTHS), section)
    tested = [np.unique(MONTHS[parts.test]) for parts in found]
    assert np.concatenate(tested).tolist() == np.unique(MONTHS)[-3:].tolist()


def test_holdout_passes_over_dates_that_auto_heeds():
    by_time = division(table(MONTHS), SplitSection(), 0)
    at_random = division(table(MONTHS), SplitSection(protocol="holdout"), 0)
    assert MONTHS[by_time.train].max() < MONTHS[by_time.test].min()
    assert set(MONTHS[at_random.test]) == set(MONTHS)


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ("kfold", lambda t: kfold(t.y, folds=3, fold=2, groups=t.ids, random_state=5)),
        ("time", lambda t: forward(t.y, dates=t.dates, back=1, groups=t.ids, random_state=5)),
    ],
)
def test_the_config_gives_what_the_function_gives(write_config, telco, protocol, expected):
    telco["month"] = [f"2024-{1 + i % 6:02d}-01" for i in range(600)]
    overrides = [
        "columns.date=month", "seed=5", f"split.protocol={protocol}", "split.folds=3",
        "split.fold=2",
    ]  # fmt: skip
    config = read_config(write_config(telco), overrides)
    found = load_customers(config)
    for mine, theirs in zip(
        parts_of(divide(found, config)), parts_of(expected(found)), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"protocol": "kfold", "folds": 1}, "at least 2 folds"),
        ({"protocol": "kfold", "folds": 2, "validation": 0.5}, "leave no rows to train on"),
        ({"fold": 2}, "'fold' is 2, but there are 1"),
        ({"protocol": "kfold", "fold": 6}, "'fold' is 6, but there are 5"),
        ({"repeats": 2}, "'repeats' goes with the protocol 'kfold'"),
        ({"folds": 3}, "'folds' goes with"),
        ({"validation": 0.5, "test": 0.5}, "leave rows to train on"),
    ],
)
def test_settings_that_do_not_fit_are_refused(section, message):
    with pytest.raises(ValidationError, match=message):
        SplitSection(**section)


def test_what_cannot_be_divided_is_refused():
    few = np.zeros(100, int)
    few[:3] = 1
    with pytest.raises(DataError, match="5 folds need at least 5 customers who left"):
        kfold(few)
    with pytest.raises(DataError, match="needs dates"):
        forward(Y, dates=None)
    with pytest.raises(DataError, match="has 6 dates, so at most 5"):
        forward(Y, dates=MONTHS, back=5)
    with pytest.raises(DataError, match=r"validation part has 0 churners|needs both classes"):
        kfold(np.r_[np.ones(2, int), np.zeros(98, int)], folds=2)
