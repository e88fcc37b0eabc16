"""Print the customers whom this month's list has to leave alone, for `dbnchurn score --suppress`.

    python do_not_contact.py contacts.csv outcomes.csv CUTOFF DAY

They are those who left from the cutoff up to the day of the contact, whom the scores do not know
of, and those whom another campaign held out within 90 days: a contact would spoil what it measures.
Who left before the cutoff and is scored came back, and is no leaver. Campaigns are named by their
cutoff; rows of this one do not count, so that a month may run again.

The files are read as `dbnchurn lift` reads them. One that is not there, or has a header alone,
holds nobody; of one that cannot be read, or has no dates of leaving, it is said why, and nothing
is printed.
"""

from __future__ import annotations

import csv
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import pandas as pd

from dbnchurn.campaign import ContactLog, Outcomes
from dbnchurn.core.errors import DataError, DbnchurnError

HELD_OUT = timedelta(days=90)
Table = TypeVar("Table", ContactLog, Outcomes)


def held_out(path: str, campaign: str, day: date) -> set[str]:
    """Ids of those whom another campaign held out within 90 days before a day."""
    if not _has_rows(path, "contact_date"):
        return set()
    rows = _told(ContactLog.read(path)).frame
    own = (rows["arm"] == "control") & (rows["campaign"] != campaign)
    return set(rows["customer"][own & (rows["contact_date"] >= pd.Timestamp(day - HELD_OUT))])


def left(path: str, cutoff: date, day: date) -> set[str]:
    """Ids of those who left from a cutoff up to a day, both included."""
    if not _has_rows(path, "left_date"):
        return set()
    rows = _told(Outcomes.read(path)).frame
    if "left_date" not in rows:
        raise DataError(
            f"{path}: it does not say when customers left, so nobody knows who left since "
            f"{cutoff}; add the column 'left_date', empty for those who stayed"
        )
    return set(rows["customer"][rows["left_date"].between(str(cutoff), str(day))])


def _has_rows(path: str, column: str) -> bool:
    """False of a file that is not there, or of text in one line: a header with this column."""
    if not Path(path).exists():
        return False
    if Path(path).suffix not in (".csv", ".tsv", ".txt"):
        return True
    lines = [line for line in Path(path).read_bytes().splitlines() if line.strip()]
    return len(lines) != 1 or column.encode() not in lines[0].lower()


def _told(table: Table) -> Table:
    """A table whose notes are said."""
    for note in table.notes:
        print(note, file=sys.stderr)
    return table


if __name__ == "__main__":
    log, outcomes, campaign, last = sys.argv[1:]
    cutoff, day = date.fromisoformat(campaign), date.fromisoformat(last)
    try:
        ids = held_out(log, campaign, day) | left(outcomes, cutoff, day)
    except DbnchurnError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    # Printed at the end, so that what fails leaves no list that looks like an empty one.
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerows([id] for id in ["customer", *sorted(ids)])
