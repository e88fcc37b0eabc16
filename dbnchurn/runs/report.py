"""The report of a run, made from the files of its folder alone."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.predictor.card import codes_sentence
from dbnchurn.report import (
    Alternative,
    Breakdown,
    FineTuning,
    PartSummary,
    Pretraining,
    ReportInput,
    Weights,
)
from dbnchurn.report import write as write_page
from dbnchurn.runs.all_test_rows import all_test_sentence
from dbnchurn.runs.baselines import VARIANTS
from dbnchurn.runs.config import CampaignSection, read_config
from dbnchurn.runs.facts import FACTS
from dbnchurn.runs.folder import read_json
from dbnchurn.runs.neighbour_value import neighbour_sentence
from dbnchurn.runs.predictions import GROUP, models, score_column, weights
from dbnchurn.runs.published import notes
from dbnchurn.runs.result import MODEL
from dbnchurn.runs.stored_model import stored_sentence
from dbnchurn.tables.splitting import PARTS

RULES = {
    "expected f1": "chosen for the best F1 that the scores of the validation customers let expect",
    "f1": "chosen for the best F1 on the validation customers",
    "precision": "chosen for a precision of {target:.0%} on the validation customers",
    "recall": "chosen for a recall of {target:.0%} on the validation customers",
    "budget": "chosen to call {target:.1%} of the validation customers",
    "profit": "chosen to earn most on the validation customers",
    "fixed": "fixed in the config",
}
ALTERNATIVES = {
    "expected f1": "best F1 to be expected",
    "f1": "best F1",
    "precision": "precision of {target:.0%}",
    "recall": "recall of {target:.0%}",
    "budget": "contact {target:.1%}",
    "profit": "most profit",
    "fixed": "fixed in the config",
}


def write_report(folder: Path) -> None:
    """Write ``report.html`` of a run from the other files of its folder."""
    write_page(folder / "report.html", report_input(folder))


def report_input(folder: Path) -> ReportInput:
    """The input of the page of a run.

    Parameters
    ----------
    folder : Path
        With ``config.yaml``, ``predictions.parquet``, ``training.json`` and ``metrics.json``.
    """
    config = read_config(folder / "config.yaml")
    frame = pd.read_parquet(folder / "predictions.parquet")
    metrics, facts = (read_json(folder / name) for name in ("metrics.json", FACTS))
    test = frame[frame["part"] == "test"]
    rule = metrics["threshold"]
    return ReportInput(
        title=facts["name"],
        y=test["label"].to_numpy(),
        scores={model: test[score_column(model)].to_numpy() for model in models(frame)},
        metrics={MODEL: metrics["test"], **metrics["baselines"]},
        threshold_rule=_rule_text(RULES, rule),
        parts=[
            PartSummary(part, metrics["parts"][part]["rows"], metrics["parts"][part]["base_rate"])
            for part in PARTS
        ],
        ablations=[model for model in models(frame) if model in VARIANTS],
        alternatives=[_alternative(plain) for plain in metrics["alternatives"]],
        breakdowns=_breakdowns(metrics["groups"]),
        published={name: printed.model_dump() for name, printed in config.published.items()},
        published_notes=notes(metrics, config.published),
        budget=_budget(config.campaign, len(test)),
        money=_money(config.campaign),
        pretraining=[_machine(machine) for machine in facts["machines"]],
        weights=None if facts["weights"] is None else Weights(**facts["weights"]),
        fine_tuning=_fine_tuning(facts["fine_tuning"]),
        strongest=facts["strongest_columns"],
        seconds=_seconds(metrics["seconds"]),
        fit_seconds=metrics["seconds"].get("fit", {}),
        facts=_facts(config.seed, metrics, facts),
        config_yaml=(folder / "config.yaml").read_text(encoding="utf-8"),
        warnings=facts["warnings"],
        gain=test["gain"].to_numpy(),
        sample_weight=weights(test),
        reasons=facts.get("reasons"),
        outcome=facts.get("outcome", ""),
        stored=stored_sentence(facts["stored"]) if "stored" in facts else "",
        worth=config.campaign.build_offer().clv if config.campaign.costs is None else None,
        names=dict(config.display_names),
    )


def _rule_text(sentences: dict[str, str], rule: dict[str, Any]) -> str:
    if rule["target"] is None:
        return sentences[rule["rule"]]
    return sentences[rule["rule"]].format(target=rule["target"])


def _alternative(plain: dict[str, Any]) -> Alternative:
    text = _rule_text(ALTERNATIVES, plain)
    return Alternative(text, plain["own"], plain.get("unreached"), plain)


def _breakdowns(groups: dict[str, Any]) -> list[Breakdown]:
    return [
        Breakdown("month" if name == "month" else name.removeprefix(GROUP), name == "month", rows)
        for name, rows in groups.items()
    ]


def _budget(campaign: CampaignSection, rows: int) -> float:
    contacts = float(campaign.contacts)
    return contacts * rows if contacts < 1 else contacts


def _money(campaign: CampaignSection) -> str:
    """What the profit is computed from."""
    if campaign.costs is not None:
        return "Profit counts every customer's own costs, from the columns in campaign.costs."
    offer = campaign.build_offer()
    return (
        f"Assumed: a contact costs {offer.contact_cost:g}; the offer costs "
        f"{offer.incentive_cost:g} for everybody who accepts it, which are all contacted customers "
        f"who would have stayed and {offer.accept_rate:.0%} of those who would have left, who then "
        f"stay and are worth {offer.clv:g}. Say yours under campaign.offer, or every customer's "
        "under campaign.costs."
    )


def _machine(machine: dict[str, Any]) -> Pretraining:
    return Pretraining(
        machine["name"],
        machine["reconstruction_error"],
        machine["free_energy_gap"],
        machine["dead"],
        machine["saturated"],
        machine["rectified"],
        machine.get("code_spread", ()),  # runs of earlier versions have none
        machine.get("pseudo_likelihood", ()),
    )


def _fine_tuning(curve: list[dict[str, float]]) -> FineTuning:
    losses = [epoch["validation_loss"] for epoch in curve]
    best = losses.index(min(losses)) + 1
    if curve[0].get("validation_loss_before", inf) <= min(losses):
        best = 0
    return FineTuning([epoch["loss"] for epoch in curve], losses, best)


def _seconds(seconds: dict[str, Any]) -> dict[str, float]:
    stages = {stage: s for stage, s in seconds.items() if stage not in ("classifier", "fit")}
    return {**stages, **{f"train: {part}": s for part, s in seconds["classifier"].items()}}


def _facts(seed: int, metrics: dict[str, Any], facts: dict[str, Any]) -> dict[str, object]:
    return {
        "source": facts["source"],
        **_attained(metrics),
        **(
            {"with customers not drawn": all_test_sentence(metrics)}
            if "all_test" in metrics
            else {}
        ),
        "seed": seed,
        "columns used": facts["columns_used"],
        "trees": facts["trees"],
        **({"hidden codes": codes_sentence(facts["codes"])} if "codes" in facts else {}),
        "rows in quarantine": facts["quarantined_rows"],
        "customers without outcome": facts["unlabelled_rows"],
        **(
            {"neighbours": neighbour_sentence(facts["neighbours"])} if "neighbours" in facts else {}
        ),
        **facts["versions"],
    }


def _attained(metrics: dict[str, Any]) -> dict[str, str]:
    """What share of the attainable the model has, where the true probabilities are stored."""
    return {
        f"share of the attainable {name.replace('_', ' ')}": (
            f"{part['share']:.1%} of {part['best']:.3f}"
        )
        for name, part in metrics.get("attainable", {}).items()
    }
