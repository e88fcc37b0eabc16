from .config import RunConfig as RunConfig
from .config import read_config as read_config
from .training import resume as resume
from .training import train as train
