"""Scoring jobs: a table in, a table with scores out."""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.scoring.job import score_file as score_file

__all__ = ["score_file"]

__getattr__ = attach(__name__, {"score_file": "job"})
