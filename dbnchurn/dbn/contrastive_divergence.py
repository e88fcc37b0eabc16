"""Contrastive divergence: the gradient from a mini-batch, and the step along it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from dbnchurn.dbn.groups import Span, level_slices, pick
from dbnchurn.dbn.random import Random
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.units import Gaussian, Softmax, State, Unit

Stretches = list[tuple[slice | None, Tensor]]

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


def gibbs(
    rbm: RBM, h: Tensor, like: State, steps: int, generator: Random, mean_field: bool = False
) -> Phase:
    """`steps` sweeps from a hidden sample, ending with the hidden mean.

    Entries that `like` misses stay missing all the way, so every row walks in its own machine. With
    `mean_field` Bernoulli visible units keep their probabilities.
    """
    v = rbm.sample_v_from_h(h, generator, like, mean_field)
    for _ in range(steps - 1):
        h = rbm.sample_h_from_v(v, generator)
        v = rbm.sample_v_from_h(h, generator, like, mean_field)
    return Phase(v, rbm.mean_h_from_v(v))


def contrast(
    rbm: RBM,
    data: Phase,
    model: Phase,
    *,
    sample_weight: Tensor | None = None,
    model_weight: Tensor | None = None,
    offsets: Offsets | None = None,
) -> Gradient:
    """Statistics of the data minus statistics of the model, averaged over rows.

    Statistics are the derivatives of minus the energy. With exact model statistics this is the
    gradient of the log-likelihood; with samples after k sweeps it is contrastive divergence.

    Parameters
    ----------
    rbm : RBM
    data, model : Phase
        Same rows; what is missing in a row of one is missing in the other.
    sample_weight : Tensor of shape (n,), optional
        Weight of every row, with mean one; the sum is divided by n.
    model_weight : Tensor of shape (n,), optional
        Of the rows of `model`; `sample_weight` if not given.
    offsets : Offsets, optional
        Take the derivatives by the parameters of the centred machine, whose interaction is
        ``(v - μ)ᵀ W (h - λ)``. Every row is centred on the units that it has.
    """
    share = 1 / data.h.shape[0]
    same = model_weight is None or model_weight is sample_weight
    each_data = _shares(data.h, sample_weight)
    each_model = each_data if same else _shares(model.h, model_weight)
    h_data = _weighted(data.h, sample_weight, offsets)
    h_model = _weighted(model.h, sample_weight if same else model_weight, offsets)
    gradient = {"hidden.bias": (each_data @ data.h).sub_(each_model @ model.h)}
    for kind, unit in rbm.visible.items():
        v_data, v_model = data.v[kind], model.v[kind]
        own, own_model = unit.statistics(v_data, each_data), unit.statistics(v_model, each_model)
        for name in own:
            own[name] -= own_model[name]
        weights = unit.outer_difference(v_data, h_data, v_model, h_model, share)
        if isinstance(unit, Gaussian):
            # The variance's derivative also knows the weights: -(v/σ²)ᵀ W h, about no centre.
            own["log_variance"] -= (weights * rbm.weights[kind]).sum(1)
            if offsets is not None:
                own["log_variance"] -= own["bias"] * (rbm.weights[kind] @ offsets.hidden)
        if offsets is not None:
            change = gradient["hidden.bias"]
            if v_data.known is not None:
                change = v_data.known.to(h_data.dtype).T @ (h_data - h_model).mul_(share)
            _centre(unit, weights, offsets.visible[kind], change)
        gradient |= {f"{kind}.{name}": change for name, change in own.items()}
        gradient[f"{kind}.weights"] = weights
    return gradient


def _shares(h: Tensor, sample_weight: Tensor | None) -> Tensor:
    """The share of every row in a mean."""
    n = h.shape[0]
    return h.new_full((n,), 1 / n) if sample_weight is None else sample_weight / n


def _weighted(h: Tensor, sample_weight: Tensor | None, offsets: Offsets | None) -> Tensor:
    """The hidden statistics of every row, centred and weighted."""
    centred = h if offsets is None else h - offsets.hidden
    return centred if sample_weight is None else centred * sample_weight[:, None]


def _centre(unit: Unit, weights: Tensor, centre: Tensor, change: Tensor) -> None:
    """Take the visible centre out of the change of the weights.

    `change` is that of the hidden units, of shape (n_hidden,), or by visible unit or group over the
    rows that know it, of shape (units, n_hidden).
    """
    signal = centre * unit.precision if isinstance(unit, Gaussian) else centre
    if change.dim() == 1:
        weights.addr_(signal, change, alpha=-1)
    else:
        by_level = change[unit.groups.of_level] if isinstance(unit, Softmax) else change
        weights.sub_(signal[:, None] * by_level)


class GradientAscent:
    """Steps along gradients, with momentum, weight decay and bounds on the variances.

    The velocity is the gradient plus `momentum` times the velocity before; a step adds the learning
    rate times the velocity.

    Weight decay takes the share ``rate * weight_decay`` of the weights away with every step; it
    pulls on weights only, never on biases. The derivatives by Gaussian weights and
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
        self.parameters = rbm.parameters()
        self.velocity = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.last_rate = dict.fromkeys(self.parameters, 0.0)
        self.last_phases: tuple[Phase, Phase] | None = None
        gaussian = rbm.visible.get("gaussian")
        self.first_variance = (
            gaussian.log_variance.clone() if isinstance(gaussian, Gaussian) else None
        )

    def updates(self) -> dict[str, Tensor]:
        """What the last step added to every parameter, apart from weight decay."""
        if self.last_phases is not None:
            self.velocity = contrast(self.rbm, *self.last_phases)
        return {name: v * self.last_rate[name] for name, v in self.velocity.items()}

    def plain_step(self, data: Phase, model: Phase, learning_rate: float) -> None:
        """Move a machine of complete binary units straight along the statistics.

        The step of :meth:`step` along :func:`contrast` with neither momentum, decay nor centres,
        but without a gradient in between, which is a tenth of the time of a mini-batch.
        """
        v0, v1, weights = data.v["binary"].values, model.v["binary"].values, self.rbm.weights
        rate = learning_rate / data.h.shape[0]
        weights["binary"].addmm_(v0.T, data.h, alpha=rate).addmm_(v1.T, model.h, alpha=-rate)
        each = data.h.new_full((data.h.shape[0],), rate)
        self.rbm.visible["binary"].bias.addmv_(v0.T, each).addmv_(v1.T, each, alpha=-1)
        self.rbm.hidden.bias.addmv_(data.h.T, each).addmv_(model.h.T, each, alpha=-1)
        self.last_phases = data, model
        self.last_rate = dict.fromkeys(self.parameters, learning_rate)

    def load(self, velocity: Gradient, first_variance: Tensor | None) -> None:
        """Take over velocities, and the variances that the bounds refer to."""
        for name, tensor in self.velocity.items():
            tensor.copy_(velocity[name])
        self.first_variance = first_variance

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
        """Move the machine; `gradient` belongs to its ``on_groups(span)`` and is used up."""
        self.last_phases = None
        for name, change in gradient.items():
            rate = learning_rate * self.rates.get(name, 1.0)
            if name in ("gaussian.weights", "gaussian.bias"):
                change = self._by_variance(change)
            to_weights = name.endswith(".weights")
            kept = 1 - rate * weight_decay if to_weights else 1.0
            for rows, piece in self._stretches(name, change, span):
                velocity, value = self.velocity[name], self.parameters[name]
                if rows is not None:
                    velocity, value = velocity[rows], value[rows]
                if momentum:
                    torch.add(piece, velocity, alpha=momentum, out=velocity)
                elif rows is None:
                    velocity = self.velocity[name] = piece
                else:
                    velocity.copy_(piece)
                if kept != 1:
                    value.mul_(kept)
                value.add_(velocity, alpha=rate)
                if offsets is not None and to_weights:
                    self._follow(name.removesuffix(".weights"), velocity, rate, rows, offsets)
            self.last_rate[name] = rate
        if "gaussian" in self.rbm.visible:
            self._bound_variances()

    def _stretches(self, name: str, change: Tensor, span: Span) -> Stretches:
        """Where in the parameter each piece of its gradient belongs; None is everywhere."""
        if change.shape == self.parameters[name].shape:
            return [(None, change)]
        places = level_slices(self.rbm.groups, span)
        pieces = torch.split(change, [rows.stop - rows.start for rows in places])
        return list(zip(places, pieces, strict=True))

    def _by_variance(self, change: Tensor) -> Tensor:
        """A derivative by Gaussian weights or biases times σ²."""
        gaussian = self.rbm.visible["gaussian"]
        assert isinstance(gaussian, Gaussian)
        variance = gaussian.log_variance.exp()
        return change * (variance if change.dim() == 1 else variance[:, None])

    def _follow(
        self, kind: str, velocity: Tensor, rate: float, rows: slice | None, offsets: Offsets
    ) -> None:
        """From the centred machine's biases back to the plain one's: ``-ΔW λ`` and ``-ΔWᵀ μ``."""
        unit, centre = self.rbm.visible[kind], offsets.visible[kind]
        bias = unit.bias
        if rows is not None:
            bias, centre = bias[rows], centre[rows]
        if isinstance(unit, Gaussian):
            centre = centre * unit.precision
        bias.addmv_(velocity, offsets.hidden, alpha=-rate)
        self.rbm.hidden.bias.addmv_(velocity.T, centre, alpha=-rate)

    def _bound_variances(self) -> None:
        """Keep every σ within 0.1 to 1.1 times what it was at the start."""
        gaussian = self.rbm.visible.get("gaussian")
        if isinstance(gaussian, Gaussian) and self.first_variance is not None:
            low, high = 2 * log(0.1), 2 * log(1.1)
            change = (gaussian.log_variance - self.first_variance).clamp_(low, high)
            torch.add(self.first_variance, change, out=gaussian.log_variance)
