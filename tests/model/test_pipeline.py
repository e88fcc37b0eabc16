"""All stages fitted one after another: none is changed, lengths are kept, the seed decides."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.parameters import parameters_text
from dbnchurn.core.records import pack
from dbnchurn.dbn import DBN, FineTune, Linear, NetworkStage
from dbnchurn.decide import Threshold
from dbnchurn.features import Encode, ExtraTrees, Leaves, Oversample
from dbnchurn.model.compute import Compute
from dbnchurn.model.inputs import LabelledFrame
from dbnchurn.model.large_tables import LargeTableRules
from dbnchurn.model.pipeline import fit_stages
from dbnchurn.model.stages import Stages, best_epoch
from dbnchurn.prepare import Prepare
from dbnchurn.tables.unused_columns import empty_columns

STAGES = Stages(
    kinds=None,
    formats=None,
    prepare=Prepare(),
    encode=Encode(),
    oversample=Oversample(),
    leaves=Leaves(folds=2, n_trees=30, patience=3),
    skip=True,
    networks={
        "network": NetworkStage(
            dbn=DBN((6,), epochs=1), finetune=FineTune(epochs=6, learning_rate=0.02, patience=2)
        ),
        "companion": NetworkStage(pretrain=False, dbn=DBN((4,)), finetune=FineTune(epochs=3)),
    },
    linear=Linear(C=(0.1, 1.0)),
    extra_trees=ExtraTrees(n_trees=6),
    threshold=Threshold(),
    large_tables=LargeTableRules(),
    leakage="off",
)


def rows(draw_customers, n, seed):
    X, y = draw_customers(n, seed)
    return LabelledFrame(X, y, np.ones(n))


def fitted(draw_customers, stages=STAGES, seed=0):
    train, validation = rows(draw_customers, 400, 1), rows(draw_customers, 200, 2)
    return fit_stages(stages, train, validation, None, Compute.of("cpu", 1, seed, 400))


def network_arrays(found):
    packed = [pack(network.network_.record())[1] for network in found.networks.values()]
    return [np.concatenate([a.ravel() for a in arrays.values()]) for arrays in packed]


@pytest.fixture(scope="module")
def first(draw_customers):
    return fitted(draw_customers)


def test_a_network_without_epochs_has_its_start():
    assert best_epoch([]) == 0


def test_no_stage_is_changed(first):
    assert first.prepare is not STAGES.prepare
    assert not hasattr(STAGES.prepare, "record_")
    assert not hasattr(STAGES.networks["network"], "network_")


def test_the_seed_decides(first, draw_customers):
    again, other = fitted(draw_customers), fitted(draw_customers, seed=1)
    for a, b, c in zip(*map(network_arrays, (first, again, other)), strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_lengths_are_those_of_the_best_epochs(first):
    fixed = STAGES.with_lengths_of(first)
    for name, network in fixed.networks.items():
        assert network.finetune.until == best_epoch(first.networks[name].finetune_curve_)
    trees = [forest.trees for forest in first.leaves.record_.forests]
    assert fixed.leaves.n_trees == round(np.mean(trees))
    assert STAGES.networks["network"].finetune.until is None
    assert parameters_text(fixed.prepare) == parameters_text(STAGES.prepare)


def test_every_row_has_the_fold_that_its_booster_lacked(first):
    assert first.fold.shape == first.train.y.shape
    assert set(first.fold) == {0, 1}


def test_a_setting_that_does_not_fit_names_its_network(draw_customers):
    wrong = replace(
        STAGES, leaves=None, networks={"network": NetworkStage(dbn=DBN((4, 2), epochs=(1, 1, 1)))}
    )
    with pytest.raises(ConfigError, match="network: epochs has 3 values for 2 layers"):
        fitted(draw_customers, wrong)


def test_a_later_table_may_lack_a_column_that_never_held_a_value(draw_customers, small):
    frame, y = draw_customers(300)
    nothing = {"fax": None, "spare": np.nan, "blank": "", "dash": "-"}
    model = small().fit(frame.assign(**nothing), y)
    expected = model.predict_proba(frame.assign(**nothing))
    np.testing.assert_array_equal(model.predict_proba(frame), expected)
    notes = {column.name: column.note for column in model.schema_.columns}
    assert {notes[name] for name in nothing} == {"no value"}
    assert empty_columns(model.schema_) == dict.fromkeys(nothing, "empty")
    told = small(kinds={"fax": "number"}).fit(frame.assign(**nothing), y)
    with pytest.raises(DataError, match=r"lacks 1 of .* columns: 'fax'"):
        told.predict_proba(frame)


@pytest.mark.parametrize("typed", [False, True])
def test_times_that_are_read_in_utc_are_said(draw_customers, caplog, typed):
    train = rows(draw_customers, 60, 1)
    since = [f"2026-09-{1 + k % 28:02d}T00:30:00+02:00" for k in range(60)]
    frame = train.frame.assign(since=pd.to_datetime(since) if typed else since)
    quick = replace(STAGES, leakage="warn", networks={}, leaves=None, extra_trees=None)
    fit_stages(quick, replace(train, frame=frame), None, None, Compute.of("cpu", 1, 0, 60))
    assert caplog.text.count("60 rows with an offset from UTC are read in UTC") == 1
