"""The effect of contacting customers: the difference of two rates, with intervals that hold.

Rates are weighted by the known probabilities of the draw (Hájek's ratio). The interval is
Newcombe's, from Wilson's intervals of both rates at the numbers of rows that a simple draw would
need for the same precision. A score that was made before the campaign takes away the part of the
variance that it explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.statistics import wilson
from dbnchurn.core.typing import Bools, Floats

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    from scipy import special
else:
    special = LazyModule("scipy.special")


CONFIDENCE = 0.95
MISMATCH = 0.001  # a smaller p-value of the sample ratio stops every claim
ADJUSTED_FROM = 20  # rows of either arm
STEPS = 50  # of a bisection
FARTHEST = 8.0  # standard deviations; beyond, confidence is 1 as a float


@dataclass(frozen=True)
class Arm:
    """One of the two groups.

    Parameters
    ----------
    rows, left : int
        Customers, and those of them who left.
    rate : float
        Share that left, weighted by the draw.
    effective : float
        Rows that a simple draw would need for this precision.
    remaining : float, default 1
        Share of the variance that remains behind the score.
    """

    rows: int
    left: int
    rate: float
    effective: float
    remaining: float = 1.0

    @property
    def variance(self) -> float:
        """Of the rate, after the adjustment; above 0 also where nobody or everybody left."""
        smoothed = (self.rate * self.effective + 1) / (self.effective + 2)
        return self.remaining * smoothed * (1 - smoothed) / self.effective

    def distances(self, confidence: float) -> tuple[float, float]:
        """From the rate down and up to the ends of Wilson's interval."""
        rows = self.effective / max(self.remaining, 1e-9)
        low, high = wilson(self.rate * rows, rows, confidence)
        return self.rate - float(low), float(high) - self.rate


@dataclass(frozen=True)
class Effect:
    """Rate of the contacted minus rate of the control group; below 0 where customers were kept.

    Parameters
    ----------
    contact, control : Arm
    value : float
        The difference, adjusted where a score was given.
    confidence : float, default 0.95
    unadjusted : float, optional
        The difference of the two rates; None where nothing was adjusted.

    Examples
    --------
    >>> effect = Effect(Arm(1000, 80, 0.08, 1000), Arm(1000, 110, 0.11, 1000), -0.03)
    >>> round(effect.low, 4), round(effect.high, 4), round(effect.p_value, 3)
    (-0.0559, -0.0043, 0.023)
    """

    contact: Arm
    control: Arm
    value: float
    confidence: float = CONFIDENCE
    unadjusted: float | None = None

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.value - self._reach(self.confidence)[0]

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.value + self._reach(self.confidence)[1]

    def _reach(self, confidence: float) -> tuple[float, float]:
        below, above = self.contact.distances(confidence)
        under, over = self.control.distances(confidence)
        return float(np.hypot(below, over)), float(np.hypot(above, under))

    @property
    def p_value(self) -> float:
        """Of no effect: the interval with confidence 1 - p just reaches zero."""
        low, high = 0.0, FARTHEST
        for _ in range(STEPS):
            middle = (low + high) / 2
            down, up = self._reach(float(1 - 2 * special.ndtr(-middle)))
            covers = self.value - down <= 0 <= self.value + up
            low, high = (low, middle) if covers else (middle, high)
        return float(2 * special.ndtr(-low))

    @property
    def deviation(self) -> float:
        """Standard deviation of the difference."""
        return float(np.sqrt(self.contact.variance + self.control.variance))

    @property
    def variance_cut(self) -> float:
        """Share of the variance that the score took away; 0 where nothing was adjusted."""
        arms = (self.contact, self.control)
        before = sum(arm.variance / arm.remaining for arm in arms if arm.remaining > 0)
        return float(1 - sum(arm.variance for arm in arms) / before) if before > 0 else 0.0

    def sequence(self, planned: float) -> tuple[float, float]:
        """An interval that holds however often one looks.

        Parameters
        ----------
        planned : float
            Standard deviation that the difference will have at the end; the interval is narrowest
            there, and holds whatever it is.

        Returns
        -------
        low, high : float

        References
        ----------
        S. R. Howard, A. Ramdas, J. McAuliffe and J. Sekhon, "Time-uniform, nonparametric,
        nonasymptotic confidence sequences", 2021; the mixture of normal distributions, with the
        variance estimated.
        """
        alpha = 1 - self.confidence
        information, final = 1 / self.deviation**2, 1 / planned**2
        mixed = final / (-float(special.lambertw(-(alpha**2) / np.e, k=-1).real) - 1)
        total = information + mixed
        half = np.sqrt(total * np.log(total / (mixed * alpha**2))) / information
        # With hardly any leavers the estimated variance is too small; Newcombe's ends are wider.
        return min(self.value - float(half), self.low), max(self.value + float(half), self.high)


