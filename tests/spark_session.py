"""A local Spark session, which starts longer than a test of it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.java import JAVA_OPTIONS, has_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def local_session(warehouse: Path) -> SparkSession:
    """The session of this process, of two tasks in processes that see what this one sees.

    It is started where there is none, or where another test stopped it.
    """
    pytest.importorskip("pyspark", reason="the extra spark is not installed")
    if not has_java():
        pytest.skip("Spark needs Java 17")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("dbnchurn")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "3")
    builder = builder.config("spark.sql.warehouse.dir", str(warehouse))
    builder = builder.config("spark.python.daemon.module", "tests.spark_daemon")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]), prepend=os.pathsep)
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("JDK_JAVA_OPTIONS", JAVA_OPTIONS)
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def stop_session() -> None:
    """Stop the session of this process, if there is one."""
    if "pyspark.sql" in sys.modules:
        from pyspark.sql import SparkSession

        if (session := SparkSession.getActiveSession()) is not None:
            session.stop()
