"""What was learned comes back as it was, and a file that no stage has written is refused."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from dbnchurn.core.errors import ArtifactError, ConfigError, DataError
from dbnchurn.offers import Holdings, NextOffer, load, save
from dbnchurn.offers.files import STORED, NearestWeights, StoredNextOffer
from tests.offers.conftest import make_purchases


def holdings(n=400, m=12):
    held = np.random.default_rng(0).random((n, m)) < np.linspace(0.1, 0.6, m)
    names = tuple(f"c{k}" for k in range(n)), tuple(f"item {k}" for k in range(m))
    return Holdings(*names, csr_array(held.astype(np.float32)), groups=(None,) * m)


@pytest.fixture(scope="module")
def stored(searched, tmp_path_factory):
    return save(searched, tmp_path_factory.mktemp("offers") / "model")


@pytest.fixture
def copy(stored, tmp_path):
    return shutil.copytree(stored, tmp_path / "model")


@pytest.mark.parametrize("method", ["ease", "cosine"])
def test_holdings_come_back_whatever_the_weights(method, tmp_path):
    have = holdings()
    fitted = NextOffer(method=method, n_offers=4, penalties=(100.0,)).fit(have)
    again = load(save(fitted, tmp_path / "model"))
    assert again.recommend(have).equals(fitted.recommend(have))


def test_all_that_was_learned_comes_back(searched, bought, stored):
    again = load(stored)
    assert again.recommend(bought).equals(searched.recommend(bought))
    assert vars(again).keys() == vars(searched).keys()
    for name in ("quality_", "tried_", "rules_", "new_item_quality_", "measured_length_"):
        assert getattr(again, name) == getattr(searched, name), name
    parameters = ("method", "window", "recent", "repeat", "n_offers", "n_rules", "random_state")
    assert all(getattr(again, name) == getattr(searched, name) for name in parameters)


def test_later_purchases_of_other_items_are_aligned_and_said(bought, stored):
    """A week later an item has gone and another has come."""
    again, later = load(stored), make_purchases(seed=1)
    names = tuple("new" if name == "item 07" else name for name in later.items)
    later = type(later)(**{**vars(later), "items": names})
    with pytest.raises(DataError, match="which are not the 40 that were learned from"):
        again.recommend(later)
    aligned = later.on_items(again.record_.items)
    (note,) = aligned.notes
    gone = int((later.item == names.index("new")).sum())
    assert f"{gone} of {len(later.item)} purchases are of 1 items" in note
    assert aligned.items == bought.items
    lists = again.recommend(aligned)
    assert "new" not in set(lists["offer"])
    with pytest.raises(DataError, match="are they written alike"):
        later.on_items(["other"])


def test_holdings_that_lack_an_item_are_refused():
    have = holdings()
    turned = have.on_items(have.items[::-1])
    assert (turned.held.toarray() == have.held.toarray()[:, ::-1]).all()
    fewer = have.on_items(have.items[:5])
    assert "are of 7 items that were not learned from" in fewer.notes[0]
    with pytest.raises(DataError, match="the holdings lack the items 'box'"):
        have.on_items([*have.items, "box"])


CHANGES = [
    (lambda tree: tree.update(items=[*tree["items"][:-1], tree["items"][0]]), "repeated"),
    (lambda tree: tree.update(groups=tree["groups"][:-1]), "39 groups of 40 items"),
    (lambda tree: tree.update(dense=None), "do not name the same arrays"),
    (lambda tree: tree.update(method="magic"), "is no method"),
    (lambda tree: tree.update(penalty=None), "is no method"),
    (lambda tree: tree.update(window="six"), "expected"),
    (lambda tree: tree.update(window=-1), "out of its range"),
    (lambda tree: tree.update(further=1), "needs exactly"),
    (lambda tree: tree["parameters"].update(recent=0), "out of its range"),
    (lambda tree: tree["parameters"].update(method="os.system"), "there is no method"),
    (lambda tree: tree["rules"][0].update(take="box"), "a rule names an item"),
    (lambda tree: tree["acceptance"].update(usual=tree["acceptance"]["offsets"]), "array"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_a_changed_file_is_refused(copy, change, message):
    path = copy / STORED.tree
    index = json.loads(path.read_text())
    change(index[STORED.name])
    path.write_text(json.dumps(index))
    with pytest.raises(ArtifactError, match=f"^{re.escape(str(copy))}.*{message}"):
        load(copy)


ENDS = [
    ("values", np.ones(2, np.float32), "no compressed rows"),
    ("columns", np.zeros(2, np.int32), "no compressed rows"),
    ("columns", np.zeros((3, 1), np.int32), "no compressed rows"),
    ("ends", np.array([[0, 3], [3, 3]], np.int32), "no compressed rows"),
    ("ends", np.array([0], np.int32), "no compressed rows"),
    ("ends", np.array([0, 2, 1, 3], np.int32), "no compressed rows"),
    # Steps of int32 that overflow to positive ones.
    ("ends", np.array([0, 2**31 - 1, -(2**31), -1, 3], np.int32), "no compressed rows"),
    ("columns", np.array([0, 1, 3], np.int32), "an item that is not there"),
    ("values", np.array([1, np.inf, 1], np.float32), "is no number"),
]


@pytest.mark.parametrize(("name", "values", "message"), ENDS)
def test_weights_that_are_no_compressed_rows_are_refused(name, values, message):
    parts = {
        "values": np.ones(3, np.float32),
        "columns": np.array([0, 1, 2], np.int32),
        "ends": np.array([0, 1, 2, 3], np.int32),
    }
    right = NearestWeights(**parts)
    right.audit()
    assert (right.matrix.toarray() == np.eye(3)).all()
    with pytest.raises(ArtifactError, match=message):
        NearestWeights(**{**parts, name: values}).audit()


def test_weights_and_rates_that_are_no_numbers_are_refused(searched):
    record = StoredNextOffer.of(searched)
    record.audit()
    dense = record.dense.copy()
    dense[0, 1] = np.nan
    with pytest.raises(ArtifactError, match="a weight of an item is no number"):
        replace(record, dense=dense).audit()
    acceptance = record.acceptance
    for name in ("coefficients", "centre", "offsets", "usual", "knots"):
        values = np.full_like(getattr(acceptance, name), np.nan)
        with pytest.raises(ArtifactError, match="what is no number"):
            replace(acceptance, **{name: values}).audit()
    rates = replace(acceptance.rates, share=np.full_like(acceptance.rates.share, np.nan))
    with pytest.raises(ArtifactError, match="a rate is no share"):
        rates.audit()


def test_damaged_absent_and_later_files_are_refused(copy, tmp_path):
    with pytest.raises(ArtifactError, match="holds no next offers"):
        load(tmp_path / "none")
    arrays = copy / STORED.arrays
    content = bytearray(arrays.read_bytes())
    content[-3] ^= 1
    arrays.write_bytes(content)
    with pytest.raises(ArtifactError, match="is damaged, or not the one"):
        load(copy)
    index = json.loads((copy / STORED.tree).read_text())
    (copy / STORED.tree).write_text(json.dumps({**index, "format": 2}))
    with pytest.raises(ArtifactError, match="none of the formats 1 to 1"):
        load(copy)


def test_a_folder_of_something_else_and_an_unfitted_stage_are_refused(searched, tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigError, match="holds no next offers; choose another folder"):
        save(searched, tmp_path)
    with pytest.raises(ConfigError, match="call fit before save"):
        save(NextOffer(), tmp_path / "new")
