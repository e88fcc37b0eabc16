"""Counts of the values of one column that is read chunk by chunk, in bounded memory.

While a column has few distinct values all of them are counted. When there are more than the bound,
a sample is kept: the values whose hash is a multiple of a power of two, each with its exact count.
Which values are kept depends on the values alone, not on their order, so that the sample is uniform
over the distinct values of the whole column, and a value that is repeated is seen to be repeated.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dbnchurn.core.typing import Ints
from dbnchurn.tables.text_column import MISSING, PERHAPS_MISSING

MOST_WORDS = 10_000
MOST_ODD = 1_000
EXAMPLES = 3
PLAIN = r"^-?\d+(\.\d*)?$"
PLAIN_SHARE = 0.9
FACTORS = tuple(np.uint64(f) for f in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
EIGHT = 8  # bytes that are hashed at once
SHIFTS = np.array([63, 56, 48, 40, 32, 24, 16, 8, 0], np.uint64)
BLOCK = 2**14
FIRST_PLAIN, PLAIN_BYTES = np.uint8(ord("-")), 12  # the signs - . / and digits follow one another
LAST_LEVEL = 48  # of hashes that are all the same
MIXING = tuple(np.uint64(shift) for shift in (32, 29, 31))

Hashes = npt.NDArray[np.uint64]


class ColumnTally:
    """Counts the values of a column.

    Parameters
    ----------
    kind : Arrow type
        Type of the column in its files; text and numbers are counted, of nested values and bytes
        only how many are missing.
    missing : collection of str, default ()
        Further texts that stand for a missing value.
    most : int, default 10,000
        Distinct values that are held in memory.

    Examples
    --------
    >>> tally = ColumnTally(pa.string())
    >>> tally.add(pa.chunked_array([["basic", "n/a", None, " basic"]]))
    >>> tally.counts, tally.missing_by_text, tally.empty
    ({'basic': 2}, {'n/a': 1}, 1)
    """

    def __init__(
        self, kind: pa.DataType, missing: Collection[str] = (), *, most: int = MOST_WORDS
    ) -> None:
        self.kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        self.is_text = pa.types.is_string(self.kind) or pa.types.is_large_string(self.kind)
        self.is_counted = self.is_text or not (
            pa.types.is_nested(self.kind)
            or pa.types.is_binary(self.kind)
            or pa.types.is_large_binary(self.kind)
            or pa.types.is_fixed_size_binary(self.kind)
        )
        self.rows = 0
        self.empty = 0
        self.missing_by_text: dict[str, int] = {}
        self.perhaps_missing: dict[str, int] = {}
        self.examples: list[Any] = []
        self._counts: dict[Any, int] = {}
        self._odd: dict[str, int] = {}
        self._level = 0
        self._looks_plain = False
        self._deep = False
        self._thinned = False
        self._most = most
        self._absent = frozenset(MISSING) | frozenset(missing)
        special = sorted(self._absent | set(PERHAPS_MISSING))
        self._special = pa.array(special)
        self._longest = max(len(word.encode()) for word in special)

    @property
    def is_whole(self) -> bool:
        """Whether all distinct values were counted; otherwise they are a sample."""
        return self._level == 0

    @property
    def counts(self) -> dict[Any, int]:
        """Distinct values, or a sample of them → rows that hold them."""
        return {**self._counts, **self._odd, **self.perhaps_missing}

    @property
    def distinct(self) -> int:
        """Number of distinct values; an estimate if they are a sample."""
        return (len(self._counts) << self._level) + len(self._odd) + len(self.perhaps_missing)

    @property
    def missing(self) -> int:
        """Rows that are empty or hold a text that stands for a missing value."""
        return self.empty + sum(self.missing_by_text.values())

    @property
    def repeated(self) -> bool:
        """Whether some value stands in several rows."""
        return any(count > 1 for count in self._counts.values())

    def add(self, column: pa.ChunkedArray) -> None:
        """Count the values of a chunk."""
        self.rows += len(column)
        self.empty += column.null_count
        if not self.is_counted:
            return
        values = column.cast(pa.string() if self.is_text else self.kind).combine_chunks()
        if isinstance(values, pa.ChunkedArray):  # of no chunk, or of several in older versions
            values = pa.concat_arrays(values.chunks or [pa.array([], values.type)])
        values = values.drop_null()
        if not len(values):
            return
        values = self._without_special(_trimmed(values)) if self.is_text else self._numbers(values)
        if len(self.examples) < EXAMPLES:
            self.examples += [
                v for v in pc.unique(values[:100]).to_pylist() if v not in self.examples
            ]
            del self.examples[EXAMPLES:]
        if self._level and self._looks_plain:
            self._note_odd(values)
        self._count(values)

    def _numbers(self, values: pa.Array) -> pa.Array:
        """Values of a type; not a number counts as empty."""
        if pa.types.is_floating(self.kind):
            gone = pc.is_nan(values)
            self.empty += pc.sum(gone).as_py() or 0
            values = values.filter(pc.invert(gone))
        return values

    def _without_special(self, words: pa.Array) -> pa.Array:
        special = pc.less_equal(pc.binary_length(words), self._longest)
        short = words.filter(special)
        found = pc.is_in(short, self._special)
        if not pc.any(found).as_py():
            return words
        special = found if len(short) == len(words) else pc.is_in(words, self._special)
        for found in pc.value_counts(words.filter(special)).to_pylist():
            word, count = found["values"], found["counts"]
            if word == "":
                self.empty += count
                continue
            book = self.missing_by_text if word in self._absent else self.perhaps_missing
            book[word] = book.get(word, 0) + count
        return words.filter(pc.invert(special))

    def _count(self, values: pa.Array) -> None:
        if self._level:
            values = values.filter(pa.array(self._kept(hashes(values, deep=self._deep))))
        found = pc.value_counts(values)
        words, counts = found.field("values"), found.field("counts")
        if self._level == 0 and len(words) > self._most:
            shallow = hashes(words, deep=False)
            self._deep = len(np.unique(shallow)) < len(words) / 4
        while len(words) > self._most and self._level < LAST_LEVEL:  # before they become objects
            self._level += 1
            kept = pa.array(self._kept(hashes(words, deep=self._deep)))
            words, counts = words.filter(kept), counts.filter(kept)
        words, counts = words.slice(0, self._most), counts.slice(0, self._most)
        for word, count in zip(words.to_pylist(), counts.to_pylist(), strict=True):
            if word in self._counts or self._level < LAST_LEVEL:
                self._counts[word] = self._counts.get(word, 0) + count
        while (self._level and not self._thinned) or len(self._counts) > self._most:
            self._thin()

    def _thin(self) -> None:
        """Keep the values whose hash is a multiple of the next power of two."""
        if not self._thinned and self.is_text:
            plain = sum(re.match(PLAIN, word) is not None for word in self._counts)
            self._looks_plain = plain >= PLAIN_SHARE * len(self._counts)
            if self._looks_plain:
                odd = {w: n for w, n in self._counts.items() if not re.match(PLAIN, w)}
                self._odd = dict(list(odd.items())[:MOST_ODD])
                for word in odd:
                    del self._counts[word]
        if not self._thinned and self.is_text:
            words = pa.array(list(self._counts), pa.string())
            self._deep |= len(np.unique(hashes(words, deep=False))) < len(words) / 4
        self._thinned = True
        self._level += len(self._counts) > self._most
        if not self._counts:
            return
        words = list(self._counts)
        array = pa.array(words, pa.string() if self.is_text else self.kind)
        kept = self._kept(hashes(array, deep=self._deep))
        self._counts = {w: self._counts[w] for w, keep in zip(words, kept, strict=True) if keep}

    def _kept(self, hashed: Hashes) -> npt.NDArray[np.bool_]:
        return np.asarray((hashed & np.uint64((1 << self._level) - 1)) == 0)

    def _note_odd(self, words: pa.Array) -> None:
        """Count words that are no plain numbers in a column of plain numbers, all of them."""
        odd = words.take(pa.array(rows_with_other_bytes(words)))
        for found in pc.value_counts(odd).to_pylist():
            word = found["values"]
            if word in self._odd or len(self._odd) < MOST_ODD:
                self._odd[word] = self._odd.get(word, 0) + found["counts"]


def _bytes_of(words: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Offsets of texts, from 0, and their bytes."""
    _, ends, content = words.buffers()
    offsets = np.frombuffer(ends, np.int32)[words.offset : words.offset + len(words) + 1]
    data = np.frombuffer(content, np.uint8) if content is not None else np.empty(0, np.uint8)
    return offsets - offsets[0], data[offsets[0] : offsets[-1]]


