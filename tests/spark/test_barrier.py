"""Workers that run at once are asked for only where there is room for them."""

from types import SimpleNamespace

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.spark.barrier import check_slots, slots_of


def session(**settings):
    """What is asked of a session with room for two tasks, and data in fifty partitions."""
    named = {name.replace("_", "."): value for name, value in settings.items()}
    profiles = SimpleNamespace(resourceProfileFromId=lambda number: number)
    scheduler = SimpleNamespace(
        resourceProfileManager=lambda: profiles, maxNumConcurrentTasks=lambda profile: 2
    )
    context = SimpleNamespace(defaultParallelism=50, _jsc=SimpleNamespace(sc=lambda: scheduler))
    return SimpleNamespace(conf=named, sparkContext=context)


def test_as_many_workers_as_slots():
    assert slots_of(session()) == 2
    check_slots(session(), 2)
    check_slots(session(spark_dynamicAllocation_enabled="false"), 1)
    with pytest.raises(ConfigError, match="need 3 tasks at once, and the session has room for 2"):
        check_slots(session(), 3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_session_says_how_many_tasks_it_runs_at_once(spark):
    assert slots_of(spark) == 2


def test_executors_that_come_and_go_are_refused():
    with pytest.raises(ConfigError, match=r"set spark\.dynamicAllocation\.enabled to false"):
        check_slots(session(spark_dynamicAllocation_enabled="true"), 1)
