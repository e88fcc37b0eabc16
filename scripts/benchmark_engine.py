"""Measure the Boltzmann engine beside its peers, on one thread.

Every contender trains the same machine on the same rows by CD-1 for the same number of epochs:
ours without momentum, weight decay and centering, as the peers go, and once with its defaults. The
contenders take turns within a round, each figure is the median over rounds of the ratio within a
round, and the last line printed is one JSON object:

cd1_floor_ratio   our epoch over its five matrix products; 20,000 x 256 binary units -> 128;
                  reconstructions keep their probabilities (Hinton, 2012, section 3.2)
cd1_floor_ratio_sampled    the same with sampled reconstructions, as all figures below
cd1_floor_ratio_defaults   the same with our defaults
cd1_vs_sklearn    scikit-learn's BernoulliRBM (float32, persistent chains) over ours
cd1_vs_rbms       rbms' Bernoulli machine (one Gibbs step from the data) over ours
codes_vs_sklearn  50,000 x 100 groups of 64 levels -> 128: BernoulliRBM on CSR over ours
codes_vs_rbms     rbms' Potts machine over ours
codes_vs_sklearn_defaults  the former with our defaults
codes_extra_mb    growth of peak memory over the loaded data while ours trains on codes
row_exponent      slope of log seconds per epoch over log rows at 100k, 200k and 400k rows

    python scripts/benchmark_engine.py [--rounds 5] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"  # before the libraries read it

import numpy as np  # noqa: E402
import torch  # noqa: E402
from measuring import Taken, apart, clocked, exponent, medians, peak_mb, ratio, rounds_of  # noqa: E402

from dbnchurn.dbn.dbn import DBN  # noqa: E402
from dbnchurn.dbn.random import DeviceGenerator  # noqa: E402
from dbnchurn.dbn.training import Training, train  # noqa: E402
from dbnchurn.dbn.visible import Visible  # noqa: E402

BATCH = 256
N_HIDDEN = 128
DENSE_ROWS, N_BINARY = 20_000, 256
CODE_ROWS, N_GROUPS, N_LEVELS = 50_000, 100, 64
SCALING_ROWS = (100_000, 200_000, 400_000)

Contender = Callable[[], float]
"""Trains, and returns its wall seconds."""

PLAIN = {"momentum": 0.0, "first_momentum": 0.0, "weight_decay": 0.0, "centering": False}
"""Contrastive divergence and nothing else, as the peers do it."""


def trained(rows: Visible, n_hidden: int, **settings: object) -> Training:
    """A trained machine: the defaults of a DBN, but for the settings given."""
    defaults = DBN().training_settings()[0]
    return train(
        rows,
        replace(defaults, batch_size=BATCH, **settings),
        n_hidden=n_hidden,
        hidden="bernoulli",
        generator=DeviceGenerator(0),
    )


def ours(rows: Visible, epochs: int, **settings: object) -> Contender:
    """Our whole training: start, epochs, records."""
    return clocked(lambda: trained(rows, N_HIDDEN, epochs=epochs, **settings))


def matrix_products(values: np.ndarray, epochs: int) -> Contender:
    """The five products that CD-1 cannot do without, over the rows as they lie."""
    rows = torch.from_numpy(values)
    weights, h = torch.rand(N_BINARY, N_HIDDEN), torch.rand(BATCH, N_HIDDEN)

    def run() -> None:
        for v in list(rows.split(BATCH)) * epochs:
            v @ weights  # hidden field of the data
            reconstruction = h[: len(v)] @ weights.T  # visible field
            reconstruction @ weights  # hidden field of the reconstruction
            v.T @ h[: len(v)]  # statistics of the data
            reconstruction.T @ h[: len(v)]  # statistics of the reconstruction

    return clocked(run)


def scikit_learn(rows: object, epochs: int) -> Contender:
    """BernoulliRBM on a dense float32 or a CSR matrix."""
    from sklearn.neural_network import BernoulliRBM

    return clocked(
        lambda: BernoulliRBM(
            N_HIDDEN, batch_size=BATCH, n_iter=epochs, learning_rate=0.01, random_state=0
        ).fit(rows)
    )


def rbms(values: np.ndarray, epochs: int, levels: int | None) -> Contender:
    """The update step of rbms' own training loop, without its logging to HDF5."""
    from rbms.bernoulli_bernoulli.classes import BBRBM
    from rbms.dataset.dataset_class import RBMDataset
    from rbms.potts_bernoulli.classes import PBRBM
    from rbms.potts_bernoulli.utils import ensure_zero_sum_gauge
    from rbms.training.pcd import fit_batch_pcd

    n = len(values)
    data = RBMDataset(
        values, np.zeros(n), np.ones(n), np.arange(n), "bench", levels is None, device="cpu"
    )

    def run() -> None:
        torch.manual_seed(0)
        machine = (BBRBM if levels is None else PBRBM).init_parameters(
            num_hiddens=N_HIDDEN, dataset=data, device="cpu", dtype=torch.float32
        )
        for parameter in machine.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimiser = torch.optim.SGD(machine.parameters(), lr=0.01, maximize=True)
        with torch.no_grad():
            for _ in range(epochs):
                order = torch.randperm(n)
                for index in order.split(BATCH):
                    batch = data.data[index], data.weights[index]
                    chains = machine.init_chains(len(index), weights=batch[1], start_v=batch[0])
                    optimiser.zero_grad(set_to_none=False)
                    fit_batch_pcd(batch, chains, machine, gibbs_steps=1, beta=1.0)
                    optimiser.step()
                    if levels is not None:
                        ensure_zero_sum_gauge(machine)

    return clocked(run)


