"""Tables of real customers that come with the empulse package."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from dbnchurn.core.errors import ConfigError, did_you_mean, wants_extra
from dbnchurn.core.lazy import LazyModule

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")


SAMPLES = {  # sample table → its loader in the empulse package, the name for its label column
    "tv_subscriptions": ("load_churn_tv_subscriptions", "churn"),
    "bank_telemarketing": ("load_upsell_bank_telemarketing", "subscribed"),
}


def read_sample(name: str, costs: Collection[str] = ()) -> pd.DataFrame:
    """A sample table of real customers from the empulse package, with columns for id and label.

    Parameters
    ----------
    name : {"tv_subscriptions", "bank_telemarketing"}
        9,379 customers of a TV operator, 46 anonymous features, 4.79 % churn; column ``churn``.
        Or 37,931 customers whom a bank called, 12.6 % subscribed; column ``subscribed``.
    costs : collection of str, default ()
        Which of the costs of every customer to add as columns; the first table has ``tp_cost``,
        ``fp_cost``, ``tn_cost`` and ``fn_cost``. They depend on what a customer is worth, so they
        are no features.

    Returns
    -------
    DataFrame of shape (n, columns)

    Raises
    ------
    ConfigError
        If there is no such table, or the package is not installed.

    Examples
    --------
    >>> read_sample("tv_subscriptions").shape
    (9379, 48)
    """
    if name not in SAMPLES:
        raise ConfigError(f"unknown sample table {name!r}: {did_you_mean(name, SAMPLES)}")
    with wants_extra("train"):
        from empulse import datasets
    loader, label = SAMPLES[name]
    data: Any = getattr(datasets, loader)(backend="pandas")
    frame = pd.DataFrame(data.data)
    frame.insert(0, "customer", range(len(frame)))
    frame[label] = pd.Series(data.target).to_numpy()
    for cost in costs:
        if cost in data.instance_costs:
            frame[cost] = data.instance_costs[cost]
    return frame
