"""Columns → the visible layer: encoded columns, oversampled rows, leaves of boosters."""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.features.encode import Encode as Encode
    from dbnchurn.features.encode_record import EncodeRecord as EncodeRecord
    from dbnchurn.features.leaves import Leaves as Leaves
    from dbnchurn.features.leaves_record import LeavesRecord as LeavesRecord
    from dbnchurn.features.oversample import Oversample as Oversample

__all__ = ["Encode", "EncodeRecord", "Leaves", "LeavesRecord", "Oversample"]

__getattr__ = attach(
    __name__,
    {
        "Encode": "encode",
        "EncodeRecord": "encode_record",
        "Leaves": "leaves",
        "LeavesRecord": "leaves_record",
        "Oversample": "oversample",
    },
)
