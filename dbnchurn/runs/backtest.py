"""A stored model evaluated on newly labelled customers, compared with what its run measured.

The run measured the model on its test customers, with intervals: these are the promised numbers.
New customers are measured in the same way, at the stored threshold.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.campaign.feedback import Feedback, FeedbackSection
from dbnchurn.core.errors import ArtifactError, ConfigError, did_you_mean, listed
from dbnchurn.core.typing import Floats
from dbnchurn.data.joins import CUTOFF, LABEL
from dbnchurn.evaluate import evaluate
from dbnchurn.evaluate.bootstrap import RESAMPLES
from dbnchurn.evaluate.outcome_gaps import OutcomeGap, gaps_by, outcome_gap
from dbnchurn.evaluate.registry import COMPARED
from dbnchurn.predictor.changed import check_frame
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.predictor.scores import TIERS, tiers
from dbnchurn.runs.backtest_result import Backtest, Number
from dbnchurn.runs.folder import check_new_file, read_json, write_new_file
from dbnchurn.runs.learned_rows import LEARNED, RowDigests, learned_among, unlisted_sentence
from dbnchurn.tables.arrow import rules_of
from dbnchurn.tables.contract import Contract, Customers, apply_contract
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.id_spelling import IdSpelling
from dbnchurn.tables.label import LabelMeaning, inverted
from dbnchurn.tables.label_classes import LabelValues, left_sentence, majority_warning
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.streaming import FileSource, open_files
from dbnchurn.tables.unused_columns import say, unused_columns

QUESTION = Question("--positive {}", "--negative {}")
RISK = "risk"


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
    csv: CsvSettings | None = None,
    sheet: str | None = None,
    predictor: Predictor | None = None,
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
    csv : CsvSettings, optional
        How a CSV file is written; found out where it does not say.
    sheet : str, optional
        Sheet of a spreadsheet; needed where several hold something.
    predictor : Predictor, optional
        The model, where it has been loaded from that folder already.

    Returns
    -------
    Backtest

    Raises
    ------
    ArtifactError, DataError, ConfigError
        If model, table or output cannot be used.
    """
    check_new_file(output, {"input": [table], "model": [model]}, mkdir=mkdir)
    if predictor is None:
        predictor = Predictor.load(model, expect=expect, public_key=public_key)
    about = predictor.about
    classes = {"meaning": meaning} if meaning else _meaning(about, positive, negative)
    source = open_files(table, csv, sheet=sheet)
    labelled, rows, allowed = _labelled(predictor, source, label, by, classes, allow_changed)
    assert labelled.meaning is not None
    condition, share = labelled.meaning.condition, float(labelled.y.mean())
    if meaning is not None and about.get("data") is not None:
        condition = str(about.get("left") or condition)  # of the raw tables, not of the built label
    weight, told = _without_contacts(labelled, feedback)
    scores = predictor.predict_proba(labelled.X)[:, 1]
    measured = evaluate(
        labelled.y, scores, predictor.threshold, sample_weight=weight, resamples=resamples
    )
    ids = None if labelled.id is None else list(labelled.ids)
    learned, digests = 0, RowDigests(predictor.schema, labelled.X, ids)
    warnings = [majority_warning(condition, share, inverted(labelled.meaning, QUESTION))]
    if ids is not None and (why := IdSpelling.stored(about).lost_in(pd.Series(ids))):
        warnings.append(
            f"Ids of {labelled.id!r} lost their zeros, perhaps ({why}), so customers of the "
            "training are not recognised among these."
        )
    if not of_later_month:
        warnings.append(unlisted_sentence(about))
        path = Path(model).parent / LEARNED
        learned = learned_among(path, digests)
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
        digests.fullest if keep_digests else None,
    )
    write_new_file(output, result.plain())
    return result


def _labelled(
    predictor: Predictor,
    source: FileSource,
    label: str | None,
    by: Sequence[str],
    classes: Mapping[str, Any],
    allow_changed: Collection[str],
) -> tuple[Customers, int, tuple[str, ...]]:
    """The customers with an outcome, the rows of the table, and columns that may have changed."""
    columns = next(iter(source.columns.values()))
    label = label or predictor.about.get("label") or (LABEL if LABEL in columns else None)
    if label is None:
        raise ConfigError("the model does not name its label; give the column as --label")
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
    if predictor.about.get("data") is not None:
        known.add(CUTOFF)  # of a table that was built for the model
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
