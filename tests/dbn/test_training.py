"""The training loop: what it learns, what it is given, what it refuses, and resuming."""

import numpy as np
import pytest
import torch

from dbnchurn.dbn.checkpoint import Checkpoint
from dbnchurn.dbn.contrastive_divergence import CenteringOffsets, GradientAscent
from dbnchurn.dbn.dbn import DBN
from dbnchurn.dbn.diagnostics import dead_and_saturated, free_energy_gap, reconstruction_error
from dbnchurn.dbn.initialization import initialize
from dbnchurn.dbn.likelihood import bits, log_likelihood, pseudo_likelihood, visible_states
from dbnchurn.dbn.minibatches import MiniBatches
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import as_rows, check_sample_weight, minibatch_rows
from dbnchurn.dbn.training import (
    Training,
    cd_step,
    stop_on_gap,
    train,
)
from dbnchurn.dbn.transformer import RBMTransformer
from dbnchurn.dbn.visible import Visible
from tests.dbn.machines import discrete, finetune, mixed, some_rows, training_settings

FAST = {"epochs": 3, "batch_size": 20, "random_state": 0}


def parameters(dbn: DBN) -> dict[str, torch.Tensor]:
    return {
        f"{layer}.{name}": value
        for layer, rbm in enumerate(dbn.rbms_)
        for name, value in rbm.parameters().items()
    }


def assert_same(one: DBN, other: DBN) -> None:
    expected = parameters(other)
    for name, value in parameters(one).items():
        assert torch.equal(value, expected[name]), name


def table(n: int = 90, missing: float = 0.2, seed: int = 1) -> Visible:
    return some_rows(mixed(), n, missing=missing, seed=seed)


class Blocks:
    """A row source whose groups belong to one block each."""

    def __init__(self, rows: Visible, blocks: np.ndarray) -> None:
        self.rows, self.blocks = rows, blocks
        self.sizes, self.widths = rows.sizes, rows.widths

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: np.ndarray) -> Visible:
        return self.rows.take(rows)


class Passes:
    """A stream: the same batches on every pass."""

    def __init__(self, rows: Visible, size: int) -> None:
        self.rows, self.size, self.sizes = rows, size, rows.sizes

    def __iter__(self):
        for start in range(0, len(self.rows), self.size):
            yield self.rows.take(np.arange(start, min(start + self.size, len(self.rows))))


# --- what it learns ---------------------------------------------------------------------------


def test_bars_and_stripes_come_near_the_best_possible_likelihood():
    side = 3
    patterns = bits(torch.arange(2**side), side).float().numpy()
    bars = np.stack([np.tile(p, (side, 1)) for p in patterns])
    every = np.concatenate([bars, bars.transpose(0, 2, 1)]).reshape(-1, side * side)
    rows = Visible.of(binary=np.tile(every, (8, 1)))
    settings = training_settings(
        epochs=1200,
        batch_size=64,
        learning_rate=0.1,
        cd_k=5,
        persistent=True,
        weight_decay=0.0,
        schedule="linear",
    )
    rbm = train(rows, settings, n_hidden=16, hidden="bernoulli", generator=DeviceGenerator(0)).rbm
    found = float(log_likelihood(rbm, Visible.of(binary=every)).mean())
    best = float(np.log(1 / 16) * 12 / 16 + np.log(2 / 16) * 4 / 16)
    assert found < best + 1e-6
    # Seeds 0 to 3 end 0.156 below the best on average, with a standard deviation of 0.024;
    # independent pixels would end 3.6 below it.
    assert found > best - 0.25


def test_a_student_learns_the_distribution_of_its_teacher():
    teacher = discrete(scale=1.2, dtype=torch.float32, seed=3)
    state = next(iter(visible_states(teacher)))
    chance = (-teacher.free_energy(state)).softmax(0)
    drawn = torch.searchsorted(chance.cumsum(0), DeviceGenerator(0).uniform(8_000)).clamp(
        max=len(chance) - 1
    )
    rows = teacher.visible_rows(state).take(drawn.numpy())
    settings = training_settings(
        epochs=12, batch_size=100, learning_rate=0.1, cd_k=5, schedule="linear"
    )
    student = train(
        rows, settings, n_hidden=6, hidden="bernoulli", generator=DeviceGenerator(2)
    ).rbm
    learned = (-student.free_energy(state)).softmax(0)
    shuffled = chance.sort().values
    # Seeds 1 to 3 end 0.035 away on average, with a standard deviation of 0.007.
    assert (learned - chance).abs().sum() / 2 < 0.05
    assert (shuffled - chance).abs().sum() / 2 > 0.2  # the bar is not low


