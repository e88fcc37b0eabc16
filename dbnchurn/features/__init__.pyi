from .encode import Encode as Encode
from .encode_record import EncodeRecord as EncodeRecord
from .leaves import Leaves as Leaves
from .leaves_record import LeavesRecord as LeavesRecord
from .resampling import Oversample as Oversample
