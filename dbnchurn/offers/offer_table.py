"""Lists of next offers as tables: a row for each customer and offer, or a column for each offer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dbnchurn.core.typing import Rows
from dbnchurn.offers.eligibility import Eligibility
from dbnchurn.offers.next_offer_record import Lists, NextOfferRecord
from dbnchurn.offers.purchases import Standing

TAKES, RESEMBLES = "acceptance", "similarity"
POPULAR, COMMON = "most often taken", "most often held"


def probability_column(record: NextOfferRecord) -> str:
    """Name of the probability: of taking the offer, or of being like its holders."""
    return TAKES if record.window else RESEMBLES


@dataclass(frozen=True)
class Listed:
    """What lists offer.

    Parameters
    ----------
    customers : int
        With an offer.
    without : int
        To whom nothing can be offered.
    offers : tuple of (item, customers at the first place, customers at any place, mean probability)
        The most frequent first; the mean is that of the first places, NaN where there are none.
    """

    customers: int
    without: int
    offers: tuple[tuple[str, int, int, float], ...]


class ListTally:
    """Counts of listed offers, over all pieces.

    Parameters
    ----------
    record : NextOfferRecord
    """

    def __init__(self, record: NextOfferRecord) -> None:
        self._items = record.items
        self._first, self._any, self._sum, self._known = np.zeros((4, len(record.items)))
        self._customers = self._without = 0

    def add(self, lists: Lists) -> None:
        """Count the lists of some customers."""
        m = len(self._items)
        listed = lists.items >= 0
        self._any += np.bincount(lists.items[listed], minlength=m)
        first = lists.items[:, 0]
        has = first >= 0
        self._first += np.bincount(first[has], minlength=m)
        known = has & ~np.isnan(lists.acceptance[:, 0])
        self._known += np.bincount(first[known], minlength=m)
        self._sum += np.bincount(first[known], lists.acceptance[known, 0], minlength=m)
        self._customers += int(has.sum())
        self._without += int((~has).sum())

    def result(self) -> Listed:
        """The counts so far."""
        with np.errstate(invalid="ignore"):
            mean = self._sum / np.where(self._known > 0, self._known, np.nan)
        order = np.lexsort((np.arange(len(mean)), -self._any, -self._first))
        offers = [
            (self._items[i], int(self._first[i]), int(self._any[i]), float(mean[i]))
            for i in order
            if self._any[i]
        ]
        return Listed(self._customers, self._without, tuple(offers))


def offer_tables(
    record: NextOfferRecord,
    standing: Standing,
    rules: Eligibility,
    customers: Sequence[str],
    n_offers: int,
    *,
    tally: ListTally | None = None,
) -> Iterator[pa.Table]:
    """Rows of customer, rank, offer, probability and reason, in pieces.

    Parameters
    ----------
    record : NextOfferRecord
    standing : Standing of n customers
    rules : Eligibility
    customers : sequence of n texts
    n_offers : int
        Of a customer at most.
    tally : ListTally, optional
        Counts what is listed.

    Yields
    ------
    Arrow table
        At least one; customers to whom nothing can be offered have no row.
    """
    ids, items = np.asarray(customers, object), pa.array(record.items, pa.string())
    otherwise = POPULAR if record.window else COMMON
    reasons = pa.array([*record.items, otherwise], pa.string())
    for rows, part, logits in record.chunks(standing, rules):
        lists = record.lists(part, logits, n_offers)
        if tally is not None:
            tally.add(lists)
        row, place = np.nonzero(lists.items >= 0)
        because = lists.because[row, place]
        yield pa.table(
            {
                "customer": pa.array(ids[rows.start + row], pa.string()),
                "rank": pa.array(place + 1, pa.int32()),
                "offer": items.take(pa.array(lists.items[row, place])),
                probability_column(record): pa.array(
                    lists.acceptance[row, place], from_pandas=True
                ),
                "because": reasons.take(pa.array(np.where(because < 0, len(items), because))),
            }
        )


def wide_tables(
    record: NextOfferRecord,
    standing: Standing,
    rules: Eligibility,
    customers: Sequence[str],
    offers: Rows,
) -> Iterator[pa.Table]:
    """One row a customer, in pieces: columns for every offer, as a plan of contacts reads them.

    Parameters
    ----------
    record : NextOfferRecord
    standing : Standing of n customers
    rules : Eligibility
    customers : sequence of n texts
    offers : int array
        Positions of the items.

    Yields
    ------
    Arrow table
        ``customer``, for each offer its probability, and ``open`` with the name of the offer: 1
        where it may be made. The probability is 0 where it may not, and is missing for a customer
        of whom nothing is known.
    """
    ids = np.asarray(customers, object)
    name = probability_column(record)
    for rows, part, logits in record.chunks(standing, rules):
        chosen = logits[:, offers]
        open_ = np.isfinite(chosen)
        values = np.where(open_, record.acceptance.probabilities(chosen), 0.0)
        if record.window:
            values[np.diff(part.held.indptr) == 0] = np.nan
        columns = {"customer": pa.array(ids[rows], pa.string())}
        for place, item in enumerate(offers):
            columns[f"{name} {record.items[item]}"] = pa.array(values[:, place], from_pandas=True)
            columns[f"open {record.items[item]}"] = pa.array(open_[:, place].astype(np.int8))
        yield pa.table(columns)
