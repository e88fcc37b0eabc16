"""Commands in processes that are forked from one with everything imported."""

import multiprocessing
import os

from dbnchurn import cli
from dbnchurn.experiments import worker_pool
from tests.undrawn import leave_pictures_empty


def run_command(words: list[str], log: str) -> None:
    """The command in a session of its own, its workers forked from it, its output in a file."""
    os.setsid()
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    leave_pictures_empty(setattr)
    worker_pool.worker_context = lambda: multiprocessing.get_context("fork")
    cli.main(words)
