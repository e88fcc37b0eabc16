"""Processes that are born with modules imported."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext


def forks_with(*modules: str) -> ForkServerContext:
    """Processes of a new server that has imported these modules.

    The one that there may be has imported what another test asked for, and imports no more.
    """
    forkserver._forkserver._stop()  # which is there for tests
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    return context
