"""Planted associations are found, counts are those of the rows, and chance does not pass."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from dbnchurn.core.statistics import wilson
from dbnchurn.offers.rules import Observed, Rule, find_rules

ITEMS = tuple("abcdefgh")
ALL = np.ones(8, bool)


def made(seed, n=8000, planted=True):
    generator = np.random.default_rng(seed)
    held = generator.random((n, 8)) < 0.3
    p = np.full((n, 8), 0.05)
    if planted:
        p[held[:, 0], 1] = 0.15
        p[held[:, 2] & held[:, 3], 4] = 0.3
    taken = (generator.random((n, 8)) < p) & ~held
    return Observed(*(csr_array(x.astype(np.float32)) for x in (held, taken)), True)


@pytest.fixture(scope="module")
def rules():
    return find_rules(made(0), made(1), ITEMS, ALL, 6)


def test_planted_rules_come_first_and_hold(rules):
    first = {(rule.holders_of, rule.take) for rule in rules[:4]}
    assert (("a",), "b") in first
    assert (("c", "d"), "e") in first
    assert all(r.holds for r in rules if (r.holders_of, r.take) in {(("a",), "b"),
                                                                    (("c", "d"), "e")})  # fmt: skip


def test_counts_are_those_of_the_rows_that_did_not_choose(rules):
    rule = next(rule for rule in rules if rule.holders_of == ("c", "d"))
    seen = made(1)
    held, taken = (x.toarray() > 0 for x in (seen.held, seen.taken))
    inside, free = held[:, 2] & held[:, 3], ~held[:, 4]
    assert rule.holders == (inside & free).sum()
    assert rule.takers == (inside & free & taken[:, 4]).sum()
    assert rule.others == (~inside & free).sum()
    assert rule.other_takers == (~inside & free & taken[:, 4]).sum()
    assert (rule.low, rule.high) == tuple(map(float, wilson(rule.takers, rule.holders)))
    assert str(rule).startswith("holders of c and d take e: ")
    assert f"{rule.takers} of {rule.holders:,}" in rule.counts()


def test_of_rules_by_chance_few_hold():
    """An interval of 95 % lies above the truth in 2.5 % of the cases, and the others' rate errs."""
    found = [
        rule
        for seed in range(6)
        for rule in find_rules(
            made(seed, planted=False), made(seed + 50, planted=False), ITEMS, ALL, 10
        )
    ]
    assert len(found) > 20
    assert sum(rule.holds for rule in found) <= 0.15 * len(found)


def test_without_dates_holders_also_hold():
    generator = np.random.default_rng(0)
    held = generator.random((4000, 8)) < 0.3
    held[:, 1] |= held[:, 0] & (generator.random(4000) < 0.6)
    both = Observed(*[csr_array(held.astype(np.float32))] * 2, False)
    rule = find_rules(both, both, ITEMS, ALL, 1)[0]
    assert {*rule.holders_of, rule.take} == {"a", "b"}
    assert "also hold" in str(rule)
    assert rule.holders + rule.others == 4000


def test_items_that_are_not_offered_are_in_no_rule_as_what_is_taken():
    possible = ALL.copy()
    possible[1] = False
    assert "b" not in {rule.take for rule in find_rules(made(0), made(1), ITEMS, possible, 10)}


def test_a_rate_of_few_others_lets_no_rule_hold():
    """26 of 106 against none of one says nothing; against none of a thousand it does."""
    low, high = map(float, wilson(26, 106))
    beside = {
        others: Rule(("a",), "b", 26, 106, 0, others, low, high, True) for others in (0, 1, 1000)
    }
    assert [rule.holds for rule in beside.values()] == [False, False, True]
