"""What a scoring job says when it is done."""

from __future__ import annotations

import pandas as pd
from rich.markup import escape
from rich.table import Table

from dbnchurn.core.errors import ConfigError
from dbnchurn.scoring.drift import Drift
from dbnchurn.scoring.outputs import Job

SHOWN = 8  # columns


def told(job: Job) -> str:
    """How many were scored, and where everything lies."""
    lines = [
        f"{job.scored} customers scored, {job.called} at or above the threshold; "
        f"mean probability {job.mean:.4f}; written to {job.output}"
    ]
    if job.rejected is not None:
        left = job.rows - job.scored
        lines.append(f"{left} {'row' if left == 1 else 'rows'} could not be read: {job.rejected}")
    if (found := job.campaign) is not None:
        kept_off = f"; {found.suppressed} kept off, being among {found.listed} suppressed"
        lines.append(
            f"campaign list: {found.contact} to contact, {found.control} held out as control"
            f"{kept_off if found.listed else ''}: {found.path}"
        )
    if job.drift is None:
        lines.append("no drift: the model does not know its training's distributions; train anew")
    return "\n".join([*lines, f"summary: {job.summary}"])


def drift_table(drift: Drift) -> Table:
    """The score and the columns that moved most."""
    table = Table(title="Drift since training (population stability index)")
    table.add_column("column", no_wrap=True)
    table.add_column("index", justify="right")
    table.add_column("by chance", justify="right")
    for shift in (drift.score, *drift.columns[:SHOWN]):
        table.add_row(escape(shift.column), f"{shift.index:.4f}", f"{shift.by_chance:.4f}")
    return table


def alarming(job: Job, alarm: float) -> str | None:
    """Which of score and columns have drifted by `alarm` or more; None if nothing has.

    Parameters
    ----------
    job : Job
    alarm : float
        Population stability index, from 0 up.

    Raises
    ------
    ConfigError
        If the model does not know what its training looked like.
    """
    if job.drift is None:
        raise ConfigError(f"--alarm {alarm:g}: the drift of this model cannot be measured")
    if not (moved := job.drift.beyond(alarm)):
        return None
    shown = ", ".join(f"{shift.column} {shift.index:.3f}" for shift in moved[:SHOWN])
    return f"alarm: drift of {alarm:g} or more: {shown}"


def reasons_table(scores: pd.DataFrame, top: int) -> Table:
    """Customers with their scores and up to `top` reasons each."""
    table = Table(title="The customers with the highest scores", show_lines=True)
    for name in ("id", "probability", "reasons, in log-odds"):
        table.add_column(name)
    for row in scores.to_dict("records"):
        reasons = [
            f"{row[f'reason_{rank}']} {row[f'contribution_{rank}']:+.2f}"
            for rank in range(1, top + 1)
            if pd.notna(row[f"reason_{rank}"])
        ]
        given = (str(row["id"]), f"{row['probability']:.4f}", "\n".join(reasons))
        table.add_row(*map(escape, given))
    return table
