"""Scoring jobs: a table of any size in, a table with scores out.

``job`` reads chunks (``files``, ``database``), scores them (``frames``, ``rows``), keeps what is
done (``parts``) and writes the whole (``finish``), with ``drift`` and, on request, ``campaign``.
"""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.scoring.campaign import Campaign as Campaign
    from dbnchurn.scoring.campaign import write_campaign as write_campaign
    from dbnchurn.scoring.explaining import explain_file as explain_file
    from dbnchurn.scoring.finish import Job as Job
    from dbnchurn.scoring.job import score_file as score_file

__all__ = ["Campaign", "Job", "explain_file", "score_file", "write_campaign"]

__getattr__ = attach(
    __name__,
    {
        "Campaign": "campaign",
        "Job": "finish",
        "explain_file": "explaining",
        "score_file": "job",
        "write_campaign": "campaign",
    },
)
