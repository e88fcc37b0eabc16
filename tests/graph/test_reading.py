"""A table of calls as a graph: counted right, or refused with one sentence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.graph import read_calls, read_graph_config
from dbnchurn.graph.call_table import SCALE
from tests.graph.conftest import HUB, make_calls


def pairs_of(frame, column=None):
    frame = frame[(frame["from"] != frame["to"]) & (frame["to"] != HUB)]
    grouped = frame.groupby(["from", "to"])
    return (grouped.size() if column is None else grouped[column].sum()).to_dict()


def found_pairs(calls):
    ties, ids = calls.graph.ties.tocoo(), calls.graph.ids
    return dict(zip(zip(ids[ties.row], ids[ties.col], strict=True), ties.data, strict=True))


def test_ties_are_the_sums_of_the_calls_and_the_hub_is_cut_and_listed(call_rows, config):
    calls = read_calls(config(call_rows))
    assert found_pairs(calls) == pairs_of(call_rows)
    assert [hub.id for hub in calls.hubs] == [str(HUB)]
    assert calls.hubs[0].reciprocity == 0
    assert HUB not in calls.graph.ids
    assert any("call themselves" in note for note in calls.notes)


@pytest.mark.parametrize(
    "rename", [lambda i: i - 400, lambda i: i * 10**13 - 10**12, lambda i: "p" + i.astype(str)]
)
def test_ids_close_together_far_apart_and_texts_give_the_same_graph(call_rows, config, rename):
    frame = call_rows.assign(**{name: rename(call_rows[name]) for name in ("from", "to")})
    calls, plain = read_calls(config(frame)), read_calls(config(call_rows))
    assert found_pairs(calls) == {
        tuple(rename(pd.Series(pair))): n for pair, n in found_pairs(plain).items()
    }
    assert (np.sort(calls.graph.ids) == calls.graph.ids).all()
    for half, of_plain in ((calls.early, plain.early), (calls.late, plain.late)):
        assert half.ties.sum() == of_plain.ties.sum() > 0
        assert len(half) == len(calls.graph)


@pytest.mark.parametrize(
    ("first", "kind"), [(0, np.int8), (-(2**63), np.int64), (2**63 - 5, np.int64)]
)
def test_ids_at_the_ends_of_a_type_keep_all_their_digits(config, first, kind):
    frame = make_calls().iloc[:3].assign(
        **{"from": np.array([first, first + 1, first + 3], kind),
           "to": np.array([first + 1, first, first + 4], kind)}
    )  # fmt: skip
    assert read_calls(config(frame)).graph.ids.tolist() == [first, first + 1, first + 3, first + 4]


def test_minutes_and_counts_are_weights(call_rows, config):
    by_minutes = found_pairs(read_calls(config(call_rows, weight="minutes")))
    expected = pairs_of(call_rows[call_rows["minutes"] > 0], "minutes")
    assert by_minutes.keys() == expected.keys()
    for pair, minutes in by_minutes.items():
        assert minutes == pytest.approx(expected[pair], abs=30 / SCALE)
    frame = call_rows.assign(n=np.arange(len(call_rows)) % 3)
    by_count = found_pairs(read_calls(config(frame, count="n")))
    expected = {pair: n for pair, n in pairs_of(frame, "n").items() if n}
    assert by_count == expected


def test_durations_in_days_make_ties_as_those_in_minutes_do(call_rows, config):
    """A call of a second is 0.00001 days, which is no tie without weight."""
    in_minutes = found_pairs(read_calls(config(call_rows, weight="minutes")))
    days = call_rows.assign(minutes=call_rows["minutes"] / 1440)
    in_days = found_pairs(read_calls(config(days, weight="minutes")))
    assert in_days.keys() == in_minutes.keys()
    assert min(in_days.values()) > 0
    for pair, weight in in_days.items():
        assert 1440 * weight == pytest.approx(in_minutes[pair], rel=0.05)
    tiny = read_calls(config(call_rows.assign(minutes=call_rows["day"].dt.month - 5 + 1e-9),
                             weight="minutes"))  # fmt: skip
    assert min(found_pairs(tiny).values()) > 0
    assert any("with 0 or nothing in 'minutes': left out" in note for note in tiny.notes)


def test_the_order_of_rows_does_not_matter(call_rows, config):
    one = read_calls(config(call_rows, weight="minutes"))
    other = read_calls(config(call_rows.sample(frac=1, random_state=1), weight="minutes"))
    assert found_pairs(one) == found_pairs(other)
    np.testing.assert_array_equal(one.early.ties.toarray(), other.early.ties.toarray())


def test_the_halves_add_up_to_the_whole(call_rows, config):
    calls = read_calls(config(call_rows))
    halves = calls.early.ties + calls.late.ties
    np.testing.assert_allclose(halves.toarray(), calls.graph.ties.toarray())


@pytest.mark.parametrize("seed", range(3))
def test_calls_outside_of_the_window_change_nothing_but_a_count(call_rows, config, seed):
    window = {"start": "2026-05-10", "until": "2026-06-10"}
    alone = call_rows[call_rows["day"].between("2026-05-10", "2026-06-09")]
    other = make_calls(seed + 10, 300, 500)
    outside = other[~other["day"].between("2026-05-10", "2026-06-09")]
    mixed = read_calls(config(pd.concat([alone, outside]), **window))
    assert found_pairs(mixed) == found_pairs(read_calls(config(alone)))
    assert any(f"{len(outside)} of" in n and "outside of start" in n for n in mixed.notes)


def test_a_file_of_text_gives_the_same_graph(call_rows, config):
    from_text = read_calls(config(call_rows, "csv"))
    assert found_pairs(from_text) == found_pairs(read_calls(config(call_rows)))
    ended = call_rows["day"].astype(str).mask(call_rows.index == 7, "still open")
    beside = read_calls(config(call_rows.assign(ended=ended), "csv"))  # which nothing asks for
    assert found_pairs(beside) == found_pairs(from_text)


def test_ids_of_text_and_numbers_are_compared_as_text(call_rows, config):
    frame = call_rows.assign(to=call_rows["to"].astype(str))
    frame.loc[0, "to"] = "withheld"
    found = read_calls(config(frame))
    assert "withheld" in found.graph.ids
    assert found.graph.ids.dtype == object
    assert len(found.graph) == len(read_calls(config(call_rows)).graph) + 1


def test_ids_without_a_sign_are_whole_numbers_too(call_rows, config):
    frame = call_rows.astype({"from": "uint64", "to": "uint32"})
    assert found_pairs(read_calls(config(frame))) == pairs_of(call_rows)
    frame.loc[0, "from"] = 2**64 - 1
    with pytest.raises(DataError, match=r"cannot be read: .* out of range"):
        read_calls(config(frame))


def test_only_customers_are_kept_apart(call_rows, config, tmp_path):
    pd.DataFrame({"id": [*range(0, 300, 2), 9_999]}).to_csv(tmp_path / "own.csv", index=False)
    own = {"path": str(tmp_path / "own.csv"), "id": "id"}
    calls = read_calls(config(call_rows, customers=own))
    np.testing.assert_array_equal(calls.customers, calls.graph.ids % 2 == 0)
    assert any("150 of 151 customers call or are called" in note for note in calls.notes)


def test_customers_of_a_table_of_months_are_those_of_the_newest_before_until(
    call_rows, config, tmp_path
):
    path = tmp_path / "own.parquet"
    rows = [(i, "2024-01-01") for i in range(300)] + [(i, "2024-02-01") for i in range(0, 300, 2)]
    months = pd.DataFrame([*rows, (1, "2124-01-01")], columns=["id", "month"])
    months.assign(month=pd.to_datetime(months["month"])).to_parquet(path)
    own = {"path": str(path), "id": "id"}
    everybody = read_calls(config(call_rows, customers=own))
    assert any("those who left are among them" in note for note in everybody.notes)
    until = "2124-01-01"
    calls = read_calls(config(call_rows, customers={**own, "date": "month"}, until=until))
    np.testing.assert_array_equal(calls.customers, calls.graph.ids % 2 == 0)
    assert any("customers are those of 2024-02-01" in note for note in calls.notes)
    newest = read_calls(config(call_rows, customers={**own, "date": "month"}))
    np.testing.assert_array_equal(newest.customers, newest.graph.ids == 1)
    months.assign(month="spring").to_parquet(path)
    with pytest.raises(DataError, match="'month' holds no day in 451 rows"):
        read_calls(config(call_rows, customers={**own, "date": "month"}))


def test_hubs_can_be_named_or_kept(call_rows, config):
    kept = read_calls(config(call_rows, hubs={"never": [HUB]}))
    assert not kept.hubs
    also = read_calls(config(call_rows, hubs={"also": [3, "4"]}))
    assert {hub.id for hub in also.hubs} == {"3", "4", str(HUB)}
    with pytest.raises(DataError, match=r"no call has such an id"):
        read_calls(config(call_rows, hubs={"also": ["nobody"]}))


def test_without_ties_both_ways_no_hub_is_guessed(call_rows, config):
    one_way = call_rows[call_rows["from"] < call_rows["to"]]
    calls = read_calls(config(one_way))
    assert not calls.hubs
    assert any("hardly any tie goes both ways" in note for note in calls.notes)


REFUSED = {
    "holds durations below 0": lambda f: f.assign(minutes=f["minutes"].where(f.index > 3, -1.0)),
    "holds no date": lambda f: f.assign(day=f["day"].where(f.index > 3)),
    "holds no finite number": lambda f: f.assign(minutes=f["minutes"].where(f.index > 3, np.inf)),
    "no calls between two people": lambda f: f.assign(to=f["from"]),
    "no column 'to'": lambda f: f.rename(columns={"to": "too"}),
    "ids are text or whole numbers": lambda f: f.assign(to=f["to"] + 0.5),
    "numbers say no day": lambda f: f.assign(day=range(len(f))),
    "has to hold numbers": lambda f: f.assign(minutes="three"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_cannot_be_read_is_refused(call_rows, config, sentence):
    with pytest.raises(DataError, match=sentence):
        read_calls(config(REFUSED[sentence](call_rows)))


def test_files_with_unreadable_pages_are_refused(call_rows, config):
    settings = config(call_rows)
    path = Path(settings.calls.path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * 2_000 + whole[2_004:])
    with pytest.raises(DataError, match="cannot be read"):
        read_calls(settings)


def test_counts_that_are_none_are_refused(call_rows, config):
    with pytest.raises(DataError, match=r"holds no count.*\(6000 rows\)"):
        read_calls(config(call_rows.assign(n=0.5), count="n"))


def test_weights_that_are_too_large_are_refused(call_rows, config):
    frame = call_rows.assign(minutes=call_rows["minutes"].where(call_rows.index > 3, 1e15))
    with pytest.raises(DataError, match=r"'minutes' holds values of 8.8e\+12 and more.*\(4 rows\)"):
        read_calls(config(frame, weight="minutes"))
    assert found_pairs(read_calls(config(frame))) == pairs_of(call_rows)
    with pytest.raises(DataError, match=r"'n' holds values of .*\(6000 rows\)"):
        read_calls(config(call_rows.assign(n=10**14), count="n"))
    with pytest.raises(
        DataError, match=r"weights of all calls add up to .*e\+12, and more than 4.4e\+12"
    ):
        read_calls(config(call_rows.assign(n=10**9), count="n"))


def test_calls_that_nobody_took_can_be_left_out(call_rows, config):
    missed = call_rows.index % 10 == 0
    frame = call_rows.assign(minutes=call_rows["minutes"].mask(missed, -1.0))
    calls = read_calls(config(frame, negative_minutes="leave_out"))
    assert found_pairs(calls) == pairs_of(call_rows[~missed])
    assert any("below 0: left out" in note for note in calls.notes)


def test_customers_who_never_call_are_refused(call_rows, config, tmp_path):
    pd.DataFrame({"id": [9_998, 9_999]}).to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(DataError, match=r"none of its 2 customers calls"):
        read_calls(config(call_rows, customers={"path": str(tmp_path / "own.csv"), "id": "id"}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("weight=minutes", "needs 'minutes'"),
        ("until=2026-01-01", "need 'date'"),
        ("caller=to", "different columns"),
        ("hubs.also=[1]", "is in 'also' and in 'never'"),
    ],
)
def test_configs_that_contradict_themselves_are_refused(tmp_path, change, sentence):
    file = tmp_path / "graph.yaml"
    file.write_text("{calls: {path: a.csv}, caller: from, callee: to, hubs: {never: [1]}}")
    with pytest.raises(ConfigError, match=sentence):
        read_graph_config(file, [change])
