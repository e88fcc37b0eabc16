"""A file of scores and one of outcomes, joined by the customers' ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.campaign.id_match import Match, check_ids, id_keys
from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.html.format import plain as plain_number
from dbnchurn.core.html.format import span, thousands
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.evaluate import evaluate
from dbnchurn.evaluate.bootstrap import RESAMPLES
from dbnchurn.evaluate.outcome_gaps import OutcomeGap, gap_lines, gaps_by, outcome_gap
from dbnchurn.evaluate.registry import METRICS
from dbnchurn.months.outcome_files import ADDED, CUSTOMER, read_outcomes, read_scores
from dbnchurn.predictor.scores import TIERS
from dbnchurn.runs.backtest import RISK, check_columns_by
from dbnchurn.runs.backtest_result import REVERSED, is_reversed
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.label_classes import LabelValues

RANKED = ("average_precision", "roc_auc", "lift_top_decile")
SHOWN = (*RANKED, "precision", "recall")
SIDES = ("the scores", "the outcomes")


@dataclass(frozen=True, eq=False)
class ScoredOutcomes:
    """Scores of customers whose outcome is known by now.

    Parameters
    ----------
    name : str
        The file of scores.
    model : str
        Version of the model that scored; empty where the file does not say it.
    measured : mapping
        As :func:`dbnchurn.evaluate.evaluate` gives it.
    gaps : tuple of OutcomeGap
        Promised and observed leavers: of everybody, by risk tier, by further columns.
    scores, outcomes : arrays of shape (n,)
        Of the customers whose outcome is known.
    notes : tuple of str
        What was assumed or left out.
    """

    name: str
    model: str
    measured: dict[str, Any]
    gaps: tuple[OutcomeGap, ...]
    scores: Floats
    outcomes: Ints
    notes: tuple[str, ...] = ()

    def to_text(self) -> str:
        """Sentence, numbers and groups, as Markdown."""
        shown = [
            f"{METRICS[name].label} {plain_number(self.measured[name]['value'])} "
            f"({span(self.measured[name])})"
            for name in self._shown
        ]
        turned = [f"But {REVERSED}"] if is_reversed(self.measured) else []
        lines = [self.gaps[0].sentence, *turned, "", *gap_lines(self.gaps[1:]), ""]
        if shown:
            lines.append("; ".join(shown) + ".")
        return "\n".join([*lines, *self.notes])

    @property
    def _shown(self) -> list[str]:
        # Without decisions nobody is known to be called.
        names = SHOWN if self.measured["threshold"] <= 1 else RANKED
        return [name for name in names if self.measured[name]["value"] is not None]

    def plain(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "scores": self.name,
            "model": self.model,
            "gaps": [gap.plain() for gap in self.gaps],
            "found": {name: self.measured[name] for name in (*self._shown, "n", "base_rate")},
            "notes": list(self.notes),
        }


def join_scores(
    scores: str | Path,
    outcomes: str | Path,
    *,
    id: str | None = None,
    label: str | None = None,
    positive: LabelValues | None = None,
    negative: LabelValues | None = None,
    since: date | None = None,
    days: int | None = None,
    match: Match = "exact",
    others_stayed: bool = False,
    by: Sequence[str] = (),
    resamples: int = RESAMPLES,
    csv: CsvSettings | None = None,
    sheet: str | None = None,
    scores_csv: CsvSettings | None = None,
    scores_sheet: str | None = None,
) -> ScoredOutcomes:
    """Measure scores by what became of the customers.

    Parameters
    ----------
    scores : path
        Table with ``id`` and ``probability``, as ``dbnchurn score`` writes it.
    outcomes : path
        Table with the ids and who left.
    id : str, optional
        Column of the outcomes with the ids; by default ``id``, ``customer`` or ``customer_id``.
    label : str, optional
        Column of the outcomes that says who left, or ``left_date``; by default the only other one,
        or one of a usual name.
    positive, negative : label or list of labels, optional
        Labels of those who left and who stayed, where their words leave doubt.
    since, days : date, int, optional
        First day and length of the outcome window; needed with ``left_date``, whose dates outside
        of it are no outcome of the month.
    match : {"exact", "digits", "loose"}, default "exact"
        How ids are compared: as written; without blanks and leading zeros; without case as well.
    others_stayed : bool, default False
        Whether customers without a row in the outcomes stayed, as where these list leavers alone;
        otherwise they are left out.
    by : sequence of str, default ()
        Columns of scores or outcomes by which promise and outcome are compared too.
    resamples : int, default 500
    csv, sheet : optional
        How the outcomes are read, where it is not found out: delimiter and encoding of a CSV file,
        and the sheet, if they are in a spreadsheet with several.
    scores_csv, scores_sheet : optional
        How the scores are read.

    Returns
    -------
    ScoredOutcomes

    Raises
    ------
    ConfigError, DataError
        If a table cannot be read or can be read in two ways, ids do not match, or customers have
        two scores or outcomes.
    """
    if taken := [name for name in by if name in (CUSTOMER, *ADDED)]:
        raise ConfigError(
            f"--by {listed(taken)}: the join of scores and outcomes gives this name to a column of "
            "its own; rename the column in the file"
        )
    scored, notes = read_scores(str(scores), scores_csv, scores_sheet)
    scored = scored.drop(columns=[name for name in ADDED if name in scored])
    answers, said = read_outcomes(
        str(outcomes), id, label, by, positive, negative, since, days, others_stayed, csv, sheet
    )
    scored["key"], answers["key"] = id_keys(scored, answers, str(scores), str(outcomes), match)
    if not others_stayed or not scored["key"].isin(answers["key"]).any():
        check_ids(scored, answers, (str(scores), str(outcomes)), match, what=SIDES)
    else:
        check_ids(answers, scored, (str(outcomes), str(scores)), match, what=SIDES[::-1])
    twice = [name for name in answers if name in scored and name not in ("key", "customer")]
    joined = scored.merge(
        answers.drop(columns=["customer", *twice]), on="key", how="left", validate="one_to_one"
    )
    notes += [*said, *_left_out(scored, answers, joined, others_stayed, str(outcomes))]
    if others_stayed:
        _refuse_groups_of_listed(by, scored, answers, joined)
        joined.loc[~joined["key"].isin(answers["key"]), "y"] = 0.0
    joined = joined[joined["y"].notna()].reset_index(drop=True)
    check_columns_by(by, [str(c) for c in joined if c not in ADDED])
    y, p = joined["y"].to_numpy(np.int64), joined["probability"].to_numpy(np.float64)
    columns: dict[str, Any] = {name: joined[name] for name in by if name != RISK}
    if RISK in joined:
        known = set(joined[RISK].dropna()) <= set(TIERS)
        tiers = pd.Categorical(joined[RISK], TIERS, ordered=True) if known else joined[RISK]
        columns = {RISK: tiers, **columns}
    models = sorted(set(scored["model"].dropna())) if "model" in scored else []
    return ScoredOutcomes(
        str(scores),
        models[0] if len(models) == 1 else "",
        evaluate(y, p, _threshold(joined), resamples=resamples),
        (outcome_gap(y, p), *gaps_by(y, p, columns)),
        p,
        y,
        tuple(notes),
    )


def _threshold(joined: pd.DataFrame) -> float:
    """The lowest score that was called; above 1 where nothing says who was."""
    if "decision" not in joined:
        return 2.0
    called = joined["decision"].astype(str).str.strip().str.lower().isin(("true", "1", "yes"))
    return float(joined.loc[called, "probability"].min()) if called.any() else 2.0


def _refuse_groups_of_listed(
    by: Sequence[str], scored: pd.DataFrame, answers: pd.DataFrame, joined: pd.DataFrame
) -> None:
    """Refuse groups by a column that only the listed customers have: it divides by outcome."""
    told = [name for name in by if name not in scored and name in answers]
    if told and not joined["key"].isin(answers["key"]).all():
        raise ConfigError(
            f"--by {listed(told)} is known of the listed customers alone, so it divides by "
            "outcome; add it to the scores"
        )


def _left_out(
    scored: pd.DataFrame,
    answers: pd.DataFrame,
    joined: pd.DataFrame,
    others_stayed: bool,
    path: str,
) -> list[str]:
    """What is said of customers without outcome, and of outcomes of nobody; or a refusal."""
    without, notes = int(joined["y"].isna().sum()), []
    strangers = int((~answers["key"].isin(scored["key"])).sum())
    unlisted = int((~joined["key"].isin(answers["key"])).sum()) if others_stayed else 0
    if unlisted:
        notes.append(f"{thousands(unlisted)} customers who are not in {path} count as stayed.")
    if without := without - unlisted:
        known = joined["y"].dropna()
        departures = "leaver" in answers and bool(answers["leaver"].all())
        if not others_stayed and len(known) and ((known == 1).all() or departures):
            raise DataError(
                f"{path}: everybody in it left, and {thousands(without)} scored customers are not "
                "in it; if they all stayed, give --others-stayed (others_stayed=True), otherwise "
                "add their outcomes"
            )
        notes.append(f"{thousands(without)} customers without an outcome were left out.")
    if strangers:
        notes.append(f"{thousands(strangers)} outcomes are of customers without a score.")
    return notes
