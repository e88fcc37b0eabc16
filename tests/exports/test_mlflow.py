"""A model logged to MLflow is loaded and scores, and nothing in it is a pickle."""

import json

import numpy as np
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ArtifactError
from dbnchurn.exports import log_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    """MLflow with a store of its own, which talks to nobody."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
            patch.setenv(name, "true")
        patch.setenv("GIT_PYTHON_REFRESH", "quiet")
        mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
        folder = tmp_path_factory.mktemp("mlflow")
        before = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri(f"sqlite:///{folder / 'store.db'}")
        place = (folder / "artifacts").as_uri()
        mlflow.set_experiment(experiment_id=mlflow.create_experiment("churn", place))
        yield mlflow
        mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def info(mlflow, shared_model):
    with mlflow.start_run():
        return log_model(shared_model)


def test_what_is_loaded_gives_the_scores(mlflow, info, shared_model, customers):
    X = customers[0].head(50).assign(customer=range(100, 150))
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    found = loaded.predict(X, params={"id": "customer"})
    expected = Predictor.load(shared_model).score(X, id="customer")
    assert list(found["id"]) == list(range(100, 150))
    np.testing.assert_array_equal(found["probability"], expected["probability"])
    assert list(loaded.predict(X)["id"]) == list(range(50))


def test_no_pickle_in_the_store(mlflow, info, tmp_path):
    folder = mlflow.artifacts.download_artifacts(info.model_uri, dst_path=str(tmp_path))
    names = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert {"MLmodel", "manifest.json", "model.safetensors", "card.md"} <= set(names)
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    assert folder


def test_the_facts_are_with_it(info, shared_model):
    predictor = Predictor.load(shared_model)
    assert info.metadata == {"version": predictor.version, "threshold": predictor.threshold}
    assert json.dumps(info.metadata)


def test_a_damaged_model_is_not_logged(mlflow, tmp_path):
    with mlflow.start_run(), pytest.raises(ArtifactError, match="no such model folder"):
        log_model(tmp_path / "nowhere")
