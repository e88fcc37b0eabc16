"""Which share of the leavers contacts kept, by arm and option of a campaign.

Every option is measured against the customers who were held out from it; options whose draw was
random, against all who were held out. What is measured of several options is drawn to their mean,
each by its standard error, since the weights of labels repeat the errors of these shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.campaign.arm_names import CONTACT, CONTROL, EXPLORE
from dbnchurn.campaign.balance import balance_of
from dbnchurn.campaign.breakdown import arm_effect, scores_of
from dbnchurn.campaign.effect import CONFIDENCE, Effect, measured_effect
from dbnchurn.campaign.limits import Option
from dbnchurn.campaign.shrinkage import shrunk_to_mean
from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")

SMALLEST_ARM = 100  # customers of an arm or option whose effect is measured
FEWEST_LEAVERS = 10  # of those who were held out
KEEP_ALL = 0.95  # an effect above this would weigh leavers by more than twenty

Group = tuple[str, Option]  # arm and option


@dataclass(frozen=True)
class KeptShare:
    """Which share of the leavers the contacts of one arm of a campaign, or one option, kept.

    Parameters
    ----------
    campaign, arm : str
    value : float
        0.3 where contacts lowered the rate of leaving by 30 %; below 0 where they raised it.
    low, high : float or None
        95 % interval of what was measured; None where the effect was given.
    contacted, controls : int
        Customers that measured it.
    option : Option, optional
        None for all options of the arm together.
    measured : float, optional
        Before it was drawn to the mean of several.

    Examples
    --------
    >>> print(KeptShare("spring", "contact", 0.3))
    campaign 'spring': contacts lowered the rate of leaving by 30.0 %, as 'effect' says
    >>> print(KeptShare("spring", "contact", -0.2, -0.6, 0.3, 900, 250))
    campaign 'spring': contacts raised the rate of leaving by 20.0 % (95 % interval -30.0 to \
60.0 %; 900 contacted, 250 controls), which may be chance
    """

    campaign: str
    arm: str
    value: float
    low: float | None = None
    high: float | None = None
    contacted: int = 0
    controls: int = 0
    option: Option | None = None
    measured: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for reports."""
        return vars(self) | {"option": None if self.option is None else str(self.option)}

    def __str__(self) -> str:
        of_option = "" if self.option is None else f", {self.option}"
        arm = "" if self.arm == CONTACT else f", arm '{self.arm}'"
        verb = "lowered" if self.value >= 0 else "raised"
        told = f"campaign {self.campaign!r}{of_option}{arm}: contacts {verb} the rate of leaving "
        told += f"by {_percent(abs(self.value))}"
        if self.low is None or self.high is None:
            return f"{told}, as 'effect' says"
        sign = 1 if self.value >= 0 else -1  # all numbers in the direction of the verb
        if self.measured is not None:
            measured = _percent(sign * self.measured)
            told += f", drawn to the mean of the campaign from a measured {measured}"
        low, high = sorted((sign * self.low, sign * self.high))
        told += f" (95 % interval {100 * low:.1f} to {100 * high:.1f} %; "
        told += f"{self.contacted} contacted, {self.controls} controls)"
        return told if self.low > 0 or self.high < 0 else f"{told}, which may be chance"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def measured_shares(
    campaign: str, rows: pd.DataFrame, groups: Sequence[Group]
) -> dict[Group, KeptShare | None]:
    """Shares for the contacted customers of a campaign, by arm and option.

    Parameters
    ----------
    campaign : str
    rows : DataFrame
        Rows of the log that measure, with the outcome as ``left``.
    groups : sequence of (arm, Option)
        For which shares are wanted.

    Returns
    -------
    dict of (arm, Option) → KeptShare or None
        None where fewer were contacted than can say it, in the whole campaign. Options of which too
        few were contacted or held out have the share of their arm, and arms of which too few were
        contacted that of the campaign.

    Raises
    ------
    DataError
        If the campaign has no control group, one so small that it says nothing, or contacts that
        seem to keep nearly all leavers.
    """
    # Customers who were contacted in any case have nobody to be compared with.
    frame = rows[(rows["campaign"] == campaign) & (rows["propensity"] < 1)]
    _check_controls(campaign, frame)
    _check_alike(campaign, frame)
    found: dict[Group, KeptShare | None] = {}
    errors: dict[KeptShare, float] = {}
    for arm in dict.fromkeys(arm for arm, _ in groups):
        options = [option for own, option in groups if own == arm]
        whole = _of_arm(campaign, frame, arm)
        for option in options:
            share = None
            if len(options) > 1 and whole is not None:
                share = _of_option(campaign, frame, arm, option)
            share = share or whole
            found[arm, option] = None if share is None else share[0]
            if share is not None:
                errors[share[0]] = share[1]
    cautious = _drawn_to_mean(errors)
    return {group: None if one is None else cautious[one] for group, one in found.items()}


