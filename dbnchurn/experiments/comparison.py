"""Comparison of finished runs: means with intervals, ranks and paired differences.

How runs are paired depends on what they were tested on; the comparison names the pairing:

- *rows*: every run was tested on the same customers. Customers are resampled; where there are
  several seeds, a model's number is the mean over them.
- *divisions*: models were tested on the same customers within each seed and fold. Differences are
  taken within these, and their interval allows for divisions of one table that overlap.
- *nothing*: the runs share no test customers, so there are no paired differences.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate.bootstrap import RESAMPLES, Bootstrap, Interval, bootstrap
from dbnchurn.evaluate.corrected_t import corrected_interval, mean_ranks
from dbnchurn.evaluate.ranking import checked
from dbnchurn.evaluate.registry import COMPARED, METRICS, PRIMARY
from dbnchurn.evaluate.summary import numbers_at
from dbnchurn.experiments.finished_runs import FinishedRun, ModelScores, scored
from dbnchurn.report.comparison_content import Compared, Comparison

Pairing = Literal["rows", "divisions", "nothing"]
Models = dict[str, dict[str, ModelScores]]
"""Model → unit → one run."""

METHOD = {
    "rows": (
        "All runs were tested on the same {n:,} customers. Intervals are 95 % bootstrap intervals "
        "over these customers, {resamples} resamples that all models share; {seeds}. A difference "
        "is the model minus {reference}, paired by resample."
    ),
    "divisions": (
        "Models were tested on the same customers within each of {units} seeds and folds. Values "
        "are means over these; intervals are 95 % corrected resampled t intervals (Nadeau and "
        "Bengio 2003), which allow for training parts that overlap. A difference is the model "
        "minus {reference}, paired by seed and fold."
    ),
    "nothing": (
        "The runs were tested on different customers and share no division, so there is no paired "
        "difference: the numbers stand side by side, each with the 95 % bootstrap interval of its "
        "first run."
    ),
}
SEVERAL = (
    "numbers are means over the seeds, so that intervals show what other customers would change, "
    "not what other seeds would"
)
UNADJUSTED = "Intervals are not widened for the number of models compared."


def compare_runs(
    runs: Sequence[FinishedRun],
    *,
    metric: str = PRIMARY,
    title: str = "Comparison",
    resamples: int = RESAMPLES,
    random_state: int = 0,
    warnings: Sequence[str] = (),
) -> Comparison:
    """Compare the variants of finished runs, or the model and baselines of a single variant.

    Parameters
    ----------
    runs : sequence of FinishedRun
        Those of the first variant are the reference.
    metric : str, default "average_precision"
        Decides ranks and verdict.
    title : str
    resamples : int, default 500
        Resamples, where customers are resampled.
    random_state : int, default 0
        Draws the resamples.
    warnings : sequence of str, default ()
        Shown with the result.

    Returns
    -------
    Comparison

    Raises
    ------
    DataError
        If there is no run, or one variant has two runs of one seed and fold.
    """
    if not runs:
        raise DataError("there is no finished run to compare")
    models = by_model(scored(list(runs)))
    how = pairing(models)
    if how == "rows":
        own, differences = over_rows(models, resamples, random_state)
    elif how == "divisions":
        own, differences = over_divisions(models)
    else:
        own, differences = side_by_side(models)
    ranks, differs = ranks_of(models, metric), differing(models)
    return Comparison(
        title=title,
        metric=metric,
        method=_method(how, models, resamples),
        models=[
            Compared(
                name=name,
                runs=len(units),
                numbers=_plain_intervals(own[name]),
                difference=_plain_intervals(differences[name]) if name in differences else None,
                rank=ranks.get(name),
                seconds=float(np.mean([scores.seconds for scores in units.values()])),
                differs=differs[name],
            )
            for name, units in models.items()
        ],
        runs=[
            {"model": name, "unit": unit, "run": scores.run.folder.name}
            | {key: scores.value(key) for key in COMPARED}
            | {"seconds": scores.seconds}
            for name, units in models.items()
            for unit, scores in units.items()
        ],
        warnings=[*warnings, *_gaps(models)],
    )


def _method(how: Pairing, models: Models, resamples: int) -> str:
    """How values and intervals were computed, for the page."""
    reference, first = next(iter(models.items()))
    several = max(len(units) for units in models.values()) > 1
    method = METHOD[how].format(
        n=next(iter(first.values())).run.metrics["test"]["n"],
        resamples=resamples,
        units=len(shared_units(models)),
        reference=reference,
        seeds=SEVERAL if several else "there is one run per model",
    )
    return f"{method} {UNADJUSTED}" if len(models) > 2 else method


def _plain_intervals(intervals: Mapping[str, Interval]) -> dict[str, Any]:
    return {key: interval.plain() for key, interval in intervals.items()}


def by_model(runs: Sequence[ModelScores]) -> Models:
    """Model → unit → scores, in the order given.

    Raises
    ------
    DataError
        If a model has two runs of one seed and fold.
    """
    models: Models = {}
    for scores in runs:
        units = models.setdefault(scores.model, {})
        unit = scores.run.unit
        if unit in units:
            raise DataError(
                f"{scores.model!r} has two runs of {unit}: {units[unit].run.folder} "
                f"and {scores.run.folder}; leave one out"
            )
        units[unit] = scores
    return models


def shared_units(models: Models) -> list[str]:
    """Units that every model has."""
    first, *others = models.values()
    return [unit for unit in first if all(unit in units for units in others)]


def pairing(models: Models) -> Pairing:
    """What the runs have in common."""
    if len({scores.run.tested for units in models.values() for scores in units.values()}) == 1:
        return "rows"
    shared = shared_units(models)
    same = all(len({units[u].run.tested for units in models.values()}) == 1 for u in shared)
    return "divisions" if len(shared) > 1 and same else "nothing"


Intervals = dict[str, dict[str, Interval]]
"""Model → metric → interval."""


def over_rows(models: Models, resamples: int, random_state: int) -> tuple[Intervals, Intervals]:
    """Numbers and differences with intervals over the customers, means over the seeds.

    Parameters
    ----------
    models : model → unit → scores
        All tested on the same customers; the first model is the reference.
    resamples : int
    random_state : int

    Returns
    -------
    own, differences : model → metric → Interval
        Of all models, and of all but the reference.
    """
    each = {(name, unit): run for name, units in models.items() for unit, run in units.items()}
    names = {key: json.dumps(key) for key in each}
    thresholds = {key: float(run.numbers["threshold"]) for key, run in each.items()}
    drawn = bootstrap(
        {names[k]: checked(run.run.test["label"], run.scores) for k, run in each.items()},
        {names[key]: partial(numbers_at, threshold=thresholds[key]) for key in each},
        cuts={names[key]: thresholds[key] for key in each},
        resamples=resamples,
        random_state=random_state,
    )
    exact, resampled = {}, {}
    for name, units in models.items():
        parts = [names[name, unit] for unit in units]
        exact[name] = {k: float(np.mean([drawn.exact[p][k] for p in parts])) for k in COMPARED}
        resampled[name] = {
            k: np.mean([drawn.resampled[p][k] for p in parts], axis=0) for k in COMPARED
        }
    both = Bootstrap(exact, resampled, drawn.rarer_class_size)
    reference = next(iter(models))
    return (
        {name: both.intervals(name) for name in models},
        {name: both.difference(name, reference) for name in models if name != reference},
    )


def over_divisions(models: Models) -> tuple[Intervals, Intervals]:
    """Numbers and differences with corrected intervals over seeds and folds."""
    shared = shared_units(models)
    own, differences = {}, {}
    reference = next(iter(models))
    share = float(np.mean([models[reference][unit].run.test_share for unit in shared]))
    for name, units in models.items():
        values = {k: np.array([scores.value(k) for scores in units.values()]) for k in COMPARED}
        own[name] = {k: _possible(k, corrected_interval(v, share)) for k, v in values.items()}
        if name != reference:
            gaps = {
                k: np.array([units[u].value(k) - models[reference][u].value(k) for u in shared])
                for k in COMPARED
            }
            differences[name] = {k: corrected_interval(gap, share) for k, gap in gaps.items()}
    return own, differences


def _possible(metric: str, interval: Interval) -> Interval:
    """An interval cut at the bounds of its metric."""
    low, high = METRICS[metric].low, METRICS[metric].high
    return Interval(
        interval.value, float(np.maximum(interval.low, low)), float(np.minimum(interval.high, high))
    )


def side_by_side(models: Models) -> tuple[Intervals, Intervals]:
    """Numbers of the first run of every model, from its own metrics."""
    own: Intervals = {}
    for name, units in models.items():
        numbers = next(iter(units.values())).numbers
        own[name] = {key: Interval(**_with_nan(numbers[key])) for key in COMPARED}
    return own, {}


def _with_nan(number: Mapping[str, float | None]) -> dict[str, float]:
    ends = {key: number[key] for key in ("value", "low", "high")}
    return {key: float("nan") if value is None else value for key, value in ends.items()}


def ranks_of(models: Models, metric: str) -> dict[str, float]:
    """Mean rank over the units that all models have.

    Parameters
    ----------
    models : model → unit → scores
    metric : str

    Returns
    -------
    dict of model → float
        From 1, best first; empty for one model, and where no unit is shared.
    """
    shared = shared_units(models)
    if not shared or len(models) < 2:
        return {}
    values = [[units[unit].value(metric) for unit in shared] for units in models.values()]
    ranks = mean_ranks(values, lower_is_better=not METRICS[metric].higher_is_better)
    return dict(zip(models, ranks.tolist(), strict=True))


def differing(models: Models) -> dict[str, dict[str, str]]:
    """Settings that are not the same for all models, as text."""
    settings = {name: next(iter(units.values())).run.settings for name, units in models.items()}
    keys = list(dict.fromkeys(key for values in settings.values() for key in values))
    varied = [k for k in keys if len({json.dumps(v.get(k)) for v in settings.values()}) > 1]
    return {
        name: {key: json.dumps(values[key]) for key in varied if key in values}
        for name, values in settings.items()
    }


def _gaps(models: Models) -> list[str]:
    """Models that lack a run which others have."""
    wanted = max(len(units) for units in models.values())
    return [
        f"{name} has {len(units)} of {wanted} runs; differences are over those that it shares."
        for name, units in models.items()
        if len(units) < wanted
    ]


def plain_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """One row per model and metric, for a table without times."""
    rows = []
    for model in comparison.models:
        for metric in COMPARED:
            gap = (model.difference or {}).get(metric, {})
            rows.append(
                {"model": model.name, "runs": model.runs, "metric": metric}
                | dict(model.numbers[metric])
                | {f"difference_{k}": gap.get(k) for k in ("value", "low", "high")}
                | {"rank": model.rank if metric == comparison.metric else None}
            )
    return rows
