"""Diagnostics of training, measured after every epoch on small fixed sets of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import torch
from torch import Tensor

from dbnchurn.dbn.likelihood import pseudo_likelihood
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.visible_units import Gaussian, Softmax, State, UnitState

DEAD = 0.02
"""A Bernoulli unit is dead if its probability is below this in all rows of the set."""

LEAST_RISE = 0.01
"""A machine whose pseudo-likelihood rises by less than this share of its size learned nothing."""

LEAST_SPREAD = 0.01
"""Codes with a smaller standard deviation over rows are constant."""

MEASURED_ROWS, MEASURED_LEVELS = 256, 1_000
"""Rows, and binary units and levels, for which a pseudo-likelihood is computed at most."""


def mean_pseudo_likelihood(rbm: RBM, v: State) -> float | None:
    """Mean over rows of log p(unit | all others), summed over binary units and code groups.

    Parameters
    ----------
    rbm : RBM
    v : dict
        Visible state of n rows, of which up to 256 at even distances are taken.

    Returns
    -------
    float or None
        None where no unit is binary or a code, or where there are more than 1,000 of them.
    """
    size = sum(len(rbm.weights[kind]) for kind in ("binary", "codes") if kind in rbm.visible)
    n = len(next(iter(v.values())).values)
    if not 0 < size <= MEASURED_LEVELS or not n:
        return None
    rows = torch.linspace(0, n - 1, min(n, MEASURED_ROWS)).long()
    taken = {
        kind: UnitState(state.values[rows], None if state.known is None else state.known[rows])
        for kind, state in v.items()
    }
    return float(pseudo_likelihood(rbm, taken).double().mean())


def code_spread(h: Tensor) -> float:
    """Standard deviation over rows of a hidden activation, the mean of all hidden units.

    Examples
    --------
    >>> code_spread(torch.tensor([[0.0, 0.5], [1.0, 0.5]]))
    0.25
    """
    return float(h.double().std(0, correction=0).mean())


def learned_nothing(curve: Sequence[Mapping[str, float]]) -> str | None:
    """Why a machine is as good as untrained; None for one that has learned.

    Parameters
    ----------
    curve : sequence of mapping
        Records of its epochs.

    Returns
    -------
    str or None
        A clause that follows the name of the machine.

    Examples
    --------
    >>> before, after = {"pseudo_likelihood_before": -9.0}, {"pseudo_likelihood": -8.99}
    >>> learned_nothing([before | after | {"code_spread": 0.2}])
    'has learned nothing of its rows: the pseudo-likelihood of held-out rows was -9 and is -8.99'
    >>> learned_nothing([{"code_spread": 0.001}])
    'has the same codes for all rows: they vary by a standard deviation of 0.001'
    >>> learned_nothing([{"code_spread": 0.2}])
    """
    before, last = curve[0].get("pseudo_likelihood_before"), curve[-1]
    after = last.get("pseudo_likelihood")
    if before is not None and after is not None and after - before < LEAST_RISE * abs(before):
        return (
            "has learned nothing of its rows: the pseudo-likelihood of held-out rows was "
            f"{before:.4g} and is {after:.4g}"
        )
    if last["code_spread"] < LEAST_SPREAD:
        return (
            "has the same codes for all rows: they vary by a standard deviation of "
            f"{last['code_spread']:.2g}"
        )
    return None


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
