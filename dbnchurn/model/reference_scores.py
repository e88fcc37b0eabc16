"""The scores that a model gives to customers whom it has not seen, told from those it has learned.

A model that has learned from all rows has no rows left that show how its scores will be spread; its
scores of the rows that it learned from are spread too far. Three corrections, each measured:
every row is seen through the one booster that did not see it; what sets the boosters apart, which
their average evens out, is taken away; and the spread that is left is drawn in as much as it had
to be for an earlier model of the same kind, which some rows were kept from.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from dbnchurn.core.parallel import map_row_chunks
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.dbn.network_record import logits
from dbnchurn.decide.decide_record import decide
from dbnchurn.features.compact_rows import LeafRows
from dbnchurn.features.encode_record import encode
from dbnchurn.model.pipeline import FittedStages
from dbnchurn.predictor.model_record import CHUNK, ModelRecord
from dbnchurn.prepare.record import prepare

SMALLEST = 1e-12  # probability: its logit has to be finite


def out_of_fold_scores(model: ModelRecord, learned: FittedStages, n_threads: int = 1) -> Floats:
    """Probabilities of training rows, each through the one booster that did not see it.

    Parameters
    ----------
    model : ModelRecord
    learned : FittedStages
        What it was made of; its n training rows are scored.
    n_threads : int, default 1

    Returns
    -------
    float64 array of shape (n,)
    """
    table, fold = learned.train.table, learned.fold

    def score(chunk: slice) -> Floats:
        prepared = prepare(model.prepare, table.take(np.arange(chunk.start, chunk.stop)))
        seen = base = encode(model.encode, prepared)
        if model.leaves is not None:
            views = LeafRows.of(base, model.leaves, prepared, fold[chunk])
            seen = views.take(np.arange(len(views)))
        found = [logits(n, base if n.sizes == base.sizes else seen) for n in model.networks]
        return decide(model.decide, np.column_stack(found))

    return np.concatenate(map_row_chunks(score, len(table), CHUNK, n_threads))


def shrinkage(unseen: Floats, own: Floats) -> float:
    """How much less the log-odds of customers are spread whom a model has not seen.

    Parameters
    ----------
    unseen : float64 array of shape (m,)
        Probabilities of rows that were kept from the model.
    own : float64 array of shape (n,)
        Those of its training rows, see :func:`own_scores`.

    Examples
    --------
    >>> round(shrinkage(expit(np.array([-1.0, 1.0])), expit(np.array([-2.0, 2.0]))), 3)
    0.5
    """
    spread = _log_odds(own).std()
    return float(_log_odds(unseen).std() / spread) if spread > 0 else 1.0


def expected_scores(own: Floats, fold: Ints, shrink: float) -> Floats:
    """Scores spread as those of customers whom the model has not seen.

    Parameters
    ----------
    own : float64 array of shape (n,)
        See :func:`own_scores`.
    fold : int64 array of shape (n,)
        The log-odds of every fold get the mean and the spread of all.
    shrink : float
        See :func:`shrinkage`.

    Returns
    -------
    float64 array of shape (n,)

    Examples
    --------
    >>> own = expit(np.array([-3.0, -1.0, -2.0, 0.0]))
    >>> np.log(expected_scores(own, np.array([0, 0, 1, 1]), 1.0)).round(2)
    array([-2.69, -0.9 , -2.69, -0.9 ])
    """
    found = _log_odds(own)
    standard = np.zeros(len(found))
    for one in np.unique(fold):
        rows = np.flatnonzero(fold == one)
        spread = found[rows].std()
        if spread > 0:
            standard[rows] = (found[rows] - found[rows].mean()) / spread
    return np.asarray(expit(found.mean() + shrink * found.std() * standard))


def _log_odds(probability: Floats) -> Floats:
    return np.asarray(logit(np.clip(probability, SMALLEST, 1 - SMALLEST)))
