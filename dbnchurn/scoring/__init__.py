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
    from dbnchurn.scoring.mlflow_model import log_model as log_model
    from dbnchurn.scoring.onnx_export import export_onnx as export_onnx
    from dbnchurn.scoring.onnx_export import graph_inputs as graph_inputs
    from dbnchurn.scoring.spark import score_spark as score_spark

__all__ = [
    "Campaign",
    "Job",
    "explain_file",
    "export_onnx",
    "graph_inputs",
    "log_model",
    "score_file",
    "score_spark",
    "write_campaign",
]

__getattr__ = attach(
    __name__,
    {
        "Campaign": "campaign",
        "Job": "finish",
        "explain_file": "explaining",
        "export_onnx": "onnx_export",
        "graph_inputs": "onnx_export",
        "log_model": "mlflow_model",
        "score_file": "job",
        "score_spark": "spark",
        "write_campaign": "campaign",
    },
)
