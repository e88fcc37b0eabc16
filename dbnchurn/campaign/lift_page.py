"""What a campaign did, as a page for readers who know no statistics, and as lines of a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from dbnchurn.campaign.effect import MISMATCH, Effect
from dbnchurn.campaign.effect_pictures import effects_picture
from dbnchurn.campaign.lift import GroupEffect, Lift, MoneyKept
from dbnchurn.core.html.format import amount, joined, percent, points, thousands
from dbnchurn.core.html.plain_page import (
    bullets,
    drawing,
    folded,
    paragraph,
    plain_page,
    rows_table,
)

NAMES = {"contact": "contacted", "control": "control group", "explore": "other option, drawn"}
STYLE = "figure { max-width: 46rem; }\n"
TABLES = """th[scope=row] { min-width: 0; }
.results th:nth-child(2), .results td:nth-child(2) {
  text-align: left; white-space: normal; min-width: 7rem;
}
"""
GROUP_HEADS = ("customers", "result", "number", "difference, points", "interval")


def interval(effect: Effect) -> str:
    """The ends of an interval in points."""
    return f"{points(effect.low)} to {points(effect.high)}"


def lift_page(lift: Lift) -> str:
    """The page as HTML text that needs no other file.

    Parameters
    ----------
    lift : Lift

    Returns
    -------
    str
    """
    stopped = lift.claim == "stopped"
    sections = [
        bullets("", [*lift.warnings, *_uncounted(lift)], "warnings"),
        bullets("What to do next", next_lines(lift)),
        "<h2>The two groups</h2>",
        paragraph(
            "The control group was drawn at random from the same list and left alone by this "
            "campaign, so what it did is what the contacted would have done without it.",
            "soft",
        ),
        rows_table(("group", "on the list", "counted", "left", "share that left"), _arms(lift)),
    ]
    if not stopped:
        sections += [
            "<h2>The effect</h2>",
            drawing(effects_picture(_named(lift))),
            bullets("", effect_lines(lift)),
            bullets("What it brought", money_lines(lift)),
            *_groups(lift),
            *_planned(lift),
        ]
    if lift.before is not None:
        sections += [
            "<h2>Before and after is no effect</h2>",
            paragraph(
                f"Before the campaign {percent(lift.before, 2)} left. {lift.before_sentence}"
            ),
        ]
    sections += [
        bullets("Checks", check_lines(lift)),
        bullets("Notes", lift.notes),
        folded("How this was computed", [] if stopped else _computed(lift)),
    ]
    title = f"What did the campaign {lift.campaign} do?"
    return plain_page(title, lift.verdict, sections, STYLE + TABLES)


def _named(lift: Lift) -> list[tuple[str, Effect]]:
    found = [("all customers", lift.effect)]
    found += [
        (f"{group.breakdown}: {group.group}", group.effect)
        for group in lift.groups
        if group.effect is not None
    ]
    return found


def _arms(lift: Lift) -> list[tuple[str, str, str, str, str]]:
    rows = []
    arms = {"contact": lift.effect.contact, "control": lift.effect.control}
    if lift.explore is not None:
        arms["explore"] = lift.explore.contact
    for name, arm in arms.items():
        listed, counted = lift.counts.get(name, (0, 0))
        numbers = (thousands(listed), thousands(counted), thousands(arm.left))
        rows.append((NAMES[name], *numbers, percent(arm.rate, 2)))
    return rows


def effect_lines(lift: Lift) -> list[str]:
    """Sentences on the effect of the whole campaign."""
    effect = lift.effect
    level = f"{100 * effect.confidence:g} %"
    lines = [
        f"Difference: {points(effect.value)} points, {level} interval {interval(effect)}. "
        "Below zero fewer left because of the contact."
    ]
    if effect.unadjusted is not None:
        lines.append(
            "This is the difference of the two shares after what the scores of before the campaign "
            f"explain is taken out; without that it is {points(effect.unadjusted)} points. The "
            "customers and the money kept follow from the first."
        )
    if lift.sequence is not None:
        low, high = lift.sequence
        lines.append(
            f"However often one looks: {points(low)} to {points(high)} points. Only this interval "
            "may be looked at again and again until it excludes zero."
        )
    if lift.explore is not None:
        lines.append(
            f"Customers who got an option drawn at random: {points(lift.explore.value)} points "
            f"against the control group ({interval(lift.explore)})."
        )
    if lift.acceptance is not None:
        found = lift.acceptance
        lines.append(
            f"{percent(found['value'])} of the contacted accepted ({percent(found['low'])} to "
            f"{percent(found['high'])}). An acceptance is not an effect: some would have stayed "
            "anyway."
        )
    return lines


def _groups(lift: Lift) -> Sequence[str]:
    if not lift.groups:
        return ()
    rows = [_group_row(group, lift.effect.confidence) for group in lift.groups]
    return (
        "<h2>Where it worked</h2>",
        rows_table(GROUP_HEADS, rows, kind="results"),
        bullets("", group_lines(lift)),
    )


def group_lines(lift: Lift) -> list[str]:
    """Every division's groups against control, and then against one another."""
    lines = []
    for name in dict.fromkeys(group.breakdown for group in lift.groups):
        found: dict[str, list[str]] = {}
        for group in lift.groups:
            if group.breakdown == name:
                said = _result(group, lift.effect.confidence)
                found.setdefault(said, []).append(group.group)
        parts = [f"{joined(groups)}: {said}" for said, groups in found.items()]
        lines.append(f"By {name}, each group against its control group: {'; '.join(parts)}.")
    differ = _differing(lift)
    alike = [name for name in lift.differences if name not in differ]
    if differ:
        lines.append(
            f"Against one another, the groups by {joined(differ)} differ in their effects beyond "
            "chance."
        )
    if alike:
        lines.append(
            f"Against one another, the groups by {joined(alike)} do not differ in their effects "
            "beyond chance: none of them is shown to be better than another, even where only one "
            "is told from its control group."
        )
    return lines


