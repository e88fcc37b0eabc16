"""The churn classifier and what it is made of, from labelled rows to the calibrated model."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
