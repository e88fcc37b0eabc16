from .prepare import Prepare as Prepare
from .record import PrepareRecord as PrepareRecord
