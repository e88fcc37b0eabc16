"""The tables of a search for next offers: purchases or holdings, customers, and rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.sparse import csr_array

from dbnchurn.campaign.conditions import all_hold, condition_problems
from dbnchurn.campaign.source import as_words, read_source, unique_ids
from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.typing import Bools, Rows
from dbnchurn.data.open import open_table, raw_name
from dbnchurn.data.plan import TablePlan
from dbnchurn.offers.eligibility import Eligibility, name_problems
from dbnchurn.offers.holding_table import customer_ids, holdings_of
from dbnchurn.offers.purchase_table import PurchaseColumns, read_purchases
from dbnchurn.offers.purchases import Holdings, Purchases
from dbnchurn.runs.offers_config import HoldingsSection, OffersConfig, PurchasesSection
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.files import find_files, kind_of_file
from dbnchurn.tables.loading import LoadedTable

PURCHASES = "purchases"


@dataclass(frozen=True, eq=False)
class OffersInput:
    """All that a search reads.

    Parameters
    ----------
    history : Purchases or Holdings
    rules : Eligibility
    portrait : DataFrame of n rows, or None
    open_to : mapping of new item → bool array of shape (n,)
        Customers who may get it.
    notes : tuple of str
        What was converted, assumed or left out.
    """

    history: Purchases | Holdings
    rules: Eligibility
    portrait: pd.DataFrame | None
    open_to: Mapping[str, Bools]
    notes: tuple[str, ...]


def read_offers_input(config: OffersConfig, items: Sequence[str] | None = None) -> OffersInput:
    """Read and check all tables.

    Parameters
    ----------
    config : OffersConfig
    items : sequence of str, optional
        Those that were learned from earlier; what is held or bought of others takes no part.

    Returns
    -------
    OffersInput

    Raises
    ------
    DataError
        With what is wrong in a table, or in what the config says of it.
    """
    history, about, notes = _history(config)
    if items is not None:
        history = history.on_items(items)
    notes = [*notes, *history.notes]
    problems = [*_problems(config, history, about)]
    if problems:
        raise DataError("; ".join(problems))
    offered = np.array([not config.only or item in config.only for item in history.items])
    offered &= np.array([item not in config.never for item in history.items])
    if not offered.any():
        raise DataError("no item is offered: 'only' and 'never' leave none")
    met = {
        item: all_hold(conditions, about)
        for item, conditions in config.eligible.items()
        if about is not None
    }
    place = {item: number for number, item in enumerate(history.items)}
    eligible = {place[item]: rows for item, rows in met.items() if item in place}
    for item, rows in met.items():
        notes.append(f"{int(rows.sum())} of {len(rows)} customers may get {item!r} ('eligible')")
    closed, more = _excluded(config, history)
    rules = Eligibility(offered, eligible, closed)
    portrait = None if about is None or not config.portrait else about[list(config.portrait)]
    open_to = {item: rows for item, rows in met.items() if item in config.new_items}
    return OffersInput(history, rules, portrait, open_to, (*notes, *more))


def _history(
    config: OffersConfig,
) -> tuple[Purchases | Holdings, pd.DataFrame | None, list[str]]:
    """What customers have, what is known of them in the same order, and notes."""
    if config.holdings is not None:
        return _holdings(config.holdings)
    assert config.purchases is not None
    bought, notes = _purchases(config.purchases, config.memory)
    if config.customers is None:
        return bought, None, notes
    source, column = config.customers.source, config.customers.customer
    table = read_source(source, texts=[column], kinds={})
    ids = unique_ids(table.frame, column, table.name, key="customers.customer")
    known = set(bought.customers) & set(ids)
    if not known:
        raise DataError(
            f"{table.name}: none of its {len(ids)} customers is among the {len(bought.customers)} "
            f"who bought something, such as {ids.iloc[0]!r} there and {bought.customers[0]!r} "
            "here; give the columns that name them alike"
        )
    notes += table.notes
    if absent := len(bought.customers) - len(known):
        notes.append(
            f"{absent} customers with purchases are not in {table.name}: nothing is known of them, "
            "so that no condition holds for them"
        )
    if nothing := len(ids) - len(known):
        notes.append(
            f"{nothing} customers of {table.name} bought nothing: their lists have what is taken "
            "most, without a probability"
        )
    everybody = bought.with_customers(list(ids))
    about = table.frame.set_axis(ids.to_numpy(object)).reindex(list(everybody.customers))
    return everybody, about.reset_index(drop=True), notes


def _holdings(section: HoldingsSection) -> tuple[Holdings, pd.DataFrame, list[str]]:
    loaded = section.source.load(
        id=section.customer, kinds=dict.fromkeys(section.items, "category")
    )
    where = section.source.name
    _refuse_rejected(loaded, where)
    frame = loaded.frame
    made = holdings_of(
        frame, section.customer, section.items, where=where, yes=section.yes, no=section.no,
        groups=section.groups,
    )  # fmt: skip
    ids = customer_ids(frame[section.customer], where)
    about = frame.set_axis(ids.to_numpy(object)).loc[list(made.customers)]
    return made, about.reset_index(drop=True), list(loaded.notes)


def _purchases(section: PurchasesSection, memory: str) -> tuple[Purchases, list[str]]:
    """Parquet files, queries and databases are read by DuckDB, texts by the reader of training."""
    source, where = section.source, section.source.name
    columns = PurchaseColumns(section.customer, section.item, section.date, section.group)
    notes: list[str] = []
    with Session(memory, n_threads=1) as session:
        if source.path is not None and not _is_parquet(source.path):
            loaded = source.load(
                id=section.customer, label=section.item, kinds={section.date: "date"}
            )
            _refuse_rejected(loaded, where)
            notes += loaded.notes
            rows = pa.Table.from_pandas(loaded.frame, preserve_index=False)
            session.store(raw_name(PURCHASES), rows.to_reader())
        else:
            plan = TablePlan(
                path=source.path, query=source.query, postgres=source.postgres,
                key=section.customer,
            )  # fmt: skip
            open_table(session, PURCHASES, plan)
            notes += session.notes
        bought = read_purchases(
            session, raw_name(PURCHASES), columns, where=where, until=section.until
        )
    return bought, notes


def _refuse_rejected(loaded: LoadedTable, where: str) -> None:
    if loaded.rejected:
        first = loaded.rejected[0]
        raise DataError(
            f"{where}: {len(loaded.rejected)} lines cannot be read, the first is row {first.row}: "
            f"{first.reason}; mend them"
        )


def _is_parquet(path: str) -> bool:
    return kind_of_file(find_files(path, PURCHASES)[0]) == "parquet"


def _problems(
    config: OffersConfig, history: Purchases | Holdings, about: pd.DataFrame | None
) -> Iterator[str]:
    for key in ("only", "never", "acceptance_of"):
        yield from name_problems(getattr(config, key), history.items, key)
    both = [*history.items, *config.new_items]
    yield from name_problems([*config.eligible], both, "eligible")
    for item in sorted(config.new_items.keys() & set(history.items)):
        yield f"new_items: {item!r} is held or bought already; leave it out"
    if about is None:
        return
    for item, conditions in config.eligible.items():
        yield from condition_problems(conditions, about, f"eligible.{item}")
    for name in config.portrait:
        if name not in about:
            yield f"portrait: there is no column {name!r}: {did_you_mean(name, map(str, about))}"


def _excluded(
    config: OffersConfig, history: Purchases | Holdings
) -> tuple[csr_array | None, list[str]]:
    """Pairs that must not be offered, and what was found of them."""
    if config.exclude is None:
        return None, []
    table = read_source(config.exclude, texts=["customer", "item"], kinds={})
    absent = [name for name in ("customer", "item") if name not in table.frame]
    if absent:
        raise DataError(
            f"{table.name}: there is no column {absent[0]!r}; name yours in 'exclude.columns'"
        )
    who, what = (as_words(table.frame[name], table.name) for name in ("customer", "item"))
    if (empty := who.isna() | what.isna()).any():
        raise DataError(
            f"{table.name}: customer or item is empty in {int(empty.sum())} rows; name both"
        )
    unknown = sorted(set(what) - set(history.items))
    if unknown:
        raise DataError("; ".join(name_problems(unknown, history.items, table.name)))
    customers = _places(history.customers, who)
    notes = [*table.notes, f"{len(who)} pairs must not be offered ('exclude')"]
    if strangers := int((customers < 0).sum()):
        notes.append(f"{strangers} of them are of customers who are not in the other table")
    here = customers >= 0
    items = _places(history.items, what)
    ones = np.ones(int(here.sum()), np.float32)
    shape = len(history.customers), len(history.items)
    return csr_array((ones, (customers[here], items[here])), shape=shape), notes


def _places(names: tuple[str, ...], wanted: pd.Series[Any]) -> Rows:
    return np.asarray(pd.Index(names).get_indexer(pd.Index(wanted)), np.intp)
