"""The one formula, and caution against noisy estimates."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign.options import AllocateConfig
from dbnchurn.campaign.shrinkage import shrunk_to_mean
from dbnchurn.campaign.values import cautious_effects, value_customers

CUSTOMERS = pd.DataFrame(
    {
        "id": [1, 2],
        "probability": [0.4, 0.1],
        "u": [0.2, -0.1],
        "a": [0.5, 0.25],
        "w": [100.0, 50.0],
    }
)


def config(offer: dict, **changes) -> AllocateConfig:
    given = {
        "campaign": "c",
        "contact_date": "2026-01-01",
        "currency": "EUR",
        "customers": {"path": "x.csv"},
        "id": "id",
        "worth": "w",
        "effect_of": "contact",
        "offers": {"o": {"cost": 10.0, "margin": 4.0, **offer}},
        "channels": {"k": {"cost": 2.0}},
    }
    return AllocateConfig.model_validate({**given, **changes})


@pytest.mark.parametrize(
    ("offer", "of", "values", "costs"),
    [
        # 0.25 · 0.4 · 100 + 0.5 · (4 − 10) − 2
        ({"effect": 0.25, "acceptance": "a"}, "contact", [5.0, -2.25], [7.0, 4.5]),
        ({"effect": 0.25, "acceptance": "a"}, "acceptance", [0.0, -3.1875], [7.0, 4.5]),
        ({"uplift": "u", "acceptance": 0.5}, "contact", [15.0, -10.0], 7.0),
        ({"effect": 0.25, "cost": 0.0, "margin": 0.0}, "contact", [8.0, -0.75], 2.0),
    ],
)
def test_the_formula(offer, of, values, costs):
    found = value_customers(CUSTOMERS, config(offer, effect_of=of))
    np.testing.assert_allclose(found.values[:, 0], values, rtol=1e-6)
    np.testing.assert_allclose(found.costs.reshape(-1), costs, rtol=1e-6)


def test_a_budget_for_every_acceptance_counts_the_whole_offer():
    given = config({"effect": 0.2, "acceptance": "a"}, budget_covers="every acceptance")
    assert value_customers(CUSTOMERS, given).costs.tolist() == [12.0]


def test_what_has_no_standard_error_is_said():
    _, notes = cautious_effects(config({"effect": 0.2, "acceptance": 0.5}))
    assert "no standard error" in notes[0]


def test_shrinking_lies_between_estimate_and_mean_and_lowers_the_error():
    g = np.random.default_rng(0)
    truth = g.normal(1, 1, 4_000)
    errors = g.choice([0.5, 2.0], 4_000)
    seen = truth + errors * g.normal(size=4_000)
    shrunk = shrunk_to_mean(seen, errors)
    mean = np.average(seen, weights=1 / (errors**2 + 1))
    between = (shrunk - seen) * (shrunk - mean)
    assert (between <= 1e-2).all()
    assert ((shrunk - truth) ** 2).mean() < 0.6 * ((seen - truth) ** 2).mean()
    # Who is chosen because he is high is no longer too high.
    top = np.argsort(-shrunk)[:400]
    assert abs(shrunk[top].mean() - truth[top].mean()) < 0.15 < seen[top].mean() - truth[top].mean()


def test_two_estimates_stay_as_they_are():
    assert shrunk_to_mean([1.0, 2.0], 5.0).tolist() == [1.0, 2.0]


def test_notes_on_estimates_name_the_channel_where_they_differ_by_it():
    given = config(
        {"effect": 0.2, "error": 0.1},
        channels={"k": {}, "l": {}, "m": {}},
        offers={"o": {"effect": 0.2, "error": 0.1}, "same": {"effect": 0.6, "error": 0.1}},
        options=[{"offer": "o", "channel": "l", "effect": 0.3, "error": 0.1}],
    )
    _, notes = cautious_effects(given)
    said = [note.partition(":")[0] for note in notes if note.startswith("effect of")]
    assert sorted(said) == ["effect of o by k, o by m", "effect of o by l", "effect of same"]
