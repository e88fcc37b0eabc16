"""What was known of the customers before a campaign: scores, and groups to divide them by."""

import numpy as np
import pytest

from dbnchurn.campaign import ContactLog, Outcomes, measure
from dbnchurn.campaign.config import LiftSection
from dbnchurn.campaign.scored_customers import NOT_KNOWN, ScoredCustomers
from dbnchurn.core.errors import ConfigError, DataError
from tests.campaign.test_measurement import simulated


@pytest.fixture(scope="module")
def campaign():
    log, outcomes = simulated(2000)
    before = log[["customer", "score"]].rename(columns={"score": "probability"})
    before["persona"] = np.where(log["offer"] == "data", "downloads", "saves")
    return log, outcomes, before


def lift(campaign, log=None, before=None, **settings):
    given, outcomes, usual = campaign
    return measure(
        ContactLog.of(given if log is None else log),
        Outcomes.of(outcomes),
        LiftSection(**settings),
        scores=ScoredCustomers.of(usual if before is None else before, "scores.csv"),
    )


def test_scores_of_a_table_are_those_of_the_log(campaign):
    log, outcomes, _ = campaign
    own = measure(ContactLog.of(log), Outcomes.of(outcomes), LiftSection())
    given = lift(campaign, log=log.drop(columns="score"))
    assert given.effect == own.effect
    noise = campaign[2].sample(frac=1, random_state=1)  # whatever the order of the rows
    assert lift(campaign, before=noise).effect == own.effect


def test_a_column_divides_the_customers_as_a_column_of_the_log_does(campaign):
    found = lift(campaign, by=("persona",), worth=1.0)
    groups = {(g.breakdown, g.group): g.effect for g in found.groups}
    assert groups["persona", "downloads"] == groups["offer", "data"]
    assert groups["persona", "saves"] == groups["offer", "discount"]
    assert found.differences["persona"] == found.differences["offer"]


def test_customers_who_are_not_in_the_table_are_a_group_and_said(campaign):
    found = lift(campaign, before=campaign[2].iloc[500:], by=("persona",))
    rows = {g.group: g.rows for g in found.groups if g.breakdown == "persona"}
    assert rows[NOT_KNOWN] == 500
    said = " ".join(found.notes)
    assert "500 customers of the log are not in scores.csv" in said
    assert "scores are those of scores.csv, not those of the log" in said


@pytest.mark.parametrize(
    ("change", "by", "error", "told"),
    [
        ({"customer": None}, (), DataError, "no column 'customer'"),
        ({"probability": None}, (), DataError, "no column 'score' or 'probability'"),
        ({"probability": 3.0}, (), DataError, r"no probability from 0 to 1 in 2000 rows"),
        ({"customer": "c1"}, (), DataError, "has a customer again in 1999 rows"),
        ({}, ("persna",), ConfigError, "did you mean 'persona'"),
        ({}, ("offer",), ConfigError, "shown in any case"),
        ({}, ("score",), ConfigError, "2,000 different numbers"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(campaign, change, by, error, told):
    before = campaign[2].copy()
    for name, value in change.items():
        before = before.drop(columns=name) if value is None else before.assign(**{name: value})
    with pytest.raises(error, match=told):
        lift(campaign, before=before, by=by)


def test_other_ids_and_columns_without_a_table_are_refused(campaign):
    log, outcomes, before = campaign
    other = before.assign(customer=[f"x{k}" for k in range(len(before))])
    with pytest.raises(DataError, match=r"none of the 2000 customers.*are in scores\.csv"):
        lift(campaign, before=other)
    with pytest.raises(ConfigError, match="name it with --scores FILE"):
        measure(ContactLog.of(log), Outcomes.of(outcomes), LiftSection(by=("persona",)))
