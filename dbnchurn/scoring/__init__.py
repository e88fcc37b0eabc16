"""Scoring jobs: a table of any size in, a table with scores out.

``job`` reads chunks (``files``, ``database``), scores them (``frames``, ``rows``), keeps what is
finished (``parts``) and writes the whole; ``drift`` and ``campaign`` are what it adds on request.
"""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.scoring.campaign import Campaign as Campaign
    from dbnchurn.scoring.campaign import write_campaign as write_campaign
    from dbnchurn.scoring.explaining import explain_file as explain_file
    from dbnchurn.scoring.job import Job as Job
    from dbnchurn.scoring.job import score_file as score_file

__all__ = ["Campaign", "Job", "explain_file", "score_file", "write_campaign"]

__getattr__ = attach(
    __name__,
    {
        "Campaign": "campaign",
        "Job": "job",
        "explain_file": "explaining",
        "score_file": "job",
        "write_campaign": "campaign",
    },
)
