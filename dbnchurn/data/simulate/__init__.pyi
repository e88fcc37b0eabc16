from .truth import Attainable as Attainable
from .truth import attainable as attainable
from .write import simulate as simulate
