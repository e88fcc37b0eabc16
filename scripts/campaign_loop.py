"""One campaign from start to end on simulated customers, with the commands that a user types.

    python scripts/campaign_loop.py --customers 40000 --output loop

A model learns from a month without contacts; a random test (pilot) says what each offer does; then
train, plan, allocate, a simulated month, lift, and training again with and without feedback. What
the simulator knows stands beside what the commands say. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from campaign_learning import Month

from dbnchurn.campaign import Allocate, Option
from dbnchurn.cli import main as command_line
from dbnchurn.data.simulate.campaigns import (
    ARMS,
    Contacts,
    draw_contacts,
    leaving_after,
    log_table,
    outcome_table,
)
from dbnchurn.data.simulate.responses import CONTACT_COST, MARGIN, OFFER_COST, OFFERS, OPTIONS
from dbnchurn.evaluate import Ranking
from dbnchurn.evaluate.metrics import average_precision

DAY, DAYS = "2026-09-01", 30
SMALL = (
    "classifier.leaves={folds: 2, n_trees: 20}",
    "classifier.network.dbn={layers: [16], epochs: 1}",
    "classifier.network.finetune={epochs: 2}",
    "classifier.companion={pretrain: false, dbn: {layers: [8]}, finetune: {epochs: 2}}",
    "classifier.extra_trees.n_trees=20",
    "classifier.refit=false",
)


def command(*words: Any) -> None:
    """Run a command of dbnchurn, and stop where it does."""
    texts = [str(word) for word in words]
    print(f"$ dbnchurn {' '.join(texts)}", flush=True)
    try:
        command_line(texts)
    except SystemExit as ended:
        if ended.code:
            raise


@dataclass(frozen=True, eq=False)
class Customers:
    """Customers of one month, and numbers that decide what each of them does."""

    month: Month
    ids: Any
    accepts: Any
    leaves: Any

    @classmethod
    def of(cls, n: int, number: int, seed: int) -> Customers:
        """Draw the customers of the month with this number."""
        g = np.random.default_rng([seed, number, 9])
        month = Month.of(n, 1000 * seed + number)
        return cls(month, np.arange(n) + number * 10_000_000, g.random(n), g.random(n))

    def table(self) -> pd.DataFrame:
        """What is known of them."""
        return self.month.X.assign(id=self.ids, worth=self.month.truth.worth.round(2))

    def after(self, contacts: Contacts | None) -> tuple[Any, Any]:
        """Who leaves, and who of the contacted accepts."""
        truth = self.month.truth
        if contacts is None:
            return self.leaves < truth.probability, None
        probability, accepted = leaving_after(contacts, truth, self.accepts)
        return self.leaves < probability, accepted


class Loop:
    """The files of one campaign, step by step."""

    def __init__(self, folder: Path, n: int, seed: int, changes: tuple[str, ...]) -> None:
        self.folder, self.n, self.changes = folder, n, changes
        self.history, self.pilot, self.now, self.fresh = (
            Customers.of(n, number, seed) for number in range(1, 5)
        )
        self.generator = np.random.default_rng([seed, 10])
        self.facts: dict[str, float] = {}

    def train(self, name: str, customers: Customers, left: Any, **more: Any) -> None:
        """Train a model on the customers of a month."""
        customers.table().assign(churned=left.astype(int)).to_csv(
            self.folder / f"{name}.csv", index=False
        )
        config = {
            "source": {"path": str(self.folder / f"{name}.csv")},
            "columns": {"label": "churned", "id": "id"},
            "output": str(self.folder / "runs"),
            "baselines": [],
            **more,
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(config))
        less = ("report.page=false", "resamples=100", "device=cpu", "n_threads=1")
        command("train", path, *less, *self.changes)

    def score(self, model: str, customers: Customers, name: str) -> pd.DataFrame:
        """Scores of the customers, with their worth, as ``NAME_scores.csv``."""
        raw = self.folder / f"{name}_raw.csv"
        scored = self.folder / f"{name}_{model}.parquet"
        customers.table().to_csv(raw, index=False)
        command("score", self.folder / "runs" / model / "model", raw, "--output", scored)
        table = pd.read_parquet(scored)[["id", "probability"]].astype({"id": np.int64})
        table = customers.table()[["id", "worth"]].merge(table, on="id", validate="one_to_one")
        table.to_csv(self.folder / f"{name}_scores.csv", index=False)
        return table

    def run_pilot(self) -> dict[str, Any]:
        """A random test; its first half says what each offer does."""
        customers, folder = self.pilot, self.folder
        truth = customers.month.truth
        contacts = draw_contacts("random", "pilot", np.arange(self.n), truth, self.generator)
        left, accepted = customers.after(contacts)
        log = log_table(contacts, customers.ids, truth, np.datetime64("2026-07-01")).to_pandas()
        outcomes = outcome_table(contacts, customers.ids, truth, accepted, left).to_pandas()
        log.drop(columns="value").to_csv(folder / "pilot_log.csv", index=False)
        outcomes.to_csv(folder / "pilot_outcomes.csv", index=False)
        first = self.generator.random(len(log)) < 0.5
        log[first].to_csv(folder / "pilot_effects.csv", index=False)
        log.loc[first, ["customer"]].to_csv(folder / "pilot_used.csv", index=False)
        option = (log["offer"] + " by " + log["channel"]).to_frame("option")
        option.assign(customer=log["customer"]).to_csv(folder / "pilot_options.csv", index=False)
        command("lift", folder / "pilot_effects.csv", folder / "pilot_outcomes.csv",
                "--scores", folder / "pilot_options.csv", "--by", "option",
                "--output", folder / "pilot.html")  # fmt: skip
        lift = json.loads((folder / "pilot.json").read_text())
        groups = {g["group"]: g["effect"] for g in lift["groups"] if g["breakdown"] == "option"}
        known = log[first].merge(outcomes, on=["customer", "campaign"])
        known = known[known["arm"] != "control"]
        share = known.groupby(["offer", "channel"])["accepted"].mean()
        arms = {name: lift["effect"][name] for name in ("contact", "control")}
        counts = {
            "contacted": arms["contact"]["rows"],
            "contacted_left": round(arms["contact"]["left"]),
            "control": arms["control"]["rows"],
            "control_left": round(arms["control"]["left"]),
            "accepted": int(known["accepted"].sum()),
        }
        return {"groups": groups, "share": share, "counts": counts, "control": arms["control"]}

    def write_config(self, found: dict[str, Any]) -> Path:
        """The config of the campaign, from what the pilot measured."""
        folder, control = self.folder, found["control"]
        offers = {offer: {"cost": OFFER_COST[offer], "margin": MARGIN[offer]} for offer in OFFERS}
        options = []
        for (offer, channel), share in found["share"].items():
            # The options were drawn, so every customer held out is a control of every option.
            arm, base = found["groups"][f"{offer} by {channel}"]["contact"], control["rate"]
            variance = sum(a["rate"] * (1 - a["rate"]) / max(a["rows"], 1) for a in (arm, control))
            options.append(
                {
                    "offer": offer,
                    "channel": channel,
                    "effect": float(np.clip(1 - arm["rate"] / base, -1, 1)),
                    "error": float(np.sqrt(variance) / base),
                    "acceptance": float(share),
                }
            )
        counts = found["counts"]
        config = {
            "campaign": "winback",
            "currency": "EUR",
            "control": 0.2,
            "plan": {
                "customers": self.n // 10,
                "base_rate": counts["control_left"] / counts["control"],
                "effect": -0.01,
                "pilot": counts,
                "worth": float(self.now.month.truth.worth.mean()),
                "contact_cost": float(np.mean([*CONTACT_COST.values()])),
                "offer_cost": float(np.mean([*OFFER_COST.values()])),
            },
            "allocate": {
                "contact_date": DAY,
                "customers": {"path": str(folder / "now_scores.csv")},
                "id": "id",
                "worth": "worth",
                "effect_of": "contact",
                "offers": offers,
                "channels": {
                    "phone": {"cost": CONTACT_COST["phone"], "capacity": self.n // 20},
                    "email": {"cost": CONTACT_COST["email"]},
                },
                "options": options,
                "budget": self.n / 2,
                "explore": 0.1,
                "pilot": {
                    "log": {"path": str(folder / "pilot_log.csv")},
                    "outcomes": {"path": str(folder / "pilot_outcomes.csv")},
                    "customers": {"path": str(folder / "pilot_scores.csv")},
                    "used_for_effects": str(folder / "pilot_used.csv"),
                },
            },
            "lift": {"worth": float(self.now.month.truth.worth.mean())},
        }
        path = folder / "campaign.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return path

    def contacts(self) -> Contacts:
        """The list of ``dbnchurn allocate``, for the simulator."""
        made = pd.read_csv(self.folder / "list.csv")
        numbers = {option: k for k, option in enumerate(OPTIONS)}
        option = [numbers[pair] for pair in zip(made["offer"], made["channel"], strict=True)]
        return Contacts(
            "winback",
            made["customer"].to_numpy() - self.now.ids[0],
            np.array(option),
            np.array([ARMS.index(arm) for arm in made["arm"]]),
            made["propensity"].to_numpy(),
            made["score"].to_numpy(),
        )

    def best_value(self) -> float:
        """A bound on the true value of every plan within the same budget and capacity."""
        truth = self.now.month.truth
        cost = np.array([CONTACT_COST[channel] for _, channel in OPTIONS])
        costs = truth.acceptance * np.array([OFFER_COST[o] for o, _ in OPTIONS]) + cost
        limits: dict[str, Any] = {"budget": self.n / 2, "capacities": {"phone": self.n // 20}}
        made = Allocate(**limits).fit(truth.value, costs, [Option(*pair) for pair in OPTIONS])
        return float(made.allocation_.bound)

    def run(self) -> dict[str, float]:
        """All steps; the figures."""
        folder, truth = self.folder, self.now.month.truth
        self.train("history", self.history, self.history.after(None)[0])
        found = self.run_pilot()
        self.score("history", self.pilot, "pilot")
        self.score("history", self.now, "now")
        config = self.write_config(found)
        command("plan", config, "--output", folder / "plan.html")
        command("allocate", config, "--output", folder / "list.csv", "--page", folder / "list.html",
                "--facts", folder / "list.json", "--log", folder / "contacts.csv")  # fmt: skip
        contacts = self.contacts()
        left, accepted = self.now.after(contacts)  # the month
        outcomes = outcome_table(contacts, self.now.ids, truth, accepted, left).to_pandas()
        outcomes.to_csv(folder / "outcomes.csv", index=False)
        command("lift", folder / "contacts.csv", folder / "outcomes.csv", "--config", config,
                "--output", folder / "lift.html")  # fmt: skip
        self.compare_lift(contacts)
        feedback = {"log": str(folder / "contacts.csv"), "since": DAY, "days": DAYS}
        self.train("ignored", self.now, left)
        self.train("feedback", self.now, left, feedback=feedback)
        for name in ("history", "ignored", "feedback"):
            self.compare_scores(name)
        return self.facts

    def compare_lift(self, contacts: Contacts) -> None:
        """Plan and measured effect beside the truth."""
        truth, facts = self.now.month.truth, json.loads((self.folder / "list.json").read_text())
        lift = json.loads((self.folder / "lift.json").read_text())
        planned = contacts.arm == ARMS.index("contact")
        rows, option = contacts.rows, contacts.option
        true = truth.value[rows[contacts.treated], option[contacts.treated]].sum()
        self.facts |= {
            "true_effect": -float(truth.effect[rows[planned], option[planned]].mean()),
            "measured_effect": lift["effect"]["value"],
            "measured_low": lift["effect"]["low"],
            "measured_high": lift["effect"]["high"],
            "estimated_value": facts["estimated_value"],
            "true_value": float(true),
            "share_of_best": float(true / self.best_value()),
        }
        if promise := facts.get("promise"):
            self.facts |= {f"promise_{key}": promise[key] for key in ("value", "low", "high")}

    def compare_scores(self, name: str) -> None:
        """Scores of customers whom nobody contacts, beside their true probabilities."""
        p = self.fresh.month.truth.probability
        score = self.score(name, self.fresh, f"fresh_{name}")["probability"].to_numpy()
        top = np.argsort(-score, kind="stable")[: len(score) // 10]
        left = self.fresh.after(None)[0]
        self.facts[f"top_decile_{name}"] = float(score[top].mean() / p[top].mean())
        self.facts[f"average_precision_{name}"] = average_precision(Ranking.of(left, score))


def main() -> None:
    """Read the command line, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=40_000, help="in each month")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("campaign_loop"), help="new folder")
    parser.add_argument("--small", action="store_true", help="small networks, for a quick look")
    options = parser.parse_args()
    options.output.mkdir(parents=True)
    loop = Loop(options.output, options.customers, options.seed, SMALL if options.small else ())
    facts = loop.run()
    print(json.dumps({name: round(value, 4) for name, value in facts.items()}))


if __name__ == "__main__":
    main()
