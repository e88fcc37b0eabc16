"""Fine-tuning: continued after an interruption, and with a bound on the rows of an epoch."""

import numpy as np
import pytest
import torch

from dbnchurn.dbn.finetune import FineTune
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.rows import minibatch_rows
from dbnchurn.dbn.visible import Visible
from tests.dbn.machines import finetune

RNG = np.random.default_rng(0)
N = 300
ROWS = Visible.of(gaussian=RNG.normal(size=(N, 3)), codes=RNG.integers(-1, 4, (N, 2)), sizes=(4, 4))
Y = (ROWS.gaussian[:, 0] + (ROWS.codes[:, 1] == 2) > 0.5).astype(np.float32)


def network() -> Network:
    skip = np.linspace(-1, 1, 8)
    return Network.from_random_weights(
        ROWS.widths, ROWS.sizes, (6, 4), dropout=0.2, skip=skip, random_state=1
    )


def trained(net: Network, **settings):
    settings = {"epochs": 6, "batch_size": 32, "random_state": 3, **settings}
    validation = ROWS.take(np.arange(60)), Y[:60], None
    return finetune(net, ROWS, Y, validation=validation, **settings)


class PowerCut(Exception):
    pass


@pytest.mark.parametrize("stop_at", [1, 3, 6])
@pytest.mark.parametrize("learning_rate", [1e-3, 0.5])  # the second stops early
def test_continuing_is_the_same_as_never_stopping(tmp_path, stop_at, learning_rate):
    whole, part, again = network(), network(), network()
    settings = {"learning_rate": learning_rate, "patience": 2}
    curve = trained(whole, **settings)
    stop_at = min(stop_at, len(curve))

    def cut(_, record):
        if record["epoch"] == stop_at:
            raise PowerCut

    path = tmp_path / "network.npz"
    with pytest.raises(PowerCut):
        trained(part, checkpoint=path, callbacks=[cut], **settings)
    continued = trained(again, checkpoint=path, **settings)
    for ours, theirs in zip(continued, curve, strict=True):
        assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}
    for (name, ours), (_, theirs) in zip(
        again.named_parameters(), whole.named_parameters(), strict=True
    ):
        assert torch.equal(ours, theirs), name


def test_a_finished_training_is_not_trained_further(tmp_path):
    first, second = network(), network()
    path = tmp_path / "network.npz"
    curve = trained(first, checkpoint=path)
    before = path.stat().st_mtime_ns
    assert trained(second, checkpoint=path) == curve
    assert path.stat().st_mtime_ns == before
    assert torch.equal(first.head, second.head)


def test_an_epoch_has_its_bound():
    seen = []

    class Counting:
        sizes, widths = ROWS.sizes, ROWS.widths

        def __len__(self):
            return N

        def take(self, rows):
            seen.append(rows)
            return ROWS.take(rows)

    finetune(network(), Counting(), Y, epochs=3, batch_size=32, epoch_rows=100, random_state=0)
    drawn = np.concatenate(seen)
    assert len(drawn) == 3 * 100
    epochs = drawn.reshape(3, 100)
    assert all(len(np.unique(epoch)) == 100 for epoch in epochs)
    assert len(np.unique(drawn)) > 180  # anew every time: 211 are expected


def test_a_bound_above_the_rows_changes_nothing():
    plain, bounded = network(), network()
    curves = [trained(plain), trained(bounded, epoch_rows=N)]
    assert [r["loss"] for r in curves[0]] == [r["loss"] for r in curves[1]]


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_a_limited_epoch_keeps_to_blocks_and_repeats(limit):
    blocks = np.repeat([0, 1, 2], [5, 25, 20])
    draw = np.repeat(np.arange(50), 2)
    parts = list(
        minibatch_rows(50, 4, np.random.default_rng(0), blocks=blocks, draw=draw, limit=limit)
    )
    assert sum(map(len, parts)) == limit
    assert all(len(np.unique(blocks[part])) == 1 for part in parts)


@pytest.mark.parametrize(("n", "steps"), [(300, 5), (6400, 50), (60_000, 59)])
def test_the_default_batch_is_a_fiftieth_of_the_rows_within_bounds(n, steps):
    """At least 64 rows, at most 1,024."""
    counted = []

    class Counting:
        sizes, widths = (), (0, 1, 0)

        def __len__(self):
            return n

        def take(self, rows):
            counted.append(len(rows))
            return Visible.of(binary=np.zeros((len(rows), 1)))

    net = Network.from_random_weights((0, 1, 0), (), (2,), random_state=0)
    FineTune(epochs=1).fit(net, Counting(), np.zeros(n), random_state=0)
    assert len(counted) == steps