def test_the_first_machine_fits_the_marginals():
    rows = table(4000, missing=0.1)
    rbm, offsets = initialize(
        rows,
        np.ones(len(rows), np.float32),
        n_hidden=4,
        hidden="bernoulli",
        generator=DeviceGenerator(0),
    )
    for kind in rbm.weights:
        rbm.weights[kind].zero_()
    mean = rbm.mean_v_from_h(torch.zeros(1, 4))
    np.testing.assert_allclose(mean["gaussian"][0], np.nanmean(rows.gaussian, 0), atol=1e-5)
    np.testing.assert_allclose(mean["binary"][0], np.nanmean(rows.binary, 0), atol=1e-3)
    share = np.bincount(rows.codes[rows.codes[:, 0] >= 0, 0]) / (rows.codes[:, 0] >= 0).sum()
    np.testing.assert_allclose(mean["codes"][0, :3], share, atol=1e-3)
    np.testing.assert_allclose(offsets.visible["codes"][:3], share, atol=1e-3)
    np.testing.assert_allclose(
        torch.exp(0.5 * rbm.visible["gaussian"].log_variance),
        np.nanstd(rows.gaussian, 0),
        atol=1e-4,
    )


def test_constant_columns_certain_units_and_unseen_levels_stay_finite():
    n = 60
    rows = Visible.of(
        gaussian=np.column_stack([np.full(n, 3.0), np.full(n, np.nan)]),
        binary=np.column_stack([np.zeros(n), np.ones(n)]),
        codes=np.column_stack([np.zeros(n), np.full(n, 2)]),
        sizes=(5, 3),
    )
    dbn = DBN((4,), epochs=30, batch_size=16, random_state=0).fit(rows)
    assert all(torch.isfinite(value).all() for value in parameters(dbn).values())
    unseen = Visible.of(gaussian=[[3, 0]], binary=[[1, 0]], codes=[[4, 0]], sizes=(5, 3))
    assert np.isfinite(dbn.transform(unseen)).all()
    assert torch.isfinite(dbn.rbms_[0].free_energy(unseen)).all()


def test_a_short_last_batch_weighs_as_much_per_row_as_a_full_one():
    """257 rows in batches of 256: the biases stay at the log odds instead of running away."""
    rows = Visible.of(binary=np.random.default_rng(0).random((257, 8)) < 0.3)
    dbn = DBN((4,), epochs=50, batch_size=256, learning_rate=0.1, random_state=0).fit(rows)
    assert dbn.rbms_[0].visible["binary"].bias.abs().max() < 2


def test_divergence_is_said_aloud():
    rows = Visible.of(gaussian=np.random.default_rng(0).normal(size=(200, 5)) * 100)
    message = r"layer 0 diverged in epoch .* smaller learning_rate"
    with pytest.raises(FloatingPointError, match=message):
        DBN((4,), epochs=50, learning_rate=1e6, hidden="relu", random_state=0).fit(rows)


def test_sparsity_target_lowers_the_activity():
    rows = Visible.of(binary=np.random.default_rng(0).random((500, 12)) < 0.4)
    active = [
        DBN((8,), epochs=30, random_state=0, sparsity_target=t, sparsity_cost=1.0)
        .fit(rows)
        .transform(rows)
        .mean()
        for t in (None, 0.05)
    ]
    assert active[1] < 0.15 < active[0]