def _differing(lift: Lift) -> list[str]:
    """Divisions whose groups have different effects, beyond chance."""
    return [name for name, p in lift.differences.items() if p < 1 - lift.effect.confidence]


def _computed(lift: Lift) -> list[str]:
    """Methods and p values, as a folded part of the page has them."""
    effect = lift.effect
    lines = [
        f"The interval of the difference is that of Newcombe; p = {effect.p_value:.2g}.",
        *(
            []
            if effect.unadjusted is None
            else [
                "The adjustment by the score of before the campaign takes away "
                f"{percent(effect.variance_cut)} of the variance."
            ]
        ),
    ]
    if lift.groups:
        lines.append(
            f"{len(lift.groups)} groups are looked at, so some would look good by chance; the p of "
            "each is raised for that (Benjamini–Hochberg). Intervals are those of one group alone. "
            "Groups overlap between the divisions."
        )
    lines += [
        f"{group.breakdown}: {group.group}: p = {group.adjusted_p:.2g}."
        for group in lift.groups
        if group.effect is not None
    ]
    lines += [
        f"That the effects differ by {name}: p = {p:.2g}." for name, p in lift.differences.items()
    ]
    ratio = lift.ratio
    lines += [
        f"Sizes of the groups: p = {ratio.p_value:.2g}. Outcomes known of the same share of both "
        f"groups: p = {lift.outcomes_p:.2g}."
    ]
    if lift.balance is not None:
        lines.append(f"Mean score of the groups before: p = {lift.balance.p_value:.2g}.")
    return [bullets("", lines, "said")]


def next_lines(lift: Lift) -> list[str]:
    """What to do after the campaign."""
    control = (
        "Draw a control group again, of this size at least: without one the next effect cannot be "
        "measured."
    )
    if lift.claim == "stopped":
        return [
            "Decide nothing by this campaign. The data person finds out who was added, lost or put "
            "into the other group, and runs 'dbnchurn lift' again."
        ]
    if lift.preliminary:
        return ["Wait until the outcome window is over and measure again: this is a first look."]
    if lift.claim == "lost":
        return [
            "Stop contacting customers in this way: more left because of it.",
            "Before another offer is tried on many, try it on few, with a control group "
            "('dbnchurn plan').",
        ]
    if lift.claim == "not told":
        return [
            "Do not take the campaign for a success or a failure: it had too few customers to "
            "tell. 'dbnchurn plan' says how long a list tells an effect that would pay.",
            control,
        ]
    lines = ["Contact such customers again: fewer left because of the contact."]
    if lift.money is not None:
        pays = lift.money.low > 0
        at = "At the worth and cost named below" + (
            ", without the cost of accepted offers," if _accepted(lift) else ""
        )
        lines[0] += (
            f" {at} it paid, even at the low end of the interval."
            if pays
            else f" Whether it pays cannot be told yet. {at} it may have lost money."
        )
    differ = _differing(lift)
    lines.append(
        f"The effects differ by {joined(differ)}: prefer the groups in which fewer left."
        if differ
        else "No group is shown to be better than another: do not choose offers, channels or "
        "customers by this table alone, but let the next campaign draw them at random."
    )
    return [*lines, control] if lift.groups else [lines[0], control]


def _accepted(lift: Lift) -> int | None:
    """About how many of the contacted accepted; None where it is not known, or none did."""
    if lift.money is None or lift.acceptance is None:
        return None
    return round(lift.acceptance["value"] * lift.money.contacted) or None


def _uncounted(lift: Lift) -> list[str]:
    """That the cost of accepted offers is in no number, and from where on it would eat all."""
    money, accepted = lift.money, _accepted(lift)
    if money is None or accepted is None or lift.claim == "stopped":
        return []
    said = (
        f"The cost of accepted offers is not counted: about {thousands(accepted)} of the contacted "
        "accepted, and neither log nor config has what an offer costs (only a worth from which it "
        "is taken off counts it, and only for customers kept)."
    )
    if money.value > 0:
        limit = amount(round(money.value / accepted, 2))
        said += f" Above {limit}{_unit(money)} an offer the campaign would have lost money."
    return [said]


