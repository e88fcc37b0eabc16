"""Source tables → one row per customer: read, hold to the contract, join, check, divide.

For one table: ``sources``, ``contract``, ``samples``. For several, in the order of their work:
``plan`` and ``windows`` (what is wanted), ``relations`` and ``postgres`` (open), ``enforce`` (hold
to contracts), ``integrate`` and ``outcome`` (one row per customer and cutoff), ``build`` (all of
it), ``leakage``, ``foresight`` and ``quality`` (what is wrong with it). ``infer`` proposes
contracts, ``simulate`` draws a telecom whose truth is known.
"""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.data.build import Built as Built
    from dbnchurn.data.contract import Contract as Contract
    from dbnchurn.data.contract import Customers as Customers
    from dbnchurn.data.contract import customers as customers
    from dbnchurn.data.plan import DataPlan as DataPlan
    from dbnchurn.data.samples import split as split
    from dbnchurn.data.sources import read_sample as read_sample
    from dbnchurn.data.sources import read_table as read_table

__all__ = [
    "Built",
    "Contract",
    "Customers",
    "DataPlan",
    "customers",
    "read_sample",
    "read_table",
    "split",
]

__getattr__ = attach(
    __name__,
    {
        "Built": "build",
        "Contract": "contract",
        "Customers": "contract",
        "DataPlan": "plan",
        "customers": "contract",
        "read_sample": "sources",
        "read_table": "sources",
        "split": "samples",
    },
)
