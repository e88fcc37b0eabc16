"""The page about the data: what it says of every column, offline and safe."""

import numpy as np
import pandas as pd

from dbnchurn.core.statistics import population_stability_index as stability
from dbnchurn.data.quality import describe
from dbnchurn.data.quality_page import bars, write_quality
from dbnchurn.tables.contract import Customers


def table(n=1000, seed=0):
    generator = np.random.default_rng(seed)
    dates = np.repeat(np.array(["2024-07-01", "2024-08-01"], "datetime64[ns]"), n // 2)
    y = (generator.random(n) < 0.2).astype(int)
    X = pd.DataFrame(
        {
            "steady": generator.normal(size=n),
            "moved": generator.normal(size=n) + 2 * (np.arange(n) >= n // 2),
            "telling": y + generator.normal(0, 0.5, n),
            "gaps": np.where(generator.random(n) < 0.3, np.nan, 1.0),
            "<plan>": pd.Categorical(generator.choice(list("ABC"), n)),
            "joined": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(generator.integers(0, 900, n), "D"),
            "nothing": np.nan,
        }
    )
    return Customers(np.arange(n), X, y, dates, pd.DataFrame())


def test_missing_distinct_drift_and_relation_to_the_label():
    found = {c.name: c for c in describe(table())}
    assert found["gaps"].missing == table().X["gaps"].isna().mean()
    assert found["<plan>"].distinct == 3
    assert found["moved"].drift > 0.25 > 0.1 > found["steady"].drift
    assert found["telling"].auc > 0.8 > 0.6 > found["steady"].auc
    assert found["joined"].kind == "date"
    assert found["nothing"].missing == 1.0
    for column in found.values():
        np.testing.assert_allclose(column.shares.sum(), 1 - column.missing)
    rate = (found["steady"].shares * found["steady"].churn).sum()
    np.testing.assert_allclose(rate, table().y.mean())


def test_the_stability_index_is_symmetric_positive_and_zero_for_equals():
    generator = np.random.default_rng(0)
    for _ in range(20):
        p, q = generator.integers(0, 100, (2, 8))
        np.testing.assert_allclose(stability(p, q), stability(q, p))
        assert stability(p, q) >= 0
        assert stability(p, p) == 0


def test_the_page_stands_alone_and_escapes_names(tmp_path):
    write_quality(tmp_path / "page.html", table(), notes=["beware <of> it"])
    page = (tmp_path / "page.html").read_text()
    assert "&lt;plan&gt;" in page
    assert "<plan>" not in page
    assert "beware &lt;of&gt; it" in page
    assert "2024-08-01" in page
    assert "://" not in page
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_bars_show_shares_by_height_and_churn_by_shade():
    column = next(c for c in describe(table()) if c.name == "telling")
    drawn = list(bars(column, table().y.mean()))
    heights = np.array([bar.height for bar in drawn])
    np.testing.assert_allclose(heights / heights.sum(), column.shares / column.shares.sum())
    darkest_first = np.argsort([bar.lightness for bar in drawn], kind="stable")
    churn = np.minimum(column.churn, 3 * table().y.mean())[darkest_first]
    assert (np.diff(churn) <= 0).all()
    assert 25 <= min(bar.lightness for bar in drawn) < max(bar.lightness for bar in drawn) <= 75
    assert all(bar.text.endswith(" left") for bar in drawn)
