"""The table of customers and months: counted right, or refused with one sentence."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.plan import TableSource
from dbnchurn.forecast import read_history
from dbnchurn.forecast.history import STAYS, tenure_codes
from dbnchurn.forecast.history_table import TOTAL


def counted(frame, chosen):
    return frame[chosen].groupby(["month", "segment"]).size().unstack(fill_value=0).to_numpy()


def test_customers_leavers_joiners_and_revenue_are_those_of_the_table(customer_months, config):
    history = read_history(config(customer_months))
    assert history.segments == ("dsl", "fibre")
    everybody = np.ones(len(customer_months), bool)
    np.testing.assert_array_equal(history.customers, counted(customer_months, everybody))
    np.testing.assert_array_equal(history.leavers, counted(customer_months, everybody & (customer_months["left"] == 1)))  # noqa: E501  # fmt: skip
    first = customer_months.groupby("id")["month"].transform("min")
    new = (customer_months["month"] == first) & (first > first.min())
    np.testing.assert_array_equal(history.joiners[1:], counted(customer_months, new))
    np.testing.assert_allclose(history.earned, history.customers * [20.0, 30.0])
    # Who is there at the end, joins and has not left, is there in the next month.
    ends = history.customers - history.leavers
    np.testing.assert_array_equal(ends[:-1] + history.joiners[1:], history.customers[1:])


def test_the_order_of_rows_does_not_matter(customer_months, config):
    one = read_history(config(customer_months, columns=["bill"], changes=["bill"]))
    shuffled = customer_months.sample(frac=1, random_state=3)
    other = read_history(config(shuffled, columns=["bill"], changes=["bill"]))
    for name in ("segment", "ahead", "codes", "age", "customer", "ids"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_absence_gives_the_same_leavers_but_for_the_last_month(customer_months, config):
    known = read_history(config(customer_months))
    absence = {"left": None, "absence_is_leaving": True}
    found = read_history(config(customer_months, **absence))
    np.testing.assert_array_equal(found.leavers, known.leavers[:-1])
    np.testing.assert_array_equal(found.customer, known.customer[: len(found.customer)])
    assert any("no row in the next month" in note for note in found.notes)


def test_a_history_up_to_a_month_holds_nothing_of_later_ones(customer_months, config):
    early = customer_months[customer_months["month"] < "2025-01-01"]
    cut = read_history(config(customer_months)).until(11)
    alone = read_history(config(early))
    for name in ("segment", "ahead", "age", "codes", "months"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(alone, name))
    assert (cut.ahead[cut.staying(11)] == STAYS).all()


def without_a_month(frame):
    return frame[frame["month"] != "2024-09-01"]


def twice(frame):
    return pd.concat([frame, frame.iloc[[5]]])


def negative(frame):
    return frame.assign(bill=frame["bill"].where(frame.index != 7, -3.0))


def returning(frame):
    gone = frame[frame["left"] == 1].iloc[[0]]
    return pd.concat([frame, gone.assign(month=pd.Timestamp("2025-10-01"), left=0)])


def unfinished(frame):
    last = frame["month"] == frame["month"].max()
    return frame[~(last & (np.arange(len(frame)) % 3 > 0))]


def few_leavers(frame):
    frame = make_long(frame)
    return frame.assign(left=frame["left"].where(frame["month"] < frame["month"].max(), 0))


def make_long(frame):
    copies = [frame.assign(id=frame["id"] + f"-{k}") for k in range(12)]
    return pd.concat(copies)


def appearing(frame):
    late = frame["month"] >= "2025-06-01"
    return frame.assign(segment=frame["segment"].where(~late | (np.arange(len(frame)) % 9 > 0), "5g"))  # noqa: E501  # fmt: skip


def vanishing(frame):
    early = frame["month"] < "2024-10-01"
    return frame.assign(segment=frame["segment"].where(~early | (np.arange(len(frame)) % 9 > 0), "isdn"))  # noqa: E501  # fmt: skip


def ending(frame):
    return frame[~((frame["id"] == "c00003") & (frame["month"] > "2024-03-01"))].assign(
        left=lambda f: f["left"].where(f["id"] != "c00003", 0)
    )


def last_month(frame, factor):
    last = frame["month"] == frame["month"].max()
    return frame.assign(bill=frame["bill"].where(~last, frame["bill"] * factor))


REFUSED = {
    "cents": (lambda f: last_month(f, 100), r"pays 2,\d+ on average in 2025-10 .*another unit"),
    "unpaid": (lambda f: last_month(f, 0), r"nobody pays anything in 2025-10; mend 'bill'"),
    "missing month": (without_a_month, r"no rows of the months 2024-09 between others"),
    "twice": (twice, r"1 customers have several rows in a month, such as c\d+ in 2024"),
    "negative": (negative, r"'bill' holds negative amounts.*negative_revenue: credit"),
    "returning": (returning, r"1 customers come back.*another id"),
    "unfinished": (unfinished, r"seems unfinished; say until: 2025-09-01"),
    "few leavers": (few_leavers, r"0 customers left where \d+ were usual.*until: 2025-10-01 if"),
    "appearing": (appearing, r"segment '5g' appears in 2025-06.*'pool'"),
    "vanishing": (vanishing, r"segment 'isdn' vanishes in 2024-10.*'pool'"),
    "ending": (ending, r"1 customers end without having left, such as c00003"),
    "short": (lambda f: f[f["month"] < "2024-05-01"], r"4 months with known leavers; .* needs 7"),
    "no left": (lambda f: f.assign(left=2), r"'left' is neither 0 nor 1.*left_values"),
    "nobody": (lambda f: f.assign(left=0).drop_duplicates("id"), r"end without having left"),
    "no date": (lambda f: f.assign(month="soon"), r"'month' holds no date"),
    "no column": (lambda f: f.drop(columns="bill"), r"there is no column 'bill'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learned_from_is_refused(name, customer_months, config):
    spoil, sentence = REFUSED[name]
    before = customer_months.copy()
    with pytest.raises(DataError, match=sentence):
        read_history(config(spoil(customer_months)))
    pd.testing.assert_frame_equal(customer_months, before)


def renamed(old, new):
    return lambda frame: frame.assign(segment=frame["segment"].replace({old: new}))


SAID = {
    "values of another kind": (
        lambda f: f.assign(left=f["left"] == 1), {"left_values": ["gone"]},
        r"'left_values' 'gone' cannot be values of column 'left', which holds BOOLEAN",
    ),
    "numbers": (
        lambda f: f, {"left_values": ["gone"]},
        r"'left_values' 'gone' cannot be values of column 'left'",
    ),
    "pool": (lambda f: f, {"pool": ["dsll"]}, r"pool: there is no segment 'dsll'.*'dsl'"),
    "other": (renamed("fibre", "other"), {"pool": ["dsl"]}, r"there is a segment 'other'"),
    "total": (renamed("fibre", TOTAL), {}, r"a segment is called 'total'"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_a_config_that_does_not_fit_its_table_is_refused(name, customer_months, config):
    spoil, said, sentence = SAID[name]
    with pytest.raises(DataError, match=sentence):
        read_history(config(spoil(customer_months), **said))


def test_values_that_no_row_has_and_rows_before_their_date_are_said(customer_months, config):
    words = customer_months.assign(left=np.where(customer_months["left"], "gone", "there"))
    found = read_history(config(words, left_values=["gone", "moved"]))
    assert any("no row has 'moved' of 'left_values'" in note for note in found.notes)
    number = customer_months.assign(left=customer_months["left"].astype(float))
    found = read_history(config(number, left_values=["1", 7]))
    assert found.notes == ("no row has '7' of 'left_values' in column 'left'",)
    odd = customer_months["left"] & (customer_months.index % 2 == 1)
    words = words.assign(left=words["left"].mask(odd, "moved"))
    found = read_history(config(words, left_values=["gone", "moved", "Moved"]))
    assert found.notes == ("no row has 'Moved' of 'left_values' in column 'left'",)
    later = customer_months["month"] + pd.DateOffset(months=1)
    since = later.where(customer_months.index < 5, customer_months["month"])
    found = read_history(config(customer_months.assign(since=since), since="since"))
    assert any(note.startswith("5 rows lie before the date") for note in found.notes)


def test_what_was_refused_is_read_when_the_config_says_how(customer_months, config):
    pooled = read_history(config(appearing(customer_months), pool=["5g", "dsl"]))
    assert pooled.segments == ("fibre", "other")
    credits = read_history(config(negative(customer_months), negative_revenue="credit"))
    assert credits.earned.sum() < read_history(config(customer_months)).earned.sum()
    until = read_history(config(unfinished(customer_months), until="2025-09-30"))
    assert str(until.months[-1]) == "2025-09"
    words = customer_months.assign(left=np.where(customer_months["left"], "gone", "there"))
    named = read_history(config(words, left_values=["gone"]))
    assert named.leavers.sum() == customer_months["left"].sum()


def write_csv(frame, path, plain, **history):
    """`plain`, a config, with the table as CSV file in place of its own."""
    frame.to_csv(path, index=False)
    return plain.model_copy(update={"history": TableSource(path=str(path), **history)})


def test_words_among_numbers_and_dates_are_refused_where_they_are_needed(
    customer_months, config, tmp_path
):
    plain = config(customer_months)
    odd = np.arange(len(customer_months)) % 97 == 5
    bill = customer_months["bill"].astype(object).mask(odd, "free")
    spoilt = customer_months.assign(bill=bill, note=bill)
    with pytest.raises(DataError, match=r"column 'bill' holds no number in \d+ rows, .* row 5"):
        read_history(write_csv(spoilt, tmp_path / "spoilt.csv", plain))
    spare = customer_months.assign(note=bill)
    read = read_history(write_csv(spare, tmp_path / "spare.csv", plain))
    np.testing.assert_array_equal(read.earned, read_history(plain).earned)


def test_a_date_in_two_ways_is_asked_and_the_answer_can_be_given(customer_months, config, tmp_path):
    plain = config(customer_months)
    written = customer_months.assign(month=customer_months["month"].dt.strftime("%d/%m/%Y"))
    path = tmp_path / "written.csv"
    with pytest.raises(DataError, match=r"say history\.formats: \{month: '%d/%m/%Y'\} or"):
        read_history(write_csv(written, path, plain))
    read = read_history(write_csv(written, path, plain, formats={"month": "%d/%m/%Y"}))
    np.testing.assert_array_equal(read.customers, read_history(plain).customers)


def test_tenures_are_coded():
    assert tenure_codes([5, 6]).tolist() == [4, 5]
