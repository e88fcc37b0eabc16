"""Where a user says what a label means, and how it is asked in messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dbnchurn.tables.label_classes import LabelClass


@dataclass(frozen=True)
class Question:
    """Where a user writes what a label means, and what is asked; for messages.

    Parameters
    ----------
    positive, negative : str
        How the classes are given, with ``{}`` for the value.
    subject : str
        Of a label without a column's name.
    asked : str, default "left"
        What the positive class did.
    leaving : bool, default True
        Whether the positive class left; else it says yes to something.
    many : str, default ""
        Goes before the message about more than two classes.
    scores : str, default ""
        Ends that message.
    """

    positive: str = "columns.positive: {}"
    negative: str = "columns.negative: {}"
    subject: str = "the label"
    asked: str = "left"
    leaving: bool = True
    many: str = ""
    scores: str = ""

    def of(self, column: str | None) -> str:
        """The label in a message."""
        return self.subject if column is None else f"label column {column!r}"

    def lists(self) -> str:
        """How lists of classes are given."""
        return " and ".join(
            key.replace("[{}]", "{}").format("[…]") for key in (self.positive, self.negative)
        )

    def ask(self, classes: Sequence[LabelClass]) -> str:
        """What to say, for each class alike."""
        ways = " or ".join(self.positive.format(repr(found.value)) for found in classes)
        of = "which of them left" if self.leaving else "which of them means yes"
        return f"say {of}: {ways}"
