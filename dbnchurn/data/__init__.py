"""Source tables → one row per customer: read, hold to the contract, divide into parts."""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.data.contract import Contract as Contract
    from dbnchurn.data.contract import Customers as Customers
    from dbnchurn.data.contract import customers as customers
    from dbnchurn.data.samples import split as split
    from dbnchurn.data.sources import read_sample as read_sample
    from dbnchurn.data.sources import read_table as read_table

__all__ = ["Contract", "Customers", "customers", "read_sample", "read_table", "split"]

__getattr__ = attach(
    __name__,
    {
        "Contract": "contract",
        "Customers": "contract",
        "customers": "contract",
        "read_sample": "sources",
        "read_table": "sources",
        "split": "samples",
    },
)
