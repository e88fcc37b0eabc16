"""Counts of parts add up to those of the whole."""

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables import counts as module
from dbnchurn.tables.counts import Counts, NotCounted, folded
from dbnchurn.tables.duckdb import Session

TOTAL = "SELECT count(*), coalesce(min(v), NULL), max(v) FROM t"
WORDS = "SELECT v, count(*) FROM t GROUP BY ALL ORDER BY v"


def asked(values, known=None, **how):
    """The answers of a part with some values, and its counts."""
    counts = Counts(known or {}, **how)
    with Session(n_threads=1, counts=counts) as session:
        session.run("CREATE TABLE t (v VARCHAR)")
        for value in values:
            session.run(f"INSERT INTO t VALUES ('{value}')")
        return session.total(TOTAL, "sum min max"), session.tally(WORDS), counts


def test_what_is_folded_is_what_the_whole_gives():
    whole = asked(["b", "a", "b", "c"])[:2]
    parts = [asked(values)[2].own for values in (["b", "a"], [], ["b", "c"])]
    known = folded(parts)
    assert asked([], known, alone=True)[:2] == whole
    assert asked(["b"], known)[:2] == whole  # and every part is told so
    assert asked(["b"], known)[2].own == asked(["b"])[2].own  # while it notes its own


def test_a_question_that_one_part_did_not_answer_is_not_known():
    one, other = asked(["a"])[2].own, {}
    assert folded([one, other]) == {}
    assert folded([]) == {}
    with pytest.raises(NotCounted):
        asked([], {}, alone=True)


def test_what_every_part_has_is_counted_once():
    def own():
        counts = Counts()
        with Session(n_threads=1, counts=counts) as session:
            session.total("SELECT 3", "sum", once=True)
        return counts.own

    ((_, rows),) = folded([own(), own()]).values()
    assert rows == [(3,)]


def test_parts_that_were_built_alike_have_the_same_digest():
    def defined(*statements):
        counts = Counts()
        for statement in statements:
            counts.define(statement)
        return counts.defined

    assert defined("a", "b") == defined("a", "b") != defined("ab")


def test_too_many_words_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_WORDS", 2)
    with pytest.raises(DataError, match="more than 2 different words"):
        folded([asked(["a", "b"])[2].own, asked(["c"])[2].own])
