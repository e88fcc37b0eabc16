"""The run as the report wants it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbnchurn.config import dump
from dbnchurn.data.samples import PARTS
from dbnchurn.experiment.trained import MODEL, Trained
from dbnchurn.provenance import versions
from dbnchurn.report import FineTuning, Part, Pretraining, ReportInput
from dbnchurn.report import write as write_page

RULES = {
    "expected f1": "for the best F1 that the scores of the validation customers let expect",
    "f1": "for the best F1 on the validation customers",
    "precision": "for a precision of {target} on the validation customers",
    "recall": "for a recall of {target} on the validation customers",
    "budget": "to call {target:.1%} of the validation customers",
    "fixed": "in the config",
}


def write_report(path: Path, trained: Trained, config: Any, name: str) -> None:
    """Write ``report.html`` of a run."""
    metrics, classifier = trained.metrics, trained.classifier
    rule = classifier.threshold
    stages = {k: v for k, v in metrics["seconds"].items() if k != "classifier"}
    page = ReportInput(
        title=name,
        y=trained.customers.y[trained.parts.test],
        scores={model: found["test"] for model, found in trained.scores.items()},
        metrics={MODEL: metrics["test"], **metrics["baselines"]},
        threshold_rule=RULES[rule.rule].format(target=rule.target),
        parts=[
            Part(part, found["rows"], found["base_rate"])
            for part, found in ((part, metrics["parts"][part]) for part in PARTS)
        ],
        pretraining=_pretraining(classifier),
        fine_tuning=_fine_tuning(classifier.curves_["finetune"]),
        seconds={**stages, **{f"train: {k}": v for k, v in classifier.seconds_.items()}},
        facts={
            "source": _source(config),
            **_attained(metrics),
            "seed": config.seed,
            "columns used": len(classifier.schema_.used),
            "trees": len(classifier.leaves_.record_.sizes) if classifier.use_leaves else 0,
            **versions(),
        },
        config_yaml=dump(config),
        warnings=_warnings(trained),
    )
    write_page(path, page)


def _source(config: Any) -> object:
    if config.data is not None:
        return ", ".join(config.data.tables)
    return config.source.path or config.source.sample


def _attained(metrics: dict[str, Any]) -> dict[str, str]:
    """What share of the attainable the model has, where the truth is known."""
    found = metrics.get("attainable")
    if found is None:
        return {}
    return {
        f"share of the attainable {name.replace('_', ' ')}": (
            f"{part['share']:.1%} of {part['best']:.3f}"
        )
        for name, part in found.items()
    }


def _pretraining(classifier: Any) -> list[Pretraining]:
    found = []
    for number, curve in enumerate(classifier.curves_.get("rbm", []), start=1):
        rbm = classifier.branches_[0].dbn_.rbms_[number - 1]
        gaps = [epoch["free_energy_gap"] for epoch in curve if "free_energy_gap" in epoch]
        errors = [epoch["reconstruction_error"] for epoch in curve]
        found.append(Pretraining(f"RBM {number}, {rbm.n_hidden} hidden units", errors, gaps))
    return found


def _fine_tuning(curve: list[dict[str, float]]) -> FineTuning:
    losses = [epoch["validation_loss"] for epoch in curve]
    return FineTuning([epoch["loss"] for epoch in curve], losses, losses.index(min(losses)) + 1)


def _warnings(trained: Trained) -> list[str]:
    found = list(trained.customers.notes)
    if dropped := trained.classifier.prepare_.dropped_:
        names = ", ".join(f"{name} ({why})" for name, why in dropped.items())
        found.append(f"{len(dropped)} columns were not used: {names}.")
    ignored = [c.name for c in trained.classifier.schema_.columns if c.kind == "ignore"]
    if ignored:
        found.append(f"Ignored columns, identifiers by their look or by the config: {ignored}.")
    if rows := len(trained.customers.quarantine):
        found.append(f"{rows} rows broke the contract; see quarantine.parquet for the reasons.")
    return found
