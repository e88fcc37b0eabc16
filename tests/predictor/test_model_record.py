"""One forward path: chunks, threads, blocks and the number of rows change no score."""

import dataclasses
from functools import cached_property

import numpy as np
import pytest

from dbnchurn.core.errors import ArtifactError
from dbnchurn.dbn.network_record import logits as network_logits
from dbnchurn.decide.decide_record import decide
from dbnchurn.features.encode_record import encode
from dbnchurn.features.leaf_lookup_record import Lookup
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix, with_leaves
from dbnchurn.predictor.audit import audit_model
from dbnchurn.predictor.model_record import FEW, logits, probabilities
from dbnchurn.prepare.record import prepare
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Schema


@pytest.fixture(scope="module")
def record(fitted):
    return fitted.record_


def test_logits_are_the_mean_over_the_boosters(record, customers):
    table = read(record.schema, customers[0])[0]
    prepared = prepare(record.prepare, table)
    base = encode(record.encode, prepared)
    matrix = booster_matrix(prepared)
    layers = [
        with_leaves(base, record.leaves, booster, record.leaves.leaf_codes(booster, matrix))
        for booster in range(2)
    ]
    each = [network_logits(record.networks[0], layer) for layer in layers]
    assert not np.allclose(each[0], each[1])
    ours = logits(record, table)
    # The leaves are summed in float32, here block by block and there all at once.
    np.testing.assert_allclose(ours[:, 0], np.mean(each, axis=0), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(ours[:, 1], network_logits(record.networks[1], base))


@pytest.mark.parametrize("chunk", [1, 7, 50])
def test_chunks_and_threads_change_nothing(record, customers, chunk):
    X = customers[0].head(205)
    whole = probabilities(record, X)[0]
    table = read(record.schema, X)[0]
    again, threaded = (
        decide(record.decide, logits(record, table, n_threads, chunk=chunk)) for n_threads in (1, 3)
    )
    np.testing.assert_allclose(again, whole, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(threaded, again)


@pytest.mark.parametrize("trees", [1, 2, 100])
def test_blocks_of_any_size_find_the_same_leaves(record, customers, trees):
    """Blocks change in which order float32 numbers are added, and nothing else."""
    table = read(record.schema, customers[0])[0]
    whole = logits(record, table)

    class OtherBlocks(LeavesRecord):
        @cached_property
        def lookup(self):
            return Lookup(self.forests, self.n_features, block_trees=trees)

    leaves = OtherBlocks(record.leaves.forests, record.leaves.n_features)
    fresh = dataclasses.replace(record, leaves=leaves)
    np.testing.assert_allclose(logits(fresh, table), whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rows", [2, FEW, FEW + 1, 200])
def test_few_rows_take_another_way_to_the_same_numbers(record, customers, rows):
    table = read(record.schema, customers[0])[0]
    whole = logits(record, table)[:rows]
    np.testing.assert_allclose(
        logits(record, table.take(np.arange(rows))), whole, rtol=0, atol=1e-12
    )


def test_no_rows_give_no_scores(record, customers):
    assert probabilities(record, customers[0].iloc[:0])[0].shape == (0,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ("0", "1", "2")}, "labels: "),
        ({"label_type": "complex"}, "labels: .* 'complex'"),
        ({"labels": ("no", "yes")}, "no two labels of the type 'int'"),
        ({"labels": ("1", "1")}, "no two labels of the type 'int'"),
        ({"leaves": None}, "takes leaves, but the model has no boosters"),
        ({"networks": ()}, "members of the blend, but"),
    ],
)
def test_stages_that_do_not_fit_are_refused(record, change, message):
    with pytest.raises(ArtifactError, match=message):
        audit_model(dataclasses.replace(record, **change))


def test_trees_that_test_codes_beyond_the_levels_are_refused(record):
    place = next(i for i, f in enumerate(record.leaves.forests) if len(f.categories))
    forests = list(record.leaves.forests)
    beyond = np.full_like(forests[place].categories, 2**31 - 1)
    forests[place] = dataclasses.replace(forests[place], categories=beyond)
    leaves = dataclasses.replace(record.leaves, forests=tuple(forests))
    with pytest.raises(ArtifactError, match="tests a level that does not exist"):
        audit_model(dataclasses.replace(record, leaves=leaves))


def test_a_schema_of_other_columns_is_refused(record):
    other = Schema(record.schema.columns[1:])
    with pytest.raises(ArtifactError, match="does not fit the schema"):
        audit_model(dataclasses.replace(record, schema=other))


def test_a_reference_of_other_columns_is_refused(record):
    fewer = dataclasses.replace(record.reference, numbers=record.reference.numbers[1:])
    with pytest.raises(ArtifactError, match="describes other columns than the schema"):
        audit_model(dataclasses.replace(record, reference=fewer))
