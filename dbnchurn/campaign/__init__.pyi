from .lift import Lift as Lift
from .log import ContactLog as ContactLog
from .measure import measure as measure
from .outcomes import Outcomes as Outcomes
from .plan import Plan as Plan
from .plan import make_plan as make_plan
