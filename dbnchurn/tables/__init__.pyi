from .contract import Contract as Contract
from .contract import Customers as Customers
from .contract import apply_contract as apply_contract
from .loading import read_table as read_table
from .samples import read_sample as read_sample
from .schema import Schema as Schema
from .schema import Table as Table
from .splitting import split as split
