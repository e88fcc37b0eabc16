"""Write the tables of a simulated telecom as Parquet folders, and load them into a database.

Customers are drawn in chunks, so memory does not grow with their number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from dbnchurn.data.simulate.calls import Contagion, draw_calls
from dbnchurn.data.simulate.campaigns import (
    Tally,
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
from dbnchurn.data.simulate.products import product_tables
from dbnchurn.data.simulate.records import event_records, monthly_records, to_arrow
from dbnchurn.data.simulate.responses import CONTACT_COST, MARGIN, OFFER_COST, responses
from dbnchurn.data.simulate.simulation import CALLS, TABLES, Simulation
from dbnchurn.data.simulate.truth import attainable
from dbnchurn.data.simulate.world import OBSERVED, World, draw
from dbnchurn.tables.postgres import load_into_postgres

CHUNK_SIZE = 50_000  # customers
FIRST_ID = 100_000_001


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
    simulation = Simulation(
        customers, months, random_state, dirt, tuple(campaigns), joiners, products, calls
    )
    check_places({"output": output}, mkdir=mkdir)
    starts = range(0, customers, chunk_size)
    expected = ExpectedLeavers.over(months) if joiners else None
    next_id = customers + FIRST_ID
    with atomic_folder(output) as unfinished:
        for table in simulation.tables:
            (unfinished / table).mkdir()
        truth = Truth(expected)
        with stage("simulate", steps=len(starts)) as step:
            for number, first in enumerate(starts):
                ids = np.arange(first, min(first + chunk_size, customers)) + FIRST_ID
                _write(_chunk(ids, number, simulation, truth), unfinished, f"part-{number:05d}")
                late = draw_joiners(next_id, len(ids) * joiners, months, (random_state, number))
                next_id += len(late.ids)
                _write(_late(late, number, simulation, truth), unfinished, f"joiners-{number:05d}")
                step()
        facts = simulation.facts()
        if expected is not None:
            facts["joiners"] = next_id - customers - FIRST_ID
            _write([("expected", expected.table())], unfinished, "part-00000")
        _describe(unfinished, truth, facts)
    return output


def _write(tables: Iterable[tuple[str, pa.Table]], folder: Path, name: str) -> None:
    """Write rows of tables, each as a file in the folder of its table."""
    for table, rows in tables:
        pq.write_table(rows, folder / table / f"{name}.parquet")


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
    expected : ExpectedLeavers, optional
        By package and month; None where nobody joins.
    probabilities : list of float arrays
    tallies : dict of month → Tally
    """

    expected: ExpectedLeavers | None = None
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
    ids: Ints, number: int, simulation: Simulation, truth: Truth
) -> Iterator[tuple[str, pa.Table]]:
    """The tables of some customers, with streams of random numbers of their own."""
    chunk = simulation.random_state, number
    life, fate, spoiling = (np.random.default_rng([*chunk, purpose]) for purpose in range(3))
    months = simulation.months
    world = draw(ids, months, life)
    planned = months_of(world, simulation.campaigns)
    left_in = np.full(len(ids), months)  # position of the month in which each leaves
    written: dict[str, list[pa.Table]] = {}
    contagion, calls = simulation.calls, None
    if contagion is not None:
        calls = draw_calls(world, chunk, contagion.homophily)
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
            after, tables = _campaign(world, month, staying, p, lot, tally, chunk)
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
    if simulation.products:
        yield from product_tables(world, left_in, chunk).items()
    if calls is not None:
        yield CALLS, calls.table(world, left_in, stream(*chunk, "call times", 0))
    dirt = simulation.dirt
    yield "basic", to_arrow(spoil(monthly_records(world, left_in), dirt, spoiling))
    for name, events, date in (
        ("complaints", world.complaints, "complaint_date"),
        ("optical", world.readings, "reading_date"),
    ):
        yield name, to_arrow(spoil(event_records(world, events, left_in, date), dirt, spoiling))


def _late(
    late: Joiners, number: int, simulation: Simulation, truth: Truth
) -> Iterator[tuple[str, pa.Table]]:
    """The tables of customers who join later, of the same chunk."""
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
        nobody = (
            {"alone": p, "share_left": np.zeros(len(p))} if simulation.calls is not None else {}
        )
        rows.append(_truth(world, month, staying, p, leaves, nobody))
        if truth.expected is not None:
            truth.expected.add_leaving(world, month, staying, p, leaves)
    if truth.expected is not None:
        truth.expected.add_customers(world, left_in, joined)
    if rows:
        yield "truth", pa.concat_tables(rows)
    if simulation.products:
        chunk = simulation.random_state, number
        yield from product_tables(world, left_in, chunk, joined).items()
    dirt = simulation.dirt
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
