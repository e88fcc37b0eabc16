"""The first page: true of the test customers, honest where nothing can be told; then the model."""

from dataclasses import replace

import numpy as np
import pytest

from dbnchurn.core.html.format import percent
from dbnchurn.evaluate import Offer, by_group, compare
from dbnchurn.report import Breakdown, PartSummary, ReportInput, render
from dbnchurn.report.business import GLOSSARY, business_page, leaderboard
from dbnchurn.report.campaign_sizes import campaign_sizes, other_size_sentence
from dbnchurn.report.code_text import coded
from tests.report.example_run import full_run

OFFER = Offer(clv=200.0, incentive_cost=10.0, contact_cost=1.0)


def run_of(y, p, offer=OFFER, **more):
    numbers = compare(y, {"dbn": p}, {"dbn": 0.2}, resamples=5)
    parts = [PartSummary("test", len(y), float(np.mean(y)))]
    told = {"gain": offer.gain(y), "budget": 100, "worth": offer.clv, **more}
    return ReportInput("a run", y, {"dbn": p}, numbers, "fixed", parts, **told)


@pytest.fixture(scope="module")
def drawn():
    generator = np.random.default_rng(0)
    p = generator.beta(1, 9, 2000)
    return (generator.random(2000) < p).astype(int), p


def test_a_campaign_returns_the_gains_of_those_contacted(drawn):
    y, p = drawn
    sizes = campaign_sizes(run_of(y, p))
    top = np.argsort(-p, kind="stable")
    for size in sizes:
        assert size.leavers == y[top[: size.contacts]].sum()
        assert size.value == pytest.approx(OFFER.gain(y)[top[: size.contacts]].sum())
        assert size.low < size.value < size.high
        assert size.rate_low < size.rate < size.rate_high
    assert [size.contacts for size in sizes] == [100, 200, 400, 800]
    assert [size.own for size in sizes] == [True, False, False, False]


def test_the_interval_holds_what_other_customers_of_these_scores_bring():
    generator = np.random.default_rng(1)
    p = generator.beta(1, 9, 2000)
    top = np.argsort(-p, kind="stable")[:200]
    true = sum(OFFER.gain(np.array([1, 0])) @ np.array([q, 1 - q]) for q in p[top])
    inside = 0
    for _ in range(60):
        y = (generator.random(2000) < p).astype(int)
        (size,) = [s for s in campaign_sizes(run_of(y, p, budget=200)) if s.own]
        inside += size.low <= true <= size.high
    assert inside >= 51  # 57 expected; fewer come in 1 of 200 trials


def test_what_to_do_follows_from_the_return(drawn):
    y, p = drawn
    dear = Offer(clv=20.0, incentive_cost=10.0, contact_cost=50.0)
    assert business_page(run_of(y, p)).todo[0].startswith("Score the customers of today")
    assert "loses" in business_page(run_of(y, p, dear)).todo[0]
    assert "Fewer contacts" not in business_page(run_of(y, p, dear)).todo[0]
    more = business_page(run_of(y, p, dear, budget=400)).todo[0]
    assert "Do not contact 400" in more
    assert "Fewer contacts lose money too" in more
    assert "too few" in business_page(run_of(y, p, budget=5)).todo[0]
    even = float(OFFER.gain(y)[np.argsort(-p, kind="stable")[:100]].mean())
    unsure = replace(run_of(y, p), gain=OFFER.gain(y) - even)
    assert "begin with a pilot" in business_page(unsure).todo[0]
    assert "Say what a contact costs" in business_page(run_of(y, p, gain=None)).todo[0]
    assert all("control group" in " ".join(business_page(r).todo) for r in (unsure, run_of(y, p)))


def test_groups_that_are_only_pooled_are_not_named():
    run = full_run()
    plan = next(b for b in run.breakdowns if not b.by_time)
    pooled = {**plan.groups[0], "name": "other (2 small groups)", "pooled": 2, "few": False}
    high = {**pooled, "rate": {**plan.groups[0]["rate"], "value": 0.99}}
    told = replace(run, breakdowns=[replace(plan, groups=[*plan.groups, high])])
    assert business_page(told).leave == business_page(replace(run, breakdowns=[plan])).leave


