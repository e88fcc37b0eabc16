"""Whether contacted and control group were alike before the campaign, by the score of that time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dbnchurn.campaign.arm_names import CONTACT, CONTROL
from dbnchurn.campaign.effect import MISMATCH
from dbnchurn.core.html.format import percent
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Floats

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
    import scipy.special as special
else:
    pd = LazyModule("pandas")
    special = LazyModule("scipy.special")

FEWEST = 20  # scored customers of either group


@dataclass(frozen=True)
class Balance:
    """Mean scores of the two groups before the campaign, weighted by the draw.

    Parameters
    ----------
    contact, control : float
    p_value : float
        Of a difference that chance makes.
    """

    contact: float
    control: float
    p_value: float

    @property
    def fits(self) -> bool:
        """Whether an effect may be told."""
        return self.p_value >= MISMATCH

    @property
    def difference(self) -> str:
        """The difference as a clause, for groups that do not fit."""
        return (
            "the groups differed before the campaign: the mean score of the contacted was "
            f"{percent(self.contact, 1)}, that of the control group {percent(self.control, 1)} "
            f"(p = {self.p_value:.2g}), which the draw of the log does not make"
        )


def score_balance(score: Floats, contacted: Bools, propensity: Floats) -> Balance | None:
    """Compare the scores of the two groups.

    Parameters
    ----------
    score : float array of shape (n,)
        Made before the campaign; NaN where there is none.
    contacted : bool array of shape (n,)
        False for the control group.
    propensity : float array of shape (n,)
        Probability of the group that the customer is in.

    Returns
    -------
    Balance or None
        None where fewer than 20 customers of a group have a score.

    Examples
    --------
    >>> contacted, propensity = np.arange(200) < 100, np.full(200, 0.5)
    >>> alike = np.arange(200) % 100 / 100
    >>> score_balance(alike, contacted, propensity).fits
    True
    >>> score_balance(np.where(contacted, 1.0, 0.6) * alike, contacted, propensity).fits
    False
    """
    means, variance = [], 0.0
    for group in (contacted, ~contacted):
        known = group & ~np.isnan(score)
        if known.sum() < FEWEST:
            return None
        share = 1 / propensity[known]
        share = share / share.sum()
        mean = float(share @ score[known])
        means.append(mean)
        variance += float(np.square(share * (score[known] - mean)).sum())
    apart = means[0] - means[1]
    if variance <= 0:
        return Balance(means[0], means[1], 1.0 if abs(apart) < 1e-12 else 0.0)
    return Balance(means[0], means[1], float(special.chdtrc(1, apart**2 / variance)))


def balance_of(rows: pd.DataFrame) -> Balance | None:
    """Scores of the contacted and the control group of a log; None where too few have one."""
    rows = rows[rows["arm"].isin([CONTACT, CONTROL])]
    if "score" not in rows:
        return None
    return score_balance(
        rows["score"].to_numpy(np.float64),
        (rows["arm"] == CONTACT).to_numpy(),
        rows["propensity"].to_numpy(np.float64),
    )
