"""Visible units of a Boltzmann machine: Bernoulli, Gaussian and softmax, all with one contract.

A layer of units holds its own parameters. :class:`VisibleUnits` is the contract; the classes below
it give the formulas. Two terms occur throughout:

*signal*
    What the other layer receives from a state: ``v`` itself, ``v / σ²`` for Gaussian units.
*field*
    The bias plus the input from the other layer, shape (n, units): ``bias + signal @ weights``.

Missing entries are dropped row by row: their state is 0 (level -1 in a softmax group) and ``known``
is 0 there, so they add nothing to energy, field or statistics.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from dbnchurn.dbn.groups import (
    Groups,
    draw_levels,
    gather_sum,
    group_logsumexp,
    group_softmax,
    scatter_sum,
)
from dbnchurn.dbn.random import DeviceGenerator


class UnitState(NamedTuple):
    """State of one kind of visible units.

    Attributes
    ----------
    values : Tensor
        float of shape (n, units), 0 where missing; for softmax groups int32 levels of shape (n, c),
        -1 where missing.
    known : Tensor, optional
        Same shape, 1 or True where the entry is known; None if nothing is missing.
    """

    values: Tensor
    known: Tensor | None = None


State = dict[str, UnitState]
"""Visible state: kind of unit → its state. Kinds without units are left out."""


class VisibleUnits(Protocol):
    """What an RBM needs of one kind of visible units.

    Attributes
    ----------
    bias : Tensor of shape (units,); a softmax group has one unit per level
    """

    bias: Tensor

    def energy(self, v: UnitState) -> Tensor:
        """Energy of the states, without weights; shape (n,)."""

    def log_normalizer(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """``log Σ exp(-energy + input·signal)`` over all states: their free-energy term.

        Parameters
        ----------
        field : Tensor of shape (n, units)
        known : Tensor, optional
            Shape (n, units), or (n, c) for softmax groups: entries that count; None if all do.

        Returns
        -------
        Tensor of shape (n,)
        """

    def mean(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """Expected state given the field.

        Parameters
        ----------
        field : Tensor of shape (n, units)
        known : Tensor, optional
            As in :meth:`log_normalizer`; other entries are 0.

        Returns
        -------
        Tensor of shape (n, units)
            For softmax groups the probabilities of all levels.
        """

    def sample(
        self, field: Tensor, generator: DeviceGenerator, known: Tensor | None = None
    ) -> Tensor:
        """Draw a state given the field.

        Parameters
        ----------
        field : Tensor of shape (n, units)
            May be overwritten.
        generator : DeviceGenerator
        known : Tensor, optional
            As in :meth:`log_normalizer`; other entries are 0, or level -1.

        Returns
        -------
        Tensor
            Values as in :class:`UnitState`.
        """

    def statistics(self, v: UnitState, sample_weight: Tensor) -> dict[str, Tensor]:
        """Weighted sum over rows of the derivatives of minus the energy.

        Parameters
        ----------
        v : UnitState
        sample_weight : Tensor of shape (n,)

        Returns
        -------
        dict
            Name of a parameter of the units → Tensor of its shape.
        """

    def add_input(self, field: Tensor, weights: Tensor, v: UnitState) -> Tensor:
        """``field + signal @ weights``.

        Parameters
        ----------
        field : Tensor of shape (n, n_hidden) or (n_hidden,)
        weights : Tensor of shape (units, n_hidden)
        v : UnitState

        Returns
        -------
        Tensor of shape (n, n_hidden)
        """

    def outer_difference(
        self, v0: UnitState, h0: Tensor, v1: UnitState, h1: Tensor, scale: float
    ) -> Tensor:
        """``scale * (signal0.T @ h0 - signal1.T @ h1)``.

        Parameters
        ----------
        v0, v1 : UnitState
            Same entries missing in both.
        h0, h1 : Tensor of shape (n, n_hidden)
        scale : float

        Returns
        -------
        Tensor of shape (units, n_hidden)
        """


def softplus(x: Tensor) -> Tensor:
    """``log(1 + exp(x))``; torch's own switches to a linear branch above 20, with a jump."""
    return torch.logaddexp(x, torch.zeros((), dtype=x.dtype, device=x.device))


def _masked(values: Tensor, known: Tensor | None) -> Tensor:
    return values if known is None else values * known


def _outer_difference(v0: Tensor, h0: Tensor, v1: Tensor, h1: Tensor, scale: float) -> Tensor:
    """``scale * (v0.T @ h0 - v1.T @ h1)`` in two products and no further pass."""
    change = torch.addmm(h0.new_empty(()), v0.T, h0, beta=0, alpha=scale)
    return change.addmm_(v1.T, h1, alpha=-scale)


