from .experiment import conduct as conduct
from .tuning import tune as tune
