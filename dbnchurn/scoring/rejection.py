"""How many rows of a job may be rejected."""

from __future__ import annotations

from dbnchurn.core.errors import ConfigError

MAX_REJECTED = 0.05  # share of the rows


def check_max_rejected(share: float) -> None:
    """Refuse a bound that is no share.

    Raises
    ------
    ConfigError
        If it is not between 0 and 1.
    """
    if not 0 <= share <= 1:
        raise ConfigError(f"max_rejected {share:g} is out of its range: give a share, 0 to 1")


def why_too_many(rejected: int, rows: int, limit: float) -> str:
    """Why a job that rejects so many rows gives no scores.

    Parameters
    ----------
    rejected, rows : int
    limit : float
        Share of the rows that may be rejected; all of them never may.

    Returns
    -------
    str
        Begins a message; empty where they are not too many.

    Examples
    --------
    >>> why_too_many(2, 10, 0.05)
    '2 of 10 rows cannot be scored, more than the 5.00% allowed (max_rejected)'
    >>> why_too_many(2, 10, 0.5)
    ''
    """
    if not rejected or (rejected <= limit * rows and rejected < rows):
        return ""
    too_many = f"more than the {limit:.2%} allowed (max_rejected)"
    end = too_many if rejected > limit * rows else "so there are no scores to write"
    return f"{rejected} of {rows} rows cannot be scored, {end}"
