"""The model card: data, quality, threshold and limits of a stored model, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dbnchurn.tables.label_classes import left_sentence, majority_warning


def model_card(about: Mapping[str, Any]) -> str:
    """Write the card from the plain data that is stored with the model.

    Parameters
    ----------
    about : mapping
        As ``ChurnClassifier.save`` stores it: ``training``, ``threshold``, ``columns`` and
        ``versions``; from a run also ``data`` (tables, windows and label) and ``metrics`` (of
        the validation rows, with intervals).
    """
    parts = [
        ["# Churn model", "", "Gives the probability that a customer leaves."],
        _recalibration(about.get("recalibration")),
        _data(about),
        _windows(about.get("data")),
        _metrics(about),
        _threshold(about["threshold"], moved=isinstance(about.get("recalibration"), Mapping)),
        _blend(about.get("blend"), about.get("floor")),
        _networks(about.get("networks")),
        _codes(about.get("codes")),
        _limits(about),
        _dropped(about["columns"]["dropped"]),
        _notes(about.get("notes")),
        ["## Versions", "", *(f"- {name} {number}" for name, number in about["versions"].items())],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _recalibration(told: Any) -> list[str]:
    """Which two numbers changed the probabilities, and what they did; nothing without them."""
    if not isinstance(told, Mapping):
        return []
    of = "" if told["month"] is None else f" of the month {told['month']}"
    floor = f" above the floor of {told['floor']:.2%}" if told["floor"] else ""
    return [
        "## Recalibrated",
        "",
        f"- This is the model `{told['of']}` (digest `{told['digest']}`) with its "
        f"log-odds{floor} times {told['slope']:.4f} plus {told['shift']:.4f}. Nothing else was "
        "learned: the order of the customers is that of the model before.",
        f"- The two numbers were fitted to {told['rows']} customers{of}, who are no new customers "
        "to it any more.",
        f"- On other customers of the same month, before: {told['before']}",
        f"- On the same customers, recalibrated: {told['after']}",
    ]


def _data(about: Mapping[str, Any]) -> list[str]:
    training = about["training"]
    again = ", and were then among the rows learned from anew" if training["refit"] else ""
    return [
        "## Data",
        "",
        *_outcome(about),
        f"- {training['rows']} training rows, {training['prior']:.2%} left",
        *_draw(about.get("draw")),
        f"- {training['validation_rows']} validation rows stopped the training and chose the "
        f"threshold{again}",
        *_feedback(about.get("feedback")),
        f"- {about['columns']['used']} columns used",
        f"- fingerprint of these rows: `{training['fingerprint']}`",
    ]


def _draw(draw: Mapping[str, Any] | None) -> list[str]:
    if draw is None:
        return []
    return [
        f"- of a table of {draw['table_rows']} rows, the {draw['rows']} of customers drawn by a "
        "hash of seed and key, the same share of those who left and of those who stayed",
        *(
            [f"- boosters fitted on {draw['booster_rows']} rows by {draw['workers']} workers"]
            if "booster_rows" in draw
            else []
        ),
    ]


def _outcome(about: Mapping[str, Any]) -> list[str]:
    """Who counts as having left, with a warning where that was assumed or is most customers."""
    if "left" not in about:
        return []
    training, left = about["training"], about["left"]
    lines = [f"- {left_sentence(left, training['prior'], training['rows'], 'training customers')}"]
    if about.get("assumed"):
        lines.append("- **This was assumed: nothing said which of the labels means having left.**")
    turn = "train again with the other label as `positive`"
    if warning := majority_warning(left, training["prior"], turn):
        lines.append(f"- **{warning}**")
    return lines


def _feedback(feedback: Any) -> list[str]:
    """What was done to labels of months in which a campaign ran."""
    if not isinstance(feedback, Mapping):
        return []
    return [f"- {note}" for note in feedback["notes"]]


def _windows(plan: Any) -> list[str]:
    """Tables and time windows of the columns; nothing for a model of a single table."""
    if not isinstance(plan, Mapping) or not isinstance(plan.get("tables"), Mapping):
        return []
    lines = ["## Tables and windows", "", f"- tables: {', '.join(plan['tables'])}"]
    if (windows := plan.get("windows")) is not None:
        lines += [
            f"- features of the {windows['observation']} before the cutoffs "
            f"{', '.join(map(str, windows['cutoffs']))}",
            f"- outcome of the {windows['outcome']} from {windows['gap']} after a cutoff",
        ]
    if (label := plan.get("label")) is not None:
        left = ", ".join(map(str, label["left"])) or "any row"
        column = "" if label["column"] is None else f", column {label['column']}"
        lines.append(f"- who left: {label['kind']} of the table {label['table']}{column}: {left}")
    return lines


def _metrics(about: Mapping[str, Any]) -> list[str]:
    """The metrics of the rows that the model was measured on, with intervals."""
    metrics = about.get("metrics")
    if not isinstance(metrics, Mapping) or not {"n", "base_rate"} <= set(metrics):
        return [
            "## How good it is",
            "",
            "Not measured beyond the threshold below.",
        ]
    measured = {name: m for name, m in metrics.items() if isinstance(m, Mapping) and "low" in m}
    return [
        "## How good it is",
        "",
        _rows_measured(metrics, about),
        "",
        "| | value | from | to |",
        "|---|---|---|---|",
        *(
            f"| {name.replace('_', ' ')} | "
            + " | ".join(_number(measured[name][key]) for key in ("value", "low", "high"))
            + " |"
            for name in measured
        ),
    ]


def _rows_measured(metrics: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """On which rows, of which fit, the metrics were measured."""
    on = about.get("measured")
    part = on["part"] if isinstance(on, Mapping) else "validation"
    if part == "recalibration":
        return (
            f"On {metrics['n']} customers, {metrics['base_rate']:.2%} of whom left, from whom "
            "neither the model nor the two numbers of its recalibration have learned; with 95 % "
            "bootstrap intervals."
        )
    opening = (
        f"On {metrics['n']} {part} rows, {metrics['base_rate']:.2%} of whom left; with 95 % "
        "bootstrap intervals. "
    )
    if isinstance(on, Mapping) and part == "test":
        return (
            f"{opening}Measured on the fit of {on['rows']} rows, before this model was fitted "
            f"again on all {about['training']['rows']} labelled rows with the lengths, blend and "
            "threshold of that fit. Those test rows are among them, so evaluate this model on "
            "later customers only."
        )
    return (
        f"{opening}These rows stopped the training and chose the threshold, so expect "
        "a little less; the run's own report measures customers that chose nothing."
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _blend(blend: Any, floor: Any) -> list[str]:
    """What the logit is made of; nothing for older models."""
    if not isinstance(blend, list):
        return []
    return [
        "## Members of the blend",
        "",
        "The log-odds are a weighted sum. The spread is the standard deviation over the validation "
        "rows of what a member adds: a member without spread tells no customer from another.",
        "",
        "| member | weight | spread |",
        "|---|---|---|",
        *(f"| {m['member']} | {m['weight']:.3f} | {m['spread']:.3f} |" for m in blend),
        *_floor(floor),
    ]


def _floor(floor: Any) -> list[str]:
    """What no probability is below; nothing without a floor."""
    if not isinstance(floor, float) or not floor:
        return []
    return [
        "",
        f"No probability is below {floor:.2%}: so many of the validation rows left whatever "
        "their columns say.",
    ]


def _networks(networks: Any) -> list[str]:
    """What the machines have learned and what the paths of each network add."""
    if not isinstance(networks, list):
        return []
    lines = []
    for network in networks:
        direct, hidden = (network["paths"][path] for path in ("direct", "hidden"))
        lines.append(
            f"- {network['member']}: the hidden layers vary the logit by a standard deviation of "
            f"{hidden:.3g}, the skip by {direct:.3g}"
        )
        for number, machine in enumerate(network["machines"], start=1):
            lines.append(_machine(network["member"], number, machine))
        lines += [f"- **{network['member']}: {remark}**" for remark in network["remarks"]]
    return ["## What the networks have learned", "", *lines]


def codes_sentence(codes: Mapping[str, Any]) -> str:
    """Whether the boosters are given hidden codes, and what decided that.

    Parameters
    ----------
    codes : mapping
        ``about["codes"]``: ``kept``, ``columns``, and ``average_precision``, ``difference`` and
        ``standard_error`` where boosters with and without codes were compared.

    Examples
    --------
    >>> compared = {"average_precision": [0.3, 0.32], "difference": 0.02, "standard_error": 0.01}
    >>> codes_sentence({"kept": True, "columns": 64, **compared})[:50]
    'The boosters are given 64 hidden codes beside the '
    """
    opening = f"The boosters are given {codes['columns']} hidden codes beside the columns"
    why = "as was asked for"
    if not codes["kept"]:
        opening = f"The boosters are given the columns alone, not {codes['columns']} hidden codes"
        why = "for they could be compared on too few folds"
    if codes["average_precision"] is None:
        return f"{opening}, {why}"
    without, with_codes = codes["average_precision"]
    return (
        f"{opening}: on the training rows that each was fitted without, average precision is "
        f"{without:.4f} without and {with_codes:.4f} with codes, a difference of "
        f"{codes['difference']:+.4f} over the folds with a standard error of "
        f"{codes['standard_error']:.4f}"
    )


def _codes(codes: Any) -> list[str]:
    """What was decided on hidden codes; nothing where they were not asked for."""
    if not isinstance(codes, Mapping):
        return []
    lines = ["## Hidden codes", "", f"{codes_sentence(codes)}.", ""]
    lines += [_machine("codes", number, m) for number, m in enumerate(codes["machines"], start=1)]
    return lines + [f"- **codes: {remark}**" for remark in codes["remarks"]]


def _machine(name: str, number: int, machine: Mapping[str, Any]) -> str:
    """What one machine has learned."""
    likelihood = machine["pseudo_likelihood"]
    rise = (
        ""
        if likelihood is None
        else "; pseudo-likelihood of held-out rows {:.4g} before and {:.4g} after "
        "pretraining".format(*likelihood)
    )
    return (
        f"- {name}, machine {number}, {machine['hidden_units']} hidden units, "
        f"{machine['epochs']} epochs: codes vary by {machine['code_spread']:.2g}{rise}"
    )


def _threshold(threshold: Mapping[str, Any], *, moved: bool) -> list[str]:
    with_scores = (
        " The recalibration moved it with the scores, so that it calls the same customers."
    )
    target = "" if threshold["target"] is None else f" with target {threshold['target']}"
    return [
        "## Threshold",
        "",
        f"{threshold['value']:.6g}, chosen by the rule `{threshold['rule']}`{target}. On the "
        f"validation rows: precision {threshold['precision']:.3f}, recall "
        f"{threshold['recall']:.3f}, F1 {threshold['f1']:.3f}. These rows chose the threshold, "
        f"so expect a little less on new customers.{with_scores if moved else ''}",
    ]


def _limits(about: Mapping[str, Any]) -> list[str]:
    leavers = round(about["training"]["rows"] * about["training"]["prior"])
    return [
        "## Limits",
        "",
        "- The probabilities hold for customers like those above: the same business, the same "
        "time between the features and the outcome, a similar share of leavers.",
        f"- It learned from about {leavers} leavers; what only a handful of them had in common "
        "may be chance.",
        "- A category that no training row has, and a missing value, are no evidence.",
        "- The score says who is likely to leave, not whom an offer would keep.",
    ]


def _dropped(dropped: Mapping[str, str]) -> list[str]:
    if not dropped:
        return []
    return ["## Columns that were not used", "", *(f"- {n}: {why}" for n, why in dropped.items())]


def _notes(notes: Any) -> list[str]:
    """What was assumed, converted or left out of the tables; nothing for older models."""
    if not isinstance(notes, list) or not notes:
        return []
    return ["## How the tables were read", "", *(f"- {note}" for note in notes)]
