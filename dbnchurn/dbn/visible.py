"""Rows of the visible layer: the input of all machines and networks of this package."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Floats32, Ints32, Rows

if TYPE_CHECKING:
    from scipy import sparse
else:
    sparse = LazyModule("scipy.sparse")


SMALL = 2**15  # rows x groups x columns, up to which a sparse matrix costs more than its product


@dataclass(frozen=True, eq=False)
class Visible:
    """Rows of one visible layer with its three kinds of units.

    Missing is NaN in `gaussian` and `binary` and -1 in `codes`, and means *no evidence*: for that
    row the unit or group is dropped, as if the machine did not have it (Salakhutdinov, Mnih and
    Hinton, 2007).

    Parameters
    ----------
    gaussian : float32 array of shape (n, g)
        Real values on a scale of about 1.
    binary : float32 array of shape (n, b)
        0, 1, or a probability between them.
    codes : int32 array of shape (n, c)
        One column per softmax group; column `j` holds 0 … ``sizes[j] - 1``.
    sizes : tuple of c integers
        Number of levels of every group.

    Examples
    --------
    >>> v = Visible.of(gaussian=[[0.5], [1.0]], codes=[[2], [-1]], sizes=(3,))
    >>> len(v), v.widths, len(v.take(np.array([1])))
    (2, (1, 0, 3), 1)
    """

    gaussian: Floats32
    binary: Floats32
    codes: Ints32
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        rows = {len(self.gaussian), len(self.binary), len(self.codes)}
        if len(rows) > 1:
            raise ValueError(f"the arrays of a visible layer differ in rows: {sorted(rows)}")
        if self.codes.shape[1] != len(self.sizes):
            raise ValueError(
                f"{self.codes.shape[1]} code columns but {len(self.sizes)} group sizes"
            )

    @classmethod
    def of(
        cls,
        gaussian: npt.ArrayLike | None = None,
        binary: npt.ArrayLike | None = None,
        codes: npt.ArrayLike | None = None,
        sizes: tuple[int, ...] = (),
    ) -> Visible:
        """Build from the kinds of units that there are; the others become empty.

        Parameters
        ----------
        gaussian : array of shape (n, g), optional
        binary : array of shape (n, b), optional
        codes : int array of shape (n, c), optional
        sizes : tuple of c integers, default ()
            Number of levels of every group.

        Returns
        -------
        Visible
        """
        given = [np.asarray(part) for part in (gaussian, binary, codes) if part is not None]
        n = len(given[0]) if given else 0

        def part(values: npt.ArrayLike | None, dtype: type) -> npt.NDArray[Any]:
            return np.empty((n, 0), dtype) if values is None else np.asarray(values, dtype)

        return cls(
            part(gaussian, np.float32), part(binary, np.float32), part(codes, np.int32), sizes
        )

    def __len__(self) -> int:
        return len(self.gaussian)

    @property
    def widths(self) -> tuple[int, int, int]:
        """Number of gaussian units, binary units and levels of all groups together."""
        return self.gaussian.shape[1], self.binary.shape[1], sum(self.sizes)

    def take(self, rows: Rows) -> Visible:
        """The given rows, in the given order, as copies."""
        return replace(
            self, gaussian=self.gaussian[rows], binary=self.binary[rows], codes=self.codes[rows]
        )

    @cached_property
    def units(self) -> Floats:
        """Gaussian and then binary units in double precision, 0 where missing, shape (n, g + b)."""
        both = np.concatenate([self.gaussian, self.binary], axis=1, dtype=np.float64)
        both[np.isnan(both)] = 0
        return both

    def level_sums(self, table: Floats32) -> Floats32:
        """Sums of a table's rows at the levels of every row; a missing one adds nothing.

        Parameters
        ----------
        table : float32 array of shape (L, k)
            A row for every level of every group; at least two columns.

        Returns
        -------
        float32 array of shape (n, k)
            Group after group, so that a row alone is rounded as in a batch.
        """
        if len(table) and self.codes.size * table.shape[1] <= SMALL:
            known = self.codes >= 0
            return np.asarray(np.add.reduce(table[self._places] * known[:, :, None], axis=1))
        sums: Floats32 = self._levels @ table
        return sums

    @cached_property
    def _places(self) -> Ints32:
        """The levels of every row, counted over all groups; those of missing ones mean nothing."""
        first = np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int32)
        return self.codes + first

    @cached_property
    def _levels(self) -> sparse.csr_matrix:
        """The levels of every row, shape (n, L): 1 for each, nothing for a missing one."""
        known = self.codes >= 0
        if known.all():
            flat = self._places.ravel()
            starts = np.arange(len(known) + 1, dtype=np.int32) * np.int32(known.shape[1])
        else:
            present = known.any(axis=0)  # nearly all columns may be of leaves that are not there
            known = known[:, present]
            flat = self._places[:, present][known]
            starts = np.concatenate([[0], np.cumsum(known.sum(axis=1))]).astype(np.int32)
        shape = len(known), int(sum(self.sizes))
        return sparse.csr_matrix((np.ones(len(flat), np.float32), flat, starts), shape, copy=False)
