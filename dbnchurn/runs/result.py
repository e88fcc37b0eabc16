"""Results of a run in memory: fitted models with their scores, and the contents of its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dbnchurn.core.typing import Floats
from dbnchurn.runs.side_columns import strengths
from dbnchurn.tables import Customers
from dbnchurn.tables.schema import Schema
from dbnchurn.tables.splitting import Split
from dbnchurn.tables.unused_columns import empty_columns, unused_columns

if TYPE_CHECKING:
    from dbnchurn.model.classifier import ChurnClassifier

MODEL = "dbnchurn"


@dataclass(frozen=True, eq=False)
class RunResult:
    """A run's results before they are written.

    Parameters
    ----------
    classifier : ChurnClassifier
    customers : Customers
    parts : Split
    scores : dict of model name → part → probabilities
        Of the classifier and the baselines, on the validation and test rows.
    fit_seconds : dict of model name → float or None
        Wall seconds of each fit; None where a part of it was done before an interruption.
    """

    classifier: ChurnClassifier
    customers: Customers
    parts: Split
    scores: dict[str, dict[str, Floats]]
    fit_seconds: dict[str, float | None] = field(default_factory=dict)

    @cached_property
    def strength(self) -> dict[str, float]:
        """How well each feature alone ranks churners among the training rows, best first."""
        return strengths(self.customers, self.parts.train)

    @property
    def reduced(self) -> list[str]:
        """The empty columns and those that the preparation dropped, in a sentence; or nothing."""
        empty = empty_columns(self.classifier.schema_)
        return unused_columns(Schema(()), reduced=empty | self.classifier.prepare_.dropped_)


@dataclass(frozen=True, eq=False)
class Findings:
    """Contents of the files of a trained run.

    Parameters
    ----------
    predictions : DataFrame
        As :func:`dbnchurn.runs.predictions.predictions` gives it.
    metrics : dict
        Plain data, as in ``metrics.json``.
    facts : dict
        Plain data, as in ``training.json``.
    others : Path, optional
        Folder with predictions of customers who were not drawn.
    """

    predictions: pd.DataFrame
    metrics: dict[str, Any]
    facts: dict[str, Any]
    others: Path | None = None
