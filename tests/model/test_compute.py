"""Device, threads and seeds are what was asked for, or refused in words."""

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from dbnchurn.core.errors import ConfigError
from dbnchurn.model.compute import (
    Compute,
    default_threads,
    limited_threads,
    processors,
    resolve_device,
    threads_of_environment,
)

HAS_CUDA = torch.cuda.is_available()


def test_auto_takes_what_there_is():
    assert resolve_device("auto") == ("cuda" if HAS_CUDA else "cpu")
    assert resolve_device("cpu") == "cpu"


def test_cuda_is_refused_where_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"'cuda' was asked for, .* no CUDA device .* 'cpu'"):
        resolve_device("cuda")


def test_cuda_is_taken_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("cuda") == resolve_device("auto") == "cuda"


def test_unknown_devices_are_refused():
    with pytest.raises(ConfigError, match=r"unknown device 'gpu'.*allowed: 'auto', 'cpu', 'cuda'"):
        resolve_device("gpu")


@pytest.mark.parametrize("state_of", [int, np.random.RandomState, np.random.default_rng])
def test_equal_states_give_equal_seeds(state_of):
    def seeds() -> list[int]:
        compute = Compute.of("cpu", None, state_of(7), rows=1000)
        return [compute.seed() for _ in range(5)]

    assert seeds() == seeds()
    assert len(set(seeds())) == 5


def test_threads_of_torch_are_put_back():
    before = torch.get_num_threads()
    with limited_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_threads_grow_with_the_table_up_to_four():
    found = [default_threads(rows) for rows in (10, 1_000, 100_000, 10_000_000)]
    assert found[0] == 1
    assert found == sorted(found)
    assert found[-1] <= 4


def test_independent_fits_run_at_once_on_small_tables_alone():
    assert Compute.of("cpu", None, 0, rows=1000).n_jobs == processors()
    assert Compute.of("cpu", 1, 0, rows=1000).n_jobs == 1
    assert Compute.of("cpu", None, 0, rows=1_000_000).n_jobs == 1


def test_the_environment_names_the_threads(monkeypatch):
    monkeypatch.setenv("DBNCHURN_THREADS", "3")
    found = Compute.of("cpu", None, 0, rows=1000)
    assert (found.n_threads, found.n_jobs) == (3, 1)
    assert Compute.of("cpu", 2, 0, rows=1000).n_threads == 2  # what is said in the call comes first
    monkeypatch.setenv("DBNCHURN_THREADS", " ")
    assert threads_of_environment() is None


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_of_threads_is_refused(monkeypatch, value):
    monkeypatch.setenv("DBNCHURN_THREADS", value)
    with pytest.raises(ConfigError, match=f"DBNCHURN_THREADS='{value}': the number of threads"):
        Compute.of("cpu", None, 0, rows=1000)


@pytest.mark.parametrize(
    ("threads", "tasks", "expected"),
    [(1, 2, (1, 1)), (2, 2, (2, 1)), (4, 2, (2, 2)), (4, 1, (1, 4))],
)
def test_networks_of_large_tables_share_the_threads(monkeypatch, threads, tasks, expected):
    compute = Compute.of("cpu", threads, 0, rows=1_000_000)
    assert compute.shared_by(tasks) == expected


def test_blas_is_limited_as_well():
    with limited_threads(1):
        libraries = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
        assert libraries
        assert all(lib["num_threads"] == 1 for lib in libraries)
