"""The page of a history: what to do, then the months, drift and how good the estimates were."""

from __future__ import annotations

from importlib.util import find_spec

from dbnchurn.core.html.format import percent, plain, points, thousands
from dbnchurn.core.html.picture import Picture
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table
from dbnchurn.evaluate.outcome_gaps import FOOTNOTE
from dbnchurn.months.monitor import Findings, MonthState, drift_lines

HEADS = ("month", "customers", "promised", "came", "difference", "95 % interval", "ROC AUC "
         "expected", "measured", "drifted columns", "says")  # fmt: skip
CAMPAIGN_HEADS = (
    "month", "campaign", "contacted", "held out", "left, difference in points", "interval", "claim"
)  # fmt: skip
STYLE = "figure { max-width: 46rem; }\n"


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
        str(month.month),
        thousands(rows),
        percent(promised, 2),
        *came,
        plain(state.estimated_auc),
        plain(state.measured_auc),
        str(len(state.drifted)) if month.scores.get("drift") else "–",
        state.advice,
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
    drifted = [line for state in findings.states for line in drift_lines(state)]
    sections = [
        bullets("", findings.lines()),
        drawing(_leavers_picture(findings)),
        "<h2>Month by month</h2>",
        rows_table(HEADS, month_rows(findings)),
        paragraph(
            "Promised is the mean score, came the share that left. The expected ROC AUC is what "
            "the scores let expect if they are true; it needs no outcomes. The last column is what "
            f"the month alone asks for. {FOOTNOTE.replace('*', '')}",
            "soft",
        ),
        *_campaigns(findings),
        bullets("Which columns drifted", drifted),
    ]
    return plain_page("Is the churn model still good?", findings.verdict, sections, STYLE)


def _campaigns(findings: Findings) -> list[str]:
    """A table of campaigns; nothing without them."""
    if not findings.campaigns:
        return []
    rows = [
        (
            str(campaign.month),
            campaign.campaign,
            thousands(campaign.contacted),
            thousands(campaign.control),
            "–" if campaign.effect is None else points(campaign.effect),
            campaign.interval,
            f"{campaign.claim}, preliminary" if campaign.preliminary else campaign.claim,
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
    return "\n".join([findings.verdict, *findings.lines(), "", *table])


def _leavers_picture(findings: Findings) -> Picture | None:
    """Promised and observed leavers by month; None without matplotlib, or of one month."""
    if find_spec("matplotlib") is None or len(findings.states) < 2:
        return None
    from dbnchurn.core.html.figure import COLOURS, DASHES, Canvas

    names = [str(state.month.month)[:7] for state in findings.states]
    promised = [s.gap.promised if s.gap else s.month.scores["mean"] for s in findings.states]
    known = [(place, s.gap) for place, s in enumerate(findings.states) if s.gap is not None]
    with Canvas("", "Share that leaves", (7.0, 3.2)) as c:
        c.axes.plot(range(len(names)), promised, color=COLOURS[0], ls=DASHES[1], label="promised")
        for place, gap in known:
            ends = [gap.low + gap.promised, gap.high + gap.promised]
            c.axes.plot([place, place], ends, color=COLOURS[1], lw=2)
        c.axes.plot(
            [place for place, _ in known],
            [gap.observed for _, gap in known],
            "o",
            color=COLOURS[1],
            label="came, with interval",
        )
        c.axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        c.axes.set_ylim(bottom=0)
        c.percents("y")
        c.legend(loc="best")
        alt = "; ".join(
            f"{name}: promised {percent(p, 2)}" for name, p in zip(names, promised, strict=True)
        )
        alt += "; came " + ", ".join(percent(gap.observed, 2) for _, gap in known)
        return c.picture(
            "Did as many leave as the scores promised?",
            "A bar that does not reach the dashed line is a month in which chance does not explain "
            "the difference.",
            alt,
        )
