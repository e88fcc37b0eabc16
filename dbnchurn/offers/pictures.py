"""The pictures of the page of next offers; they need matplotlib, of the extra ``train``."""

from __future__ import annotations

from dbnchurn.core.html.figure import COLOURS, MARK, Canvas
from dbnchurn.core.html.format import cut, percent, thousands
from dbnchurn.core.html.picture import Picture
from dbnchurn.offers.offer_summary import MOST_OFFERS, OfferSummary

LONGEST = 34  # characters of a name beside an axis


def calibration_picture(made: OfferSummary) -> Picture | None:
    """Expected against found shares of pairs that took the item; None without probabilities."""
    bins = made.quality.calibration
    if not bins:
        return None
    expected = [part.expected for part in bins]
    found = [part.found for part in bins]
    end = 1.1 * max(*expected, *(part.high for part in bins))
    with Canvas("expected", "found", (4.6, 3.6)) as c:
        c.axes.plot([0, end], [0, end], color=MARK, lw=1)
        for part in bins:
            c.axes.plot([part.expected] * 2, [part.low, part.high], color=COLOURS[0], lw=1.5)
        c.axes.scatter(expected, found, color=COLOURS[0], s=24, zorder=3)
        c.axes.set_xlim(0, end)
        c.axes.set_ylim(0, end)
        c.percents("x", "y")
        inside = sum(part.low <= part.expected <= part.high for part in bins)
        return c.picture(
            f"{inside} of {len(bins)} groups took as many as expected, within chance",
            "Each point is a tenth of the pairs, by probability, with 95 % intervals; on the line, "
            "as many took the item as were expected.",
            "; ".join(f"expected {percent(e)}, found {percent(f)}"
                      for e, f in zip(expected, found, strict=True)),
        )  # fmt: skip


def first_offers_picture(made: OfferSummary) -> Picture | None:
    """Customers by the offer that stands first in their list; None if nothing is listed."""
    offers = [offer for offer in made.listed.offers if offer[1]][:MOST_OFFERS]
    if not offers:
        return None
    names = [cut(name, LONGEST) for name, *_ in offers]
    counts = [first for _, first, *_ in offers]
    with Canvas("customers with it as first offer", "", (6.0, 0.9 + 0.3 * len(offers))) as c:
        c.axes.barh(range(len(offers)), counts, color=COLOURS[0])
        c.axes.set_yticks(range(len(offers)), names)
        c.axes.set_ylim(len(offers) - 0.5, -0.5)
        share = counts[0] / max(1, made.listed.customers)
        return c.picture(
            f"{cut(offers[0][0], LONGEST)} is the first offer of {percent(share, 0)} of customers",
            "Customers by the offer that stands first in their list.",
            "; ".join(f"{name}: {thousands(n)}" for name, n in zip(names, counts, strict=True)),
        )
