"""Fitting of each step: which columns it takes, at which limit, and with which numbers."""

import numpy as np
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.prepare.steps import (
    fit_clip,
    fit_compress,
    fit_construct,
    fit_fill,
    fit_flags,
    fit_keep,
    fit_pool,
    fit_smooth,
    positions,
)
from dbnchurn.tables.schema import Table

NAN = np.nan


def make_table(
    numbers: dict[str, list[float]] | None = None, codes: dict[str, list[int]] | None = None
) -> Table:
    """A table of these columns; the levels of a category are 0 to its largest code."""
    numbers, codes = numbers or {}, codes or {}
    n = len(next(iter({**numbers, **codes}.values())))
    return Table(
        np.array(list(numbers.values()), np.float64).reshape(-1, n).T,
        np.array(list(codes.values()), np.int32).reshape(-1, n).T,
        tuple(numbers),
        tuple(codes),
        tuple(max(values) + 1 for values in codes.values()),
    )


def test_positions_are_in_the_order_of_the_table():
    assert positions(["a", "b", "c"], {"c", "a", "z"}).tolist() == [0, 2]
    assert positions([], {"a"}).tolist() == []


# --- Flags ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "flagged"), [(0, False), (2, False), (3, True), (7, True), (8, False), (10, False)]
)
def test_a_flag_needs_more_than_the_least_share_missing_and_present(missing, flagged):
    numbers = make_table({"x": [NAN] * missing + [1.0] * (10 - missing), "full": [1.0] * 10})
    codes = make_table({}, {"full": [0] * 10, "x": [-1] * missing + [1] * (10 - missing)})
    of_numbers, of_codes = (fit_flags(t, {"x", "full"}, 0.2) for t in (numbers, codes))
    if flagged:
        assert (of_numbers.numbers.tolist(), of_numbers.codes.tolist()) == ([0], [])
        assert (of_codes.numbers.tolist(), of_codes.codes.tolist()) == ([], [1])
    else:
        assert of_numbers is None
        assert of_codes is None


def test_columns_that_are_not_fresh_get_no_flag():
    table = make_table({"old": [NAN, 1.0], "new": [1.0, NAN]})
    assert fit_flags(table, {"new"}, 0.1).numbers.tolist() == [1]
    assert fit_flags(table, set(), 0.1) is None


# --- Fences ---------------------------------------------------------------------------------------


def test_fences_are_the_quantiles_of_the_present_values():
    values = [NAN, *np.arange(101.0)]
    clip = fit_clip(make_table({"old": values, "x": values}), {"x"}, 0.1)
    assert (clip.low[1], clip.high[1]) == (10, 90)
    largest = np.finfo(np.float64).max
    assert (clip.low[0], clip.high[0]) == (-largest, largest)


@pytest.mark.parametrize(
    ("values", "share"),
    [(np.arange(101.0), 0.0), ([0.0] * 99 + [1.0, 5.0], 0.1), ([NAN] * 101, 0.1)],
    ids=["no share", "fences that meet", "empty"],
)
def test_without_two_different_fences_nothing_is_clipped(values, share):
    assert fit_clip(make_table({"x": values}), {"x"}, share) is None


# --- Bins -----------------------------------------------------------------------------------------


def test_bins_have_equally_many_rows_and_their_medians():
    values = np.random.default_rng(0).permutation(np.arange(12.0))
    smooth = fit_smooth(make_table({"few": [1.0, 2.0] * 6, "x": values}), {"few", "x"}, 4)
    assert smooth.columns.tolist() == [1]
    smoothed = smooth.apply(make_table({"few": [1.0] * 12, "x": np.arange(12.0)})).numbers[:, 1]
    assert smoothed.tolist() == [1, 1, 1, 4, 4, 4, 7, 7, 7, 10, 10, 10]


