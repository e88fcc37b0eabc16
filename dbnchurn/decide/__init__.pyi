from .decide_record import DecideRecord as DecideRecord
from .threshold import Threshold as Threshold
from .threshold import choose_threshold as choose_threshold