def report(title: str, taken: Taken, epochs: int) -> None:
    """Print the median seconds per epoch of every contender."""
    print(title)
    for name, seconds in medians(taken).items():
        print(f"  {name:<16} {seconds / epochs:8.4f} s per epoch")


def dense_figures(rounds: int) -> dict[str, float]:
    """CD-1 on binary units."""
    generator = np.random.default_rng(0)
    values = (generator.random((DENSE_ROWS, N_BINARY)) < 0.3).astype(np.float32)
    epochs = 5
    taken = rounds_of(
        {
            "matrix products": matrix_products(values, epochs),
            "ours, mean field": ours(Visible.of(binary=values), epochs, mean_field=True, **PLAIN),
            "ours": ours(Visible.of(binary=values), epochs, **PLAIN),
            "ours, defaults": ours(Visible.of(binary=values), epochs),
            "scikit-learn": scikit_learn(values, epochs),
            "rbms": rbms(values, epochs, None),
        },
        rounds,
    )
    report(f"CD-1, {DENSE_ROWS:,} x {N_BINARY} -> {N_HIDDEN}, batch {BATCH}", taken, epochs)
    return {
        "cd1_floor_ratio": ratio(taken, "ours, mean field", "matrix products"),
        "cd1_floor_ratio_sampled": ratio(taken, "ours", "matrix products"),
        "cd1_floor_ratio_defaults": ratio(taken, "ours, defaults", "matrix products"),
        "cd1_vs_sklearn": ratio(taken, "scikit-learn", "ours"),
        "cd1_vs_rbms": ratio(taken, "rbms", "ours"),
    }


def some_codes(n: int) -> np.ndarray:
    """Codes of `N_GROUPS` groups, uint8 to keep them small."""
    return np.random.default_rng(0).integers(0, N_LEVELS, (n, N_GROUPS), dtype=np.uint8)


def visible_codes(codes: np.ndarray) -> Visible:
    """The codes as a visible layer."""
    return Visible.of(codes=codes, sizes=(N_LEVELS,) * N_GROUPS)


def code_figures(n: int, rounds: int) -> dict[str, float]:
    """CD-1 on softmax groups."""
    from scipy.sparse import csr_matrix

    codes = some_codes(n)
    levels = codes + np.arange(0, N_GROUPS * N_LEVELS, N_LEVELS, dtype=np.int32)
    starts = np.arange(0, levels.size + 1, N_GROUPS)
    one_hot = csr_matrix(
        (np.ones(levels.size, np.float32), levels.ravel(), starts), (n, N_GROUPS * N_LEVELS)
    )
    taken = rounds_of(
        {
            "ours": ours(visible_codes(codes), 1, **PLAIN),
            "ours, defaults": ours(visible_codes(codes), 1),
            "scikit-learn": scikit_learn(one_hot, 1),
            "rbms": rbms(codes.astype(np.float32), 1, N_LEVELS),
        },
        rounds,
    )
    report(f"CD-1, {n:,} x {N_GROUPS} groups of {N_LEVELS} -> {N_HIDDEN}", taken, 1)
    return {
        "codes_vs_sklearn": ratio(taken, "scikit-learn", "ours"),
        "codes_vs_rbms": ratio(taken, "rbms", "ours"),
        "codes_vs_sklearn_defaults": ratio(taken, "scikit-learn", "ours, defaults"),
    }


def extra_memory(n: int) -> float:
    """Growth of peak memory while training on codes, measured in this process."""
    rows = visible_codes(some_codes(n))
    ours(rows.take(np.arange(BATCH)), 1)()
    before = peak_mb()
    ours(rows, 1)()
    return peak_mb() - before


def extra_memory_apart(n: int) -> float:
    """:func:`extra_memory` in a fresh process, where no peer has raised the peak before."""
    return round(apart(__file__, "--memory", n), 1)


def row_exponent(sizes: tuple[int, ...], rounds: int) -> float:
    """Slope of log seconds per epoch over log rows, from the median of interleaved rounds."""
    generator = np.random.default_rng(0)
    values = (generator.random((sizes[-1], 64)) < 0.3).astype(np.float32)
    tables = {str(n): Visible.of(binary=values[:n]) for n in sizes}
    taken = rounds_of({n: partial(epoch_seconds, table) for n, table in tables.items()}, rounds)
    report("Seconds per epoch by rows, 64 binary units", taken, 1)
    return exponent(sizes, list(medians(taken).values()))


def epoch_seconds(rows: Visible) -> float:
    """Seconds of one epoch, the start of the machine left out."""
    return trained(rows, 64, epochs=1).curve[-1]["seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the warm-up")
    parser.add_argument("--quick", action="store_true", help="fewer rows: a rough picture")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.memory:
        print(extra_memory(options.memory))
        return
    n_codes = CODE_ROWS // 10 if options.quick else CODE_ROWS
    scaling = tuple(n // 10 for n in SCALING_ROWS) if options.quick else SCALING_ROWS
    figures = dense_figures(options.rounds)
    figures |= code_figures(n_codes, min(options.rounds, 3))
    figures["codes_extra_mb"] = extra_memory_apart(n_codes)
    figures["row_exponent"] = row_exponent(scaling, min(options.rounds, 3))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
