from .mlflow import log_model as log_model
from .onnx import export_onnx as export_onnx
from .onnx import graph_inputs as graph_inputs
from .spark import score_spark as score_spark
