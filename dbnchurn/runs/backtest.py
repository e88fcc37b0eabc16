"""A stored model evaluated on newly labelled customers, compared with what its run measured.

The run measured the model on its test customers, with intervals: these are the promised numbers.
New customers are measured in the same way, at the stored threshold.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.campaign.feedback import Feedback, FeedbackSection
from dbnchurn.core.errors import ArtifactError, ConfigError, did_you_mean, listed
from dbnchurn.core.html.format import percent, plain, span
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.data.joins import LABEL
from dbnchurn.evaluate import evaluate
from dbnchurn.evaluate.bootstrap import RESAMPLES
from dbnchurn.evaluate.outcome_gaps import OutcomeGap, gap_lines, gaps_by, outcome_gap
from dbnchurn.evaluate.registry import COMPARED, METRICS, PRIMARY
from dbnchurn.predictor.changed import check_frame
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.predictor.scores import TIERS, tiers
from dbnchurn.runs.folder import check_new_file, read_json, write_new_file
from dbnchurn.runs.learned_rows import (
    LEARNED,
    Digests,
    digests_of,
    learned_among,
    unlisted_sentence,
)
from dbnchurn.tables.arrow import rules_of
from dbnchurn.tables.contract import Contract, Customers, apply_contract
from dbnchurn.tables.label import LabelMeaning, inverted
from dbnchurn.tables.label_classes import LabelValues, left_sentence, majority_warning
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.reading import read
from dbnchurn.tables.streaming import FileSource, open_files
from dbnchurn.tables.unused_columns import say, unused_columns

Number = Mapping[str, Any]
QUESTION = Question("--positive {}", "--negative {}")
RISK = "risk"


REVERSED = (
    "the scores rank these customers the other way round (the ROC AUC lies below 0.5 with its "
    "whole interval), as where the label is turned: look at it, or say --positive."
)


def is_reversed(measured: Mapping[str, Any]) -> bool:
    """Whether scores rank customers the other way round, beyond chance.

    Examples
    --------
    >>> is_reversed({"roc_auc": {"value": 0.2, "low": 0.1, "high": 0.3}})
    True
    """
    high = measured.get("roc_auc", {}).get("high")
    return high is not None and high < 0.5


@dataclass(frozen=True, eq=False)
class Backtest:
    """Promised and new metrics of a model.

    Parameters
    ----------
    model : str
    promised : mapping of metric → value, low, high
        Empty where the folder of the model is not in its run folder with ``metrics.json``.
    measured : mapping
        On the new customers, as :func:`dbnchurn.evaluate.evaluate` gives it.
    left_out : int
        Rows of the table that broke the contract or have no outcome yet.
    outcome : str
        Who counts as having left, and what share of the new customers.
    warning : str or None
        Where most of them count as having left.
    allowed : tuple of str
        Sentences about columns that changed since the training, and were allowed to.
    learned : int
        Rows that the model learned from, so that they are no new customers.
    feedback : tuple of str
        What was done to the labels because of campaigns.
    gaps : tuple of OutcomeGap
        Promised and observed leavers of all customers, then by risk tier and by the columns that
        were asked for; empty where the model learned from some of the customers, or where they are
        weighted because of campaigns.
    scores, outcomes : arrays of shape (n,)
        Of the customers measured.
    version : str
        Of the model.
    ids : array of shape (n,), or None
        None where the table has no column of ids.
    digests : uint64 array of shape (n,), or None
        Of customers and values; None where they were not asked for.
    """

    model: str
    promised: Mapping[str, Number]
    measured: Mapping[str, Any]
    left_out: int = 0
    outcome: str = ""
    warning: str | None = None
    allowed: tuple[str, ...] = ()
    learned: int = 0
    feedback: tuple[str, ...] = ()
    gaps: tuple[OutcomeGap, ...] = ()
    scores: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    outcomes: Ints = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    version: str = ""
    ids: npt.NDArray[Any] | None = field(default=None, repr=False)
    digests: Digests | None = field(default=None, repr=False)

    def standing(self, metric: str) -> str:
        """Where the new number lies: ``inside``, ``below`` or ``above`` the promised interval.

        ``, near`` is added where it is outside, but its own interval overlaps the promised one;
        ``–`` stands for a number that is undefined or was not promised.
        """
        old, new = self.promised.get(metric), self.measured[metric]
        if old is None or old["low"] is None or new["value"] is None:
            return "–"
        if old["low"] <= new["value"] <= old["high"]:
            return "inside"
        side = "below" if new["value"] < old["low"] else "above"
        overlaps = (
            new["low"] is not None and new["low"] <= old["high"] and new["high"] >= old["low"]
        )
        return f"{side}, near" if overlaps else side

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        new, old = self.measured[PRIMARY], self.promised.get(PRIMARY)
        customers = (
            f"{self.measured['n']:,} newly labelled customers, of whom "
            f"{percent(self.measured['base_rate'], 2)} left"
        )
        if new["value"] is None:
            return f"{customers}: nothing can be said, as all have one outcome."
        label = METRICS[PRIMARY].label_in_sentence
        measured = _capital(f"{label} {plain(new['value'])} ({span(new)}) on {customers}")
        if self.learned:
            return (
                f"{measured}; but the model learned from {self.learned:,} of these customers, so "
                "the numbers say nothing of new ones: name a table of later customers."
            )
        if is_reversed(self.measured):
            return f"{measured}, but {REVERSED}"
        standing = self.standing(PRIMARY)
        if old is None or standing == "–":
            return f"{measured}; there is no promise to hold it against."
        interval = f"the interval that training gave, {span(old)}"
        if standing == "inside":
            return f"{measured}, lies inside {interval}: the model holds its promise."
        if standing.endswith("near"):
            return (
                f"{measured}, lies outside {interval}, but so few customers leave it open: the "
                "two intervals overlap."
            )
        change = "worse" if standing == "below" else "better"
        return f"{measured}, lies outside {interval}: the model does {change} than promised."

    @property
    def calibration(self) -> str:
        """Predicted and observed share of churners, in a sentence."""
        if self.gaps:
            return self.gaps[0].sentence
        gap, rate = self.measured["calibration_in_the_large"], self.measured["base_rate"]
        sentence = (
            f"Scores promised {percent(rate + gap['value'], 2)} leavers, {percent(rate, 2)} came"
        )
        if gap["low"] is None:
            return f"{sentence}."
        agrees = gap["low"] <= 0 <= gap["high"]
        return f"{sentence}: {'within' if agrees else 'beyond'} what chance explains."

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Metric, promised and new number, and where the new one lies, as text."""
        return [
            (
                metric.label,
                _number(self.promised[key]) if key in self.promised else "–",
                _number(self.measured[key]),
                self.standing(key),
            )
            for key, metric in COMPARED.items()
        ]

    def to_text(self) -> str:
        """Verdict, table of the metrics and calibration, as Markdown."""
        table = [
            "| number | promised | on the new customers | the new value lies |",
            "|---|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in self.rows()),
        ]
        changed = [f"changed, and allowed: {sentence}" for sentence in self.allowed]
        lines = [*changed, self.verdict, "", *table, "", self.calibration]
        if groups := gap_lines(self.gaps[1:]):
            lines += ["", *groups, ""]
        lines += [f"Feedback: {note}." for note in self.feedback]
        lines += [line for line in (self.outcome and f"{self.outcome}.", self.warning) if line]
        if self.left_out:
            lines.append(f"{self.left_out} rows were left out: no outcome, or a broken contract.")
        return "\n".join(lines)

    def plain(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "model": self.model,
            "verdict": self.verdict,
            "calibration": self.calibration,
            "allowed": list(self.allowed),
            "feedback": list(self.feedback),
            "promised": {key: dict(self.promised[key]) for key in COMPARED if key in self.promised},
            "found": dict(self.measured),
            "gaps": [gap.plain() for gap in self.gaps],
            "standing": {key: self.standing(key) for key in COMPARED},
            "left_out": self.left_out,
            "learned": self.learned,
            "outcome": self.outcome,
            "warnings": [] if self.warning is None else [self.warning],
        }