def test_gap_stops_training_when_the_machine_learns_its_rows_by_heart():
    generator = np.random.default_rng(0)
    fit, held_out = (Visible.of(binary=generator.random((40, 20)) < 0.5) for _ in range(2))
    dbn = DBN((32,), epochs=400, batch_size=10, learning_rate=0.2, patience=3, random_state=0)
    dbn.fit(fit, X_val=held_out)
    curve = dbn.curves_[0]
    assert len(curve) < 400
    assert curve[-1]["free_energy_gap"] > curve[0]["free_energy_gap"]
    gap, _ = free_energy_gap(dbn.rbms_[0], dbn.rbms_[0].state(fit), dbn.rbms_[0].state(held_out))
    assert gap < curve[-1]["free_energy_gap"]  # it went back


@pytest.mark.parametrize("error", [0.5, 2.0])
def test_a_gap_has_widened_beyond_two_standard_errors_above_the_smallest(error):
    """Patience of two epochs, then the parameters of the last epoch before them."""
    rbm = mixed()
    offsets = CenteringOffsets({}, torch.zeros(4))
    training = Training(rbm, GradientAscent(rbm), offsets, None, DeviceGenerator(0), [])
    smallest, inside, outside = 3.0, 3.0 + 1.99 * error, 3.0 + 2.01 * error
    gaps = [5.0, smallest, outside, inside, outside, outside]
    for epoch, gap in enumerate(gaps):
        assert not training.stop, epoch
        rbm.hidden.bias.fill_(epoch)
        training.curve.append({"free_energy_gap": gap, "gap_error": error})
        stop_on_gap(training, patience=2)
    assert training.stop
    assert training.epochs_widened == 2
    torch.testing.assert_close(rbm.hidden.bias, torch.full((4,), 3.0).double())


def test_without_validation_rows_no_gap_stops_the_training():
    rbm = mixed()
    training = Training(rbm, GradientAscent(rbm), None, None, DeviceGenerator(0), [{"epoch": 1.0}])
    stop_on_gap(training, patience=1)
    assert not training.stop
    assert training.best is None


# --- records and schedules ----------------------------------------------------------------------


def test_every_epoch_leaves_a_record_of_plain_floats():
    dbn = DBN((5, 3), **FAST).fit(table(), X_val=table(seed=2))
    names = {
        "epoch",
        "learning_rate",
        "reconstruction_error",
        "free_energy_gap",
        "update_ratio",
        "dead",
        "saturated",
        "seconds",
    }
    assert [len(curve) for curve in dbn.curves_] == [3, 3]
    for record in dbn.curves_[0] + dbn.curves_[1]:
        assert names <= set(record)
        assert all(type(value) is float and np.isfinite(value) for value in record.values())


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [0.4] * 4),
        ("linear", [0.4, 0.3, 0.2, 0.1]),
        ("cosine", [0.4, 0.34142136, 0.2, 0.05857864]),
    ],
)
def test_schedules(schedule, rates):
    settings = training_settings(epochs=4, learning_rate=0.4, schedule=schedule)
    assert [settings.rate(epoch) for epoch in range(4)] == pytest.approx(rates)


def test_monitors_count_what_they_say():
    h = torch.tensor([[0.0, 1.0, 0.5], [0.01, 0.99, 0.1]])
    assert dead_and_saturated(h, rectified=False) == pytest.approx((1 / 3, 1 / 3))
    assert dead_and_saturated(torch.tensor([[0.0, 2.0]]), rectified=True) == (0.5, 0.0)
    rbm = discrete()
    for kind in rbm.weights:
        rbm.weights[kind].zero_()
    state = rbm.state(Visible.of(binary=[[1, 0]], codes=[[0, 1]], sizes=(3, 2)))
    mean = rbm.mean_v_from_h(torch.zeros(1, 4).double())
    by_hand = (1 - mean["binary"][0, 0]) ** 2 + mean["binary"][0, 1] ** 2
    by_hand += (1 - mean["codes"][0, 0]) + (1 - mean["codes"][0, 4])
    error = reconstruction_error(rbm, state, rbm.mean_h_from_v(state))
    assert error == pytest.approx(float(by_hand) / 4)


