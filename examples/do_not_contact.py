"""Print the customers whom this month's list has to leave alone, for `dbnchurn score --suppress`.

    python do_not_contact.py contacts.csv outcomes.csv CAMPAIGN DAY

They are those who left between the cutoff and the day of the contact, whom the scores do not know
of, and those whom another campaign held out within 90 days: a contact would spoil what it measures.
A file that is not there holds nobody; rows of CAMPAIGN itself do not count, so that a month may run
again.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

HELD_OUT = timedelta(days=90)


def rows(path: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, by column."""
    if Path(path).exists():
        with open(path, newline="", encoding="utf-8-sig") as file:
            yield from csv.DictReader(file)


def do_not_contact(log: str, outcomes: str, campaign: str, day: date) -> set[str]:
    """The ids."""
    since = str(day - HELD_OUT)
    held_out = {
        row["customer"]
        for row in rows(log)
        if row["arm"] == "control" and row["campaign"] != campaign and row["contact_date"] >= since
    }
    left = {
        next(value for column, value in row.items() if column != "left_date")
        for row in rows(outcomes)
        if row["left_date"] and row["left_date"][:10] <= str(day)
    }
    return held_out | left


if __name__ == "__main__":
    log, outcomes, campaign, day = sys.argv[1:]
    print("customer")
    for id in sorted(do_not_contact(log, outcomes, campaign, date.fromisoformat(day))):
        print(id)
