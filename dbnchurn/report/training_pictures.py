"""Pictures of training: the Boltzmann machines one after another, then the whole network."""

from __future__ import annotations

from dbnchurn.report.canvas import COLOURS, MARK, Canvas, Picture
from dbnchurn.report.content import FineTuning, Pretraining, ReportInput

SIZE = (5.4, 2.9)


def training_pictures(run: ReportInput) -> list[Picture]:
    """Two pictures per machine (as far as it has curves) and one of fine-tuning."""
    drawn = []
    for machine in run.pretraining:
        if machine.reconstruction_error:
            drawn.append(reconstruction(machine))
        if machine.free_energy_gap:
            drawn.append(free_energy(machine))
    if run.fine_tuning is not None and run.fine_tuning.train_loss:
        drawn.append(fine_tuning(run.fine_tuning))
    return drawn


def reconstruction(machine: Pretraining) -> Picture:
    """Reconstruction error per epoch."""
    error = machine.reconstruction_error
    with Canvas("Epoch", "Reconstruction error", SIZE) as c:
        c.whole_numbers()
        c.axes.plot(_epochs(error), error, color=COLOURS[0], marker="o", ms=3)
        return c.picture(
            f"{machine.name}: error of rebuilding its input",
            "It should fall quickly and then level off; a rise means that the learning rate is "
            "too high.",
            f"Reconstruction error over {len(error)} epochs, from {error[0]:.4g} to "
            f"{error[-1]:.4g}.",
        )


def free_energy(machine: Pretraining) -> Picture:
    """Free-energy gap per epoch."""
    gap = machine.free_energy_gap
    with Canvas("Epoch", "Free energy, validation − training", SIZE) as c:
        c.whole_numbers()
        c.axes.plot(_epochs(gap), gap, color=COLOURS[0], marker="o", ms=3)
        c.axes.axhline(0, color=MARK, lw=0.9, ls=":", label="no overfitting")
        c.legend()
        return c.picture(
            f"{machine.name}: does it know training customers better than new ones?",
            "Around zero it does not; a gap that grows from epoch to epoch is overfitting.",
            f"Free-energy gap over {len(gap)} epochs, from {gap[0]:.4g} to {gap[-1]:.4g}.",
        )


def fine_tuning(curves: FineTuning) -> Picture:
    """Losses per epoch."""
    train, validation = curves.train_loss, curves.validation_loss
    with Canvas("Epoch", "Loss (nats per customer)", SIZE) as c:
        c.whole_numbers()
        c.axes.plot(_epochs(train), train, color=COLOURS[0], marker="o", ms=3, label="training")
        if validation:
            c.axes.plot(
                _epochs(validation),
                validation,
                color=COLOURS[1],
                marker="s",
                ms=3,
                ls="--",
                label="validation",
            )
        if curves.best_epoch is not None:
            c.axes.axvline(
                curves.best_epoch, color=MARK, lw=1, label=f"kept: epoch {curves.best_epoch}"
            )
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


def _epochs(values: object) -> range:
    return range(1, len(values) + 1)  # type: ignore[arg-type]
