"""One forward path: chunks, threads, views and company change no score."""

import dataclasses

import numpy as np
import pytest

from dbnchurn.dbn.network_record import logits as network_logits
from dbnchurn.errors import ArtifactError
from dbnchurn.features.encode_record import encode
from dbnchurn.predictor import forward
from dbnchurn.predictor.forward import logits, probabilities, views
from dbnchurn.prepare.record import prepare
from dbnchurn.records import pack, unpack
from dbnchurn.schema import Schema, read


@pytest.fixture(scope="module")
def record(fitted):
    return fitted.record_


def test_logits_are_the_mean_over_the_boosters_views(record, customers):
    table = read(record.schema, customers[0])[0]
    prepared = prepare(record.prepare, table)
    base = encode(record.encode, prepared)
    seen = list(views(record, prepared, base))
    assert len(seen) == 2
    each = [network_logits(record.networks[0], view) for view in seen]
    assert not np.allclose(each[0], each[1])
    found = logits(record, table)
    np.testing.assert_allclose(found[:, 0], np.mean(each, axis=0), rtol=1e-12)
    np.testing.assert_array_equal(found[:, 1], network_logits(record.networks[1], base))


def test_chunks_change_nothing(record, customers, monkeypatch):
    whole = probabilities(record, customers[0])[0]
    monkeypatch.setattr(forward, "CHUNK", 7)
    np.testing.assert_allclose(probabilities(record, customers[0])[0], whole, rtol=0, atol=1e-12)


def test_no_rows_give_no_scores(record, customers):
    assert probabilities(record, customers[0].iloc[:0])[0].shape == (0,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ("0", "1", "2")}, "labels: "),
        ({"label_type": "complex"}, "labels: .* 'complex'"),
        ({"labels": ("no", "yes")}, "do not fit one another: invalid literal"),
        ({"labels": ("1", "1")}, "one label only"),
        ({"leaves": None}, "takes leaves, but the model has no boosters"),
        ({"networks": ()}, "0 networks, but 2 weights"),
    ],
)
def test_stages_that_do_not_fit_are_refused(record, change, message):
    with pytest.raises(ArtifactError, match=message):
        unpack(type(record), *pack(dataclasses.replace(record, **change)))


def test_a_schema_of_other_columns_is_refused(record):
    other = Schema(record.schema.columns[1:])
    with pytest.raises(ArtifactError, match="does not fit the schema"):
        unpack(type(record), *pack(dataclasses.replace(record, schema=other)))


def test_a_reference_of_other_columns_is_refused(record):
    fewer = dataclasses.replace(record.reference, numbers=record.reference.numbers[1:])
    with pytest.raises(ArtifactError, match="describes other columns than the schema"):
        unpack(type(record), *pack(dataclasses.replace(record, reference=fewer)))
