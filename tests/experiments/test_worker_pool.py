"""Processes: results, failures and deaths are told; so many at once as there is room for."""

import os
import sys
import time
from multiprocessing import forkserver

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.core.parallel import available_processors
from dbnchurn.experiments.worker_pool import (
    COPIES,
    IMPORTS,
    SPARE,
    WorkerJob,
    fitting,
    free_memory,
    peak_memory,
    run_jobs,
)


def double(number, *_):
    print("seen", number)
    return 2 * number


def refuse(_):
    raise DataError("the table has no rows")


def break_down(_):
    raise ZeroDivisionError("by nought")


def die(_):
    os._exit(9)


def note(folder):
    """Write when this process began and ended."""
    began = time.time()
    time.sleep(0.3)
    (folder / f"{os.getpid()}").write_text(f"{began} {time.time()}")


def environment(_):
    return os.environ["OMP_NUM_THREADS"]


def run(jobs, tmp_path, at_once=2):
    events = []
    made = [
        WorkerJob(f"{i}", function, (argument,), tmp_path / "logs" / f"{i}.log")
        for i, (function, argument) in enumerate(jobs)
    ]
    run_jobs(made, events.append, at_once=at_once, table_bytes=0)
    return {e.job.name: e for e in events if e.kind != "started"}, events


def test_results_come_back_and_output_goes_to_the_log(tmp_path):
    ended, events = run([(double, 3), (double, 4), (double, 5)], tmp_path)
    assert [ended[name].result for name in "012"] == [6, 8, 10]
    assert [event.kind for event in events].count("started") == 3
    assert (tmp_path / "logs" / "1.log").read_text() == "seen 4\n"
    assert all(event.seconds > 0 for event in ended.values())


def test_failures_are_told_and_stop_nobody_else(tmp_path):
    jobs = [(refuse, 0), (break_down, 0), (die, 0), (double, 1)]
    ended, _ = run(jobs, tmp_path)
    assert [ended[name].kind for name in "0123"] == ["failed"] * 3 + ["done"]
    assert ended["0"].error == "the table has no rows"
    assert ended["1"].error.startswith("ZeroDivisionError: by nought")
    assert "Traceback" in (tmp_path / "logs" / "1.log").read_text()
    assert "code 9" in ended["2"].error


@pytest.mark.parametrize("at_once", [1, 2])
def test_no_more_run_at_once_than_are_allowed(tmp_path, at_once):
    run([(note, tmp_path)] * 4, tmp_path, at_once)
    spans = [
        tuple(map(float, path.read_text().split())) for path in tmp_path.iterdir() if path.is_file()
    ]
    assert len(spans) == 4
    most = max(sum(a <= began < b for a, b in spans) for began, _ in spans)
    assert most <= at_once


def test_processes_of_many_threads_take_turns(tmp_path):
    """As many threads as there are processors leave room for one process."""
    events = []
    jobs = [WorkerJob(f"{i}", double, (i,), tmp_path / f"{i}.log") for i in range(3)]
    run_jobs(jobs, events.append, at_once=None, table_bytes=0, n_threads=available_processors())
    assert [event.kind for event in events] == ["started", "done"] * 3


def started_at_first(tmp_path, **limits) -> int:
    """How many processes are started before one has ended, whose peak replaces the estimate."""
    events = []
    jobs = [WorkerJob(f"{i}", double, (i,), tmp_path / f"{i}.log") for i in range(4)]
    run_jobs(jobs, events.append, at_once=None, **limits)
    kinds = [event.kind for event in events]
    return kinds.index("done")


def test_as_many_run_at_once_as_memory_allows_by_the_estimate(tmp_path):
    gigabyte = 2**30
    one_table = {"table_bytes": gigabyte, "n_processors": 3}
    need = (IMPORTS + COPIES * gigabyte) / SPARE
    assert started_at_first(tmp_path, free=int(1.5 * need), **one_table) == 1
    assert started_at_first(tmp_path, free=int(50 * need), **one_table) == 3
    small = {"table_bytes": 0, "n_processors": 3}
    assert started_at_first(tmp_path, free=int(2.5 * IMPORTS / SPARE), **small) == 2


def test_children_take_one_thread_and_the_environment_is_as_before(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    ended, _ = run([(environment, 0)], tmp_path)
    assert ended["0"].result == "1"
    assert "OMP_NUM_THREADS" not in os.environ


@pytest.mark.skipif(sys.platform == "win32", reason="no fork server there")
def test_children_take_one_thread_where_the_fork_server_is_older(tmp_path, monkeypatch):
    """Children inherit the environment of the server, which another part may have started."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    older = forkserver.ForkServer()
    older.ensure_running()
    monkeypatch.setattr(forkserver, "connect_to_new_process", older.connect_to_new_process)
    ended, _ = run([(environment, 0)], tmp_path)
    assert ended["0"].result == "1"


def test_memory_and_processors_both_limit():
    gigabyte = 2**30
    many = available_processors()
    assert fitting(None, gigabyte) == many
    assert fitting(1000 * many * gigabyte, gigabyte) == many
    assert fitting(int(2.5 * gigabyte / SPARE), gigabyte) == min(2, many)
    assert fitting(gigabyte // 2, gigabyte) == 1  # one has to try
    assert fitting(None, gigabyte, n_threads=10 * many) == 1
    free = free_memory()
    assert free is None or 2**20 < free < 2**50


def test_peak_memory_is_of_this_process_and_0_where_unknown(monkeypatch):
    held = np.ones(60 * 2**20, np.uint8)
    assert len(held) < peak_memory() < 2**45
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    assert peak_memory() == 0
