"""From a scored table and a config to list, log rows, facts and page."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from dbnchurn.campaign.allocation_job import allocate_customers, plan_campaign
from dbnchurn.campaign.allocation_page import allocation_page
from dbnchurn.campaign.allocation_result import AllocationResult
from dbnchurn.campaign.allocation_text import NO_PROMISE, price_words, summary
from dbnchurn.campaign.config import read_campaign_config
from dbnchurn.campaign.eligibility import find_eligible
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.pilot import value_on_pilot
from dbnchurn.cli import main
from dbnchurn.core.errors import ConfigError, DataError

CONFIG = {
    "campaign": "autumn",
    "contact_date": "2026-09-01",
    "currency": "EUR",
    "customers": {"path": "scores.csv"},
    "id": "id",
    "worth": 240,
    "effect_of": "contact",
    "offers": {
        "discount": {"effect": 0.3, "error": 0.05, "acceptance": 0.3, "cost": 20, "stock": 40},
        "thanks": {"effect": 0.05, "error": 0.02},
    },
    "channels": {"call": {"cost": 5, "capacity": 30}, "mail": {"cost": 0.5}},
    "options": [{"offer": "thanks", "channel": "call", "excluded": True}],
    "budget": 200,
    "control": 0.1,
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working folder, with 400 scored customers."""
    g = np.random.default_rng(0)
    scores = pd.DataFrame(
        {
            "id": [f"{i:04d}" for i in range(400)],
            "probability": g.beta(1, 5, 400).round(4),
            "months": g.integers(0, 40, 400),
            "agreed": np.where(g.random(400) < 0.7, "yes", "no"),
        }
    )
    scores.to_csv(tmp_path / "scores.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config_of(place, **changes):
    (place / "c.yaml").write_text(yaml.safe_dump({"allocate": {**CONFIG, **changes}}))
    return read_campaign_config("c.yaml").for_allocate()


def test_the_command_writes_list_page_facts_and_log(place, capsys):
    config_of(place, explore=0.1)
    arguments = ["c.yaml", "--output", "list.csv", "--page", "p.html", "--facts", "f.json"]
    with pytest.raises(SystemExit) as end:
        main(["allocate", *arguments, "--log", "log.csv"])
    assert not end.value.code
    made = pd.read_csv("list.csv", dtype={"customer": str})
    facts = json.loads((place / "f.json").read_text())
    contacted = made["arm"] != "control"
    assert facts["contacted"] == contacted.sum()
    assert facts["cost"] == pytest.approx(made["cost"][contacted].sum(), abs=0.01)
    assert facts["cost"] <= 200
    assert (made["channel"][contacted] == "call").sum() <= 30
    assert (made["offer"][contacted] == "discount").sum() <= 40
    assert set(made["customer"]) <= {f"{i:04d}" for i in range(400)}
    log = ContactLog.read("log.csv").frame
    assert sorted(log["customer"]) == sorted(made["customer"])
    said = capsys.readouterr().out
    assert NO_PROMISE in said
    page = (place / "p.html").read_text()
    assert "No promise" in page
    assert "Content-Security-Policy" in page
    assert f"{facts['contacted']:,} of 400 customers are contacted" in page


def test_a_total_gets_no_place_on_the_list(place, caplog):
    clean = allocate_customers(config_of(place), place / "clean.csv")
    with (place / "scores.csv").open("a") as file:
        file.write("Total,1.0,,\n")
    summed = allocate_customers(config_of(place), place / "summed.csv")
    pd.testing.assert_frame_equal(summed.contacts, clean.contacts)
    assert "a total, not a customer, in 1 row (row 401), such as 'Total': left out" in caplog.text


def test_a_customer_of_the_campaign_is_not_contacted_again(place):
    first = allocate_customers(config_of(place), place / "a.csv", log_to=place / "log.csv")
    again = config_of(place, log={"path": "log.csv"})
    second = allocate_customers(again, place / "b.csv")
    assert not set(first.contacts["customer"]) & set(second.contacts["customer"])
    assert dict(second.eligibility.excluded)["in the campaign autumn already"] == len(
        first.contacts
    )


def test_of_each_customer_the_first_reason_counts(place):
    (place / "no.txt").write_text("0001\n")
    config = config_of(place, suppress="no.txt", when={"probability": {"at_most": 2}})
    frame = pd.read_csv("scores.csv", dtype={"id": str})
    found = find_eligible(frame, frame["id"], config, None)
    assert dict(found.excluded) == {
        "on the suppression list no.txt": 1,
        "not probability at most 2": 0,
    }
    assert found.open.sum() == 399 * 3


def test_frequency_counts_contacts_in_the_days_around(place):
    rows = [
        ("0001", "call", "contact", "2026-08-20"),
        ("0002", "mail", "contact", "2026-06-01"),
        ("0003", "mail", "control", "2026-08-20"),
        ("0004", "mail", "explore", "2026-08-20"),
    ]
    past = pd.DataFrame(rows, columns=["customer", "channel", "arm", "contact_date"])
    past.assign(campaign="july", offer="discount", propensity=0.5).to_csv("log.csv", index=False)
    log = {"path": "log.csv"}
    anything = config_of(place, log=log, frequency=[{"contacts": 1, "days": 30}])
    found = allocate_customers(anything, place / "a.csv")
    assert dict(found.eligibility.excluded)["more than 1 contacts in 30 days"] == 2
    calls = config_of(place, log=log, frequency=[{"contacts": 1, "days": 30, "channel": "call"}])
    found = allocate_customers(calls, place / "b.csv")
    closed = dict(found.eligibility.closed)
    assert closed == {"channel call: more than 1 contacts in 30 days": 1}
    with pytest.raises(ConfigError, match="frequency needs the contacts of the past: give 'log'"):
        config_of(place, frequency=[{"contacts": 1, "days": 30}])


def test_rules_and_suppression_keep_customers_off_and_are_counted(place):
    (place / "no.txt").write_text("0001\n0002\n")
    scores = pd.read_csv("scores.csv", dtype={"id": str})
    config = config_of(
        place,
        suppress="no.txt",
        when={"months": {"at_least": 3}},
        channels={"call": {"cost": 5, "when": {"agreed": {"one_of": ["yes"]}}}, "mail": {}},
    )
    found = allocate_customers(config, place / "a.csv")
    young = scores["months"] < 3
    off = scores["id"].isin(["0001", "0002"])
    assert dict(found.eligibility.excluded) == {
        "on the suppression list no.txt": 2,
        "not months at least 3": int((young & ~off).sum()),
    }
    refused = int((scores["agreed"] == "no").sum())
    assert dict(found.eligibility.closed) == {"channel call: not agreed one of yes": refused}
    called = found.contacts[found.contacts["channel"] == "call"]["customer"]
    agreed = scores.set_index("id")["agreed"]
    assert (agreed[called] == "yes").all()
    assert not set(found.contacts["customer"]) & set(scores["id"][young | off])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "idd"}, r"scores.csv: there is no column 'idd' \(id\): did you mean 'id'"),
        ({"worth": "wrth"}, r"the customers have no column 'wrth'"),
        ({"worth": "agreed"}, r"column 'agreed' holds text where numbers are wanted"),
        ({"when": {"age": {"above": 1}}}, r"when: the customers have no column 'age'"),
        ({"when": {"agreed": {"above": 1}}}, r"column 'agreed' holds text, and the condition"),
        ({"when": {"agreed": {"one_of": ["ja"]}}}, r"column 'agreed' nowhere holds 'ja'"),
        ({"when": {"months": {"above": 99}}}, r"nobody may be contacted: 400 not months above 99"),
    ],
)
def test_tables_that_do_not_fit_are_refused(place, changes, message):
    with pytest.raises(DataError, match=message):
        allocate_customers(config_of(place, **changes), place / "a.csv")
    assert not (place / "a.csv").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"effect_of": "guess"}, r"effect_of"),
        ({"budget": -1}, r"budget"),
        ({"offers": {"thanks": {}}}, r"thanks by mail: nothing says what it does"),
        ({"offers": {"thanks": {"effect": 0.1, "cost": 2}}}, r"give 'acceptance'"),
        ({"options": [{"offer": "thank", "channel": "mail"}]}, r"options: no offer 'thank'"),
        ({"options": [{"offer": "thanks", "channel": "fax"}]}, r"options: no channel 'fax'"),
    ],
)
def test_configs_that_say_too_little_are_refused(place, changes, message):
    with pytest.raises(ConfigError, match=message):
        config_of(place, **changes)


