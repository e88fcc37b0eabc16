"""Sources of randomness as a caller gives them, and what is drawn from them."""

from __future__ import annotations

import numpy as np

from dbnchurn.core.typing import Ints, Rows

RandomStateLike = int | np.random.Generator | np.random.RandomState | None


def as_generator(random_state: RandomStateLike) -> np.random.Generator:
    """A numpy Generator of a `random_state` as scikit-learn allows it.

    Parameters
    ----------
    random_state : int, Generator, RandomState or None
        A Generator is returned as it is; a RandomState is advanced; None draws from the system.

    Returns
    -------
    numpy Generator

    Examples
    --------
    >>> as_generator(0).random() == as_generator(0).random()
    True
    """
    if isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31))
    return np.random.default_rng(random_state)


def integer_seed(random_state: RandomStateLike) -> int:
    """An integer seed; drawn from a generator, which is advanced, and from the system for None."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(random_state)


def stratified_subsample(stratum: Ints, limit: int, generator: np.random.Generator) -> Rows:
    """Row numbers, in order: at most `limit`, drawn with the same share of every stratum.

    Parameters
    ----------
    stratum : int64 array of shape (n,)
    limit : int
    generator : numpy Generator
        Used only where n is above `limit`.

    Returns
    -------
    intp array of shape (min(n, limit),)

    Examples
    --------
    >>> rows = stratified_subsample(np.repeat([0, 1], [80, 20]), 10, np.random.default_rng(0))
    >>> len(rows), int((rows >= 80).sum())
    (10, 2)
    """
    n = len(stratum)
    if n <= limit:
        return np.arange(n)
    shuffled = generator.permutation(n)
    by_stratum = shuffled[np.argsort(stratum[shuffled], kind="stable")]
    return np.sort(by_stratum[np.linspace(0, n - 1, limit).round().astype(np.intp)])
