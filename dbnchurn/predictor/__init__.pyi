from .artifact import load as load
from .artifact import save as save
from .model_record import ModelRecord as ModelRecord
from .model_record import probabilities as probabilities
from .odd_rows import OddRows as OddRows
from .predictor import Predictor as Predictor
from .scores import Oddities as Oddities
from .scores import Scored as Scored