def measured_effect(
    left: Floats,
    contacted: Bools,
    propensity: Floats,
    score: Floats | None = None,
    *,
    confidence: float = CONFIDENCE,
) -> Effect:
    """The effect of two arms of one draw.

    Parameters
    ----------
    left : float array of shape (n,)
        1 for customers who left, 0 for those who stayed.
    contacted : bool array of shape (n,)
        False for the control group.
    propensity : float array of shape (n,)
        Probability that the customer came into the arm that it is in.
    score : float array of shape (n,), optional
        Made before the campaign, by a model that did not learn from these outcomes.
    confidence : float, default 0.95

    Returns
    -------
    Effect

    Raises
    ------
    ValueError
        If an arm is empty.

    Examples
    --------
    >>> contacted = np.arange(2000) < 1000
    >>> left = np.arange(2000) % 1000 < np.where(contacted, 80, 110)
    >>> round(measured_effect(left * 1.0, contacted, np.full(2000, 0.5)).value, 3)
    -0.03
    """
    rows = (contacted, ~contacted)
    if not (contacted.any() and (~contacted).any()):
        raise ValueError("both arms need customers")
    weights = [1 / propensity[arm] for arm in rows]
    outcomes = [left[arm] for arm in rows]
    shares = [w / w.sum() for w in weights]
    rates = [float(s @ y) for s, y in zip(shares, outcomes, strict=True)]
    centred = [y - rate for y, rate in zip(outcomes, rates, strict=True)]
    variances = [float((s * c) @ (s * c)) for s, c in zip(shares, centred, strict=True)]
    # Where few have large weights, the variance of those who happened to be drawn is too small.
    effective = [
        min(rate * (1 - rate) / v if v > 0 else np.inf, 1 / float(s @ s))
        for rate, v, s in zip(rates, variances, shares, strict=True)
    ]
    value, remaining, plain = rates[0] - rates[1], [1.0, 1.0], None
    few = min(len(y) for y in outcomes) < ADJUSTED_FROM
    if score is not None and not few:
        scores = [score[arm] for arm in rows]
        means = [float(s @ x) for s, x in zip(shares, scores, strict=True)]
        apart = [s * (x - m) for s, x, m in zip(shares, scores, means, strict=True)]
        spread = sum(float(x @ x) for x in apart)
        if spread > 0:
            joint = sum(float((s * c) @ x) for s, c, x in zip(shares, centred, apart, strict=True))
            slope = joint / spread
            plain, value = value, value - slope * (means[0] - means[1])
            rest = [s * c - slope * x for s, c, x in zip(shares, centred, apart, strict=True)]
            remaining = [
                float(r @ r) / v if v > 0 else 1.0 for r, v in zip(rest, variances, strict=True)
            ]
    contact, control = (
        Arm(len(y), int(y.sum()), rate, n, share)
        for y, rate, n, share in zip(outcomes, rates, effective, remaining, strict=True)
    )
    return Effect(contact, control, value, confidence, plain)


