"""What a planned campaign changes: customers saved, by month and segment."""

from __future__ import annotations

import numpy as np

from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.typing import Dates, Floats
from dbnchurn.data.open import open_source, raw_name
from dbnchurn.data.plan import TableSource
from dbnchurn.forecast.mixture import Outlook
from dbnchurn.tables.duckdb import Session


def read_saved(source: TableSource, months: Dates, segments: tuple[str, ...]) -> Floats:
    """Read the customers that a planned campaign saves.

    Parameters
    ----------
    source : TableSource
        With the columns month, segment and saved; without a row nobody is saved.
    months : datetime64[M] array of shape (horizon,)
        Of the forecast.
    segments : tuple of str

    Returns
    -------
    float64 array of shape (horizon, segments)

    Raises
    ------
    DataError
        If a row names another month or segment, or its number cannot be read.
    """
    with Session(n_threads=1) as session:
        open_source(session, "scenario", source, ["segment"], ["month", "saved"])
        rows = session.rows(
            "SELECT strftime(TRY_CAST(month AS TIMESTAMP), '%Y-%m'), CAST(segment AS VARCHAR), "
            f"TRY_CAST(saved AS DOUBLE) FROM {raw_name('scenario')} ORDER BY ALL"
        )
    saved = np.full((len(months), len(segments)), np.nan)
    places = {str(month): k for k, month in enumerate(months)}
    wrong = []
    for month, segment, number in rows:
        if month not in places:
            wrong.append(f"month {month} is not forecast, which is {months[0]} to {months[-1]}")
        elif segment not in segments:
            wrong.append(f"there is no segment {segment!r}: {did_you_mean(str(segment), segments)}")
        elif number is None or not 0 <= number < np.inf:
            wrong.append(f"saved is no number from 0 on for {segment!r} in {month}")
        elif not np.isnan(saved[places[month], segments.index(segment)]):
            wrong.append(f"{segment!r} has two rows for {month}")
        else:
            saved[places[month], segments.index(segment)] = number
    if wrong:
        raise DataError(f"{source.name}: {'; '.join(dict.fromkeys(wrong))}")
    return np.asarray(np.nan_to_num(saved))


def with_campaign(
    plain: Outlook, saved: Floats, segments: tuple[str, ...], where: str = "scenario"
) -> Outlook:
    """The outlook if a campaign saves customers, who later leave as others do.

    Parameters
    ----------
    plain : Outlook
    saved : float64 array of shape (horizon, segments)
    segments : tuple of str
    where : str, default "scenario"
        Name of the table, for messages.

    Returns
    -------
    Outlook

    Raises
    ------
    DataError
        If more are saved than would leave.

    Examples
    --------
    >>> row = np.full((2, 1), 10.0)
    >>> plain = Outlook(row, np.array([[90.0], [80.0]]), 0 * row, np.array([[100.0], [90.0]]))
    >>> made = with_campaign(plain, np.array([[9.0], [0.0]]), ("all",))
    >>> made.leavers.ravel().tolist(), made.customers.ravel().tolist()
    ([1.0, 11.0], [99.0, 88.0])
    """
    there = plain.customers + plain.leavers
    rate = plain.leavers / np.maximum(there, 1e-9)
    paying = plain.revenue / np.maximum(there, 1e-9)
    leavers, customers = np.empty_like(there), np.empty_like(there)
    more = np.zeros(there.shape[1])  # customers who would be gone without the campaign
    for h in range(len(there)):
        would = plain.leavers[h] + more * rate[h]
        if (saved[h] > would + 1e-9).any():
            k = int(np.argmax(saved[h] - would))
            raise DataError(
                f"{where}: {saved[h, k]:g} customers of {segments[k]!r} are saved in the "
                f"forecast's month {h + 1}, and {would[k]:.1f} are expected to leave; save fewer"
            )
        leavers[h] = would - saved[h]
        more = more * (1 - rate[h]) + saved[h]
        customers[h] = plain.customers[h] + more
    return Outlook(leavers, customers, plain.joiners, (customers + leavers) * paying)
