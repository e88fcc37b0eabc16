"""Parameters of estimators: checked against type hints, with default stages.

scikit-learn's estimators accept any parameter and check it when they are fitted. The allowed values
stand once, in the type hints of ``__init__``, from which configs are built as well.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar, get_type_hints

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from dbnchurn.core.errors import ConfigError


def check_parameters(estimator: Any) -> None:
    """Refuse parameters that the estimator's signature does not allow, all of them in one go.

    Parameters
    ----------
    estimator : scikit-learn estimator
        Its parameters that are estimators are checked as well.

    Raises
    ------
    ConfigError
        With one line for each parameter that is wrong.

    Examples
    --------
    >>> from dbnchurn.prepare import Prepare
    >>> check_parameters(Prepare(clip=2))
    Traceback (most recent call last):
    dbnchurn.core.errors.ConfigError: Prepare(clip=2) should be less than 0.5
    """
    if wrong := list(_problems(estimator)):
        raise ConfigError("\n".join(wrong))


Stage = TypeVar("Stage")


class DefaultStages:
    """Mixin of estimators whose parameters are stages, each None for the default of the class.

    A default that is an object of the signature would be shared by all instances, and
    scikit-learn refuses it. Here the signature says None, ``default_stages`` says what that means,
    and ``fit`` works on :func:`resolved`. Setting a parameter of a stage that is None makes the
    default stage the estimator's own first.
    """

    default_stages: ClassVar[Mapping[str, Any]] = {}

    def set_params(self, **params: Any) -> Any:
        """Set parameters; ``stage__name`` sets one of a stage, also of one that is None.

        Parameters
        ----------
        **params
            Name → value.

        Returns
        -------
        self
        """
        for name in {key.partition("__")[0] for key in params if "__" in key}:
            if name in self.default_stages and getattr(self, name, None) is None:
                setattr(self, name, copy.deepcopy(self.default_stages[name]))
        return super().set_params(**params)  # type: ignore[misc]  # of scikit-learn's BaseEstimator


def resolved(estimator: Stage, default: object = None) -> Stage:
    """The same estimator, unfitted, with default stages in place of None, however deep.

    A stage that is None is that of `default`, where it has one, or else that of the class. So
    ``NetworkStage(pretrain=False)`` as the network of a classifier keeps the machines of the
    classifier's default network. Other parameters are shared with the estimator given, stages are
    copies.

    Parameters
    ----------
    estimator : scikit-learn estimator
    default : scikit-learn estimator, optional
        The default of the owner, where the estimator is a stage of another.

    Returns
    -------
    estimator of the same class

    Examples
    --------
    >>> from dbnchurn.dbn import NetworkStage
    >>> resolved(NetworkStage()).dbn.layers
    (128, 64)
    """
    kind: Any = type(estimator)
    parameters: dict[str, Any] = getattr(estimator, "get_params")(deep=False)  # noqa: B009
    for name, of_class in getattr(kind, "default_stages", {}).items():
        of_owner = getattr(default, name, None) if isinstance(default, kind) else None
        fallback = of_class if of_owner is None else of_owner
        stage = fallback if parameters[name] is None else parameters[name]
        if hasattr(stage, "get_params") and not isinstance(stage, type):
            parameters[name] = resolved(copy.deepcopy(stage), fallback)
    made: Stage = kind(**parameters)
    return made


def _problems(estimator: Any) -> Iterator[str]:
    kind: Any = type(estimator)
    adapters = _adapters(kind)
    for name, value in estimator.get_params(deep=False).items():
        if name in adapters:
            try:
                adapters[name].validate_python(_python_values(value), strict=True)
            except ValidationError as error:
                yield f"{kind.__name__}({name}={value!r}) {_allowed(error, value)}"
        if hasattr(value, "get_params") and not isinstance(value, type):
            yield from _problems(value)


def _allowed(error: ValidationError, value: Any) -> str:
    """What is allowed instead, and at which key of a mapping."""
    messages = [problem["msg"] for problem in error.errors()]
    messages = [message for message in messages if message.startswith("Input ")] or messages
    allowed = " or ".join(dict.fromkeys(message.removeprefix("Input ") for message in messages))
    allowed = allowed.replace("an instance of Sequence", "a list")
    keys: set[str] = set()
    if isinstance(value, Mapping):
        keys = {repr(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
    return f"{allowed} (at {', '.join(sorted(keys))})" if keys else allowed


@cache
def _adapters(kind: Any) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(kind.__init__, include_extras=True)
    config = ConfigDict(arbitrary_types_allowed=True)
    return {
        name: TypeAdapter(hint, config=config) for name, hint in hints.items() if name != "return"
    }


def _python_values(value: Any) -> Any:
    """Numbers and arrays of numpy as numbers and lists of Python, which the hints name."""
    if isinstance(value, Mapping):
        return {key: _python_values(inner) for key, inner in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_python_values(inner) for inner in value)
    if isinstance(value, np.generic):
        return value.item()
    return value.tolist() if isinstance(value, np.ndarray) else value


def parameters_text(estimator: Any) -> str:
    """All parameters of an estimator and of the estimators in it, as text to compare.

    Examples
    --------
    >>> from dbnchurn.prepare import Prepare
    >>> parameters_text(Prepare()) == parameters_text(Prepare(clip=0.1))
    False
    """
    return repr(
        sorted(
            (name, repr(value))
            for name, value in estimator.get_params(deep=True).items()
            if not hasattr(value, "get_params")
        )
    )
