"""Random numbers on a device, from a generator whose state can be saved and restored."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

LARGEST_LATTICE = 2**15 - 1


class DeviceGenerator:
    """Generator of uniform, Bernoulli and normal tensors on a device.

    On the CPU the numbers come from numpy's SFC64, which is faster than torch's generator; on a GPU
    from a torch generator of that device. No global generator is read or changed.

    Parameters
    ----------
    seed : int
    device : torch.device or str, default "cpu"
        Device of the tensors.

    Attributes
    ----------
    numpy : numpy Generator
        On the CPU the source of all numbers; on a GPU still that of permutations.

    Examples
    --------
    >>> DeviceGenerator(0).uniform(2, 3).shape
    torch.Size([2, 3])
    """

    def __init__(self, seed: int, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.numpy = np.random.Generator(np.random.SFC64(seed))
        self.on_cpu = self.device.type == "cpu"
        self.torch = torch.Generator(device=self.device)
        self.torch.manual_seed(seed)

    def uniform(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Uniform numbers in [0, 1).

        Parameters
        ----------
        *shape : int
        dtype : torch.dtype, default torch.float32

        Returns
        -------
        Tensor of that shape
        """
        if not self.on_cpu:
            return torch.rand(shape, dtype=dtype, device=self.device, generator=self.torch)
        kind = np.float64 if dtype == torch.float64 else np.float32
        return torch.from_numpy(self.numpy.random(shape, dtype=kind))

    def lattice_uniform(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Uniform numbers in [0, 1) that are faster to draw, to be compared with probabilities.

        On the CPU four numbers come from one 64-bit draw: sixteen random bits each, on a lattice
        that eight more bits shift as a whole. Every single number is therefore uniform on the 2^24
        steps of a float32, as usual; only jointly do the numbers of one call lie on a common
        lattice.

        Parameters
        ----------
        *shape : int
        dtype : torch.dtype, default torch.float32

        Returns
        -------
        Tensor of that shape
        """
        if not self.on_cpu or dtype != torch.float32:
            return self.uniform(*shape, dtype=dtype)
        lattice, shift = self._lattice(shape)
        return lattice.mul_(2.0**-16).add_(shift)

    def dropout(self, share: float, *shape: int) -> Tensor:
        """Factors of dropout: 0 with probability `share`, else 1 / (1 - `share`).

        Parameters
        ----------
        share : float
        *shape : int

        Returns
        -------
        Tensor of that shape
        """
        factor = np.float32(1 / (1 - share))
        if not self.on_cpu:
            return (self.uniform(*shape) >= share) * float(factor)
        # lattice / 2^16 + shift >= share, compared as the integers that the lattice is made of.
        raw, shift = self._raw_lattice(prod(shape))
        least = np.int16(min(ceil((share - shift) * 2.0**16), LARGEST_LATTICE))
        return torch.from_numpy(np.multiply(raw >= least, factor, dtype=np.float32)).view(shape)

    def bernoulli(self, probability: Tensor, out: Tensor | None = None) -> Tensor:
        """1 with the given probabilities, else 0.

        Parameters
        ----------
        probability : Tensor
        out : Tensor of its shape and type, optional
            Memory for the result, other than that of `probability`.

        Returns
        -------
        Tensor of the shape and type of `probability`
        """
        shape, dtype = probability.shape, probability.dtype
        if not self.on_cpu or dtype != torch.float32:
            uniform = self.uniform(*shape, dtype=dtype)
            return torch.gt(probability, uniform, out=uniform if out is None else out)
        # p > lattice / 2^16 + shift, written with one pass less than by lattice_uniform.
        raw, shift = self._raw_lattice(prod(shape))
        lattice = torch.empty(shape, dtype=dtype) if out is None else out
        lattice.copy_(torch.from_numpy(raw).view(shape))
        return torch.add(probability, lattice, alpha=-(2.0**-16), out=lattice).gt_(shift)

    def _lattice(self, shape: Sequence[int]) -> tuple[Tensor, float]:
        """Integers from -2^15 to 2^15 - 1, and the shift: integer / 2^16 + shift is uniform."""
        raw, shift = self._raw_lattice(prod(shape))
        return torch.from_numpy(raw).view(shape).to(torch.float32), shift

    def _raw_lattice(self, n: int) -> tuple[npt.NDArray[np.int16], float]:
        raw = self.numpy.bit_generator.random_raw(n // 4 + 1)
        return raw.view(np.int16)[:n], (int(raw[-1]) & 255) * 2.0**-24 + 0.5

    def normal(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Standard normal numbers.

        Parameters
        ----------
        *shape : int
        dtype : torch.dtype, default torch.float32

        Returns
        -------
        Tensor of that shape
        """
        if not self.on_cpu:
            return torch.randn(shape, dtype=dtype, device=self.device, generator=self.torch)
        kind = np.float64 if dtype == torch.float64 else np.float32
        return torch.from_numpy(self.numpy.standard_normal(shape, dtype=kind))

    def state(self) -> dict[str, Any]:
        """State of both generators, as numbers and arrays, for :meth:`restore`."""
        return {
            "numpy": self.numpy.bit_generator.state,
            "torch": self.torch.get_state().numpy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a :meth:`state`."""
        self.numpy.bit_generator.state = state["numpy"]
        self.torch.set_state(torch.from_numpy(np.array(state["torch"], dtype=np.uint8)))
