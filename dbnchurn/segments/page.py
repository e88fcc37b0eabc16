"""A page a marketer can read: Markdown beside its pictures, or one HTML file."""

from __future__ import annotations

import base64
import html as escaping
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dbnchurn.segments.conditions import shown
from dbnchurn.segments.listing import SegmentList
from dbnchurn.segments.segment import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Segments"


@dataclass(frozen=True)
class Picture:
    """One figure of the page: its file's name, what it shows, and how to draw it."""

    name: str
    caption: str
    draw: Callable[[], Figure]


def html(segments: SegmentList) -> str:
    """One self-contained HTML page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("dbnchurn.segments", ""), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("page.html").render(
        title=TITLE,
        headline=headline(segments),
        notes=notes(segments),
        head=COLUMNS,
        rows=rows(segments),
        extra_head=_money_columns(segments),
        extra_rows=money(segments),
        pictures=[
            {"caption": p.caption, "data": base64.b64encode(_png(p.draw())).decode()}
            for p in pictures(segments)
        ],
    )


def write_markdown(segments: SegmentList, folder: Path) -> Path:
    """``segments.md`` and its PNG pictures."""
    lines = [f"# {TITLE}", "", *(_md(line) for line in headline(segments)), ""]
    if len(segments):
        lines += [*_md_table(COLUMNS, rows(segments)), ""]
        if money(segments):
            lines += [*_md_table(_money_columns(segments), money(segments)), ""]
    for picture in pictures(segments):
        (folder / picture.name).write_bytes(_png(picture.draw()))
        lines += [f"![{_md(picture.caption)}]({picture.name})", "", _md(picture.caption), ""]
    lines += ["## How to read this", "", *(f"- {_md(note)}" for note in notes(segments)), ""]
    path = folder / "segments.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def headline(segments: SegmentList) -> list[str]:
    """What the whole list amounts to, in sentences."""
    base = segments.base["report"]
    everyone = f"Of all customers {percent(base.value)} {segments.outcome}."
    if not len(segments):
        return [f"{everyone} No segment does better on fresh rows: there is nothing to act on."]
    total = segments.approached()
    low, high = total.interval(segments.confidence)
    count = "one segment" if len(segments) == 1 else f"{len(segments)} segments"
    lines = [
        f"{everyone} In the {count} below {percent(total.value)} do ({percent(low)} to "
        f"{percent(high)}), {total.value / base.value:.1f} times as many. They hold "
        f"{percent(total.rows / base.rows)} of the customers and reach "
        f"{percent(total.hits / max(base.hits, 1))} of all who {segments.outcome}."
    ]
    if segments.value is not None:
        profit = segments.table()["profit"].sum()
        lines.append(
            f"At {shown(segments.cost or 0)} per contact and {shown(segments.value)} per yes, "
            f"approaching them would earn {_amount(profit)} on these "
            f"{base.rows:,} customers."
        )
    return lines


def notes(segments: SegmentList) -> list[str]:
    """How the rates came about and how far they go."""
    parts = {name: f"{rate.rows:,}" for name, rate in segments.base.items()}
    found = [
        f"Rates are of {parts['report']} customers who were neither mined ({parts['mine']}) nor "
        f"selected on ({parts['select']}); brackets are {100 * segments.confidence:g} % Wilson "
        "intervals. The rate on the mined rows stands beside, so that its optimism shows.",
        f"{segments.candidates:,} candidates went on to selection and "
        f"{segments.significant:,} passed it: a one-sided hypergeometric test on fresh rows "
        "against all customers and against each simpler segment, with Benjamini–Hochberg.",
        "Segments are in the order in which to act on them. A customer counts in the first that "
        "fits; “held before” is the share of a segment's customers whom earlier ones hold.",
        "A high rate says who accepts, not who accepts because of being asked: only a control "
        "group left alone can tell.",
    ]
    if segments.budget is not None:
        used = segments.approached("selected")
        found.append(
            f"The budget is {percent(segments.budget)} of the customers; the list uses "
            f"{percent(used.rows / segments.base['select'].rows)} of the rows to select on, where "
            "it was kept. On others the share can differ a little."
        )
    if len(segments) and segments.segments[-1].share < 1:
        found.append(
            f"The budget ends within segment {len(segments)}: approach "
            f"{percent(segments.segments[-1].share)} of its customers, at random. Sums on this "
            "page count it so."
        )
    table = segments.table()
    unclear = table["segment"][table["low"] <= segments.base["report"].value].tolist()
    if unclear:
        found.append(
            f"The interval of {', '.join(map(str, unclear))} reaches down to everyone's rate: what "
            "passed selection there, the report's rows alone do not repeat for certain."
        )
    if segments.chance is not None:
        found.append(segments.chance.words(segments.outcome, segments.base["report"].value))
    else:
        found.append(
            "The search was not repeated on shuffled answers; set permutations to see what it "
            "finds where there is nothing to find."
        )
    return found


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
            f"{row.customers:,}",
            percent(row.rate),
            f"{percent(row.low)} to {percent(row.high)}",
            percent(row.mined_rate),
            _times(row.lift),
            percent(row.reach),
            percent(row.overlap),
            f"{row.cumulative_customers:,} ({percent(row.cumulative_share)})",
            percent(row.cumulative_rate),
            percent(row.cumulative_reach),
        )
        for row in _plain_rows(segments.table())
    ]


def money(segments: SegmentList) -> list[tuple[str, ...]]:
    """Cost and profit as text, for those that are known."""
    table = segments.table()
    names = [name for name in ("cost", "profit", "cumulative_profit") if name in table]
    if not names:
        return []
    return [
        (str(row.segment), row.words, *(_amount(getattr(row, name)) for name in names))
        for row in _plain_rows(table)
    ]


def _money_columns(segments: SegmentList) -> tuple[str, ...]:
    known = {"cost": "cost", "profit": "profit", "cumulative_profit": "profit so far"}
    table = segments.table()
    return ("#", "customers who are", *(text for name, text in known.items() if name in table))


def _plain_rows(table: pd.DataFrame) -> Any:
    # numpy scalars become Python's, which words know how to show
    return table.astype(object).itertuples(index=False)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _times(lift: float) -> str:
    return "–" if math.isnan(lift) else f"{lift:.1f}"


def pictures(segments: SegmentList) -> list[Picture]:
    """The page's figures; none for an empty list."""
    from dbnchurn.segments import pictures as drawn

    if not len(segments):
        return []
    found = [
        Picture(
            "segments_rates.png",
            "Rate of every segment on fresh rows with its interval, beside the rate on the mined "
            "rows and that of everyone.",
            lambda: drawn.rates_figure(segments),
        ),
        Picture(
            "segments_reach.png",
            "How many of all yeses are reached when segments are approached in order, against "
            "approaching anyone.",
            lambda: drawn.reach_figure(segments),
        ),
    ]
    if segments.pairs:
        found.append(
            Picture(
                "segments_pairs.png",
                "Rate over two columns of a segment, on fresh rows; the frame is the segment.",
                lambda: drawn.heatmaps_figure(segments.pairs, segments.outcome),
            )
        )
    return found


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, metadata={"Software": None})
    return buffer.getvalue()


def _md(text: str) -> str:
    """Text that Markdown shows as it is, also inside a table."""
    plain = escaping.escape(" ".join(text.split()), quote=False)
    for sign in "\\`*_[]|":
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def _md_table(head: tuple[str, ...], body: list[tuple[str, ...]]) -> list[str]:
    align = ["---" if k == 1 else "---:" for k in range(len(head))]
    table = [head, tuple(align), *(tuple(_md(cell) for cell in row) for row in body)]
    return [f"| {' | '.join(row)} |" for row in table]
