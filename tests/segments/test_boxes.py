"""Boxes: exactly those of a literal search, and planted ones are found."""

from itertools import combinations, product

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.core.statistics import wilson
from dbnchurn.segments.boxes import BoxMiner, Ranges, box_counts, counts_of, summed
from dbnchurn.segments.counts import CodedRows, check_cells


def small_table(generator, most_rows=300):
    d = int(generator.integers(1, 5))
    items = tuple(int(k) for k in generator.integers(2, 5, d))
    neighbours = tuple(int(generator.choice([0, k, k - 1])) for k in items)
    n = int(generator.integers(20, most_rows))
    codes = np.stack(
        [generator.integers(0, k + generator.integers(0, 2), n) for k in items]
    ).astype(np.int16)
    rate = np.where(codes[0] == 0, 0.7, 0.2)
    hits = generator.random(n) < rate
    hits[:2] = True, False
    return CodedRows(codes, hits, items, neighbours)


def literal_ranges(k, m):
    """Ranges of one axis: contiguous ones of the first m items, then single ones."""
    ranges = [(a, b) for a in range(m) for b in range(a, m) if (a, b) != (0, k - 1)]
    return ranges + [(a, a) for a in range(m, k)]


def literal_counts(data, max_length):
    """Box → (yeses, rows), by looking at every row for every box."""
    found = {}
    for length in range(1, min(max_length, len(data.items)) + 1):
        for columns in combinations(range(len(data.items)), length):
            axes = [literal_ranges(data.items[j], data.neighbours[j]) for j in columns]
            for ends in product(*axes):
                box = tuple((j, a, b) for j, (a, b) in zip(columns, ends, strict=True))
                inside = np.ones(len(data.hits), bool)
                for j, a, b in box:
                    inside &= (data.codes[j] >= a) & (data.codes[j] <= b)
                found[box] = int((data.hits & inside).sum()), int(inside.sum())
    return found


def contains(wide, box):
    ends = {j: (a, b) for j, a, b in box}
    return wide != box and all(
        j in ends and a <= ends[j][0] and ends[j][1] <= b for j, a, b in wide
    )


def literal_boxes(data, max_length, min_count, min_rate):
    """The four rules of BoxMiner, word by word."""
    counts = literal_counts(data, max_length)
    base = data.hits.mean()
    low = {box: float(wilson(p, n)[0]) for box, (p, n) in counts.items()}
    good = {
        box: (p - n * base) / np.sqrt(n)
        for box, (p, n) in counts.items()
        if p >= min_count and p >= min_rate * n and low[box] > base
    }

    def neighbours(box, step):
        for i, (j, a, b) in enumerate(box):
            if a == b and a >= data.neighbours[j]:
                continue
            for ends in ((a + step, b), (a, b - step)):
                yield (*box[:i], (j, *ends), *box[i + 1 :])

    def rate_without(box, i):
        p, n = counts.get(box[:i] + box[i + 1 :], (data.hits.sum(), len(data.hits)))
        return p / n

    standing = [
        box
        for box, z in good.items()
        if not any(good.get(near, -1) >= z for near in neighbours(box, 1))
        and not any(good.get(near, -1) > z for near in neighbours(box, -1))
        and all(low[box] > rate_without(box, i) for i in range(len(box)))
    ]
    kept = []
    general_first = sorted(standing, key=lambda b: sum(contains(w, b) for w in standing))
    for box in general_first:
        wider = [counts[w][0] / counts[w][1] for w in kept if contains(w, box)]
        if all(low[box] > rate for rate in wider):
            kept.append(box)
    return {box: counts[box] for box in kept}


@pytest.mark.parametrize("tables", [120, pytest.param(500, marks=pytest.mark.long)])
def test_equal_to_a_literal_search_on_small_tables(tables):
    generator = np.random.default_rng(0)
    total = 0
    for _ in range(tables):
        data = small_table(generator)
        length, min_count = int(generator.integers(1, 4)), int(generator.integers(1, 4))
        min_rate = float(generator.choice([0.0, 0.5]))
        found = BoxMiner(data, length, min_count, min_rate).run()
        boxes = {
            tuple(found.ranges(i)): (int(found.hits[i]), int(found.rows[i]))
            for i in range(len(found))
        }
        expected = literal_boxes(data, length, min_count, min_rate)
        assert boxes == expected
        low = wilson(found.hits, found.rows)[0]
        assert np.all(np.diff(low) <= 0)
        total += len(expected)
    assert total > 0.6 * tables  # the tables hold something to find


def test_every_box_is_counted_exactly():
    generator = np.random.default_rng(1)
    for _ in range(40):
        data = small_table(generator)
        expected = literal_counts(data, 3)
        axes = [Ranges.of(k, m) for k, m in zip(data.items, data.neighbours, strict=True)]
        seen = 0
        for columns in data.subsets(3):
            sums = summed(data.table(columns))
            of = [axes[j] for j in columns]
            counts = box_counts(sums, of)
            for index in np.ndindex(counts.shape[1:]):
                first = np.array([[int(r.first[i]) for r, i in zip(of, index, strict=True)]])
                last = np.array([[int(r.last[i]) for r, i in zip(of, index, strict=True)]])
                ends = zip(columns, first[0].tolist(), last[0].tolist(), strict=True)
                box = tuple(ends)
                assert tuple(counts[(slice(None), *index)]) == expected[box]
                assert tuple(counts_of(sums, first, last)[:, 0]) == expected[box]
                seen += 1
        assert seen == len(expected)


def test_more_rows_than_one_chunk_are_all_counted():
    generator = np.random.default_rng(2)
    n = 150_000
    codes = generator.integers(0, 3, (2, n)).astype(np.int16)
    data = CodedRows(codes, generator.random(n) < 0.3, (3, 3), (3, 3))
    hits, rows = data.table((0, 1))
    assert rows.sum() == n
    assert hits.sum() == data.hits.sum()
    assert rows[1, 2] == np.sum((codes[0] == 1) & (codes[1] == 2))


def test_ranges_know_their_neighbours():
    ranges = Ranges.of(items=5, neighbours=4)
    ends = list(zip(ranges.first.tolist(), ranges.last.tolist(), strict=True))
    assert len(ends) == 4 * 5 // 2 + 1  # missing, the fifth item, stands alone
    for i, (a, b) in enumerate(ends):
        for k in ranges.shrunk[i]:
            assert k < 0 or ends[k] in {(a + 1, b), (a, b - 1)}
        for k in ranges.grown[i]:
            assert k < 0 or ends[k] in {(a - 1, b), (a, b + 1)}
    assert (0, 3) in ends  # "known" says something where some rows are missing
    assert (0, 3) not in list(zip(*vars(Ranges.of(4, 4)).values(), strict=False))


def test_guard_says_what_to_lower():
    check_cells([55, 55, 55], ["a", "b", "c"], 3, 166_375, ranges=True)
    with pytest.raises(DataError, match=r"166,375 cells, more than max_cells=1,000.*'c' \(55\)"):
        check_cells([55, 55, 55], ["a", "b", "c"], 3, 1000, ranges=True)
    # 4 bins have 10 ranges, and 10³ is just allowed
    with pytest.raises(DataError, match=r"Lower max_length to 1, bins or max_levels to about 4,"):
        check_cells([55, 55, 55], ["a", "b", "c"], 3, 1000, ranges=True)
    with pytest.raises(DataError, match=r"Lower bins or max_levels to about 2,"):
        check_cells([40], ["a"], 1, 3, ranges=False)
    check_cells([10, 10, 10], ["a", "b", "c"], 3, 1000, ranges=True)
