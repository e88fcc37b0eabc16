"""Scoring jobs: a table in, a table with scores out."""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.scoring.job import score_file as score_file
    from dbnchurn.scoring.mlflow_model import log_model as log_model
    from dbnchurn.scoring.onnx_export import export_onnx as export_onnx
    from dbnchurn.scoring.onnx_export import graph_inputs as graph_inputs
    from dbnchurn.scoring.spark import score_spark as score_spark

__all__ = ["export_onnx", "graph_inputs", "log_model", "score_file", "score_spark"]

__getattr__ = attach(
    __name__,
    {
        "export_onnx": "onnx_export",
        "graph_inputs": "onnx_export",
        "log_model": "mlflow_model",
        "score_file": "job",
        "score_spark": "spark",
    },
)
