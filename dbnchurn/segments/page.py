"""The list for people to read: Markdown with PNG pictures beside it, or one HTML page."""

from __future__ import annotations

import html as escaping
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.core.files import write_whole
from dbnchurn.core.html.format import amount, percent, plain, thousands
from dbnchurn.core.html.picture import Picture
from dbnchurn.segments.conditions import shown
from dbnchurn.segments.segment_list import SegmentList

TITLE = "Segments"


def render(segments: SegmentList, pictures: Mapping[str, Picture]) -> str:
    """Render the list as one HTML page that needs no other file.

    Needs jinja2, of the extra ``train``.

    Parameters
    ----------
    segments : SegmentList
    pictures : mapping of str to Picture
        As :func:`dbnchurn.segments.pictures.segment_pictures` gives them.

    Returns
    -------
    str
    """
    from dbnchurn.core.html.page import render_page

    return render_page(
        "dbnchurn.segments",
        "page.html",
        {"pictures": list(pictures.values())},
        title=TITLE,
        headline=headline(segments),
        notes=notes(segments),
        head=COLUMNS,
        rows=rows(segments),
        money_head=_money_columns(segments),
        money_rows=money(segments),
    )


def write_markdown(segments: SegmentList, folder: Path, pictures: Mapping[str, Picture]) -> Path:
    """Write ``segments.md`` and its pictures as PNG files.

    Parameters
    ----------
    segments : SegmentList
    folder : Path
        Has to exist.
    pictures : mapping of str to Picture
        File name → picture with PNG, as
        :func:`dbnchurn.segments.pictures.segment_pictures` gives them.

    Returns
    -------
    Path
        The Markdown file.
    """
    lines = [f"# {TITLE}", "", *(_md(line) for line in headline(segments)), ""]
    if len(segments):
        lines += [*_md_table(COLUMNS, rows(segments)), ""]
        if money(segments):
            lines += [*_md_table(_money_columns(segments), money(segments)), ""]
    for name, picture in pictures.items():
        write_whole(folder / name, picture.png)
        lines += [f"![{_md(picture.reading)}]({name})", "", _md(picture.reading), ""]
    lines += ["## How to read this", "", *(f"- {_md(note)}" for note in notes(segments)), ""]
    path = folder / "segments.md"
    write_whole(path, "\n".join(lines))
    return path


def headline(segments: SegmentList) -> list[str]:
    """Sentences on the whole list: rate, reach and, with a value, profit."""
    base = segments.base["report"]
    everyone = f"Of all customers {percent(base.value)} {segments.outcome}."
    who = segments.yes_sentence()
    if not len(segments):
        return [
            who,
            f"{everyone} No segment does better on fresh rows: there is nothing to act on.",
        ]
    total = segments.approached()
    low, high = total.interval(segments.confidence)
    count = "one segment" if len(segments) == 1 else f"{len(segments)} segments"
    lines = [
        who,
        f"{everyone} In the {count} below {percent(total.value)} do ({percent(low)} to "
        f"{percent(high)}), {total.value / base.value:.1f} times as many. They hold "
        f"{percent(total.rows / base.rows)} of the customers and reach "
        f"{percent(total.hits / max(base.hits, 1))} of all who {segments.outcome}.",
    ]
    if segments.value is not None:
        profit = segments.table()["profit"].sum()
        lines.append(
            f"At {shown(segments.cost or 0)} per contact and {shown(segments.value)} per yes, "
            f"approaching them would earn {amount(profit)} on these "
            f"{base.rows:,} customers."
        )
    return lines


