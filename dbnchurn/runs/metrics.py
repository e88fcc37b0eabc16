"""Everything that ``metrics.json`` says of a run, from its predictions, config and facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.decide import choose_threshold
from dbnchurn.decide.threshold import Choice
from dbnchurn.evaluate import at_thresholds, by_group, compare, evaluate
from dbnchurn.runs.customers import shares_attained
from dbnchurn.runs.predictions import SEGMENT, models, score_column
from dbnchurn.runs.result import MODEL
from dbnchurn.runs.side_columns import offer_of
from dbnchurn.tables.splitting import PARTS

Plain = dict[str, Any]
LARGE = 50_000  # rows from which groups are resampled less often


def measured(frame: pd.DataFrame, config: Any, facts: Mapping[str, Any]) -> Plain:
    """How good the models are, as plain data.

    Parameters
    ----------
    frame : DataFrame
        As :func:`dbnchurn.runs.predictions.predictions` gives it.
    config : RunConfig
    facts : mapping
        As :func:`dbnchurn.runs.facts.facts_of` gives it.
    """
    val, test = (frame[frame["part"] == part] for part in ("validation", "test"))
    outcome, gain = val["label"].to_numpy(), val["gain"].to_numpy()
    thresholds = {
        model: chosen(config, outcome, val[score_column(model)].to_numpy(), gain).threshold
        for model in models(frame)
    }
    offer, contacts = offer_of(config), config.campaign.contacts
    found = compare(
        test["label"].to_numpy(),
        {model: test[score_column(model)].to_numpy() for model in thresholds},
        thresholds,
        budget=contacts * len(test) if contacts < 1 else contacts,
        offer=offer,
        gain=test["gain"].to_numpy(),
        resamples=config.resamples,
        random_state=config.seed,
    )
    own = found.pop(MODEL)
    rule = config.classifier.threshold
    return {
        "test": own,
        "validation": evaluate(
            val["label"].to_numpy(),
            val["score"].to_numpy(),
            thresholds[MODEL],
            resamples=config.resamples,
            random_state=config.seed,
        ),
        "threshold": {
            "value": thresholds[MODEL],
            "rule": rule.rule,
            "target": rule.target,
            "chosen_on": None if rule.rule == "fixed" else "validation",
        },
        "alternatives": alternatives(config, val, test, thresholds[MODEL]),
        "groups": groups(config, test, thresholds[MODEL]),
        "parts": _parts(frame, facts),
        "baselines": found,
        "quarantined_rows": facts["quarantined_rows"],
        "unlabelled_rows": facts["unlabelled_rows"],
        **_attained(test, own),
    }


def chosen(config: Any, y: Ints, scores: Floats, gain: Floats) -> Choice:
    """The threshold that the config's rule chooses on the validation rows."""
    rule = config.classifier.threshold
    worth = gain if by_worth(config) else None
    return choose_threshold(y, scores, rule.rule, rule.target, gain=worth)


def by_worth(config: Any) -> bool:
    """Whether the threshold is chosen by what each customer gains, not by one ratio for all."""
    rule = config.classifier.threshold
    return bool(rule.rule == "profit" and rule.target is None)


def alternatives(config: Any, val: pd.DataFrame, test: pd.DataFrame, own: float) -> list[Plain]:
    """What other rules choose on the validation rows, and what that does on the test rows.

    The first is the run's own; a rule whose target cannot be reached says so instead.
    """
    campaign, rule = config.campaign, config.classifier.threshold
    share = campaign.contacts if campaign.contacts < 1 else campaign.contacts / len(test)
    rules: list[tuple[str, float | None]] = [
        ("f1", None),
        ("precision", campaign.precision),
        ("recall", campaign.recall),
        ("budget", min(share, 1.0)),
        ("profit", None),
    ]
    listed: list[Plain] = [{"rule": rule.rule, "target": rule.target, "own": True}]
    cuts = {"0": own}
    for name, target in rules:
        if (name, target) == (rule.rule, rule.target):
            continue
        entry: Plain = {"rule": name, "target": target, "own": False}
        try:
            choice = choose_threshold(
                val["label"].to_numpy(),
                val["score"].to_numpy(),
                name,
                target,
                gain=val["gain"].to_numpy() if name == "profit" else None,
            )
        except DataError as error:
            entry["unreached"] = str(error)
        else:
            cuts[str(len(listed))] = choice.threshold
        listed.append(entry)
    did = at_thresholds(
        test["label"].to_numpy(),
        test["score"].to_numpy(),
        cuts,
        gain=test["gain"].to_numpy(),
        resamples=config.resamples,
        random_state=config.seed,
    )
    return [{**entry, **did.get(str(i), {})} for i, entry in enumerate(listed)]


def groups(config: Any, test: pd.DataFrame, threshold: float) -> dict[str, list[Plain]]:
    """Performance by month, if there are several, and by segment."""
    found = {}
    for column in (c for c in test if c == "month" or str(c).startswith(SEGMENT)):
        if test[column].nunique(dropna=False) < 2:
            continue
        found[str(column)] = by_group(
            test["label"].to_numpy(),
            test["score"].to_numpy(),
            test[column],
            threshold,
            pool=column != "month",
            resamples=config.resamples if len(test) < LARGE else min(config.resamples, 200),
            random_state=config.seed,
        )
    return found


def _parts(frame: pd.DataFrame, facts: Mapping[str, Any]) -> dict[str, Plain]:
    counts = {"train": (facts["train"]["rows"], facts["train"]["churners"])}
    for part in PARTS[1:]:
        labels = frame.loc[frame["part"] == part, "label"]
        counts[part] = (len(labels), int(labels.sum()))
    return {
        part: {"rows": rows, "churners": churners, "base_rate": churners / rows}
        for part, (rows, churners) in counts.items()
    }


def _attained(test: pd.DataFrame, own: Plain) -> Plain:
    if "truth" not in test:
        return {}
    return {"attainable": shares_attained(test["truth"].to_numpy(), own)}
