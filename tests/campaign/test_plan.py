"""Plans: intervals that hold, and what is said where a pilot is missing."""

import json
from pathlib import Path

import numpy as np
import pytest

from dbnchurn.campaign.config import PlanSection, read_campaign_config
from dbnchurn.campaign.effect_pictures import power_picture
from dbnchurn.campaign.plan import Range, make_plan
from dbnchurn.campaign.plan_page import plan_page, plan_text
from dbnchurn.core.errors import ConfigError
from tests.test_scripts import load_script

PILOT = {
    "contacted": 4000, "contacted_left": 300, "control": 1000, "control_left": 100, "accepted": 700,
}  # fmt: skip
WANTED = {"customers": 20_000, "base_rate": 0.1, "effect": -0.02}
MONEY = {"worth": 100.0, "contact_cost": 1.0, "offer_cost": 5.0, "currency": "EUR"}


@pytest.fixture(scope="module")
def plan():
    return make_plan(PlanSection(**WANTED, **MONEY, pilot=PILOT))


def test_a_plan_repeats_itself_and_its_numbers_fit(plan):
    again = make_plan(PlanSection(**WANTED, **MONEY, pilot=PILOT))
    assert again.as_dict() == plan.as_dict()
    assert plan.contacted + plan.choice.customers == 20_000
    # Means: 17.5 % of the contacted accept, 2.5 points are kept, each draw moves them little.
    assert plan.cost.value == pytest.approx(18_000 * (1 + 0.175 * 5), rel=0.01)
    assert plan.kept.value == pytest.approx(18_000 * 0.025, rel=0.05)
    assert plan.gain.value == pytest.approx(100 * plan.kept.value - plan.cost.value, rel=1e-6)
    assert plan.gain.low < 0 < plan.gain.high
    assert 0 < plan.loss_chance < 0.5
    forgone = [choice.forgone.value for choice in plan.choices]
    assert forgone == sorted(forgone)
    powers = [choice.power for choice in plan.choices]
    assert powers == sorted(powers)  # up to half and half


def test_page_terminal_and_json_say_the_same(plan):
    page, text = plan_page(plan), plan_text(plan)
    for shown in ("chance of a loss", "17,210", "EUR"):
        assert shown in page
        assert shown in text
    assert plan.verdict in text
    assert "script" not in page.split("<body>")[1]
    assert json.loads(json.dumps(plan.as_dict()))["cost"]["low"] == plan.cost.low
    assert "percent" in power_picture(plan).alt


def test_without_a_pilot_nothing_is_said_of_money():
    made = make_plan(PlanSection(**{**WANTED, "customers": 5_000}))
    assert (made.cost, made.gain, made.loss_chance) == (None, None, None)
    assert "needs the counts of a pilot" in plan_text(made)
    assert "less than the 80 % wanted" in made.verdict
    assert "larger control group" not in made.verdict  # not even half and half would do
    small = make_plan(PlanSection(**{**WANTED, "customers": 4}))
    assert "Nobody is held out" in plan_text(small)
    some = make_plan(PlanSection(**WANTED, pilot=PILOT))
    assert some.gain is None
    assert "plan.worth" in plan_text(some)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{customers: 100, base_rate: 0.1, effect: -0.2}", "between 0 and 1"),
        ("{customers: 100, base_rate: 0.1, effect: 0}", "cannot be found"),
        ("{customers: 100, base_rate: 1.0, effect: -0.2}", "base_rate"),
        ("{customers: 100, base_rate: 0.1, effect: -0.02, controll: 0.2}", "control"),
        (
            "{customers: 9, base_rate: 0.1, effect: -0.02, pilot: {contacted: 5, "
            "contacted_left: 6, control: 5, control_left: 1}}",
            "more customers of the pilot left",
        ),
        (
            "{customers: 9, base_rate: 0.1, effect: -0.02, offer_cost: 2, pilot: {contacted: 5, "
            "contacted_left: 1, control: 5, control_left: 1}}",
            "how many accepted",
        ),
    ],
)
def test_a_wrong_plan_is_refused(tmp_path: Path, text, told):
    (tmp_path / "c.yaml").write_text(f"plan: {text}\n")
    with pytest.raises(ConfigError, match=told):
        read_campaign_config(tmp_path / "c.yaml")


def test_a_range_is_the_middle_of_the_draws():
    found = Range.of(np.arange(101.0))
    assert (found.value, found.low, found.high) == pytest.approx((50, 5, 95))


def test_the_script_measures_what_has_to_hold(root):
    script = load_script(root, "campaign_effects")
    cost, gain = script.plan_coverage(20)
    # 18 are expected; four standard deviations of that number.
    assert max(abs(20 * cost - 18), abs(20 * gain - 18)) < 4 * np.sqrt(20 * 0.9 * 0.1)
    assert abs(script.farthest(script.coverage(80), 0.95) - 0.95) < 4 * np.sqrt(0.0475 / 20)
    assert script.false_alarms(5)[0] <= 0.2
    assert abs(script.farthest(script.power_errors(8), 0.0)) < 4 * np.sqrt(0.16 / 8)


@pytest.mark.long
def test_what_has_to_hold_holds(root):
    found = load_script(root, "campaign_effects").measure_effects()
    assert 0.93 <= found["lift_coverage"] <= 0.97
    assert found["false_alarms_20_looks"] <= 0.05
    assert abs(found["power_error"]) <= 0.05
    assert 0.87 <= found["cost_coverage"] <= 0.93


def test_what_holding_customers_back_costs_is_drawn_as_what_contacting_them_brings():
    few = {**WANTED, "customers": 2_000, "control": 0.1}
    sure = {**PILOT, **{name: 100 * count for name, count in PILOT.items()}}
    made = make_plan(PlanSection(**few, **MONEY, pilot=sure))
    other = make_plan(PlanSection(**{**few, "control": 0.9}, **MONEY, pilot=sure))
    # 200 customers held out of one list, and 200 contacted of the other.
    forgone, gain = made.choice.forgone, other.gain
    assert other.contacted == made.choice.customers == 200
    assert forgone.value == pytest.approx(gain.value, rel=0.1)
    assert forgone.high - forgone.low == pytest.approx(gain.high - gain.low, rel=0.1)


def test_an_effect_above_zero_and_a_pilot_of_other_customers_are_told():
    harm = make_plan(PlanSection(**{**WANTED, "effect": 0.02}))
    assert "more leave because of the contact" in harm.verdict
    assert any("effect: -0.02" in note for note in harm.notes)
    other = make_plan(PlanSection(**{**WANTED, "base_rate": 0.15}, **MONEY, pilot=PILOT))
    assert any("10.0 % of the pilot's control group left" in note for note in other.notes)
    same = make_plan(PlanSection(**WANTED, **MONEY, pilot=PILOT))
    assert not any("control group left" in note for note in (*same.notes, same.verdict))


@pytest.mark.parametrize(
    ("customers", "said"),
    [(30_000, "Hold out 3,000"), (15_000, "Or hold out more"), (1_000, "Or do both")],
)
def test_the_page_says_what_to_do(customers, said):
    page = plan_page(make_plan(PlanSection(**{**WANTED, "customers": customers})))
    assert "What to do" in page
    assert said in page
