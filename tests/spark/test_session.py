"""Workers have to be like the driver, and their errors are read from tracebacks."""

from types import SimpleNamespace

import pytest

from dbnchurn.core.errors import ConfigError, DataError, ResourceError, first_line
from dbnchurn.spark import session as module
from dbnchurn.spark.session import check_workers, readable, reads_own_files, spark_session


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_workers_of_other_versions_are_refused(spark, monkeypatch):
    check_workers(spark)
    assert spark_session() is spark
    monkeypatch.setattr(module, "version", lambda name: "0.0" if name == "duckdb" else "1")
    with pytest.raises(ConfigError, match=r"duckdb is .* on .* and 0\.0 on the driver"):
        check_workers(spark)


@pytest.mark.parametrize(
    ("system", "own"), [("file:///", True), ("hdfs://names:8020", False), (None, False)]
)
def test_a_path_without_scheme_is_of_the_machines_where_the_session_says_so(system, own):
    settings = SimpleNamespace(get=lambda name, default: system)
    java = SimpleNamespace(hadoopConfiguration=lambda: settings)
    context = {} if system is None else {"sparkContext": SimpleNamespace(_jsc=java)}
    assert reads_own_files(SimpleNamespace(**context)) is own


def test_workers_without_python_are_refused():
    def broken(*_):
        raise RuntimeError("no module named pyarrow")

    frame = SimpleNamespace(mapInArrow=broken)
    spark = SimpleNamespace(range=lambda *_: frame)  # a client of Spark Connect has no context
    with pytest.raises(ConfigError, match="cannot run Python with pyarrow: no module named pyarr"):
        check_workers(spark)


def test_an_error_of_a_worker_is_raised_again():
    trace = "Traceback (most recent call last):\n  File x\ndbnchurn.core.errors.{}: {}\nat java"
    found = readable(RuntimeError(trace.format("DataError", "no rows: none")))
    assert isinstance(found, DataError)
    assert str(found) == "no rows: none"
    full = readable(RuntimeError("java.io.IOException: No space left on device"))
    assert isinstance(full, ResourceError)
    assert str(full).startswith("the disk of a worker is full: free some space")
    other = RuntimeError("\n  something else \nmore")
    assert readable(other) is other
    assert first_line(other) == "something else"
