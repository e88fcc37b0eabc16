"""Products that customers add month by month, with planted personas and associations.

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

OF_PRODUCTS = ("products", "product_personas")
PERSONAS = {  # planted persona → group of products that it prefers
    "guarded": "security",
    "viewer": "television",
    "traveller": "mobile",
    "homemaker": "home",
}
PREFERRED, OTHER = 3.7, 0.1
"""How many times as often a persona adds a product of its group, and of another persona's."""

_NAMES = tuple(PRODUCTS)
_PERSONAS = tuple(PERSONAS)


def persona_factors() -> Floats:
    """How many times as often each persona adds each product: shape (personas, products).

    Over the personas, which are equally frequent, the factors of a product have the mean 1.

    Examples
    --------
    >>> persona_factors().mean(axis=0).round(12).max()
    np.float64(1.0)
    """
    groups = np.array([group for group, _ in PRODUCTS.values()])
    factors = [
        np.where(
            groups == own, PREFERRED, np.where(np.isin(groups, [*PERSONAS.values()]), OTHER, 1)
        )
        for own in PERSONAS.values()
    ]
    return np.array(factors, np.float64)


def adding_rates(held: Bools, persona: Ints) -> Floats:
    """Probability that each customer adds each product in a month.

    Parameters
    ----------
    held : bool array of shape (n, products)
        At the start of the month, in the order of ``PRODUCTS``.
    persona : int array of shape (n,)
        Number of each customer's planted persona, in the order of ``PERSONAS``.

    Returns
    -------
    float array of shape (n, products)
        0 for what is held.

    Examples
    --------
    >>> nothing = np.zeros((1, len(PRODUCTS)), bool)
    >>> adding_rates(nothing, np.array([0]))[0, [0, 3]].round(4).tolist()
    [0.074, 0.0025]
    """
    rates = np.array([rate for _, rate in PRODUCTS.values()]) * persona_factors()[persona]
    for holders_of, product, factor in ASSOCIATIONS:
        has = held[:, [_NAMES.index(name) for name in holders_of]].all(axis=1)
        rates[has, _NAMES.index(product)] *= factor
    return np.where(held, 0.0, rates)


def product_tables(
    world: World,
    left_in: Ints,
    chunk: tuple[int, int],
    joined: Ints | None = None,
) -> dict[str, pa.Table]:
    """What customers add, up to the month of leaving, and the planted persona of each.

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
    dict of str to Arrow table
        ``products``: ``customer_id``, ``product``, ``product_group`` and ``added``, a day;
        ``product_personas``: ``customer_id`` and ``persona``.
    """
    purpose = "products" if joined is None else "products of joiners"
    persona = stream(*chunk, f"personas of {purpose}", 0).integers(0, len(PERSONAS), len(world.ids))
    held = np.zeros((len(world.ids), len(PRODUCTS)), bool)
    rows: list[tuple[Ints, Ints, Any]] = []
    for number, month in enumerate(world.months):
        generator = stream(*chunk, purpose, number)
        adds = generator.random(held.shape) < adding_rates(held, persona)
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
    added_rows = pa.table(
        {
            "customer_id": world.ids[customer],
            "product": pa.array(_NAMES).take(pa.array(product)),
            "product_group": groups.take(pa.array(product)),
            "added": added,
        }
    )
    of_customers = {
        "customer_id": world.ids,
        "persona": pa.array(_PERSONAS).take(pa.array(persona)),
    }
    return {OF_PRODUCTS[0]: added_rows, OF_PRODUCTS[1]: pa.table(of_customers)}


def planted() -> dict[str, Any]:
    """Associations and personas, for ``simulation.json``."""
    associations = [
        {"holders_of": list(holders_of), "take": product, "times": factor}
        for holders_of, product, factor in ASSOCIATIONS
    ]
    personas = {"prefer": dict(PERSONAS), "times": PREFERRED, "times_of_others": OTHER}
    return {"associations": associations, "product_personas": personas}
