"""Settings of the registration of DOIs."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from pandaas.config.section import Section


class DoiSettings(Section):
    """An account of DataCite (https://support.datacite.org/docs/api); without a prefix publications get no DOI."""

    prefix: str | None = Field(
        None, pattern=r"^10\.\d{4,9}$", description="Prefix of the repository, for example 10.5072."
    )
    repository: str | None = Field(None, description="Id of the repository's account, for example ESRF.DATA.")
    password: SecretStr | None = Field(None, description="Its password; prefer the variable or a file of mode 0600.")
    url: str = Field(
        "https://api.datacite.org",
        pattern=r"^https?://\S+$",
        description="Where DOIs are registered; https://api.test.datacite.org for trying it.",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.prefix and not (self.repository and self.password):
            raise ValueError("doi.prefix needs doi.repository and doi.password too")
        return self
