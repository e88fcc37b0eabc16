"""The classifier as a whole: honest about what it sees, reproducible, a good citizen."""

import copy
import pickle
import random
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import check_estimator

from dbnchurn import ChurnClassifier, Predictor
from dbnchurn.core.errors import ConfigError, DataError, LeakageWarning
from dbnchurn.core.parameters import resolved
from dbnchurn.core.records import pack
from dbnchurn.dbn import DBN, FineTune, NetworkStage
from dbnchurn.decide import Threshold
from dbnchurn.decide.threshold import Choice
from dbnchurn.features import Leaves, Oversample
from dbnchurn.model.stages import best_epoch
from dbnchurn.prepare import Prepare
from dbnchurn.tables import LabelWarning
from dbnchurn.tables.unused_columns import empty_columns


def artifact(classifier, folder) -> dict[str, bytes]:
    """Everything that is stored, by file."""
    classifier.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def parameters_of(dbn) -> dict[str, np.ndarray]:
    """All parameters of the pretrained machines."""
    return {
        f"{layer} {name}": values.cpu().numpy()
        for layer, rbm in enumerate(dbn.rbms_)
        for name, values in rbm.parameters().items()
    }


def assert_same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert first.keys() == second.keys()
    assert len(first)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


# --- What validation rows may change ------------------------------------------------------------


