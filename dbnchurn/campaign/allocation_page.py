"""The page of a plan, for the people who run the campaign."""

from __future__ import annotations

import math
from html import escape
from importlib.util import find_spec

import numpy as np

from dbnchurn.campaign.allocation_result import AllocationResult
from dbnchurn.campaign.allocation_text import money, next_steps, price_words, verdict, worth
from dbnchurn.core.html.figure import COLOURS, MARK, Canvas
from dbnchurn.core.html.picture import Picture
from dbnchurn.core.html.plain_page import bullets, paragraph, plain_page, rows_table

STYLE = "figure { max-width: 40rem; }\ntable.limits td:last-child { text-align: left; }\n"


def allocation_page(result: AllocationResult) -> str:
    """A plan as one HTML page that needs no other file.

    The picture needs matplotlib, of the extra ``train``; its numbers are in a table as well.

    Parameters
    ----------
    result : AllocationResult

    Returns
    -------
    str
    """
    config = result.config
    sections = [
        bullets("What to do", next_steps(result)),
        "<h2>What it is worth</h2>",
        *(paragraph(text) for text in worth(result)),
        "<h2>Who gets what</h2>",
        _options(result),
        "<h2>What bounds the plan</h2>",
        _limits(result),
        *_curve(result),
        "<h2>Who is left out</h2>",
        _left_out(result),
        bullets("What was assumed", [*_formula(result), *result.notes], "notes"),
    ]
    day = config.contact_date.isoformat()
    return plain_page(f"Campaign {config.campaign}, {day}", verdict(result), sections, STYLE)


def _options(result: AllocationResult) -> str:
    plan, currency = result.plan, result.config.currency
    rows = []
    for number, option in enumerate(plan.options):
        mine = plan.option == number
        made = mine & plan.contacted
        if not mine.any():
            continue
        rows.append(
            (
                str(option),
                f"{int(made.sum()):,}",
                f"{int((mine & ~plan.contacted).sum()):,}",
                f"{int((mine & (plan.arm == 'explore')).sum()):,}",
                money(float(plan.cost[made].sum()), currency),
                money(float(plan.value[made].sum()), currency),
            )
        )
    heads = ("option", "contacted", "held out", "exploring", "cost", "estimated value")
    unused = [str(o) for k, o in enumerate(plan.options) if not (plan.option == k).any()]
    table = rows_table(heads, rows) if rows else paragraph("Nobody is contacted.")
    return table + (paragraph(f"Not used: {', '.join(unused)}.") if unused else "")


def _limits(result: AllocationResult) -> str:
    currency = result.config.currency
    if not result.plan.uses:
        return paragraph("Nothing but the customers' values: no budget and no limit is given.")
    rows = []
    for use in result.plan.uses:
        is_money = use.name == "budget"
        shown = [
            "no limit" if not math.isfinite(n) else money(n, currency) if is_money else f"{n:,.0f}"
            for n in (use.used, use.most, use.least)
        ]
        least = shown[2] if use.least else "none"
        rows.append((use.name, shown[0], shown[1], least, price_words(use, currency)))
    heads = ("limit", "used", "at most", "at least", "what one more is worth")
    note = (
        "A price holds for small changes, and for estimates as they are: it says which limit to "
        "widen first."
    )
    return rows_table(heads, rows, kind="limits") + paragraph(note)


def _curve(result: AllocationResult) -> list[str]:
    """The best plan's value at other budgets, as a picture where it can be drawn, and a table."""
    if not result.curve:
        return []
    currency = result.config.currency
    rows = [(money(budget, currency), money(value, currency)) for budget, value in result.curve]
    parts = ["<h2>What another budget would bring</h2>"]
    if find_spec("matplotlib") is not None:
        picture = curve_picture(result)
        parts.append(
            f'<div class="figures"><figure><h3>{escape(picture.title)}</h3>'
            f'<div role="img" aria-label="{escape(picture.alt)}">{picture.svg}</div>'
            f"<figcaption>{escape(picture.reading)}</figcaption></figure></div>"
        )
    parts.append(rows_table(("budget", "estimated value of the best plan, at most"), rows))
    return parts


def curve_picture(result: AllocationResult) -> Picture:
    """The value-against-budget curve.

    Parameters
    ----------
    result : AllocationResult
        With a budget.

    Returns
    -------
    Picture
    """
    currency = result.config.currency
    budgets, values = np.array(result.curve).T
    own = float(np.interp(result.config.budget or 0.0, budgets, values))
    double = values[-1] / max(own, 1e-300) - 1
    with Canvas(f"Budget ({currency})", f"Estimated value ({currency})") as c:
        c.axes.plot(budgets, values, color=COLOURS[0], marker="o")
        c.axes.axvline(result.config.budget, color=MARK, linestyle=":")
        for axis in (c.axes.xaxis, c.axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        c.axes.set_ylim(bottom=min(0.0, float(values.min())))
        return c.picture(
            f"Twice the budget brings {100 * double:.0f} % more",
            "The value of the best plan within each budget, all other limits as they are, by the "
            "estimates that chose the plan. Dotted: the budget of this plan.",
            f"Value against budget: {', '.join(f'{v:,.0f} at {b:,.0f}' for b, v in result.curve)}",
        )


def _left_out(result: AllocationResult) -> str:
    on_list = len(np.unique(result.plan.customer))
    excluded = [(f"{words}", f"{count:,}") for words, count in result.eligibility.excluded]
    rest = result.customers - sum(count for _, count in result.eligibility.excluded) - on_list
    rest -= result.plan.set_aside
    excluded.append(("a contact is worth less than what it uses", f"{rest:,}"))
    if result.plan.set_aside:
        excluded.append(("at random, since the budget did not cover the draw",
                         f"{result.plan.set_aside:,}"))  # fmt: skip
    table = rows_table(("reason", "customers"), excluded)
    closed = [f"{words}: {count:,} customers" for words, count in result.eligibility.closed]
    return table + bullets("", closed)


def _formula(result: AllocationResult) -> list[str]:
    config = result.config
    unit = f"money in {config.currency} per customer"
    if config.effect_of == "contact":
        formula = (
            "Value of a contact = saved × worth + acceptance × (margin − offer cost) − contact "
            "cost; saved is the churn probability that a contact takes away, accepted or not"
        )
    else:
        formula = (
            "Value of a contact = acceptance × (saved × worth + margin − offer cost) − contact "
            "cost; saved is the churn probability that an accepted offer takes away"
        )
    arms = (
        f"The control group is {100 * config.control:g} % of the list, drawn within the options by "
        f"customer id, campaign and seed {config.seed}; budget and limits hold for those who are "
        "contacted"
    )
    return [f"{formula}; {unit}.", f"{arms}."]
