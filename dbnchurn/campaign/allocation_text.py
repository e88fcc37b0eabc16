"""A plan in sentences, for terminal and page alike."""

from __future__ import annotations

import math

import numpy as np

from dbnchurn.campaign.allocation import LimitUse
from dbnchurn.campaign.allocation_result import AllocationResult
from dbnchurn.campaign.arm_names import EXPLORE

NO_PROMISE = (
    "No promise: the sum of the plan's own estimates, which chose it, is shown as an estimate. "
    "Estimates that are chosen because they are high are too high as a rule"
)
HOW_TO_PROMISE = "; a pilot with known propensities ('pilot') can promise."
TOO_FEW = (
    ", and the pilot has too few rows on which its draw and the plan's rule agree; a larger one "
    "can promise."
)


def money(amount: float, currency: str) -> str:
    """An amount with its currency; two decimals for small ones.

    Parameters
    ----------
    amount : float
    currency : str

    Returns
    -------
    str

    Examples
    --------
    >>> money(3.056, "EUR"), money(-12345.6, "EUR")
    ('3.06 EUR', '−12,346 EUR')
    """
    amount = round(amount, 2)  # 4,995.4999 and 4,995.50 are the same money
    text = f"{abs(amount):,.0f}" if abs(amount) >= 1000 else f"{abs(amount):,.2f}"
    return f"{'−' if amount < 0 and float(text.replace(',', '')) else ''}{text} {currency}"


def verdict(result: AllocationResult) -> str:
    """The plan in a sentence or two."""
    plan, currency = result.plan, result.config.currency
    facts = result.facts()
    budget = result.config.budget
    of_budget = "" if budget is None else f" of {money(budget, currency)}"
    expected = result.config.budget_covers == "expected"
    basis = "expected" if expected else "cost if everybody accepts"
    text = (
        f"{facts['contacted']:,} of {result.customers:,} customers are contacted, at "
        f"{money(facts['cost'], currency)}{of_budget} ({basis}); "
    )
    held = facts["control"]
    text += f"{held:,} more are held out as control group." if held else "nobody is held out."
    if facts["explore"]:
        text += f" {facts['explore']:,} of the contacted explore other options."
    if plan.planned > 0:
        text += (
            f" No list within the limits has an estimated value more than "
            f"{100 * plan.gap:.3g} % above this one's."
        )
    return text


def next_steps(result: AllocationResult) -> list[str]:
    """What the reader of the plan does with the list, and what nobody may do."""
    plan, day = result.plan, result.config.contact_date.isoformat()
    channels: dict[str, int] = {}
    for option, count in zip(
        plan.options,
        np.bincount(plan.option[plan.contacted], minlength=len(plan.options)).tolist(),
        strict=True,
    ):
        channels[option.channel] = channels.get(option.channel, 0) + count
    by = ", ".join(f"{count:,} by {channel}" for channel, count in channels.items() if count)
    if not by:
        return []
    arms = "arm contact or explore" if (plan.arm == EXPLORE).any() else "arm contact"
    steps = [f"On {day}, contact the customers of the list with {arms}, with their offer: {by}."]
    held = int((~plan.contacted).sum())
    if held:
        steps += [
            f"Leave the {held:,} with arm control alone, by every channel, until the effect is "
            "measured: they stand on the same list, so sort by arm before it is handed on.",
            "See that the contact log holds the list (--log adds it) before the first contact. Who "
            "is not reached keeps the row and its arm.",
            "When the outcome window is over, collect who left, of the contacted and the control "
            "group alike, and measure with 'dbnchurn lift'.",
        ]
    return steps


def worth(result: AllocationResult) -> list[str]:
    """What the plan is worth: a promise where pilot rows give one, else an estimate so called."""
    currency, facts = result.config.currency, result.facts()
    estimate = (
        f"The plan's own estimates add up to {money(facts['estimated_value'], currency)} beyond "
        "the cost."
    )
    promise = result.promise
    if promise is None or not promise.contacts:
        return [NO_PROMISE + (HOW_TO_PROMISE if promise is None else TOO_FEW), estimate]
    said = (
        f"Promise: {money(promise.value, currency)} beyond the cost, 95 % interval "
        f"{money(promise.low, currency)} to {money(promise.high, currency)}, for "
        f"{promise.contacts:,} of {facts['contacted']:,} contacts, from {promise.rows:,} rows of "
        "the pilot that made no effect. It holds as far as the customers of the pilot are like "
        "these."
    )
    lines = [said]
    if promise.missing:
        lines.append(f"The pilot has too few rows of {', '.join(promise.missing)}: no promise.")
    return [*lines, estimate + " They chose the plan, so they promise nothing."]


def price_words(use: LimitUse, currency: str) -> str:
    """What one more unit of a limit is worth, in words.

    Parameters
    ----------
    use : LimitUse
    currency : str

    Returns
    -------
    str

    Examples
    --------
    >>> price_words(LimitUse("channel call", 50, 50, 0, 3.056, 0.0), "EUR")
    'One more contact by call is worth 3.06 EUR.'
    """
    kind, _, name = use.name.partition(" ")
    if use.name == "budget":
        return (
            f"One more {currency} of budget brings {money(use.price, currency)} beyond itself."
            if use.price > 0
            else "More budget would bring nothing."
        )
    unit = f"contact by {name}" if kind == "channel" else f"{name}"
    said = []
    if use.price > 0:
        said.append(f"One more {unit} is worth {money(use.price, currency)}.")
    elif math.isfinite(use.most):
        said.append("More of it would bring nothing.")
    if use.price_of_least > 0:
        said.append(f"One {unit} less at least would bring {money(use.price_of_least, currency)}.")
    return " ".join(said) or "The minimum costs nothing."


def summary(result: AllocationResult) -> str:
    """The plan for the terminal."""
    currency = result.config.currency
    lines = [verdict(result), *worth(result)]
    lines += [f"{use.name}: {price_words(use, currency)}" for use in result.plan.uses]
    lines += [f"left out: {count:,} {why}" for why, count in result.eligibility.excluded if count]
    if result.plan.set_aside:
        lines.append(
            f"{result.plan.set_aside} customers were taken from the list at random, since the draw "
            "would have overspent the budget"
        )
    return "\n".join(lines)
