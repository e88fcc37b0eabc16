"""What a campaign did, as a page for readers who know no statistics, and as lines of a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from dbnchurn.campaign.effect import Effect
from dbnchurn.campaign.effect_pictures import effects_picture
from dbnchurn.campaign.lift import GroupEffect, Lift
from dbnchurn.core.html.format import amount, percent, points, thousands
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table

NAMES = {"contact": "contacted", "control": "control group", "explore": "other option, drawn"}
STYLE = "figure { max-width: 46rem; }\n"
GROUP_HEADS = ("customers", "number", "difference", "interval", "p, all groups judged", "")


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
        bullets("", lift.warnings, "warnings"),
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
            *_groups(lift),
            bullets("What it brought", money_lines(lift)),
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
    ]
    title = f"What did the campaign {lift.campaign} do?"
    return plain_page(title, lift.verdict, sections, STYLE)


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
        f"Difference: {points(effect.value)} points, {level} interval {interval(effect)}"
        f" (Newcombe), p = {effect.p_value:.2g}. Below zero fewer left because of the contact."
    ]
    if effect.unadjusted is not None:
        lines.append(
            f"It is adjusted by the score of before the campaign, which takes away "
            f"{percent(effect.variance_cut)} of the variance; the plain difference of the two "
            f"shares is {points(effect.unadjusted)} points."
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
    tests = [
        f"Do the effects differ by {name}? p = {p:.2g}: "
        + ("they do." if p < 1 - lift.effect.confidence else "that cannot be told from chance.")
        for name, p in lift.differences.items()
    ]
    return (
        "<h2>Where it worked</h2>",
        paragraph(
            f"{len(lift.groups)} groups are looked at, so some would look good by chance; the p of "
            "each is raised for that (Benjamini–Hochberg). Intervals are those of one group alone. "
            "Groups overlap between the divisions.",
            "soft",
        ),
        rows_table(GROUP_HEADS, rows),
        bullets("", tests),
    )


def _group_row(group: GroupEffect, confidence: float) -> tuple[str, ...]:
    name = f"{group.breakdown}: {group.group}"
    if group.effect is None:
        return (name, thousands(group.rows), "–", "–", "–", "not measured: one arm is empty")
    effect = group.effect
    if not group.stands_out(confidence):
        said = "not told from chance"
    else:
        said = "fewer left" if effect.value < 0 else "more left"
    numbers = (points(effect.value), interval(effect), f"{group.adjusted_p:.2g}")
    return (name, thousands(group.rows), *numbers, said)


def money_lines(lift: Lift) -> list[str]:
    """Sentences on customers and money kept."""
    lines = []
    if (money := lift.money) is not None:
        unit = f" {money.currency}" if money.currency else ""
        cost = "of unknown cost" if money.cost is None else f"for {amount(round(money.cost))}{unit}"
        lines.append(
            f"{amount(round(money.customers))} customers kept "
            f"({amount(round(money.customers_low))} to {amount(round(money.customers_high))}) by "
            f"{thousands(money.contacted)} contacts {cost}."
        )
        after = "" if money.cost is None else " after cost"
        lines.append(
            f"{amount(round(money.value))}{unit} kept{after} ({amount(round(money.low))} to "
            f"{amount(round(money.high))}), at {amount(money.worth)}{unit} a customer."
        )
    if (revenue := lift.revenue) is not None:
        lines.append(
            f"Revenue per customer, contacted minus control: {amount(round(revenue['value'], 2))} "
            f"({amount(round(revenue['low'], 2))} to {amount(round(revenue['high'], 2))})."
        )
    return lines


def _planned(lift: Lift) -> Sequence[str]:
    if not lift.planned:
        return ()
    heads = ("", "planned", "measured", "interval", "")
    return ("<h2>Planned and measured</h2>", rows_table(heads, _planned_rows(lift)))


def _planned_rows(lift: Lift) -> list[tuple[str, str, str, str, str]]:
    rows = []
    for found in lift.planned:
        share = found.what == "effect"
        texts = [
            f"{points(number)} points" if share else amount(round(number))
            for number in (found.planned, found.actual, found.low, found.high)
        ]
        within = found.low <= found.planned <= found.high
        said = "the plan lies within the interval" if within else "the plan lies outside"
        rows.append((found.what, texts[0], texts[1], f"{texts[2]} to {texts[3]}", said))
    return rows


def check_lines(lift: Lift) -> list[str]:
    """Sentences on whether the draw is what the log says."""
    ratio = lift.ratio
    fits = "as the draw says" if ratio.fits else "NOT as the draw says"
    lines = [
        f"Sizes of the groups: {thousands(ratio.control)} in the control group, "
        f"{ratio.expected:,.0f} expected (p = {ratio.p_value:.2g}): {fits}.",
        f"Outcomes known of the same share of both groups: p = {lift.outcomes_p:.2g}.",
    ]
    if lift.balance is None:
        lines.append("Whether the groups were alike before is not known: too few have a score.")
    else:
        alike = "alike, as the draw says" if lift.balance.fits else "NOT alike"
        lines.append(
            f"Mean score before the campaign: {percent(lift.balance.contact, 1)} of the contacted, "
            f"{percent(lift.balance.control, 1)} of the control group "
            f"(p = {lift.balance.p_value:.2g}): {alike}."
        )
    if lift.window is not None:
        lines.append(f"Leaving counts within {lift.window} days from the contact on.")
    return lines


def lift_text(lift: Lift) -> str:
    """What the terminal shows."""
    lines = [f"campaign {lift.campaign}: {lift.verdict}"]
    if lift.claim != "stopped":
        lines += effect_lines(lift)
        lines += [
            f"  {row[0]} ({row[1]}): {row[2]} points, {row[3]}; {row[5]}"
            for row in (_group_row(g, lift.effect.confidence) for g in lift.groups)
        ]
        lines += money_lines(lift)
        lines += [
            f"planned {row[0]}: {row[1]}; measured: {row[2]}, {row[3]}; {row[4]}"
            for row in _planned_rows(lift)
        ]
    if lift.before is not None:
        lines.append(f"before: {percent(lift.before, 2)}. {lift.before_sentence}")
    return "\n".join([*lines, *check_lines(lift)])
