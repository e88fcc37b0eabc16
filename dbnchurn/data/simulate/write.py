"""Write the tables of a simulated telecom as Parquet folders, and load them into a database.

Customers are drawn in chunks, so memory does not grow with their number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.places import check_places
from dbnchurn.core.progress import stage
from dbnchurn.core.typing import Bools, Floats, Ints, Rows
from dbnchurn.data.simulate.calls import HUBS, Contagion, draw_calls
from dbnchurn.data.simulate.campaigns import (
    Tally,
    checked_campaigns,
    draw_contacts,
    effect_table,
    leaving_after,
    log_table,
    months_of,
    outcome_table,
    stream,
)
from dbnchurn.data.simulate.dirt import spoil
from dbnchurn.data.simulate.hazard import leaving_probability
from dbnchurn.data.simulate.joiners import ExpectedLeavers, Joiners, draw_joiners
from dbnchurn.data.simulate.products import OF_PRODUCTS, planted, product_tables
from dbnchurn.data.simulate.records import event_records, monthly_records, to_arrow
from dbnchurn.data.simulate.responses import CONTACT_COST, MARGIN, OFFER_COST, responses
from dbnchurn.data.simulate.truth import attainable
from dbnchurn.data.simulate.world import OBSERVED, World, draw
from dbnchurn.tables.postgres import load_into_postgres

CHUNK_SIZE = 50_000  # customers
FIRST_ID = 100_000_001
TABLES = ("basic", "complaints", "optical")
CALLS = "calls"
OF_CAMPAIGNS = ("contacts", "outcomes", "effects")


def simulate(
    output: str | Path,
    *,
    customers: int = 10_000,
    months: int = 4,
    random_state: int = 0,
    dirt: float = 1.0,
    campaigns: Sequence[str] = (),
    joiners: float = 0.0,
    products: bool = False,
    calls: Contagion | None = None,
    chunk_size: int = CHUNK_SIZE,
    mkdir: bool = False,
) -> Path:
    """Write the three tables of a telecom and the true probabilities of leaving.

    ``basic`` has one row per customer and month, ``complaints`` and ``optical`` one per event,
    ``truth`` one per customer and cutoff: the probability of leaving in the month after the cutoff
    given the records of the three months before, and whether the customer left. It is exact for
    records without dirt. ``simulation.json`` holds the scores of the best possible model.

    Campaigns add three tables: ``contacts``, the contact log; ``outcomes``, who left or accepted;
    and ``effects``, the truth of every customer and option in the month of a campaign: probability
    of accepting, by how much a contact lowers the probability of leaving (for some it raises it),
    and what that is worth. ``truth`` has the probability without a contact all the same, and
    ``simulation.json`` the true lift of every campaign.

    Joiners add customers that are there from a later month on, in files of their own, and a table
    ``expected``: by package and month the customers, the sum of their true probabilities of leaving
    and those who left.

    Products add a table ``products``: what each customer added when, with associations whose
    strengths are in ``simulation.json``; and ``product_personas``: the planted persona of each
    customer, which prefers one group of products.

    Calls add a table ``calls``: who calls whom when and for how many minutes, within communities
    and to a few hubs; and to ``truth`` the probability if no partner had left, and the share of
    those who have. Joiners make no calls, and calls have no dirt.

    Parameters
    ----------
    output : path
        A new folder; it appears when it is complete.
    customers : int, default 10_000
    months : int, default 4
        From May 2024. Customers may leave from the fourth on.
    random_state : int, default 0
        The same number gives the same files.
    dirt : float, default 1.0
        0 for clean records, 1 for those of a neglected CRM.
    campaigns : sequence of {"none", "random", "targeted"}, default ()
        One for each month in which customers may leave, from the fourth on; later months have none.
        A random campaign lists half of all customers and draws offer and channel; a targeted one
        lists the riskiest tenth. A fifth of each list is a control group.
    joiners : float, default 0.0
        Customers who join in every month but the first, as a share of `customers`. They may leave
        from the fourth month after they joined, and no campaign contacts them.
    products : bool, default False
        Whether to write what customers added.
    calls : Contagion, optional
        Write the calls of customers, whose departures may follow those of the people they call.
    chunk_size : int, default 50,000
        Customers that are drawn at once; the files depend on it.
    mkdir : bool, default False
        Make the folder above `output` if it is not there.

    Returns
    -------
    output : Path

    Raises
    ------
    ConfigError
        If the folder exists, the one above it does not, or a number is out of its range.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = simulate(Path(folder, "crm"), customers=500)
    ...     sorted(path.name for path in written.iterdir())
    ['basic', 'complaints', 'optical', 'simulation.json', 'truth']
    """
    output = Path(output)
    if output.exists():
        raise ConfigError(f"{output} exists already; name a new folder for the simulated tables")
    if customers < 1 or months < 1 or not 0 <= dirt <= 10 or random_state < 0:
        raise ConfigError(
            f"customers and months have to be at least 1, dirt between 0 and 10 and the seed not "
            f"negative, got customers={customers}, months={months}, dirt={dirt}, "
            f"seed={random_state}"
        )
    if not 0 <= joiners <= 1:
        raise ConfigError(
            f"joiners have to be between 0 and 1, the share of the customers who join in a month, "
            f"got {joiners:g}"
        )
    if calls is not None and not (0 <= calls.homophily <= 1 and abs(calls.coefficient) <= 20):
        raise ConfigError(
            f"homophily has to be between 0 and 1, and contagion between -20 and 20, got "
            f"{calls.homophily:g} and {calls.coefficient:g}"
        )
    check_places({"output": output}, mkdir=mkdir)
    plan = checked_campaigns(campaigns, months)
    tables = (*TABLES, "truth", *(OF_CAMPAIGNS if set(plan) - {"none"} else ()))
    tables += OF_PRODUCTS if products else ()
    tables += () if calls is None else (CALLS,)
    starts = range(0, customers, chunk_size)
    expected = ExpectedLeavers.over(months) if joiners else None
    next_id = customers + FIRST_ID
    with atomic_folder(output) as unfinished:
        for table in tables:
            (unfinished / table).mkdir()
        truth = Truth(plan, expected, calls)
        with stage("simulate", steps=len(starts)) as step:
            for number, first in enumerate(starts):
                ids = np.arange(first, min(first + chunk_size, customers)) + FIRST_ID
                for table, columns in _chunk(
                    ids, months, random_state, number, dirt, truth, products
                ):
                    pq.write_table(columns, unfinished / table / f"part-{number:05d}.parquet")
                late = draw_joiners(next_id, len(ids) * joiners, months, (random_state, number))
                next_id += len(late.ids)
                added = (random_state, number) if products else None
                for table, columns in _late(late, dirt, truth, added):
                    pq.write_table(columns, unfinished / table / f"joiners-{number:05d}.parquet")
                step()
        about: dict[str, Any] = {
            "customers": customers,
            "months": months,
            "seed": random_state,
            "dirt": dirt,
        }
        if calls is not None:
            about["calls"] = {**asdict(calls), "hubs": list(range(1, HUBS + 1))}
        if products:
            about |= planted()
        if expected is not None:
            about["joiners"] = next_id - customers - FIRST_ID
            (unfinished / "expected").mkdir()
            pq.write_table(expected.table(), unfinished / "expected" / "part-00000.parquet")
        _describe(unfinished, truth, about)
    return output


def load_tables(folder: Path, variable: str) -> str:
    """Load simulated tables into a PostgreSQL database.

    Parameters
    ----------
    folder : Path
        As :func:`simulate` returned it.
    variable : str
        Environment variable with the URL of the database.

    Returns
    -------
    str
        A sentence with the number of rows of each table.
    """
    further = (CALLS,) if (folder / CALLS).exists() else ()
    rows = load_into_postgres(variable, folder, (*TABLES, "truth", *further))
    loaded = ", ".join(f"{table} ({n} rows)" for table, n in rows.items())
    return f"loaded into the database of {variable}: {loaded}"


@dataclass
class Truth:
    """What all chunks add to ``simulation.json``.

    Parameters
    ----------
    campaigns : tuple of str
        Kinds, one for each month from the fourth on.
    expected : ExpectedLeavers, optional
        By package and month; None where nobody joins.
    calls : Contagion, optional
        None where no calls are written.
    probabilities : list of float arrays
    tallies : dict of month → Tally
    """

    campaigns: tuple[str, ...] = ()
    expected: ExpectedLeavers | None = None
    calls: Contagion | None = None
    probabilities: list[Floats] = field(default_factory=list)
    tallies: dict[int, Tally] = field(default_factory=dict)


def _describe(folder: Path, truth: Truth, about: dict[str, Any]) -> None:
    about["truth"] = "exact" if about["dirt"] == 0 else "of the records before they were spoilt"
    if truth.probabilities:
        about["attainable"] = asdict(attainable(np.concatenate(truth.probabilities)))
    if truth.tallies:
        about["campaigns"] = [tally.as_dict() for _, tally in sorted(truth.tallies.items())]
        about["offers"] = {
            offer: {"margin": MARGIN[offer], "cost": OFFER_COST[offer]} for offer in MARGIN
        }
        about["channels"] = {channel: {"cost": cost} for channel, cost in CONTACT_COST.items()}
    (folder / "simulation.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def _chunk(
    ids: Ints,
    months: int,
    random_state: int,
    number: int,
    dirt: float,
    truth: Truth,
    products: bool,
) -> Iterator[tuple[str, pa.Table]]:
    """The tables of some customers, with streams of random numbers of their own."""
    life, fate, spoiling = (
        np.random.default_rng([random_state, number, purpose]) for purpose in range(3)
    )
    world = draw(ids, months, life)
    planned = months_of(world, truth.campaigns)
    left_in = np.full(len(ids), months)  # position of the month in which each leaves
    written: dict[str, list[pa.Table]] = {}
    contagion, calls = truth.calls, None
    if contagion is not None:
        calls = draw_calls(world, (random_state, number), contagion.homophily)
    for month in range(OBSERVED, months):
        staying = np.flatnonzero(left_in == months)
        p = leaving_probability(world, month)
        further: dict[str, Floats] = {}
        if contagion is not None and calls is not None:
            share = calls.share_left(month, left_in)
            further = {"alone": p[staying], "share_left": share[staying]}
            p = contagion.probability(p, share)
        lot = fate.random(len(ids))
        after = p
        if month in planned:
            kind, name = planned[month]
            tally = truth.tallies.setdefault(month, Tally(name, kind))
            after, tables = _campaign(world, month, staying, p, lot, tally, (random_state, number))
            for table, rows in tables.items():
                written.setdefault(table, []).append(rows)
        leaves = lot[staying] < after[staying]
        left_in[staying[leaves]] = month
        truth.probabilities.append(p[staying])
        rows = _truth(world, month, staying, p[staying], leaves, further)
        written.setdefault("truth", []).append(rows)
        if truth.expected is not None:
            truth.expected.add_leaving(world, month, staying, p[staying], leaves)
    if truth.expected is not None:
        truth.expected.add_customers(world, left_in)
    for table, parts in written.items():
        yield table, pa.concat_tables(parts)
    if products:
        yield from product_tables(world, left_in, (random_state, number)).items()
    if calls is not None:
        yield CALLS, calls.table(world, left_in, stream(random_state, number, "call times", 0))
    yield "basic", to_arrow(spoil(monthly_records(world, left_in), dirt, spoiling))
    for name, events, date in (
        ("complaints", world.complaints, "complaint_date"),
        ("optical", world.readings, "reading_date"),
    ):
        yield name, to_arrow(spoil(event_records(world, events, left_in, date), dirt, spoiling))


def _late(
    late: Joiners, dirt: float, truth: Truth, products: tuple[int, int] | None
) -> Iterator[tuple[str, pa.Table]]:
    """The tables of customers who join later; of products by random state and chunk, if given."""
    world, joined = late.world, late.joined
    if not len(late.ids):
        return
    months = len(world.months)
    left_in = np.full(len(late.ids), months)
    rows = []
    for month in range(OBSERVED, months):
        staying = np.flatnonzero((left_in == months) & (joined <= month - OBSERVED))
        p = leaving_probability(world, month)[staying]
        leaves = late.fate.random(len(late.ids))[staying] < p
        left_in[staying[leaves]] = month
        truth.probabilities.append(p)
        nobody = {"alone": p, "share_left": np.zeros(len(p))} if truth.calls is not None else {}
        rows.append(_truth(world, month, staying, p, leaves, nobody))
        if truth.expected is not None:
            truth.expected.add_leaving(world, month, staying, p, leaves)
    if truth.expected is not None:
        truth.expected.add_customers(world, left_in, joined)
    if rows:
        yield "truth", pa.concat_tables(rows)
    if products is not None:
        yield from product_tables(world, left_in, products, joined).items()
    yield "basic", to_arrow(spoil(monthly_records(world, left_in, joined), dirt, late.spoiling))
    for name, events, date in (
        ("complaints", world.complaints, "complaint_date"),
        ("optical", world.readings, "reading_date"),
    ):
        found = event_records(world, events, left_in, date, joined)
        yield name, to_arrow(spoil(found, dirt, late.spoiling))


def _campaign(
    world: World,
    month: int,
    staying: Rows,
    p: Floats,
    lot: Floats,
    tally: Tally,
    chunk: tuple[int, int],
) -> tuple[Floats, dict[str, pa.Table]]:
    """Probabilities of leaving in the month of a campaign, and its tables."""
    true = responses(world, month, p)
    contacts = draw_contacts(
        tally.kind, tally.name, staying, true, stream(*chunk, "contacts", month)
    )
    accepts = stream(*chunk, "acceptances", month).random(len(world.ids))
    after, accepted = leaving_after(contacts, true, accepts)
    tally.add(contacts, true, (lot < p).astype(np.int64) - (lot < after))
    first = world.months[month].astype("datetime64[D]")
    return after, {
        "contacts": log_table(contacts, world.ids, true, first),
        "outcomes": outcome_table(contacts, world.ids, true, accepted, lot < after),
        "effects": effect_table(world.ids, staying, true, first),
    }


def _truth(
    world: World,
    month: int,
    staying: Rows,
    p: Floats,
    leaves: Bools,
    further: Mapping[str, Floats],
) -> pa.Table:
    cutoff = np.full(len(staying), world.months[month]).astype("datetime64[D]")
    return pa.table(
        {
            "customer_id": world.ids[staying],
            "cutoff": cutoff,
            "probability": p,
            "churned": leaves.astype(np.int8),
            **further,
        }
    )
