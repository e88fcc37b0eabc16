"""Pictures of training: the Boltzmann machines one after another, then the whole network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dbnchurn.core.html.figure import COLOURS, MARK, Canvas
from dbnchurn.core.html.format import cut, percent
from dbnchurn.core.html.picture import Picture
from dbnchurn.report.report_input import FineTuning, Pretraining, ReportInput, Weights

SIZE = (5.0, 2.8)
LONGEST = 34  # characters of a unit's name


def training_pictures(run: ReportInput) -> list[Picture]:
    """Up to three pictures per machine, the first one's weights, and fine-tuning."""
    drawn = []
    for machine in run.pretraining:
        if machine.reconstruction_error:
            drawn.append(reconstruction(machine))
        if machine.free_energy_gap:
            drawn.append(free_energy(machine))
        if machine.dead:
            drawn.append(idle(machine))
    if run.weights is not None and run.weights.units:
        drawn.append(weights(run.weights))
    if run.fine_tuning is not None and run.fine_tuning.train_loss:
        drawn.append(fine_tuning(run.fine_tuning))
    return drawn


def reconstruction(machine: Pretraining) -> Picture:
    """Reconstruction error per epoch."""
    error = machine.reconstruction_error
    with Canvas("Epoch", "Mean error per visible unit", SIZE) as c:
        c.whole_numbers()
        _per_epoch(c, error)
        return c.picture(
            f"{machine.name}: error of rebuilding its input",
            "It should fall quickly and then level off; a rise means that the learning rate is "
            f"too high.{_learned(machine)}",
            f"Reconstruction error over {len(error)} epochs, from {error[0]:.4g} to "
            f"{error[-1]:.4g}.",
        )


def _learned(machine: Pretraining) -> str:
    """What the machine learned in numbers, as further sentences."""
    text = ""
    if machine.pseudo_likelihood:
        before, after = machine.pseudo_likelihood
        text += (
            f" The pseudo-likelihood of held-out customers was {before:.4g} before and is "
            f"{after:.4g} after pretraining: higher is better."
        )
    if machine.code_spread:
        text += (
            " From customer to customer a hidden unit varies by a standard deviation of "
            f"{machine.code_spread[-1]:.2g}: near 0 it would tell nothing."
        )
    return text


def free_energy(machine: Pretraining) -> Picture:
    """Free-energy gap per epoch."""
    gap = machine.free_energy_gap
    with Canvas("Epoch", "Free-energy gap (nats)", SIZE) as c:
        c.whole_numbers()
        _per_epoch(c, gap)
        c.axes.axhline(0, color=MARK, lw=0.9, ls=":", label="no overfitting")
        c.legend()
        return c.picture(
            f"{machine.name}: does it know training customers better than new ones?",
            "The gap is the mean free energy of validation customers minus that of training ones: "
            "around zero it does not, and a gap that grows from epoch to epoch is overfitting.",
            f"Free-energy gap over {len(gap)} epochs, from {gap[0]:.4g} to {gap[-1]:.4g}.",
        )


def idle(machine: Pretraining) -> Picture:
    """Shares of hidden units that say the same of every customer."""
    with Canvas("Epoch", "Share of the hidden units", SIZE) as c:
        c.whole_numbers()
        _per_epoch(c, machine.dead, "dead: off for all customers")
        if not machine.rectified and machine.saturated:
            _per_epoch(c, machine.saturated, "saturated: on for all customers", second=True)
        c.axes.set_ylim(-0.02, max(0.1, 1.15 * max([*machine.dead, *machine.saturated])))
        c.percents("y")
        c.legend()
        return c.picture(
            f"{machine.name}: units that say the same of every customer",
            "Close to 0 % is good; a dead or saturated unit tells nothing, and many of them mean "
            "that the machine is too large or learns too fast.",
            f"Dead hidden units: {percent(machine.dead[-1])} after the last epoch"
            + ("." if machine.rectified else f", saturated {percent(machine.saturated[-1])}."),
        )


def weights(top: Weights) -> Picture:
    """Heatmap of the strongest weights of the first machine."""
    values = np.asarray(top.weights, np.float64)
    # A few outliers must not make all others pale.
    limit = float(np.quantile(np.abs(values), 0.98)) or 1.0
    with Canvas(
        "Hidden unit (number)",
        "Input: a column, or a range or level of it",
        (5.0, 1.2 + 0.19 * len(values)),
    ) as c:
        image = c.axes.imshow(
            values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
        )
        c.axes.set_yticks(range(len(top.units)), [cut(name, LONGEST) for name in top.units])
        c.axes.set_xticks(range(len(top.hidden)), [str(number) for number in top.hidden])
        c.axes.tick_params(axis="both", labelsize=7, length=0)
        c.axes.tick_params(axis="x", rotation=90)
        c.axes.grid(visible=False)
        bar = c.figure.colorbar(image, ax=c.axes, location="top", aspect=40, pad=0.01)
        bar.set_label("Weight", fontsize=8)
        bar.ax.tick_params(labelsize=7)
        leaves = (
            f" Leaves of the boosters, which are not shown, hold {percent(top.leaf_share)} of "
            "the squared weights."
            if top.leaf_share
            else ""
        )
        return c.picture(
            "What the first machine has learned from the columns: its strongest weights",
            "Red cells push a hidden unit on and blue cells off; a column of the picture with "
            f"several strong cells is a pattern of customers. The {len(top.units)} strongest of "
            f"{top.of_units:,} inputs and {len(top.hidden)} of {top.of_hidden:,} hidden "
            f"units.{leaves}",
            f"Heatmap of the weights between {len(top.units)} inputs and {len(top.hidden)} "
            f"hidden units; the strongest inputs are {', '.join(top.units[:5])}.",
        )


def fine_tuning(curves: FineTuning) -> Picture:
    """Losses per epoch."""
    train, validation = curves.train_loss, curves.validation_loss
    with Canvas("Epoch", "Loss (nats per customer)", SIZE) as c:
        c.whole_numbers()
        _per_epoch(c, train, "training")
        if validation:
            _per_epoch(c, validation, "validation", second=True)
        if curves.best_epoch is not None:
            kept = f"epoch {curves.best_epoch}" if curves.best_epoch else "the start"
            c.axes.axvline(curves.best_epoch, color=MARK, lw=1, label=f"kept: {kept}")
        c.legend()
        return c.picture(
            "Fine-tuning of the whole network",
            "Training stops when the validation loss no longer falls, and the best epoch is kept; "
            "the two losses differ in level where training rows were oversampled.",
            f"Loss over {len(train)} epochs; training from {train[0]:.4g} to {train[-1]:.4g}"
            + (
                f", validation from {validation[0]:.4g} to {validation[-1]:.4g}."
                if validation
                else "."
            ),
        )


def _per_epoch(c: Canvas, values: Sequence[float], label: str = "", second: bool = False) -> None:
    """A line over the epochs, counted from 1."""
    look = {"color": COLOURS[1], "marker": "s", "ls": "--"} if second else {"marker": "o"}
    c.axes.plot(
        range(1, len(values) + 1), values, **{"color": COLOURS[0], "ms": 3, "label": label, **look}
    )
