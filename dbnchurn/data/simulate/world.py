"""Simulated customers and their monthly records, without errors.

The columns are those the paper names (access time, package, product, bundling, income, debt, calls,
traffic, time online, messages, speed, the same for mobile) and other columns of a CRM.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.typing import Bools, Dates, Floats, Ints, Ints32

Columns = dict[str, npt.NDArray[Any]]

START = np.datetime64("2024-05")
OBSERVED = 3  # months of records on which the probability of leaving depends

LEVELS: dict[str, tuple[str, ...]] = {
    "package_name": ("Light 50", "Basic 100", "Family 200", "Plus 300", "Giga 500", "Giga 1000"),
    "product_type": ("FTTH", "FTTB", "LAN", "ADSL"),
    "bundle": ("none", "mobile", "iptv", "mobile+iptv"),
    "district": tuple(f"D{i:02d}" for i in range(1, 13)),
    "channel": ("shop", "online", "phone", "agent", "door"),
    "payment_method": ("direct debit", "card", "cash", "app"),
    "gender": ("female", "male"),
    "mobile_package": ("none", "S", "M", "L", "XL"),
}
SPEEDS = np.array([50, 100, 200, 300, 500, 1000])
PRICES = np.array([19.0, 29.0, 39.0, 49.0, 65.0, 89.0])
CAPPED = 2  # packages at positions below this have a traffic allowance
MOBILE_PRICES = np.array([0.0, 9.0, 15.0, 25.0, 39.0])
SEASON = np.array([1.10, 1.08, 1.0, 0.98, 0.96, 0.92, 0.88, 0.86, 0.97, 1.02, 1.06, 1.15])
COMPLAINT_KINDS = ("speed", "outage", "billing", "service", "moving")


@dataclass(frozen=True)
class World:
    """One chunk of customers.

    Parameters
    ----------
    ids : int64 array of shape (n,)
    months : datetime64[M] array of shape (m,)
    fixed : columns of shape (n,)
        Values that do not change; categories as positions in ``LEVELS``.
    monthly : columns of shape (n, m)
    complaints, readings : columns of shape (events,)
        ``customer`` is the position of the customer in the chunk, ``day`` a datetime64[D].
    """

    ids: Ints
    months: Dates
    fixed: Columns
    monthly: Columns
    complaints: Columns = field(default_factory=dict)
    readings: Columns = field(default_factory=dict)


def draw(ids: Ints, months: int, generator: np.random.Generator) -> World:
    """Draw customers and the records they would have if nobody left.

    Parameters
    ----------
    ids : int64 array of shape (n,)
    months : int
        Number of months, from ``START`` on.
    generator : Generator

    Returns
    -------
    World
    """
    n = len(ids)
    calendar = START + np.arange(months)
    habit = generator.normal(size=n)  # how much they do online
    fixed = _fixed(n, habit, generator)
    monthly = _monthly(fixed, habit, calendar, generator)
    fault = generator.random(n) < 0.08
    readings = _readings(fault, calendar, generator)
    complaints = _complaints(fault, calendar, generator)
    return World(ids, calendar, fixed, monthly, complaints, readings)


def _fixed(n: int, habit: Floats, generator: np.random.Generator) -> Columns:
    def choice(column: str, *weights: float) -> npt.NDArray[np.int8]:
        size = len(LEVELS[column])
        p = np.array(weights or [1.0] * size)
        return generator.choice(size, n, p=p / p.sum()).astype(np.int8)

    package = np.clip(np.round(1.9 + 0.9 * habit + generator.normal(0, 1.1, n)), 0, 5).astype(
        np.int8
    )
    bundle = choice("bundle", 40, 25, 20, 15)
    has_mobile = np.isin(bundle, [1, 3]) | (generator.random(n) < 0.45)
    tenure = np.round(generator.gamma(1.6, 900, n)) + 100  # days before the first month
    start = np.datetime64(f"{START}-01", "D")
    return {
        "network_access_date": start - tenure.astype("timedelta64[D]"),
        "package_name": package,
        "product_type": choice("product_type", 62, 20, 10, 8),
        "bundle": bundle,
        "speed_mbps": SPEEDS[package],
        "mobile_access_date": np.where(
            has_mobile,
            start - np.round(generator.gamma(1.5, 700, n)).astype("timedelta64[D]"),
            np.datetime64("NaT", "D"),
        ),
        "mobile_package": np.where(
            has_mobile, generator.choice([1, 2, 3, 4], n, p=[0.35, 0.35, 0.2, 0.1]), 0
        ).astype(np.int8),
        "district": choice("district"),
        "channel": choice("channel", 35, 30, 15, 15, 5),
        "payment_method": choice("payment_method", 45, 25, 12, 18),
        "gender": choice("gender"),
        "age": np.clip(np.round(generator.normal(46, 15, n)), 18, 92).astype(np.int16),
        "router_rented": generator.random(n) < 0.4,
        "credit_score": np.clip(np.round(generator.normal(620, 90, n)), 300, 850).astype(np.int16),
        "iptv": np.isin(bundle, [2, 3]) | (generator.random(n) < 0.05),
        "contract_months": generator.integers(0, 25, n).astype(np.int16),
    }


def _monthly(
    fixed: Columns,
    habit: Floats,
    calendar: Dates,
    generator: np.random.Generator,
) -> Columns:
    n, m = len(habit), len(calendar)
    season = SEASON[calendar.astype(int) % 12]
    # A random walk per customer: the probability of leaving depends on the drift of usage.
    drift = np.cumsum(generator.normal(0, 0.35, (n, m)), axis=1)
    level = 4.0 + 0.7 * habit[:, None] + drift

    def usage(log_level: Floats, digits: int, spread: float = 0.2) -> Floats:
        noisy = np.exp(log_level + generator.normal(0, spread, (n, m))) * season
        return np.asarray(np.round(noisy, digits))

    def count(rate: Floats) -> Ints32:
        return generator.poisson(np.clip(rate, 0, 1e5)).astype(np.int32)

    gb = usage(level, 2, 0.12)
    mobile = (fixed["mobile_package"] > 0)[:, None]
    mobile_level = 0.4 + 0.5 * fixed["mobile_package"][:, None] + generator.normal(0, 0.6, (n, 1))
    mobile_gb = np.where(mobile, usage(mobile_level, 2), 0.0)
    talk = generator.normal(4.2, 0.8, (n, 1))
    calls = usage(talk, 1, 0.3)
    mobile_calls = np.where(mobile, usage(talk + 0.6, 1, 0.3), 0.0)
    hours = usage(0.55 * level + 2.1, 1, 0.15)
    price = PRICES[fixed["package_name"]][:, None]
    extra = np.where(generator.random((n, m)) < 0.15, generator.gamma(1.5, 8, (n, m)), 0.0)
    discount = np.round(
        price * (generator.random((n, 1)) < 0.25) * generator.choice([0.1, 0.2, 0.3], (n, 1)), 2
    )
    late = generator.random((n, m)) < np.where(fixed["credit_score"] < 520, 0.3, 0.05)[:, None]
    income = np.round(price - discount + extra, 2)
    left = fixed["contract_months"][:, None] - np.arange(m)
    return {
        "billing_income": income,
        "accumulated_debt": np.round(np.cumsum(np.where(late, income, 0), axis=1) * 0.8, 2),
        "call_duration": calls,
        "call_count": count(calls / 3.2),
        "broadband_gb": gb,
        "online_duration": hours,
        "online_count": count(hours / 1.7),
        "sms_count": count(np.exp(generator.normal(1.2, 0.7, (n, 1))) * np.ones(m)),
        "mobile_billing_income": np.round(
            MOBILE_PRICES[fixed["mobile_package"]][:, None] + np.where(mobile, extra * 0.3, 0), 2
        ),
        "mobile_debt": np.round(np.where(mobile & late, 0.5 * income, 0.0), 2),
        "mobile_call_duration": mobile_calls,
        "mobile_call_count": count(mobile_calls / 2.8),
        "mobile_gb": mobile_gb,
        "mobile_online_duration": np.round(mobile_gb * 3.1, 1),
        "mobile_online_count": count(mobile_gb * 8),
        "mobile_sms_count": np.where(mobile, count(np.full((n, m), 6.0)), 0).astype(np.int32),
        "iptv_hours": np.where(fixed["iptv"][:, None], usage(np.full((n, m), 3.2), 1, 0.6), 0.0),
        "upload_gb": np.round(gb * generator.beta(2, 14, (n, m)), 2),
        "night_gb": np.round(gb * generator.beta(2, 6, (n, m)), 2),
        "peak_share": np.round(generator.beta(5, 4, (n, m)), 3),
        "roaming_minutes": np.where(mobile, count(np.full((n, m), 0.8)), 0).astype(np.int32),
        "points_balance": count(np.full((n, m), 120.0)) + 10 * np.arange(m, dtype=np.int32),
        "promo_discount": discount * np.ones(m),
        # Contracts roll over to another year.
        "contract_months_left": np.where(left < 0, left % 12, left).astype(np.int16),
    }


def _days(customer: Ints, calendar: Dates, generator: np.random.Generator) -> Dates:
    """A day for every event, anywhere in the calendar."""
    first = calendar[0].astype("datetime64[D]")
    days = int(((calendar[-1] + 1).astype("datetime64[D]") - first).astype(int))
    return np.asarray(first + generator.integers(0, days, len(customer)).astype("timedelta64[D]"))


def _readings(fault: Bools, calendar: Dates, generator: np.random.Generator) -> Columns:
    """Optical power at the customer's modem, in dBm: -8 to -27 is healthy."""
    n = len(fault)
    base = np.where(fault, generator.normal(-27.0, 1.6, n), generator.normal(-19.5, 2.6, n))
    customer = np.repeat(np.arange(n), generator.poisson(1.6 * len(calendar), n))
    power = base[customer] + generator.normal(0, 0.7, len(customer))
    return {
        "customer": customer,
        "day": _days(customer, calendar, generator),
        "receive_power_dbm": np.round(power, 2),
        "transmit_power_dbm": np.round(generator.normal(2.2, 0.4, len(customer)), 2),
    }


def _complaints(fault: Bools, calendar: Dates, generator: np.random.Generator) -> Columns:
    n = len(fault)
    customer = np.repeat(
        np.arange(n), generator.poisson(np.where(fault, 0.20, 0.06) * len(calendar))
    )
    technical = generator.random(len(customer)) < np.where(fault[customer], 0.75, 0.4)
    kind = np.where(
        technical, generator.integers(0, 2, len(customer)), generator.integers(2, 5, len(customer))
    )
    return {
        "customer": customer,
        "day": _days(customer, calendar, generator),
        "kind": kind.astype(np.int8),
        "resolution_days": np.round(generator.gamma(1.3, 3.0, len(customer)), 1),
    }
