"""Draw the pictures of docs/engine.md.

    python scripts/draw_engine.py

Prints what they show in numbers. Takes about a minute on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import torch

from dbnchurn.dbn.dbn import DBN
from dbnchurn.dbn.likelihood import log_likelihood
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.training import Training
from dbnchurn.dbn.visible import Visible

IMAGES = Path(__file__).parents[1] / "docs" / "images"
BLUE, ORANGE, GREY = "#2a6fbb", "#d9731a", "#8a8a8a"
SIDE = 4


def bars_and_stripes(side: int) -> np.ndarray:
    """All pictures of full rows, and all of full columns: 2 · 2^side of them, flattened."""
    lines = (np.arange(2**side)[:, None] >> np.arange(side)) & 1
    bars = np.repeat(lines[:, :, None], side, axis=2)
    both = np.concatenate([bars, bars.transpose(0, 2, 1)])
    return both.reshape(len(both), -1).astype(np.float32)


def save(figure: plt.Figure, folder: Path, name: str) -> None:
    """Write one picture."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.png", dpi=130, bbox_inches="tight")
    plt.close(figure)


def show(axis: plt.Axes, values: np.ndarray, **options: object) -> None:
    """One small square picture without ticks."""
    axis.imshow(values.reshape(SIDE, SIDE), **options)
    axis.set_xticks([])
    axis.set_yticks([])


def draw_bars(folder: Path) -> None:
    """Learned features, the way to the best likelihood, and samples, on bars and stripes."""
    patterns = bars_and_stripes(SIDE)
    rows = Visible.of(binary=np.tile(patterns, (16, 1)))
    best = float(np.mean(np.log([2 / 32 if p.min() == p.max() else 1 / 32 for p in patterns])))
    epochs, likelihoods = [], []

    def watch(training: Training) -> None:
        epoch = len(training.curve)
        if epoch == 1 or epoch % 50 == 0:
            epochs.append(epoch)
            found = log_likelihood(training.rbm, Visible.of(binary=patterns))
            likelihoods.append(float(found.mean()))

    dbn = DBN(
        (16,),
        epochs=3000,
        batch_size=512,
        learning_rate=0.2,
        schedule="linear",
        momentum=0.5,
        cd_k=10,
        persistent=True,
        weight_decay=0.0,
        random_state=0,
    )
    rbm = dbn.fit(rows, callbacks=[watch]).rbms_[0]
    drawn = rbm.visible_rows(rbm.sample(2000, DeviceGenerator(1), sweeps=2000)).binary
    right = np.mean([(patterns == sample).all(1).any() for sample in drawn])
    print(f"bars and stripes {SIDE}x{SIDE}: best mean log-likelihood {best:.3f}, ", end="")
    print(f"reached {likelihoods[-1]:.3f}; {right:.1%} of 2000 samples are bars or stripes")

    figure, axes = plt.subplots(2, 8, figsize=(8, 2.2))
    limit = float(rbm.weights["binary"].abs().max())
    for unit, axis in enumerate(axes.flat):
        weights = rbm.weights["binary"][:, unit].numpy()
        show(axis, weights, cmap="RdBu_r", vmin=-limit, vmax=limit)
    figure.suptitle("Weights of the 16 hidden units (red: +, blue: −)", fontsize=10)
    save(figure, folder, "engine_features")

    figure, axis = plt.subplots(figsize=(5.5, 3))
    axis.plot(epochs, likelihoods, color=BLUE, label="exact mean log-likelihood")
    axis.axhline(best, color=GREY, linestyle="--", label=f"best possible, {best:.2f}")
    axis.set(xlabel="epoch", ylabel="nats per row")
    axis.legend(frameon=False, loc="lower right")
    axis.spines[["top", "right"]].set_visible(False)
    save(figure, folder, "engine_likelihood")

    figure, axes = plt.subplots(2, 10, figsize=(8, 1.9))
    for sample, axis in zip(drawn, axes.flat, strict=False):
        show(axis, sample, cmap="Greys", vmin=0, vmax=1)
    figure.suptitle(f"First 20 of 2,000 samples; {right:.0%} are bars or stripes", fontsize=10)
    save(figure, folder, "engine_samples")