def test_what_is_wrong_with_customers_is_said_at_once(place):
    scores = pd.read_csv("scores.csv", dtype={"id": str})
    scores.loc[3, "id"] = "0001"
    scores.loc[5, "id"] = None
    scores.to_csv("scores.csv", index=False)
    with pytest.raises(DataError, match=r"'id' is empty in 1 row \(row 6\).*'0001': keep one row"):
        allocate_customers(config_of(place), place / "a.csv")
    scores = scores.drop(index=[3, 5])
    scores.loc[0, "probability"] = 1.5
    scores.loc[1, "probability"] = None
    scores.to_csv("scores.csv", index=False)
    with pytest.raises(DataError, match=r"empty or infinite in 1 row.*1.5 in 1 row .row 1.: allow"):
        allocate_customers(config_of(place), place / "a.csv")


def test_outputs_overwrite_no_input_and_several_contacts_have_no_log(place):
    with pytest.raises(ConfigError, match=r"--output and customers are the same file"):
        allocate_customers(config_of(place), place / "scores.csv")
    several = config_of(place, max_contacts=2)
    with pytest.raises(ConfigError, match=r"a contact log has one row a customer and campaign"):
        allocate_customers(several, place / "a.csv", log_to=place / "log.csv")


def pilot_tables(place, lift: float) -> dict:
    """A pilot of 8,000 customers, all contacted with one option or held out."""
    g = np.random.default_rng(1)
    n = 8_000
    ids = [f"P{i}" for i in range(n)]
    probability = g.beta(2, 5, n)
    held = g.random(n) < 0.5
    left = g.random(n) < probability * np.where(held, 1.0, 1 - lift)
    pd.DataFrame({"id": ids, "probability": probability}).to_csv("pilot.csv", index=False)
    log = pd.DataFrame({"customer": ids, "campaign": "pilot", "offer": "thanks", "channel": "mail"})
    log["arm"], log["propensity"] = np.where(held, "control", "contact"), 0.5
    log.assign(contact_date="2026-05-01").to_csv("pilot_log.csv", index=False)
    pd.DataFrame({"customer": ids, "left": left.astype(int)}).to_csv("outcomes.csv", index=False)
    pd.DataFrame({"customer": ids[:1_000]}).to_csv("used.csv", index=False)
    return {
        "log": {"path": "pilot_log.csv"},
        "outcomes": {"path": "outcomes.csv"},
        "customers": {"path": "pilot.csv"},
        "used_for_effects": "used.csv",
    }


