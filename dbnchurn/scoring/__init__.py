"""Scoring jobs: a table in, a table with scores out."""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.scoring.explaining import explain_file as explain_file
    from dbnchurn.scoring.job import score_file as score_file

__all__ = ["explain_file", "score_file"]

__getattr__ = attach(__name__, {"explain_file": "explaining", "score_file": "job"})
