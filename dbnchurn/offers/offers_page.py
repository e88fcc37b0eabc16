"""The page of next offers: how good the lists are, what they offer, and rules in words."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from dbnchurn.core.html.format import percent, thousands
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table
from dbnchurn.offers.offer_summary import MOST_OFFERS, OfferSummary, span

MOST_RULES = 20
STYLE = "figure { max-width: 44rem; }\n"


def offers_page(made: OfferSummary) -> str:
    """The page as HTML text that needs no other file.

    The pictures need matplotlib, of the extra ``train``; their numbers are in tables as well.

    Parameters
    ----------
    made : OfferSummary

    Returns
    -------
    str
    """
    calibration = offered = ""
    if find_spec("matplotlib") is not None:
        from dbnchurn.offers.pictures import calibration_picture, first_offers_picture

        calibration = drawing(calibration_picture(made))
        offered = drawing(first_offers_picture(made))
    sections = [
        paragraph(made.meaning()),
        "<h2>Are the lists better than offering what is popular?</h2>",
        rows_table(("lists of", "recall", "NDCG", "items that any list has"), _quality_rows(made)),
        paragraph(
            f"Intervals are at 95 %, over customers. {made.comparison()} {_drawn_customers(made)}"
        ),
        "<h2>Do the probabilities come true?</h2>",
        paragraph(made.expected()),
        calibration,
        rows_table(("expected", "found", "95 %", "pairs"), _calibration_rows(made)),
        "<h2>What the lists offer</h2>",
        paragraph(made.reach()),
        offered,
        rows_table(_offer_heads(made), _offer_rows(made)),
        *_rules(made),
        *_new_items(made),
        bullets("What was assumed", made.notes, "notes"),
    ]
    return plain_page("What to offer whom next", made.verdict(), sections, STYLE)


def _drawn_customers(made: OfferSummary) -> str:
    if not made.quality.drawn:
        return ""
    return "Measured on customers drawn from all."


def _quality_rows(made: OfferSummary) -> list[tuple[str, ...]]:
    q = made.quality
    name = made.record.method if made.record.penalty is None else (
        f"EASE, penalty {made.record.penalty:g}"
    )  # fmt: skip
    popular = "own habits, then popularity" if made.record.repeat else "popularity"
    return [
        (name, span(q.recall), span(q.ndcg), percent(q.coverage, 0)),
        (popular, span(q.recall_popular), span(q.ndcg_popular), percent(q.coverage_popular, 0)),
    ]


def _calibration_rows(made: OfferSummary) -> list[tuple[str, ...]]:
    return [
        (
            percent(part.expected), percent(part.found),
            f"{100 * part.low:.1f} to {100 * part.high:.1f}", thousands(part.pairs),
        )
        for part in made.quality.calibration
    ]  # fmt: skip


def _offer_heads(made: OfferSummary) -> tuple[str, ...]:
    mean = "mean acceptance there" if made.dated else "mean similarity there"
    return "offer", "first in lists", mean, "in lists"


def _offer_rows(made: OfferSummary) -> list[tuple[str, ...]]:
    return [
        (
            name, thousands(first),
            "not known" if np.isnan(mean) else percent(mean), thousands(listed),
        )
        for name, first, listed, mean in made.listed.offers[:MOST_OFFERS]
    ]  # fmt: skip


def _rules(made: OfferSummary) -> list[str]:
    if not made.rules:
        return []
    holding = sum(rule.holds for rule in made.rules)
    chosen = (
        f"Chosen on the {made.record.window} weeks before the last {made.record.window}, and "
        "measured on the last."
        if made.dated
        else "Chosen on one half of the customers, and measured on the other."
    )
    rows = [
        (
            str(rule), rule.counts(), f"{100 * rule.low:.1f} to {100 * rule.high:.1f} %",
            "yes" if rule.holds else "no",
        )
        for rule in made.rules[:MOST_RULES]
    ]  # fmt: skip
    return [
        f"<h2>{holding} of {len(made.rules)} rules hold on rows that did not choose them</h2>",
        paragraph(f"{chosen} A rule holds if the 95 % interval of the difference to the others "
                  "lies above 0. It says who takes what, not that one item brings the other."),
        rows_table(("rule", "counts", "95 %", "holds"), rows),
    ]  # fmt: skip


def _new_items(made: OfferSummary) -> list[str]:
    if not made.new_items and made.new_quality is None:
        return []
    rows = [
        (new.item, new.group, str(new.siblings), new.by, thousands(len(new.rows)))
        for new in made.new_items
    ]
    table = rows_table(("new item", "group", "siblings", "ranked by", "customers"), rows)
    return [
        "<h2>Items that nobody has</h2>",
        paragraph(made.new_item_text()),
        paragraph("Nobody has taken them yet, so there is an order and no probability.")
        if rows else "",
        table if rows else "",
    ]  # fmt: skip
