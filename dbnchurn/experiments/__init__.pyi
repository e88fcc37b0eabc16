from .experiment import run_experiment as run_experiment
from .tuning import tune as tune
