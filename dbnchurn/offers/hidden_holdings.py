"""Learn and measure without dates: a held item is hidden, and looked for by the others alone.

Customers are drawn into three parts: weights come from the first, penalty and probabilities from
the second, and the third is measured. What is found says who is like those that hold an item, not
who takes it next.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Rows
from dbnchurn.offers.acceptance import ItemRates, learn_acceptance
from dbnchurn.offers.eligibility import Eligibility
from dbnchurn.offers.list_quality import (
    ListQuality,
    calibration_of,
    compare,
    coverage_of,
    hits_of,
)
from dbnchurn.offers.next_offer_record import NextOfferRecord
from dbnchurn.offers.purchases import Holdings, Standing, holders
from dbnchurn.offers.settings import EASE, MEASURED, Settings
from dbnchurn.offers.time_split import LEAST_CUSTOMERS, Learned, popular_lists

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
        If too few customers hold an offered item to measure anything.
    """
    standing = holdings.standing(as_if_new=True)
    rows = len(holdings.customers)
    order = np.random.default_rng(settings.random_state).permutation(rows)
    first, second, third = np.split(order, [int(share * len(order)) for share in PARTS])
    if len(third) < LEAST_CUSTOMERS:
        raise DataError(
            f"there are {rows} customers; {5 * LEAST_CUSTOMERS} are needed, of whom a fifth is "
            "measured"
        )
    learning, choosing = standing.of(np.sort(first)), standing.of(np.sort(second))
    rates = _rates(learning.held)
    tried: dict[float, float] = {}
    models: dict[float | None, NextOfferRecord] = {}
    if settings.method == EASE:
        known, hidden = _hide(choosing, settings)
    for penalty, weights in settings.tried_weights(learning.held):
        takes = learn_acceptance(
            weights, rates, choosing, choosing.held, possible=settings.possible,
            random_state=settings.random_state, held_too=True,
        )  # fmt: skip
        model = NextOfferRecord(
            holdings.items, holdings.groups, weights, takes,
            settings.method, penalty, 0, False,
        )  # fmt: skip
        models[penalty] = model
        if penalty is not None:
            tried[penalty] = float(hits_of(_lists(model, known, settings), hidden).recall.mean())
    chosen = max(tried, key=lambda p: (tried[p], p)) if tried else None
    measured = models[chosen]
    quality = _measure(measured, standing.of(np.sort(third)), settings)
    weights, rates = settings.weights(holdings.held, chosen), _rates(holdings.held)
    takes = replace(measured.acceptance, rates=rates, usual=rates.usual_scores(weights))
    final = replace(measured, weights=weights, acceptance=takes)
    return Learned(final, measured, quality, tried)


def _rates(held: csr_array) -> ItemRates:
    share = (holders(held) + 0.5) / (held.shape[0] + 1)
    share = np.minimum(share, 1 - 1e-6)
    return ItemRates(share, share, share)


def _measure(record: NextOfferRecord, standing: Standing, settings: Settings) -> ListQuality:
    """Lists by hidden items, and probabilities of all items by the others."""
    part = standing.of(slice(0, MEASURED))
    known, hidden = _hide(part, settings)
    own = _lists(record, known, settings)
    popular = popular_lists(record.acceptance.rates, known, settings)
    if len(own) < LEAST_CUSTOMERS:
        raise DataError(
            f"{len(own)} of {len(part)} customers who are kept apart hold an offered item; "
            f"{LEAST_CUSTOMERS} are needed to measure lists"
        )
    intervals, gain_se = compare(
        hits_of(own, hidden), hits_of(popular, hidden), settings.random_state
    )
    possible = int(settings.possible.sum())
    p = record.acceptance.probabilities(record.logits(part)[:, settings.possible])
    held = part.held.toarray()[:, settings.possible] > 0
    return ListQuality(
        settings.k,
        len(own),
        len(standing) > len(part),
        **intervals,
        gain_se=gain_se,
        coverage=coverage_of(own, possible),
        coverage_popular=coverage_of(popular, possible),
        calibration=calibration_of(p.ravel(), held.ravel().astype(np.float64)),
    )


def _hide(standing: Standing, settings: Settings) -> tuple[Standing, csr_array]:
    """Hide one drawn item of each customer; those who hold no offered item are left out.

    Returns
    -------
    known : Standing of n customers
        Without the hidden items.
    hidden : csr_array of shape (n, m)

    Raises
    ------
    DataError
        If nobody holds an offered item.
    """
    held = csr_array(standing.held[:MEASURED])
    row = np.repeat(np.arange(held.shape[0]), np.diff(held.indptr))
    free = settings.possible[held.indices]
    lot = np.random.default_rng([settings.random_state, 3]).random(held.nnz)
    order = np.lexsort((lot, ~free, row))
    first = order[np.unique(row[order], return_index=True)[1]]
    first = first[free[first]]
    if not len(first):
        raise DataError(
            f"none of {held.shape[0]} customers who are kept apart holds an offered item, so that "
            "no list can be measured; offer items that more customers hold"
        )
    data = np.ones(held.nnz, np.float32)
    data[first] = 0
    rest = csr_array((data, held.indices, held.indptr), shape=held.shape)[row[first]]
    rest.eliminate_zeros()
    shape = len(first), held.shape[1]
    ones = np.ones(len(first), np.float32)
    hidden = csr_array((ones, (np.arange(len(first)), held.indices[first])), shape=shape)
    return Standing(rest, np.zeros(len(first))), hidden


def _lists(record: NextOfferRecord, known: Standing, settings: Settings) -> Rows:
    """Lists of the offered items, of shape (n, k)."""
    lists = [
        record.lists(part, logits, settings.k).items
        for _, part, logits in record.chunks(known, Eligibility(settings.possible))
    ]
    return np.concatenate(lists)
