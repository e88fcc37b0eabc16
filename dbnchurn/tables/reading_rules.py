"""What is said about how texts are written: formats by their names, and rules for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dbnchurn.core.errors import ConfigError
from dbnchurn.tables.date_format import DateFormat
from dbnchurn.tables.duration_format import DurationFormat
from dbnchurn.tables.number_format import NumberFormat
from dbnchurn.tables.serial_format import AS_NUMBER, SERIALS, SerialFormat

Form = NumberFormat | DateFormat | DurationFormat | SerialFormat


def form_of(text: str) -> Form:
    """The format that a config or artifact names.

    Parameters
    ----------
    text : str
        A picture of the number 1234.5, such as ``1.234,5``, a date format, such as ``%d.%m.%Y``,
        ``duration``, one of the dates that are numbers (``excel_serial``, ``epoch_s``,
        ``epoch_ms``, ``yyyymm``), or ``number``.

    Raises
    ------
    ConfigError
        If it is none of these.

    Examples
    --------
    >>> form_of("1.234,5"), form_of("%d.%m.%Y")
    (NumberFormat(decimal=',', grouping='.', unit=''), DateFormat(pattern='%d.%m.%Y'))
    """
    if text == DurationFormat().picture:
        return DurationFormat()
    if text in SERIALS:
        return SerialFormat(text)
    if text == AS_NUMBER:
        return NumberFormat()
    return DateFormat(text) if text.startswith("%") else NumberFormat.from_picture(text)


def name_of(form: Form) -> str:
    """The text that stands for a format in a config or artifact, see :func:`form_of`."""
    return form.pattern if isinstance(form, DateFormat) else form.picture


@dataclass(frozen=True)
class ReadingRules:
    """What a user, a config or a stored model says about the texts of a table.

    Parameters
    ----------
    formats : mapping of column → format, optional
        As :func:`form_of` reads them.
    decimal : {".", ","}, optional
        Decimal mark of all columns.
    kinds : mapping of column → kind, optional
        Columns of the kind ``number`` or ``date`` are read as such; of other kinds they stay text.
    missing : sequence of str, default ()
        Texts that stand for a missing value, in addition to the usual ones.
    usual : mapping of column → format, optional
        Formats that count where a column can be read in two ways.
    place : str, default "formats"
        Config key of `formats`, for messages.

    Raises
    ------
    ConfigError
        If a format is not known.
    """

    formats: Mapping[str, str] = field(default_factory=dict)
    decimal: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()
    usual: Mapping[str, str] = field(default_factory=dict)
    place: str = "formats"

    def __post_init__(self) -> None:
        for column, text in self.formats.items():
            try:
                form_of(text)
            except ConfigError as error:
                raise ConfigError(f"{self.place}: column {column!r}: {error}") from error
