"""A stored model on past months, whose features and outcomes are built from the raw tables."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from dbnchurn.campaign.feedback import FeedbackSection
from dbnchurn.core.errors import ConfigError, listed
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.data.build import Built, build, places
from dbnchurn.data.coverage import check_reason, refuse_uncovered
from dbnchurn.data.joins import LABEL
from dbnchurn.data.plan import DataPlan
from dbnchurn.data.windows import Window
from dbnchurn.evaluate.bootstrap import RESAMPLES
from dbnchurn.months.past_months import PastMonth, PastMonths
from dbnchurn.months.recalibrated_model import recalibrated_until
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.runs.backtest import backtest
from dbnchurn.runs.folder import check_new_file, write_new_file
from dbnchurn.scoring.month import month_plan, trained_plan
from dbnchurn.scoring.sources import Sources
from dbnchurn.tables.label import LabelMeaning
from dbnchurn.tables.unused_columns import say


def replay(
    model: str | Path,
    cutoffs: Sequence[date],
    *,
    tables: Mapping[str, str] | None = None,
    sources: str | Path | Sources | None = None,
    trust_sources: bool = False,
    by: Sequence[str] = (),
    contact_log: str | None = None,
    allow_changed: Collection[str] = (),
    allow_stale: str | None = None,
    output: str | Path | None = None,
    mkdir: bool = False,
    resamples: int = RESAMPLES,
    keep_digests: bool = False,
    n_threads: int | None = None,
    expect: str | None = None,
    public_key: str | Path | None = None,
    predictor: Predictor | None = None,
) -> PastMonths:
    """Evaluate a model on past months that are built from the raw tables, as its training was.

    Features are made of the records before a cutoff, and the outcome of those of the outcome
    window, all as the raw tables hold them today.

    Parameters
    ----------
    model : path
        Model folder.
    cutoffs : sequence of date
        One month each; all later than the training's, whose outcomes the model knows.
    tables, sources, trust_sources, allow_stale, n_threads
        As :func:`dbnchurn.scoring.month.build_month` takes them; `tables` are its `paths`.
    by : sequence of str, default ()
        Features by which promise and outcome are compared, beside the risk tiers.
    contact_log : str, optional
        Of campaigns in these months: customers count as if nobody had been contacted.
    allow_changed, resamples, keep_digests, expect, public_key, predictor
        As :func:`dbnchurn.runs.backtest.backtest` takes them.
    output : path, optional
        New JSON file.
    mkdir : bool, default False
        Whether the folder of `output` is made if it does not exist.

    Returns
    -------
    PastMonths

    Raises
    ------
    ConfigError
        If a cutoff is given twice or is not later than the training, or sources are not named.
    DataError
        If tables cannot be used, or the outcome window of a month is not over.
    ArtifactError
        If the model cannot be read or has no data plan.
    """
    if predictor is None:
        predictor = Predictor.load(model, expect=expect, public_key=public_key)
    plan = month_plan(model, predictor, paths=tables, sources=sources, trust_sources=trust_sources)
    trained = trained_plan(model, predictor).plan
    check_reason(allow_stale)
    windows = past_windows(trained, plan, cutoffs, recalibrated_until(predictor.about))
    check_new_file(output, {"model": [model], "tables": places(plan)}, mkdir=mkdir)
    months = []
    with ScratchFolder() as scratch:
        for window in windows:
            built = _built(plan, window.cutoff, scratch, n_threads, allow_stale)
            found = backtest(
                model,
                built.features,
                label=LABEL,
                meaning=LabelMeaning(LABEL, (1,), (0,)),
                by=by,
                allow_changed=allow_changed,
                feedback=_feedback(contact_log, window),
                of_later_month=True,
                keep_digests=keep_digests,
                resamples=resamples,
                predictor=predictor,
            )
            stale = tuple(f"stale, and allowed: {line}" for line in built.coverage.uncovered)
            found = replace(found, allowed=(*stale, *found.allowed))
            months.append(PastMonth(window.cutoff, found))
    result = PastMonths(predictor.version, tuple(months))
    write_new_file(output, result.plain())
    return result


def past_windows(
    trained: DataPlan, plan: DataPlan, cutoffs: Sequence[date], until: date | None = None
) -> list[Window]:
    """The windows of some cutoffs, none of which reaches into what a model learned.

    Parameters
    ----------
    trained : DataPlan
        Of the model's training.
    plan : DataPlan
        Of the months.
    cutoffs : sequence of date
    until : date, optional
        First day of which no outcome has a part in a recalibration of the model.

    Returns
    -------
    list of Window
        The earliest first.

    Raises
    ------
    ConfigError
        If a cutoff is given twice or is not later than the training, or there are no dates.
    """
    if plan.label is None or plan.windows is None or trained.windows is None:
        raise ConfigError(
            "the model's tables have no label or no dates, so no past month can be built; evaluate "
            "a table of customers with outcomes"
        )
    if twice := sorted({day for day in cutoffs if list(cutoffs).count(day) > 1}):
        raise ConfigError(f"the cutoff {listed(map(str, twice))} is given twice")
    known = max(trained.windows.at(day).closes for day in trained.windows.cutoffs)
    known = known if until is None else max(known, until)
    windows = [plan.windows.at(day) for day in sorted(cutoffs)]
    if early := [str(window.cutoff) for window in windows if window.opens < known]:
        raise ConfigError(
            f"the model learned from outcomes of days before {known}, so the outcome window of the "
            f"cutoff {listed(early)} is nothing new to it; give cutoffs whose outcome window opens "
            "on that day or later"
        )
    return windows


def _built(
    plan: DataPlan, cutoff: date, scratch: Path, n_threads: int | None, reason: str | None
) -> Built:
    """Features and outcomes of one month, in a folder that is removed later."""
    built = build(
        plan,
        scratch / str(cutoff),
        cutoffs=[cutoff],
        n_threads=n_threads,
        closed=all(table.query is None for table in plan.tables.values()),
    )
    refuse_uncovered(built.coverage.uncovered, cutoff, reason)
    aside = {name: sum(table.quarantined.values()) for name, table in built.tables.items()}
    if lost := [f"{name}: {rows}" for name, rows in aside.items() if rows]:
        say(
            [f"cutoff {cutoff}: rows that broke their contract were left out: {', '.join(lost)}"],
            logging.WARNING,
        )
    return built


def _feedback(contact_log: str | None, window: Window) -> FeedbackSection | None:
    """Contacts from the cutoff on, as in training: one in the gap changes the label too."""
    if contact_log is None:
        return None
    settings: dict[str, Any] = {"log": contact_log, "since": window.cutoff}
    return FeedbackSection.model_validate(
        {**settings, "days": (window.closes - window.cutoff).days}
    )