def _unit(money: MoneyKept) -> str:
    return f" {money.currency}" if money.currency else ""


def _group_row(group: GroupEffect, confidence: float) -> tuple[str, ...]:
    name = f"{group.breakdown}: {group.group}"
    if group.effect is None:
        return (name, _result(group, confidence), thousands(group.rows), "–", "–")
    numbers = (points(group.effect.value), interval(group.effect))
    return (name, _result(group, confidence), thousands(group.rows), *numbers)


def _result(group: GroupEffect, confidence: float) -> str:
    """What is told of a group against its control group."""
    if group.effect is None:
        return "not measured: one arm is empty"
    if not group.stands_out(confidence):
        return "not told from chance"
    return "fewer left" if group.effect.value < 0 else "more left"


def money_lines(lift: Lift) -> list[str]:
    """Sentences on customers and money kept."""
    lines = []
    if (money := lift.money) is not None:
        unit = _unit(money)
        cost = "of unknown cost" if money.cost is None else f"for {amount(round(money.cost))}{unit}"
        lines.append(
            f"{amount(round(money.customers))} customers kept "
            f"({amount(round(money.customers_low))} to {amount(round(money.customers_high))}) by "
            f"{thousands(money.contacted)} contacts {cost}."
        )
        after = "" if money.cost is None else " after the cost of contacts"
        if not unit:
            lines.append("No currency is named (--currency): amounts are in that of the worth.")
        lines.append(
            f"{amount(round(money.value))}{unit} kept{after} ({amount(round(money.low))} to "
            f"{amount(round(money.high))}), at {amount(money.worth)}{unit} a customer."
        )
    if (revenue := lift.revenue) is not None:
        unit = "" if lift.money is None else _unit(lift.money)
        lines.append(
            f"Revenue per customer, contacted minus control: {amount(round(revenue['value'], 2))}"
            f"{unit} ({amount(round(revenue['low'], 2))} to {amount(round(revenue['high'], 2))}). "
            "This is the revenue of the outcomes, of all customers of a group; it is another view "
            "of the same effect, not to be added to the money kept."
        )
    return lines


def _planned(lift: Lift) -> Sequence[str]:
    if not (rows := _planned_rows(lift)):
        return ()
    heads = ("", "result", "planned", "measured", "interval")
    return ("<h2>Planned and measured</h2>", rows_table(heads, rows, kind="results"))


def _planned_rows(lift: Lift) -> list[tuple[str, str, str, str, str]]:
    rows = []
    for found in lift.planned:
        if found.what != "effect":
            continue  # of another kind than what was measured
        texts = [
            f"{points(number)} points"
            for number in (found.planned, found.actual, found.low, found.high)
        ]
        within = found.low <= found.planned <= found.high
        said = "the plan lies within the interval" if within else "the plan lies outside"
        rows.append((found.what, said, texts[0], texts[1], f"{texts[2]} to {texts[3]}"))
    return rows


def check_lines(lift: Lift) -> list[str]:
    """Sentences on whether the draw is what the log says."""
    ratio = lift.ratio
    fits = "as the draw says" if ratio.fits else "NOT as the draw says"
    lines = [
        f"Sizes of the groups: {thousands(ratio.control)} in the control group, "
        f"{ratio.expected:,.0f} expected: {fits}.",
        "Outcomes are known of "
        + ("another share" if lift.outcomes_p < MISMATCH else "the same share")
        + " of both groups, as far as chance can tell.",
    ]
    if lift.balance is None:
        lines.append("Whether the groups were alike before is not known: too few have a score.")
    else:
        alike = "alike, as the draw says" if lift.balance.fits else "NOT alike"
        lines.append(
            f"Mean score before the campaign: {percent(lift.balance.contact, 1)} of the contacted, "
            f"{percent(lift.balance.control, 1)} of the control group: {alike}."
        )
    if lift.window is not None:
        lines.append(f"Leaving counts within {lift.window} days from the contact on.")
    return lines


def lift_text(lift: Lift) -> str:
    """What the terminal shows."""
    lines = [f"campaign {lift.campaign}: {lift.verdict}", *next_lines(lift)]
    if lift.claim != "stopped":
        lines += effect_lines(lift)
        lines += [
            f"  {row[0]} ({row[2]}): {row[3]} points, {row[4]}; {row[1]}"
            for row in (_group_row(g, lift.effect.confidence) for g in lift.groups)
        ]
        lines += group_lines(lift)
        lines += [*money_lines(lift), *_uncounted(lift)]
        lines += [
            f"planned {row[0]}: {row[2]}; measured: {row[3]}, {row[4]}; {row[1]}"
            for row in _planned_rows(lift)
        ]
    if lift.before is not None:
        lines.append(f"before: {percent(lift.before, 2)}. {lift.before_sentence}")
    return "\n".join([*lines, *check_lines(lift)])
