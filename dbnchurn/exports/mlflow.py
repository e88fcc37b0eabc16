"""The stored model as an MLflow pyfunc model, without a pickle.

MLflow keeps the model folder as it is and the name of this module, whose :func:`_load_pyfunc` loads
it with all checks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.core.errors import DataError, wants_extra
from dbnchurn.core.provenance import versions
from dbnchurn.predictor.predictor import Predictor


class PyfuncModel:
    """The interface that MLflow calls: a frame of customers in, a frame of scores out.

    Parameters
    ----------
    predictor : Predictor
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Score customers as :meth:`dbnchurn.Predictor.score` does.

        Parameters
        ----------
        model_input : DataFrame of n rows
        params : dict, optional
            ``{"id": column}`` gives the column that names the customer.

        Returns
        -------
        DataFrame of n rows
            Columns ``id``, ``probability``, ``decision``, ``risk`` (text) and ``model``.

        Raises
        ------
        MlflowException
            If the frame cannot be read as the model's schema says, with the sentence of
            :class:`~dbnchurn.core.errors.DataError`; MLflow's server answers with status 400.
        """
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

        try:
            scores = self.predictor.score(model_input, id=(params or {}).get("id") or None)
        except DataError as error:
            raise MlflowException(str(error), INVALID_PARAMETER_VALUE) from error
        return scores.assign(risk=scores["risk"].astype(str))


def log_model(model: str | Path, name: str = "model", **options: Any) -> Any:
    """Log a model folder to the active MLflow run.

    Parameters
    ----------
    model : path of a model folder
        Loaded once first, so that nothing damaged is logged.
    name : str, default "model"
    **options
        Passed on to ``mlflow.pyfunc.log_model``, such as ``registered_model_name``.

    Returns
    -------
    mlflow.models.model.ModelInfo

    Raises
    ------
    ConfigError
        If MLflow is not installed.
    ArtifactError
        If the model cannot be used.

    Examples
    --------
    >>> import mlflow  # doctest: +SKIP
    >>> with mlflow.start_run():  # doctest: +SKIP
    ...     info = log_model("runs/tv/model")
    >>> mlflow.pyfunc.load_model(info.model_uri).predict(customers)  # doctest: +SKIP
    """
    with wants_extra("mlflow"):
        import mlflow.pyfunc
        from mlflow.models import ModelSignature
        from mlflow.types import DataType, ParamSchema, ParamSpec

    predictor = Predictor.load(model)
    requirements = options.pop("pip_requirements", [f"dbnchurn=={versions()['dbnchurn']}"])
    # The predictor checks the columns itself, and better; MLflow would drop those it does not know.
    id_column = ParamSpec("id", DataType.string, "")
    signature = options.pop("signature", None) or ModelSignature(params=ParamSchema([id_column]))
    known = {"version": predictor.version, "threshold": predictor.threshold}
    metadata = known | (options.pop("metadata", None) or {})
    return mlflow.pyfunc.log_model(
        name=name,
        loader_module=__name__,
        data_path=str(model),
        pip_requirements=requirements,
        signature=signature,
        metadata=metadata,
        **options,
    )


def _load_pyfunc(path: str) -> PyfuncModel:
    """Load the folder that MLflow kept; MLflow calls this by its name."""
    return PyfuncModel(Predictor.load(path))
