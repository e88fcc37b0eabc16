"""The model card: what a reader of a stored model has to know, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def model_card(about: Mapping[str, Any]) -> str:
    """Write the card from what is stored beside the model.

    Parameters
    ----------
    about : mapping
        As ``ChurnClassifier.save`` stores it: ``training``, ``threshold``, ``columns`` and
        ``versions``.
    """
    training, threshold = about["training"], about["threshold"]
    target = "" if threshold["target"] is None else f" with target {threshold['target']}"
    dropped = [f"- {name}: {why}" for name, why in about["columns"]["dropped"].items()]
    return "\n".join(
        [
            "# Churn model",
            "",
            "Gives the probability that a customer leaves.",
            "",
            "## Data",
            "",
            f"- {training['rows']} training rows, {training['prior']:.2%} left",
            f"- {training['validation_rows']} validation rows stopped the training and chose the "
            "threshold"
            + (", and were then among the rows learned from anew" if training["refit"] else ""),
            f"- {about['columns']['used']} columns used",
            f"- fingerprint of these rows: `{training['fingerprint']}`",
            "",
            "## Threshold",
            "",
            f"{threshold['value']:.6g}, chosen by the rule `{threshold['rule']}`{target}. On the "
            f"validation rows: precision {threshold['precision']:.3f}, recall "
            f"{threshold['recall']:.3f}, F1 {threshold['f1']:.3f}. These rows chose the threshold, "
            "so expect a little less on new customers.",
            "",
            "## Limits",
            "",
            "- The probabilities hold for customers like those above: the same business, the same "
            "time between the features and the outcome, a similar share of leavers.",
            "- A category that training never saw, and a missing value, are no evidence.",
            "- The score says who is likely to leave, not whom an offer would keep.",
            "",
            *(["## Columns that were not used", "", *dropped, ""] if dropped else []),
            "## Versions",
            "",
            *(f"- {name} {number}" for name, number in about["versions"].items()),
            "",
        ]
    )
