"""From scores to decisions: true probabilities after oversampling, and a threshold."""

from dbnchurn.lazy import attach

__all__ = ["DecideRecord", "Threshold", "choose_threshold"]

__getattr__ = attach(
    __name__,
    {
        "DecideRecord": "decide_record",
        "Threshold": "threshold",
        "choose_threshold": "threshold",
    },
)