def notes(segments: SegmentList) -> list[str]:
    """Sentences on how the rates were measured and what they do not show."""
    parts = {name: thousands(rate.rows) for name, rate in segments.base.items()}
    sentences = [
        f"Rates are of {parts['report']} customers who were neither mined ({parts['mine']}) nor "
        f"selected on ({parts['select']}); brackets are {100 * segments.confidence:g} % Wilson "
        "intervals. The rate on the mined rows stands beside, so that its optimism shows.",
        f"{segments.candidates:,} candidates went on to selection and "
        f"{segments.significant:,} passed it: a one-sided hypergeometric test on fresh rows "
        "against all customers and against each simpler segment, with Benjamini–Hochberg.",
        "Segments are in the order in which to act on them. A customer counts in the first that "
        "fits; “held before” is the share of a segment's customers whom earlier ones hold.",
        "A high rate says who accepts, not who accepts because of being asked: only a control "
        "group left alone can show that.",
    ]
    if (note := segments.majority_note()) is not None:
        sentences.insert(0, note)
    if segments.budget is not None:
        used = segments.approached("selected")
        sentences.append(
            f"The budget is {percent(segments.budget)} of the customers; the list uses "
            f"{percent(used.rows / segments.base['select'].rows)} of the rows to select on, where "
            "it was kept. On others the share can differ a little."
        )
    if len(segments) and segments.segments[-1].share < 1:
        sentences.append(
            f"The budget ends within segment {len(segments)}: approach "
            f"{percent(segments.segments[-1].share)} of its customers, at random. Sums on this "
            "page count it so."
        )
    table = segments.table()
    unclear = table["segment"][table["low"] <= segments.base["report"].value].tolist()
    if unclear:
        sentences.append(
            f"The interval of {', '.join(map(str, unclear))} reaches down to everyone's rate: what "
            "passed selection there, the report's rows alone do not repeat for certain."
        )
    if segments.chance is not None:
        sentences.append(
            segments.chance.summary_text(segments.outcome, segments.base["report"].value)
        )
    else:
        sentences.append(
            "The search was not repeated on shuffled answers; set permutations to see what it "
            "finds where there is nothing to find."
        )
    return sentences


COLUMNS = (
    "#",
    "customers who are",
    "customers",
    "rate",
    "interval",
    "rate mined",
    "lift",
    "reach",
    "held before",
    "so far: customers",
    "rate so far",
    "reach so far",
)


def rows(segments: SegmentList) -> list[tuple[str, ...]]:
    """The list as text, one tuple per segment, in the order of :data:`COLUMNS`."""
    return [
        (
            str(row.segment),
            row.words,
            thousands(row.customers),
            percent(row.rate),
            f"{percent(row.low)} to {percent(row.high)}",
            percent(row.mined_rate),
            plain(row.lift, 1),
            percent(row.reach),
            percent(row.overlap),
            f"{thousands(row.cumulative_customers)} ({percent(row.cumulative_share)})",
            percent(row.cumulative_rate),
            percent(row.cumulative_reach),
        )
        for row in _python_rows(segments.table())
    ]


def money(segments: SegmentList) -> list[tuple[str, ...]]:
    """Cost and profit as text, for those that are known."""
    table = segments.table()
    names = [name for name in ("cost", "profit", "cumulative_profit") if name in table]
    if not names:
        return []
    return [
        (str(row.segment), row.words, *(amount(getattr(row, name)) for name in names))
        for row in _python_rows(table)
    ]


def _money_columns(segments: SegmentList) -> tuple[str, ...]:
    known = {"cost": "cost", "profit": "profit", "cumulative_profit": "profit so far"}
    table = segments.table()
    return ("#", "customers who are", *(text for name, text in known.items() if name in table))


def _python_rows(table: pd.DataFrame) -> Any:
    # itertuples gives numpy scalars otherwise, which amount and percent print as numpy does
    return table.astype(object).itertuples(index=False)


def _md(text: str) -> str:
    """Text that Markdown shows as it is, also inside a table."""
    escaped = escaping.escape(" ".join(text.split()), quote=False)
    for sign in "\\`*_[]|":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped


def _md_table(head: tuple[str, ...], body: list[tuple[str, ...]]) -> list[str]:
    align = ["---" if k == 1 else "---:" for k in range(len(head))]
    table = [head, tuple(align), *(tuple(_md(cell) for cell in row) for row in body)]
    return [f"| {' | '.join(row)} |" for row in table]
