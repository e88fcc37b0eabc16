"""HTML pages: the report of one run, and the comparison of several.

``report_input`` and ``comparison_content`` hold the data of a page, ``verdict`` makes sentences of
them, the modules ``*_pictures`` draw, ``page`` and ``comparison_page`` render.
"""

from dbnchurn.report.page import render, write
from dbnchurn.report.report_input import (
    Alternative,
    Breakdown,
    FineTuning,
    PartSummary,
    Pretraining,
    ReportInput,
    Weights,
)

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
