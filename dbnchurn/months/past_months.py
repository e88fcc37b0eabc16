"""Several months whose outcome is known: each alone, and all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dbnchurn.core.errors import ConfigError
from dbnchurn.evaluate.outcome_gaps import OutcomeGap, gap_lines, pooled_gaps
from dbnchurn.months.scored_outcomes import ScoredOutcomes, join_scores
from dbnchurn.runs.backtest_result import Backtest
from dbnchurn.runs.folder import check_new_file, write_new_file


@dataclass(frozen=True, eq=False)
class PastMonth:
    """One month.

    Parameters
    ----------
    cutoff : date or None
        None where it is not known.
    found : Backtest or ScoredOutcomes
        What was measured.
    """

    cutoff: date | None
    found: Backtest | ScoredOutcomes

    @property
    def version(self) -> str:
        """Version of the model; empty where scores do not say it."""
        return self.found.model if isinstance(self.found, ScoredOutcomes) else self.found.version

    @property
    def name(self) -> str:
        """The month in words."""
        if self.cutoff is not None:
            return f"cutoff {self.cutoff}"
        return self.found.name if isinstance(self.found, ScoredOutcomes) else "customers"


@dataclass(frozen=True, eq=False)
class PastMonths:
    """Months of one model, or of one after another.

    Parameters
    ----------
    model : str
        Version of the model; empty where it is not known.
    months : tuple of PastMonth
    """

    model: str
    months: tuple[PastMonth, ...]

    @property
    def gaps(self) -> tuple[OutcomeGap, ...]:
        """Promise and outcome of all months together: of everybody, then of groups.

        Months of which nothing new can be said, as the model learned from them, do not count.
        """
        counted = [month.found.gaps for month in self.months if month.found.gaps]
        return pooled_gaps(counted)

    def to_text(self) -> str:
        """Every month, then all together, as Markdown."""
        lines = []
        for month in self.months:
            if len(self.months) > 1 or month.cutoff is not None:
                lines.append(f"## {month.name}\n")
            lines.append(f"{month.found.to_text()}\n")
        if len(self.months) > 1 and (gaps := self.gaps):
            counted = sum(bool(month.found.gaps) for month in self.months)
            lines.append(f"## {counted} months together\n\n{gaps[0].sentence}")
            lines += ["", *gap_lines(gaps[1:])]
            if counted < len(self.months):
                lines.append(f"\n{len(self.months) - counted} months do not count here.")
        return "\n".join(lines).rstrip()

    def plain(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "model": self.model,
            "months": [
                {"cutoff": month.cutoff and str(month.cutoff), **month.found.plain()}
                for month in self.months
            ],
            "together": [gap.plain() for gap in self.gaps],
        }


def join_months(
    files: Sequence[str | Path],
    *,
    output: str | Path | None = None,
    mkdir: bool = False,
    **how: Any,
) -> PastMonths:
    """Measure pairs of scores and outcomes.

    Parameters
    ----------
    files : sequence of path
        Scores and their outcomes in turn.
    output : path, optional
        New JSON file.
    mkdir : bool, default False
        Whether the folder of `output` is made if it does not exist.
    **how
        As :func:`~dbnchurn.months.scored_outcomes.join_scores` takes it.

    Returns
    -------
    PastMonths

    Raises
    ------
    ConfigError, DataError
        If a file has no partner, the output cannot be written, or a pair cannot be joined.
    """
    if len(files) % 2:
        raise ConfigError(
            f"give the outcomes after each file of scores: SCORES OUTCOMES, got {len(files)} files"
        )
    check_new_file(output, {"input": files}, mkdir=mkdir)
    pairs = zip(files[::2], files[1::2], strict=True)
    joined = [join_scores(scores, outcomes, **how) for scores, outcomes in pairs]
    models = {found.model for found in joined}
    months = tuple(PastMonth(None, found) for found in joined)
    result = PastMonths(models.pop() if len(models) == 1 else "", months)
    write_new_file(output, result.plain())
    return result
