"""One HTML page per run: what it says (`content`), in words (`words`) and pictures, on a `page`."""

from dbnchurn.report.content import FineTuning, Part, Pretraining, ReportInput
from dbnchurn.report.page import render, write

__all__ = ["FineTuning", "Part", "Pretraining", "ReportInput", "render", "write"]