def test_the_promise_is_measured_on_pilot_rows_and_not_the_plans_own_estimate(place):
    pilot = pilot_tables(place, lift=0.1)
    # The config believes in five times the true effect.
    config = config_of(
        place,
        offers={"thanks": {"effect": 0.5}},
        channels={"mail": {"cost": 0.5}},
        options=[],
        budget=None,
        control=0.0,
        pilot=pilot,
    )
    found = allocate_customers(config, place / "a.csv", page=place / "p.html")
    plan = found.plan
    promise, _ = value_on_pilot(config, plan)
    assert promise == found.promise
    score = found.contacts["score"]
    truth = float((0.1 * score * 240 - 0.5).sum())
    assert promise.contacts == len(plan.customer)
    assert promise.low < promise.value < promise.high
    assert plan.value.sum() > 3 * truth
    # The pilot's customers leave more often than these: per point of churn it is the same.
    pilot_rows = pd.read_csv("pilot.csv")["probability"]
    per_customer = float(0.1 * pilot_rows.mean() * 240 - 0.5)
    assert promise.low < per_customer * promise.contacts < promise.high
    assert any("1000 rows made the effects" in note for note in found.notes)
    assert "Promise:" in allocation_page(found)
    assert "promise nothing" in summary(found)


def test_planned_options_of_a_pilot_are_compared_with_their_own_control_group(place):
    """Who was held out from another option is no control, unless options were drawn."""
    pilot = pilot_tables(place, lift=0.1)
    log, customers = pd.read_csv("pilot_log.csv"), pd.read_csv("pilot.csv")
    outcomes = pd.read_csv("outcomes.csv")
    other = customers.assign(id="x" + customers["id"].astype(str))
    more = log[log["arm"] == "control"].assign(channel="call")
    more["customer"] = "x" + more["customer"].astype(str)
    pd.concat([customers, other]).to_csv("pilot.csv", index=False)
    leavers = outcomes.assign(customer="x" + outcomes["customer"].astype(str), left=1)
    pd.concat([outcomes, leavers]).to_csv("outcomes.csv", index=False)
    how = {
        "offers": {"thanks": {"effect": 0.5}}, "channels": {"mail": {"cost": 0.5}}, "options": [],
        "budget": None, "control": 0.0, "pilot": pilot,
    }  # fmt: skip
    config = config_of(place, **how)
    plan = allocate_customers(config, place / "a.csv").plan
    pd.concat([log, more]).to_csv("pilot_log.csv", index=False)
    planned, _ = value_on_pilot(config, plan)
    drawn = pd.concat([log, more]).replace({"arm": {"contact": "explore"}})
    drawn.to_csv("pilot_log.csv", index=False)
    every, _ = value_on_pilot(config, plan)
    assert 0.99 * len(more) < every.rows - planned.rows <= len(more)
    assert every.value > planned.value + planned.high - planned.low  # all of the others left