def draw_gap(folder: Path) -> None:
    """The free-energy gap on few rows and on many."""
    generator = np.random.default_rng(0)
    teacher = RBM.create((0, 40, 0), n_hidden=8, weight_scale=0.8, generator=DeviceGenerator(5))
    figure, axis = plt.subplots(figsize=(5.5, 3))
    for n, colour in ((100, ORANGE), (5000, BLUE)):
        rows, held_out = (
            teacher.visible_rows(teacher.sample(size, DeviceGenerator(seed), sweeps=300))
            for seed, size in ((1, n), (2, 1000))
        )
        dbn = DBN(
            (64,),
            epochs=200 if n == 100 else 60,
            batch_size=50,
            random_state=int(generator.integers(100)),
        )
        curve = dbn.fit(rows, X_val=held_out).curves_[0]
        gap = [record["free_energy_gap"] for record in curve]
        updates = np.arange(1, len(gap) + 1) * -(-n // 50)
        axis.plot(updates, gap, color=colour, label=f"{n:,} training rows")
        print(f"free-energy gap with {n} rows: {gap[0]:.2f} at first, {gap[-1]:.2f} at the end")
    axis.axhline(0, color=GREY, linewidth=0.8)
    axis.set(xlabel="updates", ylabel="gap in nats", xscale="log")
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    save(figure, folder, "engine_gap")


def draw_mixed(folder: Path) -> None:
    """Samples of all three kinds of units together against the distribution they learned from."""
    generator = np.random.default_rng(3)
    n = 20_000
    code = generator.choice(3, n, p=[0.5, 0.3, 0.2])
    flag = generator.random(n) < np.array([0.1, 0.5, 0.9])[code]
    real = generator.normal(np.array([-1.2, 0.2, 1.4])[code], 0.5)
    real = (real - real.mean()) / real.std()
    rows = Visible.of(gaussian=real[:, None], binary=flag[:, None], codes=code[:, None], sizes=(3,))
    dbn = DBN(
        (12,),
        epochs=120,
        batch_size=500,
        learning_rate=0.05,
        schedule="linear",
        momentum=0.5,
        cd_k=5,
        persistent=True,
        gaussian_rate=1.0,
        variance_rate=0.1,
        weight_decay=0.0,
        random_state=0,
    )
    rbm = dbn.fit(rows).rbms_[0]
    drawn = rbm.visible_rows(rbm.sample(n, DeviceGenerator(1), sweeps=500))
    figure, axes = plt.subplots(1, 3, figsize=(8.5, 2.6), sharey=True)
    bins = np.linspace(-3, 3, 40)
    for level, axis in enumerate(axes):
        for values, codes, colour, label in (
            (real, code, GREY, "data"),
            (drawn.gaussian[:, 0], drawn.codes[:, 0], BLUE, "samples"),
        ):
            picked = values[codes == level]
            weights = np.full(len(picked), 1 / n / (bins[1] - bins[0]))
            axis.hist(
                picked,
                bins,
                weights=weights,
                histtype="step",
                color=colour,
                linewidth=1.6,
                label=label,
            )
        shares = [
            np.mean(f[c == level])
            for f, c in ((flag, code), (drawn.binary[:, 0], drawn.codes[:, 0]))
        ]
        axis.set_title(
            f"level {level}: P(flag) {shares[0]:.2f} data, {shares[1]:.2f} samples", fontsize=8
        )
        axis.set_xlabel("real value")
        axis.spines[["top", "right"]].set_visible(False)
        drawn_share = np.mean(drawn.codes[:, 0] == level)
        print(f"mixed, level {level}: share {np.mean(code == level):.3f} data, ", end="")
        print(f"{drawn_share:.3f} samples; P(flag) {shares[0]:.3f} data, {shares[1]:.3f} samples")
    axes[0].set_ylabel("density")
    axes[0].legend(frameon=False, fontsize=8)
    sigma = float(torch.exp(0.5 * rbm.visible["gaussian"].log_variance)[0])
    spread = float(np.sqrt(np.mean([real[code == level].var() for level in range(3)])))
    print(f"mixed: learned σ {sigma:.3f}, standard deviation within a level {spread:.3f}")
    save(figure, folder, "engine_mixed")


def main() -> None:
    """Draw all of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=IMAGES, help="where the pictures go")
    folder = parser.parse_args().output
    torch.set_num_threads(1)
    plt.rcParams.update({"font.size": 9})
    for draw in (draw_bars, draw_gap, draw_mixed):
        draw(folder)


if __name__ == "__main__":
    main()
