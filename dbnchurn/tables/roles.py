"""Which columns of a table look like the id, the label and the date of the snapshot."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GIVEN = "it was named as such"
DAYS_BETWEEN = 100  # at most, on average, between the dates of snapshots
FEW_DATES = 60  # distinct dates of snapshots: five years of months
MIN_COVERAGE = 0.95  # of the rows, for an id beyond its name
WHOLE_ID = 0.5  # distinct values per row, for an id beyond its name

_KEY_WORDS = """
id key customer client kunde kunden account konto subscriber abonnent abonne cliente cuenta compte
klient msisdn imsi iccid uuid guid user member mitglied contract vertrag contrato contrat party
"""
_NUMBER_WORDS = "id key no nr num number nummer numero number code ref ident identifier uuid guid"
KEY_WORDS = frozenset(_KEY_WORDS.split())
NUMBER_WORDS = frozenset(_NUMBER_WORDS.split())
ALONE = KEY_WORDS - {"contract", "vertrag", "contrato", "contrat", "party"}
"""Words that name an id without another word."""

_LABEL_WORDS = """
churn churned churner churnflag ischurn left leaver exited attrition attrited cancelled canceled
gekuendigt kuendigung gekundigt kundigung abgewandert terminated baja resilie label target outcome
"""
LABEL_WORDS = frozenset(_LABEL_WORDS.split())
_SNAPSHOT_WORDS = """
snapshot month monat mois mes mese period periode periodo stichtag asof date datum fecha
reporting report cutoff quarter quartal
"""
SNAPSHOT_WORDS = frozenset(_SNAPSHOT_WORDS.split())
_OPENING_WORDS = """
opening opened open eroffnung eroeffnung eroffnungsdatum eroeffnungsdatum activation activated
aktivierung birth geburt geburtstag geburtsdatum birthdate birthday dob naissance nacimiento
start started since seit beginn begin joined join signup registered registration created
creation angelegt vertragsbeginn install installed first last letzte renewal end ende
expiry due paid
"""
OPENING_WORDS = frozenset(_OPENING_WORDS.split())
OPENING_STARTS = (
    "eroffn", "eroeffn", "aktivier", "activat", "geburt", "birth", "vertragsbeg", "vertragsstart",
    "abschluss",
)  # fmt: skip
DAY_WORDS = frozenset({"day", "tag", "time", "timestamp", "at", "jour", "dia", "giorno"})
SNAPSHOT_STARTS = ("snapshot", "stichtag", "period", "reporting", "asof")
WORD = r"[a-z]+|\d+"


@dataclass(frozen=True)
class ColumnFacts:
    """What is known of a column when its role is guessed.

    Parameters
    ----------
    name : str
    kind : str
        ``number``, ``date``, ``flag``, ``category``, ``text`` or ``ignore``.
    rows : int
    missing : int
        Rows without a value.
    distinct : int
        Distinct values, or an estimate.
    repeated : bool
        Whether some value stands in several rows.
    whole : bool, default True
        Whether all values are whole numbers or text.
    words : sequence of str, default ()
        Distinct values, where they are few.
    span_days : float, default 0.0
        Days from the first date to the last.
    """

    name: str
    kind: str
    rows: int
    missing: int
    distinct: int
    repeated: bool
    whole: bool = True
    words: Sequence[str] = ()
    span_days: float = 0.0

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return not self.repeated and self.missing == 0 and self.rows > 0


@dataclass(frozen=True)
class Roles:
    """Columns that look like the id, the label and the date of the snapshot.

    Parameters
    ----------
    id, label, date : str, optional
    why : dict of role → str
        What a guess is based on, or why there is none.
    """

    id: str | None
    label: str | None
    date: str | None
    why: dict[str, str]

    def with_given(self, named: Mapping[str, str]) -> Roles:
        """The roles, of which some are not guessed but given: role → column."""
        return Roles(
            named.get("id", self.id),
            named.get("label", self.label),
            named.get("date", self.date),
            {**self.why, **dict.fromkeys(named, GIVEN)},
        )


def words_of(name: str) -> list[str]:
    """The words of a column's name, in small letters of ASCII.

    Examples
    --------
    >>> words_of("CustomerID"), words_of("numéro client"), words_of("KundenNr")
    (['customer', 'id'], ['numero', 'client'], ['kunden', 'nr'])
    """
    name = name.replace("ß", "ss")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return re.findall(WORD, apart.lower())


def is_key_name(name: str) -> bool:
    """Whether a column is named like the id of a customer.

    Examples
    --------
    >>> [is_key_name(n) for n in ("customerid", "Kundennummer", "msisdn", "user_id", "idle")]
    [True, True, True, True, False]
    """
    return _key_rank(name) > 1


def _key_rank(name: str) -> int:
    """How much a name is like that of an id: 3 a customer's id, 2 an id, 1 perhaps; 0 not."""
    words = words_of(name)
    if not words:
        return 0
    if "".join(words) in ("id", "key", "uuid", "guid"):
        return 2
    joined = "".join(words)
    split = next(
        (
            (head, tail)
            for tail in sorted(NUMBER_WORDS, key=len, reverse=True)
            if joined.endswith(tail)
            and (head := joined.removesuffix(tail).removesuffix("s")) in KEY_WORDS
        ),
        None,
    )
    reverse = any(joined == f"{tail}{head}" for tail in NUMBER_WORDS for head in KEY_WORDS)
    reverse |= any(joined == f"{t}{m}{h}" for t in NUMBER_WORDS for m in ("de", "du", "del", "of")
                   for h in KEY_WORDS)  # fmt: skip
    if split or reverse:
        return 3
    if len(words) == 1 and words[0] in ALONE:
        return 2
    if words[-1] in ("id", "key", "no", "nr", "uuid", "guid", "msisdn"):
        return 1 if set(words) & {"no"} else 2
    return 1 if {"number", "nummer", "numero", "num"} & {words[-1], words[0]} else 0