def poisoned(X: pd.DataFrame, y: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """The same rows with absurd numbers, new categories, other gaps and every label turned."""
    return (
        X.assign(debt=X["debt"] * -1e6, age=X["age"].iloc[::-1].to_numpy(), plan="poison", tv=None),
        1 - y,
    )


def prepared_and_encoded(classifier) -> tuple[object, dict[str, np.ndarray]]:
    parts = [pack(stage.record_, str(i)) for i, stage in
             enumerate((classifier.prepare_, classifier.encode_))]  # fmt: skip
    return [tree for tree, _ in parts], parts[0][1] | parts[1][1]


@pytest.mark.parametrize(
    "changes",
    [
        {"leaves": Leaves(folds=2, n_trees=1)},  # one tree, so their number cannot change
        {"use_leaves": False},
    ],
    ids=["leaves", "no leaves"],
)
def test_validation_rows_change_no_record_before_fine_tuning(
    small, customers, draw_customers, changes
):
    val = draw_customers(200, seed=5)
    clean = small(**changes).fit(*customers, X_val=val[0], y_val=val[1])
    bad = poisoned(*val)
    other = small(**changes).fit(*customers, X_val=bad[0], y_val=bad[1])
    assert clean.schema_ == other.schema_
    trees, arrays = prepared_and_encoded(clean)
    trees_other, arrays_other = prepared_and_encoded(other)
    assert trees == trees_other
    assert_same(arrays, arrays_other)
    if clean.use_leaves:
        assert_same(pack(clean.leaves_.record_)[1], pack(other.leaves_.record_)[1])
    assert_same(parameters_of(clean.dbn_), parameters_of(other.dbn_))
    assert clean.choice_ != other.choice_  # they do choose the threshold


def test_validation_rows_change_the_number_of_trees_alone(small, customers, draw_customers):
    val = draw_customers(200, seed=5)
    leaves = Leaves(folds=2, n_trees=40, patience=3)
    clean = small(leaves=leaves).fit(*customers, X_val=val[0], y_val=val[1])
    bad = poisoned(*val)
    other = small(leaves=leaves).fit(*customers, X_val=bad[0], y_val=bad[1])
    forests = list(zip(clean.leaves_.record_.forests, other.leaves_.record_.forests, strict=True))
    assert any(a.trees != b.trees for a, b in forests)
    for a, b in forests:
        nodes = a.starts[min(a.trees, b.trees)]
        assert b.starts[min(a.trees, b.trees)] == nodes
        for name in ("feature", "threshold", "left", "right", "value"):
            np.testing.assert_array_equal(getattr(a, name)[:nodes], getattr(b, name)[:nodes])


def test_rows_set_aside_are_oversampled_in_no_way(small, customers):
    """What is drawn from is the training rows, and at last all rows."""
    seen = []

    class Spy(Oversample):
        def sample(self, table, y, **known):
            seen.append(y)
            return super().sample(table, y, **known)

    X, y = customers
    classifier = small(oversample=Spy(), validation=0.25, refit=True).fit(X, y)
    first, last = seen
    assert len(first) == 450
    assert first.mean() == pytest.approx(y.mean(), abs=0.01)
    np.testing.assert_array_equal(last, y)
    assert classifier.about_["training"]["rows"] == 600
    assert classifier.about_["training"]["validation_rows"] == 150


# --- Every row trains in the end ----------------------------------------------------------------


def weights_of(classifier) -> dict[str, np.ndarray]:
    """All that was fitted in the networks, boosters and columns."""
    records = {"leaves": classifier.leaves_.record_, "encode": classifier.encode_.record_}
    records |= {f"network {i}": n for i, n in enumerate(classifier.record_.networks)}
    return {
        f"{name} {part}": array
        for name, record in records.items()
        for part, array in pack(record)[1].items()
    }


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("refit", [True, False])
def test_every_row_trains_if_and_only_if_refitted(small, customers, refit):
    """Lengths are held at 1, so that rows set aside have no other way into the weights."""
    X, y = (part[:120] for part in customers)
    short = FineTune(epochs=1, batch_size=16)
    classifier = small(
        refit=refit,
        validation=0.25,
        leaves=Leaves(folds=2, n_trees=1),
        finetune=short,
        companion=NetworkStage(pretrain=False, dbn=DBN((6,)), finetune=short),
    )
    before = weights_of(classifier.fit(X, y))
    changed = []
    for row in range(0, 120, 20):
        other = X.copy()
        other.loc[row, "debt"] *= 1.5
        changed.append(not same(before, weights_of(classifier.fit(other, y))))
    assert all(changed) if refit else 0 < sum(changed) < len(changed)


def test_what_the_rows_set_aside_chose_stays(small, customers):
    long = {"finetune": FineTune(epochs=12, learning_rate=0.02, patience=3)}
    long |= {"leaves": Leaves(folds=3, n_trees=60, patience=3)}
    first, last = (small(refit=refit, **long).fit(*customers) for refit in (False, True))
    assert first.choice_ == last.choice_
    before, after = first.record_.decide, last.record_.decide
    np.testing.assert_array_equal(before.weights, after.weights)
    assert (before.offset, before.threshold) == (after.offset, after.threshold)
    assert after.prior == pytest.approx(customers[1].mean(), rel=1e-12)
    trees = [forest.trees for forest in first.leaves_.record_.forests]
    assert len(set(trees)) > 1
    assert {f.trees for f in last.leaves_.record_.forests} == {round(np.mean(trees))}
    for once, again in zip(first.networks_, last.networks_, strict=True):
        assert len(again.finetune_curve_) == best_epoch(once.finetune_curve_)
    assert last.curves_["finetune"][0].keys() >= {"loss", "validation_loss"}
    assert last.seconds_.keys() - first.seconds_.keys() == {"refit"}


def test_given_validation_rows_are_never_refitted_on(small, customers, draw_customers, tmp_path):
    X_val, y_val = draw_customers(200, seed=5)
    first, second = (
        artifact(
            small(refit=refit).fit(*customers, X_val=X_val, y_val=y_val), tmp_path / str(refit)
        )
        for refit in (True, False)
    )
    assert first == second


@pytest.fixture(scope="module")
def held_out(small, draw_customers):
    """A classifier stopped by validation rows, with them and its training rows."""
    (X, y), (X_val, y_val) = draw_customers(600, seed=0), draw_customers(200, seed=5)
    model = small(finetune=FineTune(epochs=4, learning_rate=0.02))
    model.fit(X, y, X_val=X_val, y_val=y_val)
    return model, pd.concat([X, X_val], ignore_index=True), np.concatenate([y, y_val])


def test_a_second_fit_has_all_rows_and_the_decision_of_the_first(held_out, tmp_path):
    first, X, y = held_out
    before = artifact(first, tmp_path / "before")
    again = first.refitted_on(X, y)
    assert artifact(first, tmp_path / "after") == before  # the measured one stays as it is
    assert again.about_["training"]["rows"] == 800
    assert again.about_["training"]["refit"]
    assert again.choice_ == first.choice_
    for name in ("offset", "threshold", "floor"):
        assert getattr(again.record_.decide, name) == getattr(first.record_.decide, name)
    np.testing.assert_array_equal(again.record_.decide.weights, first.record_.decide.weights)
    assert again.record_.decide.prior == pytest.approx(y.mean(), rel=1e-12)
    for once, twice in zip(first.networks_, again.networks_, strict=True):
        assert len(twice.finetune_curve_) == best_epoch(once.finetune_curve_)
    assert not np.array_equal(first.predict_proba(X), again.predict_proba(X))


def test_a_second_fit_repeats_itself_and_keeps_a_threshold_that_was_set(small, held_out):
    first, X, y = held_out
    moved = small(finetune=FineTune(epochs=4, learning_rate=0.02))
    moved.fit(X[:600], y[:600], X_val=X[600:], y_val=y[600:])
    moved.decide_by(Choice(0.4, 0.5, 0.5, 0.5))
    one, two = moved.refitted_on(X, y), first.refitted_on(X, y)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert (one.threshold_, two.threshold_) == (0.4, first.threshold_)
    assert one.about_["threshold"]["value"] == 0.4


def test_a_second_fit_is_refused_where_nothing_was_held_out(held_out, fitted, customers):
    first, X, y = held_out
    for model in (fitted, pickle.loads(pickle.dumps(first))):
        with pytest.raises(ConfigError, match=r"fit\(X, y, X_val=\.\.\., y_val=\.\.\.\)"):
            model.refitted_on(*customers)
    with pytest.raises(DataError, match="'maybe'"):
        first.refitted_on(X, np.where(y == 1, "maybe", "no"))
    with pytest.raises(DataError, match="both classes are needed"):
        first.refitted_on(X, np.zeros(len(y), int))


def test_customers_of_one_group_share_a_fold_when_refitted(small, customers):
    groups = np.random.default_rng(0).integers(0, 100, 600)
    folds = small(refit=True).fit(*customers, groups=groups).leaves_.fold_
    assert len(folds) == 600
    assert all(len(set(folds[groups == group])) == 1 for group in np.unique(groups))
    assert len(set(folds)) == 2


# --- True probabilities -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["random", "none", "smotenc", "class weights"])
def test_scores_average_to_the_base_rate(small, draw_customers, method):
    train, new = draw_customers(3000, seed=1), draw_customers(6000, seed=2)
    classifier = small(
        oversample=Oversample(method=method),
        finetune=FineTune(epochs=6, learning_rate=0.02, batch_size=256),
    ).fit(*train)
    scores = classifier.predict_proba(new[0])[:, 1]
    rate = new[1].mean()
    # Three standard errors of both base rates, and a tenth for what the fit leaves over.
    error = 3 * np.sqrt(rate * (1 - rate) * (1 / 3000 + 1 / 6000))
    assert abs(scores.mean() - rate) < error + 0.1 * rate
    top = new[1][scores > np.quantile(scores, 0.8)].mean()
    assert top > 1.5 * rate  # and they tell who is who


def test_predictions_follow_the_threshold(fitted, customers):
    X, _ = customers
    scores = fitted.predict_proba(X)
    assert scores.shape == (600, 2)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_array_equal(
        fitted.predict(X), fitted.classes_[(scores[:, 1] >= fitted.threshold_).astype(int)]
    )


# --- What the labels mean -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(small, draw_customers):
    X, y = draw_customers(600)
    return small().fit(X, y)


@pytest.mark.parametrize(
    ("stayed", "left", "lists"),
    [
        ("stay", "leave", {}),
        ("Existing Customer", "Attrited Customer", {}),
        ("B", "A", {"positive": "a"}),
        (1, 2, {"negative": [1]}),
        (False, True, {}),
    ],
)
def test_column_1_is_leaving_whatever_the_labels_are_called(
    small, customers, plain, stayed, left, lists, tmp_path
):
    X, y = customers
    model = small(**lists).fit(X, np.where(y == 1, left, stayed))
    assert model.classes_.tolist() == [stayed, left]
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    assert (model.predict(X) == np.where(plain.predict(X) == 1, left, stayed)).all()
    model.save(tmp_path / "model")
    stored = Predictor.load(tmp_path / "model")
    assert stored.classes_.tolist() == [stayed, left]
    np.testing.assert_allclose(stored.predict_proba(X), plain.predict_proba(X), rtol=1e-12)
    rows = len(y) - round(0.15 * len(y))
    share = f"{100 * model.record_.decide.prior:.1f} % of {rows} training customers"
    assert stored.outcome == f"Left: label = {left!r}, {share}"
    assert stored.outcome in (tmp_path / "model" / "card.md").read_text(encoding="utf-8")


def test_several_labels_and_spellings(small, customers, plain):
    X, y = customers
    words = np.where(y == 1, "Churned", np.where(np.arange(len(y)) % 2, "Stayed", "Joined"))
    words[::7] = np.char.upper(words[::7])
    lists = {"positive": "churned", "negative": ["Stayed", "Joined"]}
    model = small(**lists).fit(X, pd.Series(words, name="Customer Status"))
    assert model.classes_.tolist() == ["Stayed", "Churned"]
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    assert model.about_["left"] == "Customer Status = 'Churned'"
    with pytest.raises(DataError, match=r"Only binary .*'Churned' .*'Joined' .*'Stayed' "):
        small().fit(X, words)


def test_what_is_assumed_is_said_and_stored(small, customers, tmp_path):
    X, y = customers
    with pytest.warns(LabelWarning, match="'two' counts as having left"):
        model = small().fit(X, np.where(y == 1, "two", "one"))
    model.save(tmp_path / "model")
    assert "This was assumed" in (tmp_path / "model" / "card.md").read_text(encoding="utf-8")
    with pytest.warns(LabelWarning, match=r"Most customers .*turn it: ChurnClassifier.positive=1"):
        most = small(positive=0).fit(X, y)
    most.save(tmp_path / "most")
    assert "Most customers" in (tmp_path / "most" / "card.md").read_text(encoding="utf-8")


def test_a_column_called_active_is_asked(small, customers):
    X, y = customers
    with pytest.raises(DataError, match=r"'active' .*two ways; say which of them left: ChurnC"):
        small().fit(X, pd.Series(1 - y, name="active"))
    assert small(positive=0).fit(X, pd.Series(1 - y, name="active")).classes_.tolist() == [1, 0]


# --- Reproducible, and no trace left behind -----------------------------------------------------


@pytest.mark.parametrize("changes", [{"refit": True}, {"use_leaves": False}, {"pretrain": False}])
def test_a_seed_gives_the_same_bytes(small, customers, tmp_path, changes):
    first, again, other = (
        artifact(small(**changes, random_state=seed).fit(*customers), tmp_path / str(i))
        for i, seed in enumerate((3, 3, 4))
    )
    assert first == again
    assert first["model.safetensors"] != other["model.safetensors"]


def test_fits_at_once_give_the_same_bytes(small, customers, tmp_path, monkeypatch):
    monkeypatch.setattr("dbnchurn.model.compute.processors", lambda: 3)
    first, again = (
        artifact(small(refit=True, n_threads=threads).fit(*customers), tmp_path / str(threads))
        for threads in (1, None)
    )
    assert first == again


def states() -> tuple[object, ...]:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return random.getstate(), name, keys.tobytes(), rest, torch.get_rng_state().numpy().tobytes()


def test_global_random_states_are_neither_read_nor_changed(small, customers, tmp_path):
    found = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        before = states()
        found.append(artifact(small(refit=True).fit(*customers), tmp_path / str(seed)))
        assert states() == before
    assert found[0] == found[1]


def test_inputs_are_not_changed(small, customers, draw_customers):
    X, y = customers
    val = draw_customers(100, seed=5)
    more = draw_customers(50, seed=6)[0]
    given = (X, y, *val, more, np.linspace(0.5, 2, 600), np.arange(600) // 2)
    before = copy.deepcopy(given)
    classifier = small()
    parameters = repr(classifier.get_params())
    classifier.fit(
        X, y, X_val=val[0], y_val=val[1], X_unlabelled=more, sample_weight=given[5], groups=given[6]
    )
    classifier.predict(X)
    for old, new in zip(before, given, strict=True):
        if isinstance(old, pd.DataFrame):
            pd.testing.assert_frame_equal(new, old)
        else:
            np.testing.assert_array_equal(new, old)
    assert repr(classifier.get_params()) == parameters


def test_a_generator_is_a_random_state(small, customers, tmp_path):
    first, again = (
        artifact(small(random_state=make(0)).fit(*customers), tmp_path / str(i))
        for i, make in enumerate((np.random.default_rng, np.random.default_rng))
    )
    assert first == again


# --- scikit-learn -------------------------------------------------------------------------------


def test_clones_have_equal_parameters_and_share_none(small):
    classifier = small(kinds={"debt": "number"})
    twin = clone(classifier)
    assert repr(twin) == repr(classifier)
    assert twin.leaves is not classifier.leaves
    twin.set_params(leaves__n_trees=9, network__dbn__epochs=7)
    assert classifier.leaves.n_trees == 5
    assert classifier.network.dbn.epochs == 1


def test_parameters_of_one_classifier_are_not_those_of_another():
    first, second = ChurnClassifier(), ChurnClassifier()
    first.set_params(network__dbn__epochs=99, leaves__n_trees=1, prepare__clip=0.1)
    assert (first.network.dbn.epochs, first.leaves.n_trees, first.prepare.clip) == (99, 1, 0.1)
    assert second.network is second.leaves is second.prepare is None
    found = resolved(second)
    assert found.network.dbn.epochs == resolved(ChurnClassifier()).network.dbn.epochs != 99
    assert (found.leaves.n_trees, found.prepare.clip) == (Leaves().n_trees, Prepare().clip)


def test_cross_validation_takes_frames(small, customers):
    scores = cross_val_score(
        small(finetune=FineTune(epochs=8, batch_size=128, learning_rate=0.01)),
        *customers,
        cv=3,
        scoring="roc_auc",
    )
    assert scores.shape == (3,)
    assert scores.mean() > 0.6


def test_a_fitted_classifier_can_be_pickled(fitted, customers):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(
        again.predict_proba(customers[0]), fitted.predict_proba(customers[0])
    )


def test_fitting_again_leaves_nothing_of_the_first_fit(small, customers):
    classifier = small().fit(*customers)
    assert {"leaves_", "dbn_"} <= vars(classifier).keys()
    classifier.set_params(use_leaves=False, network__pretrain=False).fit(*customers)
    assert not {"leaves_", "dbn_"} & vars(classifier).keys()


def test_unfitted_classifiers_say_so(small, customers, tmp_path):
    with pytest.raises(NotFittedError):
        small().predict_proba(customers[0])
    with pytest.raises(NotFittedError):
        small().save(tmp_path / "model")


EXPECTED_TO_FAIL = {
    "check_sample_weight_equivalence_on_dense_data": "rows are set aside and drawn at random",
}


def test_scikit_learns_own_checks(small):
    """One of them wants `predict` to call whoever is more likely to leave than to stay."""
    threshold = Threshold(rule="fixed", target=0.5)
    leaves = Leaves(folds=2, n_trees=5)
    classifier = small(leaves=leaves, dbn=DBN((4,), epochs=1), threshold=threshold, refit=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(classifier, on_fail=None, expected_failed_checks=EXPECTED_TO_FAIL)
    failed = {f"{r['check_name']}: {r['exception']}" for r in found if r["status"] == "failed"}
    assert not failed
    assert sum(r["status"] == "passed" for r in found) > 40


# --- Tables of every kind -----------------------------------------------------------------------


def test_arrays_are_tables_too(small):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 3))
    X[generator.random((400, 3)) < 0.1] = np.nan
    y = (np.nan_to_num(X[:, 0]) > 0.8).astype(int)
    classifier = small().fit(X, y)
    assert classifier.n_features_in_ == 3
    assert not hasattr(classifier, "feature_names_in_")
    assert np.isfinite(classifier.predict_proba(X)).all()


@pytest.mark.parametrize("columns", [["debt"], ["plan"], ["tv"], ["since"], ["debt", "plan"]])
def test_a_few_columns_are_enough(small, customers, columns):
    X, y = customers
    scores = small().fit(X[columns], y).predict_proba(X)
    assert np.isfinite(scores).all()


def test_an_empty_column_is_dropped_and_named(small, customers):
    X, y = customers
    classifier = small().fit(X.assign(void=np.nan), y)
    assert empty_columns(classifier.schema_) == {"void": "empty"}
    assert np.isfinite(classifier.predict_proba(X.assign(void=1.0))).all()


def test_numbers_of_any_size_are_learned_from(small, customers):
    X, y = customers
    huge = X.assign(big=X["debt"] * 1e38, bigger=np.where(X["debt"] > 8, 1.7e308, -1.7e308))
    assert np.isfinite(small().fit(huge, y).predict_proba(huge)).all()


def test_unlabelled_customers_join_the_pretraining_alone(small, customers, draw_customers):
    more = draw_customers(300, seed=7)[0]
    plain, joined = small().fit(*customers), small().fit(*customers, X_unlabelled=more)
    assert_same(*(prepared_and_encoded(c)[1] for c in (plain, joined)))
    assert_same(*(pack(c.leaves_.record_)[1] for c in (plain, joined)))
    first, second = parameters_of(plain.dbn_), parameters_of(joined.dbn_)
    assert any((first[name] != second[name]).any() for name in first)


def test_weight_zero_is_no_training_row(small, customers, tmp_path):
    """Whatever rows of weight 0 hold in their labels, the boosters do not learn it."""
    X, y = customers
    weight = np.ones(600)
    weight[::10] = 0
    turned = np.where(weight == 0, 1 - y, y)
    leaves = Leaves(folds=2, n_trees=1, subsample=1.0)
    groups = np.arange(600)
    priors = [
        small(leaves=leaves).fit(X, labels, sample_weight=weight, groups=groups, X_val=X, y_val=y)
        .record_.decide.prior for labels in (y, turned)
    ]  # fmt: skip
    assert priors[0] == priors[1] == pytest.approx(y[weight > 0].mean())


@pytest.mark.parametrize("scale", [1e-6, 1 / 600, 1000.0, 1e6, 1e300])
def test_only_ratios_of_weights_count(small, customers, scale):
    X, y = customers
    weight = np.random.default_rng(0).gamma(2.0, size=600)
    one, scaled = (
        small(refit=True).fit(X, y, sample_weight=weights).predict_proba(X)
        for weights in (weight, weight * scale)
    )
    np.testing.assert_array_equal(scaled, one)


@pytest.mark.parametrize("scale", [1 / 600, 1e30])
def test_equal_weights_are_none(small, fitted, customers, scale):
    weighted = small(refit=True).fit(*customers, sample_weight=np.full(600, scale))
    found, expected = (model.predict_proba(customers[0]) for model in (weighted, fitted))
    np.testing.assert_array_equal(found, expected)


# --- What is refused ----------------------------------------------------------------------------


def few(y: np.ndarray, churners: int) -> np.ndarray:
    return np.where(np.arange(len(y)) < churners, 1, 0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X, y: {"y": np.zeros(600, int)}, r"one class only \(0 in all 600 rows\)"),
        (lambda X, y: {"y": np.arange(600) % 3}, "y holds 3 classes: 0 "),
        (lambda X, y: {"y": y[:-1]}, "600 rows but y holds 599 labels"),
        (lambda X, y: {"y": np.where(y == 1, np.nan, 0)}, "labels of y are missing"),
        (lambda X, y: {"y": None}, "labels are needed: y is None"),
        (lambda X, y: {"y": few(y, 2)}, "to validate on hold 0 churners .* X_val and y_val your"),
        (lambda X, y: {"y_val": y}, "y_val comes without its rows; pass X_val as well"),
        (lambda X, y: {"X_val": X}, "labels are needed: y_val is None"),
        (lambda X, y: {"X_val": X, "y_val": y + 1}, "y_val holds labels that training has not: 2"),
        (lambda X, y: {"X_val": X, "y_val": y * 0}, "to validate on hold 0 churners and 600"),
        (lambda X, y: {"X_val": X[["debt"]], "y_val": y}, "lacks 4 of 5 columns"),
        (lambda X, y: {"groups": [1, 2]}, r"groups has shape \(2,\), the table has 600 rows"),
        (lambda X, y: {"groups": y * 0, "X_val": X, "y_val": y}, "all training rows are of one"),
        (lambda X, y: {"sample_weight": 1 - y}, "to train on hold 0 churners .* above 0"),
        (lambda X, y: {"sample_weight": -np.ones(600)}, "finite and not negative; 600 of 600"),
        (lambda X, y: {"sample_weight": 1 + 1e7 * y}, r"largest may be 1e\+06 times"),
        (lambda X, y: {"X": csr_matrix(X[["debt"]])}, r"sparse input \(csr_matrix of shape"),
        (lambda X, y: {"X": X.iloc[:0], "y": y[:0]}, "the table has no rows"),
        (lambda X, y: {"X": X[[]]}, "no column is left to learn from: there is none"),
        (lambda X, y: {"X": X[["plan"]].assign(plan="A")}, r"nothing to .* 'plan \(constant\)'"),
        (lambda X, y: {"X": X[["age"]] * np.nan}, r"nothing to learn from: 'age \(empty\)'"),
        (lambda X, y: {"X": X.assign(debt=[np.inf, *X["debt"][1:]])}, "row 0: inf is infinite"),
        (lambda X, y: {"X": pd.concat([X, X], axis=1)}, "repeats the columns 'debt'"),
        (lambda X, y: {"X_unlabelled": X.drop(columns="tv")}, "lacks 1 of 5 columns: 'tv'"),
    ],
)
def test_bad_input_is_refused_in_words(small, customers, spoil, message):
    X, y = customers
    given = {"X": X, "y": y, **spoil(X, y)}
    with pytest.raises(DataError, match=message):
        small().fit(given.pop("X"), given.pop("y"), **given)


