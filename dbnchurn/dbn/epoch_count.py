"""The number of epochs of pretraining that follows from the sizes of a machine and its rows.

It is a count and not a time, so that a seed gives the same machine on every computer.
"""

from __future__ import annotations

from math import ceil

STEPS = 200
"""Mini-batches that train a machine: enough for most of what a long training reaches."""

FEWEST, MOST = 2, 20
"""Bounds of the number of epochs."""

WORK = 2 * 10**10
"""Rows times visible units times hidden units times epochs, at most."""


def automatic_epochs(
    n_rows: int, batch_size: int, n_visible: int, n_hidden: int, *, longer: int = 1
) -> int:
    """Epochs of about 200 mini-batches, within bounds of their number and of the work.

    Parameters
    ----------
    n_rows : int
    batch_size : int
        Rows of a mini-batch.
    n_visible : int
        Gaussian units, binary units and code groups: what a row has at most.
    n_hidden : int
    longer : int, default 1
        Factor of the number of mini-batches and of the most epochs, not of the most work.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> [automatic_epochs(n, 128, 80, 128) for n in (500, 5_000, 50_000)]
    [20, 5, 2]
    >>> automatic_epochs(500, 128, 80, 128, longer=2)
    40
    >>> automatic_epochs(50_000, 128, 3_000, 128)  # wide: less than an epoch would do
    1
    """
    by_steps = max(FEWEST, ceil(longer * STEPS / ceil(n_rows / batch_size)))
    by_work = WORK // max(1, n_rows * n_visible * n_hidden)
    return max(1, min(by_steps, longer * MOST, by_work))
