"""What an epoch of training is judged by, measured on small fixed sets of rows."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor

from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.units import Gaussian, Softmax, State

DEAD = 0.02
"""A Bernoulli unit is dead if no row of the set gives it more than this probability."""


def reconstruction_error(rbm: RBM, v: State, h: Tensor) -> float:
    """Mean error per unit or group between the rows and their mean-field reconstruction.

    `h` are the hidden means of the rows. Squared error in units of the variance for Gaussian
    units, squared error for Bernoulli units, and one minus the probability of the level for softmax
    groups; missing entries do not count.
    """
    total, count = 0.0, 0.0
    for kind, unit in rbm.visible.items():
        values, known = v[kind]
        field = rbm.field_v_from_h(h, kind)
        if isinstance(unit, Softmax):
            error = 1 - unit.chance(field, values)
        else:
            error = (values - unit.mean(field)) ** 2
        if isinstance(unit, Gaussian):
            error = error * unit.precision
        error = error if known is None else error * known
        total += float(error.sum())
        count += float(error.numel() if known is None else known.sum())
    return total / max(count, 1.0)


def free_energy_gap(rbm: RBM, fit: State, validation: State) -> tuple[float, float]:
    """Mean free energy of the validation rows minus that of the training rows; standard error.

    A gap that widens says that the machine begins to fit the training rows themselves.
    """
    held_out, seen = rbm.free_energy(validation).double(), rbm.free_energy(fit).double()
    error = sqrt(
        sum(float(energy.var(unbiased=False)) / len(energy) for energy in (held_out, seen))
    )
    return float(held_out.mean() - seen.mean()), error


def idle_units(h: Tensor, rectified: bool) -> tuple[float, float]:
    """Shares of hidden units that are off, and that are on, whatever the row.

    Parameters
    ----------
    h : Tensor of shape (n, n_hidden)
        Hidden activations.
    rectified : bool
        Rectified units are dead at zero and cannot saturate.
    """
    if rectified:
        return float((h.amax(0) <= 0).float().mean()), 0.0
    dead = (h.amax(0) < DEAD).float().mean()
    saturated = (h.amin(0) > 1 - DEAD).float().mean()
    return float(dead), float(saturated)


def update_ratio(updates: dict[str, Tensor], parameters: dict[str, Tensor]) -> float:
    """Length of the last update of all weights over the length of the weights."""
    names = [name for name in parameters if name.endswith(".weights")]
    moved = torch.stack([updates[name].norm() ** 2 for name in names]).sum()
    length = torch.stack([parameters[name].norm() ** 2 for name in names]).sum()
    return float(torch.sqrt(moved / torch.clamp(length, min=1e-30)))
