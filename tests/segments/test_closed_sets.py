"""Frequent closed item sets: exactly those of the definition, and of another program."""

from itertools import combinations, product

import numpy as np
import pytest

from dbnchurn.segments.closed_sets import mine_closed
from dbnchurn.segments.counts import CodedRows


def small_table(generator):
    d = int(generator.integers(1, 6))
    items = tuple(int(k) for k in generator.integers(1, 4, d))
    n = int(generator.integers(4, 40))
    codes = np.stack(
        [generator.integers(0, k + generator.integers(0, 2), n) for k in items]
    ).astype(np.int16)
    hits = generator.random(n) < 0.6
    hits[:2] = True, False
    return CodedRows(codes, hits, items, (0,) * d)


def literal_closed(data, max_length, min_count, min_rate):
    """All item sets; closed are those of which no larger one holds as many yeses."""
    d, counts = len(data.items), {}
    for length in range(1, d + 1):
        for columns in combinations(range(d), length):
            for items in product(*(range(data.items[j]) for j in columns)):
                inside = np.ones(len(data.hits), bool)
                for j, k in zip(columns, items, strict=True):
                    inside &= data.codes[j] == k
                p = int((data.hits & inside).sum())
                counts[tuple(zip(columns, items, strict=True))] = p, int(inside.sum())

    def closed(items):
        return not any(
            len(more) > len(items) and set(items) < set(more) and p == counts[items][0]
            for more, (p, _) in counts.items()
        )

    return {
        items: (p, n)
        for items, (p, n) in counts.items()
        if len(items) <= max_length and p >= min_count and p >= min_rate * n and closed(items)
    }


def found_sets(data, *settings):
    found = mine_closed(data, *settings)
    return {
        tuple((j, a) for j, a, _ in found.ranges(i)): (int(found.hits[i]), int(found.rows[i]))
        for i in range(len(found))
    }


@pytest.mark.parametrize("tables", [120, pytest.param(500, marks=pytest.mark.long)])
def test_equal_to_the_definition_on_small_tables(tables):
    generator = np.random.default_rng(0)
    total = 0
    for _ in range(tables):
        data = small_table(generator)
        settings = (
            int(generator.integers(1, 5)),
            int(generator.integers(1, 4)),
            float(generator.choice([0, 0.6])),
        )
        expected = literal_closed(data, *settings)
        assert found_sets(data, *settings) == expected
        total += len(expected)
    assert total > tables


def test_sorted_by_rate_then_yeses():
    found = mine_closed(small_table(np.random.default_rng(3)), 3, 1)
    keys = list(zip(-found.rates, -found.hits, strict=True))
    assert len(keys) > 3
    assert keys == sorted(keys)


def test_dropping_sets_that_are_not_closed_loses_no_rate():
    generator = np.random.default_rng(4)
    for _ in range(50):
        data = small_table(generator)
        d = len(data.items)
        yes_rates = [p / n for p, n in literal_all(data, d).values() if p >= 2]
        closed = mine_closed(data, d, 2)
        if yes_rates and len(closed):
            assert closed.rates.max() == pytest.approx(max(yes_rates))


def literal_all(data, max_length):
    found = {}
    for columns in data.subsets(max_length):
        hits, rows = data.table(columns)
        for cell in product(*(range(data.items[j]) for j in columns)):
            found[columns, cell] = int(hits[cell]), int(rows[cell])
    return found


def test_equal_to_pyfim():
    fim = pytest.importorskip("fim", reason="pyfim needs a C compiler and is no dependency")
    generator = np.random.default_rng(5)
    for _ in range(60):
        data = small_table(generator)
        rows = [
            [(j, int(k)) for j, k in enumerate(row) if k < data.items[j]]
            for row in data.codes[:, data.hits].T
        ]
        closed = fim.eclat(rows, target="c", supp=-2, zmin=1, report="a")
        expected = {tuple(sorted(items)): p for items, p in closed}
        found = {items: p for items, (p, _) in found_sets(data, len(data.items), 2).items()}
        # pyfim leaves out the one set that all rows hold
        assert {items: p for items, p in found.items() if p < len(rows)} == {
            items: p for items, p in expected.items() if p < len(rows)
        }
