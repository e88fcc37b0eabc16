"""Which columns look like id, label and date of the snapshot."""

import pytest

from dbnchurn.tables.roles import (
    ColumnFacts,
    find_date,
    find_key,
    find_label,
    find_roles,
    is_key_name,
)

ROWS = 1000


def column(name, kind="number", distinct=ROWS, missing=0, **more):
    more.setdefault("repeated", distinct < ROWS - missing)
    return ColumnFacts(name, kind, ROWS, missing, distinct, **more)


@pytest.mark.parametrize(
    "name",
    ["CustomerID", "customerid", "CUSTOMER_ID", "Kundennummer", "KundenNr", "Kunden-Nr.", "msisdn",
     "client", "user_id", "numéro client", "Numéro de client", "account number", "id", "kd_nr"],
)  # fmt: skip
def test_ids_are_found_by_name(name):
    assert is_key_name(name)
    facts = [column("debt", whole=False), column("x"), column(name, distinct=400)]
    assert find_key(facts)[0] == name


@pytest.mark.parametrize(
    "name", ["idle", "paid", "valid", "plan", "num_calls", "contract", "month"]
)
def test_other_names_are_none_of_an_id(name):
    assert not is_key_name(name)


def test_beyond_names_uniqueness_and_coverage_decide():
    debt, gaps = column("debt", whole=False), column("gaps", missing=1, distinct=999)
    opened, code = column("opened", "date"), column("code", "category")
    assert find_key([debt, opened, gaps, code])[0] == "code"
    most = column("most", distinct=700, missing=10)
    assert find_key([debt, opened, column("few", distinct=50), most])[0] == "most"
    assert find_key([debt, opened, column("few", distinct=50)])[0] is None


def test_a_unique_id_is_preferred_to_one_of_the_same_name_that_repeats():
    assert find_key([column("user_id", distinct=50), column("client_id")])[0] == "client_id"


@pytest.mark.parametrize(
    "name", ["Eröffnungsdatum", "activation_date", "birth date", "contract start", "seit", "signup"]
)
def test_an_opening_day_is_no_date_of_the_snapshot(name):
    key = column("id")
    opened = column(name, "date", 800, span_days=7000)
    found, why = find_date([key, opened], "id")
    assert found is None
    assert f"{name!r} holds dates of each customer" in why


@pytest.mark.parametrize(
    ("name", "distinct"),
    [("snapshot_date", 6), ("Monat", 12), ("Stichtag", 3), ("as_of", 5), ("date", 700),
     ("reporting period", 8)],
)  # fmt: skip
def test_a_snapshot_is_found_by_name(name, distinct):
    opened = column("activation_date", "date", 30, span_days=100)
    assert find_date([column("id"), opened, column(name, "date", distinct)], "id")[0] == name


def test_a_day_of_payment_that_tells_the_rows_of_customers_apart_is_their_date():
    paid = column("paid_at", "date", 700, span_days=200)
    assert find_date([column("id", distinct=100), paid], "id")[0] == "paid_at"
    once = column("activation_date", "date", 80, span_days=7000)
    assert find_date([column("id", distinct=100), once], "id")[0] is None


def test_few_dates_or_repeated_customers_show_a_snapshot():
    few = column("valid", "date", 4, span_days=120)
    assert find_date([column("id"), few], "id")[0] == "valid"
    far = column("valid", "date", 40, span_days=9000)  # forty days, spread over years
    assert find_date([column("id"), far], "id")[0] is None
    many = column("valid", "date", 500, span_days=9000)
    assert find_date([column("id", distinct=100), many], "id")[0] == "valid"


def test_a_label_has_two_values_and_a_name():
    facts = [
        column("gekündigt", "category", 2),
        column("tv", "flag", 2),
        column("churn", distinct=90),
    ]
    assert find_label(facts)[0] == "gekündigt"
    assert find_label(facts[1:])[0] is None


def test_all_roles_say_why():
    roles = find_roles(
        [column("id"), column("churned", "category", 2), column("debt", whole=False)]
    )
    assert (roles.id, roles.label, roles.date) == ("id", "churned", None)
    assert roles.why == {
        "id": "it is named like an id",
        "label": "it is named like an outcome and has two values",
        "date": "no column holds dates",
    }
