"""What is asked of the simulator: how many customers and months, and which tables."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dbnchurn.core.errors import ConfigError
from dbnchurn.data.simulate.calls import HUBS, Contagion
from dbnchurn.data.simulate.campaigns import checked_campaigns
from dbnchurn.data.simulate.products import OF_PRODUCTS, planted

TABLES = ("basic", "complaints", "optical")
CALLS = "calls"
OF_CAMPAIGNS = ("contacts", "outcomes", "effects")


@dataclass(frozen=True)
class Simulation:
    """A simulated telecom before it is drawn; as :func:`dbnchurn.data.simulate.simulate` takes it.

    Parameters
    ----------
    customers, months : int
    random_state : int, default 0
    dirt : float, default 1.0
    campaigns : tuple of {"none", "random", "targeted"}, default ()
        One for each month from the fourth on.
    joiners : float, default 0.0
        Customers who join in a month, as a share of `customers`.
    products : bool, default False
    calls : Contagion, optional

    Raises
    ------
    ConfigError
        If a number is out of its range, or there is no such campaign.

    Examples
    --------
    >>> Simulation(customers=100, months=4, products=True).tables
    ('basic', 'complaints', 'optical', 'truth', 'products', 'product_personas')
    """

    customers: int
    months: int
    random_state: int = 0
    dirt: float = 1.0
    campaigns: tuple[str, ...] = ()
    joiners: float = 0.0
    products: bool = False
    calls: Contagion | None = None

    def __post_init__(self) -> None:
        in_range = self.customers >= 1 and self.months >= 1 and 0 <= self.dirt <= 10
        if not in_range or self.random_state < 0:
            raise ConfigError(
                f"customers and months have to be at least 1, dirt between 0 and 10 and the seed "
                f"not negative, got customers={self.customers}, months={self.months}, "
                f"dirt={self.dirt}, seed={self.random_state}"
            )
        if not 0 <= self.joiners <= 1:
            raise ConfigError(
                f"joiners have to be between 0 and 1, the share of the customers who join in a "
                f"month, got {self.joiners:g}"
            )
        calls = self.calls
        if calls is not None and not (0 <= calls.homophily <= 1 and abs(calls.coefficient) <= 20):
            raise ConfigError(
                f"homophily has to be between 0 and 1, and contagion between -20 and 20, got "
                f"{calls.homophily:g} and {calls.coefficient:g}"
            )
        checked_campaigns(self.campaigns, self.months)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are written, in the order in which their folders are made."""
        tables = (*TABLES, "truth", *(OF_CAMPAIGNS if set(self.campaigns) - {"none"} else ()))
        tables += OF_PRODUCTS if self.products else ()
        tables += () if self.calls is None else (CALLS,)
        return tables + (("expected",) if self.joiners else ())

    def facts(self) -> dict[str, Any]:
        """What ``simulation.json`` says before a customer is drawn."""
        facts: dict[str, Any] = {
            "customers": self.customers,
            "months": self.months,
            "seed": self.random_state,
            "dirt": self.dirt,
        }
        if self.calls is not None:
            facts["calls"] = {**asdict(self.calls), "hubs": list(range(1, HUBS + 1))}
        return facts | planted() if self.products else facts
