"""Items that nobody has: siblings rank customers, a portrait where there are few, or a refusal."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.offers.new_items import portrait_scores, rank_for_new
from tests.offers.conftest import KINDS, WEEKS, make_purchases


@pytest.fixture(scope="module")
def standing(bought):
    return bought.standing(WEEKS, 8)


def test_siblings_rank_customers_of_their_kind_first(searched, standing):
    new = rank_for_new(searched.record_, standing, {"item new": "kind 2"}, 100)[0]
    assert (new.by, new.siblings) == ("siblings", 10)
    assert (new.rows % KINDS == 2).mean() > 0.9
    assert (np.diff(new.scores) <= 0).all()


def test_ranking_for_items_treated_as_new_is_better_than_activity(searched):
    quality = searched.new_item_quality_
    assert quality.items == 12  # three of the ten of each kind
    assert quality.auc > 0.6
    assert quality.auc - 2 * quality.error > quality.activity_auc


def test_with_few_siblings_a_portrait_ranks(searched, standing):
    record = searched.record_
    groups = tuple("rare" if name == "item 10" else "other" for name in record.items)
    rare = type(record)(**{**vars(record), "groups": groups})
    holds = standing.held[:, [10]].toarray().ravel() > 0
    like = pd.DataFrame({"says": np.where(holds, "yes", "no"), "age": np.arange(900.0)})
    like.loc[:9, "age"] = np.nan
    new = rank_for_new(rare, standing, {"n": "rare"}, 900, portrait=like)[0]
    assert new.by == "portrait"
    assert holds[new.rows[: holds.sum()]].mean() > 0.95
    plain = rank_for_new(rare, standing, {"n": "rare"}, 900)[0]
    assert plain.by == "siblings"


def test_only_those_who_may_get_it_are_listed(searched, standing):
    may = np.arange(900) < 5
    new = rank_for_new(searched.record_, standing, {"n": "kind 1"}, 100, open_to={"n": may})[0]
    assert sorted(new.rows) == [0, 1, 2, 3, 4]


def test_a_portrait_of_missing_values_alone_ranks_nobody_differently():
    scores = portrait_scores(pd.DataFrame({"age": [np.nan] * 50}), np.arange(50) % 2 == 0)
    assert np.ptp(scores) < 1e-9


def test_infinite_numbers_of_a_portrait_are_refused():
    """Their column would have no mean, and all customers would be ranked alike."""
    with pytest.raises(DataError, match="'age' is infinite in 2 rows"):
        portrait_scores(
            pd.DataFrame({"age": [1.0, np.inf, -np.inf]}), np.array([True, False, True])
        )


def test_what_is_not_new_and_what_has_no_siblings_are_refused_together(searched, standing):
    with pytest.raises(DataError, match=r"'item 03' is held.*'x': nobody holds.*kind 0, kind 1"):
        rank_for_new(searched.record_, standing, {"item 03": "kind 0", "x": "nothing"}, 10)


def test_without_groups_nothing_is_measured():
    from dbnchurn.offers.new_items import measure_new
    from dbnchurn.offers.settings import Settings

    bought = make_purchases(200)
    settings = Settings("ease", (10.0,), 4, 8, False, 5, np.ones(40, bool), 0)
    held = bought.held(WEEKS)
    assert measure_new(held, held, (None,) * 40, settings, 10.0, dated=False) is None