def backtest(
    model: str | Path,
    table: str | Path,
    *,
    label: str | None = None,
    positive: LabelValues | None = None,
    negative: LabelValues | None = None,
    meaning: LabelMeaning | None = None,
    by: Sequence[str] = (),
    allow_changed: Collection[str] = (),
    feedback: FeedbackSection | None = None,
    of_later_month: bool = False,
    keep_digests: bool = False,
    output: str | Path | None = None,
    mkdir: bool = False,
    resamples: int = RESAMPLES,
    expect: str | None = None,
    public_key: str | Path | None = None,
) -> Backtest:
    """Evaluate a stored model on customers whose outcome is known by now.

    Parameters
    ----------
    model : path
        Model folder. Where it is still in its run folder, the promised numbers are read from the
        run's ``metrics.json``.
    table : path
        CSV, Parquet or Excel file, folder of them, or pattern, with the columns of the model and
        the outcome; rows without an outcome are left out. Texts are read as in training.
    label : str, optional
        Column with the outcome; by default that of the training.
    positive, negative : label or list of labels, optional
        Labels of those who left and of those who stayed; by default those of the training.
    meaning : LabelMeaning, optional
        In place of both.
    by : sequence of str, default ()
        Columns of the table by which promise and outcome are compared, beside the risk tiers.
    allow_changed : collection of str, default ()
        Columns that may have become empty or be full of unknown categories.
    feedback : FeedbackSection, optional
        Campaigns that ran in the month: the customers are weighted as if nobody had been contacted.
        Needs ``since`` and ``days``.
    of_later_month : bool, default False
        Whether it is known already that no outcome was learned; otherwise customers with the values
        of a learned row are taken for learned ones.
    keep_digests : bool, default False
        Whether the result has a digest of every customer.
    output : path, optional
        New JSON file.
    mkdir : bool, default False
        Whether the folder of `output` is made if it does not exist.
    resamples : int, default 500
        Bootstrap resamples.
    expect, public_key : optional
        As :meth:`Predictor.load` takes them.

    Returns
    -------
    Backtest

    Raises
    ------
    ArtifactError, DataError, ConfigError
        If model, table or output cannot be used.
    """
    check_new_file(output, {"input": [table], "model": [model]}, mkdir=mkdir)
    predictor = Predictor.load(model, expect=expect, public_key=public_key)
    about = predictor.about
    source = open_files(table)
    columns = next(iter(source.columns.values()))
    name = label or about.get("label") or (LABEL if LABEL in columns else None)
    if name is None:
        raise ConfigError("the model does not name its label; give the column as --label")
    classes = {"meaning": meaning} if meaning else _meaning(about, positive, negative)
    labelled, rows, allowed = _labelled(predictor, source, name, by, classes, allow_changed)
    assert labelled.meaning is not None
    condition, share = labelled.meaning.condition, float(labelled.y.mean())
    weight, told = _without_contacts(labelled, feedback)
    scores = predictor.predict_proba(labelled.X)[:, 1]
    measured = evaluate(
        labelled.y, scores, predictor.threshold, sample_weight=weight, resamples=resamples
    )
    learned, ids = 0, None if labelled.id is None else list(labelled.ids)
    warnings = [majority_warning(condition, share, inverted(labelled.meaning, QUESTION))]
    if not of_later_month:
        warnings.append(unlisted_sentence(about))
        path = Path(model).parent / LEARNED
        learned = learned_among(path, predictor.schema, labelled.X, ids)
    gaps = () if learned or weight is not None else _gaps(predictor, labelled, scores, by)
    result = Backtest(
        str(model),
        _promised(Path(model)),
        measured,
        rows - len(labelled),
        left_sentence(condition, share, len(labelled)),
        " ".join(filter(None, warnings)) or None,
        allowed,
        learned,
        told,
        gaps,
        scores,
        labelled.y,
        predictor.version,
        None if labelled.id is None else np.asarray(labelled.ids),
        digests_of(read(predictor.schema, labelled.X)[0], ids) if keep_digests else None,
    )
    write_new_file(output, result.plain())
    return result