@pytest.mark.parametrize("other", [{"persistent": True}, {"hidden": "relu"}])
def test_chains_and_rectified_units_take_the_general_step(other):
    rows = Visible.of(binary=np.random.default_rng(0).integers(0, 2, (70, 5)))
    hidden = other.get("hidden", "bernoulli")
    settings = training_settings(
        epochs=3, batch_size=32, momentum=0, first_momentum=0, weight_decay=0, centering=False,
        persistent=other.get("persistent", False),
    )  # fmt: skip
    plain, weighted = (
        train(rows, settings, n_hidden=4, hidden=hidden, generator=DeviceGenerator(1), **weights)
        for weights in ({}, {"sample_weight": np.ones(len(rows), np.float32)})
    )
    assert plain.ascent.last_phases is None
    for name, value in weighted.rbm.parameters().items():
        torch.testing.assert_close(plain.rbm.parameters()[name], value, rtol=1e-5, atol=1e-6)


def test_the_plain_step_is_the_step_along_the_gradient():
    rows = Visible.of(binary=np.random.default_rng(0).integers(0, 2, (70, 5)))
    settings = training_settings(
        epochs=3, batch_size=32, momentum=0, first_momentum=0, weight_decay=0, centering=False
    )
    assert settings.is_plain
    assert not training_settings(momentum=0, first_momentum=0, weight_decay=0).is_plain
    plain = train(rows, settings, n_hidden=4, hidden="bernoulli", generator=DeviceGenerator(1))
    assert plain.ascent.last_phases is not None
    ones = np.ones(len(rows), np.float32)  # weights of one: the same step by way of a gradient
    general = train(
        rows,
        settings,
        n_hidden=4,
        hidden="bernoulli",
        generator=DeviceGenerator(1),
        sample_weight=ones,
    )
    assert general.ascent.last_phases is None
    for name, value in general.rbm.parameters().items():
        torch.testing.assert_close(plain.rbm.parameters()[name], value, rtol=1e-5, atol=1e-6)
    ratios = [[e["update_ratio"] for e in t.curve] for t in (plain, general)]
    assert ratios[0] == pytest.approx(ratios[1], rel=1e-4)


# --- the ways in which rows come --------------------------------------------------------------


def test_batches_cover_every_row_once_and_keep_to_their_block():
    blocks = np.random.default_rng(0).integers(0, 3, 101)
    parts = list(minibatch_rows(101, 8, np.random.default_rng(1), blocks=blocks))
    assert sorted(np.concatenate(parts)) == list(range(101))
    assert all(len(set(blocks[part])) == 1 for part in parts)
    order = [blocks[part[0]] for part in parts]
    assert order != sorted(order)
    draw = np.repeat(np.arange(10), 3)
    drawn = np.concatenate(list(minibatch_rows(101, 8, np.random.default_rng(1), draw=draw)))
    assert sorted(drawn) == sorted(draw)
    assert list(drawn) != list(draw)


def test_a_complete_table_and_a_source_of_the_same_rows_train_alike():
    rows = table(missing=0.0)
    source = Blocks(rows, np.zeros(len(rows), int))
    del source.blocks
    assert_same(DBN((5, 3), **FAST).fit(rows), DBN((5, 3), **FAST).fit(source))


def test_absent_groups_are_neither_moved_nor_needed():
    """Training in blocks moves the groups of a block as if the others did not exist."""
    rows = table(60, missing=0.0)
    rows.codes[:30, 2] = -1
    rows.codes[30:, 0] = -1
    blocks = np.repeat([0, 1], 30)
    rbm, offsets = initialize(
        rows, np.ones(60, np.float32), n_hidden=4, hidden="bernoulli", generator=DeviceGenerator(0)
    )
    before = {name: p.clone() for name, p in rbm.parameters().items()}
    by_span = {
        b.ranges: b for b in MiniBatches(Blocks(rows, blocks), rbm, 30).epoch(DeviceGenerator(1))
    }
    assert sorted(by_span) == [((0, 2),), ((1, 3),)]
    training = Training(rbm, GradientAscent(rbm), offsets, None, DeviceGenerator(2), [])
    cd_step(training, training_settings(), 0, by_span[((0, 2),)])
    assert torch.equal(rbm.weights["codes"][5:], before["codes.weights"][5:])
    assert torch.equal(rbm.visible["codes"].bias[5:], before["codes.bias"][5:])
    assert not torch.equal(rbm.weights["codes"][:5], before["codes.weights"][:5])


