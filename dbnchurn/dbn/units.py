"""Units of a Boltzmann machine, all with one small contract.

A layer of units holds its own parameters and answers, for states ``v`` of n rows:

``energy(v)``              its part of the energy, shape (n,)
``log_mass(field)``        ``log Σ exp(-energy + input·signal)`` over all its states: the
                           free-energy term, shape (n,)
``mean(field)``            expected state
``sample(field, random)``  a state; may overwrite `field`
``statistics(v)``          derivative of minus the energy with respect to its own parameters

``field`` is the bias plus the input from the other layer, shape (n, units). What the other layer
sees of a state is its *signal*: ``v`` itself, ``v / σ²`` for Gaussian units. Visible units join it
to the weights with ``pull`` (``field + signal @ weights``) and ``outer_difference``
(``scale * (signal0.T @ h0 - signal1.T @ h1)``), where the kinds differ in their fast paths.

Missing entries are dropped row by row: their state is 0 (level -1 in a softmax group) and ``known``
is 0 there, so they add nothing to energy, field or statistics.
"""

from __future__ import annotations

from dataclasses import Field, dataclass
from math import log, pi, sqrt
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

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
from dbnchurn.dbn.random import Random


class Part(NamedTuple):
    """The state of one kind of visible units.

    Attributes
    ----------
    values : Tensor
        float of shape (n, units), 0 where missing; for softmax groups int32 levels of shape (n, c),
        -1 where missing.
    known : Tensor, optional
        Same shape, 1 or True where there is evidence; None if nothing is missing.
    """

    values: Tensor
    known: Tensor | None = None


State = dict[str, Part]
"""A visible state: kind of unit → its part. Kinds without units are left out."""


HiddenKind = Literal["bernoulli", "relu"]


