"""Campaigns among simulated customers: whom they contact, how that was drawn, and what followed.

Every month has a stream of random numbers of its own, named by its purpose, so that the other
tables are the same with and without campaigns but for those who stayed because of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import expit, logit

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.core.typing import Floats, Ints, Rows
from dbnchurn.data.simulate.responses import (
    CHANNELS,
    CONTACT_COST,
    MARGIN,
    MONTHS_OF_WORTH,
    OFFERS,
    OPTIONS,
    Responses,
)
from dbnchurn.data.simulate.world import OBSERVED, World

KINDS = ("none", "random", "targeted")
CONTROL = 0.2  # of the customers on a list
EXPLORE = 0.1  # of a targeted list: contacted with an option that is drawn
LISTED = {"random": 0.5, "targeted": 0.1}  # share of the customers
SCORE_NOISE = 0.5  # standard deviation of the planner's score around the true log-odds
ARMS = ("contact", "control", "explore")


def checked_campaigns(campaigns: Sequence[str], months: int) -> tuple[str, ...]:
    """Kinds of campaigns, one for each month in which customers may leave.

    Parameters
    ----------
    campaigns : sequence of {"none", "random", "targeted"}
    months : int
        Of the simulation.

    Returns
    -------
    tuple of str

    Raises
    ------
    ConfigError
        If there is no such kind, or there are more campaigns than months.

    Examples
    --------
    >>> checked_campaigns(["random", "none"], months=5)
    ('random', 'none')
    """
    for kind in campaigns:
        if kind not in KINDS:
            raise ConfigError(
                f"campaigns: there is no kind {kind!r}: {did_you_mean(kind, KINDS)}; a month "
                f"has one of {', '.join(KINDS)}"
            )
    room = max(months - OBSERVED, 0)
    if len(campaigns) > room:
        raise ConfigError(
            f"campaigns: {len(campaigns)} are given, but of {months} months customers can leave in "
            f"{room} (from the fourth on); give at least {len(campaigns) + OBSERVED} months"
        )
    return tuple(campaigns)


def stream(random_state: int, chunk: int, purpose: str, month: int) -> np.random.Generator:
    """The stream of random numbers of a chunk of customers, for one purpose in one month.

    Parameters
    ----------
    random_state, chunk : int
    purpose : str
    month : int

    Returns
    -------
    Generator

    Examples
    --------
    >>> stream(0, 0, "contacts", 3).random() == stream(0, 0, "contacts", 3).random()
    True
    """
    return np.random.default_rng([random_state, chunk, zlib.crc32(purpose.encode()), month])


@dataclass(frozen=True)
class Contacts:
    """One month's list of one campaign.

    Parameters
    ----------
    name : str
        Of the campaign.
    rows : int array of shape (m,)
        Positions of the listed customers in the chunk.
    option : int array of shape (m,)
        Position in ``OPTIONS``; a control has the one that a contact would have had.
    arm : int array of shape (m,)
        Position in ``ARMS``.
    propensity : float64 array of shape (m,)
        Probability that the draw gave this option and arm.
    score : float64 array of shape (m,)
        The planner's probability of leaving.
    """

    name: str
    rows: Rows
    option: Ints
    arm: Ints
    propensity: Floats
    score: Floats

    @property
    def treated(self) -> npt.NDArray[np.bool_]:
        """Whether each was contacted."""
        return np.asarray(self.arm != ARMS.index("control"))


def draw_contacts(
    kind: str, name: str, staying: Rows, truth: Responses, generator: np.random.Generator
) -> Contacts:
    """Draw the list of a campaign.

    ``random`` lists customers, options and controls at random. ``targeted`` lists the riskiest by
    a score with noise, by phone with a discount for the riskier half and a faster line for the
    others; some are controls, and some get an option at random.

    Parameters
    ----------
    kind : {"random", "targeted"}
    name : str
        Of the campaign.
    staying : int array of shape (k,)
        Positions of the customers that are still there.
    truth : Responses
        Of all customers of the chunk.
    generator : Generator

    Returns
    -------
    Contacts
    """
    n, k = len(staying), len(OPTIONS)
    noise = generator.normal(0.0, SCORE_NOISE, len(truth.probability))
    score = expit(logit(truth.probability) + noise)[staying]
    any_option = generator.integers(0, k, n)
    lot = generator.random(n)
    control, explore = lot < CONTROL, (lot >= CONTROL) & (lot < CONTROL + EXPLORE)
    arm = np.full(n, ARMS.index("contact"))
    if kind == "random":
        listed = generator.random(n) < LISTED[kind]
        option = any_option
        arm[~control] = ARMS.index("explore")
        propensity = np.where(control, CONTROL, 1 - CONTROL) / k
    else:
        place = np.argsort(np.argsort(-score, kind="stable"), kind="stable") / max(n, 1)
        listed = place < LISTED[kind]
        riskier = place < LISTED[kind] / 2
        planned = np.where(
            riskier, OPTIONS.index(("discount", "phone")), OPTIONS.index(("speed upgrade", "phone"))
        )
        option = np.where(explore, any_option, planned)
        arm[explore] = ARMS.index("explore")
        propensity = np.select([control, explore], [CONTROL, EXPLORE / k], 1 - CONTROL - EXPLORE)
    arm[control] = ARMS.index("control")
    chosen = np.flatnonzero(listed)
    return Contacts(
        name, staying[chosen], option[chosen], arm[chosen], propensity[chosen], score[chosen]
    )


def leaving_after(contacts: Contacts, truth: Responses, accepts: Floats) -> tuple[Floats, Floats]:
    """Probabilities of leaving of all customers, and who accepted.

    Parameters
    ----------
    contacts : Contacts
        Of m customers.
    truth : Responses
        Of n customers.
    accepts : float64 array of shape (n,)
        Uniform numbers that decide on acceptance.

    Returns
    -------
    probability : float64 array of shape (n,)
    accepted : float64 array of shape (m,)
        1, 0, or NaN for a control, who was asked nothing.
    """
    rows, option, treated = contacts.rows, contacts.option, contacts.treated
    accepted = (accepts[rows] < truth.acceptance[rows, option]).astype(np.float64)
    after = np.where(accepted, truth.accepted[rows, option], truth.declined[rows, option])
    probability = truth.probability.copy()
    probability[rows[treated]] = after[treated]
    return probability, np.where(treated, accepted, np.nan)


def log_table(contacts: Contacts, ids: Ints, truth: Responses, day: np.datetime64) -> pa.Table:
    """Rows of the contact log.

    Parameters
    ----------
    contacts : Contacts
        Of m customers.
    ids : int array of shape (n,)
    truth : Responses
        Of n customers.
    day : datetime64
        Of the contacts.

    Returns
    -------
    Table of m rows
    """
    rows, option = contacts.rows, contacts.option
    treated = contacts.treated
    cost = np.array([CONTACT_COST[channel] for _, channel in OPTIONS])
    return pa.table(
        {
            "customer": [str(number) for number in ids[rows]],
            "campaign": [contacts.name] * len(rows),
            "offer": [OPTIONS[j][0] for j in option],
            "channel": [OPTIONS[j][1] for j in option],
            "arm": [ARMS[j] for j in contacts.arm],
            "propensity": contacts.propensity,
            "contact_date": pa.array(np.full(len(rows), day).astype("datetime64[D]")),
            "score": contacts.score,
            "value": truth.value[rows, option],
            "cost": np.where(treated, cost[option], 0.0),
        }
    )


def outcome_table(
    contacts: Contacts, ids: Ints, truth: Responses, accepted: Floats, leaves: npt.NDArray[np.bool_]
) -> pa.Table:
    """What became of the customers on a list.

    Parameters
    ----------
    contacts : Contacts
        Of m customers.
    ids : int array of shape (n,)
    truth : Responses
        Of n customers.
    accepted : float64 array of shape (m,)
        As :func:`leaving_after` gives it.
    leaves : bool array of shape (n,)

    Returns
    -------
    Table of m rows
        ``left``, ``accepted`` (empty for controls) and ``revenue``, the margin of what was
        accepted and a month's bill of those who stayed.
    """
    rows = contacts.rows
    margin = np.array([MARGIN[offer] for offer, _ in OPTIONS])[contacts.option]
    bill = truth.worth[rows] / MONTHS_OF_WORTH
    return pa.table(
        {
            "customer": [str(number) for number in ids[rows]],
            "campaign": [contacts.name] * len(rows),
            "left": leaves[rows].astype(np.int8),
            "accepted": pa.array(accepted, from_pandas=True).cast(pa.int8()),
            "revenue": np.round(
                np.where(leaves[rows], 0.0, bill) + np.nan_to_num(accepted) * margin, 2
            ),
        }
    )


def effect_table(ids: Ints, staying: Rows, truth: Responses, cutoff: np.datetime64) -> pa.Table:
    """The truth for every customer and option.

    Parameters
    ----------
    ids : int array of shape (n,)
    staying : int array of shape (k,)
        Positions of the customers that are still there.
    truth : Responses
        Of n customers.
    cutoff : datetime64
        First day of the month.

    Returns
    -------
    Table of k rows for each option
    """
    k = len(OPTIONS)

    def spread(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.repeat(values[staying], k)

    def dictionary(names: Sequence[str], place: int) -> pa.DictionaryArray:
        codes = np.array([names.index(option[place]) for option in OPTIONS], np.int8)
        return pa.DictionaryArray.from_arrays(np.tile(codes, len(staying)), pa.array(names))

    return pa.table(
        {
            "customer_id": spread(ids),
            "cutoff": np.full(k * len(staying), cutoff).astype("datetime64[D]"),
            "offer": dictionary(OFFERS, 0),
            "channel": dictionary(CHANNELS, 1),
            "probability": spread(truth.probability),
            "worth": spread(truth.worth),
            "acceptance": truth.acceptance[staying].ravel(),
            "effect": truth.effect[staying].ravel(),
            "value": truth.value[staying].ravel(),
        }
    )


@dataclass
class Tally:
    """What a campaign did over all chunks: sums over its customers.

    Parameters
    ----------
    name, kind : str
    contacted, controls : int
    expected, saved : float
        Sum of the true effects on the contacted, and how many of them stayed who would have left.
    risk : float
        Sum of the probabilities with which the contacted would have left.
    """

    name: str
    kind: str
    contacted: int = 0
    controls: int = 0
    expected: float = 0.0
    saved: int = 0
    risk: float = 0.0

    def add(self, contacts: Contacts, truth: Responses, saved: npt.NDArray[np.int64]) -> None:
        """Count one chunk.

        Parameters
        ----------
        contacts : Contacts
            Of m customers.
        truth : Responses
            Of n customers.
        saved : int array of shape (n,)
            1 who stayed because of the contact, -1 who left because of it.
        """
        rows, option = contacts.rows[contacts.treated], contacts.option[contacts.treated]
        self.contacted += len(rows)
        self.controls += int((~contacts.treated).sum())
        self.expected += float(truth.effect[rows, option].sum())
        self.risk += float(truth.probability[rows].sum())
        self.saved += int(saved[rows].sum())

    def as_dict(self) -> dict[str, Any]:
        """Plain data: the true lift of the campaign among the contacted."""
        n = max(self.contacted, 1)
        return {
            "campaign": self.name,
            "kind": self.kind,
            "contacted": self.contacted,
            "controls": self.controls,
            "true_effect": self.expected / n,
            "true_relative_effect": self.expected / self.risk if self.risk else None,
            "saved": self.saved,
        }


def months_of(world: World, campaigns: tuple[str, ...]) -> dict[int, tuple[str, str]]:
    """Position of the month → kind and name of its campaign, where there is one.

    Parameters
    ----------
    world : World
    campaigns : tuple of str
        As :func:`checked_campaigns` gives them.

    Returns
    -------
    dict
    """
    return {
        OBSERVED + i: (kind, f"{world.months[OBSERVED + i]} {kind}")
        for i, kind in enumerate(campaigns)
        if kind != "none"
    }
