"""Learn and measure without dates: every held item is looked for by the other items alone.

Customers are drawn into three parts: weights come from the first, penalty and probabilities from
the second, and the third is measured. What is found says who is like those that hold an item, not
who takes it next.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Bools, Floats32, Rows
from dbnchurn.offers.acceptance import Acceptance, ItemRates, learn_acceptance
from dbnchurn.offers.item_weights import Weights, ease_weights, gram, scores_of
from dbnchurn.offers.list_quality import (
    Hits,
    ListQuality,
    calibration_of,
    compare,
    coverage_of,
)
from dbnchurn.offers.next_offer_record import NextOfferRecord, likeliest
from dbnchurn.offers.purchases import Holdings, Standing
from dbnchurn.offers.settings import EASE, MEASURED, Settings
from dbnchurn.offers.time_split import LEAST_CUSTOMERS, Learned

PARTS = (0.6, 0.8)  # shares of the customers at which the second and the third part begin


def learn_by_hiding(holdings: Holdings, settings: Settings) -> Learned:
    """Choose, calibrate, measure, and learn from all customers.

    Parameters
    ----------
    holdings : Holdings
    settings : Settings

    Returns
    -------
    Learned

    Raises
    ------
    DataError
        If too few customers hold two items to measure anything.
    """
    standing = holdings.standing(as_if_new=True)
    rows = np.flatnonzero(np.diff(holdings.held.indptr) > 0)
    order = np.random.default_rng(settings.random_state).permutation(rows)
    first, second, third = np.split(order, [int(share * len(order)) for share in PARTS])
    if len(third) < LEAST_CUSTOMERS:
        raise DataError(
            f"{len(rows)} customers hold something; {5 * LEAST_CUSTOMERS} are needed, of whom a "
            "fifth is measured"
        )
    learning, choosing = standing.of(np.sort(first)), standing.of(np.sort(second))
    rates = _rates(learning.held)
    tried = _try_penalties(learning.held, choosing, settings)
    penalty = max(tried, key=lambda p: (tried[p], p)) if tried else None
    weights = settings.weights(learning.held, penalty)
    coefficients, knots = learn_acceptance(
        weights, rates, choosing, choosing.held, possible=settings.possible,
        random_state=settings.random_state, held_too=True,
    )  # fmt: skip

    def record(weights: Weights, rates: ItemRates) -> NextOfferRecord:
        takes = Acceptance(coefficients, rates, knots)
        return NextOfferRecord(
            holdings.items, holdings.groups, weights, takes, settings.method, penalty, 0, False
        )

    measured = record(weights, rates)
    quality = _measure(measured, standing.of(np.sort(third)[:MEASURED]), len(third), settings)
    everybody = holdings.held[np.sort(rows)]
    final = record(settings.weights(everybody, penalty), _rates(everybody))
    return Learned(final, measured, quality, tried)


def _rates(held: csr_array) -> ItemRates:
    share = (np.asarray(held.sum(axis=0)).ravel() + 0.5) / (held.shape[0] + 1)
    share = np.minimum(share, 1 - 1e-6)
    return ItemRates(share, share)


def _try_penalties(held: csr_array, standing: Standing, settings: Settings) -> dict[float, float]:
    if settings.method != EASE:
        return {}
    together = gram(held)
    part = standing.of(np.arange(min(len(standing), MEASURED)))
    found = {}
    for penalty in settings.penalties:
        scores = scores_of(part.held, ease_weights(together, penalty))
        found[penalty] = float(_found_again(scores, part.held, settings).recall.mean())
    return found


def _measure(
    record: NextOfferRecord, standing: Standing, of: int, settings: Settings
) -> ListQuality:
    logits = record.logits(standing)
    popular = np.repeat(record.acceptance.rates.popularity.astype(np.float32)[None], len(logits), 0)
    own = _found_again(logits, standing.held, settings)
    intervals, gain_se = compare(
        own, _found_again(popular, standing.held, settings), settings.random_state
    )
    possible = int(settings.possible.sum())
    held = standing.held.toarray() > 0
    p = record.acceptance.probabilities(logits[:, settings.possible])
    return ListQuality(
        settings.k,
        len(own.recall),
        of > len(standing),
        **intervals,
        gain_se=gain_se,
        coverage=coverage_of(_lists(logits, held, settings), possible),
        coverage_popular=coverage_of(_lists(popular, held, settings), possible),
        calibration=calibration_of(
            p.ravel(), held[:, settings.possible].ravel().astype(np.float64)
        ),
    )


def _lists(scores: Floats32, held: Bools, settings: Settings) -> Rows:
    plain = np.where(held | ~settings.possible, -np.inf, scores).astype(np.float32)
    lists = likeliest(plain, settings.k)
    return np.where(np.isfinite(np.take_along_axis(plain, lists, axis=1)), lists, -1)


def _found_again(scores: Floats32, held: csr_array, settings: Settings) -> Hits:
    """Share of a customer's items that a list would have if that one alone were not held.

    An item's rank is one more than the number of items not held that score higher; of equals half.
    """
    has = held.toarray() > 0
    free = np.where(has | ~settings.possible, -np.inf, scores)
    ordered = np.sort(free, axis=1)
    recall, ndcg = np.zeros(len(has)), np.zeros(len(has))
    counts = np.zeros(len(has))
    for row in range(len(has)):
        items = np.flatnonzero(has[row] & settings.possible)
        below = np.searchsorted(ordered[row], scores[row, items], side="left")
        until = np.searchsorted(ordered[row], scores[row, items], side="right")
        rank = len(ordered[row]) - until + (until - below) / 2 + 1
        hit = rank < settings.k + 1
        counts[row] = len(items)
        recall[row] = hit.sum()
        ndcg[row] = (hit / np.log2(rank + 1)).sum()
    some = counts > 0
    return Hits(recall[some] / counts[some], ndcg[some] / counts[some])
