"""One customer on one page: basic, behaviour, social, risk, contacts and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dbnchurn.core.html.picture import Picture
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table
from dbnchurn.portraits.columns import Column
from dbnchurn.portraits.config import SECTIONS
from dbnchurn.portraits.figures import Value, place_query, places_among_everyone
from dbnchurn.portraits.place_picture import place_picture
from dbnchurn.portraits.portraits import CustomerPortrait, PortraitRow, Portraits
from dbnchurn.portraits.words import NOT_KNOWN, figure_text, value_text

TITLES = {
    "basic": "Basic",
    "behaviour": "Behaviour: use, payments and holdings",
    "social": "Social: relations to other customers",
    "risk": "Risk: the probability of leaving",
    "contacts": "Contacts: what was offered",
}
STYLE = """figure { max-width: 46rem; margin-top: 1.5rem; }
details pre { white-space: pre-wrap; overflow-wrap: anywhere; }
"""


def customer_page(portraits: Portraits, customer: str) -> str:
    """The page of a customer as HTML text that needs no other file.

    Parameters
    ----------
    portraits : Portraits
        Open.
    customer : str
        Id.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If there is no such customer.
    """
    found = portraits.customer(customer)
    sections = [drawing(customer_picture(portraits, found))]
    for section in SECTIONS:
        sections += _section(section, found)
    sections += _risk(portraits, found) + _contacts(portraits, found)
    sections += [_next(portraits, found), bullets("Notes", portraits.notes)]
    queries = [(f"{r.column.name}, of the customer", r.query) for r in found.rows]
    for row in found.rows:
        for group, figure in ((found.persona, row.persona), ("everyone", row.everyone)):
            if figure is not None and figure.value is not None:
                queries.append((f"{row.column.name}, of {group}", figure.query))
    sections.append(recomputing(portraits, [*queries, *_place_queries(found)]))
    return plain_page(
        f"Customer {customer}: what is known{', and what comes next' if found.actions else ''}",
        _verdict(portraits, found),
        sections,
        STYLE,
    )


def _verdict(portraits: Portraits, found: CustomerPortrait) -> str:
    said = []
    if "personas" in portraits.tables:
        words = portraits.words.get(found.persona or "")
        meaning = f" ({words})" if words else ""
        day = portraits.days("personas")
        said.append(f"Persona {found.persona or NOT_KNOWN}{meaning}, as of {day}.")
    score = found.row("risk", "probability")
    if score is not None:
        known = value_text(score.column, score.value)
        chance = (
            f"Leaves with a probability of {known}"
            if score.value is not None
            else "The risk is not known"
        )
        said.append(f"{chance}, as of {portraits.days('scores')}.")
    if found.actions is not None:
        said.append(f"{_action_words(found.actions)}, as of {portraits.days('plan')}.")
    return " ".join(said) or "No score, persona or plan was given."


def _action_words(actions: Sequence[dict[str, Value]]) -> str:
    if not actions:
        return "No contact is planned"
    apart = [_offer_words(action) for action in actions if action.get("arm") == "control"]
    made = [_offer_words(action) for action in actions if action.get("arm") != "control"]
    if not made:
        return f"Held out from {', '.join(apart)}: do not contact"
    more = f", and {len(made) - 1} more" if len(made) > 1 else ""
    held_out = f"; held out from {', '.join(apart)}: do not contact for it" if apart else ""
    return f"Next: {made[0]}{more}{held_out}"


def _offer_words(action: dict[str, Value]) -> str:
    return f"{action['offer'] or NOT_KNOWN} by {action['channel'] or NOT_KNOWN}"


def _section(section: str, found: CustomerPortrait) -> list[str]:
    rows = [row for row in found.rows if row.column.section == section]
    if not rows:
        return []
    heads = ["", "this customer"]
    heads += [f"persona {found.persona}"] if found.persona is not None else []
    heads += ["everyone", "as of"]
    cells = [_cells(row, found.persona is not None) for row in rows]
    return [f"<h2>{escape(TITLES[section])}</h2>", rows_table(heads, cells)]


def _cells(row: PortraitRow, with_persona: bool) -> list[str]:
    column = row.column
    cells = [column.name, value_text(column, row.value)]
    cells += [figure_text(column, row.persona)] if with_persona else []
    day = NOT_KNOWN if row.as_of is None else row.as_of.isoformat()
    return [*cells, figure_text(column, row.everyone), day]


def _risk(portraits: Portraits, found: CustomerPortrait) -> list[str]:
    shown = _section("risk", found)
    if not shown:
        return []
    if found.reasons:
        shown.append(bullets("What raises or lowers it most", found.reasons))
        shown.append(
            paragraph("The strongest first; a reason is an association, not a cause.", "soft")
        )
    elif portraits.reason_names:
        shown.append(paragraph("Reasons: not known."))
    return shown


def _contacts(portraits: Portraits, found: CustomerPortrait) -> list[str]:
    shown = _section("contacts", found)
    if not shown or found.contacts is None:
        return []
    day = portraits.as_of("log")
    rows = []
    for entry in found.contacts:
        when = entry["contact_date"]
        ahead = day is not None and str(when) > day.isoformat()
        arm = "held out" if entry["arm"] == "control" else str(entry["arm"])
        what = [str(entry[name] or NOT_KNOWN) for name in ("campaign", "offer", "channel")]
        rows.append([str(when), *what, f"{arm}, planned" if ahead else arm])
    if rows:
        shown.append(rows_table(["date", "campaign", "offer", "channel", "arm"], rows))
    else:
        shown.append(paragraph(f"The log has no contact with this customer up to {day}."))
    return shown


def _next(portraits: Portraits, found: CustomerPortrait) -> str:
    if found.actions is None:
        return ""
    title = f"<h2>Next action, as of {escape(portraits.days('plan'))}</h2>\n"
    if not found.actions:
        return title + paragraph("No contact is planned: the customer is not on the list.")
    heads = list(found.actions[0])
    rows = [[_cell(entry[name]) for name in heads] for entry in found.actions]
    return title + rows_table(heads, rows)


def _cell(value: Value) -> str:
    if value is None:
        return NOT_KNOWN
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _numbers(found: CustomerPortrait) -> list[tuple[Column, float, float | None]]:
    """Columns of numbers that can be compared: the customer's, and the median of the persona."""
    return [
        (row.column, float(row.value), None if row.persona is None else row.persona.number)
        for row in found.rows
        if row.column.kind == "number"
        and row.column.section != "contacts"
        and isinstance(row.value, int | float)
        and row.everyone is not None
        and row.everyone.value is not None
    ]