def test_present_groups_need_not_be_neighbours():
    """The machine on groups 0 and 2 does what the whole machine does with group 1 missing."""
    rows = table(40, missing=0.0)
    rows.codes[:, 1] = -1
    rbm = RBM.create((2, 3, 9), sizes=(3, 2, 4), n_hidden=4, weight_scale=0.5)
    smaller = rbm.on_groups(((0, 1), (2, 3)))
    picked = Visible.of(
        gaussian=rows.gaussian, binary=rows.binary, codes=rows.codes[:, [0, 2]], sizes=(3, 4)
    )
    torch.testing.assert_close(rbm.free_energy(rows), smaller.free_energy(picked))
    dbn = DBN((4,), **FAST).fit(rows)
    for name, value in parameters(dbn).items():
        assert torch.isfinite(value).all(), name
    kept = dbn.rbms_[0].weights["codes"][3:5]
    assert float(kept.abs().max()) < 0.2  # never moved from their small start


def test_a_stream_trains_every_layer():
    rows = table(80, missing=0.1)
    dbn = DBN((5, 3), **FAST).fit(Passes(rows, 20))
    assert dbn.transform(rows).shape == (80, 3)
    assert [len(curve) for curve in dbn.curves_] == [3, 3]
    assert_same(dbn, DBN((5, 3), **FAST).fit(Passes(rows, 20)))
    watched = DBN((5, 3), **FAST).fit(Passes(rows, 20), X_val=Passes(rows, 20))
    assert_same(dbn, watched)
    assert watched.curves_[1][-1]["free_energy_gap"] == 0  # the same first batch twice


def test_weights_do_not_go_with_a_stream():
    with pytest.raises(ValueError, match="sample_weight does not go with a stream"):
        DBN((5,), **FAST).fit(Passes(table(80), 20), sample_weight=np.ones(80))


def test_one_machine_scores_rows_and_streams_alike():
    rows = table(80, missing=0.1)
    machine = RBMTransformer(4, n_iter=2, random_state=0).fit(rows)
    scores = machine.score_samples(rows)
    expected = pseudo_likelihood(machine.rbm_, rows)
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    np.testing.assert_allclose(machine.score_samples(Passes(rows, 30)), expected, rtol=1e-5)
    assert machine.components_.shape == (4, len(machine.intercept_visible_))
    assert machine.intercept_hidden_.shape == (4,)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 100])
def test_tiny_tables_and_batches(n, batch_size):
    dbn = DBN((3, 2), epochs=2, batch_size=batch_size, random_state=0, persistent=True)
    dbn.fit(table(n, missing=0.0))
    assert np.isfinite(dbn.transform(table(n))).all()


def test_persistent_chains_walk_on():
    rows = table(60, missing=0.0)
    seen = []
    DBN((4,), persistent=True, **FAST).fit(
        rows, callbacks=[lambda t: seen.append(t.chains.clone())]
    )
    assert seen[0].shape == (20, 4)
    assert not torch.equal(seen[0], seen[1])


# --- determinism ----------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"persistent": True, "hidden": "relu"}])
def test_same_seed_same_result_and_nothing_else_is_touched(settings):
    rows = table()
    copies = [rows.gaussian.copy(), rows.binary.copy(), rows.codes.copy()]
    weights = np.random.default_rng(0).random(len(rows))
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002, the global state is what must not move
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = DBN((5, 3), **FAST, **settings).fit(rows, sample_weight=weights)
    second = DBN((5, 3), **FAST, **settings).fit(rows, sample_weight=weights)
    assert_same(first, second)
    other = DBN((5, 3), **FAST | {"random_state": 1}, **settings).fit(rows)
    assert not torch.equal(parameters(first)["0.hidden.bias"], parameters(other)["0.hidden.bias"])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    for part, copy in zip((rows.gaussian, rows.binary, rows.codes), copies, strict=True):
        np.testing.assert_array_equal(part, copy)