def test_a_word_among_numbers_is_named_with_its_row(small, customers):
    X, y = customers
    X["debt"] = X["debt"].astype(object)
    X.loc[421, "debt"] = "n/a?"
    with pytest.raises(DataError, match=r"'debt' \(number\), row 421: 'n/a\?' is not a number"):
        small().fit(X, y)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kinds": {"dept": "number"}}, "kinds names the column 'dept': did you mean 'debt'"),
        ({"kinds": {"debt": "numeric"}}, "unknown kind 'numeric' .* did you mean 'number'"),
    ],
)
def test_kinds_that_cannot_be_are_refused(small, customers, changes, message):
    with pytest.raises(DataError, match=message):
        small(**changes).fit(*customers)


def test_cuda_is_refused_where_there_is_none(small, customers, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="'cuda' was asked for, but this machine has no CUDA"):
        small(device="cuda").fit(*customers)


def test_settings_of_the_machines_that_do_not_fit_are_refused(small, customers):
    with pytest.raises(ConfigError, match="network: epochs has 3 values for 2 layers"):
        small(dbn=DBN((8, 4), epochs=(1, 2, 3))).fit(*customers)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_model_trained_on_cuda_scores_like_its_stored_self(small, customers, tmp_path):
    from dbnchurn import Predictor

    classifier = small(device="cuda").fit(*customers)
    classifier.save(tmp_path / "model")
    np.testing.assert_allclose(
        Predictor.load(tmp_path / "model").predict_proba(customers[0]),
        classifier.predict_proba(customers[0]),
        rtol=0,
        atol=1e-12,
    )


def test_a_column_that_reveals_the_outcome_is_warned_of_once(small, customers):
    X, y = customers
    leaky = X.assign(told=0.9 * y, customer_id=range(len(X)))
    with pytest.warns(LeakageWarning, match="2 columns seem .*told: .*customer_id: ") as caught:
        small().fit(leaky, y)
    assert len([w for w in caught if w.category is LeakageWarning]) == 1
    assert caught[0].filename == __file__
    with pytest.raises(DataError, match="2 columns seem to reveal the outcome"):
        small(leakage="error").fit(leaky, y)


@pytest.mark.parametrize("leakage", ["warn", "off"])
def test_an_honest_table_and_a_check_that_is_off_give_no_warning(small, customers, leakage):
    X, y = customers
    with warnings.catch_warnings():
        warnings.simplefilter("error", LeakageWarning)
        frame = X if leakage == "warn" else X.assign(told=0.9 * y)
        small(leakage=leakage).fit(frame, y)
