"""Log partition function, log-likelihood and pseudo-likelihood of rows.

The states of a small machine are summed exactly; log Z of a large one is estimated by annealed
importance sampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf, prod, sqrt
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from dbnchurn.dbn.hidden_units import BernoulliHidden
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.visible import Visible
from dbnchurn.dbn.visible_units import Softmax, State, UnitState

EXACT_STATES = 2**20
"""Largest number of states that `log_partition` sums by default."""

CHUNK = 2**13
"""States summed at a time."""

FOLD = 8
"""Factors of which one logarithm is taken."""

LARGEST = 6.0
"""Weight up to which a factor keeps its digits in float32, and `FOLD` of them have a product."""


@dataclass(frozen=True)
class LogPartition:
    """log Z of a machine.

    Attributes
    ----------
    value : float
    error : float
        Standard error of the estimate; 0 if exact.
    effective_samples : float
        Effective sample size of the importance weights, at most the number of chains; inf if exact.
    """

    value: float
    error: float = 0.0
    effective_samples: float = inf


def log_partition(
    rbm: RBM,
    *,
    chains: int = 512,
    temperatures: int = 2000,
    exact: bool | None = None,
    generator: DeviceGenerator | None = None,
) -> LogPartition:
    """Log Z, the logarithm of the sum of exp(-E) over all states.

    Parameters
    ----------
    rbm : RBM
    chains : int, default 512
        Number of chains of annealed importance sampling.
    temperatures : int, default 2000
        Number of its steps from the machine without weights to the machine itself.
    exact : bool, optional
        Force or forbid exact summation; by default exact up to 2^20 states of the smaller layer
        that can be summed (Bernoulli hidden units, or visible layers without Gaussian units).
    generator : DeviceGenerator, optional
        For the chains; seed 0 if not given.

    Returns
    -------
    LogPartition

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
        return annealed_importance_sampling(
            rbm, chains, temperatures, generator or DeviceGenerator(0, rbm.device)
        )
    if min(n_hidden, n_visible) == inf:
        raise ValueError(
            "log Z has no finite sum: the hidden units are rectified and the visible layer has "
            "Gaussian units; use exact=False"
        )
    return LogPartition(_sum_over_hidden(rbm) if n_hidden <= n_visible else _sum_over_visible(rbm))


def _hidden_states(rbm: RBM) -> float:
    return 2.0**rbm.n_hidden if isinstance(rbm.hidden, BernoulliHidden) else inf


def _visible_states(rbm: RBM) -> float:
    if "gaussian" in rbm.visible:
        return inf
    n_binary = len(rbm.visible["binary"].bias) if "binary" in rbm.visible else 0
    return 2.0**n_binary * prod(float(size) for size in rbm.groups.sizes)


def _sum_over_hidden(rbm: RBM) -> float:
    parts = []
    for start in range(0, 2**rbm.n_hidden, CHUNK):
        numbers = torch.arange(start, min(start + CHUNK, 2**rbm.n_hidden), device=rbm.device)
        h = bits(numbers, rbm.n_hidden).to(rbm.dtype)
        log_mass = -rbm.hidden.energy(h)
        for kind, unit in rbm.visible.items():
            log_mass = log_mass + unit.log_normalizer(rbm.field_v_from_h(h, kind))
        parts.append(torch.logsumexp(log_mass.double(), 0))
    return float(torch.logsumexp(torch.stack(parts), 0))


def _sum_over_visible(rbm: RBM) -> float:
    parts = [torch.logsumexp(-rbm.free_energy(v).double(), 0) for v in visible_states(rbm)]
    return float(torch.logsumexp(torch.stack(parts), 0))


def bits(numbers: Tensor, width: int) -> Tensor:
    """Binary digits of integers, lowest first.

    Parameters
    ----------
    numbers : int Tensor of shape (n,)
    width : int
        Number of digits.

    Returns
    -------
    bool Tensor of shape (n, width)
    """
    return (numbers[:, None] >> torch.arange(width, device=numbers.device)) & 1 > 0