def _trimmed(words: pa.Array) -> pa.Array:
    """Texts without blanks around them."""
    offsets, data = _bytes_of(words)
    if len(data):
        for places in (offsets[:-1], offsets[1:] - 1):
            ends = data[np.minimum(places, len(data) - 1)]
            # Blanks of one byte, or the start or end of a character of several bytes.
            if ends.min() <= 32 or ends.max() >= 128:
                return pc.utf8_trim_whitespace(words)
    return words


def rows_with_other_bytes(words: pa.Array) -> Ints:
    """Rows of the texts with a character that plain numbers do not have, such as 1e5 and 12,5.

    Examples
    --------
    >>> rows_with_other_bytes(pa.array(["12.5", "12,5", "-3", "basic"]))
    array([1, 3])
    """
    offsets, data = _bytes_of(words)
    if not len(data) or (data - FIRST_PLAIN).max() <= PLAIN_BYTES:
        return np.empty(0, np.int64)
    places = np.flatnonzero(data - FIRST_PLAIN > PLAIN_BYTES)
    return np.unique(np.searchsorted(offsets, places, "right") - 1)


def hashes(values: pa.Array, *, deep: bool = True) -> Hashes:
    """A hash of every value: of texts by their length and last, first and middle bytes.

    Parameters
    ----------
    values : Arrow array of n values without nulls
        Text, numbers, booleans, dates or spans of time.
    deep : bool, default True
        Whether more than the last eight bytes of a text count.

    Returns
    -------
    uint64 array of shape (n,)

    Examples
    --------
    >>> same = hashes(pa.array(["basic", "family", "basic"]))
    >>> bool(same[0] == same[2]), bool(same[0] == same[1])
    (True, False)
    """
    if not pa.types.is_string(values.type):
        return _mixed(_as_bits(values))
    hashed = np.empty(len(values), np.uint64)
    for start in range(0, len(values), BLOCK):  # blocks that fit into the cache of a processor
        hashed[start : start + BLOCK] = _hashed_words(values.slice(start, BLOCK), deep)
    return hashed