@pytest.mark.parametrize("settings", [{}, {"persistent": True}, {"hidden": "relu"}])
@pytest.mark.parametrize("stop_at", [(0, 2), (1, 1)])
def test_resuming_is_the_same_as_never_stopping(tmp_path, settings, stop_at):
    rows = table()
    whole = DBN((5, 3), epochs=4, batch_size=20, random_state=0, **settings).fit(rows)

    class PowerCut(Exception):
        pass

    def cut(training):
        if (training.layer, len(training.curve)) == stop_at:
            raise PowerCut

    broken = DBN((5, 3), epochs=4, batch_size=20, random_state=0, **settings)
    with pytest.raises(PowerCut):
        broken.fit(rows, callbacks=[Checkpoint(tmp_path), cut])
    resumed = DBN((5, 3), epochs=4, batch_size=20, random_state=0, **settings)
    resumed.fit(rows, resume_from=tmp_path)
    assert_same(resumed, whole)
    assert [len(curve) for curve in resumed.curves_] == [4, 4]


def test_a_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / "layer0.npz").write_bytes(b"PK not a zip")
    with pytest.raises(ValueError, match=r"layer0\.npz is not a checkpoint that can be read"):
        DBN((3,), **FAST).fit(table(), resume_from=tmp_path)


@pytest.mark.parametrize("other", [{"layers": (6,)}, {"hidden": "relu"}])
def test_a_checkpoint_of_another_machine_is_refused(tmp_path, other):
    DBN((3,), **FAST).fit(table(), callbacks=[Checkpoint(tmp_path)])
    with pytest.raises(ValueError, match="layer 0 was begun with 3 bernoulli hidden units"):
        DBN(**{"layers": (3,), **FAST, **other}).fit(table(), resume_from=tmp_path)


def test_one_machine_has_the_defaults_of_a_stack():
    stack, one = DBN().get_params(), RBMTransformer().get_params()
    assert one.pop("n_iter") == stack["epochs"]
    assert {name: stack[name] for name in one if name != "n_components"} == {
        name: value for name, value in one.items() if name != "n_components"
    }


def test_a_callback_can_stop_the_training():
    def stop(training):
        training.stop = len(training.curve) == 2

    dbn = DBN((3,), **FAST | {"epochs": 50}).fit(table(), callbacks=[stop])
    assert len(dbn.curves_[0]) == 2


# --- what it refuses ---------------------------------------------------------------------------

ONE = {"binary": [[0.0], [1.0]]}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros(4), "2-D array"),
        (Visible.of(binary=[[0], [37.5]]), r"binary column 0 holds 37\.5 in row 1"),
        (Visible.of(gaussian=[[0], [np.inf]]), "gaussian column 0 holds inf in row 1"),
        (Visible.of(codes=[[0], [3]], sizes=(3,)), r"codes column 0 holds 3 in row 1 .* 0 to 2"),
        (Visible.of(codes=[[-2], [0]], sizes=(3,)), "codes column 0 holds -2 in row 0"),
    ],
)
def test_values_that_no_unit_can_take(rows, message):
    with pytest.raises(ValueError, match=message):
        as_rows(rows)