@dataclass(frozen=True)
class SampleRatio:
    """Whether as many customers are in the arms as the probabilities of the draw say.

    Parameters
    ----------
    control, expected : float
        Customers of the control group, and how many there should be.
    p_value : float
    """

    control: int
    expected: float
    p_value: float

    @property
    def fits(self) -> bool:
        """Whether an effect may be told."""
        return self.p_value >= MISMATCH


def sample_ratio(contact: Bools, control: Bools, propensity: Floats) -> SampleRatio:
    """Chi-square test of the numbers of customers in the arms against the draw.

    Parameters
    ----------
    contact, control : bool array of shape (n,)
        Customers in neither explore.
    propensity : float array of shape (n,)
        Probability of the arm that the customer is in.

    Returns
    -------
    SampleRatio
        Where some explore, the probabilities of the other arms are not known of every customer;
        then the sums of 1 / propensity, which should be n, are tested.

    Examples
    --------
    >>> contact = np.arange(1000) < 900
    >>> sample_ratio(contact, ~contact, np.where(contact, 0.9, 0.1)).fits
    True
    >>> sample_ratio(contact, ~contact, np.where(contact, 0.8, 0.2)).fits
    False
    """
    n, drawn = len(propensity), int(control.sum())
    if (contact | control).all():
        chance = np.where(control, propensity, 1 - propensity)
        expected, variance = float(chance.sum()), float((chance * (1 - chance)).sum())
        return SampleRatio(drawn, expected, _tail(drawn - expected, variance))
    tails, expected = [], float("nan")
    for arm in (contact, control):
        p = propensity[arm]
        tails.append(_tail(float((1 / p).sum()) - n, float(((1 - p) / p**2).sum())))
        expected = n * len(p) / float((1 / p).sum()) if len(p) else 0.0
    return SampleRatio(drawn, expected, min(1.0, 2 * min(tails)))


def _tail(apart: float, variance: float) -> float:
    if variance <= 1e-12:
        return 1.0 if abs(apart) < 0.5 else 0.0
    return float(special.chdtrc(1, apart**2 / variance))


def same_share(hits: tuple[int, int], rows: tuple[int, int]) -> float:
    """p-value of the chi-square test that two groups have the same share of something.

    Parameters
    ----------
    hits, rows : pair of int

    Returns
    -------
    float
        1 where either has no row.

    Examples
    --------
    >>> same_share((5, 5), (100, 100))
    1.0
    """
    if min(rows) == 0:
        return 1.0
    share = sum(hits) / sum(rows)
    variance = share * (1 - share) * (1 / rows[0] + 1 / rows[1])
    apart = hits[0] / rows[0] - hits[1] / rows[1]
    return 1.0 if variance == 0 else float(special.chdtrc(1, apart**2 / variance))


def differ(effects: list[Effect]) -> float:
    """p-value of Cochran's test that all groups have the same effect.

    Parameters
    ----------
    effects : list of Effect
        Of groups without common customers.

    Returns
    -------
    float
        1 for fewer than two.

    References
    ----------
    W. G. Cochran, "The combination of estimates from different experiments", 1954.
    """
    if len(effects) < 2:
        return 1.0
    values = np.array([effect.value for effect in effects])
    weights = np.array([1 / effect.deviation**2 for effect in effects])
    mean = weights @ values / weights.sum()
    return float(special.chdtrc(len(effects) - 1, weights @ (values - mean) ** 2))


def planned_deviation(rate: float, contact: int, control: int, confidence: float) -> float:
    """Standard deviation that a difference will have when all customers are counted.

    Parameters
    ----------
    rate : float
        Share of leavers that is expected.
    contact, control : int
    confidence : float
        Of the interval; a rate near 0 or 1 is moved by Wilson's centre.

    Returns
    -------
    float
    """
    z2, n = float(special.ndtri(0.5 + confidence / 2)) ** 2, contact + control
    rate = (rate * n + z2 / 2) / (n + z2)
    return float(np.sqrt(rate * (1 - rate) * (1 / max(contact, 1) + 1 / max(control, 1))))