@pytest.mark.parametrize(("distinct", "smoothed"), [(4, False), (5, True)])
def test_only_numbers_with_more_values_than_bins_are_smoothed(distinct, smoothed):
    table = make_table({"x": [float(i % distinct) for i in range(20)]})
    assert (fit_smooth(table, {"x"}, 4) is not None) == smoothed


@pytest.mark.parametrize(("fresh", "bins"), [({"x"}, 0), (set(), 4)])
def test_without_bins_or_fresh_columns_nothing_is_smoothed(fresh, bins):
    assert fit_smooth(make_table({"x": np.arange(12.0)}), fresh, bins) is None


def test_a_value_that_fills_several_bins_has_a_bin_of_its_own():
    values = [0.0] * 90 + list(np.arange(1.0, 11.0))
    smooth = fit_smooth(make_table({"x": values}), {"x"}, 4)
    smoothed = smooth.apply(make_table({"x": [0.0]})).numbers
    assert smoothed.tolist() == [[0.0]]
    smooth.audit()


# --- Rare levels ----------------------------------------------------------------------------------


def counts_to_codes(*counts: int) -> list[int]:
    return np.repeat(np.arange(len(counts)), counts).tolist()


@pytest.mark.parametrize(
    ("counts", "share", "new"),
    [
        ((100, 9, 80, 9), 0.01, [0, 2, 1, 2]),  # fewer than 10
        ((100, 10, 80, 10), 0.01, None),
        ((100, 29, 141, 30), 0.1, None),  # one rare level only
        ((100, 29, 142, 29), 0.1, [0, 2, 1, 2]),  # less than a tenth of 300
        ((100, 9, 80, 9), 0.0, None),
        ((3, 3, 3), 0.1, [0, 0, 0]),
    ],
)
def test_two_or_more_rare_levels_share_the_last_code(counts, share, new):
    pool = fit_pool(make_table({}, {"x": counts_to_codes(*counts)}), {"x"}, share)
    assert (pool is None) == (new is None)
    if new is not None:
        assert [codes.tolist() for codes in pool.codes] == [new]
        pool.audit()


def test_levels_of_columns_that_are_not_fresh_keep_their_codes():
    codes = counts_to_codes(50, 5, 5)
    pool = fit_pool(make_table({}, {"old": codes, "new": codes}), {"new"}, 0.1)
    assert [codes.tolist() for codes in pool.codes] == [[0, 1, 2], [0, 1, 1]]
    assert fit_pool(make_table({}, {"old": codes}), set(), 0.1) is None


# --- Missing values -------------------------------------------------------------------------------


def test_missing_values_are_filled_by_the_median_and_the_most_frequent_level():
    table = make_table(
        {"x": [1.0, 2.0, 9.0, NAN], "empty": [NAN] * 4},
        {"plan": [2, 2, 0, -1], "none": [-1] * 4},
    )
    fill = fit_fill(table, {"x"})  # columns that are not fresh as well
    assert fill.numbers.tolist() == [2, 0]
    assert fill.codes.tolist() == [2, -1]
    assert fit_fill(table, set()) is None


# --- New columns ----------------------------------------------------------------------------------


def test_ratios_and_trends_come_from_the_named_columns():
    table = make_table({"a": [6.0, 1.0], "b": [3.0, 0.0], "c": [0.0, 5.0]})
    construct = fit_construct(table, {"a"}, {"a per b": ("a", "b")}, {"course": ("c", "b", "a")})
    assert construct.names == ("a per b", "course")
    np.testing.assert_array_equal(construct.apply(table).numbers[:, 3:], [[2, 3], [NAN, -2]])


def test_what_the_table_has_is_not_constructed_again():
    table = make_table({"a": [6.0], "b": [3.0], "a per b": [2.0]})
    ratios = {"a per b": ("a", "b"), "b per a": ("b", "a")}
    assert fit_construct(table, {"a"}, ratios, {}).names == ("b per a",)
    assert fit_construct(table, {"a"}, {"a per b": ("a", "b")}, {}) is None
    assert fit_construct(table, set(), ratios, {}) is None


