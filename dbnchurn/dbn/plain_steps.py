"""Contrastive divergence without momentum, weight decay and offsets, in memory kept between steps.

Of such a step, little is left but its five matrix products; new arrays and objects for every
mini-batch would cost a quarter as much as they do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM


@dataclass(frozen=True, eq=False)
class PlainStatistics:
    """The two phases of a step; overwritten by the next one.

    Attributes
    ----------
    data_h, model_h : Tensor of shape (n, n_hidden)
        Hidden means given the data, and given the reconstruction.
    model_v : Tensor of shape (n, units)
        The reconstruction.
    """

    data_h: Tensor
    model_v: Tensor
    model_h: Tensor


class PlainSteps:
    """Steps of a machine of Bernoulli units, of which none is missing.

    Parameters
    ----------
    rbm : RBM
        With binary visible units alone, and Bernoulli hidden units; changed by every step. All
        steps have to be made within ``torch.inference_mode()``, or all outside of it.

    Examples
    --------
    >>> rbm = RBM.create((0, 3, 0), n_hidden=2, weight_scale=0.1)
    >>> v = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    >>> found = PlainSteps(rbm).step(v, 0.1, DeviceGenerator(0))
    >>> tuple(found.data_h.shape), tuple(found.model_v.shape)
    ((2, 2), (2, 3))
    """

    def __init__(self, rbm: RBM) -> None:
        self._rbm = rbm
        self._rows = -1

    def step(
        self,
        v: Tensor,
        learning_rate: float,
        generator: DeviceGenerator,
        *,
        sweeps: int = 1,
        mean_field: bool = False,
    ) -> PlainStatistics:
        """Add the learning rate times the gradient to the parameters.

        Parameters
        ----------
        v : Tensor of shape (n, units)
            0 or 1, or probabilities.
        learning_rate : float
        generator : DeviceGenerator
        sweeps : int, default 1
            Gibbs sweeps from the data to the reconstruction.
        mean_field : bool, default False
            Whether the reconstruction keeps its probabilities.

        Returns
        -------
        PlainStatistics
        """
        weights, hidden_bias = self._rbm.weights["binary"], self._rbm.hidden.bias
        visible_bias = self._rbm.visible["binary"].bias
        if len(v) != self._rows:
            self._make_room(len(v))
        data_h, model_h, sampled_h = self._data_h, self._model_h, self._sampled_h
        torch.addmm(hidden_bias, v, weights, out=data_h).sigmoid_()
        driving, model_v = data_h, self._mean_v
        for _ in range(sweeps):
            generator.bernoulli(driving, out=sampled_h)
            torch.addmm(visible_bias, sampled_h, weights.T, out=self._mean_v).sigmoid_()
            if not mean_field:
                model_v = generator.bernoulli(self._mean_v, out=self._sampled_v)
            torch.addmm(hidden_bias, model_v, weights, out=model_h).sigmoid_()
            driving = model_h
        rate, ones = learning_rate / len(v), self._ones
        weights.addmm_(v.T, data_h, alpha=rate).addmm_(model_v.T, model_h, alpha=-rate)
        visible_bias.addmv_(v.T, ones, alpha=rate).addmv_(model_v.T, ones, alpha=-rate)
        hidden_bias.addmv_(data_h.T, ones, alpha=rate).addmv_(model_h.T, ones, alpha=-rate)
        return PlainStatistics(data_h, model_v, model_h)

    def _make_room(self, rows: int) -> None:
        """Ask for the memory of mini-batches of so many rows."""
        weights = self._rbm.weights["binary"]
        units, n_hidden = weights.shape
        self._rows = rows
        self._ones = weights.new_ones(rows)
        self._mean_v, self._sampled_v = weights.new_empty(2, rows, units)
        self._data_h, self._model_h, self._sampled_h = weights.new_empty(3, rows, n_hidden)
