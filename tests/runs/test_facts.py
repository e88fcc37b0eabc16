"""Warnings of a run: a column that is strong alone, or far stronger than all others."""

import pytest

from dbnchurn.runs.facts import leak_warnings


@pytest.mark.parametrize(
    ("strength", "warns"),
    [
        ({"call": 0.81, "debt": 0.80}, True),  # strong alone, whatever the others are
        ({"call": 0.79, "debt": 0.78}, False),
        ({"call": 0.76, "debt": 0.62}, True),  # not strong, but twice as far from chance
        ({"call": 0.76, "debt": 0.64}, False),
        ({"call": 0.74, "debt": 0.51}, False),  # too weak to be a leak, however weak the others
        ({"call": 0.76}, True),
        ({"call": 0.74}, False),
        ({}, False),
    ],
)
def test_a_column_that_stands_out_is_a_possible_leak(strength, warns):
    warnings = leak_warnings(strength)
    assert len(warnings) == warns
    if warns:
        assert f"call alone ranks churners with an AUC of {strength['call']:.2f}" in warnings[0]
