"""The page of personas: cards, churn by value, stability, figures with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dbnchurn.core.html.format import percent, plain, thousands
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table
from dbnchurn.personas.differences import Figure, PersonaFigures
from dbnchurn.personas.persona_record import PersonaRecord
from dbnchurn.personas.pictures import curve_picture, map_picture, persona_picture

STYLE = """.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr));
  gap: 1.5rem; }
.card { border: 1px solid #d8d8d8; border-radius: 6px; padding: 0 1rem 1rem; min-width: 0; }
.card h3 { margin-bottom: .3rem; }
figure { max-width: 46rem; }
"""


def personas_page(
    record: PersonaRecord,
    figures: Sequence[PersonaFigures],
    *,
    source: str,
    value_name: str | None = None,
    notes: Sequence[str] = (),
) -> str:
    """The page as HTML text that needs no other file.

    Parameters
    ----------
    record : PersonaRecord
    figures : sequence of PersonaFigures
        As :func:`dbnchurn.personas.differences.figures_of` gives them.
    source : str
        Name of the table.
    value_name : str, optional
        Column of the value.
    notes : sequence of str, default ()
        What was left out.

    Returns
    -------
    str
    """
    everyone = figures[-1]
    verdict = (
        f"{thousands(everyone.customers)} customers of {source} make {len(record.names)} personas; "
        f"found again on customers drawn anew, they agree by {record.stability.ari:.2f} (1 is the "
        f"same), and a small tree assigns {percent(record.tree_agreement, 0)} of the customers as "
        "they do."
    )
    cards = "\n".join(_card(record, figures, place) for place in range(len(record.names)))
    sections = [
        bullets("", record.warnings(), "warnings"),
        f'<h2>Who they are</h2>\n<div class="cards">\n{cards}\n</div>',
        drawing(map_picture(figures, value_name)),
        "<h2>Each persona beside everyone</h2>",
        rows_table(*_table(figures, value_name)),
        paragraph(
            f"Customers are compared {_space(record)}. Intervals are at 95 %. The outcome took no "
            "part in finding the personas; that one leaves more often than another is an "
            "association, not an effect.",
            "soft",
        ),
        drawing(curve_picture(record)),
        bullets("Notes", notes),
    ]
    return plain_page("Which kinds of customers are there?", verdict, sections, STYLE)


def _space(record: PersonaRecord) -> str:
    """Where customers are compared, in words."""
    if record.codes is None:
        return "in their columns"
    return (
        f"in {record.codes.n_codes} hidden codes of Boltzmann machines that were trained on their "
        "columns; the stability is that of personas with machines trained anew"
    )


def _card(record: PersonaRecord, figures: Sequence[PersonaFigures], place: int) -> str:
    persona, found, everyone = record.personas[place], figures[place], figures[-1]
    share = found.customers / max(1, everyone.customers)
    facts = [f"{thousands(found.customers)} customers, {percent(share)}"]
    if found.churn is not None and everyone.churn is not None:
        facts.append(f"{_percent(found.churn)} left (everyone: {percent(everyone.churn.value)})")
    if found.value is not None and everyone.value is not None:
        facts.append(f"value {_plain(found.value)} (everyone: {plain(everyone.value.value, 2)})")
    facts.append(f"words reproduce {percent(persona.agreement, 0)} of it")
    return (
        f'<section class="card">\n<h3>{escape(persona.name)}</h3>\n{paragraph(persona.words)}\n'
        f"{bullets('', facts)}\n{drawing(persona_picture(persona))}\n</section>"
    )


def _table(
    figures: Sequence[PersonaFigures], value_name: str | None
) -> tuple[list[str], list[list[str]]]:
    heads = ["persona", "customers", "share"]
    everyone = figures[-1]
    heads += ["left", "outcome known of"] if everyone.churn else []
    heads += [f"mean {value_name}", "value known of"] if everyone.value else []
    rows = []
    for found in figures:
        row = [found.name, thousands(found.customers)]
        row.append(percent(found.customers / max(1, everyone.customers)))
        if found.churn:
            row += [_percent(found.churn), thousands(found.churn.rows)]
        if found.value:
            row += [_plain(found.value), thousands(found.value.rows)]
        rows.append(row)
    return heads, rows


def _percent(figure: Figure) -> str:
    if figure.value is None:
        return "not known"
    return f"{percent(figure.value)} ({percent(figure.low)} to {percent(figure.high)})"


def _plain(figure: Figure) -> str:
    if figure.value is None:
        return "not known"
    if figure.low is None or figure.high is None:
        return f"{plain(figure.value, 2)} (too few for an interval)"
    return f"{plain(figure.value, 2)} ({plain(figure.low, 2)} to {plain(figure.high, 2)})"
