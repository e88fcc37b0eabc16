"""From logits to decisions: prior correction, calibration, and the choice of a threshold."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
