from .allocate import Allocate as Allocate
from .allocation import Allocation as Allocation
from .limits import Option as Option
from .log import ContactLog as ContactLog
