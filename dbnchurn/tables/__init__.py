"""One customer table: how a file or frame is read, what it promises, how it is divided."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