def _labelled(
    predictor: Predictor,
    source: FileSource,
    label: str,
    by: Sequence[str],
    classes: Mapping[str, Any],
    allow_changed: Collection[str],
) -> tuple[Customers, int, tuple[str, ...]]:
    """The customers with an outcome, the rows of the table, and columns that may have changed."""
    columns = next(iter(source.columns.values()))
    id = predictor.about.get("id")
    loaded = load_table(
        source,
        rules_of(predictor.schema, columns, predictor.missing),
        ids=[id] if id is not None else [],
        as_written=[label],
    )
    say(loaded.notes, logging.WARNING)
    frame = loaded.frame
    allowed = check_frame(predictor, frame, allow_changed)
    columns_by = [column for column in by if column != RISK]  # tiers there are always
    check_columns_by(columns_by, [str(c) for c in frame if c not in (label, id)])
    identity = id if id in frame.columns else None
    labelled = apply_contract(
        frame, Contract(label, identity, **classes, max_quarantine=1.0, question=QUESTION)
    )
    known = {column.name for column in predictor.schema.columns}
    extra = [str(c) for c in labelled.X if c not in known and c not in by]
    say([*labelled.notes, *labelled.set_aside])
    say(unused_columns(predictor.schema, extra=extra))
    return labelled, len(frame) + len(loaded.rejected), tuple(allowed)


