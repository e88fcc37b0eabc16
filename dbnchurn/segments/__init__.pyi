from .files import load as load
from .files import save as save
from .listing import SegmentList as SegmentList
from .miner import SegmentMiner as SegmentMiner
