"""A session hears signals while it computes, and goes on afterwards."""

import signal
import threading

import pytest

from dbnchurn.tables.duckdb import Session

ENDLESS = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"


class Stop(BaseException):
    """Raised by a signal."""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends signals")
def test_a_signal_stops_a_query_and_the_session_computes_the_next():
    def stop(*_):
        raise Stop

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with Session() as session:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(Stop):
                session.rows(ENDLESS)
            assert session.rows("SELECT 1 + 1") == [(2,)]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_one_thread_computes_all_queries_and_ends_with_the_session():
    before = set(threading.enumerate())
    with Session(n_threads=1) as session:
        for number in range(5):
            assert session.row(f"SELECT {number}") == (number,)
            (thread,) = set(threading.enumerate()) - before
    assert not thread.is_alive()
