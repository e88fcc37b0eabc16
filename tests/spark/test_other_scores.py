"""Customers who were not drawn are scored where they lie, as by the model on the driver."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from dbnchurn import ChurnClassifier
from dbnchurn.data.build import build, load
from dbnchurn.data.draw import Draw, DrawRule
from dbnchurn.dbn import DBN, FineTune, NetworkStage
from dbnchurn.exports.spark import model_files
from dbnchurn.features import Leaves
from dbnchurn.spark.exchange import packed, plain_schema, record, unpacked
from dbnchurn.spark.other_scores import OtherScores
from dbnchurn.tables.duckdb import Session


def test_rows_of_the_others_get_the_scores_of_the_model(plan, tmp_path):
    built = build(plan, tmp_path / "built", n_threads=1)
    table, rule = load(built), DrawRule(40, seed=0)
    model = ChurnClassifier(
        leaves=Leaves(folds=2, n_trees=4, max_depth=2),
        network=NetworkStage(dbn=DBN((4,), epochs=1), finetune=FineTune(epochs=1)),
        use_companion=False,
        use_linear=False,
        use_extra_trees=False,
        refit=False,
        n_threads=1,
        random_state=0,
    )
    y = np.arange(len(table.X)) % 2  # of so few rows those of the plan may decide by one column
    model.fit(table.X, y).save(tmp_path / "model")
    rows = pq.read_table(built.features)
    with Session(n_threads=1) as session:
        session.connection.register("features", rows)
        draw = Draw.of(rule.slot_counts(session, "features", "id"), rule)
        drawn = session.connection.sql(rule.drawn_rows("features", "id", draw)).df()["id"]
    task = OtherScores(model_files(tmp_path / "model"), built.plan, draw, ("2024-08-01",))
    plain = rows.cast(plain_schema(rows.schema))
    parts = [record(i, "", "features", packed(plain.slice(30 * i, 30))) for i in range(3)]
    (found,) = task.run(iter(parts))
    scored = unpacked(found.column("data")[0].as_buffer()).to_pandas().set_index("id")
    others = ~np.isin(table.ids, drawn) & (table.dates == pd.Timestamp("2024-08-01"))
    assert 0 < others.sum() == len(scored)
    expected = model.predict_proba(table.X[others])[:, 1]
    ids = table.ids[others]
    np.testing.assert_allclose(scored.loc[ids, "score"], expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(scored.loc[ids, "label"], table.y[others])
    assert list(task.run(iter([]))) == []
