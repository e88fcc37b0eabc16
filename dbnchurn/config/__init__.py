"""Typed configs: YAML files and ``a.b=c`` overrides, checked against the signatures of estimators.

- ``from_signatures``: config sections made from the parameters of estimators, and back.
- ``source_classes``: estimators known from their source, without an import.
- ``yaml``: YAML with the line number of every key.
- ``messages``: validation errors as sentences.
- ``loading``: read a config with overrides, and write it.

None of these modules refers to an estimator by name.
"""

from dbnchurn.config.from_signatures import Section, build, model_from_signatures, section_of
from dbnchurn.config.loading import changed, config_text, dump, json_schema, read
from dbnchurn.config.source_classes import source_class

__all__ = [
    "Section",
    "build",
    "changed",
    "config_text",
    "dump",
    "json_schema",
    "model_from_signatures",
    "read",
    "section_of",
    "source_class",
]
