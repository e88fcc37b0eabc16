"""Plain typed data that a config, the pipeline and a stored model share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Plain(BaseModel):
    """Refuses unknown keys and cannot be changed; reads from and writes to JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
