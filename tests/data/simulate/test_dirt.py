"""Errors in their shares, none at strength 0, and never in columns that must stay whole."""

import numpy as np
import pytest

from dbnchurn.data.simulate.dirt import (
    BLANK,
    CATEGORIES,
    COPIED,
    IMPOSSIBLE,
    IMPOSSIBLE_VALUES,
    MISSPELT,
    NO_KEY,
    OTHER_SPELLINGS,
    REPEATED,
    spellings,
    spoil,
)

N = 40_000


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    return {
        "customer_id": np.arange(N),
        "month": np.full(N, np.datetime64("2024-05-01")),
        "access_date": np.full(N, np.datetime64("2020-01-01")),
        "status": generator.integers(0, 2, N).astype(np.int8),
        "product_type": generator.integers(0, 4, N).astype(np.int8),
        "district": generator.integers(0, 12, N).astype(np.int8),
        "online_count": generator.integers(1, 50, N),
        "broadband_gb": generator.gamma(2, 20, N),
    }


def spoilt(table, strength=1.0, seed=1):
    return spoil(table, strength, np.random.default_rng(seed))


def test_strength_zero_changes_nothing(table):
    clean = spoilt(table, 0)
    for name, values in table.items():
        np.testing.assert_array_equal(clean[name], values)


def test_the_given_table_is_not_changed_and_a_seed_gives_the_same_errors(table):
    before = {name: values.copy() for name, values in table.items()}
    one, two, other = spoilt(table), spoilt(table), spoilt(table, seed=2)
    for name, values in table.items():
        np.testing.assert_array_equal(values, before[name])
        np.testing.assert_array_equal(one[name], two[name])
    assert not np.array_equal(one["broadband_gb"], other["broadband_gb"], equal_nan=True)


@pytest.mark.parametrize("strength", [1.0, 3.0])
def test_errors_come_in_their_shares(table, strength):
    dirty = spoilt(table, strength)
    values, keys = dirty["broadband_gb"], dirty["customer_id"]
    counted = [
        (BLANK, np.isnan(values)),
        (BLANK, np.isnat(dirty["access_date"])),
        (BLANK, dirty["district"] == -1),
        (BLANK, np.isnan(dirty["online_count"])),
        (IMPOSSIBLE, values <= IMPOSSIBLE_VALUES["broadband_gb"] + 1),
        # LAN, one product of four, has no other spelling.
        (MISSPELT * 3 / 4, dirty["product_type"] >= len(CATEGORIES["product_type"])),
        (NO_KEY, np.isnan(keys)),
    ]
    for share, condition in counted:
        expected = share * strength * len(keys)
        assert abs(condition.sum() - expected) < 4 * np.sqrt(expected) + 0.03 * strength * expected
    expected = (COPIED + REPEATED) * strength * N
    assert abs(len(keys) - N - expected) < 4 * np.sqrt(expected)


def test_keys_months_and_status_are_never_blank_or_misspelt(table):
    dirty = spoilt(table, 5.0)
    assert not np.isnat(dirty["month"]).any()
    assert set(np.unique(dirty["status"])) == {0, 1}
    keyed = ~np.isnan(dirty["customer_id"])
    rows = dirty["customer_id"][keyed].astype(int)
    np.testing.assert_array_equal(dirty["status"][keyed], table["status"][rows])


def test_a_repeated_row_follows_its_own_and_some_differ_in_a_measurement(table):
    dirty = spoilt(table)
    keys = dirty["customer_id"]
    copies = np.flatnonzero(keys[1:] == keys[:-1]) + 1
    for name in ("product_type", "status", "month", "district"):
        np.testing.assert_array_equal(dirty[name][copies], dirty[name][copies - 1])
    difference = dirty["broadband_gb"][copies] - dirty["broadband_gb"][copies - 1]
    difference = difference[~np.isnan(difference)]
    differs = difference != 0
    np.testing.assert_allclose(difference[differs], 1)
    assert differs.mean() == pytest.approx(REPEATED / (REPEATED + COPIED), rel=0.2)


def test_a_misspelt_level_is_another_spelling_of_the_same(table):
    dirty = spoilt(table, 5.0)
    kept = ~np.isnan(dirty["customer_id"])
    rows = dirty["customer_id"][kept].astype(int)
    words, levels = spellings("product_type"), CATEGORIES["product_type"]
    pairs = set(zip(table["product_type"][rows], dirty["product_type"][kept], strict=True))
    allowed = {
        (code, words.index(word))
        for code, level in enumerate(levels)
        for word in (level, *OTHER_SPELLINGS.get(level, ()))
    }
    assert {pair for pair in pairs if pair[1] != -1} == allowed


@pytest.mark.parametrize("column", CATEGORIES)
def test_spellings_are_the_levels_first_and_unique(column):
    words = spellings(column)
    assert words[: len(CATEGORIES[column])] == CATEGORIES[column]
    assert len(set(words)) == len(words)
