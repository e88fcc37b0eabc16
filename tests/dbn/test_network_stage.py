"""A network as a stage: machines on some units, the logit first, and what it says of itself."""

import numpy as np
import pytest

from dbnchurn.dbn import DBN, FineTune, NetworkStage, Visible
from dbnchurn.dbn.network_record import logits

N = 500
GENERATOR = np.random.default_rng(0)
TRAIT = GENERATOR.random(N) < 0.5
BINARY = (GENERATOR.random((N, 8)) < np.where(TRAIT, 0.9, 0.2)[:, None]).astype(np.float32)
LEAF = np.column_stack([GENERATOR.integers(0, 3, N), GENERATOR.integers(0, 4, N)])
COLUMNS = Visible.of(binary=BINARY, codes=LEAF[:, :1], sizes=(3,))
ROWS = Visible.of(binary=BINARY, codes=LEAF, sizes=(3, 4))
SKIP = np.array([0, 0, 0, -1.5, -0.5, 0.5, 1.5], np.float32)
Y = (GENERATOR.random(N) < 1 / (1 + np.exp(1 - 3 * TRAIT - SKIP[3:][LEAF[:, 1]]))).astype(float)
TRAIN, HELD_OUT = np.arange(350), np.arange(350, N)


def fitted(validation=True, finetune=None, **settings):
    stage = NetworkStage(
        dbn=DBN((12, 6), epochs="auto", learning_rate=0.1),
        finetune=finetune or FineTune(epochs=3),
        **settings,
    )
    held_out = (ROWS.take(HELD_OUT), Y[HELD_OUT], None) if validation else None
    return stage.fit(
        ROWS.take(TRAIN),
        Y[TRAIN],
        validation=held_out,
        pretrain_on=(COLUMNS.take(TRAIN), np.ones(len(TRAIN))),
        pretrain_validation=COLUMNS.take(HELD_OUT) if validation else None,
        hidden_groups=1,
        skip=SKIP,
        random_state=0,
    )


@pytest.fixture(scope="module")
def stage():
    return fitted()


@pytest.mark.parametrize("pretrain", [True, False])
def test_groups_beyond_the_columns_go_to_the_logit_alone(pretrain):
    stage = fitted(pretrain=pretrain)
    record = stage.network_.record()
    record.audit()
    assert record.hidden_levels == 3 == len(stage.network_.code_weights)
    assert not record.code_weights[3:].any()
    np.testing.assert_allclose(logits(record, ROWS), stage.network_.logits(ROWS), atol=1e-5)
    assert not np.array_equal(record.skip[3:], SKIP[3:])  # the skip is trained with the rest


def test_machines_have_learned_and_both_paths_add_something(stage):
    learned = stage.learned()
    assert learned["remarks"] == []
    before, after = learned["machines"][0]["pseudo_likelihood"]
    assert after > before
    assert [m["hidden_units"] for m in learned["machines"]] == [12, 6]
    assert min(learned["paths"].values()) > 0.1
    direct, codes = stage.network_.parts(ROWS)
    head = stage.network_.head.detach().numpy()
    np.testing.assert_allclose(direct + codes @ head, stage.network_.logits(ROWS), atol=1e-5)


def test_the_start_is_kept_if_no_epoch_is_better(stage):
    start = fitted(finetune=FineTune(until=0)).network_.logits(ROWS)
    worse = fitted(finetune=FineTune(epochs=3, learning_rate=3.0, patience=9))
    first = worse.finetune_curve_[0]
    assert (
        min(r["validation_loss"] for r in worse.finetune_curve_) > first["validation_loss_before"]
    )
    np.testing.assert_array_equal(worse.network_.logits(ROWS), start)


def test_weights_below_the_logit_take_smaller_steps():
    start, slow, fast = (
        fitted(validation=False, finetune=FineTune(until=u, epochs=3), lower_rate=rate).network_
        for u, rate in ((0, 1.0), (3, 1e-3), (3, 1.0))
    )
    moved = [(n.dense_weights - start.dense_weights).abs().max() for n in (slow, fast)]
    assert moved[0] < 0.05 * moved[1]
    assert (slow.head - start.head).abs().max() > 1e-4


def test_an_untrained_machine_and_an_inert_path_are_told():
    stage = NetworkStage(
        dbn=DBN((12, 6), epochs=1, learning_rate=0.0),
        finetune=FineTune(until=0),
        penalties=(1e12,),
    ).fit(COLUMNS, Y, skip=np.array([-1, 0, 1], np.float32), random_state=0)
    first, second, inert = stage.learned()["remarks"]
    assert first.startswith("machine 1 (12 hidden units) has learned nothing of its rows")
    assert second.startswith("machine 2 (6 hidden units) has the same codes for all rows")
    assert inert.startswith("the hidden layers are inert")
    assert stage.unlearned() == [first, second]


def test_a_penalty_is_needed():
    with pytest.raises(ValueError, match="penalties needs at least one number above 0"):
        fitted(penalties=())
