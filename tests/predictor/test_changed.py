"""A column that was lost, or that holds other categories, is found; a few rows say nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.predictor.changed import (
    changed_columns,
    check_allowed,
    check_frame,
    refuse_changed,
)
from dbnchurn.predictor.reference import learn_reference
from dbnchurn.predictor.scores import Oddities, oddities
from dbnchurn.tables.reading import Unusual, read
from dbnchurn.tables.schema import Column, Schema, Table


def counts(rows=100, missing=0, then=0.02, unknown=0):
    unusual = {"plan": unknown} if unknown else {}
    return Oddities(rows, unusual, {}, {"debt": missing, "plan": 0}, {"debt": then, "plan": 0.0})


@pytest.mark.parametrize(
    ("unusual", "columns"),
    [
        (counts(missing=100), ["debt"]),
        (counts(missing=100, then=0.5), ["debt"]),
        (counts(missing=95), ["debt"]),
        (counts(missing=94), []),
        (counts(missing=100, then=0.6), []),  # rarely there in training
        (counts(unknown=51), ["plan"]),
        (counts(unknown=50), []),
        (counts(missing=100, unknown=100), ["debt", "plan"]),
        (counts(rows=20, missing=20), ["debt"]),
        (counts(rows=19, missing=19, unknown=19), []),
        (counts(rows=1, missing=1, unknown=1), []),
    ],
)
def test_emptied_and_unknown_columns_are_found_where_the_rows_suffice(unusual, columns):
    assert [found.column for found in changed_columns(unusual)] == columns


def test_numbers_in_another_unit_come_first_and_add_up():
    scaled = Oddities(60, {"plan": 60}, {}, {"debt": 0, "plan": 0}, {}, {"debt": {"100": 60}})
    both = scaled + Oddities(60, {}, {}, {"debt": 0, "plan": 0}, {}, {"debt": {"100": 50}})
    assert both.rescaled == {"debt": {"100": 110}}
    first, second = changed_columns(scaled)
    assert (first.column, second.column, first.emptied) == ("debt", "plan", False)
    message = (
        "column 'debt' holds numbers about 100 times smaller than in training in 60 of 60 rows"
    )
    assert first.sentence.startswith(message)
    with pytest.raises(DataError, match="allow it with --allow-changed 'debt'"):
        refuse_changed(scaled, ["plan"])


def test_unknown_categories_are_a_share_of_the_values_that_are_there():
    missing = {"plan": 60}
    assert changed_columns(Oddities(100, {"plan": 21}, {}, missing, {"plan": 0.6}))
    assert not changed_columns(Oddities(100, {"plan": 20}, {}, missing, {"plan": 0.6}))
    few = Oddities(100, {"plan": 19}, {}, {"plan": 81}, {"plan": 0.8})
    assert not changed_columns(few)


def test_a_model_without_distributions_has_unknown_categories_alone():
    assert [c.column for c in changed_columns(Oddities(50, {"plan": 50}, {}, {"debt": 50}))] == [
        "plan"
    ]


def test_all_refused_columns_are_named_and_allowed_ones_are_told():
    both = counts(missing=100, unknown=100)
    with pytest.raises(DataError) as told:
        refuse_changed(both)
    assert "column 'debt' is missing in 100 of 100 rows, in training in 2.0 %" in str(told.value)
    assert "--allow-changed 'debt' --allow-changed 'plan'" in str(told.value)
    with pytest.raises(DataError, match=r"^column 'plan' holds categories that no training row"):
        refuse_changed(both, ["debt"])
    assert len(refuse_changed(both, ["plan", "debt"])) == 2
    assert refuse_changed(counts()) == ()
    with pytest.raises(ConfigError, match="allow_changed 'dept': did you mean 'debt'"):
        check_allowed(["dept"], ["debt", "plan"])


def test_a_frame_is_checked_by_its_readable_rows(predictor, named):
    assert check_frame(predictor, named) == ()
    lost = named.assign(age=np.nan)
    with pytest.raises(DataError, match="column 'age' is missing in 950 of 950 rows"):
        check_frame(predictor, lost)
    assert len(check_frame(predictor, lost, ["age"])) == 1
    spoiled = lost.assign(debt=lost["debt"].astype(object))
    spoiled.loc[3, "debt"] = "much"
    with pytest.raises(DataError, match="column 'age' is missing in 949 of 949 rows"):
        check_frame(predictor, spoiled)
    assert check_frame(predictor, lost.head(19)) == ()
    assert check_frame(predictor, pd.concat([named, lost.head(50)])) == ()


COLUMNS = {"months": (1, 72), "price": (18, 118), "minutes": (0, 600), "joined": (18_000, 20_000)}


def drawn(seed, rows=400, **shift):
    generator = np.random.default_rng(seed)
    columns = [generator.uniform(*bounds, rows) + shift.get(n, 0) for n, bounds in COLUMNS.items()]
    no_codes = np.zeros((rows, 0), np.int32)
    return Table(np.column_stack(columns), no_codes, tuple(COLUMNS), (), ())


def changed_in(numbers):
    reference = learn_reference(drawn(0, 3000), np.linspace(0, 1, 50))
    table = replace(drawn(1), numbers=numbers)
    return {
        c.column: c.sentence
        for c in changed_columns(oddities(table, Unusual(), reference, ["joined"]))
    }


@pytest.mark.parametrize("factor", [60, 1 / 60, 24, 365.25, -1, 40])
def test_numbers_in_another_unit_or_of_another_sign_stop_whatever_the_factor(factor):
    numbers = drawn(1).numbers
    numbers[:, 2] *= factor
    assert list(changed_in(numbers)) == ["minutes"]


def test_columns_that_changed_places_are_named_with_the_other():
    numbers = drawn(1).numbers
    swapped = changed_in(numbers[:, [1, 0, 2, 3]])
    assert list(swapped) == ["months", "price"]
    assert "as column 'price' had them in training in 400 of 400 rows" in swapped["months"]
    assert list(changed_in(numbers[:, [1, 2, 0, 3]])) == ["months", "price", "minutes"]


def test_what_grows_with_time_is_no_change_and_the_rest_is():
    assert changed_in(drawn(1, months=70, joined=3000).numbers) == {}  # customers of one year
    far = changed_in(drawn(1, price=-101).numbers)
    assert "'price' holds values far outside the range of training in" in far["price"]
    assert list(changed_in(drawn(1, joined=-19_000).numbers)) == ["joined"]  # 1970
    assert list(changed_in(drawn(1, months=300).numbers)) == ["months"]


@pytest.mark.parametrize(("before", "stops"), [(0.2, True), (0.45, True), (0.7, False)])
def test_zeros_in_place_of_values_stop_where_they_were_rare(before, stops):
    generator = np.random.default_rng(2)

    def usage(rows, zeros):
        values = np.where(generator.random(rows) < zeros, 0.0, generator.uniform(1, 9, rows))
        return Table(values[:, None], np.zeros((rows, 0), np.int32), ("usage",), (), ())

    reference = learn_reference(usage(3000, before), np.linspace(0, 1, 50))
    halves = [oddities(usage(200, 1.0), Unusual(), reference) for _ in range(2)]
    found = changed_columns(halves[0] + halves[1])
    assert [change.column for change in found] == ["usage"] * stops
    assert not stops or "'usage' is 0 in 400 of the 400 rows with a value" in found[0].sentence
    assert bool(halves[0].lines_on_numbers()) is stops
    assert not changed_columns(oddities(usage(400, 0.9), Unusual(), reference))
    assert not changed_columns(oddities(usage(19, 1.0), Unusual(), reference))
    dated = oddities(usage(400, 1.0), Unusual(), reference, ["usage"])
    assert not dated.zeros


@pytest.mark.parametrize(("bare", "found"), [(0, 0), (1, 0), (2, 1), (40, 1)])
def test_codes_that_lost_their_zeros_are_told_however_few_they_are(bare, found):
    schema = Schema((Column("zip", "category", ("01067", "01099", "80331")),))
    codes = pd.Series([1067.0] * bare + [80331.0] * (100 - bare))  # as pandas reads such a column
    table, unusual = read(schema, pd.DataFrame({"zip": codes}))
    assert unusual.lost_zeros == ({"zip": bare} if bare else {})
    counts = oddities(table, unusual, None) + Oddities()
    changed = changed_columns(counts)
    assert len(changed) == found
    assert all("codes without the zeros before them" in c.sentence for c in changed)
    assert bool(counts.lines_on_numbers()) == bool(bare)
    assert Oddities(**counts.__dict__) == counts


def test_accents_of_one_character_and_of_two_are_the_same_level():
    schema = Schema((Column("tariff", "category", ("Gas", "\u00d6ko")),))
    table, unusual = read(schema, pd.DataFrame({"tariff": ["O\u0308ko", "\u00d6ko", "Ol"]}))
    assert table.codes.ravel().tolist() == [1, 1, -1]
    assert unusual.unknown_levels == {"tariff": 1}
    assert not unusual.lost_zeros
