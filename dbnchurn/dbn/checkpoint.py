"""Saving the training of a machine after an epoch, and taking it up again exactly there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dbnchurn.core import checkpoints as stored
from dbnchurn.dbn.contrastive_divergence import GradientAscent, Offsets
from dbnchurn.dbn.random import Random
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.training import Training, TrainingSettings


class Checkpoint:
    """A callback that saves the training of every layer after every epoch.

    Continuing from it gives bit for bit what would have come without the break, since velocities,
    offsets, persistent chains, the record so far and the state of the random generator are saved
    with the parameters.

    Parameters
    ----------
    folder : path
        Gets one file per layer, ``layer0.npz`` and so on: arrays and JSON, no pickle. A file is
        written under another name first, so a broken one never stands there.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from dbnchurn.dbn.dbn import DBN
    >>> X = np.random.default_rng(0).integers(0, 2, (50, 4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     dbn = DBN((3,), epochs=2, random_state=0).fit(X, callbacks=[Checkpoint(folder)])
    ...     again = DBN((3,), epochs=4, random_state=0).fit(X, resume_from=folder)
    >>> len(again.curves_[0])
    4
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def __call__(self, training: Training) -> None:
        """Save `training`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        save(training, file_of(self.folder, training.layer))


def file_of(folder: str | os.PathLike[str], layer: int) -> Path:
    """The file of one layer."""
    return Path(folder) / f"layer{layer}.npz"


def save(training: Training, path: Path) -> None:
    """Write everything that continuing needs."""
    arrays: dict[str, Tensor] = {}
    for group, tensors in _tensors(training).items():
        arrays |= {f"{group}/{name}": tensor for name, tensor in tensors.items()}
    generator = training.generator.state()
    state = {
        "layer": training.layer,
        "curve": training.curve,
        "stop": training.stop,
        "widened": training.widened,
        "sizes": training.rbm.groups.sizes,
        "hidden": training.rbm.hidden.kind,
        "random": generator["numpy"],
    }
    plain: dict[str, Any] = {name: tensor.cpu().numpy() for name, tensor in arrays.items()}
    stored.save(path, plain | {"random/torch": generator["torch"]}, state)


def load(path: Path, recipe: TrainingSettings, device: torch.device) -> Training:
    """Read what :func:`save` wrote.

    Raises
    ------
    ValueError
        If the file is damaged or not a checkpoint.
    """
    arrays, state = stored.load(path)
    generator = Random(0, device)
    generator.restore({"numpy": state["random"], "torch": arrays.pop("random/torch")})
    groups: dict[str, dict[str, Tensor]] = {}
    for name, array in arrays.items():
        group, _, key = name.partition("/")
        groups.setdefault(group, {})[key] = torch.from_numpy(array).to(device)
    parameters = groups["parameters"]
    rbm = _machine(parameters, tuple(state["sizes"]), state["hidden"], device)
    ascent = GradientAscent(rbm, recipe.gaussian_rate, recipe.variance_rate)
    ascent.load(groups["velocity"], groups.get("first", {}).get("variance"))
    offsets = groups["offsets"]
    return Training(
        rbm,
        ascent,
        Offsets({k: v for k, v in offsets.items() if k != "hidden"}, offsets["hidden"]),
        groups.get("chains", {}).get("h"),
        generator,
        state["curve"],
        layer=state["layer"],
        stop=state["stop"],
        best=groups.get("best"),
        widened=state["widened"],
    )


def _tensors(training: Training) -> dict[str, dict[str, Tensor]]:
    """All tensors of a training by group."""
    groups = {
        "parameters": training.rbm.parameters(),
        "velocity": training.ascent.velocity,
        "offsets": training.offsets.visible | {"hidden": training.offsets.hidden},
    }
    if training.ascent.first_variance is not None:
        groups["first"] = {"variance": training.ascent.first_variance}
    if training.chains is not None:
        groups["chains"] = {"h": training.chains}
    if training.best is not None:
        groups["best"] = training.best
    return groups


def _machine(
    parameters: dict[str, Tensor], sizes: tuple[int, ...], hidden: Any, device: torch.device
) -> RBM:
    widths = [len(parameters.get(f"{kind}.bias", ())) for kind in ("gaussian", "binary", "codes")]
    rbm = RBM.create(
        (widths[0], widths[1], widths[2]),
        sizes=sizes,
        n_hidden=len(parameters["hidden.bias"]),
        hidden=hidden,
        generator=Random(0, device),
    )
    rbm.load(parameters)
    return rbm
