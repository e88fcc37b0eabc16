"""The summary and the page say what was measured, and what it is not."""

from dataclasses import replace

import pytest

from dbnchurn.offers.eligibility import Eligibility, also_closed, name_problems
from dbnchurn.offers.offer_summary import span
from dbnchurn.offers.offers_page import offers_page


@pytest.mark.usefixtures("empty_pictures")
def test_the_page_has_the_figures_and_escapes_names(summary):
    page = offers_page(summary)
    for text in (
        span(summary.quality.recall), span(summary.quality.recall_popular), "&lt;new&gt;",
        "only a campaign with a control group says", "a note", "Content-Security-Policy",
    ):  # fmt: skip
        assert text in page
    assert "<new>" not in page


def test_the_verdict_follows_the_interval(summary):
    gain = summary.quality.gain
    for low, high, said in ((0.01, 0.03, "are better"), (-0.03, -0.01, "are worse"),
                            (-0.01, 0.01, "is not shown")):  # fmt: skip
        quality = replace(summary.quality, gain=replace(gain, low=low, high=high))
        assert said in replace(summary, quality=quality).verdict()


def test_lists_that_are_measured_shorter_than_they_are_made_are_said(summary):
    assert "Lists of" not in summary.verdict()
    longer = replace(summary, n_offers=summary.quality.k + 1)
    assert f"(Lists of {summary.quality.k + 1} are made; of so few items" in longer.verdict()


@pytest.mark.usefixtures("empty_pictures")
def test_without_dates_nothing_is_called_an_acceptance(summary):
    plain = replace(summary, record=replace(summary.record, window=0))
    assert "is no acceptance" in plain.meaning()
    assert "mean similarity" in offers_page(plain)


def test_the_facts_are_those_of_the_search(summary):
    facts = summary.as_dict()
    assert facts["quality"]["recall"]["value"] == summary.quality.recall.value
    assert facts["lists"]["customers"] == summary.listed.customers
    assert len(facts["rules"]) == len(summary.rules)


def test_closed_pairs_add_up_and_unknown_names_have_a_hint(bought):
    rules = Eligibility.of_all(2)
    assert also_closed(rules, None) is rules
    pairs = bought.held(3)
    both = also_closed(also_closed(Eligibility.of_all(40), pairs), pairs)
    assert both.closed.nnz == pairs.nnz
    assert list(name_problems(["item 1"], ["item 11"], "only")) == [
        "only: there is no item 'item 1': did you mean 'item 11'? (allowed: 'item 11')"
    ]
