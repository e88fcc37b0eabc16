"""The config of ``dbnchurn personas``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from dbnchurn.config import Section, read, section_of, source_class
from dbnchurn.runs.source import SourceSection
from dbnchurn.tables.label_classes import LabelValue

SET_ELSEWHERE = {
    "random_state": ".seed",
    "kinds": ".columns.kinds",
    "formats": ".source.formats",
}


class PersonaColumnsSection(Section):
    """What the columns are; only those that are not named here make personas."""

    id: str | None = Field(default=None, description="Column that names the customer.")
    label: str | None = Field(
        default=None, description="Column that says who left; shown beside the personas alone."
    )
    value: str | None = Field(
        default=None, description="What a customer is worth; shown beside the personas alone."
    )
    positive: LabelValue | tuple[LabelValue, ...] | None = Field(
        default=None, description="Label or labels of those who left, where no word says it."
    )
    negative: LabelValue | tuple[LabelValue, ...] | None = Field(
        default=None, description="Label or labels of those who stayed; by default the one left."
    )
    drop: tuple[str, ...] = Field(default=(), description="Columns that make no personas.")
    private: tuple[str, ...] = Field(
        default=(),
        description="Columns that never leave: they make no personas, and no value of theirs is on "
        "the page, in a table or in the stored personas.",
    )
    kinds: dict[str, Literal["number", "flag", "category", "date", "ignore"]] = Field(
        default_factory=dict, description="Kinds of columns that would be read wrongly."
    )

    @model_validator(mode="after")
    def _roles_fit(self) -> PersonaColumnsSection:
        if self.id == "persona":
            raise ValueError("'persona' is the column of the result and cannot name the customer")
        for role in ("id", "label", "value"):
            if getattr(self, role) in self.private:
                raise ValueError(
                    f"{getattr(self, role)!r} is private and the {role}, which is shown; take it "
                    "out of one of the two"
                )
        return self

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns that make no personas because the config says so."""
        return tuple(dict.fromkeys([*self.drop, *self.private]))


GeneratedPersonasSection: Any = section_of(
    source_class("dbnchurn.personas.personas", "Personas"), omit=SET_ELSEWHERE
)


class PersonasSection(GeneratedPersonasSection):  # type: ignore[misc]
    """The search itself: parameters of the estimator."""

    renamed: ClassVar[Mapping[str, str]] = SET_ELSEWHERE


class PersonasConfig(Section):
    """The config of one search for personas."""

    source: SourceSection
    columns: PersonaColumnsSection = Field(default_factory=PersonaColumnsSection)
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Seed of everything.")
    output: Path = Field(default=Path("runs"), description="Folder in which run folders are made.")
    personas: PersonasSection = Field(default_factory=PersonasSection)


def read_personas_config(path: str | Path, overrides: Sequence[str] = ()) -> PersonasConfig:
    """Read and check the config of a search for personas.

    Parameters
    ----------
    path : path
        A YAML file.
    overrides : sequence of str
        ``a.b=c`` replaces what the file says.

    Returns
    -------
    PersonasConfig

    Raises
    ------
    ConfigError
        With one line for everything that is wrong.
    """
    return read(path, overrides, PersonasConfig)
