"""The plan as a record: who is contacted with what, at what cost, and what bounds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dbnchurn.campaign.arm_names import CONTROL
from dbnchurn.campaign.limits import Option
from dbnchurn.core.typing import Bools, Floats, Ints


@dataclass(frozen=True)
class LimitUse:
    """How far a limit is used, and what one more unit of it is worth.

    Parameters
    ----------
    name : str
        Such as ``channel call``, or ``budget``.
    used : float
        Contacts, or money, of those who are contacted.
    most, least : float
        Infinite and zero where there is none.
    price : float
        Money that one more unit of the upper limit would bring.
    price_of_least : float
        Money that one contact less of the lower limit would bring.
    """

    name: str
    used: float
    most: float
    least: float
    price: float
    price_of_least: float

    @property
    def binds(self) -> bool:
        """Whether the plan would be worth more without the limit."""
        return self.price > 0 or self.price_of_least > 0


@dataclass(frozen=True, eq=False)
class Allocation:
    """A plan; its contacts in the order of the customers' rows.

    Parameters
    ----------
    options : tuple of Option
    customer : int array
        Row of the customer.
    option : int array
        Number of the option.
    arm : array of str
        ``contact``, ``control`` or ``explore``.
    propensity : array
        Probability with which the draw put the customer, once on the list, with this option into
        this arm.
    value, cost : array
        Money that a contact is expected to bring beyond its cost, and the cost. Of a customer in
        the control group too, though nothing is spent on him.
    planned : float
        Value of the list before the draw.
    bound : float
        No list within the limits, scaled for the control group, is worth more.
    uses : tuple of LimitUse
    set_aside : int
        Customers taken from the list at random since the draw would have overspent the budget.
    prices_by_option : array of shape (m,)
        What a contact has to be worth beyond its share of the budget.
    price_of_money : float

    Examples
    --------
    >>> from dbnchurn.campaign import Allocate
    >>> made = Allocate(capacities={"call": 1}).fit([[3.0], [5.0]], [1.0], [("gift", "call")])
    >>> plan = made.allocation_
    >>> plan.customer.tolist(), plan.arm.tolist(), plan.counts.tolist()
    ([1], ['contact'], [1])
    """

    options: tuple[Option, ...]
    customer: Ints
    option: Ints
    arm: npt.NDArray[np.str_]
    propensity: Floats
    value: Floats
    cost: Floats
    planned: float
    bound: float
    uses: tuple[LimitUse, ...]
    set_aside: int
    prices_by_option: Floats
    price_of_money: float

    @property
    def gap(self) -> float:
        """Share of the bound that the list before the draw may lack to the best one."""
        return 0.0 if self.bound <= 0 else max(0.0, (self.bound - self.planned) / self.bound)

    @property
    def counts(self) -> Ints:
        """Contacts by option, without the control group."""
        return np.bincount(self.option[self.contacted], minlength=len(self.options))

    @property
    def contacted(self) -> Bools:
        """Contacts that are made, exploration among them."""
        return np.asarray(self.arm != CONTROL)
