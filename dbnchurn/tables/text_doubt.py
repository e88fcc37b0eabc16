"""Texts that stay text although they look like numbers, dates or spans of time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dbnchurn.core.errors import listed
from dbnchurn.tables.date_format import MONTHS

FEW_LEVELS = 20  # distinct texts that look like numbers and may be names all the same
NUMBER_INSIDE = r"[-+]?[0-9](?:[0-9.,' ]*[0-9])?"
PLAIN = r"[-+]?\d+(?:[.,]\d+)?"
LEAST_NUMBERS, MOST_WORDS = 3, 2  # distinct numbers, and words among them, that raise a doubt
MOST_AFFIXES = 3  # different words around numbers that are a unit, and no names
PROBED = 500  # words that are looked at
SPAN = (
    r"\d+(?:[.,]\d+)? ?"
    r"(?:y|yrs?|years?|jahre?|mo|mon|m|months?|monate?|w|weeks?|wochen?|d|days?|tage?|"
    r"h|hrs?|hours?|std|stunden?|mins?|minutes?|minuten?|s|secs?|seconds?|sek|"
    r"j|jours?|ans?|mois|semaines?|heures?|años?|mes|meses|días?|horas?|anni|mesi|giorni|ore)"
    r"\.?,? ?(?:and|und|et|y|e)? ?"
)
QUARTER = r"\d{4}[-/ ]?(?:Q|W|KW)\d{1,2}(?:-\d)?|(?:Q|W|KW) ?\d{1,2}[-/. ]?\d{2,4}"
_WEEKDAYS = """
monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado
domingo lunedì martedì mercoledì giovedì venerdì sabato domenica
"""
WEEKDAYS = frozenset(_WEEKDAYS.split())
DAY_AND_TIME = r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[T ,]+\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?"
WRITTEN_TIME = "|".join(
    (
        rf"{DAY_AND_TIME} ?\(?[a-z]{{2,5}}\)?",  # a time zone by its name
        r"/?Date\(-?\d+(?:[-+]\d{4})?\)/?",
        r"(?:19|20)\d\d-(?:[0-2]\d\d|3[0-6]\d)",  # day of the year
        r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d",
    )
)
_BETWEEN = "of de del den der le the st nd rd th at um t z am pm utc gmt cet cest"
BETWEEN = frozenset(_BETWEEN.split())
NO_DAY, COMPACT_DAY = "00000000", r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
FEWEST_DAYS = 3  # words, without which nothing is asked


def doubt_of(words: Sequence[str]) -> str:
    """Why words that stay text may be meant as numbers, dates or spans; empty if nothing says so.

    Examples
    --------
    >>> doubt_of(["12:30", "4:15"])[:50]
    "'12:30' may be hours and minutes or minutes and se"
    """
    if doubt := time_doubt(words):
        return doubt
    if doubt := _doubt_of_rest(words):
        return doubt
    if len(words) > FEW_LEVELS:
        affixes = {tuple(re.split(NUMBER_INSIDE, word, maxsplit=1)) for word in words[:PROBED]}
        if len(affixes) <= MOST_AFFIXES and all(
            len(affix) == 2 and not any(map(str.isalpha, affix[0])) for affix in affixes
        ):
            odd = next(
                (w for w in words if re.split(NUMBER_INSIDE, w, maxsplit=1) != ["", ""]), words[0]
            )
            return (
                f"its values, such as {odd!r}, hold numbers with a sign or unit that is not "
                "known: write the numbers alone, if they are to be numbers"
            )
    if all(re.fullmatch(r"\d{1,3}:[0-5]\d", word) for word in words):
        return (
            f"{words[0]!r} may be hours and minutes or minutes and seconds: write 00:12:30 if it "
            "is a span of time"
        )
    return ""


def _doubt_of_rest(words: Sequence[str]) -> str:
    """Why a word or two among numbers may stand for a missing value; empty if nothing says so."""
    rest = [word for word in words if not re.fullmatch(PLAIN, word)]
    if len(words) > FEW_LEVELS or not 1 <= len(rest) <= len(words) - LEAST_NUMBERS:
        return ""
    if len(rest) > MOST_WORDS or any(map(str.isdigit, "".join(rest))):
        return ""
    return (
        f"all values but {listed(rest)} are numbers: if {listed(rest)} stands for a missing value, "
        f"say missing: {rest}"
    )


def zeros_among_days(words: Sequence[str], column: str) -> str:
    """What is asked of zeros that stand for no day, as SAP writes them; empty without any.

    Parameters
    ----------
    words : sequence of str
        Distinct.
    column : str

    Returns
    -------
    str

    Examples
    --------
    >>> zeros_among_days(["20260831", "00000000", "20250101"], "since")
    "column 'since': '00000000' stands among days such as '20260831': say missing: ['00000000'] if \
it is no day, or kinds: {since: category} if these are codes"
    >>> zeros_among_days(["20260831", "00000001"], "since")
    ''
    """
    if NO_DAY not in words or len(words) < FEWEST_DAYS:
        return ""
    others = [word for word in words if word != NO_DAY]
    if not all(re.fullmatch(COMPACT_DAY, word) for word in others):
        return ""
    return (
        f"column {column!r}: {NO_DAY!r} stands among days such as {others[0]!r}: say missing: "
        f"[{NO_DAY!r}] if it is no day, or kinds: {{{column}: category}} if these are codes"
    )


def time_doubt(words: Sequence[str]) -> str:
    """Why words may be meant as dates, spans or shares; empty if nothing says so.

    Examples
    --------
    >>> time_doubt([f"{day:02d}092026" for day in range(1, 29)])[:53]
    "its values, such as '01092026', look like dates, span"
    """
    if len(words) <= FEW_LEVELS or not all(map(_looks_like_time, words[:PROBED])):
        return ""
    return (
        f"its values, such as {words[0]!r}, look like dates, spans or shares that are written "
        "in no known way: write dates as 2026-08-31, spans as 3 days 02:30:00 and shares as "
        "0.25, if they are to be such"
    )


def _looks_like_time(word: str) -> bool:
    """Whether a text is a date, a quarter, a span or a fraction that no format reads."""
    known = rf"(?:{SPAN})+|{QUARTER}|(?:\d+ )?\d+ ?/ ?\d+|{WRITTEN_TIME}"
    if re.fullmatch(known, word.strip(), re.IGNORECASE):
        return True
    names = [name.lower() for name in re.findall(r"[^\W\d_]+", word)]
    of_time = [name in MONTHS or name in WEEKDAYS for name in names]
    fits = (k or name in BETWEEN for k, name in zip(of_time, names, strict=True))
    return any(of_time) and all(fits) and any(map(str.isdigit, word))
