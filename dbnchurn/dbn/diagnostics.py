"""Diagnostics of training, measured after every epoch on small fixed sets of rows."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor

from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.visible_units import Gaussian, Softmax, State

DEAD = 0.02
"""A Bernoulli unit is dead if its probability is below this in all rows of the set."""


def reconstruction_error(rbm: RBM, v: State, h: Tensor) -> float:
    """Mean error per unit or group of the mean-field reconstruction of rows.

    It is the squared error in units of the variance for Gaussian units, the squared error for
    Bernoulli units, and one minus the probability of the level for softmax groups; missing entries
    do not count.

    Parameters
    ----------
    rbm : RBM
    v : dict
        Visible state of n rows.
    h : Tensor of shape (n, n_hidden)
        Their hidden means.

    Returns
    -------
    float
    """
    total, count = 0.0, 0.0
    for kind, unit in rbm.visible.items():
        values, known = v[kind]
        field = rbm.field_v_from_h(h, kind)
        if isinstance(unit, Softmax):
            error = 1 - unit.level_probability(field, values)
        else:
            error = (values - unit.mean(field)) ** 2
        if isinstance(unit, Gaussian):
            error = error * unit.precision
        error = error if known is None else error * known
        total += float(error.sum())
        count += float(error.numel() if known is None else known.sum())
    return total / max(count, 1.0)


def free_energy_gap(rbm: RBM, train: State, validation: State) -> tuple[float, float]:
    """Mean free energy of validation rows minus that of training rows.

    A gap that widens is a sign of overfitting (Hinton, 2012, section 6).

    Parameters
    ----------
    rbm : RBM
    train, validation : dict
        Visible states.

    Returns
    -------
    gap : float
        In nats.
    error : float
        Its standard error.
    """
    held_out, fitted = rbm.free_energy(validation).double(), rbm.free_energy(train).double()
    error = sqrt(
        sum(float(energy.var(unbiased=False)) / len(energy) for energy in (held_out, fitted))
    )
    return float(held_out.mean() - fitted.mean()), error


def dead_and_saturated(h: Tensor, rectified: bool) -> tuple[float, float]:
    """Shares of dead and of saturated hidden units: off, or on, in all rows.

    Parameters
    ----------
    h : Tensor of shape (n, n_hidden)
        Hidden activations.
    rectified : bool
        Whether the units are rectified: they are dead at zero and cannot saturate.

    Returns
    -------
    dead, saturated : float
        Between 0 and 1.
    """
    if rectified:
        return float((h.amax(0) <= 0).float().mean()), 0.0
    dead = (h.amax(0) < DEAD).float().mean()
    saturated = (h.amin(0) > 1 - DEAD).float().mean()
    return float(dead), float(saturated)


def update_ratio(updates: dict[str, Tensor], parameters: dict[str, Tensor]) -> float:
    """Norm of the last update of all weights over the norm of the weights.

    Parameters
    ----------
    updates, parameters : dict
        Name of a parameter → Tensor of its shape.

    Returns
    -------
    float
    """
    names = [name for name in parameters if name.endswith(".weights")]
    change = torch.stack([updates[name].norm() ** 2 for name in names]).sum()
    length = torch.stack([parameters[name].norm() ** 2 for name in names]).sum()
    return float(torch.sqrt(change / torch.clamp(length, min=1e-30)))