def remedy(campaign: str) -> str:
    """What can be done where the log does not say what contacts kept."""
    return (
        f"say what is known as feedback.effect: {{{campaign!r}: 0.2}}, or leave its contacted "
        f"customers out with feedback.exclude: [{campaign!r}]"
    )


def _check_controls(campaign: str, frame: pd.DataFrame) -> None:
    control = frame[frame["arm"] == CONTROL]
    if not len(control):
        raise DataError(
            f"campaign {campaign!r} has no control group among the rows that are measured: "
            f"{len(frame)} customers were drawn and contacted and none held out, so nothing says "
            f"who would have left without it; {remedy(campaign)}"
        )
    if not _enough(control):
        raise DataError(
            f"campaign {campaign!r}: of its {len(control)} controls {int(control['left'].sum())} "
            f"left; an effect needs at least {SMALLEST_ARM} controls, of whom {FEWEST_LEAVERS} "
            f"left; {remedy(campaign)}"
        )


def _check_alike(campaign: str, frame: pd.DataFrame) -> None:
    balance = balance_of(frame)
    if balance is not None and not balance.fits:
        raise DataError(
            f"campaign {campaign!r}: {balance.difference}, so nothing says what its contacts kept; "
            f"mend the log, or {remedy(campaign)}"
        )


def _enough(control: pd.DataFrame) -> bool:
    return len(control) >= SMALLEST_ARM and int(control["left"].sum()) >= FEWEST_LEAVERS


def _of_arm(campaign: str, frame: pd.DataFrame, arm: str) -> tuple[KeptShare, float] | None:
    """The share of an arm, or of the campaign where the arm is too small; and its error."""
    if (frame["arm"] == arm).sum() >= SMALLEST_ARM:
        effect = arm_effect(frame, arm, CONFIDENCE)
    elif (frame["arm"] != CONTROL).sum() >= SMALLEST_ARM:
        # The contacted of several arms stand for themselves, as they are.
        effect = measured_effect(
            frame["left"].to_numpy(np.float64),
            (frame["arm"] != CONTROL).to_numpy(),
            np.ones(len(frame)),
            scores_of(frame),
        )
    else:
        return None
    share, error = _share(campaign, arm, effect)
    if share.value >= KEEP_ALL:
        raise DataError(
            f"campaign {campaign!r}: contacts seem to keep {share.value:.0%} of the leavers, so "
            f"hardly any of them left and the others cannot stand for all; {remedy(campaign)}"
        )
    return share, error


def _of_option(
    campaign: str, frame: pd.DataFrame, arm: str, option: Option
) -> tuple[KeptShare, float] | None:
    """The share of one option of an arm and its error; None where too few say it."""
    mine = ((frame["offer"] == option.offer) & (frame["channel"] == option.channel)).to_numpy()
    control = (frame["arm"] == CONTROL).to_numpy()
    # A drawn option is compared with all who were held out; a planned one with those who would
    # have got it.
    compared = control if arm == EXPLORE else control & mine
    own = mine & (frame["arm"] == arm).to_numpy()
    if own.sum() < SMALLEST_ARM or not _enough(frame[compared]):
        return None
    share, error = _share(campaign, arm, arm_effect(frame[own | compared], arm, CONFIDENCE))
    return None if share.value >= KEEP_ALL else (replace(share, option=option), error)


def _share(campaign: str, arm: str, effect: Effect) -> tuple[KeptShare, float]:
    """An effect as a share of the rate without a contact, with its standard error."""
    left, base = effect.contact.rate, effect.contact.rate - effect.value
    base = base if base > 0 else effect.control.rate
    error = np.hypot(
        effect.contact.variance**0.5 / base, left * effect.control.variance**0.5 / base**2
    )
    share = KeptShare(
        campaign,
        arm,
        -effect.value / base,
        -effect.high / base,
        -effect.low / base,
        effect.contact.rows,
        effect.control.rows,
    )
    return share, float(error)


def _drawn_to_mean(errors: dict[KeptShare, float]) -> dict[KeptShare, KeptShare]:
    """Shares of one campaign, each drawn to their mean by its error."""
    shares = [*errors]
    drawn = shrunk_to_mean([share.value for share in shares], [*errors.values()], fewest=2)
    return {
        share: share
        if abs(value - share.value) < 1e-9
        else replace(share, value=float(value), measured=share.value)
        for share, value in zip(shares, drawn, strict=True)
    }


def unmeasured(shares: dict[Group, KeptShare | None]) -> Iterator[str]:
    """Sentences on options that have no share of their own.

    Parameters
    ----------
    shares : dict of (arm, Option) → KeptShare or None
        As :func:`measured_shares` gives them.

    Yields
    ------
    str
    """
    arms = [arm for arm, _ in shares]
    for arm in dict.fromkeys(arms):
        if arms.count(arm) < 2:
            continue
        bare = [
            str(option)
            for (own, option), share in shares.items()
            if own == arm and share is not None and share.option is None
        ]
        if bare:
            yield (
                f"arm {arm!r}: of {', '.join(bare)} too few were contacted or held out, or left, "
                "for effects of their own, so the effect of the whole arm is taken"
            )
