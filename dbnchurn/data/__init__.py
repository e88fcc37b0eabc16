"""Source tables → one row per customer: read, hold to the contract, divide into parts."""

from dbnchurn.lazy import attach

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
