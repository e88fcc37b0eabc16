"""Contrastive divergence: the gradient from a mini-batch, and the step along it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from dbnchurn.dbn.random import Random
from dbnchurn.dbn.rbm import RBM, Span, State, level_slices, pick
from dbnchurn.dbn.units import Gaussian, Part, Softmax, Unit

Gradient = dict[str, Tensor]
"""Name of a parameter (see `RBM.parameters`) → derivative of the log-likelihood."""


@dataclass
class Phase:
    """A visible state with the hidden statistics that belong to it."""

    v: State
    h: Tensor


@dataclass
class Offsets:
    """Centres of the units: the statistics are taken about them (Melchior, Fischer, Wiskott 2016).

    Attributes
    ----------
    visible : dict
        Kind → Tensor of shape (units,); for Gaussian units of their value, not of their signal.
        For softmax groups they sum to one over the levels of a group, which keeps the weights of
        every group summing to zero.
    hidden : Tensor of shape (n_hidden,)
    """

    visible: dict[str, Tensor]
    hidden: Tensor

    def on_groups(self, rbm: RBM, span: Span) -> Offsets:
        """The offsets of a machine without the groups outside `span`."""
        if "codes" not in self.visible or span == ((0, len(rbm.groups)),):
            return self
        visible = {kind: centre for kind, centre in self.visible.items() if kind != "codes"}
        if span:
            visible["codes"] = pick(self.visible["codes"], rbm.groups, span)
        return Offsets(visible, self.hidden)


def gibbs(rbm: RBM, h: Tensor, like: State, steps: int, random: Random) -> Phase:
    """`steps` sweeps from a hidden sample, ending with the hidden mean.

    Entries that `like` misses stay missing all the way, so every row walks in its own machine.
    """
    v = rbm.sample_v_from_h(h, random, like=like)
    for _ in range(steps - 1):
        h = rbm.sample_h_from_v(v, random)
        v = rbm.sample_v_from_h(h, random, like=like)
    return Phase(v, rbm.mean_h_from_v(v))


def contrast(
    rbm: RBM,
    data: Phase,
    model: Phase,
    *,
    weight: Tensor | None = None,
    offsets: Offsets | None = None,
) -> Gradient:
    """Statistics of the data minus statistics of the model, averaged over rows.

    With exact model statistics this is the gradient of the log-likelihood; with samples after k
    sweeps it is contrastive divergence. With `offsets` it is the gradient by the parameters of
    the centred machine, whose interaction is ``(v - μ)ᵀ W (h - λ)``.

    Parameters
    ----------
    rbm : RBM
    data, model : Phase
        Same rows; what is missing in a row of one is missing in the other.
    weight : Tensor of shape (n,), optional
        Weight of every row; the sum is still divided by n, so weights should have mean one.
    offsets : Offsets, optional
    """
    n = len(data.h)
    each = torch.full((n,), 1 / n, dtype=rbm.dtype, device=rbm.device)
    if weight is not None:
        each = each * weight
    h_data, h_model = data.h, model.h
    if offsets is not None:
        h_data, h_model = h_data - offsets.hidden, h_model - offsets.hidden
    h_data, h_model = h_data * each[:, None], h_model * each[:, None]
    h_change = h_data - h_model
    gradient = {"hidden.bias": (data.h - model.h).T @ each}
    for kind, unit in rbm.visible.items():
        v_data, v_model = data.v[kind], model.v[kind]
        for name, change in _difference(
            unit.statistics(v_data, each), unit.statistics(v_model, each)
        ):
            gradient[f"{kind}.{name}"] = change
        weights = _outer_change(unit, v_data, v_model, h_data, h_model)
        if isinstance(unit, Gaussian):
            gradient["gaussian.log_variance"] -= (weights * rbm.weights[kind]).sum(1)
            if offsets is not None:
                signal = gradient["gaussian.bias"]
                gradient["gaussian.log_variance"] -= signal * (rbm.weights[kind] @ offsets.hidden)
        if offsets is not None:
            _centre(unit, weights, v_data.known, h_change, offsets.visible[kind])
        gradient[f"{kind}.weights"] = weights
    return gradient


def _difference(data: Gradient, model: Gradient) -> list[tuple[str, Tensor]]:
    return [(name, data[name] - model[name]) for name in data]


def _outer_change(unit: Unit, v0: Part, v1: Part, h0: Tensor, h1: Tensor) -> Tensor:
    """``signal(v0).T @ h0 - signal(v1).T @ h1``; for codes in one scatter of both."""
    if not isinstance(unit, Softmax):
        return unit.outer(v0, h0).sub_(unit.outer(v1, h1))
    known = None if v0.known is None else torch.cat([v0.known, v0.known])
    both = Part(torch.cat([v0.values, v1.values]), known)
    return unit.outer(both, torch.cat([h0, -h1]))


def _centre(
    unit: Unit, weights: Tensor, known: Tensor | None, h_change: Tensor, centre: Tensor
) -> None:
    """Take the visible centre out of the change of `weights`, row by row where it is known."""
    signal = centre * unit.precision if isinstance(unit, Gaussian) else centre
    if known is None:
        weights.addr_(signal, h_change.sum(0), alpha=-1)
        return
    per_unit = known.to(h_change.dtype).T @ h_change
    if isinstance(unit, Softmax):
        per_unit = per_unit[unit.groups.of_level]
    weights.sub_(signal[:, None] * per_unit)


class Ascent:
    """Steps along gradients, with momentum, weight decay and bounds on the variances.

    Weight decay pulls on weights only, never on biases. The derivatives by Gaussian weights and
    biases are multiplied by σ², so that a step is on the scale of the unit however small its
    variance. A softmax group that is missing in a whole mini-batch is not touched by its step:
    neither its velocity nor its weights.

    Parameters
    ----------
    rbm : RBM
        The machine to change.
    gaussian_rate, variance_rate : float
        Factors on the learning rate for the weights and biases, and for the log variances, of
        Gaussian units.
    """

    def __init__(self, rbm: RBM, gaussian_rate: float = 1.0, variance_rate: float = 1.0) -> None:
        self.rbm = rbm
        self.rates = {"gaussian.weights": gaussian_rate, "gaussian.bias": gaussian_rate}
        self.rates["gaussian.log_variance"] = variance_rate
        self.velocity = {name: torch.zeros_like(p) for name, p in rbm.parameters().items()}
        gaussian = rbm.visible.get("gaussian")
        self.first_variance = (
            gaussian.log_variance.clone() if isinstance(gaussian, Gaussian) else None
        )

    def step(
        self,
        gradient: Gradient,
        learning_rate: float,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        offsets: Offsets | None = None,
        span: Span = (),
    ) -> None:
        """Move the machine; `gradient` belongs to its ``on_groups(span)``."""
        for name, parameter in self.rbm.parameters().items():
            rate = learning_rate * self.rates.get(name, 1.0)
            for here, change in self._stretches(name, gradient.get(name), span):
                velocity, value = self.velocity[name][here], parameter[here]
                velocity.mul_(momentum)
                if name in ("gaussian.weights", "gaussian.bias"):
                    change = change * self._variance(change)
                velocity.add_(change, alpha=rate)
                if weight_decay and name.endswith(".weights"):
                    velocity.add_(value, alpha=-rate * weight_decay)
                value.add_(velocity)
                if offsets is not None and name.endswith(".weights"):
                    self._follow(name.removesuffix(".weights"), velocity, here, offsets)
        self._bound_variances()

    def _stretches(
        self, name: str, change: Tensor | None, span: Span
    ) -> list[tuple[slice, Tensor]]:
        """Where in the parameter each piece of its gradient belongs."""
        if change is None:
            return []
        if not name.startswith("codes"):
            return [(slice(None), change)]
        places = level_slices(self.rbm.groups, span)
        pieces = change.split([rows.stop - rows.start for rows in places])
        return list(zip(places, pieces, strict=True))

    def _variance(self, change: Tensor) -> Tensor:
        gaussian = self.rbm.visible["gaussian"]
        assert isinstance(gaussian, Gaussian)
        variance = gaussian.log_variance.exp()
        return variance if change.dim() == 1 else variance[:, None]

    def _follow(self, kind: str, moved: Tensor, rows: slice, offsets: Offsets) -> None:
        """From the centred machine's biases back to the plain one's: ``-ΔW λ`` and ``-ΔWᵀ μ``."""
        unit, centre = self.rbm.visible[kind], offsets.visible[kind][rows]
        if isinstance(unit, Gaussian):
            centre = centre * unit.precision
        unit.bias[rows].sub_(moved @ offsets.hidden)
        self.rbm.hidden.bias.sub_(centre @ moved)

    def _bound_variances(self) -> None:
        """Keep every σ within 0.1 to 1.1 times what it was at the start."""
        gaussian = self.rbm.visible.get("gaussian")
        if isinstance(gaussian, Gaussian) and self.first_variance is not None:
            low, high = 2 * log(0.1), 2 * log(1.1)
            change = (gaussian.log_variance - self.first_variance).clamp_(low, high)
            torch.add(self.first_variance, change, out=gaussian.log_variance)
