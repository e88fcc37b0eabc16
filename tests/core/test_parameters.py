"""Parameters are held to the hints of the signatures: all at once, in words, nothing converted."""

import numpy as np
import pytest

from dbnchurn import ChurnClassifier
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.parameters import check_parameters, resolved
from dbnchurn.dbn import NetworkStage
from dbnchurn.features import Leaves
from dbnchurn.prepare import Prepare


def test_defaults_hold(small):
    check_parameters(small())
    check_parameters(type(small())())


@pytest.mark.parametrize("state", [0, None, np.int64(3), np.random.RandomState(0)])
def test_random_states_hold(small, state):
    check_parameters(small(random_state=state))
    check_parameters(small(random_state=np.random.default_rng(0)))


def test_numbers_of_numpy_hold():
    check_parameters(Leaves(folds=np.int64(2), learning_rate=np.float64(0.1)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"validation": 1.5}, r"ChurnClassifier\(validation=1.5\) should be less than 1"),
        ({"validation": 0}, "should be greater than 0"),
        ({"device": "gpu"}, r"\(device='gpu'\) should be 'auto', 'cpu' or 'cuda'"),
        ({"n_threads": 0}, r"\(n_threads=0\) should be greater than or equal to 1"),
        ({"use_leaves": "no"}, "should be a valid boolean"),
        ({"random_state": "x"}, r"random_state='x'\) should be a valid integer or .* RandomState"),
        ({"leaves": 3}, r"leaves=3\) should be an instance of Leaves"),
        ({"leaves": Leaves(folds=1)}, r"Leaves\(folds=1\) should be greater than or equal to 2"),
        ({"leaves": Leaves(n_trees=True)}, r"Leaves\(n_trees=True\) should be a valid integer"),
        ({"prepare": Prepare(missing="drop")}, "should be 'no evidence' or 'fill'"),
    ],
)
def test_others_are_refused_before_anything_is_computed(small, customers, changes, message):
    with pytest.raises(ConfigError, match=message):
        small(**changes).fit(*customers)


def test_all_that_is_wrong_is_told_in_one_go():
    with pytest.raises(ConfigError) as caught:
        check_parameters(Leaves(folds=1, n_trees=0, learning_rate=2))
    assert str(caught.value).count("\n") == 2


def test_defaults_are_resolved_however_deep_and_not_shared():
    first, second = resolved(ChurnClassifier()), resolved(ChurnClassifier())
    assert first.network.dbn.get_params() == second.network.dbn.get_params()
    assert first.network is not second.network
    assert first.network.dbn is not ChurnClassifier.default_stages["network"].dbn
    assert first.companion.finetune.schedule == "cosine"


def test_resolving_keeps_what_is_given_and_changes_nothing():
    leaves, generator = Leaves(folds=3), np.random.default_rng(0)
    given = ChurnClassifier(leaves=leaves, random_state=generator)
    found = resolved(given)
    assert (found.leaves.folds, found.leaves is leaves) == (3, False)
    assert found.random_state is generator  # a copy would draw the same numbers again
    assert given.leaves is leaves
    assert given.network is None


def test_a_parameter_of_a_default_stage_can_be_set():
    given = ChurnClassifier().set_params(network__finetune__epochs=7)
    assert given.network.finetune.epochs == 7
    assert given.network.dbn.layers == resolved(ChurnClassifier()).network.dbn.layers
    assert ChurnClassifier.default_stages["network"].finetune is None


def test_a_stage_that_is_given_keeps_the_open_parts_of_the_owners_default():
    given = ChurnClassifier(
        network=NetworkStage(pretrain=False), companion=NetworkStage(scaled=True)
    )
    found, usual = resolved(given), resolved(ChurnClassifier())
    assert found.network.pretrain is False
    assert found.network.dbn.get_params() == usual.network.dbn.get_params()
    assert found.companion.dbn.get_params() == usual.companion.dbn.get_params()
    assert found.companion.finetune.get_params() == usual.companion.finetune.get_params()


def test_a_class_in_place_of_a_stage_is_refused(customers):
    with pytest.raises(ConfigError, match=r"prepare=.* should be an instance of Prepare"):
        ChurnClassifier(prepare=Prepare).fit(*customers)
