"""Many runs: variants over seeds and folds, comparisons, and the search for settings."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
