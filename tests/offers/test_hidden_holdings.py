"""Holdings without dates: a hidden item is found where items go together, and not where not."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from dbnchurn.core.errors import DataError
from dbnchurn.offers import Eligibility, Holdings, NextOffer
from dbnchurn.offers.hidden_holdings import learn_by_hiding
from dbnchurn.offers.purchases import entries
from dbnchurn.offers.rules import halves
from dbnchurn.offers.settings import Settings


def make_holdings(n=2500, together=True, seed=0, groups=()):
    """Twelve items in three kinds; most of what a customer holds is of one kind."""
    generator = np.random.default_rng(seed)
    share = np.full((n, 12), 0.25)
    if together:
        own = np.arange(12)[None] // 4 == (np.arange(n) % 3)[:, None]
        share = np.where(own, 0.6, 0.08)
    held = csr_array((generator.random((n, 12)) < share).astype(np.float32))
    items = tuple(f"p{k}" for k in range(12))
    return Holdings(tuple(f"c{k:05d}" for k in range(n)), items, held, groups=groups)


def test_items_that_go_together_are_found_and_probabilities_come_true():
    made = NextOffer().fit(make_holdings())
    assert made.quality_.gain.low > 0.1
    assert made.quality_.k == made.measured_length_ == 3
    expected = sum(part.pairs * part.expected for part in made.quality_.calibration)
    found = sum(part.pairs * part.found for part in made.quality_.calibration)
    assert abs(expected - found) < 4 * np.sqrt(found)


def test_independent_items_show_no_gain():
    quality = NextOffer().fit(make_holdings(together=False)).quality_
    assert quality.gain.low <= 0
    # Three of twelve equal items, of those that a customer does not hold: 3/9 to 3/12 and a little.
    assert 0.2 < quality.recall.value < 0.45


def test_a_measured_model_has_not_seen_the_customers_that_measure():
    holdings = make_holdings()
    settings = Settings("ease", (100.0,), 6, 8, False, 3, np.ones(12, bool), 0)
    third = np.random.default_rng(0).permutation(2500)[2000:]
    changed = holdings.held.toarray()
    changed[third] = np.random.default_rng(5).integers(0, 2, (500, 12))
    other = Holdings(holdings.customers, holdings.items, csr_array(changed.astype(np.float32)))
    first, second = (learn_by_hiding(h, settings).measured for h in (holdings, other))
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.acceptance.knots, second.acceptance.knots)


def test_lists_say_similarity_and_leave_out_what_is_not_known():
    holdings = make_holdings()
    unknown = np.zeros((2500, 12), np.float32)
    unknown[:, 0] = 1
    holdings = Holdings(holdings.customers, holdings.items, holdings.held, csr_array(unknown))
    made = NextOffer().fit(holdings)
    lists = made.recommend(holdings)
    assert "similarity" in lists
    assert "acceptance" not in lists
    assert "p0" not in set(lists["offer"])
    place = pd.Index(holdings.customers).get_indexer(lists["customer"])
    items = pd.Index(holdings.items).get_indexer(lists["offer"])
    assert not entries(holdings.held, place, items).any()
    assert set(lists["because"]) - set(holdings.items) <= {"most often held"}


def test_holders_are_ranked_first_for_items_treated_as_new():
    """Without dates it is the holders who are looked for, so they are among the ranked."""
    holdings = make_holdings(groups=tuple(f"kind {k // 4}" for k in range(12)))
    quality = NextOffer(penalties=(100.0,)).fit(holdings).new_item_quality_
    assert quality.items == 3
    assert quality.auc > 0.65
    assert quality.auc - 2 * quality.error > quality.activity_auc


def test_an_offer_that_nobody_holds_is_refused_with_the_reason():
    holdings = make_holdings(300)
    held = holdings.held.toarray()
    held[:, 0] = 0
    empty = Holdings(holdings.customers, holdings.items, csr_array(held))
    with pytest.raises(DataError, match=r"none of 60 customers .* holds an offered item"):
        NextOffer(penalties=(10.0,)).fit(empty, Eligibility(np.arange(12) == 0))


def test_few_customers_are_refused():
    with pytest.raises(DataError, match="there are 100 customers; 150 are needed"):
        NextOffer().fit(make_holdings(100))


def test_halves_have_everybody_once():
    one, other = halves(101, 0)
    assert sorted([*one, *other]) == list(range(101))
