"""What may be claimed of a campaign, and when nothing may."""

from __future__ import annotations

from dbnchurn.campaign.balance import Balance
from dbnchurn.campaign.effect import MISMATCH, Effect, SampleRatio
from dbnchurn.campaign.lift import Claim
from dbnchurn.campaign.outcomes import JoinedLog
from dbnchurn.core.html.format import points


def no_claim(ratio: SampleRatio, outcomes_p: float, balance: Balance | None = None) -> str:
    """Why nothing may be claimed; empty where all is well.

    Parameters
    ----------
    ratio : SampleRatio
        Sizes of the arms against the draw.
    outcomes_p : float
        p-value that outcomes are known of the same share of both arms.
    balance : Balance, optional
        Scores of both arms before the campaign.

    Returns
    -------
    str
    """
    if not ratio.fits:
        return (
            f"the control group has {ratio.control:,} customers where the probabilities of the log "
            f"lead to {ratio.expected:,.0f} (p = {ratio.p_value:.2g}): the log is not of the draw "
            "that it says, so no effect is claimed; find out who was added or lost before "
            "measuring again"
        )
    if outcomes_p < MISMATCH:
        return (
            "outcomes are known of a different share of the two arms "
            f"(p = {outcomes_p:.2g}), so those who are compared are no longer alike, and no "
            "effect is claimed; complete the outcomes of both arms"
        )
    if balance is not None and not balance.fits:
        return (
            f"{balance.difference}, so no effect is claimed; find out who was put into the other "
            "group"
        )
    return ""


def claim_of(
    effect: Effect, sequence: tuple[float, float] | None, stopped: str, joined: JoinedLog
) -> tuple[Claim, str]:
    """The claim, and the sentences that say it.

    Parameters
    ----------
    effect : Effect
    sequence : pair of float, optional
        The interval that holds however often one looks.
    stopped : str
        As :func:`no_claim` gives it.
    joined : JoinedLog

    Returns
    -------
    claim : {"kept", "lost", "not told", "stopped"}
    verdict : str
    """
    if stopped:
        return "stopped", f"No claim: {stopped}."
    low, high = (effect.low, effect.high) if sequence is None else sequence
    size, ends = 100 * abs(effect.value), f"{points(low)} to {points(high)} points"
    early = f" so far ({joined.window} days)" if joined.preliminary else ""
    how = "" if sequence is None else ", an interval that holds however often one looks"
    rates = (
        f"{100 * effect.contact.rate:.2f} % of the contacted left{early}, "
        f"{100 * effect.control.rate:.2f} % of the control group"
    )
    if effect.unadjusted is not None:
        rates += (
            f"; these two shares differ by {points(effect.unadjusted)} points before what the "
            "scores explain is taken out"
        )
    if high < 0:
        return "kept", (
            f"The campaign kept customers: {size:.2f} points fewer left because of it ({ends}"
            f"{how}). {rates}."
        )
    if low > 0:
        return "lost", (
            f"The campaign drove customers away: {size:.2f} points more left because of it "
            f"({ends}{how}). {rates}."
        )
    return "not told", (
        f"No effect can be told from chance: the difference is {points(effect.value)} points "
        f"({ends}{how}). {rates}. That is not a proof of no effect: anything within these ends is "
        "possible."
    )
