"""One HTML page per run: what it says (`content`), in words (`words`) and pictures, on a `page`."""

from dbnchurn.report.content import (
    Alternative,
    Breakdown,
    FineTuning,
    PartSummary,
    Pretraining,
    ReportInput,
    Weights,
)
from dbnchurn.report.page import render, write

__all__ = [
    "Alternative",
    "Breakdown",
    "FineTuning",
    "PartSummary",
    "Pretraining",
    "ReportInput",
    "Weights",
    "render",
    "write",
]