def test_prices_are_said_in_words(place):
    found = allocate_customers(config_of(place), place / "a.csv")
    assert json.loads(json.dumps(found.facts())) == found.facts()
    words = [price_words(use, "EUR") for use in found.plan.uses]
    assert any(text.startswith("One more EUR of budget brings") for text in words)
    assert len(words) == 3


@pytest.mark.parametrize("nothing", ["budget", "worth"])
def test_where_nothing_can_be_done_the_list_is_empty_and_says_so(place, nothing):
    channels = {"call": {"cost": 5}, "mail": {"cost": 0.5}}
    config = config_of(place, channels=channels, **{nothing: 0})
    found = allocate_customers(
        config, place / "a.csv", page=place / "a.html", log_to=place / "log.csv"
    )
    assert not len(found.contacts)
    assert not len(pd.read_csv(place / "a.csv"))
    assert any("the list is empty" in note for note in found.notes)
    assert "the list is empty" in (place / "a.html").read_text()


def test_a_list_without_control_group_says_that_its_effect_cannot_be_told(place):
    found = allocate_customers(config_of(place, control=0), place / "a.csv")
    assert any("no control group" in note for note in found.notes)
    assert "nobody is held out" in summary(found)


def notes_with(words: str, found: AllocationResult) -> list[str]:
    return [note for note in found.notes if words in note]


def test_options_of_which_nobody_is_held_out_are_named(place):
    """Eleven of the second offer have somebody held out; three of the first have nobody."""
    offers = {"few": {"effect": 0.9, "stock": 3}, "many": {"effect": 0.5, "stock": 11}}
    how = {"offers": offers, "channels": {"mail": {"cost": 0.5}}, "options": [], "budget": None}
    found = allocate_customers(config_of(place, **how), place / "a.csv")
    (said,) = notes_with("nobody is held out", found)
    assert "few by mail (3)" in said
    assert "many" not in said
    held = found.contacts[found.contacts["arm"] == "control"]
    assert set(held["offer"]) == {"many"}


