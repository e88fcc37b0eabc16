"""What was known of the customers before a campaign: their score, and groups to divide them by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from dbnchurn.campaign.breakdown import BREAKDOWNS
from dbnchurn.campaign.id_match import Match, check_ids, id_keys
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.source import CampaignSource, as_numbers, as_words, read_source, rows_text
from dbnchurn.core.errors import ConfigError, DataError, did_you_mean

MOST_NUMBERS = 12  # different numbers of a column that still are groups
NOT_KNOWN = "not known"


@dataclass(frozen=True, eq=False)
class ScoredCustomers:
    """Customers as they were before a campaign.

    Parameters
    ----------
    frame : DataFrame
        ``customer`` (text, each once), further columns and, where there is one, ``score``: the
        probability of leaving.
    name : str
        Of the table, for messages.
    notes : tuple of str, default ()
        What was converted while it was read.

    Examples
    --------
    >>> customers = ScoredCustomers.of(
    ...     pd.DataFrame({"customer": [7, 8], "probability": [0.1, 0.2], "persona": ["a", "b"]}))
    >>> customers.frame["score"].tolist()
    [0.1, 0.2]
    """

    frame: pd.DataFrame
    name: str
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pd.DataFrame, name: str = "scores") -> ScoredCustomers:
        """Customers from rows in memory.

        Parameters
        ----------
        frame : DataFrame
            With ``customer``; the probability of leaving is called ``score`` or ``probability``.
        name : str, default "scores"
            For messages.

        Returns
        -------
        ScoredCustomers

        Raises
        ------
        DataError
            If customers are missing or there twice, or a score is no probability.
        """
        if "customer" not in frame:
            raise DataError(
                f"{name}: there is no column 'customer'; say which it is with lift.scores: "
                "{path: …, columns: {customer: id}}"
            )
        rows = frame.assign(customer=as_words(frame["customer"], name))
        if "score" not in rows and "probability" in rows:
            rows = rows.rename(columns={"probability": "score"})
        problems = []
        for wrong, what in (
            (rows["customer"].isna(), "names no customer"),
            (rows["customer"].duplicated() & rows["customer"].notna(), "has a customer again"),
        ):
            if wrong.any():
                problems.append(f"the table {what} {rows_text(wrong)}: keep one row of each")
        if "score" in rows:
            rows["score"] = as_numbers(rows["score"], name)
            outside = (rows["score"] < 0) | (rows["score"] > 1)
            if outside.any():
                problems.append(f"the score is no probability from 0 to 1 {rows_text(outside)}")
        if problems:
            raise DataError(f"{name}: {'; '.join(problems)}")
        return cls(rows, name)

    @classmethod
    def read(cls, source: str | Path | CampaignSource) -> ScoredCustomers:
        """Read the table from a file, a folder, a pattern or a database.

        Parameters
        ----------
        source : path or CampaignSource

        Returns
        -------
        ScoredCustomers

        Raises
        ------
        DataError
            If the table cannot be read or used.
        """
        if not isinstance(source, CampaignSource):
            source = CampaignSource(path=str(source))
        table = read_source(source, texts=["customer"], kinds={})
        return replace(cls.of(table.frame, table.name), notes=table.notes)

    def described(self, log: ContactLog, by: Sequence[str], match: Match) -> Described:
        """The rows of a log with what was known of their customers.

        Parameters
        ----------
        log : ContactLog
        by : sequence of str
            Columns that divide the customers into groups.
        match : {"exact", "digits", "loose"}
            How ids are compared.

        Returns
        -------
        Described

        Raises
        ------
        DataError, ConfigError
            If a column is not there or is no group, or ids do not match.
        """
        self._check_groups(by)
        if not by and "score" not in self.frame:
            raise DataError(
                f"{self.name}: there is no column 'score' or 'probability' with the probability of "
                "leaving; name it with lift.scores.columns, or name columns with --by (lift.by)"
            )
        rows, own = log.frame.copy(), self.frame.copy()
        rows["key"], own["key"] = id_keys(rows, own, log.name, self.name, match)
        sides = ("the log", "the scores")
        check_ids(rows, own, (log.name, self.name), match, what=sides)
        own = own.set_index("key")
        notes = [*self.notes]
        if absent := int((~rows["key"].isin(own.index)).sum()):
            notes.append(f"{absent:,} customers of the log are not in {self.name}")
        frame = log.frame
        if "score" in own:
            if "score" in frame:
                notes.append(f"scores are those of {self.name}, not those of the log")
            frame = frame.assign(score=rows["key"].map(own["score"]).to_numpy(np.float64))
        groups = pd.DataFrame(
            {
                name: rows["key"].map(own[name].astype(object)).map(_group, na_action="ignore")
                for name in by
            }
        ).fillna(NOT_KNOWN)
        groups.index = pd.MultiIndex.from_frame(frame[["customer", "campaign"]])
        return Described(replace(log, frame=frame), groups, tuple(notes))

    def _check_groups(self, by: Sequence[str]) -> None:
        for name in by:
            if name in BREAKDOWNS:
                raise ConfigError(f"by: {name!r} of the log is shown in any case; leave it out")
            if name not in self.frame:
                raise ConfigError(
                    f"{self.name}: there is no column {name!r} (by): "
                    f"{did_you_mean(name, map(str, self.frame.columns))}"
                )
            values = self.frame[name]
            if pd.api.types.is_numeric_dtype(values) and values.nunique() > MOST_NUMBERS:
                raise ConfigError(
                    f"{self.name}: column {name!r} (by) has {values.nunique():,} different "
                    "numbers, which are no groups; divide them, such as into low, middle and high"
                )


@dataclass(frozen=True, eq=False)
class Described:
    """A log with what was known of its customers before.

    Parameters
    ----------
    log : ContactLog
    groups : DataFrame
        A column for each division, by customer and campaign.
    notes : tuple of str
    """

    log: ContactLog
    groups: pd.DataFrame
    notes: tuple[str, ...]

    def beside(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of the log with the groups of their customers."""
        found = self.groups.loc[pd.MultiIndex.from_frame(rows[["customer", "campaign"]])]
        return rows.assign(**{str(name): found[name].to_numpy() for name in found})


def _group(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
