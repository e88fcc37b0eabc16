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
from dbnchurn.campaign.source import CampaignSource, as_dates, as_numbers, read_source, rows_text
from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed
from dbnchurn.core.html.format import plain as plain_number
from dbnchurn.core.html.format import span, thousands
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.evaluate import evaluate
from dbnchurn.evaluate.bootstrap import RESAMPLES
from dbnchurn.evaluate.outcome_gaps import OutcomeGap, gap_lines, gaps_by, outcome_gap
from dbnchurn.evaluate.registry import METRICS
from dbnchurn.predictor.scores import TIERS
from dbnchurn.runs.backtest import REVERSED, RISK, check_columns_by, is_reversed
from dbnchurn.tables.label import read_label
from dbnchurn.tables.label_classes import LabelValues, value_tuple
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.label_words import Word, class_key, says_the_opposite, word_of
from dbnchurn.tables.streaming import open_files

IDS = ("id", "customer", "customer_id")
LABELS = ("left", "churned", "churn", "outcome", "label", "left_date")
RANKED = ("average_precision", "roc_auc", "lift_top_decile")
SHOWN = (*RANKED, "precision", "recall")
QUESTION = Question("--positive {}", "--negative {}")
SIDES = ("the scores", "the outcomes")
OWN = ("customer", "model", "decision", RISK)


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

    Returns
    -------
    ScoredOutcomes

    Raises
    ------
    ConfigError, DataError
        If a table cannot be read or can be read in two ways, ids do not match, or customers have
        two scores or outcomes.
    """
    scored, notes = _read_scores(str(scores))
    answers, said = _read_outcomes(
        str(outcomes), id, label, by, positive, negative, since, days, others_stayed
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
    check_columns_by(by, [str(c) for c in joined if c not in ("key", "y", "leaver")])
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


def _read_scores(path: str) -> tuple[pd.DataFrame, list[str]]:
    """Customers, probabilities and further columns, one row a customer."""
    header = list(next(iter(open_files(path).columns.values())))
    if lacking := [name for name in ("id", "probability") if name not in header]:
        raise DataError(
            f"{path}: scores need the columns 'id' and 'probability', as 'dbnchurn score' writes "
            f"them; {listed(lacking)} is missing: {did_you_mean(lacking[0], header)}"
        )
    source = CampaignSource(path=path, columns={"customer": "id"})
    table = read_source(source, texts=OWN, kinds={"probability": "number"})
    frame, notes = table.frame, list(table.notes)
    frame["probability"] = as_numbers(frame["probability"], path)
    outside = ~frame["probability"].between(0, 1)
    if outside.any():
        raise DataError(f"{path}: 'probability' is no number from 0 to 1 {rows_text(outside)}")
    without = frame["customer"].isna()
    if without.any():
        notes.append(f"{path}: {thousands(int(without.sum()))} scores without an id: left out.")
        frame = frame[~without]
    same = frame[["customer", "probability"]].drop_duplicates()
    clash = same["customer"].duplicated(keep=False)
    if clash.any():
        raise DataError(
            f"{path}: {same[clash]['customer'].nunique()} customers have two different scores, "
            f"such as {same[clash]['customer'].iloc[0]!r}; keep the score that counted"
        )
    if repeated := len(frame) - len(same):
        notes.append(f"{path}: {thousands(repeated)} repeated rows count once.")
    return frame.drop_duplicates("customer").reset_index(drop=True), notes


def _read_outcomes(
    path: str,
    id: str | None,
    label: str | None,
    by: Sequence[str],
    positive: LabelValues | None,
    negative: LabelValues | None,
    since: date | None,
    days: int | None,
    others_stayed: bool,
) -> tuple[pd.DataFrame, list[str]]:
    """Customers and ``y``: 1, 0, or NaN where the outcome is not known."""
    header = list(next(iter(open_files(path).columns.values())))
    own = _id_column(path, header, id)
    name = _label_column(path, header, own, label, by, others_stayed)
    columns = {"customer": own} | ({"answer": name} if name is not None else {})
    dated = name is not None and name.casefold() == "left_date"
    table = read_source(
        CampaignSource(path=path, columns=columns),
        texts=["customer"] if dated else ["customer", "answer"],
        kinds={"answer": "date"} if dated else {},
    )
    frame, notes = table.frame, list(table.notes)
    if (blank := frame["customer"].isna()).any():
        notes.append(f"{path}: {thousands(int(blank.sum()))} rows without an id: left out.")
        frame = frame[~blank].reset_index(drop=True)
    if name is None:
        frame["y"] = 1.0
        notes.append(f"{path} has ids alone: everybody in it counts as having left.")
    elif dated:
        frame["y"] = _left_within(frame["answer"], path, since, days)
        frame["leaver"] = frame["answer"].notna()
    else:
        frame["y"] = _answers(frame["answer"], name, positive, negative, notes)
    if (since is not None or days is not None) and not dated:
        raise ConfigError("--since and --days belong to dates of leaving, in a column 'left_date'")
    same = frame[["customer", "y"]].drop_duplicates()
    clash = same["customer"].duplicated(keep=False)
    if clash.any():
        raise DataError(
            f"{path}: {same[clash]['customer'].nunique()} customers have two outcomes, such as "
            f"{same[clash]['customer'].iloc[0]!r}; keep one row of each"
        )
    if repeated := len(frame) - len(same):
        notes.append(f"{path}: {thousands(repeated)} repeated rows count once.")
    kept = [column for column in frame if column in ("customer", "y", *by)]
    return frame.drop_duplicates("customer")[kept].reset_index(drop=True), notes


def _id_column(path: str, header: Sequence[str], id: str | None) -> str:
    if id is not None and id not in header:
        raise DataError(f"{path}: no id column {id!r}: {did_you_mean(id, header)}")
    found = [id] if id is not None else [name for name in IDS if name in header]
    if not found and len(header) == 1:
        found = [header[0]]
    if len(found) != 1 or found[0] is None:
        raise ConfigError(
            f"{path}: which column names the customer? It has {listed(header)}; give --id COLUMN "
            "(id=)"
        )
    return found[0]


def _label_column(
    path: str,
    header: Sequence[str],
    own: str,
    label: str | None,
    by: Sequence[str],
    others_stayed: bool,
) -> str | None:
    """The column that says who left; None of a list of ids, whose owners all left."""
    if label is not None:
        if label not in header:
            raise DataError(f"{path}: no label column {label!r}: {did_you_mean(label, header)}")
        return label
    others = [name for name in header if name != own and name not in by]
    if not others:
        if others_stayed:
            return None
        raise ConfigError(
            f"{path} has ids alone, which can be read in two ways: if it lists those who left, and "
            "all other customers stayed, give --others-stayed (others_stayed=True); otherwise add "
            "a column that says who left"
        )
    usual = [name for name in others if name.casefold() in LABELS]
    found = others if len(others) == 1 else usual
    if len(found) != 1:
        raise ConfigError(
            f"{path}: which column says who left? It has {listed(others)}; give --label COLUMN "
            "(label=)"
        )
    return found[0]


def _left_within(
    values: pd.Series[Any], path: str, since: date | None, days: int | None
) -> pd.Series[Any]:
    """1 for a date of leaving within the window, else 0."""
    if since is None or days is None:
        raise ConfigError(
            f"{path} has dates of leaving, so say which days count: --since DATE, the first day of "
            "the outcome window, and --days DAYS"
        )
    dates = as_dates(values, path)
    early = dates < pd.Timestamp(since)
    if early.any():
        raise DataError(
            f"{path}: customers left before the outcome window opens on {since} "
            f"{rows_text(early)}, such as {dates[early].iloc[0].date()}; they were no customers "
            "then: mend the dates, or give the right --since"
        )
    return (dates < pd.Timestamp(since) + pd.Timedelta(days=days)).astype(np.float64)


def _answers(
    values: pd.Series[Any],
    name: str,
    positive: LabelValues | None,
    negative: LabelValues | None,
    notes: list[str],
) -> pd.Series[Any]:
    known = values.notna() & (values.astype(str).str.strip() != "")
    y = pd.Series(np.nan, index=values.index)
    if not known.any():
        raise DataError(f"label column {name!r} is empty; it has to say who left")
    if values[known].map(class_key).nunique() == 1:
        y[known] = _only_answer(values[known].iloc[0], name, positive, negative)
        notes.append(f"{name} is {values[known].iloc[0]!r} in all rows that have an outcome.")
        return y
    meaning, found = read_label(
        values[known], positive=positive, negative=negative, column=name, question=QUESTION
    )
    y[known] = found
    notes.append(f"Left: {meaning.condition}.")
    return y


def _only_answer(
    value: str, name: str, positive: LabelValues | None, negative: LabelValues | None
) -> float:
    """What a label of one class means, as told or by its word."""
    for told, meaning in ((positive, 1.0), (negative, 0.0)):
        if told is not None and class_key(value) in map(class_key, value_tuple(told)):
            return meaning
    word = word_of(class_key(value))
    turned = says_the_opposite(name)
    if word is Word.LEFT or (word is Word.YES and not turned):
        return 1.0
    if word is Word.STAYED or (word is Word.NO and not turned):
        return 0.0
    raise DataError(
        f"label column {name!r} holds {value!r} alone, and no known word says whether these "
        f"customers left; give --positive {value!r} or --negative {value!r}"
    )


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
