"""Workers that run at once are asked for only where there is room for them."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.spark.barrier import check_slots, slots_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_slots_and_executors_that_come_and_go(spark):
    assert slots_of(spark) == 2
    check_slots(spark, 2)
    with pytest.raises(ConfigError, match="need 3 tasks at once, and the session has room for 2"):
        check_slots(spark, 3)
    spark.conf.set("spark.dynamicAllocation.enabled", "true")
    try:
        with pytest.raises(ConfigError, match=r"set spark\.dynamicAllocation\.enabled to false"):
            check_slots(spark, 2)
    finally:
        spark.conf.unset("spark.dynamicAllocation.enabled")
