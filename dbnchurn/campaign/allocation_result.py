"""A plan with all that is said of it: what its list, its page and its facts are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.campaign.allocation import Allocation
from dbnchurn.campaign.eligibility import Eligibility
from dbnchurn.campaign.options import AllocateConfig
from dbnchurn.campaign.promise import Promise


@dataclass(frozen=True, eq=False)
class AllocationResult:
    """A plan with all that its page says.

    Parameters
    ----------
    config : AllocateConfig
    plan : Allocation
    customers : int
        Rows of the table.
    contacts : DataFrame
        The list as it is written.
    eligibility : Eligibility
    curve : tuple of (float, float)
        Budget → value of the best plan, at most; empty without a budget.
    promise : Promise or None
    notes : tuple of str
        What was assumed, converted or left out.
    """

    config: AllocateConfig
    plan: Allocation
    customers: int
    contacts: pd.DataFrame
    eligibility: Eligibility
    curve: tuple[tuple[float, float], ...]
    promise: Promise | None
    notes: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """The plan in numbers, as JSON holds them."""
        plan = self.plan
        made = plan.contacted
        options = [
            {"offer": o.offer, "channel": o.channel, "contacts": int(n)}
            for o, n in zip(plan.options, plan.counts, strict=True)
        ]
        finite = {
            use.name: {
                "used": use.used,
                "most": use.most if np.isfinite(use.most) else None,
                "least": use.least,
                "price": use.price,
                "price_of_least": use.price_of_least,
            }
            for use in plan.uses
        }
        promise = None
        if self.promise is not None:
            keys = ("value", "low", "high", "contacts", "rows")
            promise = {key: getattr(self.promise, key) for key in keys}
            promise["missing"] = list(self.promise.missing)
        return {
            "campaign": self.config.campaign,
            "contact_date": self.config.contact_date.isoformat(),
            "currency": self.config.currency,
            "customers": self.customers,
            "contacted": int(made.sum()),
            "explore": int((plan.arm == "explore").sum()),
            "control": int((~made).sum()),
            "cost": float(plan.cost[made].sum()),
            "estimated_value": float(plan.value[made].sum()),
            "promise": promise,
            "list_value": plan.planned,
            "list_bound": plan.bound,
            "gap": plan.gap,
            "set_aside": plan.set_aside,
            "options": options,
            "limits": finite,
            "excluded": dict(self.eligibility.excluded),
            "closed": dict(self.eligibility.closed),
            "curve": [list(point) for point in self.curve],
            "notes": list(self.notes),
        }
