"""Learning: what is chosen on rows set aside is kept when all rows are learned from."""

import pytest

from dbnchurn.core.checkpoints import CheckpointStore
from dbnchurn.dbn import DBN, FineTune
from dbnchurn.model.compute import Compute
from dbnchurn.model.default_networks import DEFAULT_COMPANION, DEFAULT_NETWORK
from dbnchurn.model.inputs import fit_inputs
from dbnchurn.model.learning import learn
from dbnchurn.model.stages import Stages


@pytest.fixture
def parameters(small):
    from dbnchurn.core.parameters import resolved

    return resolved(small()).get_params(deep=False)


@pytest.mark.parametrize("refit", [True, False])
def test_all_rows_are_learned_from_if_asked_and_the_decision_stays(parameters, customers, refit):
    compute = Compute.of("cpu", 1, 0, 600)
    given = {"sample_weight": None, "groups": None, "validation_share": 0.2}
    inputs = fit_inputs(*customers, None, None, **given, generator=compute.generator)
    stages, seconds = Stages.of(parameters, len(inputs.train.y)), {}
    model, curves = learn(
        stages, inputs, None, compute, CheckpointStore(None), restraint=1.0, refit=refit,
        seconds=seconds,
    )  # fmt: skip
    assert len(model.stages.train.y) == (600 if refit else 480)
    assert ("refit" in seconds) == refit
    assert {"leaves", "rbm", "finetune"} == curves.keys()
    assert 0 < model.choice.threshold < 1


def test_stages_are_those_of_the_parameters(parameters):
    stages = Stages.of(parameters, 600)
    assert list(stages.networks) == ["network", "companion"]
    assert stages.leaves is not None
    fewer = Stages.of({**parameters, "use_leaves": False, "use_companion": False}, 600)
    assert fewer.leaves is None
    assert list(fewer.networks) == ["network"]


def test_by_default_machines_are_pretrained_for_the_first_network_alone():
    assert DEFAULT_NETWORK.pretrain
    assert not DEFAULT_COMPANION.pretrain
    assert isinstance(DEFAULT_NETWORK.dbn, DBN)
    assert isinstance(DEFAULT_COMPANION.finetune, FineTune)
