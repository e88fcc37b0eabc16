"""Columns → the visible layer: encoded columns, oversampled rows, leaves of boosters."""

from dbnchurn.lazy import attach

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
