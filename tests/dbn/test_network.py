"""The unrolled network, its fine-tuning and its plain record."""

import subprocess
import sys
from dataclasses import fields, replace
from itertools import pairwise, permutations

import numpy as np
import pytest
import torch

from dbnchurn.dbn.dbn import DBN
from dbnchurn.dbn.finetune import FineTune, LabelledRows, log_loss
from dbnchurn.dbn.groups import gather_sum, scatter_sum
from dbnchurn.dbn.hidden_units import HIDDEN
from dbnchurn.dbn.minibatches import upward_pass
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.network_batch import NetworkBatch
from dbnchurn.dbn.network_record import first_layer_input, logits, logits_from_first_layer, product
from dbnchurn.dbn.network_stage import NetworkStage
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.sparse_adamw import RowGradient, SparseAdamW
from dbnchurn.dbn.visible import Visible
from tests.dbn.machines import finetune, mixed, one_hot, some_rows
from tests.dbn.test_training import Blocks

SIZES = (3, 2, 4)
WIDTHS = (2, 3, 9)


def rows_and_labels(n: int = 400, missing: float = 0.1, seed: int = 1):
    rows = some_rows(mixed(), n, missing=missing, seed=seed)
    score = np.nan_to_num(rows.gaussian[:, 0]) * 2 + (rows.codes[:, 0] == 1) * 2 - 1
    y = (np.random.default_rng(seed).random(n) < 1 / (1 + np.exp(-3 * score))).astype(int)
    return rows, y


def a_dbn(**settings) -> DBN:
    settings = {"epochs": 3, "batch_size": 20, "random_state": 0, "learning_rate": 0.2} | settings
    return DBN((6, 4), **settings).fit(rows_and_labels(200)[0])


def every_parameter(network: Network) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in network.named_parameters()}


@pytest.mark.parametrize("hidden", [*HIDDEN, *permutations(HIDDEN, 2)])
def test_the_unrolled_network_is_the_stack_of_means(hidden):
    dbn = a_dbn(hidden=hidden)
    rows, _ = rows_and_labels(50, missing=0.3)
    network = Network.from_dbn(dbn, bias=0.3)
    h = torch.from_numpy(dbn.transform(rows))
    expected = h @ network.head.detach() + 0.3
    torch.testing.assert_close(
        torch.from_numpy(network.logits(rows)), expected, rtol=1e-5, atol=1e-6
    )


def test_pretrained_weights_reach_every_layer():
    dbn = a_dbn()
    network, other = Network.from_dbn(dbn), Network.from_random_weights(WIDTHS, SIZES, (6, 4))
    first, second = dbn.rbms_
    assert torch.equal(network.code_weights, first.weights["codes"])
    assert torch.equal(network.dense_weights[2:], first.weights["binary"])
    precision = first.visible["gaussian"].precision[:, None]
    assert torch.equal(network.dense_weights[:2], first.weights["gaussian"] * precision)
    assert torch.equal(network.weights[0], second.weights["binary"])
    for layer, rbm in enumerate(dbn.rbms_):
        assert torch.equal(network.biases[layer], rbm.hidden.bias)
    assert network.code_weights.data_ptr() != first.weights["codes"].data_ptr()
    for name, value in other.named_parameters():
        assert value.shape == dict(network.named_parameters())[name].shape


@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize("width", [1, 4])
def test_sums_by_level_are_products_with_the_dense_matrix(missing, width):
    rbm = mixed(n_gaussian=0, n_binary=0)
    part = rbm.state(some_rows(rbm, 30, missing=missing))["codes"]
    dense = one_hot({"codes": part}, rbm)
    draw = DeviceGenerator(0)
    table = draw.normal(dense.shape[1], width, dtype=torch.float64)
    values = draw.normal(30, width, dtype=torch.float64)
    torch.testing.assert_close(gather_sum(table, *part), dense @ table)
    by_level = scatter_sum(part.values, values, len(table), part.known)
    torch.testing.assert_close(by_level, dense.T @ values)


