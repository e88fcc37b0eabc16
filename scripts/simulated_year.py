"""A simulated telecom that lives month by month, so that campaigns change who stays.

``dbnchurn simulate`` writes all months at once; here a month is lived when it is reached, and whom
a contact log names in it stays or leaves as the simulator's responses say. Nothing but what is
planted changes with the calendar: customers join as fast as others leave, with a history of their
own; debts are paid within three months, contracts are renewed for two years, usage returns to its
habit, and no month of the year is another season.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from dbnchurn.data.simulate.hazard import leaving_probability
from dbnchurn.data.simulate.records import event_records, monthly_records, to_arrow
from dbnchurn.data.simulate.responses import OPTIONS, responses
from dbnchurn.data.simulate.world import OBSERVED, SEASON, World, draw
from dbnchurn.data.simulate.write import FIRST_ID

LEAVING = 0.025  # share of the customers that joins in a month, as about as many leave
PAID = 3  # months until a debt is paid
RENEWED = 25  # months from one renewal of a contract to the next
HABIT = 0.6  # share of the distance from the habit that is left a month later
EVENTS = {"complaints": "complaint_date", "optical": "reading_date"}

Floats = npt.NDArray[np.float64]


class Telecom:
    """Customers, and what became of them so far.

    Parameters
    ----------
    customers : int
        At any time, about.
    months : int
        That will be lived, the first ``OBSERVED`` without leavers.
    seed : int
    changed : int
        Position of the month from which on three times the traffic is recorded.
    """

    def __init__(self, customers: int, months: int, seed: int, changed: int) -> None:
        generator = np.random.default_rng([seed, 0])
        late = generator.poisson(customers * LEAVING, months - 1)
        self.joined = np.repeat(np.arange(months), [customers, *late])
        drawn = draw(np.arange(len(self.joined)) + FIRST_ID, months, generator)
        access = drawn.fixed["network_access_date"] + (30 * self.joined).astype("timedelta64[D]")
        drawn = replace(drawn, fixed={**drawn.fixed, "network_access_date": access})
        self.world = steady(drawn)
        self.seed, self.changed, self.now = seed, changed, OBSERVED
        self.left_in = np.full(len(self.joined), months)

    @property
    def present(self) -> npt.NDArray[np.int64]:
        """Places of those who may leave in this month."""
        stayed = self.left_in == len(self.world.months)
        return np.flatnonzero(stayed & (self.joined <= self.now - OBSERVED))

    def live(self, log: pd.DataFrame | None = None) -> dict[str, float] | None:
        """Let a month pass; of contacts in it the true effect on those contacted, else None."""
        p = leaving_probability(self.world, self.now)
        after, told = p, None
        if log is not None and len(log):
            rows = log["customer"].to_numpy(np.int64) - FIRST_ID
            option = [
                OPTIONS.index(pair) for pair in zip(log["offer"], log["channel"], strict=True)
            ]
            told, after = self._contacted(
                p, rows, np.array(option), (log["arm"] == "contact").to_numpy()
            )
        lot = np.random.default_rng([self.seed, 1, self.now]).random(len(p))
        leaves = self.present[lot[self.present] < after[self.present]]
        if told is not None:
            told["kept"] = int((lot[self.present] < p[self.present]).sum()) - len(leaves)
        self.left_in[leaves] = self.now
        self.now += 1
        return told

    def _contacted(
        self, p: Floats, rows: npt.NDArray[np.int64], option: npt.NDArray[np.int64], contact: Any
    ) -> tuple[dict[str, float], Floats]:
        """The true effect, and probabilities of leaving after the contacts."""
        true = responses(self.world, self.now, p)
        rows, option = rows[contact], option[contact]
        accepts = np.random.default_rng([self.seed, 2, self.now]).random(len(p))[rows]
        accepted = accepts < true.acceptance[rows, option]
        after = p.copy()
        after[rows] = np.where(accepted, true.accepted[rows, option], true.declined[rows, option])
        there = np.isin(rows, self.present)
        effect = np.where(there, true.effect[rows, option], 0.0)
        return {"true_effect": -float(effect.mean())}, after

    def write(self, folder: Path) -> None:
        """Write the tables as they are on the first day of this month."""
        first = self.world.months[self.now].astype("datetime64[D]")
        records = monthly_records(self.world, self.left_in, self.joined)
        known = records["month"] < first
        records = {name: values[known] for name, values in records.items()}
        recorded = records["month"] >= self.world.months[self.changed].astype("datetime64[D]")
        records["broadband_gb"] = np.where(recorded, 3.0, 1.0) * records["broadband_gb"]
        records["status"] = np.where(records["month"] < first, records["status"], 0)
        tables = {"basic": records}
        for table, date in EVENTS.items():
            events = self.world.complaints if table == "complaints" else self.world.readings
            found = event_records(self.world, events, self.left_in, date, self.joined)
            tables[table] = {name: values[found[date] < first] for name, values in found.items()}
        for table, columns in tables.items():
            (folder / table).mkdir(parents=True, exist_ok=True)
            pq.write_table(to_arrow(columns), folder / table / "part-00000.parquet")

    def write_outcomes(self, path: Path) -> None:
        """Write ids and a day in the month in which each left; empty for those who stay."""
        left = self.left_in < self.now
        begins = self.world.months[np.minimum(self.left_in, len(self.world.months) - 1)]
        lot = np.random.default_rng([self.seed, 3]).random(len(left))
        first, next_first = (months.astype("datetime64[D]") for months in (begins, begins + 1))
        passed = (lot * (next_first - first).astype(int)).astype("timedelta64[D]")
        day = pd.Series(np.where(left, first + passed, np.datetime64("NaT", "D")))
        known = self.joined < self.now
        frame = pd.DataFrame({"customer": self.world.ids, "left_date": day.dt.strftime("%Y-%m-%d")})
        frame[known].to_csv(path, index=False)


def steady(world: World) -> World:
    """The same customers, of whom nothing grows or falls only because months pass."""
    monthly = dict(world.monthly)
    m = monthly["broadband_gb"].shape[1]
    season = SEASON[world.months.astype(int) % 12]
    log = np.log(np.maximum(monthly["broadband_gb"], 0.01) / season)
    back = log.copy()
    for month in range(1, m):
        step = log[:, month] - log[:, month - 1]
        back[:, month] = log[:, 0] + HABIT * (back[:, month - 1] - log[:, 0]) + step
    factor = np.exp(back - log) / season
    for name in ("broadband_gb", "upload_gb", "night_gb"):
        monthly[name] = np.round(monthly[name] * factor, 2)
    monthly["online_duration"] = np.round(
        monthly["online_duration"] * np.exp(0.55 * (back - log)) / season, 1
    )
    for name in ("call_duration", "mobile_call_duration", "mobile_gb", "iptv_hours"):
        monthly[name] = np.round(monthly[name] / season, 2)
    monthly["mobile_online_duration"] = np.round(monthly["mobile_gb"] * 3.1, 1)
    owed = np.diff(monthly["accumulated_debt"], axis=1, prepend=0.0)
    debt = np.cumsum(owed, axis=1)
    debt[:, PAID:] -= np.cumsum(owed, axis=1)[:, :-PAID]
    monthly["accumulated_debt"] = np.round(debt, 2)
    ends = world.fixed["contract_months"][:, None] - np.arange(m)
    monthly["contract_months_left"] = (ends % RENEWED).astype(np.int16)
    return replace(world, monthly=monthly)