@pytest.mark.parametrize(
    ("ratios", "trends"), [({"new": ("debt", "tenur")}, {}), ({}, {"new": ("tenur", "debt")})]
)
def test_a_column_that_does_not_exist_is_refused(ratios, trends):
    table = make_table({"debt": [1.0], "tenure": [2.0]})
    message = "'new' is made of the number 'tenur': did you mean 'tenure'"
    with pytest.raises(ConfigError, match=message):
        fit_construct(table, {"debt"}, ratios, trends)


# --- Long tails -----------------------------------------------------------------------------------


def test_long_tails_are_compressed_by_their_interquartile_range():
    even = np.arange(101.0)
    far = np.where(even > 95, 1000.0 * even, even)
    far_below = np.where(even < 5, -1000.0 * (101 - even), even)
    steps = np.where(even > 90, even, 0.0)  # its interquartile range is 0
    table = make_table({"even": even, "far": far, "below": far_below, "steps": steps})
    names = {"even", "far", "below", "steps"}
    compress = fit_compress(table, names, 5.0)
    assert compress.columns.tolist() == [1, 2]
    assert compress.scale.tolist() == [50, 50]
    assert fit_compress(table, {"even", "below"}, 5.0).columns.tolist() == [2]
    assert fit_compress(table, names, 0.0) is None


@pytest.mark.parametrize(("tail", "compressed"), [(1.95, True), (1.96, False)])
def test_a_tail_is_measured_from_the_1_to_the_99_percent_quantile(tail, compressed):
    table = make_table({"x": [NAN, *np.arange(101.0)]})  # (99 - 1) / (75 - 25) = 1.96
    assert (fit_compress(table, {"x"}, tail) is not None) == compressed


# --- Dropped columns ------------------------------------------------------------------------------

X = [1.0, 2.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("column", "correlated", "reason"),
    [
        ([NAN] * 4, 1.0, "empty"),
        ([7.0, NAN, 7.0, 7.0], 1.0, "constant"),
        (X, 1.0, "a copy of 'x'"),
        ([-2.0, -4.0, -6.0, -10.0], 0.99, "correlates with 'x' by −1.0000"),
        ([2.0, 4.0, 6.0, 10.0], 0.99, "correlates with 'x' by 1.0000"),
        ([2.0, 4.0, 6.0, 10.0], 1.0, None),  # 1 keeps all
        ([2.0, 4.0, NAN, 10.0], 0.9, None),  # missing in other rows
        ([1.0, 2.0, 3.0, -5.0], 0.99, None),
    ],
)
def test_numbers_without_information_of_their_own_are_dropped(column, correlated, reason):
    dropped = {"earlier": "constant"}
    keep = fit_keep(make_table({"x": X, "new": column}), correlated, dropped)
    if reason is None:
        assert keep is None
        assert list(dropped) == ["earlier"]
    else:
        assert keep.numbers.tolist() == [0]
        assert dropped == {"earlier": "constant", "new": reason}


def test_categories_without_information_of_their_own_are_dropped():
    codes = {"plan": [0, 1, 2, 0], "copy": [0, 1, 2, 0], "one": [0, 0, -1, 0], "none": [-1] * 4}
    dropped: dict[str, str] = {}
    keep = fit_keep(make_table({}, codes), 1.0, dropped)
    assert keep.codes.tolist() == [0]
    assert dropped == {"copy": "a copy of 'plan'", "one": "constant", "none": "empty"}


def test_the_correlation_limit_is_of_pearsons_coefficient():
    generator = np.random.default_rng(0)
    x = generator.normal(size=200)
    y = x + generator.normal(size=200)
    r = np.corrcoef(x, y)[0, 1]
    table = make_table({"x": x, "y": y})
    assert fit_keep(table, r + 0.001, {}) is None
    assert fit_keep(table, r - 0.001, {}).numbers.tolist() == [0]
