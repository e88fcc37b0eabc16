"""Contrastive divergence: the gradient of a mini-batch, and gradient ascent."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from dbnchurn.dbn.groups import GroupRanges, level_slices, select_levels
from dbnchurn.dbn.plain_steps import PlainSteps
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.visible_units import Gaussian, Softmax, State, UnitState, VisibleUnits

Gradient = dict[str, Tensor]
"""Name of a parameter (see `RBM.parameters`) → derivative of the log-likelihood."""


@dataclass
class Phase:
    """States of the positive or negative phase.

    Attributes
    ----------
    v : dict
        Visible state of n rows.
    h : Tensor of shape (n, n_hidden)
        Hidden statistics of these rows, mostly their hidden means.
    """

    v: State
    h: Tensor


@dataclass
class CenteringOffsets:
    """Offsets μ and λ of a centered machine (Melchior, Fischer and Wiskott, 2016).

    Its statistics are those of ``v - μ`` and ``h - λ``.

    Attributes
    ----------
    visible : dict
        Kind → Tensor of shape (units,); for Gaussian units an offset of the value, not of the
        signal. Those of a softmax group sum to one, so that the weights of the group keep summing
        to zero.
    hidden : Tensor of shape (n_hidden,)
    """

    visible: dict[str, Tensor]
    hidden: Tensor

    def on_groups(self, rbm: RBM, ranges: GroupRanges) -> CenteringOffsets:
        """The offsets of ``rbm.on_groups(ranges)``.

        Parameters
        ----------
        rbm : RBM
            The machine with all groups.
        ranges : GroupRanges

        Returns
        -------
        CenteringOffsets
        """
        if "codes" not in self.visible or ranges == ((0, len(rbm.groups)),):
            return self
        visible = {kind: offset for kind, offset in self.visible.items() if kind != "codes"}
        if ranges:
            visible["codes"] = select_levels(self.visible["codes"], rbm.groups, ranges)
        return CenteringOffsets(visible, self.hidden)


def gibbs(
    rbm: RBM,
    h: Tensor,
    like: State,
    steps: int,
    generator: DeviceGenerator,
    mean_field: bool = False,
) -> Phase:
    """Gibbs sampling from a hidden state, with the hidden mean at the end.

    Parameters
    ----------
    rbm : RBM
    h : Tensor of shape (n, n_hidden)
        Hidden state to start from.
    like : dict
        Visible state of n rows; entries that are missing here are missing in all samples.
    steps : int
        Number of sweeps, at least 1.
    generator : DeviceGenerator
    mean_field : bool, default False
        Whether Bernoulli visible units keep their probabilities.

    Returns
    -------
    Phase
    """
    v = rbm.sample_v_from_h(h, generator, like, mean_field)
    for _ in range(steps - 1):
        h = rbm.sample_h_from_v(v, generator)
        v = rbm.sample_v_from_h(h, generator, like, mean_field)
    return Phase(v, rbm.mean_h_from_v(v))


def cd_gradient(
    rbm: RBM,
    data: Phase,
    model: Phase,
    *,
    sample_weight: Tensor | None = None,
    model_weight: Tensor | None = None,
    offsets: CenteringOffsets | None = None,
) -> Gradient:
    """Mean statistics of the data minus mean statistics of the model.

    Statistics are the derivatives of minus the energy. With exact model statistics this is the
    gradient of the log-likelihood; with samples after k sweeps it is contrastive divergence, CD-k.

    Parameters
    ----------
    rbm : RBM
    data, model : Phase
        Of the same rows, with the same entries missing.
    sample_weight : Tensor of shape (n,), optional
        With mean one over all rows of the training: weighted sums are divided by n.
    model_weight : Tensor of shape (n,), optional
        Weights of the rows of `model`; `sample_weight` if not given.
    offsets : CenteringOffsets, optional
        Take the derivatives by the parameters of the centered machine, whose interaction is
        ``(v - μ)ᵀ W (h - λ)``. In every row the known units are centered.

    Returns
    -------
    dict
        Name of a parameter → Tensor of its shape.
    """
    share = 1 / data.h.shape[0]
    same_weight = model_weight is None or model_weight is sample_weight
    share_data = _shares(data.h, sample_weight)
    share_model = share_data if same_weight else _shares(model.h, model_weight)
    h_data = _weighted(data.h, sample_weight, offsets)
    h_model = _weighted(model.h, sample_weight if same_weight else model_weight, offsets)
    gradient = {"hidden.bias": (share_data @ data.h).sub_(share_model @ model.h)}
    for kind, unit in rbm.visible.items():
        v_data, v_model = data.v[kind], model.v[kind]
        changes = unit.statistics(v_data, share_data)
        model_statistics = unit.statistics(v_model, share_model)
        for name in changes:
            changes[name] -= model_statistics[name]
        weights = unit.outer_difference(v_data, h_data, v_model, h_model, share)
        if isinstance(unit, Gaussian):
            # The term of the derivative by log σ² in the weights, -(v/σ²)ᵀ W h, without offsets.
            changes["log_variance"] -= (weights * rbm.weights[kind]).sum(1)
            if offsets is not None:
                changes["log_variance"] -= changes["bias"] * (rbm.weights[kind] @ offsets.hidden)
        if offsets is not None:
            change = gradient["hidden.bias"]
            if v_data.known is not None:
                change = v_data.known.to(h_data.dtype).T @ (h_data - h_model).mul_(share)
            _subtract_offset(unit, weights, offsets.visible[kind], change)
        gradient |= {f"{kind}.{name}": change for name, change in changes.items()}
        gradient[f"{kind}.weights"] = weights
    return gradient


def _shares(h: Tensor, sample_weight: Tensor | None) -> Tensor:
    """Weight of every row in a mean, shape (n,)."""
    n = h.shape[0]
    return h.new_full((n,), 1 / n) if sample_weight is None else sample_weight / n


def _weighted(h: Tensor, sample_weight: Tensor | None, offsets: CenteringOffsets | None) -> Tensor:
    """Hidden statistics of every row, centered and weighted."""
    centred = h if offsets is None else h - offsets.hidden
    return centred if sample_weight is None else centred * sample_weight[:, None]


def _subtract_offset(unit: VisibleUnits, weights: Tensor, offset: Tensor, change: Tensor) -> None:
    """Subtract the term of the visible offset from the change of the weights, in place.

    `change` is that of the hidden biases, of shape (n_hidden,); where entries are missing it is of
    shape (units, n_hidden), over the rows in which the visible unit or group is known.
    """
    signal = offset * unit.precision if isinstance(unit, Gaussian) else offset
    if change.dim() == 1:
        weights.addr_(signal, change, alpha=-1)
    else:
        by_level = change[unit.groups.of_level] if isinstance(unit, Softmax) else change
        weights.sub_(signal[:, None] * by_level)


class GradientAscent:
    """Gradient ascent with momentum, weight decay and bounds on the variances.

    The velocity is the gradient plus `momentum` times the previous velocity; a step adds the
    learning rate times the velocity.

    Weight decay multiplies the weights by ``1 - rate * weight_decay`` in every step; biases do not
    decay. The derivatives by Gaussian weights and biases are multiplied by σ², so that a step is on
    the scale of the unit however small its variance. Velocity and weights of a softmax group that
    is missing in a whole mini-batch do not change in its step.

    Parameters
    ----------
    rbm : RBM
        Changed by every step.
    gaussian_rate, variance_rate : float, default 1
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
        self._plain = PlainSteps(rbm)
        gaussian = rbm.visible.get("gaussian")
        self.first_variance = (
            gaussian.log_variance.clone() if isinstance(gaussian, Gaussian) else None
        )

    def updates(self) -> dict[str, Tensor]:
        """Last change of every parameter, without weight decay."""
        if self.last_phases is not None:
            self.velocity = cd_gradient(self.rbm, *self.last_phases)
        return {name: v * self.last_rate[name] for name, v in self.velocity.items()}

    def plain_step(
        self,
        v: State,
        learning_rate: float,
        generator: DeviceGenerator,
        *,
        sweeps: int = 1,
        mean_field: bool = False,
    ) -> None:
        """Step of a machine of complete binary units, without momentum, weight decay and offsets.

        The same as :meth:`step` along :func:`cd_gradient` from the data, but added to the
        parameters without a gradient in between; see :class:`PlainSteps`. The arrays of
        `last_phases` are overwritten by the next step of as many rows.

        Parameters
        ----------
        v : dict
            Visible state of n rows.
        learning_rate : float
        generator : DeviceGenerator
        sweeps : int, default 1
            Gibbs sweeps.
        mean_field : bool, default False
            Whether the reconstruction keeps its probabilities.
        """
        found = self._plain.step(
            v["binary"].values, learning_rate, generator, sweeps=sweeps, mean_field=mean_field
        )
        model = Phase({"binary": UnitState(found.model_v)}, found.model_h)
        self.last_phases = Phase(v, found.data_h), model
        self.last_rate = dict.fromkeys(self.parameters, learning_rate)

    def load(self, velocity: Gradient, first_variance: Tensor | None) -> None:
        """Restore the state from a checkpoint.

        Parameters
        ----------
        velocity : dict
            Name of a parameter → Tensor of its shape; copied.
        first_variance : Tensor of shape (g,), optional
            Log variances that the bounds refer to; None without Gaussian units.
        """
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
        offsets: CenteringOffsets | None = None,
        ranges: GroupRanges = (),
    ) -> None:
        """Change the parameters of the machine.

        Parameters
        ----------
        gradient : dict
            Of ``rbm.on_groups(ranges)``; its tensors may be overwritten.
        learning_rate : float
        momentum : float, default 0
        weight_decay : float, default 0
        offsets : CenteringOffsets, optional
            Of the whole machine, if the gradient is that of the centered machine.
        ranges : GroupRanges, default ()
            The softmax groups of the gradient.
        """
        self.last_phases = None
        for name, change in gradient.items():
            rate = learning_rate * self.rates.get(name, 1.0)
            if name in ("gaussian.weights", "gaussian.bias"):
                change = self._by_variance(change)
            to_weights = name.endswith(".weights")
            kept = 1 - rate * weight_decay if to_weights else 1.0
            for rows, piece in self._slices(name, change, ranges):
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
                    self._move_biases(name.removesuffix(".weights"), velocity, rate, rows, offsets)
            self.last_rate[name] = rate
        if "gaussian" in self.rbm.visible:
            self._bound_variances()

    def _slices(
        self, name: str, change: Tensor, ranges: GroupRanges
    ) -> list[tuple[slice | None, Tensor]]:
        """Rows of a parameter, None for all, with their piece of the gradient."""
        if change.shape == self.parameters[name].shape:
            return [(None, change)]
        slices = level_slices(self.rbm.groups, ranges)
        pieces = torch.split(change, [rows.stop - rows.start for rows in slices])
        return list(zip(slices, pieces, strict=True))

    def _by_variance(self, change: Tensor) -> Tensor:
        """A derivative by Gaussian weights or biases, times σ²."""
        gaussian = self.rbm.visible["gaussian"]
        assert isinstance(gaussian, Gaussian)
        variance = gaussian.log_variance.exp()
        return change * (variance if change.dim() == 1 else variance[:, None])

    def _move_biases(
        self,
        kind: str,
        velocity: Tensor,
        rate: float,
        rows: slice | None,
        offsets: CenteringOffsets,
    ) -> None:
        """Keep the biases of the centered machine as its weights change: ``-ΔW λ``, ``-ΔWᵀ μ``."""
        unit, offset = self.rbm.visible[kind], offsets.visible[kind]
        bias = unit.bias
        if rows is not None:
            bias, offset = bias[rows], offset[rows]
        if isinstance(unit, Gaussian):
            offset = offset * unit.precision
        bias.addmv_(velocity, offsets.hidden, alpha=-rate)
        self.rbm.hidden.bias.addmv_(velocity.T, offset, alpha=-rate)

    def _bound_variances(self) -> None:
        """Keep every σ within 0.1 to 1.1 times its first value."""
        gaussian = self.rbm.visible.get("gaussian")
        if isinstance(gaussian, Gaussian) and self.first_variance is not None:
            low, high = 2 * log(0.1), 2 * log(1.1)
            change = (gaussian.log_variance - self.first_variance).clamp_(low, high)
            torch.add(self.first_variance, change, out=gaussian.log_variance)
