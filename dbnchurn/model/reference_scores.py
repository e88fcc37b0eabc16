"""Reference scores: how the scores of customers outside the training rows are distributed.

A model refitted on all rows has no rows left that show how its scores will be spread, and its
scores of training rows are spread too far. Three corrections, each measured: every training row is
scored with leaf codes of the one booster fitted without its fold; differences between boosters,
which averaging over them would remove, are standardised away; and the remaining spread is shrunk
by the factor that an earlier model of the same kind needed, for which validation rows were kept.
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
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.model.stages import FittedStages
from dbnchurn.predictor.model_record import CHUNK, ModelRecord
from dbnchurn.prepare.record import prepare

SMALLEST = 1e-12  # probability: its logit has to be finite


def out_of_fold_scores(model: ModelRecord, stages: FittedStages, n_threads: int = 1) -> Floats:
    """Probabilities of training rows, with leaf codes of the booster fitted without their fold.

    Parameters
    ----------
    model : ModelRecord
    stages : FittedStages
        The stages that `model` was made of; their n training rows are scored.
    n_threads : int, default 1

    Returns
    -------
    float64 array of shape (n,)
    """
    table, fold = stages.train.table, stages.fold

    def score(chunk: slice) -> Floats:
        prepared = prepare(model.prepare, table.take(np.arange(chunk.start, chunk.stop)))
        visible = columns = encode(model.encode, prepared)
        if model.leaves is not None:
            rows = LeafRows.of(columns, model.leaves, prepared, fold[chunk], machines=model.codes)
            visible = rows.take(np.arange(len(rows)))
        outputs = [
            logits(network, columns if network.sizes == columns.sizes else visible)
            for network in model.networks
        ]
        if model.extra_trees is not None:
            matrix = booster_matrix(prepared)
            outputs.append(model.extra_trees.out_of_fold_logits(matrix, fold[chunk]))
        return decide(model.decide, np.column_stack(outputs))

    return np.concatenate(map_row_chunks(score, len(table), CHUNK, n_threads))


def shrinkage(held_out: Floats, own: Floats) -> float:
    """Ratio of the spread of log-odds on rows outside the training to that on training rows.

    Parameters
    ----------
    held_out : float64 array of shape (m,)
        Probabilities of rows that were kept from the model.
    own : float64 array of shape (n,)
        Those of its training rows, see :func:`out_of_fold_scores`.

    Returns
    -------
    float
        1 where the training rows have no spread.

    Examples
    --------
    >>> round(shrinkage(expit(np.array([-1.0, 1.0])), expit(np.array([-2.0, 2.0]))), 3)
    0.5
    """
    spread = _log_odds(own).std()
    return float(_log_odds(held_out).std() / spread) if spread > 0 else 1.0


def expected_scores(own: Floats, fold: Ints, factor: float) -> Floats:
    """Scores with the distribution to be expected of customers outside the training rows.

    Parameters
    ----------
    own : float64 array of shape (n,)
        See :func:`out_of_fold_scores`.
    fold : int64 array of shape (n,)
        The log-odds of every fold get the mean and the spread of all.
    factor : float
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
    odds = _log_odds(own)
    standard = np.zeros(len(odds))
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        spread = odds[rows].std()
        if spread > 0:
            standard[rows] = (odds[rows] - odds[rows].mean()) / spread
    return np.asarray(expit(odds.mean() + factor * odds.std() * standard))


def _log_odds(probability: Floats) -> Floats:
    return np.asarray(logit(np.clip(probability, SMALLEST, 1 - SMALLEST)))
