"""A column of text: its distinct words, where they stand, and which stand for a missing value."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from unicodedata import decimal

import numpy as np

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Ints, Ints32

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pd = LazyModule("pandas")
    pa = LazyModule("pyarrow")
    pc = LazyModule("pyarrow.compute")

FORMULA_ERRORS = (
    "#NULL!", "#VALUE!", "#DIV/0!", "#REF!", "#NUM!", "#NAME?", "#SPILL!", "#CALC!", "#FIELD!",
    "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#GETTING_DATA", "#WERT!", "#BEZUG!",
    "#ZAHL!", "#ÜBERLAUF!", "#VALEUR!", "#NOMBRE!", "#NOM?", "#¡VALOR!", "#¡REF!", "#¡NUM!",
    "#¿NOMBRE?", "#¡DIV/0!", "#VALORE!", "#RIF!", "#NOME?", "#VALOR!", "#VERW!", "#NAAM?",
    "#GETAL!", "#WAARDE!", "#DEEL/0!", *(f"Err:{number}" for number in range(501, 541)),
)  # fmt: skip
"""What spreadsheets write in the place of a value that a formula could not find."""

MISSING = (
    "", "-", "--", "---", "?", "n/a", "N/A", "n.a.", "N.A.", "#N/A", "#N/A N/A", "#NA", "#NV",
    "#N/D", "#NB", "#N/B", *FORMULA_ERRORS, "-1.#IND", "1.#IND", "-1.#QNAN", "1.#QNAN", "<NA>",
    "NULL", "null", "Null", "NaN", "nan", "NAN", "-NaN", "-nan", "NaT", "\\N", "(null)", "(blank)",
)  # fmt: skip
"""Texts that stand for a missing value in every column, unless they are a known level of it."""

PLAIN_NUMBER = r"-?(0|[1-9]\d*)(\.\d+)?"  # 007 is a code
_YES = """
1 1.0 true t yes y ja j oui o si sí s sim da on wahr vrai vero verdadero tak да evet hai
"""
_NO = """
0 0.0 false f no n nein non não nao nej nee off falsch faux falso nie niet нет hayır
"""
YES, NO = frozenset(_YES.split()), frozenset(_NO.split())
"""Spellings of yes and no, in small letters."""

PERHAPS_MISSING = (
    "NA", "na", "Na", "None", "none", "NONE", "nil", "missing", "unknown", ".", "*", "k.A.",
    "k. A.", "keine Angabe", "unbekannt", "n.v.", "n. v.",
)  # fmt: skip
"""Texts that stand for a missing value among numbers and dates, and are levels of a category."""

UNSEEN = (
    "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
"""Pattern of characters that cannot be seen: control characters, zero-width blanks, marks."""

LOST = "\ufffd|\u00c3[\u00a0-\u00bf\u0178\u0153\u20ac\u2030\u0192]|\u00e2\u20ac"
"""Pattern of what remains of letters that were read in a wrong encoding, such as Ã¼ for ü."""


@dataclass(frozen=True, eq=False)
class TextColumn:
    """The distinct texts of a column and where they stand.

    Parameters
    ----------
    name : str
    words : Arrow array of str
        Distinct, without blanks around them and without texts that stand for a missing value.
    places : int32 array of shape (n,)
        Position of every row's text in `words`; -1 where it is missing.
    """

    name: str
    words: pa.Array
    places: Ints32

    @classmethod
    def of(
        cls, name: str, values: pa.Array | pa.ChunkedArray, missing: Collection[str]
    ) -> TextColumn:
        """The column of texts.

        Parameters
        ----------
        name : str
        values : Arrow array of n str
        missing : collection of str
            Texts that stand for a missing value.

        Returns
        -------
        TextColumn
        """
        coded = values.dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.unify_dictionaries().combine_chunks()
            if isinstance(coded, pa.ChunkedArray):  # no chunk at all
                coded = pa.array([], pa.string()).dictionary_encode()
        names = coded.dictionary.cast(pa.string())
        clean = pc.utf8_trim_whitespace(names)
        same: Any = slice(None)
        if not clean.equals(names):
            words = clean.dictionary_encode()
            names, same = words.dictionary, words.indices.to_numpy(zero_copy_only=False)
        gone = pc.is_in(names, pa.array(sorted({*missing, ""})))
        keep = pc.invert(gone).to_numpy(zero_copy_only=False)
        places = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        if isinstance(same, slice) and keep.all():
            return cls(name, names, places.astype(np.int32, copy=False))
        renumbered = np.where(keep, np.cumsum(keep) - 1, -1).astype(np.int32)
        by_word = np.append(renumbered[same], np.int32(-1))
        return cls(name, names.filter(pa.array(keep)), by_word[places].astype(np.int32))

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def texts(self) -> list[str]:
        """The words as a list."""
        words: list[str] = self.words.to_pylist()
        return words

    @cached_property
    def counts(self) -> Ints:
        """How many rows have each word."""
        return np.bincount(self.places[self.places >= 0], minlength=len(self.words))

    def without(self, missing: Collection[str]) -> TextColumn:
        """The column in which further texts count as missing."""
        gone = pc.is_in(self.words, pa.array(sorted(missing), pa.string()))
        if not pc.any(gone).as_py():
            return self
        keep = pc.invert(gone).to_numpy(zero_copy_only=False)
        renumbered = np.append(np.where(keep, np.cumsum(keep) - 1, -1), -1).astype(np.int32)
        return TextColumn(self.name, self.words.filter(pa.array(keep)), renumbered[self.places])

    def spread(self, of_words: Any, absent: object) -> Any:
        """Values of the words taken for every row.

        Parameters
        ----------
        of_words : array
            A value for every word.
        absent : object
            The value of a row without a word.

        Returns
        -------
        array of shape (n,)
        """
        array = np.asarray(of_words)
        return np.append(array, np.array([absent], array.dtype))[self.places]

    def as_text(self) -> pd.Series[Any]:
        """Every row's text, None where it is missing."""
        return pd.Series(self.spread(np.array(self.texts, object), None), dtype=object)


def ascii_digits(text: str) -> str:
    """The text with decimal digits of other scripts as those of ASCII.

    Examples
    --------
    >>> ascii_digits("١٢,５")
    '12,5'
    """
    if text.isascii():
        return text
    return "".join(str(decimal(c)) if c.isdecimal() else c for c in text)


def shortest(words: Sequence[str]) -> list[str]:
    """The words as they are or, if all are numbers, each in its shortest spelling.

    Examples
    --------
    >>> shortest(["0.10", "2.0"]), shortest(["2.0", "007"])
    (['0.1', '2'], ['2.0', '007'])
    """
    if all(re.fullmatch(PLAIN_NUMBER, word) for word in words):
        return [word.rstrip("0").rstrip(".") if "." in word else word for word in words]
    return list(words)


def truth_of(word: str) -> bool | None:
    """Whether a word says yes or no, in any of the usual spellings; None if neither.

    Examples
    --------
    >>> truth_of("TRUE"), truth_of(" nein "), truth_of("perhaps")
    (True, False, None)
    """
    plain = word.strip().lower().rstrip(".")
    return True if plain in YES else False if plain in NO else None
