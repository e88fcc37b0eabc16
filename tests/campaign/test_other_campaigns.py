"""Control groups of campaigns that still run, and contacts that another campaign made."""

from datetime import date

import pandas as pd

from dbnchurn.campaign import ContactLog
from dbnchurn.campaign.other_campaigns import contacts_elsewhere, held_out_elsewhere
from tests.campaign.test_log import make_log


def test_control_groups_are_left_alone_while_their_campaign_runs():
    log = ContactLog.of(make_log(8), "log.csv")  # of 2026-03-01
    held = set(log.frame.loc[log.frame["arm"] == "control", "customer"])
    ids = pd.Series([*log.frame["customer"], "new"])
    name = log.campaigns[0]
    found = held_out_elsewhere(log, ids, "next", date(2026, 4, 1))
    assert set(ids[found]) == held
    assert held
    assert not held_out_elsewhere(log, ids, name, date(2026, 4, 1)).any()
    assert not held_out_elsewhere(log, ids, "next", date(2026, 3, 31), 30).any()
    assert held_out_elsewhere(log, ids, "next", date(2026, 2, 1), 30).any()


def test_a_contact_counts_within_the_window_of_its_customer_alone():
    log = ContactLog.of(make_log(8), "log.csv").frame
    other = log.assign(campaign="other", arm="contact")
    days = pd.to_datetime(["2026-02-28", "2026-03-01", "2026-03-10", "2026-03-11"] * 2)
    whole = pd.concat([log, other.assign(contact_date=days)], ignore_index=True)
    found = contacts_elsewhere(whole, log, 10)
    assert sum(count for count, _ in found.contacted.values()) == 4
    assert found.campaigns == ("other",)
    assert sum(count for count, _ in contacts_elsewhere(whole, log, None).contacted.values()) == 6
    assert contacts_elsewhere(log, log, 10).sentence == ""
