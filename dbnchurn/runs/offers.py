"""One search for next offers: config in; lists, rules, page and figures out, in one folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from dbnchurn.config import build, dump
from dbnchurn.core.errors import listed
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.made_by import note_read
from dbnchurn.core.progress import stage
from dbnchurn.offers.files import FOLDER, load, save
from dbnchurn.offers.new_items import NewItemList, rank_for_new
from dbnchurn.offers.next_offer import NextOffer
from dbnchurn.offers.offer_summary import OfferSummary
from dbnchurn.offers.offer_table import ListTally, offer_tables, wide_tables
from dbnchurn.offers.offers_page import offers_page
from dbnchurn.runs.folder import free_folder, open_output
from dbnchurn.runs.offers_config import OffersConfig
from dbnchurn.runs.offers_input import OffersInput, read_offers_input
from dbnchurn.tables.unused_columns import say
from dbnchurn.tables.writing import write_pieces

PAGE, FACTS = "offers.html", "offers.json"


@dataclass(frozen=True)
class OffersRun:
    """Where a search was written, and what came of it.

    Parameters
    ----------
    folder : Path
    summary : OfferSummary
    """

    folder: Path
    summary: OfferSummary


def run(
    config: OffersConfig,
    name: str = "offers",
    *,
    model: str | Path | None = None,
    raw_text: bool = False,
    mkdir: bool = False,
) -> OffersRun:
    """Find next offers as `config` says.

    Parameters
    ----------
    config : OffersConfig
    name : str, default "offers"
        Name of the run folder; a number is added if there is one of that name.
    model : path, optional
        Run folder of an earlier search, or its ``model``: lists are made by what was learned then,
        and nothing is learned.
    raw_text : bool, default False
        Leave texts of CSV files as they are; by default those that a spreadsheet would compute
        have an apostrophe in front.
    mkdir : bool, default False
        Whether the folders above the output are made if they do not exist.

    Returns
    -------
    OffersRun
        Its folder has the lists (``offers``), ``rules``, ``offers.html``, ``offers.json`` and
        ``config.yaml``; ``new_items`` and ``acceptance`` where the config asks for them; and
        ``model``, what was learned.

    Raises
    ------
    DataError, ConfigError
        If the tables or the config cannot be used.
    ArtifactError
        If what was learned earlier cannot be read.
    """
    open_output(config.output, _read(config), mkdir=mkdir)
    note_read(() if model is None else (model,))
    learned = None if model is None else load(model)
    with stage("read"):
        items = None if learned is None else learned.record_.items
        given = read_offers_input(config, items)
    if learned is not None:
        given = replace(given, notes=(*given.notes, *_by_earlier(config, model)))
    say(given.notes)
    estimator = learned or build(config.offers, NextOffer, random_state=config.seed)
    if learned is None:
        estimator.fit(given.history, given.rules)
    folder = free_folder(config.output, name)
    with atomic_folder(folder) as unfinished:
        summary = _write(config, given, estimator, unfinished, raw_text)
        save(estimator, unfinished / FOLDER)
    return OffersRun(folder, summary)


def _by_earlier(config: OffersConfig, model: str | Path | None) -> Iterator[str]:
    """What is said where nothing is learned."""
    yield (
        f"lists are by what was learned earlier ({model}): figures and rules were measured then, "
        "not on these customers"
    )
    if told := sorted(config.offers.model_fields_set):
        yield f"the keys {listed(told)} of 'offers' take no part, as nothing is learned"


def _read(config: OffersConfig) -> list[str | None]:
    sources = [
        section.source.path
        for section in (config.purchases, config.holdings, config.customers)
        if section is not None
    ]
    return [*sources, None if config.exclude is None else config.exclude.path]


def _write(
    config: OffersConfig, given: OffersInput, estimator: NextOffer, folder: Path, raw_text: bool
) -> OfferSummary:
    """All files of a folder."""
    history, record = given.history, estimator.record_
    standing, rules = estimator.standing_of(history, given.rules)
    ending = f".{config.table}"

    def write(name: str, pieces: Iterator[pa.Table]) -> None:
        write_pieces(pieces, folder / f"{name}{ending}", ending, raw_text=raw_text)

    tally = ListTally(record)
    with stage("lists"):
        lists = offer_tables(
            record, standing, rules, history.customers, estimator.n_offers, tally=tally
        )
        write("offers", lists)
    if config.acceptance_of:
        places = np.array([record.items.index(item) for item in config.acceptance_of])
        write("acceptance", wide_tables(record, standing, rules, history.customers, places))
    found: tuple[NewItemList, ...] = ()
    if config.new_items:
        found = rank_for_new(
            record, standing, config.new_items, config.new_customers,
            portrait=given.portrait, open_to=given.open_to,
        )  # fmt: skip
        write("new_items", iter([_new_table(found, history.customers)]))
    if estimator.rules_:
        rows = [rule.as_dict() for rule in estimator.rules_]
        write("rules", iter([pa.Table.from_pylist(rows)]))
    summary = OfferSummary(
        _name(config), len(history.customers), record, estimator.quality_, estimator.tried_,
        estimator.rules_, estimator.new_item_quality_, found, tally.result(),
        estimator.n_offers, given.notes,
    )  # fmt: skip
    facts = json.dumps(summary.as_dict(), indent=1, ensure_ascii=False)
    (folder / FACTS).write_text(f"{facts}\n", encoding="utf-8")
    (folder / PAGE).write_text(offers_page(summary), encoding="utf-8")
    (folder / "config.yaml").write_text(dump(config), encoding="utf-8")
    return summary


def _name(config: OffersConfig) -> str:
    section = config.purchases or config.holdings
    assert section is not None
    return section.source.name


def _new_table(found: tuple[NewItemList, ...], customers: tuple[str, ...]) -> pa.Table:
    rows = [
        {"offer": made.item, "rank": rank + 1, "customer": customers[row], "by": made.by}
        for made in found
        for rank, row in enumerate(made.rows)
    ]
    fields = [("offer", pa.string()), ("rank", pa.int64()), ("customer", pa.string())]
    return pa.Table.from_pylist(rows, schema=pa.schema([*fields, ("by", pa.string())]))