def find_key(columns: Sequence[ColumnFacts]) -> tuple[str | None, str]:
    """The column that names the customers, and why.

    Parameters
    ----------
    columns : sequence of ColumnFacts

    Returns
    -------
    column : str or None
    why : str

    Examples
    --------
    >>> debt = ColumnFacts("debt", "number", 9, 0, 9, False, whole=False)
    >>> code = ColumnFacts("code", "number", 9, 0, 9, False)
    >>> find_key([debt, code])
    ('code', 'no two of its 9 values are the same')
    """
    able = [c for c in columns if c.whole and c.kind not in ("date", "flag") and c.distinct > 1]
    named = [c for c in able if _key_rank(c.name) > (0 if c.is_unique else 1)]
    if named:
        best = max(
            enumerate(named),
            key=lambda at: (_key_rank(at[1].name), at[1].is_unique, at[1].distinct, -at[0]),
        )[1]
        return best.name, "it is named like an id"
    unique = [c for c in able if c.is_unique]
    if unique:
        first = unique[0]
        return first.name, f"no two of its {first.rows} values are the same"
    able = [
        c
        for c in able
        if c.missing <= (1 - MIN_COVERAGE) * c.rows and c.distinct >= WHOLE_ID * c.rows
    ]
    if able:
        most = max(able, key=lambda c: c.distinct)
        return most.name, f"it has the most distinct values, {most.distinct} in {most.rows} rows"
    return None, "no column is named like an id, and none has a value of its own for every row"


def find_label(columns: Sequence[ColumnFacts]) -> tuple[str | None, str]:
    """The column that says who left, and why.

    Parameters
    ----------
    columns : sequence of ColumnFacts

    Returns
    -------
    column : str or None
    why : str
    """
    two = [c for c in columns if c.distinct == 2 and c.kind != "date"]
    named = [c for c in two if set(words_of(c.name)) & LABEL_WORDS or _joined(c) & LABEL_WORDS]
    if named:
        return named[0].name, "it is named like an outcome and has two values"
    return None, "no column with two values is named like an outcome"