def test_conditions_on_a_pilot_are_those_of_its_customers(place):
    pilot = pilot_tables(place, lift=0.1)
    customers = pd.read_csv("pilot.csv")
    # Columns of the log's and the outcomes' names, that say something else of the customer.
    told = customers.assign(channel="shop", accepted="of the terms", left="handed")
    told.to_csv("pilot.csv", index=False)
    scores = pd.read_csv("scores.csv", dtype={"id": str}).assign(channel="shop")
    scores.to_csv("scores.csv", index=False)
    how = {
        "offers": {"thanks": {"effect": 0.5}}, "channels": {"mail": {"cost": 0.5}}, "options": [],
        "budget": None, "control": 0.0, "pilot": pilot,
    }  # fmt: skip
    plain = config_of(place, **how)
    plan = allocate_customers(plain, place / "a.csv").plan
    expected, _ = value_on_pilot(plain, plan)
    found, _ = value_on_pilot(config_of(place, **how, when={"channel": {"one_of": ["shop"]}}), plan)
    assert found == expected
    none, _ = value_on_pilot(config_of(place, **how, when={"channel": {"one_of": ["mail"]}}), plan)
    assert none != expected


def test_columns_that_the_customers_of_a_pilot_lack_are_named_with_its_file(place):
    scores = pd.read_csv("scores.csv", dtype={"id": str}).assign(gain=100.0)
    scores.to_csv("scores.csv", index=False)
    config = config_of(
        place, worth="gain", when={"months": {"above": 1}}, pilot=pilot_tables(place, 0.1)
    )
    with pytest.raises(DataError, match=r"pilot: pilot.csv: .*no column 'gain'.*when: .*'months'"):
        allocate_customers(config, place / "a.csv")


@pytest.mark.parametrize(
    ("offer", "told"),
    [
        ({"uplift": 25}, "uplift 25: give a reduction of the probability from -1 to 1"),
        ({"effect": 0.2, "error": "spread"}, "'error' is a column, and the effect one number"),
    ],
)
def test_effects_that_cannot_be_are_refused(place, offer, told):
    with pytest.raises(ConfigError, match=told):
        config_of(place, offers={"thanks": offer}, channels={"mail": {}}, options=[])


@pytest.mark.parametrize("named", [True, False])
def test_the_control_group_of_a_running_campaign_is_left_alone(place, named):
    first = allocate_customers(
        config_of(place, control=0.4), place / "a.csv", log_to=place / "log.csv"
    ).contacts
    held = set(first.loc[first["arm"] == "control", "customer"])
    log = {"log": {"path": "log.csv"}} if named else {}

    def listed(**changes):
        config = config_of(place, campaign="winter", control=0.4, **log, **changes)
        to = None if named else place / "log.csv"
        made = plan_campaign(config, added_to=to)
        return made, set(made.contacts["customer"])

    made, customers = listed(contact_date="2026-10-01")
    assert not held & customers
    assert dict(made.eligibility.excluded)["held out in another campaign within 90 days"] == len(
        held
    )
    assert "What to do" in allocation_page(made)
    assert held & listed(contact_date="2026-10-01", keep_control=0)[1]
    assert held & listed(contact_date="2027-01-01")[1]


def test_every_campaign_holds_out_other_customers(place):
    config = {"control": 0.5, "budget": None, "channels": {"mail": {"cost": 0.5}}, "options": []}
    held = []
    for campaign in ("autumn", "winter"):
        made = plan_campaign(config_of(place, campaign=campaign, **config)).contacts
        held.append(set(made.loc[made["arm"] == "control", "customer"]))
    shared = len(held[0] & held[1]) / len(held[0])
    # Drawn anew: half of them, within four standard deviations.
    assert abs(shared - 0.5) < 4 * (0.25 / len(held[0])) ** 0.5
