"""What contacting customer i with option j is worth, in money, and what it costs.

The one formula, with saved = effect × probability of leaving, or the uplift::

    effect_of: contact
        value = saved · worth + acceptance · (margin − offer cost) − contact cost
    effect_of: acceptance
        value = acceptance · (saved · worth + margin − offer cost) − contact cost

``saved`` is a probability, ``worth``, ``margin`` and costs are money per customer, ``acceptance``
is a probability. The cost of the contact is paid whether the customer accepts or not, the cost of
the offer on acceptance alone. The budget has to cover contact cost + acceptance · offer cost, or
contact cost + offer cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.campaign.limits import Option
from dbnchurn.campaign.options import AllocateConfig, EffectSection, Given
from dbnchurn.campaign.shrinkage import shrunk_to_mean
from dbnchurn.campaign.source import rows_text
from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.typing import Floats, Floats32


@dataclass(frozen=True, eq=False)
class Worths:
    """Values and costs of n customers and m options.

    Parameters
    ----------
    values : float32 array of shape (n, m)
    costs : array of shape (m,), or (n, m) where they differ between customers
    saved : float32 array of shape (n, m)
        Reduction of the churn probability by a contact.
    notes : tuple of str
        What was assumed and how estimates were changed.
    """

    values: Floats32
    costs: npt.NDArray[np.floating]
    saved: Floats32
    notes: tuple[str, ...]


def value_customers(frame: pd.DataFrame, config: AllocateConfig) -> Worths:
    """Values and costs of all customers and options.

    Parameters
    ----------
    frame : DataFrame of n rows
    config : AllocateConfig

    Returns
    -------
    Worths

    Raises
    ------
    DataError
        With all columns that are missing or hold what they cannot.
    """
    if problems := [*value_problems(frame, config)]:
        raise DataError(f"{config.customers.name}: {'; '.join(problems)}")
    pairs, n = config.pairs, len(frame)
    values, saved = (np.empty((n, len(pairs)), np.float32) for _ in range(2))
    paid: list[Floats] = []
    probability = frame[config.probability].to_numpy(float)
    worth = numbers_of(config.worth, frame)
    effects, notes = cautious_effects(config)
    for k, pair in enumerate(pairs):
        offer, channel = config.offers[pair.offer], config.channels[pair.channel]
        section = config.effect_of_pair(pair)
        kept, note = _saved(section, effects.get(pair), probability, frame, pair)
        notes += note
        accepts = numbers_of(0.0 if section.acceptance is None else section.acceptance, frame)
        per_contact = accepts if config.effect_of == "acceptance" else 1.0
        gain = per_contact * kept * worth
        gain = gain + accepts * (numbers_of(offer.margin, frame) - offer.cost) - channel.cost
        values[:, k] = gain
        accepted = accepts if config.budget_covers == "expected" else np.asarray(1.0)
        paid.append(np.asarray(channel.cost + (accepted * offer.cost if offer.cost else 0.0)))
        saved[:, k] = per_contact * kept
    if all(np.ndim(cost) == 0 for cost in paid):
        return Worths(values, np.array(paid, float), saved, tuple(notes))
    costs = np.stack([np.broadcast_to(cost, n).astype(np.float32) for cost in paid], axis=1)
    return Worths(values, costs, saved, tuple(notes))


def cautious_effects(config: AllocateConfig) -> tuple[dict[Option, float], list[str]]:
    """Average effects by option, drawn to their mean where they have standard errors, and notes."""
    sections = {pair: config.effect_of_pair(pair) for pair in config.pairs}
    known = {pair: s.effect for pair, s in sections.items() if s.effect is not None}
    numbers = (int, float)  # one uplift for all customers, which nothing draws to a mean
    bare = [
        str(pair)
        for pair, s in sections.items()
        if s.error is None or isinstance(s.uplift, numbers)
    ]
    notes = []
    if bare:
        notes.append(
            f"{len(bare)} of {len(sections)} options have no standard error ('error') "
            f"that is used, and are taken as exact: {', '.join(bare[:4])}{' …' * (len(bare) > 4)}"
        )
    # Options of one offer share one estimate, which counts once.
    estimates = {
        pair: (pair.offer, known[pair], float(s.error))
        for pair, s in sections.items()
        if pair in known and s.error is not None and not isinstance(s.error, str)
    }
    different = sorted({*estimates.values()})
    shrunk = shrunk_to_mean([e for _, e, _ in different], [se for _, _, se in different])
    drawn = dict(zip(different, shrunk.tolist(), strict=True))
    for estimate, new in drawn.items():
        offer, old, error = estimate
        if abs(new - old) > 1e-9:
            whole = all(estimates.get(pair) == estimate for pair in known if pair.offer == offer)
            own = [str(pair) for pair, found in estimates.items() if found == estimate]
            notes.append(
                f"effect of {offer if whole else ', '.join(own)}: {old:.3g} given, {new:.3g} used, "
                f"drawn to the mean of all by its standard error {error:.2g}"
            )
    changed = {pair: drawn[estimate] for pair, estimate in estimates.items()}
    return {**{pair: float(e) for pair, e in known.items()}, **changed}, notes


def _saved(
    section: EffectSection,
    effect: float | None,
    probability: Floats,
    frame: pd.DataFrame,
    pair: Option,
) -> tuple[Floats, list[str]]:
    """Reduction of the churn probability, and what was done to its estimates."""
    if effect is not None:
        return effect * probability, []
    assert section.uplift is not None
    uplift = np.broadcast_to(numbers_of(section.uplift, frame), probability.shape)
    if section.error is None or not isinstance(section.uplift, str):
        return uplift, []
    errors = np.broadcast_to(numbers_of(section.error, frame), uplift.shape)
    cautious = shrunk_to_mean(uplift, errors)
    before, after = float(uplift.std()), float(cautious.std())
    note = (
        f"uplift of {pair}: drawn to its mean {uplift.mean():.3g} by its standard errors; the "
        f"spread between customers is {after:.2g} instead of {before:.2g}"
    )
    return cautious, [note]


def numbers_of(given: Given, frame: pd.DataFrame) -> Floats:
    """A number, or the column of that name, as an array.

    Parameters
    ----------
    given : number or str
    frame : DataFrame of n rows

    Returns
    -------
    float64 array of shape () or (n,)
    """
    if isinstance(given, str):
        return np.asarray(frame[given].to_numpy(float))
    return np.asarray(float(given))


def value_problems(frame: pd.DataFrame, config: AllocateConfig) -> Iterator[str]:
    """What keeps the values from being computed.

    Parameters
    ----------
    frame : DataFrame
    config : AllocateConfig

    Yields
    ------
    str
    """
    wanted = {config.probability: (0.0, 1.0)}
    for pair in config.pairs:
        section = config.effect_of_pair(pair)
        for given, span in (
            (section.uplift, (-1.0, 1.0)),
            (section.acceptance, (0.0, 1.0)),
            (section.error, (0.0, np.inf)),
            (config.offers[pair.offer].margin, (-np.inf, np.inf)),
            (config.worth, (-np.inf, np.inf)),
        ):
            if isinstance(given, str):
                wanted[given] = span
    for column, (low, high) in wanted.items():
        yield from _column_problems(frame, column, low, high)


def _column_problems(frame: pd.DataFrame, column: str, low: float, high: float) -> Iterator[str]:
    if column not in frame:
        names = map(str, frame.columns)
        yield f"the customers have no column {column!r}: {did_you_mean(column, names)}"
        return
    if not pd.api.types.is_numeric_dtype(frame[column].dtype):
        yield f"column {column!r} holds text where numbers are wanted"
        return
    numbers = frame[column].to_numpy(float, na_value=np.nan)
    missing = ~np.isfinite(numbers)
    if missing.any():
        yield (
            f"column {column!r} is empty or infinite {rows_text(missing)}: fill it, or leave these "
            "customers out of the table"
        )
    outside = (numbers < low) | (numbers > high)
    if outside.any():
        yield (
            f"column {column!r} holds {numbers[outside][0]:g} {rows_text(outside)}: allowed is "
            f"{low:g} to {high:g}"
        )
