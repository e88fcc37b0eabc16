"""Which items go with which: EASE, and cosine where its inverse would be too large."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import csr_array, diags_array, vstack

from dbnchurn.core.typing import Floats, Floats32

NEAREST = 100  # neighbours of an item that cosine keeps
BLOCK = 1000  # items whose cosines are computed at once
SHRINKAGE = 20.0  # customers that are added to the denominator of a cosine

Weights: TypeAlias = Floats32 | csr_array


def gram(held: csr_array) -> Floats:
    """Customers who hold both of two items, as a dense array of shape (m, m)."""
    found: csr_array = held.T @ held
    return np.asarray(found.toarray(), np.float64)


def ease_weights(together: Floats, penalty: float) -> Floats32:
    """The linear model that predicts each item by all others with the least squared error.

    With P the inverse of (X'X + penalty · I), the weight of item i for item j is - P_ij / P_jj.

    Parameters
    ----------
    together : float64 array of shape (m, m)
        X'X, as :func:`gram` gives it.
    penalty : float
        Added to the diagonal; above 0.

    Returns
    -------
    float32 array of shape (m, m)
        Its diagonal is 0: no item speaks for itself.

    Raises
    ------
    FloatingPointError
        If the matrix cannot be inverted.

    References
    ----------
    H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", 2019.

    Examples
    --------
    >>> held = np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    >>> weights = ease_weights(held.T @ held, 0.1)
    >>> bool(weights[0, 1] > 0.9), weights[0, 0]
    (True, np.float32(0.0))
    """
    regular = np.array(together, np.float64, order="F")
    regular[np.diag_indices(len(regular))] += penalty
    factor, failed = lapack.dpotrf(regular, lower=1, overwrite_a=1)
    if not failed:
        inverse, failed = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise FloatingPointError(f"X'X with {penalty:g} on its diagonal cannot be inverted")
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights = (inverse / -np.diag(inverse)).astype(np.float32)
    weights[np.diag_indices(len(weights))] = 0
    return np.asarray(weights, np.float32)


def cosine_weights(held: csr_array) -> csr_array:
    """Share of customers that two items have in common, of the nearest items of each.

    Parameters
    ----------
    held : csr_array of shape (n, m)

    Returns
    -------
    csr_array of shape (m, m)
        Without a diagonal; columns have ``NEAREST`` values at most.

    Examples
    --------
    >>> held = csr_array(np.repeat([[1.0, 1, 0]], 80, axis=0))
    >>> cosine_weights(held).toarray().round(2)[0]
    array([0. , 0.8, 0. ], dtype=float32)
    """
    m = held.shape[1]
    counts = np.asarray(held.sum(axis=0), np.float64).ravel()
    scale = diags_array(1 / np.sqrt(counts + SHRINKAGE))
    scaled = csr_array(held @ scale)
    columns = scaled.T.tocsr()
    blocks = [
        _nearest(csr_array(columns[first : first + BLOCK] @ scaled), first)
        for first in range(0, m, BLOCK)
    ]
    return csr_array(vstack(blocks).T.tocsr().astype(np.float32))


def _nearest(block: csr_array, first: int) -> csr_array:
    """Rows of cosines without the item itself, and with the largest values alone."""
    block.sort_indices()
    row = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    order = np.lexsort((block.indices, -block.data, row))
    order = order[block.indices[order] != row[order] + first]
    row = row[order]
    starts = np.searchsorted(row, np.arange(block.shape[0]))
    kept = np.arange(len(order)) - starts[row] < NEAREST
    order, row = order[kept], row[kept]
    return csr_array((block.data[order], (row, block.indices[order])), shape=block.shape)


def scores_of(held: csr_array, weights: Weights) -> Floats32:
    """How much speaks for every item, by what each customer holds.

    Parameters
    ----------
    held : csr_array of shape (n, m)
    weights : array of shape (m, m)

    Returns
    -------
    float32 array of shape (n, m)
        That of an item does not depend on whether the customer holds it.
    """
    found = held.astype(np.float32) @ weights
    dense = found if isinstance(found, np.ndarray) else found.toarray()
    return np.asarray(dense, np.float32)