def _hashed_words(words: pa.Array, deep: bool) -> Hashes:
    offsets, data = _bytes_of(words)
    starts, ends = offsets[:-1], offsets[1:]
    lengths = ends - starts
    nothing = np.zeros(EIGHT, np.uint8)
    padded = np.concatenate([nothing, data, nothing])
    # The eight bytes that start at any place, little end first.
    views = np.ndarray((len(padded) - EIGHT + 1,), "<u8", padded, strides=(1,))
    hashed = views[ends]
    hashed >>= SHIFTS[np.minimum(lengths, EIGHT)]  # those of the word before are left out
    hashed *= FACTORS[0]
    hashed += lengths.astype(np.uint64)
    if deep and len(lengths) and lengths.max() > EIGHT:
        long = np.flatnonzero(lengths > EIGHT)
        more = _mixed(views[starts[long] + EIGHT])
        more += views[(starts[long] + ends[long]) // 2 + EIGHT // 2] * FACTORS[2]
        hashed[long] ^= more
    return _mixed(hashed)


def _as_bits(values: pa.Array) -> Hashes:
    if pa.types.is_floating(values.type) or pa.types.is_decimal(values.type):
        return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False)).view(np.uint64)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    if pa.types.is_date32(values.type) or pa.types.is_time32(values.type):
        values = values.cast(pa.int32())
    whole = values.cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(whole, np.int64).view(np.uint64)


def _mixed(bits: Hashes) -> Hashes:
    """Spread every bit over all."""
    for factor, shift in zip(FACTORS, MIXING, strict=True):
        bits = bits ^ (bits >> shift)
        bits *= factor
    return bits ^ (bits >> MIXING[0])
