"""Device, threads and randomness of one fit, chosen explicitly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.core.parallel import available_processors
from dbnchurn.core.random_state import RandomStateLike, as_generator

DEVICES = ("auto", "cpu", "cuda")
SMALL = 50_000  # rows; on smaller tables several threads are slower than one
THREADS = "DBNCHURN_THREADS"


@dataclass(frozen=True)
class Compute:
    """Device, threads and randomness of one fit.

    Parameters
    ----------
    device : {"cpu", "cuda"}
    n_threads : int
    n_jobs : int
        Number of boosters or networks that are fitted at once, each on `n_threads` threads.
    generator : numpy Generator
        All randomness of the fit comes from it.
    """

    device: Literal["cpu", "cuda"]
    n_threads: int
    n_jobs: int
    generator: np.random.Generator

    @classmethod
    def of(
        cls,
        device: str,
        n_threads: int | None,
        random_state: RandomStateLike,
        rows: int,
    ) -> Compute:
        """Resolve parameters of the classifier for a table of so many rows.

        Parameters
        ----------
        device : {"auto", "cpu", "cuda"}
        n_threads : int or None
            None for ``DBNCHURN_THREADS`` or, where that is not set, :func:`default_threads`.
        random_state : int, Generator, RandomState or None
        rows : int

        Returns
        -------
        Compute

        Raises
        ------
        ConfigError
            If CUDA is asked for and not there.
        """
        generator = as_generator(random_state)
        device = resolve_device(device)
        n_threads = n_threads or threads_of_environment()
        n_jobs = 1 if n_threads or device == "cuda" or rows >= SMALL else processors()
        return cls(device, n_threads or default_threads(rows), n_jobs, generator)

    def shared_by(self, tasks: int) -> tuple[int, int]:
        """How many of so many independent fits run at once, and the threads of each.

        Fits side by side keep all processors at work; the threads of one fit wait for one another
        after every level of a tree and every step of a network.
        """
        if self.device == "cuda":
            return 1, self.n_threads
        n_jobs = max(self.n_jobs, min(tasks, self.n_threads))
        return n_jobs, max(1, self.n_threads // n_jobs)

    def seed(self) -> int:
        """A seed for a stage."""
        return int(self.generator.integers(2**31))


def resolve_device(device: str) -> Literal["cpu", "cuda"]:
    """``cpu`` or ``cuda``; ``auto`` is CUDA where there is a usable one.

    Raises
    ------
    ConfigError
        If CUDA is asked for and not there, or the name is unknown.

    Examples
    --------
    >>> resolve_device("cpu")
    'cpu'
    """
    if device not in DEVICES:
        raise ConfigError(f"unknown device {device!r}: {did_you_mean(device, DEVICES)}")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        return "cpu"
    if not torch.cuda.is_available():
        raise ConfigError(
            "device 'cuda' was asked for, but this machine has no CUDA device that torch can use; "
            "choose 'auto' or 'cpu'"
        )
    return "cuda"


def threads_of_environment() -> int | None:
    """The number in the environment variable ``DBNCHURN_THREADS``; None if it is not set.

    Raises
    ------
    ConfigError
        If it is not a whole number from 1 up.
    """
    value = os.environ.get(THREADS, "").strip()
    if not value:
        return None
    if not value.isdecimal() or int(value) < 1:
        raise ConfigError(f"{THREADS}={value!r}: the number of threads is a whole number from 1 up")
    return int(value)


def default_threads(rows: int) -> int:
    """One thread for a small table, otherwise as many as the process may use, at most 4.

    On small tables threads wait for one another longer than they work, and much longer where the
    processors are shared.
    """
    return 1 if rows < SMALL else processors()


def processors() -> int:
    """How many processors a fit uses by default: those the process may use, at most 4."""
    return min(4, available_processors())


@contextmanager
def limited_threads(n: int) -> Iterator[None]:
    """Let torch and BLAS use `n` threads each inside, and as many as before afterwards.

    XGBoost and treelite take the number with every call. So there is one number for all, and
    libraries that work side by side do not take the processors from one another.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        with threadpool_limits(n, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)
