"""The stored model as an MLflow pyfunc model, without a pickle.

MLflow keeps the model folder as it is and the name of this module, whose :func:`_load_pyfunc` loads
it with all checks.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.core.errors import ConfigError, DataError, wants_extra
from dbnchurn.core.provenance import versions
from dbnchurn.predictor.predictor import Predictor

SILENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}  # fmt: skip
QUIET = ("mlflow", "alembic")
SQLITE = "sqlite:///"
SERVERS = ("http://", "https://", "databricks")


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

    told = _pyfunc(Path(model), options.pop("metadata", None))
    return mlflow.pyfunc.log_model(name=name, **(told | options))


def save_model(model: str | Path, folder: Path) -> None:
    """Write a model folder as the folder of a pyfunc model, as :func:`log_model` would log it.

    Parameters
    ----------
    model : path of a model folder
    folder : Path
        New; the model is in ``data/NAME`` of it, where NAME is that of the model folder.

    Raises
    ------
    ConfigError, ArtifactError
        As :func:`log_model`.
    """
    with wants_extra("mlflow"):
        import mlflow.pyfunc

    told = _pyfunc(Path(model), None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it wants an example of the input
        mlflow.pyfunc.save_model(path=folder, **told)


def _pyfunc(model: Path, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """What MLflow is told of a model folder."""
    from mlflow.models import ModelSignature
    from mlflow.types import DataType, ParamSchema, ParamSpec

    predictor = Predictor.load(model)
    # The predictor checks the columns itself, and better; MLflow would drop those it does not know.
    id_column = ParamSpec("id", DataType.string, "")
    known = {"version": predictor.version, "threshold": predictor.threshold}
    return {
        "loader_module": __name__,
        "data_path": str(model),
        "pip_requirements": [f"dbnchurn=={versions()['dbnchurn']}"],
        "signature": ModelSignature(params=ParamSchema([id_column])),
        "metadata": known | dict(metadata or {}),
    }


def model_in(folder: Path) -> Path:
    """The model folder in the folder of a pyfunc model.

    Parameters
    ----------
    folder : Path
        As MLflow gives it back.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        If :func:`log_model` and :func:`save_model` did not write it.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    try:
        flavor = Model.load(str(folder)).flavors["python_function"]
        place = Path(folder, str(flavor["data"]))
    except (MlflowException, KeyError, TypeError, OSError) as error:
        raise DataError(f"{folder} is no pyfunc model") from error
    if flavor.get("loader_module") != __name__ or folder.resolve() not in place.resolve().parents:
        raise DataError(f"{folder} was not logged by dbnchurn")
    return place


def silence_mlflow() -> None:
    """Turn MLflow's reports of usage off, unless the environment says otherwise, and its chatter.

    It is called before MLflow is imported.
    """
    os.environ.update({name: value for name, value in SILENT.items() if name not in os.environ})
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def require_mlflow() -> None:
    """Refuse to begin without MLflow.

    Raises
    ------
    ConfigError
        If it is not installed.
    """
    silence_mlflow()
    with wants_extra("mlflow"):
        import mlflow  # noqa: F401


def client_of(tracking_uri: str, registry_uri: str | None = None) -> Any:
    """A client of a store, silenced.

    Parameters
    ----------
    tracking_uri : str
    registry_uri : str, optional
        By default the same.

    Returns
    -------
    mlflow.tracking.MlflowClient

    Raises
    ------
    ConfigError
        If MLflow is not installed.
    """
    require_mlflow()
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri, registry_uri=registry_uri or tracking_uri)


def experiment_of(client: Any, uri: str, name: str) -> str:
    """The identifier of an experiment, which is made where it is not there.

    A server knows where its files lie; those of a SQLite file are kept beside it.

    Parameters
    ----------
    client : mlflow.tracking.MlflowClient
    uri : str
        Of its tracking store.
    name : str

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        If it is not there, and nothing says where files of the store lie.
    """
    if (known := client.get_experiment_by_name(name)) is not None:
        return str(known.experiment_id)
    place = None
    if uri.startswith(SQLITE):
        database = Path(uri.removeprefix(SQLITE)).absolute()
        place = (database.parent / "artifacts").as_uri()
    elif not uri.startswith(SERVERS):
        raise ConfigError(
            f"MLflow has no experiment {name!r}, and its store is a database, which does not say "
            "where files lie: make it with 'mlflow experiments create --experiment-name "
            f"{name} --artifact-location PLACE', or give the address of a server"
        )
    return str(client.create_experiment(name, artifact_location=place))


def _load_pyfunc(path: str) -> PyfuncModel:
    """Load the folder that MLflow kept; MLflow calls this by its name."""
    return PyfuncModel(Predictor.load(path))
