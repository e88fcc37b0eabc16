"""The exported graph gives the model's probabilities without this package."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn import ChurnClassifier, Predictor
from dbnchurn.cli import main
from dbnchurn.core.errors import ConfigError
from dbnchurn.dbn import DBN, FineTune, NetworkStage
from dbnchurn.exports import export_onnx, graph_inputs
from dbnchurn.features import Leaves

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
ort = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


def probabilities(path, inputs):
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["probability"], inputs)[0]


def many_cities(n=900, seed=3):
    """Categories that trees split into sets: forty cities, each with an effect of its own."""
    generator = np.random.default_rng(seed)
    city = generator.integers(0, 40, n)
    frame = pd.DataFrame(
        {
            "debt": generator.normal(size=n) * 1e4,
            "income": generator.lognormal(10, 2, n),
            "city": [f"c{i}" for i in city],
            "tv": generator.random(n) < 0.4,
        }
    )
    y = (
        generator.normal(size=40)[city] * 2 + frame["debt"] / 1e4 + generator.normal(size=n) > 1
    ).astype(int)
    frame.loc[::9, "debt"] = np.nan
    frame.loc[::11, "city"] = None
    return frame, y.to_numpy()


class LeavesOfSets(Leaves):
    """Boosters whose trees test sets of levels."""

    max_cat_to_onehot = 1


@pytest.fixture(scope="module")
def with_sets():
    X, y = many_cities()
    model = ChurnClassifier(
        leaves=LeavesOfSets(n_trees=25, max_depth=3, folds=3),
        network=NetworkStage(dbn=DBN((12, 6), epochs=1), finetune=FineTune(epochs=2)),
        random_state=0,
    )
    return model.fit(X, y), X


def stored(classifier, folder):
    classifier.save(folder)
    return Predictor.load(folder)


def test_parity_with_missing_values_unknown_levels_and_category_sets(with_sets, tmp_path):
    classifier, X = with_sets
    forests = classifier.record_.leaves.forests
    assert all(np.diff(forest.category_starts).max() > 1 for forest in forests)
    predictor = stored(classifier, tmp_path / "model")
    rows = pd.concat([X, many_cities(300, seed=9)[0]], ignore_index=True)
    rows.loc[5, "city"] = "never seen"
    rows = rows.astype({"tv": object})
    rows.loc[6, :] = None
    rows.loc[7, "income"] = 1e30
    export_onnx(predictor, tmp_path / "m.onnx")
    found = probabilities(tmp_path / "m.onnx", graph_inputs(predictor, rows))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, predictor.predict_proba(rows)[:, 1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("changes", [{"use_leaves": False}, {"use_companion": False}])
def test_models_without_a_part(small, customers, tmp_path, changes):
    X, y = customers
    predictor = stored(small(**changes).fit(X, y), tmp_path / "model")
    export_onnx(tmp_path / "model", tmp_path / "m.onnx")
    found = probabilities(tmp_path / "m.onnx", graph_inputs(predictor, X))
    np.testing.assert_allclose(found, predictor.predict_proba(X)[:, 1], rtol=0, atol=1e-5)


def test_a_floor_is_part_of_the_graph(model, customers, tmp_path):
    plain = Predictor.load(model)
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["model"]["decide"]["floor"] = 0.03
    (model / "manifest.json").write_text(json.dumps(manifest))
    floored = Predictor.load(model)
    export_onnx(floored, tmp_path / "m.onnx")
    found = probabilities(tmp_path / "m.onnx", graph_inputs(floored, customers[0]))
    expected = 0.03 + 0.97 * plain.predict_proba(customers[0])[:, 1]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(floored.predict_proba(customers[0])[:, 1], expected, rtol=1e-12)


def test_columns_of_one_kind_give_one_input(small, tmp_path):
    generator = np.random.default_rng(0)
    numbers = pd.DataFrame(generator.normal(size=(300, 3)), columns=list("abc"))
    words = pd.DataFrame({name: generator.choice(list("xyz"), 300) for name in "abc"})
    for frame, name in ((numbers, "numbers"), (words, "codes")):
        y = (frame["a"] > frame["a"].iloc[0]).astype(int)
        y.iloc[::7] = 1 - y.iloc[::7]
        predictor = stored(small().fit(frame, y), tmp_path / name)
        export_onnx(predictor, tmp_path / "m.onnx")
        inputs = graph_inputs(predictor, frame)
        assert list(inputs) == [name]
        np.testing.assert_allclose(
            probabilities(tmp_path / "m.onnx", inputs),
            predictor.predict_proba(frame)[:, 1],
            rtol=0,
            atol=1e-5,
        )


def test_a_row_alone_and_the_metadata(model, customers, tmp_path, capsys):
    main_ends(["export", str(model), "--output", str(tmp_path / "m.onnx")])
    assert "written to" in capsys.readouterr().out
    predictor, X = Predictor.load(model), customers[0]
    inputs = graph_inputs(predictor, X.head(9))
    whole = probabilities(tmp_path / "m.onnx", inputs)
    for i in range(9):
        alone = probabilities(tmp_path / "m.onnx", {k: v[i : i + 1] for k, v in inputs.items()})
        np.testing.assert_allclose(alone, whole[i : i + 1], rtol=0, atol=1e-6)
    graph = onnx.load(str(tmp_path / "m.onnx"))
    onnx.checker.check_model(graph, full_check=True)
    facts = {entry.key: entry.value for entry in graph.metadata_props}
    assert json.loads(facts["threshold"]) == predictor.threshold
    assert facts["version"] == predictor.version
    named = json.loads(facts["inputs"])
    assert [len(named[name]) for name in inputs] == [v.shape[1] for v in inputs.values()]
    columns = [column["name"] for column in json.loads(facts["schema"])["columns"]]
    assert columns == [column.name for column in predictor.schema.columns]
    assert json.loads(facts["prepare"])["record"] == "PrepareRecord"


def main_ends(arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert not end.value.code


def test_a_place_that_cannot_be_written(model, tmp_path):
    with pytest.raises(ConfigError, match="lies in what is read"):
        export_onnx(model, model / "m.onnx")
    with pytest.raises(ConfigError, match=r"the folder .* does not exist; make it, or let it"):
        export_onnx(model, tmp_path / "new" / "m.onnx")
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ConfigError, match="cannot be written: Is a directory"):
        export_onnx(model, tmp_path / "folder.onnx")
    assert {path.name for path in tmp_path.iterdir()} == {"model", "folder.onnx"}
    export_onnx(model, tmp_path / "new" / "m.onnx", mkdir=True)
    assert (tmp_path / "new" / "m.onnx").exists()
