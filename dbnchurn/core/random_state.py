"""Sources of randomness as a caller gives them, and what is drawn from them."""

from __future__ import annotations

import numpy as np

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