def _joined(column: ColumnFacts) -> set[str]:
    return {"".join(words_of(column.name))}


def find_date(columns: Sequence[ColumnFacts], key: str | None) -> tuple[str | None, str]:
    """The column with the date of the snapshot, and why.

    It has few dates, or tells the rows of a customer apart, or is named like one; the opening day
    of an account, of which every customer has an own one, is none. A column that is named like one
    has to have more dates than there are customers.

    Parameters
    ----------
    columns : sequence of ColumnFacts
    key : str, optional
        Column that names the customers.

    Returns
    -------
    column : str or None
    why : str

    Examples
    --------
    >>> key = ColumnFacts("id", "number", 900, 0, 300, True)
    >>> month = ColumnFacts("month", "date", 900, 0, 3, True)
    >>> opened = ColumnFacts("activation date", "date", 900, 0, 280, True)
    >>> find_date([key, opened, month], "id")
    ('month', 'it is named like a snapshot and has 3 different dates')
    """
    dates = [c for c in columns if c.kind == "date" and c.distinct]
    if not dates:
        return None, "no column holds dates"
    able = [c for c in dates if not _is_opening(c.name)]
    keys = [c.distinct for c in columns if c.name == key and c.repeated]
    if keys and not able:  # more dates than customers cannot be an opening day of each
        able = [c for c in dates if c.distinct > keys[0]]
    named = [c for c in able if _is_snapshot(c.name)]
    few = [c for c in able if c.distinct <= FEW_DATES and c.distinct <= c.rows / 2]
    if exact := [c for c in named if "".join(words_of(c.name)) in SNAPSHOT_WORDS]:
        return exact[0].name, f"it is named like a snapshot and has {_dates(exact[0])}"
    if both := [c for c in few if c in named]:
        return both[0].name, f"it is named like a snapshot and has {_dates(both[0])}"
    if any(c.name == key and c.repeated for c in columns) and able:
        best = (named or able)[0]
        return best.name, f"customers have several rows, and it has {_dates(best)}"
    if exact := [c for c in able if "".join(words_of(c.name)) in DAY_WORDS]:
        return exact[0].name, "it is named like the day of what a row says"
    if compact := [c for c in few if c.span_days <= DAYS_BETWEEN * c.distinct]:
        best = min(compact, key=lambda c: c.distinct)
        return best.name, f"it has {_dates(best)} only"
    names = ", ".join(repr(c.name) for c in dates)
    return None, (
        f"{names} {'holds' if len(dates) == 1 else 'hold'} dates of each customer, such as an "
        "opening day, rather than of snapshots"
    )


def _dates(column: ColumnFacts) -> str:
    return f"{column.distinct} different date{'s' * (column.distinct > 1)}"


def _is_opening(name: str) -> bool:
    words = words_of(name)
    return bool({*words, "".join(words)} & OPENING_WORDS) or any(
        word.startswith(OPENING_STARTS) for word in words
    )


def _is_snapshot(name: str) -> bool:
    words = words_of(name)
    joined = "".join(words)
    return bool({*words, joined} & SNAPSHOT_WORDS) or joined.startswith(SNAPSHOT_STARTS)


def find_roles(columns: Sequence[ColumnFacts]) -> Roles:
    """Guess id, label and date of the snapshot.

    Parameters
    ----------
    columns : sequence of ColumnFacts

    Returns
    -------
    Roles
    """
    label, why_label = find_label(columns)
    others = [c for c in columns if c.name != label]
    key, why_key = find_key(others)
    date, why_date = find_date(others, key)
    return Roles(key, label, date, {"id": why_key, "label": why_label, "date": why_date})
