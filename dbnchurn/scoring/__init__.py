"""Scoring jobs: a table in, a table with scores out."""

from dbnchurn.lazy import attach

__all__ = ["score_file"]

__getattr__ = attach(__name__, {"score_file": "job"})
