"""How probable rows are: log partition, log-likelihood and pseudo-likelihood.

A small machine is summed up exactly; a large one is estimated by annealed importance sampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf, prod, sqrt
from typing import Protocol, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from dbnchurn.dbn.groups import Groups
from dbnchurn.dbn.random import Random
from dbnchurn.dbn.units import BernoulliHidden, Hidden, Part, Softmax, State, Unit

EXACT_STATES = 2**20
"""Largest number of states that `log_partition` adds up one by one."""

CHUNK = 2**13


class Machine(Protocol):
    """What is asked of an :class:`~dbnchurn.dbn.rbm.RBM` here."""

    visible: dict[str, Unit]
    weights: dict[str, Tensor]
    hidden: Hidden

    @property
    def n_hidden(self) -> int: ...
    @property
    def dtype(self) -> torch.dtype: ...
    @property
    def device(self) -> torch.device: ...
    @property
    def groups(self) -> Groups: ...
    def free_energy(self, v: State) -> Tensor: ...
    def field_h_from_v(self, v: State) -> Tensor: ...
    def field_v_from_h(self, h: Tensor, kind: str) -> Tensor: ...
    def sample_v_from_h(self, h: Tensor, generator: Random) -> State: ...
    def tempered(self, beta: float) -> Self: ...
    def without_missing(self, known: dict[str, Tensor]) -> Self: ...


@dataclass(frozen=True)
class LogPartition:
    """log Z of a machine.

    Attributes
    ----------
    value : float
    error : float
        Standard error; 0 if exact.
    effective_samples : float
        Of annealed importance sampling: how many of its chains carry the estimate; inf if exact.
    """

    value: float
    error: float = 0.0
    effective_samples: float = inf


def log_partition(
    rbm: Machine,
    *,
    chains: int = 512,
    temperatures: int = 2000,
    exact: bool | None = None,
    generator: Random | None = None,
) -> LogPartition:
    """Log Z, the logarithm of the sum of exp(-E) over all states.

    Parameters
    ----------
    rbm : Machine
    chains : int, default 512
        Of annealed importance sampling.
    temperatures : int, default 2000
        Steps from the machine without weights to the machine itself.
    exact : bool, optional
        Force or forbid exact summation; by default exact up to 2^20 states of the smaller layer
        that can be summed (Bernoulli hidden units, or visible layers without Gaussian units).
    generator : Random, optional

    Raises
    ------
    ValueError
        If exact summation is asked for and no layer can be summed.

    References
    ----------
    Neal (2001), Annealed importance sampling. Salakhutdinov and Murray (2008), On the quantitative
    analysis of deep belief networks.
    """
    n_hidden, n_visible = _hidden_states(rbm), _visible_states(rbm)
    if exact is None:
        exact = min(n_hidden, n_visible) <= EXACT_STATES
    if not exact:
        return annealed(rbm, chains, temperatures, generator or Random(0, rbm.device))
    if min(n_hidden, n_visible) == inf:
        raise ValueError(
            "log Z has no finite sum: the hidden units are rectified and the visible layer has "
            "Gaussian units; use exact=False"
        )
    return LogPartition(_sum_over_hidden(rbm) if n_hidden <= n_visible else _sum_over_visible(rbm))


def _hidden_states(rbm: Machine) -> float:
    return 2.0**rbm.n_hidden if isinstance(rbm.hidden, BernoulliHidden) else inf


def _visible_states(rbm: Machine) -> float:
    if "gaussian" in rbm.visible:
        return inf
    n_binary = len(rbm.visible["binary"].bias) if "binary" in rbm.visible else 0
    return 2.0**n_binary * prod(float(size) for size in rbm.groups.sizes)


def _sum_over_hidden(rbm: Machine) -> float:
    parts = []
    for start in range(0, 2**rbm.n_hidden, CHUNK):
        numbers = torch.arange(start, min(start + CHUNK, 2**rbm.n_hidden), device=rbm.device)
        h = bits(numbers, rbm.n_hidden).to(rbm.dtype)
        mass = -rbm.hidden.energy(h)
        for kind, unit in rbm.visible.items():
            mass = mass + unit.log_mass(rbm.field_v_from_h(h, kind))
        parts.append(torch.logsumexp(mass.double(), 0))
    return float(torch.logsumexp(torch.stack(parts), 0))


def _sum_over_visible(rbm: Machine) -> float:
    parts = [torch.logsumexp(-rbm.free_energy(v).double(), 0) for v in visible_states(rbm)]
    return float(torch.logsumexp(torch.stack(parts), 0))


def bits(numbers: Tensor, width: int) -> Tensor:
    """The binary digits of integers, lowest first, as a bool tensor of shape (n, width)."""
    return (numbers[:, None] >> torch.arange(width, device=numbers.device)) & 1 > 0


def visible_states(rbm: Machine) -> Iterator[State]:
    """Every state of a visible layer without Gaussian units, some at a time."""
    n_binary = len(rbm.visible["binary"].bias) if "binary" in rbm.visible else 0
    groups = rbm.groups
    total = 2**n_binary * prod(groups.sizes)
    for start in range(0, total, CHUNK):
        number = torch.arange(start, min(start + CHUNK, total), device=rbm.device)
        state: State = {}
        if n_binary:
            state["binary"] = Part(bits(number, n_binary).to(rbm.dtype))
            number = number >> n_binary
        if len(groups):
            codes = []
            for size in groups.sizes:
                codes.append(number % size)
                number = number // size
            state["codes"] = Part(torch.stack(codes, 1).to(torch.int32) + groups.first)
        yield state


def annealed(rbm: Machine, chains: int, temperatures: int, generator: Random) -> LogPartition:
    """Log Z by annealed importance sampling from the machine without weights.

    At inverse temperature β the weights and hidden biases are multiplied by β; the visible biases
    and variances stay, so that at β = 0 the visible units are independent and log Z is known.
    """
    betas = torch.linspace(0, 1, temperatures + 1, dtype=torch.float64).tolist()
    base = rbm.tempered(0.0)
    none = torch.zeros(1, rbm.n_hidden, dtype=rbm.dtype, device=rbm.device)
    start = base.hidden.log_mass(none)
    for unit in base.visible.values():
        start = start + unit.log_mass(unit.bias[None])
    v = base.sample_v_from_h(none.expand(chains, -1), generator)
    weight = torch.zeros(chains, dtype=torch.float64, device=rbm.device)
    for low, high in pairwise(betas):
        field = rbm.field_h_from_v(v)
        colder = rbm.hidden.log_mass(high * field)
        weight += (colder - rbm.hidden.log_mass(low * field)).double()
        machine = rbm.tempered(high)
        v = machine.sample_v_from_h(machine.hidden.sample(high * field, generator), generator)
    top = weight.max()
    relative = torch.exp(weight - top)
    mean = relative.mean()
    error = float(relative.std() / mean) / sqrt(chains)
    effective = float(relative.sum() ** 2 / (relative**2).sum())
    return LogPartition(float(start) + float(top + mean.log()), error, effective)


def log_likelihood(rbm: Machine, v: State, **options: object) -> Tensor:
    """Exact or estimated log-likelihood of every row, shape (n,); density for Gaussian units.

    A row with missing entries is judged by the machine without those units: rows are put together
    by what they miss, and log Z is found for each pattern.

    Parameters
    ----------
    rbm : Machine
    v : dict
        A visible state.
    **options
        For :func:`log_partition`.
    """
    result = -rbm.free_energy(v)
    for rows, smaller in patterns(rbm, v):
        result[rows] -= log_partition(smaller, **options).value  # type: ignore[arg-type]
    return result


def patterns(rbm: Machine, v: State) -> Iterator[tuple[Tensor, Machine]]:
    """Rows that miss the same entries, with the machine without them."""
    n = len(next(iter(v.values())).values)
    kinds = list(v)
    known = [
        torch.ones_like(v[kind].values, dtype=torch.bool)
        if (mask := v[kind].known) is None
        else mask > 0
        for kind in kinds
    ]
    if all(part.known is None for part in v.values()):
        yield torch.arange(n), rbm
        return
    seen, which = torch.unique(torch.cat(known, 1), dim=0, return_inverse=True)
    for number, pattern in enumerate(seen):
        kept = dict(zip(kinds, pattern.split([mask.shape[1] for mask in known]), strict=True))
        yield torch.nonzero(which == number)[:, 0], rbm.without_missing(kept)


def pseudo_likelihood(rbm: Machine, v: State) -> Tensor:
    """Sum over Bernoulli units and softmax groups of log p(unit | all others), shape (n,).

    Gaussian units are conditioned on, not judged; missing units are neither. Needs no log Z.

    References
    ----------
    Besag (1975), Statistical analysis of non-lattice data.
    """
    field = rbm.field_h_from_v(v)
    mass = rbm.hidden.log_mass(field)
    total = torch.zeros_like(mass)
    if "binary" in v:
        total = total + _binary_pseudo(rbm, v["binary"], field, mass)
    if "codes" in v:
        total = total + _codes_pseudo(rbm, v["codes"], field)
    return total


def _binary_pseudo(rbm: Machine, part: Part, field: Tensor, mass: Tensor) -> Tensor:
    bias, weights = rbm.visible["binary"].bias, rbm.weights["binary"]
    total = torch.zeros_like(mass)
    for unit in range(len(bias)):
        flip = 1 - 2 * part.values[:, unit]
        gain = flip * bias[unit] - mass
        gain = gain + rbm.hidden.log_mass(field + flip[:, None] * weights[unit])
        term = F.logsigmoid(-gain)
        total = total + (term if part.known is None else term * part.known[:, unit])
    return total


def _codes_pseudo(rbm: Machine, part: Part, field: Tensor) -> Tensor:
    softmax, weights = rbm.visible["codes"], rbm.weights["codes"]
    assert isinstance(softmax, Softmax)
    total = field.new_zeros(len(field))
    for group, (first, end) in enumerate(pairwise(softmax.groups.bounds)):
        level = part.values[:, group].long().clamp(min=first)
        others = field - weights[level]
        scores = torch.stack(
            [
                softmax.bias[other] + rbm.hidden.log_mass(others + weights[other])
                for other in range(first, end)
            ],
            1,
        )
        term = scores.log_softmax(1).gather(1, (level - first)[:, None])[:, 0]
        total = total + (term if part.known is None else term * part.known[:, group])
    return total
