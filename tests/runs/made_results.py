"""Results of a run in memory: the shared small classifier with scores of other customers."""

from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.runs.result import MODEL, RunResult
from dbnchurn.tables import Customers
from dbnchurn.tables.splitting import Split


def make_result(
    classifier: Any, X: pd.DataFrame, y: np.ndarray, *baselines: str, **parts: Any
) -> RunResult:
    """The last 100 rows are the test part, the 80 before them validation; scores are real ones.

    A baseline's score is that of the classifier divided by 2, 3, … in the order of `baselines`;
    `parts` are further fields of :class:`Customers`.
    """
    n = len(X)
    ids = np.array([f"C{i:04d}" for i in range(n)])
    customers = Customers(ids, X, y, parts.pop("dates", None), X.iloc[:0], **parts)
    rows = np.arange(n)
    divided = Split(rows[:-180], rows[-180:-100], rows[-100:])
    own = {
        part: classifier.predict_proba(X.iloc[getattr(divided, part)])[:, 1]
        for part in ("validation", "test")
    }
    scores = {MODEL: own}
    for divisor, name in enumerate(baselines, start=2):
        scores[name] = {part: values / divisor for part, values in own.items()}
    return RunResult(classifier, customers, divided, scores)
