"""What the model says of one customer if a leading column had another value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dbnchurn.core.html.format import percent
from dbnchurn.report.report_input import ReportInput

COLUMNS = 3
NUMBERS = 4  # values of a column of numbers, of those that were tried
CAUTION = (
    "This is what the model says of customers with such values, and no effect: whether changing a "
    "value keeps anybody, only a campaign with a control group shows."
)


@dataclass(frozen=True)
class ChangedValue:
    """A column set to another value.

    Parameters
    ----------
    column, now, value : str
        What reports call the column, the customer's own value, and the other one.
    probability : float
        Of leaving, with the other value.
    change : float
        By how much it is above that of the customer as it is.
    """

    column: str
    now: str
    value: str
    probability: float
    change: float


@dataclass(frozen=True)
class OneCustomer:
    """The shown test customer with the highest score, and what changed values would make of it.

    Parameters
    ----------
    id : str
    said : tuple of str
        Sentences above the table, and below it the last one.
    changes : tuple of ChangedValue
    """

    id: str
    said: tuple[str, ...]
    changes: tuple[ChangedValue, ...]


def one_customer(run: ReportInput) -> OneCustomer | None:
    """What-if of the first example of a report.

    Parameters
    ----------
    run : ReportInput

    Returns
    -------
    OneCustomer or None
        None where the run did not compute it.
    """
    reasons = run.reasons or {}
    found = [each for each in reasons.get("dependence", []) if "customer" in each]
    if not found or not reasons["examples"]:
        return None
    example = reasons["examples"][0]
    now = float(example["probability"])
    changes = tuple(change for each in found[:COLUMNS] for change in _changes(each, now))
    if not changes:
        return None
    said = (
        f"The model gives the test customer {example['id']} a probability of leaving of "
        f"{percent(now)}, the highest of those whose reasons were looked at. One column at a time "
        "is set to another value, and all others keep theirs.",
        f"{CAUTION} Of any customer: 'dbnchurn whatif RUN/model TABLE ID'.",
    )
    return OneCustomer(example["id"], said, changes)


def _changes(found: Mapping[str, Any], now: float) -> list[ChangedValue]:
    """The values of a column that are not the customer's own."""
    tried = list(zip(found["values"], found["customer"], strict=True))
    if found["places"] and len(tried) > NUMBERS:
        last = len(tried) - 1
        tried = [tried[round(step * last / (NUMBERS - 1))] for step in range(NUMBERS)]
    return [
        ChangedValue(found["label"], found["own"], value, p, p - now)
        for value, p in tried
        if value != found["own"]
    ]
