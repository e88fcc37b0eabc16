"""Who leaves in the coming months: leavers, customers and revenue by segment, with intervals.

``history_table`` holds the table to what a forecast needs, ``reading`` makes arrays of it, and
``history`` is what these are. ``hazards`` are learned for each month ahead, ``methods`` rolls them
forward beside the recent rate, ``mixture`` weighs both and reconciles the segments with the total.
``backtest`` does the same from past months, and ``intervals`` are as wide as its errors.
``scenario`` adds a planned campaign; ``forecast`` is the result, ``forecast_text``,
``forecast_page`` and ``forecast_job`` show and write it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