class Hidden(Protocol):
    """What the RBM asks of its hidden layer: a dataclass, made of its bias.

    Attributes
    ----------
    function : str
        What the unit becomes in the unrolled network: one of its activations.
    seen_as : {"binary", "gaussian"}
        What its activation is to the machine above.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    kind: ClassVar[HiddenKind]
    function: ClassVar[str]
    seen_as: ClassVar[Literal["binary", "gaussian"]]
    bias: Tensor

    def energy(self, h: Tensor) -> Tensor: ...
    def log_mass(self, field: Tensor) -> Tensor: ...
    def mean(self, field: Tensor) -> Tensor: ...
    def mean_(self, field: Tensor) -> Tensor: ...
    def activation(self, field: Tensor) -> Tensor: ...
    def sample(self, field: Tensor, generator: Random, mean: Tensor | None = None) -> Tensor: ...


class Unit(Protocol):
    """What the RBM asks of one kind of visible units."""

    bias: Tensor

    def energy(self, v: Part) -> Tensor: ...
    def log_mass(self, field: Tensor, known: Tensor | None = None) -> Tensor: ...
    def mean(self, field: Tensor, known: Tensor | None = None) -> Tensor: ...
    def sample(self, field: Tensor, generator: Random, known: Tensor | None = None) -> Tensor: ...
    def statistics(self, v: Part, sample_weight: Tensor) -> dict[str, Tensor]: ...
    def pull(self, field: Tensor, weights: Tensor, v: Part) -> Tensor: ...
    def outer_difference(
        self, v0: Part, h0: Tensor, v1: Part, h1: Tensor, scale: float
    ) -> Tensor: ...


def softplus(x: Tensor) -> Tensor:
    """``log(1 + exp(x))`` without the jump of a linear branch."""
    return torch.logaddexp(x, torch.zeros((), dtype=x.dtype, device=x.device))


def _kept(values: Tensor, known: Tensor | None) -> Tensor:
    return values if known is None else values * known


def _outer_difference(v0: Tensor, h0: Tensor, v1: Tensor, h1: Tensor, scale: float) -> Tensor:
    """``scale * (v0.T @ h0 - v1.T @ h1)`` in two products and no further pass."""
    change = torch.addmm(h0.new_empty(()), v0.T, h0, beta=0, alpha=scale)
    return change.addmm_(v1.T, h1, alpha=-scale)


@dataclass
class BernoulliHidden:
    """Hidden units that are 0 or 1: energy ``-c·h``."""

    kind: ClassVar[HiddenKind] = "bernoulli"
    function: ClassVar[str] = "sigmoid"
    seen_as: ClassVar[Literal["binary", "gaussian"]] = "binary"
    bias: Tensor

    def energy(self, h: Tensor) -> Tensor:
        return -(h @ self.bias)

    def log_mass(self, field: Tensor) -> Tensor:
        return softplus(field).sum(-1)

    def mean(self, field: Tensor) -> Tensor:
        return torch.sigmoid(field)

    def mean_(self, field: Tensor) -> Tensor:
        """The mean, written over `field`; a sample then needs the mean alone."""
        return field.sigmoid_()

    def activation(self, field: Tensor) -> Tensor:
        """What the unit hands to the next layer: its mean."""
        return torch.sigmoid(field)

    def sample(self, field: Tensor, generator: Random, mean: Tensor | None = None) -> Tensor:
        """A state; `mean` saves computing it again."""
        return generator.bernoulli(self.mean(field) if mean is None else mean)


@dataclass
class RectifiedHidden:
    """Noisy rectified linear units: energy ``h²/2 - c·h`` on h ≥ 0.

    Given its field x a unit follows the normal distribution N(x, 1) cut at zero; its most probable
    value is max(0, x), which is what it hands to the next layer. Nair and Hinton (2010) draw
    max(0, x + N(0, sigmoid(x))) instead, a rule that belongs to no energy; with this one the free
    energy, the likelihood and Gibbs sampling stay exact.
    """

    kind: ClassVar[HiddenKind] = "relu"
    function: ClassVar[str] = "relu"
    seen_as: ClassVar[Literal["binary", "gaussian"]] = "gaussian"
    bias: Tensor

    def energy(self, h: Tensor) -> Tensor:
        return (0.5 * h * h - h * self.bias).sum(-1)

    def log_mass(self, field: Tensor) -> Tensor:
        """``log ∫ exp(-h²/2 + xh) dh = log √(π/2) + log erfcx(-x/√2)``, for large x by log Φ."""
        terms = torch.where(
            field < 0,
            torch.special.erfcx(-torch.clamp(field, max=0.0) / sqrt(2)).log() + 0.5 * log(pi / 2),
            0.5 * field * field + torch.special.log_ndtr(field) + 0.5 * log(2 * pi),
        )
        return terms.sum(-1)

    def mean(self, field: Tensor) -> Tensor:
        """``x + φ(x)/Φ(x)``; the ratio is √(2/π) / erfcx(-x/√2)."""
        ratio = sqrt(2 / pi) / torch.special.erfcx(-field / sqrt(2))
        # Far below zero the two terms cancel; 1/|x| (1 - 2/x²) is then exact to float32.
        far = torch.clamp(field, max=-1.0)
        tail = (-1 / far) * (1 - 2 / (far * far))
        return torch.where(field < -30, tail, field + ratio)

    def mean_(self, field: Tensor) -> Tensor:
        """The mean; `field` is left as it is, for a sample needs it."""
        return self.mean(field)

    def activation(self, field: Tensor) -> Tensor:
        """What the unit hands to the next layer: its most probable value."""
        return torch.relu(field)

    def sample(self, field: Tensor, generator: Random, mean: Tensor | None = None) -> Tensor:
        """Inverts the upper tail: ``P(H > h) = Φ(x - h)/Φ(x)``."""
        field64 = field.to(torch.float64)
        uniform = 1 - generator.uniform(*field.shape, dtype=torch.float64)
        inside = torch.special.ndtr(field64) * uniform
        # Below -30 the tail is exponential with rate |x|; ndtri of such tiny numbers is inexact.
        tail = -uniform.log() / torch.clamp(-field64, min=1.0)
        drawn = torch.where(field64 < -30, tail, field64 - torch.special.ndtri(inside))
        return drawn.clamp_(min=0).to(field.dtype)


HIDDEN: dict[str, type[BernoulliHidden] | type[RectifiedHidden]] = {
    layer.kind: layer for layer in (BernoulliHidden, RectifiedHidden)
}


@dataclass
class Bernoulli:
    """Visible units that are 0 or 1: energy ``-b·v``."""

    bias: Tensor

    def energy(self, v: Part) -> Tensor:
        return -(v.values @ self.bias)

    def log_mass(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        return _kept(softplus(field), known).sum(-1)

    def mean(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        return _kept(torch.sigmoid(field), known)

    def sample(self, field: Tensor, generator: Random, known: Tensor | None = None) -> Tensor:
        return _kept(generator.bernoulli(field.sigmoid_()), known)

    def probability(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """The mean, written over `field`."""
        return _kept(field.sigmoid_(), known)

    def statistics(self, v: Part, sample_weight: Tensor) -> dict[str, Tensor]:
        return {"bias": sample_weight @ v.values}

    def pull(self, field: Tensor, weights: Tensor, v: Part) -> Tensor:
        return torch.addmm(field, v.values, weights)

    def outer_difference(self, v0: Part, h0: Tensor, v1: Part, h1: Tensor, scale: float) -> Tensor:
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

    def energy(self, v: Part) -> Tensor:
        return 0.5 * _kept((v.values - self.bias) ** 2, v.known) @ self.precision

    def log_mass(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        gained = 0.5 * (field**2 - self.bias**2) * self.precision
        volume = 0.5 * (self.log_variance + log(2 * pi))
        return _kept(gained + volume, known).sum(-1)

    def mean(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        return _kept(field, known)

    def sample(self, field: Tensor, generator: Random, known: Tensor | None = None) -> Tensor:
        noise = generator.normal(*field.shape, dtype=field.dtype)
        return _kept(noise.mul_(torch.exp(0.5 * self.log_variance)).add_(field), known)

    def statistics(self, v: Part, sample_weight: Tensor) -> dict[str, Tensor]:
        """The part of the variance's derivative that knows no weights; see `variance_pull`."""
        away = _kept(v.values - self.bias, v.known)
        return {
            "bias": (sample_weight @ away) * self.precision,
            "log_variance": 0.5 * (sample_weight @ away**2) * self.precision,
        }

    def pull(self, field: Tensor, weights: Tensor, v: Part) -> Tensor:
        return torch.mm(v.values * self.precision, weights).add_(field)

    def outer_difference(self, v0: Part, h0: Tensor, v1: Part, h1: Tensor, scale: float) -> Tensor:
        change = _outer_difference(v0.values, h0, v1.values, h1, scale)
        return change.mul_(self.precision[:, None])


