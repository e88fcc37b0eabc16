"""Products that customers add month by month, with planted associations.

They have streams of random numbers of their own, so that all other tables are the same with and
without them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from dbnchurn.core.typing import Bools, Floats, Ints
from dbnchurn.data.simulate.campaigns import stream
from dbnchurn.data.simulate.world import World

PRODUCTS: dict[str, tuple[str, float]] = {  # product → group, share of customers who add it a month
    "antivirus": ("security", 0.020),
    "password manager": ("security", 0.006),
    "backup": ("security", 0.010),
    "movies": ("television", 0.025),
    "sports": ("television", 0.008),
    "kids channels": ("television", 0.012),
    "music": ("television", 0.015),
    "roaming pack": ("mobile", 0.020),
    "family SIM": ("mobile", 0.007),
    "extra data": ("mobile", 0.018),
    "mesh wifi": ("home", 0.022),
    "smart home": ("home", 0.007),
    "camera": ("home", 0.005),
    "energy meter": ("home", 0.006),
    "device insurance": ("service", 0.012),
    "premium support": ("service", 0.008),
}
ASSOCIATIONS: tuple[tuple[tuple[str, ...], str, float], ...] = (
    (("antivirus",), "password manager", 6.0),
    (("movies",), "sports", 5.0),
    (("roaming pack",), "family SIM", 4.0),
    (("mesh wifi",), "smart home", 6.0),
    (("mesh wifi", "smart home"), "camera", 8.0),
)
"""Who holds the first adds the second so many times as often in a month."""

_NAMES = tuple(PRODUCTS)


def adding_rates(held: Bools) -> Floats:
    """Probability that each customer adds each product in a month.

    Parameters
    ----------
    held : bool array of shape (n, products)
        At the start of the month, in the order of ``PRODUCTS``.

    Returns
    -------
    float array of shape (n, products)
        0 for what is held.

    Examples
    --------
    >>> nothing = np.zeros((1, len(PRODUCTS)), bool)
    >>> float(adding_rates(nothing)[0, 0])
    0.02
    """
    rates = np.repeat([[rate for _, rate in PRODUCTS.values()]], len(held), axis=0)
    for holders_of, product, factor in ASSOCIATIONS:
        has = held[:, [_NAMES.index(name) for name in holders_of]].all(axis=1)
        rates[has, _NAMES.index(product)] *= factor
    return np.where(held, 0.0, rates)


def product_table(
    world: World,
    left_in: Ints,
    chunk: tuple[int, int],
    joined: Ints | None = None,
) -> pa.Table:
    """A row for each product that a customer adds, up to the month of leaving.

    Parameters
    ----------
    world : World of n customers
    left_in : int array of shape (n,)
        Position of the month in which each leaves.
    chunk : pair of int
        Random state and number of the chunk.
    joined : int array of shape (n,), optional
        Position of the month in which each joins.

    Returns
    -------
    Arrow table
        ``customer_id``, ``product``, ``product_group`` and ``added``, a day.
    """
    purpose = "products" if joined is None else "products of joiners"
    held = np.zeros((len(world.ids), len(PRODUCTS)), bool)
    rows: list[tuple[Ints, Ints, Any]] = []
    for number, month in enumerate(world.months):
        generator = stream(*chunk, purpose, number)
        adds = generator.random(held.shape) < adding_rates(held)
        day = generator.integers(0, 28, held.shape)
        adds &= (number <= left_in)[:, None]
        if joined is not None:
            adds &= (number >= joined)[:, None]
        customer, product = np.nonzero(adds)
        first = month.astype("datetime64[D]")
        rows.append((customer, product, first + day[adds].astype("timedelta64[D]")))
        held |= adds
    customer, product, added = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    groups = pa.array([group for group, _ in PRODUCTS.values()])
    return pa.table(
        {
            "customer_id": world.ids[customer],
            "product": pa.array(_NAMES).take(pa.array(product)),
            "product_group": groups.take(pa.array(product)),
            "added": added,
        }
    )


def planted() -> list[dict[str, Any]]:
    """The associations, for ``simulation.json``."""
    return [
        {"holders_of": list(holders_of), "take": product, "times": factor}
        for holders_of, product, factor in ASSOCIATIONS
    ]
