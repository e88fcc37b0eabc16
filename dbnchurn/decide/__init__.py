"""From scores to decisions: true probabilities after oversampling, and a threshold."""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.decide.decide_record import DecideRecord as DecideRecord
    from dbnchurn.decide.threshold import Threshold as Threshold
    from dbnchurn.decide.threshold import choose_threshold as choose_threshold

__all__ = ["DecideRecord", "Threshold", "choose_threshold"]

__getattr__ = attach(
    __name__,
    {
        "DecideRecord": "decide_record",
        "Threshold": "threshold",
        "choose_threshold": "threshold",
    },
)
