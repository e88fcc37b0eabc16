"""Campaigns in a history: whole, the same however often they are written, refused where broken."""

import json
from datetime import date

import pandas as pd
import pytest

from dbnchurn.campaign.config import LiftSection
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.measurement import measure
from dbnchurn.campaign.outcomes import Outcomes
from dbnchurn.core.errors import DataError
from dbnchurn.months.campaign_months import add_campaign, campaign_facts, read_campaigns
from dbnchurn.months.history import add_month, read_history
from tests.months.made_months import draw, scored

JULY, AUGUST = date(2024, 7, 1), date(2024, 8, 1)


def lift(name="spring", control_left=0.3):
    """A hundred customers in each arm; of those contacted a tenth left."""
    arm = ["contact"] * 100 + ["control"] * 100
    left = [k < 10 for k in range(100)] + [k < 100 * control_left for k in range(100)]
    log = ContactLog.of(
        pd.DataFrame(
            {"customer": range(200), "campaign": name, "offer": "discount", "channel": "mail",
             "arm": arm, "propensity": 0.5, "contact_date": "2024-07-03"}
        )
    )  # fmt: skip
    outcomes = Outcomes.of(pd.DataFrame({"customer": range(200), "left": left}))
    return measure(log, outcomes, LiftSection())


def test_what_is_kept_is_what_was_measured(tmp_path):
    made = lift()
    assert "added" in add_campaign(tmp_path / "history", JULY, campaign_facts(made))
    (found,) = read_campaigns(tmp_path / "history")
    assert (found.month, found.campaign, found.claim) == (JULY, "spring", "kept")
    assert (found.effect, found.low, found.high) == (
        made.effect.value,
        made.effect.low,
        made.effect.high,
    )
    assert (found.contacted, found.control) == (100, 100)
    assert "kept customers" in found.sentence


def test_order_and_repetition_change_nothing(tmp_path):
    facts = [(JULY, "spring"), (JULY, "autumn"), (AUGUST, "spring")]
    for day, name in facts:
        add_campaign(tmp_path / "one", day, campaign_facts(lift(name)))
    for day, name in [*reversed(facts), *facts]:
        add_campaign(tmp_path / "two", day, campaign_facts(lift(name)))
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("one", "two"))
    assert one == two
    assert "the same" in add_campaign(tmp_path / "one", JULY, campaign_facts(lift()))
    again = campaign_facts(lift(control_left=0.2))
    assert "replaced by another result" in add_campaign(tmp_path / "one", JULY, again)
    assert len(read_campaigns(tmp_path / "one")) == 3


def test_months_of_models_are_beside_them(tmp_path):
    add_campaign(tmp_path / "history", JULY, campaign_facts(lift()))
    add_month(tmp_path / "history", JULY, "0a1b", "scores", scored(draw(0, n=300)[0]))
    assert len(read_history(tmp_path / "history")) == 1
    assert len(read_campaigns(tmp_path / "history")) == 1


def test_what_does_not_hold_campaigns_is_refused(tmp_path):
    add_campaign(tmp_path, JULY, campaign_facts(lift()))
    path = tmp_path / "campaigns.2024-07-01.json"
    stored = json.loads(path.read_text())
    wrong = {**stored, "campaigns": {"spring": {"effect": 1}}}
    renamed = {**stored, "month": "2024-08-01"}
    for broken in ("{", "[]", *map(json.dumps, ({**stored, "format": 9}, wrong, renamed))):
        path.write_text(broken)
        with pytest.raises(DataError, match=r"campaigns\.2024-07-01\.json"):
            read_campaigns(tmp_path)


def test_a_file_of_another_format_is_not_to_be_removed(tmp_path):
    add_campaign(tmp_path, JULY, campaign_facts(lift()))
    path = tmp_path / "campaigns.2024-07-01.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 9}))
    with pytest.raises(DataError, match="format 9; this version reads 1") as refused:
        read_campaigns(tmp_path)
    assert "remove" not in str(refused.value)
