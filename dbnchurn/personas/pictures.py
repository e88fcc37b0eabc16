"""Pictures of personas: what sets each apart, churn by value, and the choice of their number."""

from __future__ import annotations

from collections.abc import Sequence

from dbnchurn.core.html.figure import COLOURS, MARK, Canvas
from dbnchurn.core.html.format import cut
from dbnchurn.core.html.picture import Picture
from dbnchurn.personas.differences import PersonaFigures
from dbnchurn.personas.persona_record import STABLE, Persona, PersonaRecord
from dbnchurn.personas.stability import CLOSE, WITHIN

LONGEST = 34  # characters of a phrase beside an axis


def persona_picture(persona: Persona) -> Picture | None:
    """Shares of a persona and of everyone, a pair of bars a phrase; None without phrases."""
    if not persona.phrases:
        return None
    n = len(persona.phrases)
    with Canvas("customers", "", (5.0, 0.9 + 0.42 * n)) as c:
        for i, phrase in enumerate(persona.phrases):
            c.axes.barh(i - 0.18, phrase.inside, 0.34, color=COLOURS[0])
            c.axes.barh(i + 0.18, phrase.everyone, 0.34, color=COLOURS[6])
        texts = [cut(phrase.text, LONGEST) for phrase in persona.phrases]
        c.axes.set_yticks(range(n), texts)
        c.axes.set_ylim(n - 0.5, -0.5)
        c.axes.set_xlim(0, 1)
        c.percents("x")
        return c.picture(
            f"{persona.name} differs most from everyone in these columns",
            "Blue: share of the persona; grey: share of all customers.",
            "; ".join(map(str, persona.phrases)),
        )


def map_picture(figures: Sequence[PersonaFigures], value_name: str | None) -> Picture | None:
    """Churn of every persona against its value, or its size where there is no value.

    Parameters
    ----------
    figures : sequence of PersonaFigures
    value_name : str, optional
        What the value is, for the axis.

    Returns
    -------
    Picture, or None
        None where there is nothing to draw.
    """
    *personas, everyone = figures
    if everyone.churn is None or everyone.churn.value is None:
        return None
    named = f"mean {value_name}" if value_name else "share of all customers"
    said = []
    with Canvas(named, "left", (7.0, 4.2)) as c:
        for place, found in enumerate(personas):
            x = found.customers / max(1, everyone.customers)
            size = 60 + 1500 * x
            if value_name:
                if found.value is None or found.value.value is None:
                    continue
                x = found.value.value
            churn = found.churn
            if churn is None or churn.value is None or churn.low is None or churn.high is None:
                continue
            colour = COLOURS[place % len(COLOURS)]
            c.axes.plot([x, x], [churn.low, churn.high], color=colour, lw=1.5)
            c.axes.scatter([x], [churn.value], s=size, color=colour, alpha=0.35)
            c.axes.annotate(found.name, (x, churn.value), ha="center", va="center")
            said.append(f"{found.name}: {named} {x:.3g}, {100 * churn.value:.1f} % left")
        c.axes.axhline(everyone.churn.value, color=MARK, lw=1, ls="--")
        c.axes.set_ylim(bottom=0)
        c.axes.margins(x=0.15)
        c.percents("y")
        if not value_name:
            c.percents("x")
        return c.picture(
            f"Which personas leave, by {'value' if value_name else 'size'}",
            "The larger a disc, the more customers; a line is the 95 % interval of the share that "
            "left, the dashed line everyone.",
            "; ".join(said),
        )


def curve_picture(record: PersonaRecord) -> Picture | None:
    """How well personas of every number are found again; None if the number was given."""
    if not record.curve:
        return None
    numbers = [point.n_personas for point in record.curve]
    index = [point.ari for point in record.curve]
    with Canvas("personas", "adjusted Rand index", (5.0, 3.2)) as c:
        c.axes.fill_between(
            numbers, [p.low for p in record.curve], [p.high for p in record.curve],
            color=COLOURS[0], alpha=0.15, lw=0,
        )  # fmt: skip
        c.axes.plot(numbers, index, "o-", color=COLOURS[0])
        taken = len(record.names)
        c.axes.plot([taken], [index[numbers.index(taken)]], "o", color=COLOURS[1], ms=9)
        c.axes.axhline(STABLE, color=MARK, lw=1, ls="--")
        c.axes.set_ylim(0, 1.02)
        c.whole_numbers()
        return c.picture(
            f"How well each number of personas is found again; {taken} were taken",
            "Mean agreement with refits among customers drawn anew, 1 if they are the same; the "
            "band is from the worst to the best. Marked: the number taken, the largest within one "
            f"standard error of the best ({CLOSE:g} at least, {WITHIN:g} at most) among those "
            "without a persona that is too small. Below the dashed line personas are not stable.",
            "; ".join(f"{k}: {ari:.2f}" for k, ari in zip(numbers, index, strict=True)),
        )