@dataclass
class Bernoulli:
    """Visible units that are 0 or 1: energy ``-b·v``."""

    bias: Tensor

    def energy(self, v: UnitState) -> Tensor:
        """``-b·v`` over known entries."""
        return -(v.values @ self.bias)

    def log_normalizer(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """``Σ log(1 + exp(x))`` over known units."""
        return _masked(softplus(field), known).sum(-1)

    def mean(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """``sigmoid(x)``, the probability of 1."""
        return _masked(torch.sigmoid(field), known)

    def sample(
        self, field: Tensor, generator: DeviceGenerator, known: Tensor | None = None
    ) -> Tensor:
        """1 with probability ``sigmoid(x)``, else 0; overwrites `field`."""
        return _masked(generator.bernoulli(field.sigmoid_()), known)

    def mean_(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """The mean, written over `field`.

        Parameters
        ----------
        field : Tensor of shape (n, units)
        known : Tensor of shape (n, units), optional
            1 where the entry is known; None if nothing is missing.

        Returns
        -------
        Tensor
            `field` itself.
        """
        return _masked(field.sigmoid_(), known)

    def statistics(self, v: UnitState, sample_weight: Tensor) -> dict[str, Tensor]:
        """Derivative by the bias."""
        return {"bias": sample_weight @ v.values}

    def add_input(self, field: Tensor, weights: Tensor, v: UnitState) -> Tensor:
        """``field + v @ weights``."""
        return torch.addmm(field, v.values, weights)

    def outer_difference(
        self, v0: UnitState, h0: Tensor, v1: UnitState, h1: Tensor, scale: float
    ) -> Tensor:
        """``scale * (v0.T @ h0 - v1.T @ h1)``."""
        return _outer_difference(v0.values, h0, v1.values, h1, scale)


@dataclass
class Gaussian:
    """Real visible units with learned variance: energy ``Σ (v - b)² / 2σ²``, signal ``v / σ²``.

    Given the hidden layer a unit follows N(b + W h, σ²). The variance is held as
    ``log_variance`` = log σ² (Cho, Ilin and Raiko, 2011).
    """

    bias: Tensor
    log_variance: Tensor

    @property
    def precision(self) -> Tensor:
        """1/σ²."""
        return torch.exp(-self.log_variance)

    def energy(self, v: UnitState) -> Tensor:
        """``Σ (v - b)² / 2σ²`` over known entries."""
        return 0.5 * _masked((v.values - self.bias) ** 2, v.known) @ self.precision

    def log_normalizer(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """``Σ (x² - b²) / 2σ² + log √(2πσ²)`` over known units."""
        gained = 0.5 * (field**2 - self.bias**2) * self.precision
        volume = 0.5 * (self.log_variance + log(2 * pi))
        return _masked(gained + volume, known).sum(-1)

    def mean(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """The field itself."""
        return _masked(field, known)

    def sample(
        self, field: Tensor, generator: DeviceGenerator, known: Tensor | None = None
    ) -> Tensor:
        """A draw from N(x, σ²)."""
        noise = generator.normal(*field.shape, dtype=field.dtype)
        return _masked(noise.mul_(torch.exp(0.5 * self.log_variance)).add_(field), known)

    def statistics(self, v: UnitState, sample_weight: Tensor) -> dict[str, Tensor]:
        """Derivatives by bias and log variance, the latter without its term in the weights.

        :func:`~dbnchurn.dbn.contrastive_divergence.cd_gradient` adds that term.
        """
        deviation = _masked(v.values - self.bias, v.known)
        return {
            "bias": (sample_weight @ deviation) * self.precision,
            "log_variance": 0.5 * (sample_weight @ deviation**2) * self.precision,
        }

    def add_input(self, field: Tensor, weights: Tensor, v: UnitState) -> Tensor:
        """``field + (v / σ²) @ weights``."""
        return torch.mm(v.values * self.precision, weights).add_(field)

    def outer_difference(
        self, v0: UnitState, h0: Tensor, v1: UnitState, h1: Tensor, scale: float
    ) -> Tensor:
        """``scale * (v0.T @ h0 - v1.T @ h1) / σ²``."""
        change = _outer_difference(v0.values, h0, v1.values, h1, scale)
        return change.mul_(self.precision[:, None])


@dataclass
class Softmax:
    """Softmax groups, of each of which one level is active: energy ``-Σ b[level]``."""

    bias: Tensor
    groups: Groups

    def energy(self, v: UnitState) -> Tensor:
        """``-Σ b[level]`` over known groups."""
        return -gather_sum(self.bias[:, None], v.values, v.known)[:, 0]

    def log_normalizer(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """``Σ logsumexp(x of the group)`` over known groups."""
        return _masked(group_logsumexp(field, self.groups), known).sum(-1)

    def mean(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """Probabilities of all levels, 0 where the group is missing."""
        wide = None if known is None else known[:, self.groups.of_level]
        return _masked(group_softmax(field, self.groups), wide)

    def level_probability(self, field: Tensor, levels: Tensor) -> Tensor:
        """Probability of one level of every group.

        Parameters
        ----------
        field : Tensor of shape (n, L)
        levels : int Tensor of shape (n, c)
            A missing level, -1, is read as level 0.

        Returns
        -------
        Tensor of shape (n, c)
        """
        of_levels = field.gather(1, levels.clamp(min=0).long())
        return torch.exp(of_levels - group_logsumexp(field, self.groups))

    def sample(
        self, field: Tensor, generator: DeviceGenerator, known: Tensor | None = None
    ) -> Tensor:
        """Levels of shape (n, c); overwrites `field`."""
        levels = draw_levels(field, self.groups, generator)
        return levels if known is None else torch.where(known, levels, -1)

    def statistics(self, v: UnitState, sample_weight: Tensor) -> dict[str, Tensor]:
        """Derivative by the bias."""
        each = sample_weight[:, None].expand(v.values.shape)
        flat, each = (
            (v.values.reshape(-1), each.reshape(-1))
            if v.known is None
            else (v.values[v.known], each[v.known])
        )
        return {"bias": torch.zeros_like(self.bias).index_add_(0, flat, each)}

    def add_input(self, field: Tensor, weights: Tensor, v: UnitState) -> Tensor:
        """``field`` plus the weights of the levels of the row."""
        return field + gather_sum(weights, v.values, v.known)

    def outer_difference(
        self, v0: UnitState, h0: Tensor, v1: UnitState, h1: Tensor, scale: float
    ) -> Tensor:
        """The difference of the outer products, summed by level."""
        known = None if v0.known is None else torch.cat([v0.known, v0.known])
        levels = torch.cat([v0.values, v1.values])
        h = torch.cat([h0 * scale, h1 * -scale])
        return scatter_sum(levels, h, self.groups.n_levels, known)
