"""A job whose rows are mostly, or all, rejected gives no scores."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.scoring.rejection import check_max_rejected, why_too_many


@pytest.mark.parametrize(
    ("rejected", "rows", "limit", "words"),
    [
        (0, 10, 0.0, ""),
        (1, 10, 0.1, ""),
        (2, 10, 0.1, "2 of 10 rows cannot be scored, more than the 10.00% allowed (max_rejected)"),
        (10, 10, 1.0, "10 of 10 rows cannot be scored, so there are no scores to write"),
        (0, 0, 0.05, ""),
    ],
)
def test_all_rows_are_too_many_whatever_the_bound(rejected, rows, limit, words):
    assert why_too_many(rejected, rows, limit) == words


@pytest.mark.parametrize("share", [-0.01, 1.01, float("nan")])
def test_a_bound_is_a_share(share):
    with pytest.raises(ConfigError, match=f"max_rejected {share:g} is out of its range"):
        check_max_rejected(share)