def test_a_bernoulli_layer_refuses_other_numbers():
    with pytest.raises(ValueError, match=r"binary column 1 holds 37\.5 in row 0"):
        DBN((2,), units="bernoulli").fit(np.array([[0.0, 37.5], [1.0, 0.0]]))
    dbn = DBN((2,), **FAST).fit(np.array([[0.0, 1.0], [1.0, 0.0]]))
    with pytest.raises(ValueError, match=r"binary column 1 holds 37\.5 in row 0"):
        dbn.transform(np.array([[0.0, 37.5]]))


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        ([1, -1, 1], r"-1.0 in row 1"),
        ([1, np.nan, 1], "nan in row 1"),
        ([1, 1], r"there are 3 rows"),
        ([0, 0, 0], "every sample_weight is zero"),
        ([1, np.inf, 1], "inf in row 1"),
    ],
)
def test_sample_weights_that_are_refused(sample_weight, message):
    with pytest.raises(ValueError, match=message):
        check_sample_weight(sample_weight, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs=0"),
        ({"epochs": -1}, "epochs=-1 is not allowed; it must be a whole number of at least 1"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"learning_rate": -1.0}, "learning_rate=-1.0"),
        ({"momentum": 1.0}, "momentum=1.0"),
        ({"cd_k": 1.5}, "cd_k=1.5"),
        ({"cd_k": 0}, "cd_k=0 is not allowed; it must be a whole number of at least 1"),
        ({"cd_k": (1, 0)}, "cd_k=0 is not allowed"),
        ({"schedule": "steps"}, "schedule='steps'"),
        ({"sparsity_target": 2.0}, "sparsity_target=2.0"),
        ({"hidden": "tanh"}, "hidden='tanh'"),
        ({"units": "poisson"}, "units='poisson'"),
        ({"device": "tpu"}, "device='tpu'"),
        ({"layers": ()}, r"layers=\(\)"),
        ({"layers": []}, r"layers=\[\] must be one or more whole numbers"),
        ({"layers": 8}, "layers=8 must be one or more whole numbers"),
        ({"layers": (True,)}, r"layers=\(True,\) must be"),
        ({"layers": (4, 0)}, r"layers=\(4, 0\)"),
        ({"epochs": (1, 2, 3)}, "epochs has 3 values for 2 layers"),
    ],
)
def test_settings_that_are_not_allowed(settings, message):
    seen = []
    with pytest.raises(ValueError, match=message):
        DBN(**settings).fit(table(10), callbacks=[seen.append])
    assert not seen  # refused before training


def test_missing_values_become_no_evidence_in_a_plain_array():
    generator = np.random.default_rng(0)
    values = (generator.random((50, 4)) < 0.5).astype(float)
    values[generator.random(values.shape) < 0.2] = np.nan
    dbn = DBN((3,), **FAST).fit(values)
    assert np.isfinite(dbn.transform(values)).all()


def test_labels_cannot_be_missing():
    with pytest.raises(ValueError, match="y holds nan in row 1"):
        finetune(Network.from_random_weights((0, 1, 0), (), (2,)), Visible.of(**ONE), [0, np.nan])


def test_rows_of_other_units_are_refused():
    dbn = DBN((3,), **FAST).fit(table())
    with pytest.raises(ValueError, match="the DBN was fitted on"):
        dbn.transform(Visible.of(binary=[[1, 0, 1]]))
    with pytest.raises(ValueError, match="no rows"):
        dbn.transform(table(90).take(np.arange(0)))


def test_per_layer_settings_reach_their_layer():
    rates = []
    dbn = DBN((5, 4), epochs=(2, 3), learning_rate=(0.1, 0.01), random_state=0, batch_size=20)
    dbn.fit(table(), callbacks=[lambda t: rates.append((t.layer, t.curve[-1]["learning_rate"]))])
    assert rates == [(0, 0.1)] * 2 + [(1, 0.01)] * 3


def test_offsets_follow_the_hidden_means():
    rows = table(60, missing=0.0)
    training = train(
        rows,
        training_settings(epochs=5, batch_size=20, centering_rate=0.5),
        n_hidden=4,
        hidden="bernoulli",
    )
    assert isinstance(training.offsets, CenteringOffsets)
    mean = training.rbm.mean_h_from_v(rows).mean(0)
    torch.testing.assert_close(training.offsets.hidden, mean, rtol=0, atol=0.05)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
def test_cuda_trains_as_the_cpu_does():
    rows = table(400, missing=0.1)
    on_cpu = DBN((8, 4), **FAST).fit(rows)
    on_gpu = DBN((8, 4), **FAST | {"device": "cuda"}).fit(rows)
    moved = RBM.in_dtype(on_gpu.rbms_[0], torch.float64)
    assert moved.device.type == "cuda"
    gap = (
        on_cpu.curves_[0][-1]["reconstruction_error"]
        - on_gpu.curves_[0][-1]["reconstruction_error"]
    )
    assert abs(gap) < 0.05
    assert np.isfinite(on_gpu.transform(rows)).all()
