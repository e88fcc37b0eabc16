from .encode import Encode as Encode
from .encode_record import EncodeRecord as EncodeRecord
from .extra_trees import ExtraTrees as ExtraTrees
from .extra_trees_record import ExtraTreesRecord as ExtraTreesRecord
from .leaves import Leaves as Leaves
from .leaves_record import LeavesRecord as LeavesRecord
from .resampling import Oversample as Oversample
