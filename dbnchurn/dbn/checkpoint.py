"""Saving the training of a machine after an epoch, to continue it exactly there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from dbnchurn.core import checkpoints
from dbnchurn.core.typing import Arrays
from dbnchurn.dbn.contrastive_divergence import CenteringOffsets, GradientAscent
from dbnchurn.dbn.hidden_units import HiddenKind
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.training import Training
from dbnchurn.dbn.training_settings import TrainingSettings


class Checkpoint:
    """A callback that saves the training of every layer after every epoch.

    A continued training gives bit for bit the result of one without interruption, since velocities,
    offsets, persistent chains, the records so far and the state of the random generator are saved
    with the parameters.

    Parameters
    ----------
    folder : path
        Gets one file per layer, ``layer0.npz`` and so on: arrays and JSON, no pickle. Files are
        replaced atomically.

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
        save(training, file_of(self.folder, training.layer))


def file_of(folder: str | os.PathLike[str], layer: int) -> Path:
    """Path of the checkpoint of one layer.

    Parameters
    ----------
    folder : path
    layer : int
        Number of the layer, from 0.

    Returns
    -------
    Path
    """
    return Path(folder) / f"layer{layer}.npz"


def save(training: Training, path: Path) -> None:
    """Write the state of a training to a file.

    Parameters
    ----------
    training : Training
    path : Path
        Its folder is made if it is not there.
    """
    generator = training.generator.state()
    state = {
        "layer": training.layer,
        "curve": training.curve,
        "stop": training.stop,
        "widened": training.epochs_widened,
        "sizes": training.rbm.groups.sizes,
        "hidden": training.rbm.hidden.kind,
        "random": generator["numpy"],
    }
    arrays = flattened(_tensors(training)) | {"random/torch": generator["torch"]}
    checkpoints.save(path, arrays, state)


def load(path: Path, settings: TrainingSettings, device: torch.device) -> Training:
    """Read a file of :func:`save`.

    Parameters
    ----------
    path : Path
    settings : TrainingSettings
        The factors on the learning rate are taken from here.
    device : torch.device

    Returns
    -------
    Training

    Raises
    ------
    ValueError
        If the file is damaged or not a checkpoint.
    """
    arrays, state = checkpoints.load(path)
    generator = DeviceGenerator(0, device)
    generator.restore({"numpy": state["random"], "torch": arrays.pop("random/torch")})
    groups = nested(arrays, device)
    parameters = groups["parameters"]
    rbm = _machine(parameters, tuple(state["sizes"]), state["hidden"], device)
    ascent = GradientAscent(rbm, settings.gaussian_rate, settings.variance_rate)
    ascent.load(groups["velocity"], groups.get("first", {}).get("variance"))
    offsets = groups["offsets"]
    return Training(
        rbm,
        ascent,
        CenteringOffsets({k: v for k, v in offsets.items() if k != "hidden"}, offsets["hidden"]),
        groups.get("chains", {}).get("h"),
        generator,
        state["curve"],
        layer=state["layer"],
        stop=state["stop"],
        best=groups.get("best"),
        epochs_widened=state["widened"],
    )


def flattened(groups: Mapping[str, Mapping[str, Tensor]]) -> Arrays:
    """Groups of named tensors as arrays under the names ``group/name``."""
    return {
        f"{group}/{name}": tensor.detach().cpu().numpy()
        for group, tensors in groups.items()
        for name, tensor in tensors.items()
    }


def nested(arrays: Arrays, device: torch.device) -> dict[str, dict[str, Tensor]]:
    """The inverse of :func:`flattened`.

    Parameters
    ----------
    arrays : dict
        ``group/name`` → array.
    device : torch.device
        Device of the tensors.

    Returns
    -------
    dict
        Group → name → Tensor.
    """
    groups: dict[str, dict[str, Tensor]] = {}
    for path, array in arrays.items():
        group, _, name = path.partition("/")
        groups.setdefault(group, {})[name] = torch.from_numpy(array).to(device)
    return groups


def _tensors(training: Training) -> dict[str, dict[str, Tensor]]:
    """All tensors of a training: group → name → tensor."""
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
    parameters: dict[str, Tensor], sizes: tuple[int, ...], hidden: HiddenKind, device: torch.device
) -> RBM:
    widths = [len(parameters.get(f"{kind}.bias", ())) for kind in ("gaussian", "binary", "codes")]
    rbm = RBM.create(
        (widths[0], widths[1], widths[2]),
        sizes=sizes,
        n_hidden=len(parameters["hidden.bias"]),
        hidden=hidden,
        generator=DeviceGenerator(0, device),
    )
    rbm.load(parameters)
    return rbm
