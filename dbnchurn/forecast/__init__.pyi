from .config import ForecastConfig as ForecastConfig
from .config import read_forecast_config as read_forecast_config
from .forecast import Forecast as Forecast
from .forecast import forecast_from as forecast_from
from .forecast_job import write_forecast as write_forecast
from .reading import read_history as read_history
