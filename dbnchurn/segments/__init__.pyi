from .files import load as load
from .files import save as save
from .miner import SegmentMiner as SegmentMiner
from .segment_list import SegmentList as SegmentList
