from .feedback import Feedback as Feedback
from .learner_choice import choose_learner as choose_learner
from .policy_value import policy_value as policy_value
from .qini import qini as qini
from .uplift import Uplift as Uplift