def visible_states(rbm: RBM) -> Iterator[State]:
    """All states of a visible layer without Gaussian units, in chunks."""
    n_binary = len(rbm.visible["binary"].bias) if "binary" in rbm.visible else 0
    groups = rbm.groups
    total = 2**n_binary * prod(groups.sizes)
    for start in range(0, total, CHUNK):
        number = torch.arange(start, min(start + CHUNK, total), device=rbm.device)
        state: State = {}
        if n_binary:
            state["binary"] = UnitState(bits(number, n_binary).to(rbm.dtype))
            number = number >> n_binary
        if len(groups):
            codes = []
            for size in groups.sizes:
                codes.append(number % size)
                number = number // size
            state["codes"] = UnitState(torch.stack(codes, 1).to(torch.int32) + groups.first)
        yield state


def annealed_importance_sampling(
    rbm: RBM, chains: int, temperatures: int, generator: DeviceGenerator
) -> LogPartition:
    """Log Z by annealed importance sampling from the machine without weights.

    At inverse temperature β the weights and hidden biases are multiplied by β; the visible biases
    and variances stay, so that at β = 0 the visible units are independent and log Z is known.

    Parameters
    ----------
    rbm : RBM
    chains : int
    temperatures : int
        Number of steps of β from 0 to 1, all of the same size.
    generator : DeviceGenerator

    Returns
    -------
    LogPartition

    References
    ----------
    Neal (2001), Annealed importance sampling.
    """
    betas = torch.linspace(0, 1, temperatures + 1, dtype=torch.float64).tolist()
    base = rbm.tempered(0.0)
    no_input = torch.zeros(1, rbm.n_hidden, dtype=rbm.dtype, device=rbm.device)
    start = base.hidden.log_normalizer(no_input)
    for unit in base.visible.values():
        start = start + unit.log_normalizer(unit.bias[None])
    v = base.sample_v_from_h(no_input.expand(chains, -1), generator)
    log_weight = torch.zeros(chains, dtype=torch.float64, device=rbm.device)
    for low, high in pairwise(betas):
        field = rbm.field_h_from_v(v)
        at_high = rbm.hidden.log_normalizer(high * field)
        log_weight += (at_high - rbm.hidden.log_normalizer(low * field)).double()
        machine = rbm.tempered(high)
        v = machine.sample_v_from_h(machine.hidden.sample(high * field, generator), generator)
    top = log_weight.max()
    relative = torch.exp(log_weight - top)
    mean = relative.mean()
    error = float(relative.std() / mean) / sqrt(chains)
    effective = float(relative.sum() ** 2 / (relative**2).sum())
    return LogPartition(float(start) + float(top + mean.log()), error, effective)


def log_likelihood(rbm: RBM, v: Visible | State, **options: Any) -> Tensor:
    """Exact or estimated log-likelihood of every row; log density for Gaussian units.

    A row with missing entries has its likelihood under the machine without those units: log Z is
    computed once for every pattern of missing entries.

    Parameters
    ----------
    rbm : RBM
    v : Visible or dict
        Rows, or a visible state.
    **options
        For :func:`log_partition`.

    Returns
    -------
    Tensor of shape (n,)

    Examples
    --------
    >>> rbm = RBM.create((0, 2, 0), n_hidden=3)
    >>> total = log_likelihood(rbm, Visible.of(binary=[[0, 0], [0, 1], [1, 0], [1, 1]])).exp().sum()
    >>> round(float(total), 5)
    1.0
    """
    v = rbm.state(v)
    result = -rbm.free_energy(v)
    for rows, smaller in missing_patterns(rbm, v):
        result[rows] -= log_partition(smaller, **options).value
    return result


