"""What is asked of the simulator, before a customer is drawn."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.data.simulate import simulate
from dbnchurn.data.simulate.calls import Contagion
from dbnchurn.data.simulate.simulation import Simulation


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"campaigns": ("none", "random")},
        {"joiners": 0.1, "products": True},
        {"calls": Contagion()},
    ],
    ids=lambda asked: ", ".join(asked) or "nothing more",
)
def test_its_tables_are_the_folders_that_are_written(asked, tmp_path):
    written = simulate(tmp_path / "crm", customers=60, months=5, **asked)
    tables = Simulation(60, 5, **asked).tables
    assert {path.name for path in written.iterdir()} == {*tables, "simulation.json"}
    assert all(list((written / table).iterdir()) for table in tables)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"customers": 0}, "customers and months have to be at least 1.*customers=0"),
        ({"dirt": 11.0}, "dirt between 0 and 10.*dirt=11"),
        ({"random_state": -1}, "the seed not negative.*seed=-1"),
        ({"joiners": 1.5}, "joiners have to be between 0 and 1.*got 1.5"),
        ({"calls": Contagion(30.0, 0.0)}, "contagion between -20 and 20, got 0 and 30"),
        ({"campaigns": ("rare",)}, "there is no kind 'rare'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(asked, told):
    with pytest.raises(ConfigError, match=told):
        Simulation(**{"customers": 10, "months": 4, **asked})
