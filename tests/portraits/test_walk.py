"""One walk: personas of one month are assigned to the next, and join scores, groups, list, lift."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign.allocation_job import allocate_customers
from dbnchurn.campaign.config import LiftSection
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.measurement import measure
from dbnchurn.campaign.options import AllocateConfig
from dbnchurn.campaign.outcomes import Outcomes
from dbnchurn.campaign.scored_customers import ScoredCustomers
from dbnchurn.evaluate.groups import by_group
from dbnchurn.personas.assignment import assign_file
from dbnchurn.portraits import PortraitConfig, write_portraits
from dbnchurn.runs.personas import run
from dbnchurn.runs.personas_config import PersonasConfig
from dbnchurn.scoring.job import score_file


@pytest.fixture(scope="module")
def walked(draw_customers, shared_model, tmp_path_factory):
    """The folder after personas → assign → score → allocate."""
    place = tmp_path_factory.mktemp("walk")
    august, left = draw_customers(600)
    august.assign(customer=[f"A{k}" for k in range(600)], churned=left).to_parquet(
        place / "august.parquet"
    )
    september, _ = draw_customers(800, seed=1)
    september = september.assign(customer=[f"C{k:04d}" for k in range(800)])
    september.to_parquet(place / "september.parquet")
    found = run(
        PersonasConfig.model_validate(
            {
                "source": {"path": str(place / "august.parquet")},
                "columns": {"id": "customer", "label": "churned"},
                "output": place / "runs",
                "personas": {"n_personas": 3, "n_starts": 3, "refits": 2},
            }
        )
    )
    assign_file(found, str(place / "september.parquet"), place / "assigned.csv")
    score_file(
        shared_model, place / "september.parquet", place / "scores.csv", id="customer", reasons=2
    )
    scores, personas = pd.read_csv(place / "scores.csv"), pd.read_csv(place / "assigned.csv")
    joined = scores.merge(personas, left_on="id", right_on="customer", validate="one_to_one")
    joined.drop(columns="customer").to_csv(place / "scored_personas.csv", index=False)
    plan = AllocateConfig.model_validate(
        {
            "campaign": "autumn", "contact_date": "2026-09-05", "currency": "EUR",
            "customers": {"path": str(place / "scored_personas.csv")}, "id": "id", "worth": 500,
            "effect_of": "contact", "offers": {"discount": {"effect": 0.3, "error": 0.05}},
            "channels": {"mail": {"cost": 0.5}}, "control": 0.3,
        }
    )  # fmt: skip
    allocate_customers(plan, place / "list.csv", log_to=place / "log.csv")
    return place, found, joined


def test_every_customer_of_the_next_month_has_score_and_persona(walked):
    _, _, joined = walked
    assert len(joined) == 800
    assert joined["persona"].notna().all()


def test_personas_are_groups_of_a_report(walked, draw_customers):
    _, left = draw_customers(800, seed=1)
    _, _, joined = walked
    found = by_group(left, joined["probability"], joined["persona"], 0.5, resamples=20)
    counted = joined["persona"].value_counts()
    assert {row["name"]: row["rows"] for row in found if not row["pooled"]} == counted.to_dict()


def test_lift_is_told_by_persona(walked):
    place, _, joined = walked
    log = ContactLog.read(place / "log.csv")
    generator = np.random.default_rng(0)
    saved = np.where(log.frame["arm"] == "control", 1.0, 0.5)
    left = (generator.random(len(saved)) < log.frame["score"] * saved) * 1
    outcomes = Outcomes.of(
        pd.DataFrame({"customer": log.frame["customer"], "left": left}), "outcomes"
    )
    known = joined.drop(columns="id")  # the column customer of the assignment is the same
    measured = measure(
        log, outcomes, LiftSection(by=("persona",)), scores=ScoredCustomers.of(known, "scores")
    )
    told = {group.group for group in measured.groups if group.breakdown == "persona"}
    contacted = set(joined[joined["id"].isin(log.frame["customer"])]["persona"])
    assert told <= contacted
    assert told


def test_the_portrait_of_the_walk_shows_all_of_it(walked):
    place, found, joined = walked
    day = "2026-09-01"
    config = PortraitConfig.model_validate(
        {
            "id": "customer",
            "customers": {"path": str(place / "september.parquet"), "as_of": day},
            "basic": ["age", "since"], "behaviour": ["debt", "plan", "tv"],
            "scores": {"path": str(place / "scores.csv"), "as_of": day},
            "personas": {"path": str(place / "assigned.csv"), "as_of": day},
            "words": str(found / "personas.csv"),
            "log": {"path": str(place / "log.csv"), "as_of": day},
            "plan": {"path": str(place / "list.csv"), "as_of": day},
        }
    )  # fmt: skip
    write_portraits(config, profiles=place / "profiles.jsonl")
    profiles = [json.loads(line) for line in (place / "profiles.jsonl").open(encoding="utf-8")]
    scores = joined.set_index("id")
    for profile in profiles:
        own = scores.loc[profile["customer"]]
        assert profile["persona"]["name"] == own["persona"]
        assert profile["persona"]["words"]
        assert profile["risk"]["probability"] == pytest.approx(own["probability"], rel=1e-12)
        assert len(profile["risk"]["reasons"]) == 2
        # The contacts of the list lie after the day of the log: planned, not made.
        assert profile["contacts"]["contacts"] == 0
    listed = pd.read_csv(place / "list.csv")
    planned = [p["customer"] for p in profiles if p["next"]["actions"]]
    assert sorted(planned) == sorted(listed["customer"])
