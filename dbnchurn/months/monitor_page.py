"""The page of a history: what to do, then the months, drift and how good the estimates were."""

from __future__ import annotations

from datetime import date
from importlib.util import find_spec

from dbnchurn.core.html.figure import COLOURS, DASHES, Canvas
from dbnchurn.core.html.format import percent, plain, points, thousands
from dbnchurn.core.html.picture import Picture
from dbnchurn.core.html.plain_page import (
    bullets,
    drawing,
    folded,
    paragraph,
    plain_page,
    rows_table,
)
from dbnchurn.evaluate.bootstrap import Interval
from dbnchurn.months.monitor import Findings
from dbnchurn.months.month_names import NAMES, month_name
from dbnchurn.months.month_state import MEANING, MonthState, drift_lines

HEADS = ("month", "what it says", "customers", "promised", "came", "difference, points",
         "95 % interval", "ROC AUC expected", "ROC AUC measured", "drifted columns")  # fmt: skip
CAMPAIGN_HEADS = (
    "month", "campaign", "claim", "contacted", "held out", "left, difference in points", "interval"
)  # fmt: skip
STYLE = """figure { max-width: 46rem; }
th[scope=row] { white-space: nowrap; min-width: 0; }
th:nth-child(2), td:nth-child(2) { text-align: left; white-space: normal; min-width: 9rem; }
"""
COMPUTED = (
    "The expected ROC AUC is what the scores let expect if they are true; it needs no outcomes. "
    "ROC AUC is how often a leaver has a higher score than a customer who stayed.",
    "The interval of a difference is that of Clopper and Pearson (95 %); a month asks for "
    "recalibration where a difference as large would come once in 100 months if the scores were "
    "true. The intervals in the picture are the same.",
    "A column drifted where its stability index is 0.25 or more, and three times what chance "
    "gives; the scores moved from 0.1 on.",
)


def month_rows(findings: Findings) -> list[tuple[str, ...]]:
    """A row for every month, as :data:`HEADS` names the cells."""
    return [_row(state) for state in findings.states]


def _row(state: MonthState) -> tuple[str, ...]:
    gap, month = state.gap, state.month
    rows = gap.rows if gap is not None else month.scores["scored"]
    promised = gap.promised if gap is not None else month.scores["mean"]
    came = ("–", "–", "–")
    if gap is not None:
        interval = f"{points(gap.low)} to {points(gap.high)}"
        came = (percent(gap.observed, 2), points(gap.gap), interval)
    return (
        month_name(month.month),
        state.said,
        thousands(rows),
        percent(promised, 2),
        *came,
        plain(state.estimated_auc),
        plain(state.measured_auc),
        str(len(state.drifted)) if month.scores.get("drift") else "–",
    )


def monitor_page(findings: Findings) -> str:
    """The page as HTML text that needs no other file.

    Parameters
    ----------
    findings : Findings

    Returns
    -------
    str
    """
    drifted = drift_lines(findings.states)
    sections = [
        bullets("What to do", findings.to_do()),
        bullets("What the newest months say", findings.lines()),
        drawing(_leavers_picture(findings)),
        "<h2>Month by month</h2>",
        rows_table(HEADS, month_rows(findings)),
        paragraph(
            "Promised is the mean score, came the share that left. Recalibrate: more or fewer left "
            "than chance explains. Drift: the columns or scores are not distributed as in the "
            "training.",
            "soft",
        ),
        *_campaigns(findings),
        bullets("Which columns drifted", [*drifted, MEANING] if drifted else []),
        folded(
            "How this was computed",
            [bullets("", [*findings.computed(), *COMPUTED], "said")],
        ),
    ]
    return plain_page("Is the churn model still good?", findings.verdict, sections, STYLE)


def _campaigns(findings: Findings) -> list[str]:
    """A table of campaigns; nothing without them."""
    if not findings.campaigns:
        return []
    rows = [
        (
            month_name(campaign.month),
            campaign.campaign,
            f"{campaign.claim}, preliminary" if campaign.preliminary else campaign.claim,
            thousands(campaign.contacted),
            thousands(campaign.control),
            "–" if campaign.effect is None else points(campaign.effect),
            campaign.interval,
        )
        for campaign in findings.campaigns
    ]
    return [
        "<h2>What campaigns did</h2>",
        rows_table(CAMPAIGN_HEADS, rows),
        paragraph(
            "Compared are customers drawn to be contacted and customers drawn to be held out, in "
            "the same time: a negative difference are customers kept.",
            "soft",
        ),
    ]


def monitor_text(findings: Findings) -> str:
    """What the terminal shows, as Markdown."""
    table = [f"| {' | '.join(HEADS)} |", "|" + "---|" * len(HEADS)]
    table += [f"| {' | '.join(row)} |" for row in month_rows(findings)]
    said = [*findings.to_do(), *findings.lines(), *findings.computed()]
    return "\n".join([findings.verdict, *said, "", *table])


def _leavers_picture(findings: Findings) -> Picture | None:
    """Promised and observed leavers by month; None without matplotlib, or of one month."""
    if find_spec("matplotlib") is None or len(findings.states) < 2:
        return None
    names = [_short(state.month.month) for state in findings.states]
    promised = [s.gap.promised if s.gap else s.month.scores["mean"] for s in findings.states]
    known = [(place, s.gap) for place, s in enumerate(findings.states) if s.gap is not None]
    expected = _expected(findings)
    with Canvas("", "Share that leaves", (5.2, 3.4)) as c:
        c.axes.plot(range(len(names)), promised, color=COLOURS[0], ls=DASHES[1], label="promised")
        for place, gap in known:
            ends = [gap.low + gap.promised, gap.high + gap.promised]
            c.axes.plot([place, place], ends, color=COLOURS[1], lw=2)
        rates = [gap.observed for _, gap in known]
        places = [place for place, _ in known]
        c.axes.plot(places, rates, "o", color=COLOURS[1], label="came")
        for place, found in expected:
            c.axes.plot([place, place], [found.low, found.high], color=COLOURS[2], lw=2)
        if expected:
            values = [found.value for _, found in expected]
            label = "expected, corrected"
            c.axes.plot([p for p, _ in expected], values, "D", color=COLOURS[2], label=label)
        c.axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        c.axes.set_ylim(bottom=0)
        c.percents("y")
        c.legend_below()
        alt = "; ".join(
            f"{name}: promised {percent(p, 2)}" for name, p in zip(names, promised, strict=True)
        )
        alt += "; came " + ", ".join(percent(rate, 2) for rate in rates)
        alt += "".join(f"; {names[p]} corrected {percent(f.value, 2)}" for p, f in expected)
        reading = (
            "A bar that does not reach the dashed line is a month in which chance does not "
            "explain the difference."
        )
        if expected:
            reading += " The diamond is what is expected after the correction by recent months."
        return c.picture("Did as many leave as the scores promised?", reading, alt)


def _expected(findings: Findings) -> list[tuple[int, Interval]]:
    """Corrected forecasts of months without outcomes, by their place; none without correction."""
    if (correction := findings.correction) is None:
        return []
    return [
        (place, correction.apply(state.month.scores["mean"], state.month.scores["scored"]))
        for place, state in enumerate(findings.states)
        if state.gap is None and state.month.month > correction.months[-1]
    ]


def _short(day: date) -> str:
    """A month for the ticks of a picture."""
    name = f"{NAMES[day.month - 1][:3]} {day.year}"
    return name if day.day == 1 else f"{day.day} {name}"
