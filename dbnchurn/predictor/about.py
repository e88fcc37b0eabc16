"""What a stored model says about itself, beside its records, and the check of its form.

Scoring, evaluation and messages use some of it: the names of id and label, the labels' meaning,
what the business calls the columns. Whoever stored the model may have written more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dbnchurn.core.errors import ArtifactError

Scalar = str | bool | int | float
TEXTS = ("id", "label", "left", "outcome")
LABELS = ("positive", "negative")
MAPPINGS = (
    "training", "ids", "columns", "threshold", "versions", "metrics", "measured", "data", "draw",
    "recalibration", "codes",
)  # fmt: skip


def audit_about(about: Mapping[str, Any]) -> None:
    """Refuse entries of another form than those that this package stores.

    Parameters
    ----------
    about : mapping
        Plain data.

    Raises
    ------
    ArtifactError
        If an entry that is used later has another type.

    Examples
    --------
    >>> audit_about({"id": "customer", "positive": ["Yes"]})
    >>> audit_about({"id": ["customer"]})
    Traceback (most recent call last):
    dbnchurn.core.errors.ArtifactError: about.id has to be a text, found ['customer']
    """
    for key in TEXTS:
        _check(about, key, "a text", str)
    for key in MAPPINGS:
        _check(about, key, "a mapping", dict)
    _check(about, "assumed", "true or false", bool)
    for key in LABELS:
        values = about.get(key)
        listed = values if isinstance(values, list) else [values]
        if values is not None and not all(isinstance(value, Scalar) for value in listed):
            raise ArtifactError(f"about.{key} has to be a list of labels, found {values!r:.60}")
    notes = about.get("notes")
    if notes is not None and not _sentences(notes):
        raise ArtifactError(f"about.notes has to be a list of texts, found {notes!r:.60}")
    labels = about.get("column_labels")
    if labels is not None and not _texts(labels):
        raise ArtifactError(
            f"about.column_labels has to map columns to what they are called, found {labels!r:.60}"
        )


def _check(about: Mapping[str, Any], key: str, what: str, kind: type) -> None:
    value = about.get(key)
    if value is not None and not isinstance(value, kind):
        raise ArtifactError(f"about.{key} has to be {what}, found {value!r:.60}")


def _sentences(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