def customer_picture(portraits: Portraits, found: CustomerPortrait) -> Picture | None:
    """Where a customer lies among everyone, and where the median of the persona lies.

    Parameters
    ----------
    portraits : Portraits
        Open.
    found : CustomerPortrait

    Returns
    -------
    Picture, or None
        None where no number of the customer can be compared.
    """
    numbers = _numbers(found)
    columns = [column for column, _, _ in numbers]
    own = [value for _, value, _ in numbers]
    medians = [median for _, _, median in numbers]
    return place_picture(
        [column.name for column in columns],
        places_among_everyone(portraits.session, columns, own),
        places_among_everyone(portraits.session, columns, medians),
        f"customer {found.customer}",
        f"persona {found.persona}" if found.persona else "",
    )


def _place_queries(found: CustomerPortrait) -> list[tuple[str, str]]:
    made = []
    for column, own, median in _numbers(found):
        made.append((f"{column.name}, place of the customer", place_query(column, own)))
        if median is not None:
            made.append((f"{column.name}, place of {found.persona}", place_query(column, median)))
    return made


def recomputing(portraits: Portraits, queries: Sequence[tuple[str, str]]) -> str:
    """The part of a page that says how each of its figures is computed again.

    Parameters
    ----------
    portraits : Portraits
    queries : sequence of (what it gives, SQL)

    Returns
    -------
    str
    """
    lines = [*portraits.views(), ""]
    for what, query in queries:
        lines += [f"-- {what}".replace("\n", " "), f"{query};"]
    return (
        "<h2>How to compute every figure again</h2>\n"
        "<details><summary>One SQL query for each, for DuckDB, in the folder that the paths start "
        f"from</summary>\n<pre>{escape(chr(10).join(lines))}</pre></details>"
    )
