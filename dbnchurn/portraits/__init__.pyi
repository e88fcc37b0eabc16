from .config import PortraitConfig as PortraitConfig
from .config import read_portrait_config as read_portrait_config
from .portrait_job import write_portraits as write_portraits
from .portraits import Portraits as Portraits
