"""Results come back in the order of their tasks, whoever works on them."""

import threading

import pytest

from dbnchurn.core.parallel import map_row_chunks, run_parallel


@pytest.mark.parametrize("n_threads", [1, 2, 10_000])
@pytest.mark.parametrize(("n", "size"), [(0, 3), (1, 3), (3, 3), (10, 3)])
def test_every_row_is_worked_on_once_and_in_order(n, size, n_threads):
    parts = map_row_chunks(lambda rows: list(range(rows.start, rows.stop)), n, size, n_threads)
    assert [row for part in parts for row in part] == list(range(n))
    assert all(0 < len(part) <= size for part in parts)


def test_one_thread_is_the_callers():
    assert set(map_row_chunks(lambda _: threading.get_ident(), 5, 1)) == {threading.get_ident()}


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_mistake_in_any_thread_is_the_callers(n_threads):
    def fail(rows: slice) -> None:
        if rows.start == 2:
            raise ValueError("row 2")

    with pytest.raises(ValueError, match="row 2"):
        map_row_chunks(fail, 4, 1, n_threads)


@pytest.mark.parametrize("lanes", [1, 2])
def test_results_come_in_the_order_of_their_tasks(lanes):
    started = threading.Event()

    def late() -> str:
        if lanes == 2:
            assert started.wait(60)
        return "late"

    def early() -> str:
        started.set()
        return "early"

    assert run_parallel([late, early], lanes) == ["late", "early"]
