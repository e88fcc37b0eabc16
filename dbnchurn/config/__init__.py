"""Typed configs: YAML files and ``a.b=c`` overrides, checked against the stages' own signatures.

``sections`` builds the types, ``yaml_text`` reads and writes YAML with line numbers, ``problems``
says what is wrong, ``loading`` puts them together. Nothing here knows a stage by name.
"""

from dbnchurn.config.from_signatures import Section, build, model_from_signatures, section_of
from dbnchurn.config.loading import changed, dump, json_schema, read

__all__ = [
    "Section",
    "build",
    "changed",
    "dump",
    "json_schema",
    "model_from_signatures",
    "read",
    "section_of",
]
