"""Whom to offer what nobody has: by items of the same group, or by what customers are like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Bools, Floats, Rows
from dbnchurn.evaluate.metrics import roc_auc
from dbnchurn.evaluate.ranking import Ranking
from dbnchurn.offers.item_weights import Weights
from dbnchurn.offers.logistic import fit_logistic
from dbnchurn.offers.next_offer_record import NextOfferRecord
from dbnchurn.offers.purchases import Standing
from dbnchurn.offers.settings import Settings

FEW = 3  # siblings; with fewer, a portrait ranks where there is one
LEVELS = 20  # of a category; the others are one
LEAST_HOLDERS = 50
TRIED = 60  # items that are treated as new to measure


@dataclass(frozen=True)
class NewItemQuality:
    """How well customers are ranked for items that are treated as new.

    Parameters
    ----------
    items : int
        That were tried.
    auc, error : float
        Mean over the items, and its standard error.
    activity_auc : float
        That of ranking by the number of items held alone.
    """

    items: int
    auc: float
    error: float
    activity_auc: float


@dataclass(frozen=True, eq=False)
class NewItemList:
    """Customers for an item that nobody has, the likeliest first.

    Parameters
    ----------
    item, group : str
    by : {"siblings", "portrait"}
    siblings : int
        Items of the same group that somebody holds.
    rows : int array of shape (k,)
        Positions of the customers.
    scores : float array of shape (k,)
        For the order alone: nobody took the item, so there is no probability.
    """

    item: str
    group: str
    by: str
    siblings: int
    rows: Rows
    scores: Floats


def siblings_of(group: str, record: NextOfferRecord) -> Bools:
    """Items of a group.

    Parameters
    ----------
    group : str
    record : NextOfferRecord of m items

    Returns
    -------
    bool array of shape (m,)
    """
    return np.array([own == group for own in record.groups])


def rank_for_new(
    record: NextOfferRecord,
    standing: Standing,
    new: Mapping[str, str],
    n_customers: int,
    *,
    portrait: pd.DataFrame | None = None,
    open_to: Mapping[str, Bools] | None = None,
) -> tuple[NewItemList, ...]:
    """Customers for every new item.

    Parameters
    ----------
    record : NextOfferRecord
    standing : Standing of n customers
    new : mapping of item → group
    n_customers : int
        Of a list at most.
    portrait : DataFrame of n rows, optional
        What customers are like, for groups with few items.
    open_to : mapping of item → bool array of shape (n,), optional
        Customers who may get it.

    Returns
    -------
    tuple of NewItemList

    Raises
    ------
    DataError
        If an item is not new, or nobody holds anything of its group.
    """
    problems = []
    for item, group in new.items():
        own = siblings_of(group, record)
        if item in record.items:
            problems.append(f"{item!r} is held or bought already; leave it out of 'new_items'")
        elif not own.any() or not standing.held[:, np.flatnonzero(own)].nnz:
            groups = sorted({g for g in record.groups if g is not None})
            problems.append(
                f"{item!r}: nobody holds an item of its group {group!r}, so that nothing says who "
                f"would take it; groups are {', '.join(groups) or 'not given'}"
            )
    if problems:
        raise DataError("new_items: " + "; ".join(problems))
    made = []
    for item, group in new.items():
        own = siblings_of(group, record)
        if portrait is not None and own.sum() < FEW:
            by, scores = "portrait", portrait_scores(portrait, _holds_any(standing.held, own))
        else:
            by, scores = "siblings", sibling_scores(standing.held, own, record.weights)
        if open_to is not None and item in open_to:
            scores = np.where(open_to[item], scores, -np.inf)
        rows = np.argsort(-scores, kind="stable")[:n_customers]
        rows = rows[np.isfinite(scores[rows])]
        made.append(NewItemList(item, group, by, int(own.sum()), rows, scores[rows]))
    return tuple(made)


def sibling_scores(held: csr_array, siblings: Bools, weights: Weights) -> Floats:
    """Mean of what speaks for the items of a group.

    Parameters
    ----------
    held : csr_array of shape (n, m)
    siblings : bool array of shape (m,)
    weights : array of shape (m, m)

    Returns
    -------
    float array of shape (n,)
    """
    mean = np.asarray(weights[:, np.flatnonzero(siblings)].mean(axis=1)).ravel()
    return np.asarray(held @ mean, np.float64).ravel()


def portrait_scores(portrait: pd.DataFrame, holds: Bools) -> Floats:
    """Log odds of holding something of a group, by what customers are like.

    Parameters
    ----------
    portrait : DataFrame of n rows
        Numbers, and texts as categories; a missing value is a level of its own.
    holds : bool array of shape (n,)

    Returns
    -------
    float array of shape (n,)

    Raises
    ------
    DataError
        If a number is infinite, so that the column has no mean.
    """
    columns = [np.ones(len(portrait))]
    for name, values in portrait.items():
        missing = values.isna().to_numpy()
        columns.append(missing.astype(float))
        if pd.api.types.is_numeric_dtype(values.dtype):
            number = values.to_numpy(np.float64, na_value=np.nan)
            if infinite := int(np.isinf(number).sum()):
                raise DataError(
                    f"portrait: column {name!r} is infinite in {infinite} rows: empty these cells"
                )
            centred = number - np.nanmean(number) if not missing.all() else np.zeros(len(number))
            spread = np.nanstd(number) if not missing.all() else 1.0
            columns.append(np.nan_to_num(centred / (spread or 1.0)))
            continue
        words = values.astype(str)
        for level in sorted(words[~missing].value_counts().index[:LEVELS]):
            columns.append(((words == level).to_numpy() & ~missing).astype(float))
    table = np.column_stack(columns)
    return np.asarray(table @ fit_logistic(table, holds.astype(np.float64)))


def measure_new(
    held: csr_array,
    taken: csr_array,
    groups: tuple[str | None, ...],
    settings: Settings,
    penalty: float | None,
    *,
    dated: bool,
) -> NewItemQuality | None:
    """Treat some items as new, one third of their group at most, and rank customers for them.

    Parameters
    ----------
    held : csr_array of shape (n, m)
        Before.
    taken : csr_array of shape (n, m)
        New afterwards; without dates, what is held.
    groups : tuple of m texts or None
    settings : Settings
    penalty : float or None
        Of EASE.
    dated : bool
        Whether `taken` follows `held`, so that holders cannot take the item; without dates all
        customers are ranked.

    Returns
    -------
    NewItemQuality, or None
        None where fewer than two items can be tried.
    """
    chosen = _treated_as_new(held, taken, groups, settings)
    if len(chosen) < 2:
        return None
    kept = np.ones(held.shape[1], bool)
    kept[chosen] = False
    others = csr_array(held[:, np.flatnonzero(kept)])
    weights = settings.weights(others, penalty)
    own_groups = np.array([group or "" for group in groups])[kept]
    activity = np.diff(others.indptr).astype(np.float64)
    columns, before = taken.tocsc(), held.tocsc()
    found, active = [], []
    for item in chosen:
        scores = sibling_scores(others, own_groups == groups[item], weights)
        outcome = columns[:, [item]].toarray().ravel() > 0
        free = before[:, [item]].toarray().ravel() == 0 if dated else np.ones(len(scores), bool)
        free &= activity > 0
        found.append(_auc(scores[free], outcome[free]))
        active.append(_auc(activity[free], outcome[free]))
    return NewItemQuality(
        len(found),
        float(np.mean(found)),
        float(np.std(found, ddof=1) / np.sqrt(len(found))),
        float(np.mean(active)),
    )


def _treated_as_new(
    held: csr_array, taken: csr_array, groups: tuple[str | None, ...], settings: Settings
) -> Rows:
    holders = np.asarray(held.sum(axis=0)).ravel()
    takers = np.asarray(taken.sum(axis=0)).ravel()
    enough = (holders >= LEAST_HOLDERS) & (takers >= LEAST_HOLDERS // 5)
    by_group: dict[str, list[int]] = {}
    for item, group in enumerate(groups):
        if group is not None and enough[item]:
            by_group.setdefault(group, []).append(item)
    sizes = pd.Series([g for g in groups if g is not None]).value_counts()
    generator = np.random.default_rng([settings.random_state, 2])
    chosen: list[int] = []
    for group in sorted(by_group):
        most = int(sizes[group]) // 3
        own = generator.permutation(np.array(by_group[group]))
        chosen += own[:most].tolist()
    some = generator.permutation(np.array(chosen, np.intp))[:TRIED]
    return np.sort(some)


def _holds_any(held: csr_array, own: Bools) -> Bools:
    return np.asarray(held[:, np.flatnonzero(own)].sum(axis=1)).ravel() > 0


def _auc(scores: Floats, outcome: Bools) -> float:
    if outcome.all() or not outcome.any():
        return 0.5
    return roc_auc(Ranking.of(outcome, scores))
