"""The plan of a campaign as a page, and as lines of a terminal."""

from __future__ import annotations

from dbnchurn.campaign.effect_pictures import power_picture
from dbnchurn.campaign.lift_page import STYLE
from dbnchurn.campaign.plan import ControlChoice, Plan, Range
from dbnchurn.core.html.format import amount, percent, points, thousands
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table

HEADS = (
    "held out",
    "customers",
    "chance of finding the effect",
    "smallest effect that is found",
    "customers needed",
    "forgone by holding them out",
)


def plan_page(plan: Plan) -> str:
    """The page as HTML text that needs no other file.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    str
    """
    kinds = ["own" if choice.wanted else "" for choice in plan.choices]
    settings = plan.settings
    return plain_page(
        "Plan of the campaign",
        plan.verdict,
        [
            bullets("What to do", next_steps(plan)),
            "<h2>How large a control group?</h2>",
            paragraph(
                f"For {thousands(settings.customers)} customers of whom "
                f"{percent(settings.base_rate)} would leave; an effect of "
                f"{points(settings.effect)} points shall be found with a chance of "
                f"{percent(settings.power, 0)}. Without a control group no effect can be told.",
                "soft",
            ),
            rows_table(HEADS, [_row(choice) for choice in plan.choices], kinds),
            drawing(power_picture(plan)),
            bullets("Cost and return, with 90 % in brackets", money_lines(plan)),
            bullets("Notes", plan.notes),
        ],
        STYLE,
    )


def next_steps(plan: Plan) -> list[str]:
    """What the reader may do with this plan."""
    wanted, own = plan.settings, plan.choice
    chance = f"{100 * wanted.power:.0f} %"
    if own.power >= wanted.power:
        return [
            f"Hold out {thousands(own.customers)} customers, drawn at random "
            f"(control: {own.share:g} in 'allocate'), and contact the other "
            f"{thousands(plan.contacted)}. The effect is found with the chance that was wanted."
        ]
    steps = [
        f"Make the list longer: {thousands(own.needed)} customers at {100 * own.share:g} % held "
        f"out find the effect with a chance of {chance}."
    ]
    larger = [c for c in plan.choices if c.share > own.share]
    enough = [c for c in larger if c.power >= wanted.power]
    if enough:
        steps.append(
            f"Or hold out more: {thousands(enough[0].customers)} of these "
            f"{thousands(wanted.customers)} customers (control: {enough[0].share:g})."
        )
    elif larger:
        best = max(larger, key=lambda choice: choice.power)
        steps.append(
            "Or do both, a longer list and a larger control group: with "
            f"{100 * best.share:g} % held out {thousands(best.needed)} customers "
            "are enough."
        )
    if own.smallest is not None:
        steps.append(
            f"Or go on as planned, and know beforehand: an effect smaller than "
            f"{points(own.smallest)} points will most likely end as 'not told from chance', which "
            "does not mean that the campaign did nothing."
        )
    return steps


def _row(choice: ControlChoice) -> tuple[str, ...]:
    least = "none" if choice.smallest is None else f"{points(choice.smallest)} points"
    forgone = "–" if choice.forgone is None else whole(choice.forgone)
    return (
        f"{100 * choice.share:g} %",
        thousands(choice.customers),
        percent(choice.power, 0),
        least,
        thousands(choice.needed),
        forgone,
    )


def whole(found: Range) -> str:
    """A quantity with its interval, without digits after the point."""
    value, low, high = (amount(float(round(v))) for v in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})"


def money_lines(plan: Plan) -> list[str]:
    """Sentences on cost and return, each with its interval of 90 %."""
    unit = f" {plan.settings.currency}" if plan.settings.currency else ""
    lines = []
    if plan.accepted is not None:
        lines.append(f"Accepted: {whole(plan.accepted)} of {thousands(plan.contacted)} contacted.")
    if plan.cost is not None:
        lines.append(f"Cost: {whole(plan.cost)}{unit}.")
    if plan.kept is not None:
        lines.append(f"Customers kept: {whole(plan.kept)}.")
    if plan.gain is not None and plan.loss_chance is not None:
        lines.append(
            f"Return after cost: {whole(plan.gain)}{unit}; the chance of a loss is "
            f"{percent(plan.loss_chance, 0)}."
        )
    if (forgone := plan.choice.forgone) is not None:
        lines.append(
            f"The control group of {thousands(plan.choice.customers)} costs "
            f"{whole(forgone)}{unit}: what contacting it too would bring."
        )
    return lines


def plan_text(plan: Plan) -> str:
    """What the terminal shows."""
    rows = [_row(choice) for choice in plan.choices]
    table = [
        f"  {row[0]} held out ({row[1]}): chance {row[2]}, smallest effect {row[3]}, "
        f"{row[4]} customers needed" + ("" if row[5] == "–" else f", forgone {row[5]}")
        for row in rows
    ]
    brackets = ["intervals in brackets hold with 90 %"] if plan.cost is not None else []
    return "\n".join([plan.verdict, *table, *money_lines(plan), *brackets, *plan.notes])
