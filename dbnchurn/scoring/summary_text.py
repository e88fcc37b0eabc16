"""What ``dbnchurn score`` prints when a job is done."""

from __future__ import annotations

import pandas as pd
from rich.markup import escape
from rich.table import Table

from dbnchurn.campaign.suppression import MATCHES
from dbnchurn.core.errors import ConfigError
from dbnchurn.scoring.campaign import CampaignList
from dbnchurn.scoring.drift import Drift
from dbnchurn.scoring.result import Job

SHOWN = 8  # columns


def allowed_text(job: Job) -> str:
    """What is to be read first: implausible rows, and what was allowed though it would stop a job.

    Customers of a built month who count as gone are among it.
    """
    changed = [f"changed, and allowed: {sentence}" for sentence in job.changed]
    odd = []
    if job.odd is not None and job.odd.many:
        times = job.odd.odd / job.odd.expected
        odd = [f"implausible, {times:.0f} times as many as expected: {job.odd.line()}"]
    return "\n".join([*odd, *changed, *([] if job.month is None else job.month.lines())])


def summary_text(job: Job) -> str:
    """How many rows were scored, and which files were written."""
    lines = [
        f"{job.scored} customers scored, {job.called} at or above the threshold; "
        f"mean probability {job.mean:.4f}; written to {job.output}",
    ]
    if job.rejected is not None:
        count = job.rows - job.scored
        lines.append(f"{count} {'row' if count == 1 else 'rows'} could not be read: {job.rejected}")
    if job.odd is not None:
        lines.append(f"plausibility: {job.odd.line()}")
    if (made := job.campaign) is not None:
        kept_off = (
            f"; {made.suppressed} kept off, as {made.matched} of the {made.listed} ids of the "
            f"suppression list are ids of scored customers ({MATCHES[made.match]}; "
            f"{made.repeated} entries repeated)"
        )
        empty = "; the suppression list is empty" if made.given else ""
        lines.append(
            f"campaign list: {made.contact} to contact, {made.control} held out as control"
            f"{kept_off if made.listed else empty}: {made.path}"
        )
        if made.logged is not None:
            lines.append(logged_text(made))
    if job.drift is None:
        lines.append("no drift: the model has no distributions of its training rows; train anew")
    return "\n".join([*lines, f"summary: {job.summary}"])


def logged_text(made: CampaignList) -> str:
    """How many customers of a list the contact log got."""
    rows = made.contact + made.control
    there = rows - (made.logged or 0)
    again = f", {there} were there already" if there else ""
    none = "" if made.control else "; without a control group no effect can be told: see --control"
    return f"contact log: {made.logged} customers added{again}{none}"


def drift_table(drift: Drift) -> Table:
    """The score and the columns that moved most."""
    table = Table(title="Drift since training (population stability index)")
    table.add_column("column", no_wrap=True)
    table.add_column("index", justify="right")
    table.add_column("by chance", justify="right")
    for shift in (drift.score, *drift.columns[:SHOWN]):
        table.add_row(escape(shift.column), f"{shift.index:.4f}", f"{shift.by_chance:.4f}")
    return table


def alarm_message(drift: Drift | None, alarm: float) -> str | None:
    """Which of score and columns have drifted by `alarm` or more; None if nothing has.

    Parameters
    ----------
    drift : Drift or None
        Of a scoring job.
    alarm : float
        Population stability index, from 0 up.

    Returns
    -------
    str or None
        One sentence.

    Raises
    ------
    ConfigError
        If the model has no distributions of its training rows.
    """
    if drift is None:
        raise ConfigError(f"--alarm {alarm:g}: the drift of this model cannot be measured")
    if not (moved := drift.beyond(alarm)):
        return None
    shown = ", ".join(f"{shift.column} {shift.index:.3f}" for shift in moved[:SHOWN])
    return f"alarm: drift of {alarm:g} or more: {shown}"


def reasons_table(scores: pd.DataFrame, reasons: int) -> Table:
    """Customers with their scores and reasons.

    Parameters
    ----------
    scores : DataFrame
        As a job with reasons writes it.
    reasons : int
        Reasons that every customer has at most.

    Returns
    -------
    rich.table.Table
    """
    table = Table(title="The customers with the highest scores", show_lines=True)
    for name in ("id", "probability", "reasons, in log-odds"):
        table.add_column(name)
    for row in scores.to_dict("records"):
        lines = [
            f"{row[f'reason_{rank}']} {row[f'contribution_{rank}']:+.2f}"
            for rank in range(1, reasons + 1)
            if pd.notna(row[f"reason_{rank}"])
        ]
        cells = (str(row["id"]), f"{row['probability']:.4f}", "\n".join(lines))
        table.add_row(*map(escape, cells))
    return table
