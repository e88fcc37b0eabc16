"""The split, the test on fresh rows, and the greedy cover."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.core.statistics import wilson
from dbnchurn.segments.counts import CodedRows
from dbnchurn.segments.patterns import Patterns
from dbnchurn.segments.rates import upper_tail
from dbnchurn.segments.row_parts import split_at_random, split_by_date
from dbnchurn.segments.selection import CoverRules, greedy_cover, p_values, significant

SHARES = (0.5, 0.25, 0.25)


def coded(n=2000, seed=0, rate=None):
    generator = np.random.default_rng(seed)
    codes = generator.integers(0, 4, (3, n)).astype(np.int16)
    base = np.full(n, 0.1) if rate is None else rate(codes)
    return CodedRows(codes, generator.random(n) < base, (4, 4, 4), (4, 4, 4))


def patterns(*sets):
    """From [(column, first, last), …] lists."""
    parts = [
        Patterns.of(
            [j for j, _, _ in s],
            np.array([[a for _, a, _ in s]]),
            np.array([[b for _, _, b in s]]),
            np.array([1]),
            np.array([1]),
            3,
        )
        for s in sets
    ]
    return Patterns.join(parts)


def rules(**changes):
    given = {"n_segments": 10, "budget": None, "cost": None, "value": None, "confidence": 0.95}
    return CoverRules(**{**given, **changes})


# -- split ---------------------------------------------------------------------------------------


def test_parts_hold_every_row_once_with_equal_rates():
    hits = np.random.default_rng(0).random(4000) < 0.13
    parts = split_at_random(hits, SHARES, np.random.default_rng(1))
    assert np.array_equal(np.sort(np.concatenate(list(parts))), np.arange(4000))
    assert [len(rows) for rows in parts] == pytest.approx([2000, 1000, 1000], abs=2)
    assert [hits[rows].mean() for rows in parts] == pytest.approx([hits.mean()] * 3, abs=2e-3)


def test_rows_of_a_group_stay_together():
    groups = np.random.default_rng(0).integers(0, 300, 2000).astype(str)
    parts = split_at_random(np.ones(2000, bool), SHARES, np.random.default_rng(1), groups)
    of_part = [set(groups[rows]) for rows in parts]
    assert not (of_part[0] & of_part[1])
    assert not (of_part[0] & of_part[2])
    assert not (of_part[1] & of_part[2])
    assert [len(rows) for rows in parts] == pytest.approx([1000, 500, 500], abs=25)


@pytest.mark.parametrize("form", ["dates", "text", "numbers"])
def test_by_date_the_past_is_mined_and_the_future_reported(form):
    months = np.random.default_rng(0).integers(1, 9, 800)
    dates = {
        "dates": pd.Series(pd.to_datetime([f"2024-{m:02d}-01" for m in months])),
        "text": pd.Series([f"2024-{m:02d}-01" for m in months]),
        "numbers": pd.Series(202400 + months),
    }[form]
    parts = split_by_date(dates.rename("month"), SHARES)
    seen = [months[rows] for rows in parts]
    assert all(before.max() < after.min() for before, after in pairwise(seen))
    assert [len(rows) for rows in parts] == pytest.approx([400, 200, 200], abs=60)


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (["2024-01-01", None, "2024-02-01", "2024-03-01"], "'month' is missing in 1 rows"),
        (["2024-01-01", "2024-02-01"], "holds 2 different dates; at least 3"),
        (["spring", "summer", "autumn"], "does not read as dates"),
    ],
)
def test_dates_that_cannot_split(dates, message):
    with pytest.raises(DataError, match=message):
        split_by_date(pd.Series(dates, name="month"), SHARES)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["a"] * 3, "groups has 3 rows, but X has 4"),
        (["a", "b", "c", None], "missing in 1"),
        (["a", "a", "b", "b"], "holds 2 values; at least 3"),
    ],
)
def test_groups_that_cannot_split(groups, message):
    with pytest.raises(DataError, match=message):
        split_at_random(np.array([True, False] * 2), SHARES, np.random.default_rng(0), groups)


# -- significance --------------------------------------------------------------------------------


def test_a_single_column_is_tested_against_everyone():
    data = coded(rate=lambda c: np.where(c[0] == 1, 0.4, 0.1))
    inside = data.codes[0] == 1
    expected = upper_tail(data.hits[inside].sum(), inside.sum(), data.hits.sum(), 2000)
    assert p_values(patterns([(0, 1, 1)]), data) == pytest.approx([expected], rel=1e-9)
    assert expected < 1e-10


def test_a_column_that_adds_nothing_is_caught():
    data = coded(rate=lambda c: np.where(c[0] == 1, 0.4, 0.1))
    alone, with_noise = p_values(patterns([(0, 1, 1)], [(0, 1, 1), (2, 0, 1)]), data)
    assert alone < 1e-10
    assert with_noise > 0.01


def test_a_corner_of_a_good_segment_is_caught():
    data = coded(rate=lambda c: np.where(c[0] <= 1, 0.4, 0.1))
    corner = [(0, 1, 1)]
    assert p_values(patterns(corner), data)[0] < 1e-6
    assert p_values(patterns(corner, [(0, 0, 1)]), data)[0] > 0.01


def test_p_values_of_nothing_are_uniform_or_larger():
    found = np.concatenate(
        [p_values(patterns([(0, 0, 1)], [(1, 2, 3)]), coded(seed=s)) for s in range(150)]
    )
    for level in (0.05, 0.2, 0.5):
        spread = np.sqrt(level * (1 - level) / len(found))
        assert np.mean(found <= level) < level + 3 * spread


def test_no_candidates_are_no_error():
    kept, p, q = significant(Patterns.none(3), coded(), 0.05)
    assert len(kept) == len(p) == len(q) == 0
    assert list(greedy_cover(Patterns.none(3), coded(), rules())) == []


# -- cover ---------------------------------------------------------------------------------------


def three_levels(codes):
    return np.select([codes[0] == 0, codes[1] == 0, codes[2] == 0], [0.7, 0.5, 0.45], 0.02)


SETS = ([(2, 0, 0)], [(0, 0, 0)], [(1, 0, 0)], [(0, 0, 0), (1, 0, 1)])


def literal_cover(found, data, given):
    """Greedy by the definition, with plain masks."""
    left, order, room = np.ones(len(data.hits), bool), [], len(data.hits)
    room = room if given.budget is None else given.budget * room
    for _ in range(given.n_segments):
        best, best_low = None, data.hits.mean()
        for i in range(len(found)):
            inside = found.mask(i, data) & left
            low = float(wilson(data.hits[inside].sum(), inside.sum())[0])
            if inside.sum() and low > best_low:
                best, best_low = i, low
        if best is None:
            break
        rows = (found.mask(best, data) & left).sum()
        order.append((best, min(1.0, room / rows)))
        room -= rows
        if room <= 0:
            break
        left &= ~found.mask(best, data)
    return order


@pytest.mark.parametrize("budget", [None, 0.6, 0.3, 0.26, 0.01])
@pytest.mark.parametrize("n_segments", [1, 10])
def test_the_cover_is_the_literal_greedy_one(budget, n_segments):
    data, given = coded(rate=three_levels), rules(budget=budget, n_segments=n_segments)
    found = patterns(*SETS)
    assert list(greedy_cover(found, data, given)) == literal_cover(found, data, given)


def test_best_first_and_what_is_covered_does_not_count_again():
    order = [i for i, _ in greedy_cover(patterns(*SETS), coded(rate=three_levels), rules())]
    assert order[-2:] == [2, 0]
    assert {1, 3} >= set(order[:-2])


def test_the_budget_is_spent_and_kept():
    data, found = coded(rate=three_levels), patterns(*SETS)
    whole = [i for i, _ in greedy_cover(found, data, rules())]
    for budget in (0.01, 0.1, 0.3, 0.5):
        taken, spent = np.zeros(2000, bool), 0.0
        cover = list(greedy_cover(found, data, rules(budget=budget)))
        for i, share in cover:
            new = found.mask(i, data) & ~taken
            spent += share * new.sum()
            taken |= new
        assert spent == pytest.approx(budget * 2000)
        assert all(share == 1 for _, share in cover[:-1])
        # the budget cuts the list and changes nothing else
        assert [i for i, _ in cover] == whole[: len(cover)]


def test_segments_that_cost_more_than_they_earn_are_left_out():
    data = coded(rate=three_levels)
    cheap = {i for i, _ in greedy_cover(patterns(*SETS), data, rules(cost=1, value=10))}
    dear = {i for i, _ in greedy_cover(patterns(*SETS), data, rules(cost=4.3, value=10))}
    assert dear < cheap
    assert 0 not in dear  # its rate of 0.45 earns 4.5, but its lower bound less than 4.3


def test_a_segment_must_add_enough_yeses():
    data = coded(rate=three_levels)
    assert list(greedy_cover(patterns(*SETS), data, rules(min_count=10_000))) == []


def test_containers_hold_all_rows_of_what_they_contain():
    generator = np.random.default_rng(0)
    data = coded()
    sets = []
    for _ in range(30):
        columns = np.sort(generator.choice(3, generator.integers(1, 4), replace=False))
        ends = np.sort(generator.integers(0, 4, (len(columns), 2)), axis=1)
        sets.append([(int(j), int(a), int(b)) for j, (a, b) in zip(columns, ends, strict=True)])
    found = patterns(*sets)
    for i, wider in enumerate(found.containers()):
        for k in range(len(found)):
            ranges = {j: (a, b) for j, a, b in sets[i]}
            holds = all(
                j in ranges and a <= ranges[j][0] and ranges[j][1] <= b for j, a, b in sets[k]
            )
            assert (k in wider) == (holds and k != i)
            if k in wider:
                assert not np.any(found.mask(i, data) & ~found.mask(k, data))