def test_weighted_customers_give_no_number_of_contacts(drawn):
    y, p = drawn
    assert campaign_sizes(run_of(y, p, sample_weight=np.full(len(y), 2.0))) == ()
    assert campaign_sizes(run_of(y, p, sample_weight=np.ones(len(y))))
    weight = np.where(y == 1, 1.0, 3.0)
    numbers = compare(y, {"dbn": p}, {"dbn": 0.2}, resamples=5, sample_weight=weight)
    page = business_page(replace(run_of(y, p, sample_weight=weight), metrics=numbers))
    assert "are weighted because of campaigns" in page.todo[0]
    share = y.sum() / weight.sum()
    assert f"left: {percent(y.mean())}." in page.leave[0]
    assert f"Weighted as if nobody had been contacted, {percent(share)} leave." in page.leave[0]


def test_a_budget_of_less_than_a_customer_is_one(drawn):
    y, p = drawn
    few = business_page(run_of(y, p, budget=0.2)).todo[0]
    assert few == "1 contact is too few to say what it returns."


def test_business_words_stand_first_and_the_model_behind_a_fold():
    run = replace(full_run(), names={"plan": "Tariff"})
    text = render(run, pictures=False)
    before, fold = text.split('<details class="numbers model">')
    for title in ("What to do", "Who leaves", "What a campaign returns", "How sure this is"):
        assert f"<h2>{title}</h2>" in before
    assert "<h2>Leaderboard of all models</h2>" in fold
    assert all(f"<dt>{term}</dt>" in fold for term in GLOSSARY)


def test_the_leaderboard_is_by_the_metric_of_all_comparisons():
    run = full_run()
    values = [run.metrics[name]["average_precision"]["value"] for name in leaderboard(run)]
    assert values == sorted(values, reverse=True)
    assert set(leaderboard(run)) == set(run.metrics)


def test_groups_are_told_apart_only_beyond_chance(drawn):
    y, p = drawn
    names = np.random.default_rng(2).choice(list("ABCDE"), len(y))
    told = {}
    for kind, groups in (("noise", names), ("real", np.where(p > np.median(p), "high", "low"))):
        found = Breakdown("plan", False, by_group(y, p, groups, 0.2, resamples=50))
        told[kind] = business_page(run_of(y, p, breakdowns=[found])).leave[-1]
    assert told["noise"].startswith("By plan, looked at alone,")
    assert told["real"].startswith("By plan: most leave where it is high (")


def test_the_customers_to_contact_are_those_of_today(drawn):
    y, p = drawn
    todo = " ".join(business_page(run_of(y, p)).todo)
    assert "contact the 5.0 % with the highest scores" in todo
    assert "nobody of them is to be contacted now" in todo


def test_a_number_of_contacts_that_returned_more_is_explained(drawn):
    y, p = drawn
    run = run_of(y, p)
    sizes = campaign_sizes(run)
    (own,) = (size for size in sizes if size.own)
    best = max(sizes, key=lambda size: size.value)
    said = other_size_sentence(run, sizes)
    assert best.contacts != own.contacts
    assert own.recommended
    assert f"{best.contacts} contacts returned {best.value - own.value:,.0f} more than 100" in said
    assert "the number of the config (campaign.contacts)" in said
    assert said in business_page(run).todo
    same = run_of(y, p, budget=best.contacts)
    assert other_size_sentence(same, campaign_sizes(same)) is None
    assert other_size_sentence(run_of(y, p, gain=None), campaign_sizes(run)) is None


def test_losses_have_a_minus_sign(drawn):
    y, p = drawn
    dear = Offer(clv=20.0, incentive_cost=10.0, contact_cost=50.0)
    returns = [size.returns for size in campaign_sizes(run_of(y, p, dear))]
    assert all("−" in text and "-" not in text for text in returns)


def test_keys_and_commands_are_code_and_all_else_is_escaped():
    text = str(coded("<b> campaign.offer, 'dbnchurn score RUN/model' & 'dbnchurn <i>'"))
    assert text.count("<code") == 2
    assert "&lt;b&gt;" in text
    assert "<i>" not in text
