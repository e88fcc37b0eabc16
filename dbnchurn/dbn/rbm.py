"""A restricted Boltzmann machine: its parameters, energy and conditional distributions.

Training and likelihoods are functions of other modules.
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from typing import Self

import torch
from torch import Tensor

from dbnchurn.dbn.groups import GroupRanges, Groups, group_subset, select_levels, zero_sum
from dbnchurn.dbn.hidden_units import HIDDEN, HiddenKind, HiddenUnits
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rows import true_ranges
from dbnchurn.dbn.visible import Visible
from dbnchurn.dbn.visible_units import Bernoulli, Gaussian, Softmax, State, UnitState, VisibleUnits


class RBM:
    """Gaussian, Bernoulli and softmax visible units joined to one layer of hidden units.

    The energy is ``E(v, h) = E_visible(v) + E_hidden(h) - Σ_kind signal(v)ᵀ W h``, where the signal
    of a Gaussian unit is v/σ², of a Bernoulli unit v, and of a softmax group its one-hot code.

    Parameters
    ----------
    visible : dict
        Kind ("gaussian", "binary", "codes") → its units.
    weights : dict
        Kind → Tensor of shape (units, n_hidden).
    hidden : HiddenUnits

    See Also
    --------
    RBM.create : a machine of given widths with small random weights.

    References
    ----------
    Hinton (2012), A practical guide to training restricted Boltzmann machines. Salakhutdinov, Mnih
    and Hinton (2007), Restricted Boltzmann machines for collaborative filtering (softmax groups,
    missing entries). Cho, Ilin and Raiko (2011), Improved learning of Gaussian-Bernoulli restricted
    Boltzmann machines.

    Examples
    --------
    >>> rbm = RBM.create((1, 2, 3), sizes=(3,), n_hidden=4)
    >>> v = Visible.of(gaussian=[[0.5]], binary=[[1, 0]], codes=[[2]], sizes=(3,))
    >>> rbm.mean_h_from_v(v).shape, rbm.free_energy(v).shape
    (torch.Size([1, 4]), torch.Size([1]))
    """

    def __init__(
        self,
        visible: dict[str, VisibleUnits],
        weights: dict[str, Tensor],
        hidden: HiddenUnits,
    ) -> None:
        self.visible = visible
        self.weights = weights
        self.hidden = hidden

    @classmethod
    def create(
        cls,
        widths: tuple[int, int, int],
        *,
        n_hidden: int,
        sizes: tuple[int, ...] = (),
        hidden: HiddenKind = "bernoulli",
        weight_scale: float = 0.01,
        generator: DeviceGenerator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> RBM:
        """A machine with zero biases, unit variances and normal weights.

        The weights of every softmax group sum to zero over its levels, since a common shift of all
        levels of a group is only another hidden bias.

        Parameters
        ----------
        widths : tuple of three integers
            Gaussian units, binary units, levels of all groups; as ``rows.widths``.
        n_hidden : int
        sizes : tuple of int, default ()
            Levels of every softmax group; as ``rows.sizes``.
        hidden : {"bernoulli", "relu"}, default "bernoulli"
        weight_scale : float, default 0.01
            Standard deviation of the weights.
        generator : DeviceGenerator, optional
            Draws the weights, on its device; seed 0 on the CPU if not given.
        dtype : torch.dtype, default torch.float32

        Returns
        -------
        RBM

        Raises
        ------
        ValueError
            If widths and sizes disagree, or there is no visible unit.
        """
        if sum(sizes) != widths[2]:
            raise ValueError(f"the group sizes sum to {sum(sizes)}, but widths say {widths[2]}")
        generator = generator or DeviceGenerator(0)
        device = generator.device

        def zeros(n: int) -> Tensor:
            return torch.zeros(n, dtype=dtype, device=device)

        n_gaussian, n_binary, n_levels = widths
        groups = Groups(tuple(int(size) for size in sizes), device)
        kinds: dict[str, VisibleUnits] = {
            "gaussian": Gaussian(zeros(n_gaussian), zeros(n_gaussian)),
            "binary": Bernoulli(zeros(n_binary)),
            "codes": Softmax(zeros(n_levels), groups),
        }
        visible = {kind: unit for kind, unit in kinds.items() if len(unit.bias)}
        if not visible:
            raise ValueError("the visible layer has no units")
        weights = {
            kind: generator.normal(len(unit.bias), n_hidden, dtype=dtype).mul_(weight_scale)
            for kind, unit in visible.items()
        }
        if "codes" in weights:
            zero_sum(weights["codes"], groups)
        return cls(visible, weights, HIDDEN[hidden](zeros(n_hidden)))

    # --- parameters -----------------------------------------------------------------------------

    @property
    def n_hidden(self) -> int:
        """Number of hidden units."""
        return len(self.hidden.bias)

    @property
    def dtype(self) -> torch.dtype:
        """Type of the parameters."""
        return self.hidden.bias.dtype

    @property
    def device(self) -> torch.device:
        """Device of the parameters."""
        return self.hidden.bias.device

    @property
    def groups(self) -> Groups:
        """The softmax groups of the visible layer."""
        unit = self.visible.get("codes")
        return unit.groups if isinstance(unit, Softmax) else Groups((), self.device)

    def parameters(self) -> dict[str, Tensor]:
        """Every parameter by name: ``gaussian.bias``, ``codes.weights``, ``hidden.bias``, …"""
        named = {f"{kind}.weights": weights for kind, weights in self.weights.items()}
        named |= {f"{kind}.bias": unit.bias for kind, unit in self.visible.items()}
        gaussian = self.visible.get("gaussian")
        if isinstance(gaussian, Gaussian):
            named["gaussian.log_variance"] = gaussian.log_variance
        return named | {"hidden.bias": self.hidden.bias}

    def load(self, parameters: dict[str, Tensor]) -> None:
        """Copy in values of :meth:`parameters`."""
        for name, tensor in self.parameters().items():
            tensor.copy_(parameters[name])

    def on_groups(self, ranges: GroupRanges) -> RBM:
        """The machine without the softmax groups outside `ranges`; a single range shares memory."""
        softmax = self.visible.get("codes")
        if not isinstance(softmax, Softmax) or ranges == ((0, len(softmax.groups)),):
            return self
        visible = {kind: unit for kind, unit in self.visible.items() if kind != "codes"}
        weights = {kind: self.weights[kind] for kind in visible}
        if ranges:
            visible["codes"] = Softmax(
                select_levels(softmax.bias, self.groups, ranges),
                group_subset(softmax.groups, ranges),
            )
            weights["codes"] = select_levels(self.weights["codes"], self.groups, ranges)
        return RBM(visible, weights, self.hidden)

    def in_dtype(self, dtype: torch.dtype) -> RBM:
        """A copy whose parameters have another precision."""
        visible: dict[str, VisibleUnits] = {}
        for kind, unit in self.visible.items():
            bias = unit.bias.to(dtype)
            if isinstance(unit, Gaussian):
                visible[kind] = Gaussian(bias, unit.log_variance.to(dtype))
            elif isinstance(unit, Softmax):
                visible[kind] = Softmax(bias, unit.groups)
            else:
                visible[kind] = Bernoulli(bias)
        weights = {kind: weights.to(dtype) for kind, weights in self.weights.items()}
        return RBM(visible, weights, replace(self.hidden, bias=self.hidden.bias.to(dtype)))

    def tempered(self, beta: float) -> Self:
        """The machine with weights and hidden biases multiplied by `beta`."""
        weights = {kind: weights * beta for kind, weights in self.weights.items()}
        return type(self)(self.visible, weights, replace(self.hidden, bias=self.hidden.bias * beta))

    def without_missing(self, known: dict[str, Tensor]) -> Self:
        """The smaller machine that has only the units and groups that are `known`.

        Parameters
        ----------
        known : dict
            Kind → bool Tensor of shape (units,), or (c,) for softmax groups.
        """
        smaller: RBM = self
        if "codes" in known:
            smaller = self.on_groups(true_ranges(known["codes"].cpu().numpy()))
        visible, weights = dict(smaller.visible), dict(smaller.weights)
        for kind in known.keys() & {"gaussian", "binary"}:
            unit, kept = visible.pop(kind), known[kind]
            kept_weights = weights.pop(kind)[kept]
            if not kept.any():
                continue
            weights[kind] = kept_weights
            if isinstance(unit, Gaussian):
                visible[kind] = Gaussian(unit.bias[kept], unit.log_variance[kept])
            else:
                visible[kind] = Bernoulli(unit.bias[kept])
        return type(self)(visible, weights, self.hidden)

    # --- states ---------------------------------------------------------------------------------

    def state(self, v: Visible | State, complete: bool = False) -> State:
        """Rows as tensors on the machine's device, missing entries marked.

        Parameters
        ----------
        v : Visible or dict
            A state is returned as it is.
        complete : bool, default False
            Promise that no gaussian or binary entry is missing, which saves the search.

        Returns
        -------
        dict
            Kind → UnitState.
        """
        if isinstance(v, dict):
            return v
        state = {}
        for kind, array in (("gaussian", v.gaussian), ("binary", v.binary)):
            if kind in self.visible:
                values = torch.from_numpy(array).to(self.device, self.dtype)
                state[kind] = UnitState(values) if complete else _dense_state(values)
        if "codes" in self.visible:
            state["codes"] = _codes_state(torch.from_numpy(v.codes).to(self.device), self.groups)
        return state

    def visible_rows(self, v: State) -> Visible:
        """Rows of a state: the inverse of :meth:`state`."""
        rows = {
            kind: (
                part.values
                if part.known is None
                else torch.where(part.known > 0, part.values, torch.nan)
            )
            .cpu()
            .numpy()
            for kind, part in v.items()
            if kind != "codes"
        }
        if "codes" in v:
            rows["codes"] = self.groups.codes(v["codes"].values).cpu().numpy()
        return Visible.of(**rows, sizes=self.groups.sizes)

    # --- energies and conditional distributions ---------------------------------------------------

    def energy(self, v: Visible | State, h: Tensor) -> Tensor:
        """``E(v, h)`` of every row.

        Parameters
        ----------
        v : Visible or dict
        h : Tensor of shape (n, n_hidden)

        Returns
        -------
        Tensor of shape (n,)
        """
        v = self.state(v)
        own = sum((unit.energy(v[kind]) for kind, unit in self.visible.items()), torch.zeros(()))
        return own + self.hidden.energy(h) - (self.inputs_h_from_v(v) * h).sum(-1)

    def free_energy(self, v: Visible | State) -> Tensor:
        """``F(v) = -log Σ_h exp(-E(v, h))`` of every row, shape (n,)."""
        v = self.state(v)
        own = sum((unit.energy(v[kind]) for kind, unit in self.visible.items()), torch.zeros(()))
        return own - self.hidden.log_normalizer(self.field_h_from_v(v))

    def inputs_h_from_v(self, v: Visible | State) -> Tensor:
        """Input to the hidden units, without their bias; shape (n, n_hidden)."""
        return self.field_h_from_v(v) - self.hidden.bias

    def field_h_from_v(self, v: Visible | State) -> Tensor:
        """HiddenUnits bias plus input, shape (n, n_hidden)."""
        v = self.state(v)
        field = self.hidden.bias
        for kind, unit in self.visible.items():
            field = unit.add_input(field, self.weights[kind], v[kind])
        return field if self.visible else field.clone()

    def field_v_from_h(self, h: Tensor, kind: str) -> Tensor:
        """Bias plus input of one kind of visible units.

        Parameters
        ----------
        h : Tensor of shape (n, n_hidden)
        kind : {"gaussian", "binary", "codes"}

        Returns
        -------
        Tensor of shape (n, units)
        """
        return torch.addmm(self.visible[kind].bias, h, self.weights[kind].T)

    def mean_h_from_v(self, v: Visible | State) -> Tensor:
        """Expected hidden state of every row, shape (n, n_hidden)."""
        return self.hidden.mean_(self.field_h_from_v(v))

    def sample_h_from_v(self, v: Visible | State, generator: DeviceGenerator) -> Tensor:
        """Draw a hidden state for every row.

        Parameters
        ----------
        v : Visible or dict
        generator : DeviceGenerator

        Returns
        -------
        Tensor of shape (n, n_hidden)
        """
        return self.hidden.sample(self.field_h_from_v(v), generator)

    def mean_v_from_h(self, h: Tensor, like: State | None = None) -> dict[str, Tensor]:
        """Expected visible state of every row.

        Parameters
        ----------
        h : Tensor of shape (n, n_hidden)
        like : dict, optional
            State of n rows; where it is missing an entry, the mean is 0.

        Returns
        -------
        dict
            Kind → Tensor of shape (n, units); for softmax groups the probabilities of all levels.
        """
        return {
            kind: unit.mean(self.field_v_from_h(h, kind), _known(like, kind))
            for kind, unit in self.visible.items()
        }

    def sample_v_from_h(
        self,
        h: Tensor,
        generator: DeviceGenerator,
        like: State | None = None,
        mean_field: bool = False,
    ) -> State:
        """Draw a visible state for every row.

        Parameters
        ----------
        h : Tensor of shape (n, n_hidden)
        generator : DeviceGenerator
        like : dict, optional
            State of n rows, whose missing entries are missing in the result as well.
        mean_field : bool, default False
            Whether Bernoulli units get their probability instead of 0 or 1.

        Returns
        -------
        dict
            Kind → UnitState.
        """
        state = {}
        for kind, unit in self.visible.items():
            field, known = self.field_v_from_h(h, kind), _known(like, kind)
            if mean_field and isinstance(unit, Bernoulli):
                state[kind] = UnitState(unit.mean_(field, known), known)
            else:
                state[kind] = UnitState(unit.sample(field, generator, known), known)
        return state

    def sample(
        self, n: int, generator: DeviceGenerator, *, sweeps: int = 1000, start: State | None = None
    ) -> State:
        """Visible states by Gibbs sampling.

        Parameters
        ----------
        n : int
            Number of chains, and of states.
        generator : DeviceGenerator
        sweeps : int, default 1000
        start : dict, optional
            Visible state of n rows to start from, whose missing entries stay missing; if not given,
            hidden units that are 0 or 1 with equal probability.

        Returns
        -------
        dict
            Kind → UnitState of n rows.
        """
        h = (
            generator.uniform(n, self.n_hidden, dtype=self.dtype).round_()
            if start is None
            else self.sample_h_from_v(start, generator)
        )
        for _ in range(sweeps - 1):
            h = self.sample_h_from_v(self.sample_v_from_h(h, generator, like=start), generator)
        return self.sample_v_from_h(h, generator, like=start)


def _known(state: State | None, kind: str) -> Tensor | None:
    return None if state is None else state[kind].known


def _dense_state(values: Tensor) -> UnitState:
    """Values with NaN as 0 and not known."""
    # One sum is the cheapest search for NaN.
    if not isnan(values.sum().item()):
        return UnitState(values)
    known = ~torch.isnan(values)
    return UnitState(torch.where(known, values, 0.0), known.to(values.dtype))


def _codes_state(codes: Tensor, groups: Groups) -> UnitState:
    known = codes >= 0
    if bool(known.all()):
        return UnitState(groups.levels(codes))
    return UnitState(groups.levels(codes, known), known)