@pytest.mark.parametrize("pretrained", [True, False])
@pytest.mark.parametrize("skip", [None, np.linspace(-1, 1, 9)])
def test_fine_tuning_learns_and_moves_every_layer(pretrained, skip):
    rows, y = rows_and_labels(600)
    network = (
        Network.from_dbn(a_dbn(), skip=skip)
        if pretrained
        else Network.from_random_weights(WIDTHS, SIZES, (6, 4), skip=skip)
    )
    before = every_parameter(network)
    curve = finetune(network, rows, y, epochs=25, learning_rate=0.02, batch_size=64, random_state=0)
    base = -np.mean(y) * np.log(np.mean(y)) - np.mean(1 - y) * np.log(np.mean(1 - y))
    assert curve[-1]["loss"] < base - 0.1
    for name, value in every_parameter(network).items():
        if value.numel():
            assert not torch.equal(value, before[name]), name


def test_skip_adds_its_levels_to_the_logit():
    rows, _ = rows_and_labels(30, missing=0.3)
    skip = np.arange(9.0)
    plain = Network.from_random_weights(WIDTHS, SIZES, (5,), random_state=0, skip=np.zeros(9))
    with_skip = Network.from_random_weights(WIDTHS, SIZES, (5,), random_state=0, skip=skip)
    added = with_skip.logits(rows) - plain.logits(rows)
    first = np.array([0, 3, 5])
    expected = np.where(rows.codes >= 0, skip[np.maximum(rows.codes, 0) + first], 0).sum(1)
    np.testing.assert_allclose(added, expected, atol=1e-5)


def test_missing_adds_nothing():
    network = Network.from_random_weights(WIDTHS, SIZES, (5,), skip=np.ones(9), bias=0.7)
    nothing = Visible.of(
        gaussian=np.full((1, 2), np.nan),
        binary=np.full((1, 3), np.nan),
        codes=np.full((1, 3), -1),
        sizes=SIZES,
    )
    h = torch.relu(network.biases[0].detach())
    assert network.logits(nothing)[0] == pytest.approx(float(0.7 + h @ network.head.detach()))


@pytest.mark.parametrize("hidden", ["bernoulli", "relu"])
@pytest.mark.parametrize("skip", [None, np.linspace(-1, 1, 9)])
def test_the_record_gives_the_networks_logits(hidden, skip):
    rows, y = rows_and_labels(300, missing=0.3)
    network = Network.from_dbn(a_dbn(hidden=hidden), skip=skip, bias=-1.0)
    finetune(network, rows, y, epochs=3, random_state=0)
    record = network.record()
    np.testing.assert_allclose(logits(record, rows), network.logits(rows), rtol=1e-5, atol=1e-5)
    whole = logits(record, rows)
    alone = np.concatenate([logits(record, rows.take(np.array([row]))) for row in range(300)])
    np.testing.assert_allclose(alone, whole, rtol=1e-12, atol=1e-13)
    for field in fields(record):
        value = getattr(record, field.name)
        assert isinstance(value, np.ndarray | int | float | str | tuple), field.name


@pytest.mark.parametrize("n", [0, 1, 4, 7])
@pytest.mark.parametrize(("k", "width"), [(0, 3), (3, 1), (50, 20), (300, 500)])
def test_products_in_small_pieces_are_products(n, k, width):
    generator = np.random.default_rng(0)
    rows, weights = generator.normal(size=(n, k)), generator.normal(size=(k, width))
    found = product(rows, weights)
    np.testing.assert_allclose(found, rows @ weights, rtol=1e-12, atol=1e-12)
    for row in range(n):
        np.testing.assert_allclose(product(rows[[row]], weights)[0], found[row], rtol=1e-15)


def test_what_arrives_adds_up_over_code_groups():
    """The first groups alone, and rows of the table for the others: the same logits."""
    rows, _ = rows_and_labels(40, missing=0.0)
    record = Network.from_random_weights(
        WIDTHS, SIZES, (5,), random_state=0, skip=np.arange(9.0)
    ).record()
    first = replace(rows, codes=rows.codes[:, :1], sizes=SIZES[:1])
    others = record.table[rows.codes[:, 1:] + np.array([3, 5])].sum(axis=1)
    found = logits_from_first_layer(record, first_layer_input(record, first) + others)
    np.testing.assert_allclose(found, logits(record, rows), rtol=0, atol=1e-5)  # float32 sums


