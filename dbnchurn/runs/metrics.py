"""The contents of ``metrics.json``, from predictions, config and facts of a run alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats, Labels
from dbnchurn.decide import Threshold, choose_threshold
from dbnchurn.decide.threshold import Choice
from dbnchurn.evaluate import at_thresholds, by_group, compare, evaluate
from dbnchurn.runs.all_test_rows import all_test_metrics
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import shares_attained
from dbnchurn.runs.predictions import GROUP, models, score_column, weights
from dbnchurn.runs.result import MODEL
from dbnchurn.tables.splitting import PARTS

Plain = dict[str, Any]
LARGE = 50_000  # rows from which groups are resampled less often


def measured(
    frame: pd.DataFrame, config: RunConfig, facts: Mapping[str, Any], others: Path | None = None
) -> Plain:
    """How good the models are, as plain data.

    Parameters
    ----------
    frame : DataFrame
        As :func:`dbnchurn.runs.predictions.predictions` gives it.
    config : RunConfig
    facts : mapping
        As :func:`dbnchurn.runs.facts.facts_of` gives it.
    others : Path, optional
        Folder with predictions of customers who were not drawn.

    Returns
    -------
    dict
        All of ``metrics.json`` but the seconds.
    """
    val, test = (frame[frame["part"] == part] for part in ("validation", "test"))
    rule = config.threshold
    thresholds = {model: _threshold(rule, val, score_column(model)) for model in models(frame)}
    contacts = config.campaign.contacts
    models_metrics = compare(
        test["label"].to_numpy(),
        {model: test[score_column(model)].to_numpy() for model in thresholds},
        thresholds,
        sample_weight=weights(test),
        budget=contacts * len(test) if contacts < 1 else contacts,
        offer=config.campaign.build_offer(),
        gain=test["gain"].to_numpy(),
        resamples=config.resamples,
        random_state=config.seed,
    )
    own = models_metrics.pop(MODEL)
    return {
        "test": own,
        "validation": evaluate(
            val["label"].to_numpy(),
            val["score"].to_numpy(),
            thresholds[MODEL],
            sample_weight=weights(val),
            resamples=config.resamples,
            random_state=config.seed,
        ),
        "threshold": _threshold_facts(rule, thresholds[MODEL]),
        "alternatives": alternatives(config, val, test, thresholds[MODEL]),
        "groups": groups(
            test,
            thresholds[MODEL],
            resamples=config.resamples,
            random_state=config.seed,
        ),
        "parts": _parts(frame, facts),
        "baselines": models_metrics,
        "quarantined_rows": facts["quarantined_rows"],
        "unlabelled_rows": facts["unlabelled_rows"],
        **_attained(test, own),
        **all_test_metrics(
            frame,
            others,
            thresholds[MODEL],
            resamples=config.resamples,
            random_state=config.seed,
        ),
    }


def _threshold(rule: Threshold, val: pd.DataFrame, scores: str) -> float:
    outcome, gain = val["label"].to_numpy(), val["gain"].to_numpy()
    return chosen(rule, outcome, val[scores].to_numpy(), gain, weights(val)).threshold


def _threshold_facts(rule: Threshold, value: float) -> Plain:
    return {
        "value": value,
        "rule": rule.rule,
        "target": rule.target,
        "chosen_on": None if rule.rule == "fixed" else "validation",
    }


def chosen(
    rule: Threshold,
    y: Labels,
    scores: Floats,
    gain: Floats,
    sample_weight: Floats | None = None,
) -> Choice:
    """The threshold that a rule chooses on the validation rows.

    Parameters
    ----------
    rule : Threshold
    y : int array of shape (n,)
        1 for churners.
    scores : float array of shape (n,)
    gain : float array of shape (n,)
        What contacting each customer gains; for the rule "profit" without a target.
    sample_weight : float array of shape (n,), optional

    Returns
    -------
    Choice
    """
    used = gain if uses_each_gain(rule) else None
    return choose_threshold(y, scores, rule.rule, rule.target, sample_weight, used)


def uses_each_gain(rule: Threshold) -> bool:
    """Whether the threshold is chosen by each customer's gain, not by one ratio for all."""
    return bool(rule.rule == "profit" and rule.target is None)


def alternatives(
    config: RunConfig, val: pd.DataFrame, test: pd.DataFrame, own: float
) -> list[Plain]:
    """The thresholds of other rules, chosen on the validation rows, and their metrics on test rows.

    Parameters
    ----------
    config : RunConfig
        ``campaign`` has the targets of the rules.
    val, test : DataFrame
        Rows of the predictions.
    own : float
        The threshold of the run.

    Returns
    -------
    list of dict
        ``rule``, ``target``, ``own`` and the metrics; the run's own rule is the first. A rule whose
        target cannot be reached has ``unreached`` with the reason in place of metrics.
    """
    campaign, rule = config.campaign, config.threshold
    share = campaign.contacts if campaign.contacts < 1 else campaign.contacts / len(test)
    rules: list[tuple[str, float | None]] = [
        ("f1", None),
        ("precision", campaign.precision),
        ("recall", campaign.recall),
        ("budget", min(share, 1.0)),
        ("profit", None),
    ]
    listed: list[Plain] = [{"rule": rule.rule, "target": rule.target, "own": True}]
    thresholds = {"0": own}
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
                weights(val),
                gain=val["gain"].to_numpy() if name == "profit" else None,
            )
        except DataError as error:
            entry["unreached"] = str(error)
        else:
            thresholds[str(len(listed))] = choice.threshold
        listed.append(entry)
    metrics = at_thresholds(
        test["label"].to_numpy(),
        test["score"].to_numpy(),
        thresholds,
        sample_weight=weights(test),
        gain=test["gain"].to_numpy(),
        resamples=config.resamples,
        random_state=config.seed,
    )
    return [{**entry, **metrics.get(str(i), {})} for i, entry in enumerate(listed)]


def groups(
    test: pd.DataFrame, threshold: float, *, resamples: int, random_state: int
) -> dict[str, list[Plain]]:
    """Metrics by month, if there are several, and by the groups of the report.

    Parameters
    ----------
    test : DataFrame
        Test rows of the predictions.
    threshold : float
    resamples : int
        Bootstrap resamples; at most 200 from 50,000 rows on.
    random_state : int

    Returns
    -------
    dict
        Column → one dict per group, as :func:`dbnchurn.evaluate.by_group` gives it.
    """
    metrics = {}
    for column in (c for c in test if c == "month" or str(c).startswith(GROUP)):
        if test[column].nunique(dropna=False) < 2:
            continue
        metrics[str(column)] = by_group(
            test["label"].to_numpy(),
            test["score"].to_numpy(),
            test[column],
            threshold,
            sample_weight=weights(test),
            pool=column != "month",
            resamples=resamples if len(test) < LARGE else min(resamples, 200),
            random_state=random_state,
        )
    return metrics


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
