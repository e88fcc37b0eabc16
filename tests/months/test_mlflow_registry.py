"""A registered model of MLflow as the registry: one version a model, whatever a kill leaves."""

import json
import shutil
import socket
import sys
from pathlib import Path

import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.exports import log_model
from dbnchurn.months.folder_registry import Champion
from dbnchurn.months.mlflow_registry import MlflowRegistry, is_registered_model
from dbnchurn.months.registry import champion_at
from dbnchurn.months.retraining import retrain
from tests.months.test_retraining import later

pytestmark = pytest.mark.slow
pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
__all__ = ["later"]


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    """A registry of its own: a SQLite file, which takes longer to make than a model."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'store.db'}"


@pytest.fixture(scope="module")
def client(uri):
    from dbnchurn.exports.mlflow import client_of

    return client_of(uri)


@pytest.fixture
def pair(month_by_month, shared_model, tmp_path):
    """The champion, and a run folder with the challenger and what is kept beside it."""
    shutil.copytree(shared_model, tmp_path / "run" / "model")
    (tmp_path / "run" / "metrics.json").write_text('{"test": {}}')
    old = month_by_month / "model"
    return Champion(old, old), tmp_path / "run" / "model"


def versions(client, name):
    """Number → our version and aliases, of a registered model."""
    found = {}
    for one in client.search_model_versions(f"name = '{name}'"):
        whole = client.get_model_version(name, one.version)
        found[int(one.version)] = (whole.tags["dbnchurn.version"], sorted(whole.aliases))
    return dict(sorted(found.items()))


def test_a_promoted_model_is_a_new_version_and_the_old_one_is_called_previous(uri, client, pair):
    champion, new = pair
    registry = MlflowRegistry("models:/two", uri)
    ours = [Predictor.load(model).version for model in (champion.model, new)]
    for _ in range(2):  # again, nothing changes
        assert registry.promote(new, champion) == "models:/two/2"
        assert versions(client, "two") == {1: (ours[0], ["previous"]), 2: (ours[1], ["champion"])}
    with champion_at("models:/two@champion", uri) as found:
        assert found.place == "models:/two/2"
        assert Predictor.load(found.model).digest == Predictor.load(new).digest
        assert json.loads((found.model.parent / "metrics.json").read_text()) == {"test": {}}
        # The way back: what is a version of this registry is not registered anew.
        assert registry.promote(champion.model, found) == "models:/two/1"
    assert not found.model.exists()
    assert versions(client, "two") == {1: (ours[0], ["champion"]), 2: (ours[1], ["previous"])}
    with MlflowRegistry("models:/two", uri).champion() as found:
        assert found.place == "models:/two/1"
    with MlflowRegistry("models:/two/2", uri).champion() as found:
        assert Predictor.load(found.model).version == ours[1]


class Dies:
    """A client that ends the process at one of its calls."""

    def __init__(self, client, number):
        self._client, self._left = client, number

    def __getattr__(self, name):
        def call(*args, **kwargs):
            self._left -= 1
            if self._left == 0:
                raise KeyboardInterrupt
            return getattr(self._client, name)(*args, **kwargs)

        return call


CALLS = 18  # eight for the first model, seven for the second, three for the aliases
FIRST = (6, 8, 15, 18)  # before files, before either version, and between the aliases
QUICK = {(9, True), (15, False), (18, True)}  # a kept version is fetched


def some(first, calls):
    return [n if n in first else pytest.param(n, marks=pytest.mark.long) for n in range(1, calls)]


def killed_and_run_again(uri, name, number, calls, new, champion):
    registry = MlflowRegistry(f"models:/{name}", uri)
    registry._client = Dies(registry._client, number)
    with pytest.raises(KeyboardInterrupt):
        registry.promote(new, champion)
    again = MlflowRegistry(f"models:/{name}", uri)
    again._client = counting = Dies(again._client, calls + 1)
    place = again.promote(new, champion)
    assert counting._left > 0
    return place


@pytest.mark.parametrize("number", some(FIRST, CALLS + 1))
def test_killed_at_any_call_and_run_again_it_gives_the_same(uri, client, pair, number):
    champion, new = pair
    ours = [Predictor.load(model).version for model in (champion.model, new)]
    name = f"killed{number}"
    assert killed_and_run_again(uri, name, number, CALLS, new, champion) == f"models:/{name}/2"
    assert versions(client, name) == {1: (ours[0], ["previous"]), 2: (ours[1], ["champion"])}


@pytest.mark.parametrize(
    ("number", "damaged"),
    [
        pytest.param(n, damaged, marks=() if (n, damaged) in QUICK else pytest.mark.long)
        for n in range(1, 19)
        for damaged in (False, True)
    ],
)
def test_killed_where_the_model_is_kept_with_other_files(uri, client, pair, number, damaged):
    champion, new = pair
    ours = [Predictor.load(model).version for model in (champion.model, new)]
    name = f"bare{number}{damaged}"
    registry = MlflowRegistry(f"models:/{name}", uri)
    if damaged:
        registry.keep(new)
        shutil.rmtree(files_of(client, name, "1"))
    else:
        registry.keep(copied(new, new.parent.parent / "bare" / "model"))
    assert killed_and_run_again(uri, name, number, 19, new, champion) == f"models:/{name}/3"
    kept = {1: (ours[1], []), 2: (ours[0], ["previous"]), 3: (ours[1], ["champion"])}
    assert versions(client, name) == kept
    with registry.champion() as found:
        assert (found.model.parent / "metrics.json").is_file()


def copied(model, place):
    shutil.copytree(model, place)
    return place


def files_of(client, name, version):
    return client.get_model_version_download_uri(name, version).removeprefix("file://")


def test_a_model_with_other_files_is_another_version(uri, client, fitted, tmp_path, caplog):
    registry = MlflowRegistry("models:/files", uri)
    for run, about in (("old", "id"), ("new", "customer")):
        fitted.save(tmp_path / run / "model", about={"id": about}, mkdir=True)
    assert registry.promote(tmp_path / "old" / "model") == "models:/files/1"
    # What scores is the same, and what the model knows of its tables is not.
    assert registry.promote(tmp_path / "new" / "model") == "models:/files/2"
    with registry.champion() as found:
        assert Predictor.load(found.model).about["id"] == "customer"
    # Rows that it learned from arrive, and are not lost where a bare copy is promoted.
    copied(tmp_path / "new" / "model", tmp_path / "bare" / "model")
    (tmp_path / "new" / "learned_rows.parquet").write_bytes(b"rows")
    for run in ("new", "bare", "new"):
        assert registry.keep(tmp_path / run / "model") == ("2" if run == "bare" else "3")
    assert registry.promote(tmp_path / "new" / "model") == "models:/files/3"
    assert versions(client, "files")[2][1] == ["previous"]
    # A version whose files are gone or damaged is no copy, and that is said.
    Path(files_of(client, "files", "3"), "data", "model", "card.md").write_text("other")
    shutil.rmtree(files_of(client, "files", "2"))
    assert registry.promote(tmp_path / "new" / "model") == "models:/files/4"
    assert "models:/files/2 cannot be read" in caplog.text
    assert "card.md is damaged" in caplog.text
    assert "a whole copy is registered" in caplog.text
    (tmp_path / "new" / "model" / "notes.txt").write_text("ours")
    with pytest.raises(ArtifactError, match=r"notes\.txt.*no part of a model"):
        registry.keep(tmp_path / "new" / "model")


def test_previous_is_what_the_alias_held(uri, client, fitted, pair, tmp_path):
    champion, new = pair
    registry = MlflowRegistry("models:/held", uri)
    fitted.save(tmp_path / "third" / "model", about={"id": "third"}, mkdir=True)
    third = tmp_path / "third" / "model"
    registry.promote(champion.model)
    registry.promote(new)
    for _ in range(2):
        registry.promote(third)
        assert [held for _, held in versions(client, "held").values()] == [
            [], ["previous"], ["champion"],
        ]  # fmt: skip
    # Compared with the first, it takes the place of the third all the same.
    registry.promote(new, champion)
    assert [held for _, held in versions(client, "held").values()] == [
        [], ["champion"], ["previous"],
    ]  # fmt: skip


def test_a_recalibrated_champion_is_promoted_in_the_registry(uri, client, later):
    champion, config = later(1.0, "retraining.registry=models:/churn")
    config = config.model_copy(
        update={"retraining": config.retraining.model_copy(update={"registry_uri": uri})}
    )
    MlflowRegistry("models:/churn", uri).promote(champion)
    done = retrain(config, "models:/churn@champion", name="month")
    assert done.champion == "models:/churn/2"
    assert [aliases for _, aliases in versions(client, "churn").values()] == [
        ["previous"],
        ["champion"],
    ]
    # What it learned is kept beside it, so that the month is no test of it.
    with pytest.raises(ConfigError, match="the champion learned from"):
        retrain(config, "models:/churn")


def test_changed_bytes_and_other_models_are_refused(uri, client, pair, tmp_path):
    import mlflow

    champion, new = pair
    registry = MlflowRegistry("models:/changed", uri)
    registry.promote(new)
    source = files_of(client, "changed", "1")
    shutil.copyfile(champion.model / "card.md", f"{source}/data/model/card.md")
    with (
        pytest.raises(ArtifactError, match=r"models:/changed/1.*card\.md is damaged"),
        registry.champion(),
    ):
        pass
    shutil.rmtree(f"{source}/data/model")
    shutil.copytree(champion.model, f"{source}/data/model")
    with pytest.raises(ArtifactError, match="expect"), registry.champion():
        pass
    assert client.create_registered_model("unnamed")
    with (
        pytest.raises(ConfigError, match="no model was promoted there yet"),
        MlflowRegistry("models:/unnamed", uri).champion(),
    ):
        pass
    for wrong in ("models:/changed@other", "models:/changed/7", "models:/nowhere"):
        with (
            pytest.raises(ConfigError, match="has no version"),
            MlflowRegistry(wrong, uri).champion(),
        ):
            pass
    with pytest.raises(ConfigError, match="without version and alias"):
        MlflowRegistry("models:/changed/1", uri).check(champion.model, mkdir=False)
    other = tmp_path / "other"
    (tmp_path / "x").mkdir()
    mlflow.pyfunc.save_model(other, loader_module="json", data_path=str(tmp_path / "x"),
                             pip_requirements=[])  # fmt: skip
    client.create_registered_model("other")
    client.create_model_version("other", other.as_uri())
    with (
        pytest.raises(ArtifactError, match="not logged by dbnchurn"),
        MlflowRegistry("models:/other/1", uri).champion(),
    ):
        pass


def test_a_model_that_was_logged_by_hand_is_read(uri, pair):
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    try:
        place = uri.removeprefix("sqlite:///").replace("store.db", "by_hand")
        with mlflow.start_run(experiment_id=mlflow.create_experiment("by hand", place)):
            log_model(pair[1], registered_model_name="by_hand")
    finally:
        mlflow.set_tracking_uri(before)
    with champion_at("models:/by_hand/1", uri) as champion:
        assert Predictor.load(champion.model).digest == Predictor.load(pair[1]).digest


def test_a_registry_that_cannot_be_is_refused_before_any_work(tmp_path, pair):
    absent = MlflowRegistry("models:/churn", f"sqlite:///{tmp_path / 'no' / 'store.db'}")
    with pytest.raises(ConfigError, match="let it be made with --mkdir"):
        absent.check(pair[0].model, mkdir=False)
    with (
        pytest.raises(ConfigError, match="does not exist, so no model was promoted there yet"),
        absent.champion(),
    ):
        pass
    assert not (tmp_path / "no").exists()
    (tmp_path / "taken.db").write_text("no database")
    taken = MlflowRegistry("models:/churn", f"sqlite:///{tmp_path / 'taken.db'}")
    with pytest.raises(ConfigError, match="cannot be registered"):
        taken.check(pair[0].model, mkdir=False)
    assert is_registered_model("models:/churn")


def test_a_database_without_a_driver_is_refused_in_one_sentence(pair, monkeypatch):
    for driver in ("psycopg", "psycopg2"):
        monkeypatch.setitem(sys.modules, driver, None)
    registry = MlflowRegistry("models:/churn", "postgresql://host/mlflow")
    refusal = r"package 'psycopg2?', which this store needs, is not installed; install it"
    with pytest.raises(ConfigError, match=refusal):
        registry.check(pair[0].model, mkdir=False)
    with pytest.raises(ConfigError, match=refusal), registry.champion():
        pass


def test_a_server_that_takes_no_connection_is_refused_at_once(pair, monkeypatch):
    monkeypatch.setattr("dbnchurn.months.mlflow_registry.getproxies", dict)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        registry = MlflowRegistry("models:/churn", f"http://127.0.0.1:{taken.getsockname()[1]}")
        refusal = r"the server 127\.0\.0\.1 takes no connection \(.+\); look at retraining"
        with pytest.raises(ConfigError, match=refusal):
            registry.check(pair[0].model, mkdir=False)
        with pytest.raises(ConfigError, match=refusal), registry.champion():
            pass


@pytest.mark.parametrize("address", ["http://[mlflow:5000", "http://mlflow:port"])
def test_an_address_that_is_none_is_refused(pair, address):
    with pytest.raises(ConfigError, match="the address cannot be read"):
        MlflowRegistry("models:/churn", address).check(pair[0].model, mkdir=False)


def test_missing_files_are_named(uri, client, pair):
    registry = MlflowRegistry("models:/gone", uri)
    registry.promote(pair[1])
    shutil.rmtree(files_of(client, "gone", "1"))
    with pytest.raises(ConfigError, match="No such artifact: 'churn'"), registry.champion():
        pass
