"""Learn and measure by time: each step is judged on weeks that came after all that made it.

With T complete weeks and a window of w, the penalty of EASE is chosen on the weeks T - 3w to
T - 2w, probabilities are learned on the next w, and lists and probabilities are measured on the
last w. Then the lists for the future are made from all weeks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.sparse import csr_array

from dbnchurn.core.errors import DataError
from dbnchurn.core.progress import stage
from dbnchurn.core.typing import Floats32, Rows
from dbnchurn.offers.acceptance import (
    Acceptance,
    ItemRates,
    centre_of,
    customer_rows,
    learn_acceptance,
)
from dbnchurn.offers.eligibility import Eligibility, close
from dbnchurn.offers.item_weights import Weights, ease_weights, gram, scores_of
from dbnchurn.offers.list_quality import (
    ListQuality,
    calibration_of,
    compare,
    coverage_of,
    hits_of,
)
from dbnchurn.offers.next_offer_record import CELLS, NextOfferRecord, likeliest
from dbnchurn.offers.purchases import Purchases, Standing, entries, holders
from dbnchurn.offers.settings import EASE, MEASURED, Settings

LEAST_CUSTOMERS = 30  # with a hit to be made, or nothing is measured


@dataclass(frozen=True, eq=False)
class Learned:
    """The result of a search.

    Parameters
    ----------
    record : NextOfferRecord
        For the future.
    measured : NextOfferRecord
        The one that was measured, which ends before the last window.
    quality : ListQuality
    tried : dict of penalty → recall
        On the weeks that chose it; empty for cosine.
    """

    record: NextOfferRecord
    measured: NextOfferRecord
    quality: ListQuality
    tried: dict[float, float]


def learn_by_time(bought: Purchases, settings: Settings) -> Learned:
    """Choose, calibrate, measure, and learn from all weeks.

    Parameters
    ----------
    bought : Purchases
    settings : Settings

    Returns
    -------
    Learned

    Raises
    ------
    DataError
        If there are too few weeks or customers to measure anything.
    """
    window, last = settings.window, bought.n_weeks
    if last < 4 * window:
        raise DataError(
            f"there are {last} complete weeks of purchases; a window of {window} weeks needs "
            f"{4 * window}: one each to learn, choose, calibrate and measure; give more weeks, or "
            f"a smaller window"
        )
    with stage("choose the penalty"):
        tried = _try_penalties(bought, settings)
    penalty = max(tried, key=lambda p: (tried[p], p)) if tried else None
    with stage("calibrate"):
        weights, rates = _weights_at(bought, last - 2 * window, settings, penalty)
        learned = _learned_after(bought, last - 2 * window, settings, weights, rates)
    with stage("measure"):
        weights, rates = _weights_at(bought, last - window, settings, penalty)
        measured = _record_at(bought, last - window, settings, penalty, weights, rates, learned)
        quality = _measure(bought, settings, measured)
    with stage("learn from all weeks"):
        learned = _learned_after(bought, last - window, settings, weights, rates)
        weights, rates = _weights_at(bought, last, settings, penalty)
        record = _record_at(bought, last, settings, penalty, weights, rates, learned)
    return Learned(record, measured, quality, tried)


def new_taken(bought: Purchases, week: int, settings: Settings) -> csr_array:
    """What customers took in the window from a week on, that can be an offer.

    Parameters
    ----------
    bought : Purchases
    week : int
    settings : Settings

    Returns
    -------
    csr_array of shape (n, m)
        Without what they held before, unless it is offered again; offered items alone.
    """
    taken = bought.taken(week, week + settings.window)
    if not settings.repeat:
        taken = taken - taken.multiply(bought.held(week))
    taken = csr_array(taken.multiply(settings.possible.astype(np.float32)[None]))
    taken.eliminate_zeros()
    return taken


def rates_at(bought: Purchases, week: int, settings: Settings) -> ItemRates:
    """How often each item was taken in the window before a week, and in the recent weeks.

    Parameters
    ----------
    bought : Purchases
    week : int
    settings : Settings

    Returns
    -------
    ItemRates
    """
    held = bought.held(week)
    there = int((np.diff(held.indptr) > 0).sum())
    first = week - settings.window
    taken = bought.taken(first, week)
    free = np.full(len(bought.items), float(there))
    if not settings.repeat:
        before = bought.held(first)
        taken = taken - taken.multiply(before)
        free -= holders(before)
    rate = (holders(taken) + 0.5) / (np.maximum(free, 0) + 1)
    lately = holders(bought.taken(week - settings.recent, week))
    share = holders(held) / max(1, there)
    return ItemRates(np.minimum(rate, 1 - 1e-6), (lately + 0.5) / (there + 1), share)


def popular_lists(rates: ItemRates, part: Standing, settings: Settings) -> Rows:
    """The lists to beat: what most customers took lately, own habits first where they count.

    Parameters
    ----------
    rates : ItemRates
    part : Standing of n customers
    settings : Settings

    Returns
    -------
    int array of shape (n, k)
    """
    popularity = rates.popularity.astype(np.float32)[None]

    def scores(some: Standing) -> Floats32:
        found: Floats32 = np.repeat(popularity, len(some), axis=0)
        if some.habit is not None:
            found += some.habit.toarray().astype(np.float32)
        return found

    return _closed_lists(scores, part, settings)


def _closed_lists(
    scores: Callable[[Standing], Floats32], part: Standing, settings: Settings
) -> Rows:
    """Lists of the open items with the largest scores, for chunks of customers."""
    size, made = max(1, CELLS // len(settings.possible)), []
    for first in range(0, len(part), size):
        some = part.of(slice(first, min(first + size, len(part))))
        found = scores(some)
        held = None if settings.repeat else some.held
        close(found, slice(0, len(some)), Eligibility(settings.possible), held)
        lists = likeliest(found, settings.k)
        open_ = np.isfinite(np.take_along_axis(found, lists, axis=1))
        made.append(np.where(open_, lists, -1))
    return np.concatenate(made)


def _record_at(
    bought: Purchases,
    week: int,
    settings: Settings,
    penalty: float | None,
    weights: Weights,
    rates: ItemRates,
    learned: Acceptance,
) -> NextOfferRecord:
    """What was learned in an earlier window, for what is known before a week."""
    centre = centre_of(
        weights, rates, _standing(bought, week, settings), possible=settings.possible,
        random_state=settings.random_state, held_too=settings.repeat,
    )  # fmt: skip
    takes = replace(learned, rates=rates, centre=centre, usual=rates.usual_scores(weights))
    return NextOfferRecord(
        bought.items, bought.groups, weights, takes, settings.method, penalty, settings.window,
        settings.repeat,
    )  # fmt: skip


def _weights_at(
    bought: Purchases, week: int, settings: Settings, penalty: float | None
) -> tuple[Weights, ItemRates]:
    return settings.weights(bought.held(week), penalty), rates_at(bought, week, settings)


def _standing(bought: Purchases, week: int, settings: Settings) -> Standing:
    return bought.standing(week, settings.recent, settings.repeat)


def _learned_after(
    bought: Purchases, week: int, settings: Settings, weights: Weights, rates: ItemRates
) -> Acceptance:
    """Learned from what was taken in the window after a week."""
    return learn_acceptance(
        weights,
        rates,
        _standing(bought, week, settings),
        new_taken(bought, week, settings),
        possible=settings.possible,
        random_state=settings.random_state,
        held_too=settings.repeat,
    )


def _try_penalties(bought: Purchases, settings: Settings) -> dict[float, float]:
    """Recall by penalty, on the first of the three windows."""
    if settings.method != EASE:
        return {}
    week = bought.n_weeks - 3 * settings.window
    standing, taken, rows = _sample(bought, week, settings)
    if not len(rows):
        raise DataError(
            f"nobody who bought something before week {week + 1} took an offered item in the "
            f"{settings.window} weeks after it, by which the penalty is chosen"
        )
    together = gram(bought.held(week))
    found = {}
    for penalty in settings.penalties:
        weights = ease_weights(together, penalty)
        lists = _closed_lists(partial(_scores, weights), standing, settings)
        found[penalty] = float(hits_of(lists, taken).recall.mean())
    return found


def _scores(weights: Weights, some: Standing) -> Floats32:
    return scores_of(some.held, weights)


def _sample(bought: Purchases, week: int, settings: Settings) -> tuple[Standing, csr_array, Rows]:
    """Customers who held something and took something: what they held, took, and their rows."""
    standing, taken = _standing(bought, week, settings), new_taken(bought, week, settings)
    rows = customer_rows(standing, MEASURED, settings.random_state)
    rows = rows[np.diff(taken.indptr)[rows] > 0]
    return standing.of(rows), taken[rows], rows


def _measure(bought: Purchases, settings: Settings, record: NextOfferRecord) -> ListQuality:
    """Lists and probabilities beside what was taken in the last window."""
    week = bought.n_weeks - settings.window
    standing, taken = _standing(bought, week, settings), new_taken(bought, week, settings)
    rows = customer_rows(standing, MEASURED, settings.random_state)
    known, got = standing.of(rows), taken[rows]
    some = np.flatnonzero(np.diff(got.indptr) > 0)
    if len(some) < LEAST_CUSTOMERS:
        raise DataError(
            f"{len(some)} customers took an offered item in the last {settings.window} weeks; "
            f"{LEAST_CUSTOMERS} are needed to measure lists; give more customers or a larger window"
        )
    lists, expected = [], []
    for _, part, logits in record.chunks(known, Eligibility(settings.possible)):
        made = record.lists(part, logits, settings.k)
        lists.append(made.items)
        expected.append(made.acceptance)
    own, p = np.concatenate(lists), np.concatenate(expected)
    popular = popular_lists(record.acceptance.rates, known, settings)
    intervals, gain_se = compare(
        hits_of(own[some], got[some]), hits_of(popular[some], got[some]), settings.random_state
    )
    row, place = np.nonzero(own >= 0)
    found = np.asarray(entries(got, row, own[row, place]) > 0, np.float64)
    possible = int(settings.possible.sum())
    there = int((np.diff(standing.held.indptr) > 0).sum())
    return ListQuality(
        settings.k,
        len(some),
        there > len(rows),
        **intervals,
        gain_se=gain_se,
        coverage=coverage_of(own[some], possible),
        coverage_popular=coverage_of(popular[some], possible),
        calibration=calibration_of(p[row, place], found),
    )