def check_columns_by(by: Sequence[str], columns: Collection[str]) -> None:
    """Refuse columns to compare by that a table does not have.

    Parameters
    ----------
    by : sequence of str
    columns : collection of str
        Of the table.

    Raises
    ------
    ConfigError
        With all of them.
    """
    if absent := [name for name in by if name not in columns]:
        raise ConfigError(
            f"there is no column {listed(absent)} to compare by (--by): "
            f"{did_you_mean(absent[0], columns)}"
        )


def _gaps(
    predictor: Predictor, labelled: Customers, scores: Floats, by: Sequence[str]
) -> tuple[OutcomeGap, ...]:
    """Promised and observed leavers: of all, by risk tier, and by columns."""
    tier = pd.Categorical(tiers(scores, predictor.risk_edges), categories=TIERS, ordered=True)
    columns: dict[str, Any] = {RISK: tier}
    columns |= {name: labelled.X[name] for name in by if name != RISK}
    return (outcome_gap(labelled.y, scores), *gaps_by(labelled.y, scores, columns))


def _without_contacts(
    labelled: Customers, section: FeedbackSection | None
) -> tuple[Floats | None, tuple[str, ...]]:
    """Weights as if nobody had been contacted, and what was done."""
    if section is None:
        return None, ()
    if section.since is None or section.days is None:
        raise ConfigError(
            "the outcome window of the customers is not known: give its first day (--since) and "
            "its length (--days) with the contact log"
        )
    if labelled.id is None:
        raise ConfigError(
            "customers of the contact log are found by their id, and the table lacks the column "
            "that the training had"
        )
    opens = np.full(len(labelled), np.datetime64(section.since, "ns"))
    closes = opens + np.timedelta64(section.days, "D")
    found = Feedback.read(section, labelled.ids, labelled.y, opens, closes)
    weighted = found.weigh(np.arange(len(labelled)))
    return weighted.weight, (*found.notes, *weighted.notes)


def _meaning(
    about: Mapping[str, Any], positive: LabelValues | None, negative: LabelValues | None
) -> dict[str, Any]:
    """What the labels mean: as the user says, or else as in training."""
    if positive is not None or negative is not None:
        return {"positive": positive, "negative": negative}
    if (meaning := LabelMeaning.from_dict(about)) is not None:
        return {"meaning": meaning}
    return {"positive": about.get("positive")}  # of older models


def _promised(model: Path) -> dict[str, Number]:
    """The test numbers of the run that the model is of; empty if they are not there."""
    path = model.parent / "metrics.json"
    if not path.is_file():
        return {}
    try:
        test = read_json(path)["test"]
        return {key: test[key] for key in COMPARED if key in test}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from error


def _number(number: Number) -> str:
    if number["value"] is None:
        return "–"
    return plain(number["value"]) + (f" ({span(number)})" if number["low"] is not None else "")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
