"""Small machines and rows that the tests share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from dbnchurn.dbn.dbn import DBN
from dbnchurn.dbn.finetune import FineTune
from dbnchurn.dbn.hidden_units import HiddenKind
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.training import Record
from dbnchurn.dbn.training_settings import TrainingSettings
from dbnchurn.dbn.visible import Visible
from dbnchurn.dbn.visible_units import Gaussian, State

SIZES = (3, 2, 4)


def mixed(
    *,
    n_gaussian: int = 2,
    n_binary: int = 3,
    sizes: tuple[int, ...] = SIZES,
    n_hidden: int = 4,
    hidden: HiddenKind = "bernoulli",
    scale: float = 0.6,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> RBM:
    """A machine with every kind of unit and random parameters that matter."""
    generator = DeviceGenerator(seed)
    rbm = RBM.create(
        (n_gaussian, n_binary, sum(sizes)),
        sizes=sizes,
        n_hidden=n_hidden,
        hidden=hidden,
        weight_scale=scale,
        generator=generator,
        dtype=dtype,
    )
    for name, parameter in rbm.parameters().items():
        if name.endswith("bias"):
            parameter.copy_(generator.normal(*parameter.shape, dtype=dtype) * 0.5)
    gaussian = rbm.visible.get("gaussian")
    if isinstance(gaussian, Gaussian):
        gaussian.log_variance.copy_(torch.linspace(-1.0, 0.4, n_gaussian, dtype=dtype))
    return rbm


def discrete(**options: object) -> RBM:
    """A mixed machine without Gaussian units: its visible states can be listed."""
    return mixed(n_gaussian=0, n_binary=2, sizes=(3, 2), **options)  # type: ignore[arg-type]


def some_rows(rbm: RBM, n: int = 50, *, missing: float = 0.0, seed: int = 1) -> Visible:
    """Random rows for a machine, a share of their entries missing."""
    generator = np.random.default_rng(seed)
    widths = {kind: len(unit.bias) for kind, unit in rbm.visible.items()}
    gaussian = generator.normal(size=(n, widths.get("gaussian", 0)))
    binary = (generator.random((n, widths.get("binary", 0))) < 0.4).astype(float)
    codes = (
        generator.random((n, len(rbm.groups))) * np.array(rbm.groups.sizes, dtype=float)
    ).astype(int)
    for part in (gaussian, binary):
        part[generator.random(part.shape) < missing] = np.nan
    codes[generator.random(codes.shape) < missing] = -1
    return Visible.of(gaussian=gaussian, binary=binary, codes=codes, sizes=rbm.groups.sizes)


def one_hot(state: State, rbm: RBM) -> torch.Tensor:
    """The signal of a state as one dense matrix, every softmax group written out."""
    parts = []
    for kind, unit in rbm.visible.items():
        values = state[kind].values
        if kind == "gaussian":
            assert isinstance(unit, Gaussian)
            values = values * torch.exp(-unit.log_variance)
        elif kind == "codes":
            dense = torch.zeros(len(values), rbm.groups.n_levels, dtype=rbm.dtype)
            for row, levels in enumerate(values.tolist()):
                for level in levels:
                    if level >= 0:
                        dense[row, level] = 1.0
            values = dense
        parts.append(values)
    return torch.cat(parts, 1)


def all_weights(rbm: RBM) -> torch.Tensor:
    """The weights of all kinds, one under the other."""
    return torch.cat(list(rbm.weights.values()))


def training_settings(**changes: object) -> TrainingSettings:
    """Settings of one machine: the defaults of a DBN, but for the changes."""
    return replace(DBN().training_settings()[0], **changes)


def finetune(network: Network, rows, y, *, random_state=None, **options) -> list[Record]:
    """Fine-tune with the dropout of the network; `options` of the stage and of its ``fit``."""
    names = FineTune().get_params()
    stage = {"batch_size": 256, "patience": 5, "dropout": network.dropout}
    stage |= {name: options.pop(name) for name in names if name in options}
    return FineTune(**stage).fit(network, rows, y, random_state=random_state, **options)
