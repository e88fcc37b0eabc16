"""A value means the same in training and scoring, whatever file it came in."""

from collections import Counter

import pytest

from tests.tables.fuzz import fuzzed

QUICK, LONG = 40, 10_000


@pytest.mark.parametrize(
    "tables",
    [
        pytest.param(range(QUICK), id="quick"),
        pytest.param(
            range(QUICK, LONG), id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)]
        ),
    ],
)
def test_no_value_changes_its_meaning_between_files(tables):
    found = [fuzzed(seed) for seed in tables]
    assert [message for outcome, message in found if outcome == "wrong"] == []
    counts = Counter(outcome for outcome, _ in found)
    assert counts["right"] > len(tables) / 2, counts
