"""The number of epochs follows from sizes alone, and enough of them to learn are made of it."""

import numpy as np
import pytest

from dbnchurn.dbn import DBN, Visible
from dbnchurn.dbn.epoch_count import FEWEST, MOST, STEPS, WORK, automatic_epochs
from dbnchurn.dbn.likelihood import pseudo_likelihood

LEARNED = 0.5  # share of what a training of several times the epochs reaches
N = 800


@pytest.mark.parametrize("n_rows", [100, 1_350, 20_000, 10**7])
def test_a_longer_training_has_more_epochs_within_the_same_work(n_rows):
    sizes = (n_rows, 128, 240, 128)
    once, longer = (automatic_epochs(*sizes, longer=factor) for factor in (1, 3))
    assert once <= longer <= 3 * MOST
    assert longer == 1 or longer * 240 * 128 * n_rows <= WORK
    assert longer <= 3 * once or once == FEWEST


def traits(generator, n):
    """Hidden traits of customers, which their columns show."""
    return generator.random((n, 4)) < 0.4


def indicators(generator, n):
    shown = traits(generator, n) @ generator.normal(0, 3, (4, 24)) - 1
    return Visible.of(binary=generator.random((n, 24)) < 1 / (1 + np.exp(-shown)))


def ladders(generator, n):
    amount = generator.exponential(1, (n, 3)).cumsum(axis=1)
    steps = np.clip(amount[:, :, None] - np.arange(5), 0, 1)
    return Visible.of(binary=steps.reshape(n, -1), gaussian=amount - amount.mean(0))


def categories(generator, n):
    plan = generator.integers(0, 5, n)
    other = np.where(
        generator.random((n, 4)) < 0.8, plan[:, None], generator.integers(0, 5, (n, 4))
    )
    return Visible.of(codes=other.astype(np.int32), sizes=(5,) * 4)


def mixed(generator, n):
    flags, plan = indicators(generator, n).binary, categories(generator, n)
    return Visible.of(binary=flags, codes=plan.codes, sizes=plan.sizes)


def with_gaps(generator, n):
    whole = mixed(generator, n)
    binary = np.where(generator.random(whole.binary.shape) < 0.2, np.nan, whole.binary)
    codes = np.where(generator.random(whole.codes.shape) < 0.2, -1, whole.codes)
    return Visible.of(binary=binary, codes=codes, sizes=whole.sizes)


KINDS = (indicators, ladders, categories, mixed, with_gaps)


def reached(rows, held_out, **settings):
    """Pseudo-likelihood of held-out rows before and after, and the machines."""
    dbn = DBN((16, 8), learning_rate=0.1, random_state=0, **settings).fit(rows, X_val=held_out)
    curve = dbn.curves_[0]
    return curve[0]["pseudo_likelihood_before"], curve[-1]["pseudo_likelihood"], dbn


@pytest.mark.parametrize(
    ("kind", "times"),
    [(mixed, 3)] + [pytest.param(kind, 10, marks=pytest.mark.long) for kind in KINDS],
)
def test_the_sizes_give_epochs_enough_to_learn_what_there_is(kind, times):
    generator = np.random.default_rng(1)
    whole = kind(generator, N)
    rows, held_out = whole.take(np.arange(N - 200)), whole.take(np.arange(N - 200, N))
    before, after, dbn = reached(rows, held_out, epochs="auto")
    _, at_length, _ = reached(rows, held_out, epochs=times * len(dbn.curves_[0]))
    assert at_length > before
    assert after - before > LEARNED * (at_length - before)
    for rbm, curve in zip(dbn.rbms_, dbn.curves_, strict=True):
        assert curve[-1]["code_spread"] > 0.05, rbm.n_hidden
    measured = pseudo_likelihood(dbn.rbms_[0], held_out).mean()
    assert after == pytest.approx(float(measured), rel=1e-5)
    assert (dbn.transform(held_out).std(axis=0) > 0.01).mean() > 0.5


@pytest.mark.parametrize("n_rows", [1, 127, 5_000, 10**6])
@pytest.mark.parametrize("n_visible", [1, 80, 10**5])
def test_epochs_lie_within_their_bounds(n_rows, n_visible):
    epochs = automatic_epochs(n_rows, 128, n_visible, 128)
    assert 1 <= epochs <= MOST
    assert epochs == 1 or epochs * n_rows * n_visible * 128 <= WORK
    if n_visible == 1:
        steps = epochs * -(-n_rows // 128)
        assert epochs in (FEWEST, MOST) or STEPS <= steps < STEPS + -(-n_rows // 128)


def test_a_stream_has_no_length_to_count_from():
    rows = Visible.of(binary=np.eye(4, dtype=np.float32))

    class Endless:
        sizes = ()

        def __iter__(self):
            return iter([rows])

    with pytest.raises(ValueError, match="epochs='auto' needs rows with a length"):
        DBN((2,), epochs="auto").fit(Endless())