@dataclass
class Softmax:
    """Visible groups of which one level is on: energy ``-Σ b[level]``."""

    bias: Tensor
    groups: Groups

    def energy(self, v: Part) -> Tensor:
        return -gather_sum(self.bias[:, None], v.values, v.known)[:, 0]

    def log_mass(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        return _kept(group_logsumexp(field, self.groups), known).sum(-1)

    def mean(self, field: Tensor, known: Tensor | None = None) -> Tensor:
        """Probabilities of all levels, shape (n, L); 0 where the group is missing."""
        wide = None if known is None else known[:, self.groups.of_level]
        return _kept(group_softmax(field, self.groups), wide)

    def chance(self, field: Tensor, levels: Tensor) -> Tensor:
        """Probability of the given level of every group, shape (n, c)."""
        picked = field.gather(1, levels.clamp(min=0).long())
        return torch.exp(picked - group_logsumexp(field, self.groups))

    def sample(self, field: Tensor, generator: Random, known: Tensor | None = None) -> Tensor:
        """Levels of shape (n, c); overwrites `field`."""
        levels = draw_levels(field, self.groups, generator)
        return levels if known is None else torch.where(known, levels, -1)

    def statistics(self, v: Part, sample_weight: Tensor) -> dict[str, Tensor]:
        each = sample_weight[:, None].expand(v.values.shape)
        flat, each = (
            (v.values.reshape(-1), each.reshape(-1))
            if v.known is None
            else (v.values[v.known], each[v.known])
        )
        return {"bias": torch.zeros_like(self.bias).index_add_(0, flat, each)}

    def pull(self, field: Tensor, weights: Tensor, v: Part) -> Tensor:
        return field + gather_sum(weights, v.values, v.known)

    def outer_difference(self, v0: Part, h0: Tensor, v1: Part, h1: Tensor, scale: float) -> Tensor:
        known = None if v0.known is None else torch.cat([v0.known, v0.known])
        levels = torch.cat([v0.values, v1.values])
        h = torch.cat([h0 * scale, h1 * -scale])
        return scatter_sum(levels, h, self.groups.n_levels, known)
