"""A model logged to MLflow is loaded, scores and is served, and nothing in it is a pickle."""

import json
import os
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager

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


@contextmanager
def served(mlflow, uri):
    """The address of MLflow's own server with this model, on loopback."""
    import uvicorn
    from mlflow.pyfunc import scoring_server

    before = dict(os.environ)
    app = scoring_server.init(mlflow.pyfunc.load_model(uri))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical")
    ready = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            ready.set()

    server = Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(60)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        server.should_exit = True
        thread.join()
        os.environ.clear()
        os.environ.update(before)


def post(address, body, kind="application/json"):
    """Status and answer of a request."""
    request = urllib.request.Request(address, body.encode(), {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def split(X):
    return X.assign(since=X["since"].astype(str)).to_json(orient="split")


def test_served_over_http_it_gives_the_same_and_names_the_column_of_a_bad_body(
    mlflow, info, shared_model, draw_customers
):
    X = draw_customers(40, seed=9)[0].assign(customer=range(100, 140))
    expected = Predictor.load(shared_model).score(X, id="customer")
    with served(mlflow, info.model_uri) as address:
        for rows in (X.head(1), X):
            body = f'{{"dataframe_split": {split(rows)}, "params": {{"id": "customer"}}}}'
            status, answer = post(address, body)
            assert status == 200
            found = answer["predictions"]
            assert [row["id"] for row in found] == list(rows["customer"])
            p = [row["probability"] for row in found]
            np.testing.assert_allclose(p, expected["probability"][: len(rows)], rtol=1e-6)
        csv = X.drop(columns="customer").to_csv(index=False)
        assert len(post(address, csv, "text/csv")[1]["predictions"]) == len(X)
        lacking = f'{{"dataframe_split": {split(X.drop(columns="debt"))}}}'
        words = f'{{"dataframe_split": {split(X.head(3).assign(debt="much"))}}}'
        nested = '{"dataframe_records": [{"debt": {"a": 1}, "age": [2], "plan": "x"}]}'
        for bad, named in ((lacking, "debt"), (words, "debt"), (nested, "debt"), ("{", "JSON")):
            status, answer = post(address, bad)
            assert (status, named in answer) == (400, True), answer
        assert post(address, "x", "text/plain")[0] == 415
        assert post(address, lacking.replace("debt", "Debt"))[0] == 400
        assert post(address, csv, "text/csv")[0] == 200  # as before


def test_another_model_takes_its_place_under_the_same_alias(
    mlflow, info, small, customers, tmp_path
):
    client = mlflow.MlflowClient()
    small(use_leaves=False).fit(*customers).save(tmp_path / "model")
    X, versions = customers[0], []
    for model in (None, tmp_path / "model"):
        with mlflow.start_run():
            uri = info.model_uri if model is None else log_model(model).model_uri
        version = mlflow.register_model(uri, "churn").version
        client.set_registered_model_alias("churn", "champion", version)
        with served(mlflow, "models:/churn@champion") as address:
            status, answer = post(address, f'{{"dataframe_split": {split(X.head(2))}}}')
        assert status == 200
        versions.append({row["model"] for row in answer["predictions"]})
    assert versions[0] == {info.metadata["version"]}
    assert versions[1] == {Predictor.load(tmp_path / "model").version}
    assert versions[0] != versions[1]
