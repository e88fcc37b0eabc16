"""Counts of Spark are those of all rows."""

import numpy as np
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.evaluate.binned import BinnedScores
from dbnchurn.spark import binned_scores

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_counts_are_those_of_all_rows(spark):
    generator = np.random.default_rng(0)
    y, p = generator.integers(0, 2, 400), generator.random(400)
    frame = spark.createDataFrame(
        [(int(a), float(b)) for a, b in zip(y, p, strict=True)], "label int, `the.score` double"
    )
    found, own = binned_scores(frame, score="the.score", cut=0.3), BinnedScores.of(y, p, cut=0.3)
    assert (found.churners == own.churners).all()
    assert (found.stayers == own.stayers).all()
    np.testing.assert_allclose(found.sums, own.sums, rtol=1e-12)
    with pytest.raises(ConfigError, match="no column 'probability'"):
        binned_scores(frame)
    unknown = frame.selectExpr("CAST(NULL AS INT) AS label", "`the.score` AS probability")
    with pytest.raises(DataError, match="labels should be 0 or 1"):
        binned_scores(unknown)
