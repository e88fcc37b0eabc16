"""What one process does as a whole: a file of tests, and everything that needs Spark."""

from __future__ import annotations

from collections import Counter

import pytest

# They begin first, so that no process is left with one at the end; the rest follow by the number
# of their slow tests.
LONGEST = (
    "spark",
    "tests/test_docs.py",
    "tests/model/test_classifier.py",
    "tests/experiments/test_experiment.py",
)
SPARK = (
    "tests/spark/",
    "tests/exports/test_spark.py",
    "tests/test_docs.py::test_the_blocks_of_a_page_run[docs/elsewhere.md]",
)


def unit_of(test: str) -> str:
    """The unit of a test: its file, or ``spark``, for a second Java takes longer than the tests.

    Parameters
    ----------
    test
        The id of the test.
    """
    return "spark" if test.startswith(SPARK) else test.partition("::")[0]


def sort_by_unit(items: list[pytest.Item]) -> None:
    """Put tests of one unit together, and the longest units first."""
    slow = Counter(unit_of(item.nodeid) for item in items if item.get_closest_marker("slow"))
    place = {unit: place - len(LONGEST) for place, unit in enumerate(LONGEST)}
    first: dict[str, int] = {}
    for item in items:
        first.setdefault(unit_of(item.nodeid), len(first))

    def order(item: pytest.Item) -> tuple[int, int, int]:
        unit = unit_of(item.nodeid)
        return place.get(unit, 0), -slow[unit], first[unit]

    items.sort(key=order)


def scheduler(config: pytest.Config, log: object) -> object:
    """What hands one unit after the other to the processes of pytest-xdist."""
    from xdist.scheduler import LoadFileScheduling

    class ByUnit(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    return ByUnit(config, log)
