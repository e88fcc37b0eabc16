from .build import Built as Built
from .plan import DataPlan as DataPlan
