"""Counts of a column: exact of few values, a sample with exact counts of many."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from dbnchurn.tables.tally import ColumnTally, hashes, rows_with_other_bytes


def tally_of(values, kind=None, size=1000, **options):
    array = pa.array(values, kind or pa.string())
    tally = ColumnTally(array.type, **options)
    for start in range(0, len(array), size):
        tally.add(pa.chunked_array([array[start : start + size]]))
    return tally


def test_small_columns_are_counted_exactly_whatever_the_chunks():
    words = ["basic", " basic", None, "", "n/a", "NA", "fämily ", "family"] * 300
    for size in (7, 1000, 10_000):
        tally = tally_of(words, size=size)
        assert tally.is_whole
        assert tally.counts == {"basic": 600, "fämily": 300, "family": 300, "NA": 300}
        assert (tally.empty, tally.missing_by_text, tally.missing) == (600, {"n/a": 300}, 900)
        assert (tally.rows, tally.distinct) == (2400, 4)


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.float64()])
def test_of_many_values_a_sample_is_kept_with_exact_counts(kind):
    numbers = np.random.default_rng(0).integers(0, 30_000, 60_000)
    values = [str(n) if kind == pa.string() else n for n in numbers.tolist()]
    tally = tally_of(values, kind, most=500, size=5000)
    counts = Counter(values)
    assert not tally.is_whole
    assert len(tally.counts) <= 500
    assert all(counts[value] == rows for value, rows in tally.counts.items())
    # Between 250 and 500 values are kept, so the estimate errs by about 1 / sqrt(250).
    assert tally.distinct == pytest.approx(len(counts), rel=5 / 250**0.5)
    assert tally.repeated


def test_the_sample_depends_on_the_values_and_not_on_their_order():
    values = [f"customer {k}" for k in range(20_000)]
    first, second = tally_of(values, most=300), tally_of(values[::-1], most=300, size=777)
    assert first.counts == second.counts
    assert not first.repeated


def test_values_with_the_same_ending_are_sampled_too():
    values = [f"2024-01-{k % 28 + 1:02d}-{k} 00:00:00.000" for k in range(20_000)]
    tally = tally_of(values, most=300)
    assert 0 < len(tally.counts) <= 300
    assert tally.distinct == pytest.approx(20_000, rel=0.5)


def test_a_rare_word_in_a_column_of_very_many_numbers_is_not_overlooked():
    values = [f"{k}.25" for k in range(30_000)]
    values[29_000] = values[29_500] = "broken"
    values[100] = "1,5"
    tally = tally_of(values, most=300)
    assert {word: tally.counts.get(word) for word in ("broken", "1,5")} == {"broken": 2, "1,5": 1}


def test_hashes_of_equal_values_are_equal_wherever_they_stand():
    words = ["", "a", "basic", "a long text of many letters", "basic plan", "a"] * 3
    array = pa.array(["padding", *words])[1:]
    hashed = hashes(array)
    by_word = dict(zip(words, hashed.tolist(), strict=True))
    assert [by_word[word] for word in words] == hashed.tolist()
    assert len(set(by_word.values())) == len(set(words))


def test_nested_values_are_only_counted_as_missing_or_not():
    tally = tally_of([[1], None, [2, 3]], pa.list_(pa.int64()))
    assert (tally.rows, tally.missing, tally.counts) == (3, 1, {})


def test_rows_with_other_signs():
    assert rows_with_other_bytes(pa.array(["1", "2.5", "-3"])).tolist() == []
    assert rows_with_other_bytes(pa.array(["x", "", "1", "12 €"])).tolist() == [0, 3]
