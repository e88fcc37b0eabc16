"""A campaign is measured: what may be claimed, for whom, at what money, and when nothing may."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign import ContactLog, Lift, Outcomes, measure
from dbnchurn.campaign.breakdown import group_names
from dbnchurn.campaign.claim import no_claim
from dbnchurn.campaign.config import LiftSection
from dbnchurn.campaign.effect_pictures import effects_picture
from dbnchurn.campaign.lift import plain_effect
from dbnchurn.campaign.lift_page import group_lines, lift_page, lift_text, next_lines
from dbnchurn.campaign.measurement import NO_EFFECT
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.html.format import amount, points


def simulated(n=16_000, effect=-0.5, explore=0.0, seed=0):
    """A log and its outcomes: the offer 'data' does nothing, 'discount' keeps customers."""
    generator = np.random.default_rng(seed)
    score, offer = generator.beta(2, 18, n), generator.choice(["data", "discount"], n)
    arm = generator.choice(["contact", "control", "explore"], n, p=[0.8 - explore, 0.2, explore])
    chance = {"contact": 0.8 - explore, "control": 0.2, "explore": explore / 2}
    works = (arm != "control") & (offer == "discount")
    left = generator.random(n) < score * (1 + effect * works)
    ids = [f"c{i:05d}" for i in range(n)]
    log = pd.DataFrame(
        {
            "customer": ids, "campaign": "spring", "offer": offer,
            "channel": generator.choice(["mail", "call"], n), "arm": arm,
            "propensity": [chance[a] for a in arm], "contact_date": "2026-03-01", "score": score,
            "value": 1.0, "cost": 0.5,
        }
    )  # fmt: skip
    accepted = np.where(arm == "control", np.nan, generator.random(n) < 0.2)
    outcomes = pd.DataFrame(
        {"customer": ids, "left": left * 1, "accepted": accepted, "revenue": 10.0 - 10 * left}
    )
    return log, outcomes


SETTINGS = LiftSection(
    worth=100.0, currency="EUR", before=0.15, planned_effect=-0.02, contact_cost=9.0
)


def lift_of(log, outcomes, settings=SETTINGS):
    return measure(ContactLog.of(log, "log.csv"), Outcomes.of(outcomes, "outcomes.csv"), settings)


@pytest.fixture(scope="module")
def tables():
    return simulated()


@pytest.fixture(scope="module")
def found(tables) -> Lift:
    return lift_of(*tables)


def test_the_effect_and_the_groups_are_those_of_the_simulation(found):
    assert found.claim == "kept"
    assert found.effect.low <= -0.025 <= found.effect.high  # half of the customers, -.05
    groups = {f"{g.breakdown} {g.group}": g for g in found.groups}
    assert groups["offer discount"].stands_out(0.95)
    assert not groups["offer data"].stands_out(0.95)
    assert groups["offer data"].effect.low <= 0 <= groups["offer data"].effect.high
    assert found.differences["offer"] < 0.01 < found.differences["channel"]
    risks = [g.group for g in found.groups if g.breakdown == "risk"]
    assert risks == ["lowest third", "middle third", "highest third"]
    assert all(g.adjusted_p >= g.effect.p_value for g in found.groups)


def test_money_is_effect_times_worth_minus_the_cost_of_the_log(found):
    money = found.money
    assert money.customers == pytest.approx(-found.effect.value * money.contacted)
    assert money.cost == pytest.approx(0.5 * money.contacted)
    assert money.value == pytest.approx(100 * money.customers - money.cost)
    assert money.low == pytest.approx(-100 * found.effect.high * money.contacted - money.cost)
    assert [p.what for p in found.planned] == ["effect", "net value"]
    assert found.planned[1].planned == money.contacted
    assert found.acceptance["low"] < 0.2 < found.acceptance["high"]
    assert found.revenue["low"] < 0.25 < found.revenue["high"]


def test_rows_in_another_order_give_the_same(tables, found):
    log, outcomes = (table.sample(frac=1, random_state=1) for table in tables)
    again = lift_of(log, outcomes)
    assert again.effect.value == pytest.approx(found.effect.value, abs=1e-12)
    assert again.verdict == found.verdict


def test_page_terminal_and_json_say_the_same(found):
    page, text = lift_page(found), lift_text(found)
    for shown in (found.verdict, NO_EFFECT, "EUR", points(found.effect.value)):
        assert shown in page
        assert shown in text
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["effect"] == json.loads(json.dumps(plain_effect(found.effect)))
    assert plain["before"]["note"] == NO_EFFECT
    assert "offer" in effects_picture([("offer", found.effect)]).alt


def test_looking_more_than_once_widens_what_is_judged_by(tables, found):
    often = lift_of(*tables, SETTINGS.model_copy(update={"looks": 20}))
    low, high = often.sequence
    assert low < found.effect.low < found.effect.high < high
    assert often.money.low < found.money.low
    assert "however often" in often.verdict
    assert found.sequence is None


@pytest.mark.parametrize("lost", ["the control group shrank", "outcomes of one arm are lost"])
def test_nothing_is_claimed_where_the_draw_does_not_fit(tables, lost):
    log, outcomes = tables
    gone = (log["arm"] == "control") & (np.arange(len(log)) % 4 == 0)
    if lost.startswith("the control"):
        log = log[~gone]
    else:
        outcomes = outcomes[~gone]
    found = lift_of(log, outcomes)
    assert found.claim == "stopped"
    assert "no effect is claimed" in found.verdict
    plain = found.as_dict()
    assert (plain["groups"], plain["money"], plain["effect"]["value"]) == ([], None, None)
    assert plain["effect"]["control"]["rows"] == found.effect.control.rows
    for text in (lift_page(found), lift_text(found)):
        assert "kept after cost" not in text
        assert "fewer left" not in text


def test_chance_is_called_chance_and_harm_harm():
    calm = lift_of(*simulated(6000, effect=0.0))
    assert calm.claim == "not told"
    assert "not a proof of no effect" in calm.verdict
    assert not any(group.stands_out(0.95) for group in calm.groups)
    assert lift_of(*simulated(6000, effect=0.9)).claim == "lost"


def test_customers_who_explore_are_compared_on_their_own():
    found = lift_of(*simulated(8000, explore=0.2))
    assert found.ratio.fits
    assert found.explore.contact.rows == found.counts["explore"][1] > 1000
    assert found.effect.contact.rows == found.counts["contact"][1]
    assert "drawn at random" in lift_text(found)


def test_a_test_of_drawn_options_is_measured_as_it_was_drawn():
    log, outcomes = simulated(6000)
    drawn = log["arm"] == "contact"
    log = log.assign(arm=log["arm"].where(~drawn, "explore"), propensity=log["propensity"] / 2)
    found = lift_of(log, outcomes)
    assert found.ratio.fits
    assert found.effect.contact.rows == drawn.sum()
    assert any("every option was drawn at random" in note for note in found.notes)
    lost = log[~((log["arm"] == "control") & (np.arange(len(log)) % 3 == 0))]
    assert lift_of(lost, outcomes).claim == "stopped"


def test_what_cannot_be_measured_is_refused(tables):
    log, outcomes = (table.head(2000) for table in tables)
    with pytest.raises(DataError, match=r"no control group.*next time hold out"):
        lift_of(log.assign(arm="contact"), outcomes)
    with pytest.raises(DataError, match=r"propensity 1.*drawn at random"):
        lift_of(log.assign(propensity=1.0), outcomes)
    kept = log["arm"] == "contact"
    with pytest.raises(DataError, match="no outcome is known of the arm 'control'"):
        lift_of(log, outcomes[kept])
    two = pd.concat([log, log.assign(campaign="autumn")])
    with pytest.raises(ConfigError, match="holds 2 campaigns, 'autumn', 'spring'"):
        lift_of(two, outcomes)
    both = pd.concat([outcomes.assign(campaign=c) for c in ("spring", "autumn")])
    found = lift_of(two, both, LiftSection(every=True))
    assert found.campaign == "autumn + spring"
    assert any("count in each" in note for note in found.notes)
    assert {g.group for g in found.groups if g.breakdown == "campaign"} == {"autumn", "spring"}


def test_what_was_assumed_or_left_out_is_said(tables):
    log, outcomes = (table.head(3000) for table in tables)
    log = log.drop(columns=["cost", "value"]).assign(score=log["score"].where(log.index > 9))
    found = lift_of(log, outcomes.iloc[100:], LiftSection(worth=5.0))
    said = " ".join([*found.warnings, *found.notes])
    for sentence in (
        "100 of 3,000 customers have no outcome", "no dates: it is assumed", "no cost is taken off",
    ):  # fmt: skip
        assert sentence in said
    always = log.assign(propensity=log["propensity"].where(log["score"] < 0.2, 1.0))
    always = always[(always["arm"] == "contact") | (always["propensity"] < 1)]
    drawn = lift_of(always, outcomes, LiftSection())
    assert drawn.effect.contact.rows < (always["arm"] == "contact").sum()
    assert any("in any case (propensity 1)" in note for note in drawn.notes)
    bare = lift_of(log.drop(columns="score"), outcomes, LiftSection())
    assert bare.money is None
    assert bare.effect.unadjusted is None
    assert any("not adjusted" in note for note in bare.notes)
    assert group_names(log.drop(columns="score"), log, "risk") is None


def test_a_log_that_is_not_of_its_draw_carries_no_claim(found):
    assert no_claim(found.ratio, found.outcomes_p) == ""
    off = replace(found.ratio, p_value=1e-6)
    assert no_claim(off, 1.0).startswith(f"the control group has {off.control:,} customers where")
    assert "a different share of the two arms (p = 1e-06)" in no_claim(found.ratio, 1e-6)


def test_no_effect_is_claimed_where_the_groups_differed_before():
    log, outcomes = simulated(4_000)
    fair = lift_of(log, outcomes)
    assert fair.balance.fits
    # As many customers as the draw says, but the riskiest of the control group were contacted.
    control, contact = (log.index[log["arm"] == arm] for arm in ("control", "contact"))
    riskiest = log.loc[control, "score"].nlargest(150).index
    safest = log.loc[contact, "score"].nsmallest(150).index
    swapped = log.assign(score=log["score"])
    for column in ("arm", "propensity"):
        swapped.loc[riskiest, column] = log.loc[contact[0], column]
        swapped.loc[safest, column] = log.loc[control[0], column]
    found = lift_of(swapped, outcomes)
    assert found.ratio.fits
    assert found.claim == "stopped"
    assert found.balance.contact > found.balance.control
    assert "the groups differed before the campaign" in found.verdict
    assert "NOT alike" in lift_page(found)
    assert found.as_dict()["balance"]["fits"] is False
    unknown = lift_of(swapped.drop(columns="score"), outcomes)
    assert unknown.balance is None
    assert "alike before is not known" in lift_text(unknown)


def test_contacts_of_other_campaigns_in_the_window_are_told():
    log, outcomes = simulated(2_000)
    rows = log.loc[log["arm"] == "control"].head(50)
    late = rows.assign(campaign="summer", arm="contact", contact_date="2026-05-30")
    soon = late.assign(campaign="easter", contact_date="2026-03-20")
    settings = SETTINGS.model_copy(update={"campaign": "spring", "days": 90})
    alone = lift_of(pd.concat([log, late]), outcomes, settings)
    assert not any("other campaigns" in text for text in alone.warnings)
    mixed = lift_of(pd.concat([log, soon]), outcomes, settings)
    controls = (log["arm"] == "control").sum()
    assert any(
        "'easter'" in text and f"50 of {controls:,} in arm control" in text
        for text in mixed.warnings
    )
    assert "not the effect of the campaign alone" in mixed.verdict
    assert "campaign alone" not in alone.verdict
    assert mixed.as_dict()["contacted_elsewhere"] == {"contact": 0, "control": 50}


def test_the_cost_of_accepted_offers_is_said_to_be_missing(tables, found):
    page = lift_page(found)
    assert "The cost of accepted offers is not counted" in page
    accepted = round(found.acceptance["value"] * found.money.contacted)
    limit = amount(round(found.money.value / accepted, 2))
    assert f"Above {limit} EUR an offer" in page
    log, outcomes = tables
    unknown = lift_of(log, outcomes.drop(columns="accepted"))
    assert "accepted offers is not counted" not in lift_page(unknown)


def test_the_adjusted_difference_is_the_headline_and_the_plain_one_is_explained(found):
    assert f"{abs(100 * found.effect.value):.2f} points fewer left" in found.verdict
    plain = f"these two shares differ by {points(found.effect.unadjusted)} points"
    assert plain in found.verdict


def test_methods_and_p_values_are_behind_the_fold(found):
    before, fold = lift_page(found).split("<summary>How this was computed</summary>")
    for word in ("Newcombe", "Benjamini", "p = ", "of the variance"):
        assert word not in before
        assert word in fold


def test_planned_is_held_against_measured_only_of_the_same_kind(found):
    assert [planned.what for planned in found.planned] == ["effect", "net value"]
    for text in (lift_page(found), lift_text(found)):
        assert "planned net value:" not in text
        assert '<th scope="row">net value' not in text
    assert '<th scope="row">effect' in lift_page(found)


def test_groups_are_judged_against_control_and_against_one_another(found):
    said = " ".join(group_lines(replace(found, differences={"offer": 0.01, "channel": 0.5})))
    assert "groups by offer differ in their effects beyond chance" in said
    assert "groups by channel do not differ in their effects" in said
    for group in found.groups:
        assert f"By {group.breakdown}, each group against its control group:" in said


def test_what_to_do_next_follows_from_the_claim(tables, found):
    assert "Contact such customers again" in next_lines(found)[0]
    assert "Stop contacting" in next_lines(replace(found, claim="lost"))[0]
    assert "too few customers" in next_lines(replace(found, claim="not told"))[0]
    assert "Decide nothing" in next_lines(replace(found, claim="stopped"))[0]
    assert "Wait until" in next_lines(replace(found, preliminary=True))[0]
    poor = replace(found, money=replace(found.money, low=-1.0))
    assert "Whether it pays cannot be told yet" in next_lines(poor)[0]