def test_the_record_touches_only_groups_that_are_there():
    network = Network.from_random_weights(WIDTHS, SIZES, (5,), skip=np.ones(9))
    record = network.record()
    poisoned = record.code_weights.copy()
    poisoned[3:5] = np.nan
    rows, _ = rows_and_labels(20, missing=0.0)
    rows.codes[:, 1] = -1
    found = logits(replace(record, code_weights=poisoned), rows)
    np.testing.assert_allclose(found, logits(record, rows))


def test_the_record_refuses_other_rows_and_takes_none():
    record = Network.from_random_weights(WIDTHS, SIZES, (5,)).record()
    rows, _ = rows_and_labels(5)
    assert logits(record, rows.take(np.arange(0))).shape == (0,)
    with pytest.raises(ValueError, match="the network takes 5 gaussian and binary units"):
        logits(record, Visible.of(binary=[[1]]))


def test_the_record_needs_neither_torch_nor_scikit_learn():
    code = (
        "import sys, dbnchurn.dbn.network_record, dbnchurn.dbn; "
        "print([m for m in ('torch', 'sklearn', 'xgboost') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_absent_groups_keep_their_weights_and_moments():
    rows, y = rows_and_labels(60, missing=0.0)
    rows.codes[:30, 2] = -1
    rows.codes[30:, 0] = -1
    source = Blocks(rows, np.repeat([0, 1], 30))
    network = Network.from_random_weights(WIDTHS, SIZES, (5,), skip=np.zeros(9))
    batch = NetworkBatch(source.take(np.arange(30)), network.groups)
    assert batch.ranges == ((0, 2),)
    before = every_parameter(network)
    only_first = np.arange(30)
    finetune(network, source, y, draw=only_first, epochs=2, batch_size=10, weight_decay=0.1)
    after = every_parameter(network)
    for name in ("code_weights", "skip"):
        assert torch.equal(after[name][5:], before[name][5:])
        assert not torch.equal(after[name][:5], before[name][:5])


def test_the_optimiser_is_adamw():
    network = Network.from_random_weights(WIDTHS, SIZES, (5,))
    reference = torch.nn.Parameter(network.code_weights.detach().clone())
    torch_adamw = torch.optim.AdamW([reference], lr=0.01, weight_decay=0.1, eps=1e-8)
    ours = SparseAdamW(network, weight_decay=0.1)
    for step in range(5):
        gradient = DeviceGenerator(step).normal(9, 5)
        reference.grad = gradient.clone()
        torch_adamw.step()
        ours.step([RowGradient("code_weights", gradient, 0.01)])
    torch.testing.assert_close(
        network.code_weights.detach(), reference.detach(), rtol=1e-4, atol=1e-6
    )


def test_rows_that_took_fewer_steps_are_stepped_as_if_alone():
    network, alone = (Network.from_random_weights(WIDTHS, SIZES, (5,)) for _ in range(2))
    apart, whole = SparseAdamW(alone, weight_decay=0.1), SparseAdamW(network, weight_decay=0.1)
    for step in range(4):
        gradient = DeviceGenerator(step).normal(9, 5)
        first = RowGradient("code_weights", gradient[:3], 0.01, slice(0, 3))
        if step:
            whole.step([RowGradient("code_weights", gradient, 0.01)])
            apart.step([first, RowGradient("code_weights", gradient[3:], 0.01, slice(3, 9))])
        else:
            for optimiser in (whole, apart):
                optimiser.step([first])
    torch.testing.assert_close(network.code_weights, alone.code_weights, rtol=1e-6, atol=1e-8)


def test_parameters_are_stepped_together_as_one_by_one():
    networks = [
        Network.from_random_weights(WIDTHS, SIZES, (5, 4), skip=np.zeros(9), scaled=True)
        for _ in range(2)
    ]
    together, apart = (SparseAdamW(network, weight_decay=0.1) for network in networks)
    for step in range(4):
        gradients = [
            RowGradient(name, DeviceGenerator(step).normal(*values.shape), 0.01 * (1 + number % 2))
            for number, (name, values) in enumerate(together.parameters.items())
        ]
        together.step(gradients)
        for gradient in gradients:
            apart.step([gradient])
    for name, values in together.parameters.items():
        assert torch.equal(values, apart.parameters[name]), name


def test_draw_repeats_rows_and_weights_do_the_same():
    """One full batch: drawing a row three times is weighing it three times."""
    rows, y = rows_and_labels(40)
    counts = np.where(y == 1, 3, 1)
    results = []
    for draw, weight in ((np.repeat(np.arange(40), counts), None), (None, counts)):
        network = Network.from_random_weights(WIDTHS, SIZES, (5,), random_state=0)
        finetune(
            network,
            rows,
            y,
            draw=draw,
            sample_weight=weight,
            epochs=3,
            batch_size=1000,
            random_state=0,
        )
        results.append(network.logits(rows))
    np.testing.assert_allclose(results[0], results[1], atol=1e-4)


def test_the_best_epoch_is_kept():
    rows, y = rows_and_labels(80, seed=1)
    rows_val, y_val = rows_and_labels(300, seed=2)
    network = Network.from_random_weights(WIDTHS, SIZES, (64, 32))
    curve = finetune(
        network,
        rows,
        y,
        validation=(rows_val, y_val, None),
        epochs=200,
        patience=4,
        learning_rate=0.02,
        batch_size=16,
        random_state=0,
    )
    losses = [record["validation_loss"] for record in curve]
    assert len(losses) == int(np.argmin(losses)) + 1 + 4
    assert log_loss(network, LabelledRows.of(rows_val, y_val, None)) == pytest.approx(min(losses))


def test_fine_tuning_is_repeatable_and_touches_no_global_state():
    rows, y = rows_and_labels(100)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    results = []
    for _ in range(2):
        network = Network.from_random_weights(WIDTHS, SIZES, (5,), dropout=0.3, random_state=0)
        finetune(network, rows, y, epochs=3, random_state=0)
        results.append(network.logits(rows))
    np.testing.assert_array_equal(*results)
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_keeps_the_mean_and_is_off_without_a_generator():
    network = Network.from_random_weights(WIDTHS, SIZES, (200,), dropout=0.4, random_state=0)
    rows, _ = rows_and_labels(1, missing=0.0)
    batch = NetworkBatch(rows, network.groups)
    plain = float(network(batch))
    assert plain == float(network(batch))
    generator = DeviceGenerator(0)
    noisy = torch.tensor([float(network(batch, generator=generator)) for _ in range(2000)])
    assert abs(float(noisy.mean()) - plain) < 4 * float(noisy.std()) / 2000**0.5
    assert noisy.std() > 0


def test_logits_do_not_depend_on_the_batch():
    network = Network.from_dbn(a_dbn())
    rows, _ = rows_and_labels(64, missing=0.3)
    alone = np.concatenate([network.logits(rows.take(np.array([row]))) for row in range(64)])
    np.testing.assert_allclose(alone, network.logits(rows), rtol=1e-6, atol=1e-7)
    dbn = a_dbn()
    alone = np.concatenate([dbn.transform(rows.take(np.array([row]))) for row in range(64)])
    np.testing.assert_array_equal(alone, dbn.transform(rows))
    assert upward_pass(dbn.rbms_, rows).dtype == torch.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r, y: finetune(net(), r, y[:-1]), r"one label per row means \(400,\)"),
        (lambda r, y: finetune(net(), r, y + 1), "labels are 0 or 1"),
        (
            lambda r, y: finetune(net(), r, y, validation=(r, y[:-1], None)),
            r"y_val has shape \(399,\); one label per row means \(400,\)",
        ),
        (lambda r, y: finetune(net(), r, y, schedule="cosin"), "schedule='cosin' is not one of"),
        (lambda r, y: Network.from_random_weights(WIDTHS, SIZES, (4,), dropout=1.0), "dropout=1.0"),
        (
            lambda r, y: Network.from_random_weights(WIDTHS, SIZES, (4,), skip=[1.0]),
            r"one value per level means \(9,\)",
        ),
        (
            lambda r, y: Network.from_random_weights(WIDTHS, SIZES, (4,), activation="tanh"),
            "activation='tanh'",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(*rows_and_labels())


def net() -> Network:
    return Network.from_random_weights(WIDTHS, SIZES, (4,))


def test_dbn_samples_look_like_the_rows():
    generator = np.random.default_rng(0)
    one = generator.random(2000) < 0.5
    rows = Visible.of(
        binary=np.column_stack([one, one, ~one]), codes=one.astype(int)[:, None] * 2, sizes=(3,)
    )
    dbn = DBN((8, 6), epochs=60, learning_rate=0.1, random_state=0).fit(rows)
    drawn = dbn.sample(2000, sweeps=200, random_state=0)
    assert np.mean(drawn.binary[:, 0] == drawn.binary[:, 1]) > 0.85
    assert np.mean(drawn.binary[:, 0] == drawn.binary[:, 2]) < 0.15
    assert np.mean((drawn.codes[:, 0] == 2) == (drawn.binary[:, 0] == 1)) > 0.85


def test_trained_factors_of_inputs_are_folded_into_the_record():
    rows, y = rows_and_labels(600)
    net = Network.from_random_weights(rows.widths, rows.sizes, (8,), scaled=True, random_state=0)
    plain = Network.from_random_weights(rows.widths, rows.sizes, (8,), random_state=0)
    np.testing.assert_array_equal(net.logits(rows), plain.logits(rows))
    finetune(net, rows, y, epochs=10, learning_rate=0.01, random_state=0)
    scale = net.scale.detach().numpy()
    assert scale[0] > scale[1]  # the first number matters, the second does not
    np.testing.assert_allclose(logits(net.record(), rows), net.logits(rows), atol=1e-5)


def test_a_cosine_schedule_that_ends_early_is_the_start_of_the_whole_one():
    X = np.random.default_rng(0).integers(0, 2, (200, 3)).astype(np.float32)
    seen: dict[int | None, list[np.ndarray]] = {}
    for until in (2, None):
        net = Network.from_random_weights((0, 3, 0), (), (4,), random_state=0)
        seen[until] = []
        finetune(
            net,
            X,
            X[:, 0],
            epochs=4,
            until=until,
            schedule="cosine",
            random_state=0,
            callbacks=[lambda net, _, kept=seen[until]: kept.append(net.logits(X))],
        )
    assert (len(seen[2]), len(seen[None])) == (2, 4)
    np.testing.assert_array_equal(seen[2][1], seen[None][1])
    moves = [np.abs(b - a).max() for a, b in pairwise(seen[None])]
    assert moves[0] > 3 * moves[2]


@pytest.mark.parametrize("pretrain", [True, False])
def test_a_network_stage_has_the_activations_of_its_units_with_and_without_pretraining(pretrain):
    rows, y = rows_and_labels(80)
    dbn = DBN((5, 4), hidden=("relu", "bernoulli"), epochs=1)
    stage = NetworkStage(pretrain=pretrain, dbn=dbn, finetune=FineTune(epochs=1)).fit(
        rows, y, random_state=0
    )
    assert list(stage.network_.activations) == ["relu", "sigmoid"]


def test_units_that_do_not_exist_are_refused_without_pretraining_too():
    stage = NetworkStage(pretrain=False, dbn=DBN((5,), hidden="rely"))
    with pytest.raises(ValueError, match="hidden='rely' is not one of 'bernoulli', 'relu'"):
        stage.fit(*rows_and_labels(80), random_state=0)
    with pytest.raises(ValueError, match="activation='rely' is not one of 'sigmoid', 'relu'"):
        Network.from_random_weights((1, 0, 0), (), (2,), activation=["rely"])