def missing_patterns(rbm: RBM, v: State) -> Iterator[tuple[Tensor, RBM]]:
    """Groups of rows that miss the same entries, each with the machine without these units.

    Parameters
    ----------
    rbm : RBM
    v : dict
        Visible state.

    Yields
    ------
    rows : int Tensor of shape (m,)
    smaller : RBM
    """
    n = len(next(iter(v.values())).values)
    kinds = list(v)
    known = [
        torch.ones_like(v[kind].values, dtype=torch.bool)
        if (mask := v[kind].known) is None
        else mask > 0
        for kind in kinds
    ]
    if all(state.known is None for state in v.values()):
        yield torch.arange(n), rbm
        return
    patterns, pattern_of_row = torch.unique(torch.cat(known, 1), dim=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        kept = dict(zip(kinds, pattern.split([mask.shape[1] for mask in known]), strict=True))
        yield torch.nonzero(pattern_of_row == number)[:, 0], rbm.without_missing(kept)


def pseudo_likelihood(rbm: RBM, v: Visible | State) -> Tensor:
    """Sum over Bernoulli units and softmax groups of log p(unit | all others). Needs no log Z.

    Gaussian units are among the others but add no term; missing units are left out.

    Parameters
    ----------
    rbm : RBM
    v : Visible or dict
        Rows, or a visible state.

    Returns
    -------
    Tensor of shape (n,)

    References
    ----------
    Besag (1975), Statistical analysis of non-lattice data.
    """
    v = rbm.state(v)
    field = rbm.field_h_from_v(v)
    log_mass = rbm.hidden.log_normalizer(field)
    total = torch.zeros_like(log_mass)
    if "binary" in v:
        total = total + _binary_pseudo(rbm, v["binary"], field, log_mass)
    if "codes" in v:
        total = total + _codes_pseudo(rbm, v["codes"], field)
    return total


def _binary_pseudo(rbm: RBM, state: UnitState, field: Tensor, log_mass: Tensor) -> Tensor:
    bias, weights = rbm.visible["binary"].bias, rbm.weights["binary"]
    flips = 1 - 2 * state.values
    gains = torch.empty_like(flips)  # of the hidden log normalizer, where one unit is flipped
    if rbm.hidden.kind == "bernoulli" and _is_quick(state.values, weights):
        mean, ones = torch.sigmoid(field), state.values.int()
        changes = torch.stack([weights, -weights], 1).expm1()
        for unit, change in enumerate(changes):
            factors = change.index_select(0, ones[:, unit]).mul_(mean).add_(1)
            gains[:, unit] = _sum_of_logs(factors)
    else:
        for unit in range(len(bias)):
            flipped = field + flips[:, unit, None] * weights[unit]
            gains[:, unit] = rbm.hidden.log_normalizer(flipped) - log_mass
    terms = F.logsigmoid(-(flips * bias + gains))
    return (terms if state.known is None else terms * state.known).sum(1)


def _is_quick(values: Tensor, weights: Tensor) -> bool:
    """Whether units are 0 or 1, and weights so small that `FOLD` factors have a product."""
    binary = bool(((values == 0) | (values == 1)).all())
    return binary and float(weights.detach().abs().max()) < LARGEST


def _sum_of_logs(factors: Tensor) -> Tensor:
    """``log(factors).sum(1)``, with one logarithm for the product of up to `FOLD` factors."""
    folded = 1
    while folded < FOLD and factors.shape[1] % 2 == 0:
        first, second = factors.chunk(2, 1)
        factors, folded = first * second, 2 * folded
    return factors.log_().sum(1)


def _codes_pseudo(rbm: RBM, state: UnitState, field: Tensor) -> Tensor:
    softmax, weights = rbm.visible["codes"], rbm.weights["codes"]
    assert isinstance(softmax, Softmax)
    total = field.new_zeros(len(field))
    for group, (first, end) in enumerate(pairwise(softmax.groups.bounds)):
        level = state.values[:, group].long().clamp(min=first)
        others = field - weights[level]
        scores = torch.stack(
            [
                softmax.bias[other] + rbm.hidden.log_normalizer(others + weights[other])
                for other in range(first, end)
            ],
            1,
        )
        term = scores.log_softmax(1).gather(1, (level - first)[:, None])[:, 0]
        total = total + (term if state.known is None else term * state.known[:, group])
    return total
