"""What a user office says, as values: checked for itself, before it is compared with what is here.

`key` is the office's own number of a person; it never changes, and everything else about her may.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pandaas.model import InvalidInput

_Key = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f](?:[^\x00-\x1f]{0,62}[^\s\x00-\x1f])?$")]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_Blank = BeforeValidator(lambda value: value or None if isinstance(value, str) else value)
_Time = Annotated[datetime, AfterValidator(lambda value: value.replace(tzinfo=UTC) if value.tzinfo is None else value)]
_Text = Annotated[str | None, _Blank]
_When = Annotated[_Time | None, _Blank]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class FeedIdentity(_Row):
    issuer: str = Field(min_length=1, max_length=255)
    subject: str = Field(min_length=1, max_length=255)


class FeedPerson(_Row):
    key: _Key
    name: str = Field(min_length=1, max_length=200)
    user: _Text = Field(None, max_length=64)
    email: Annotated[str | None, _Blank] = Field(None, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
    orcid: Annotated[str | None, _Blank] = Field(None, pattern=r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$")
    affiliation: _Text = Field(None, max_length=200)
    active: bool = True
    identities: tuple[FeedIdentity, ...] = ()


class FeedMember(_Row):
    person: _Key
    role: Literal["principal_investigator", "member", "reader", "local_contact"] = "member"


class FeedInstrument(_Row):
    name: _Name
    title: str = Field("", max_length=200)
    technique: _Text = None
    staff: tuple[_Key, ...] = ()


class FeedBeamTime(_Row):
    id: _Key
    instrument: _Name
    start: _Time
    end: _Time

    @model_validator(mode="after")
    def _ends_later(self) -> FeedBeamTime:
        if self.end <= self.start:
            raise ValueError("it ends before it begins")
        return self


class FeedProposal(_Row):
    name: _Name
    title: str = Field(min_length=1, max_length=500)
    type: Literal["public_access", "proprietary", "training", "in_house"] = "public_access"
    summary: _Text = None
    instrument: Annotated[_Name | None, _Blank] = None
    start: _When = None
    end: _When = None
    release: _When = None
    members: tuple[FeedMember, ...] = ()
    beam_times: tuple[FeedBeamTime, ...] = ()

    @model_validator(mode="after")
    def _is_sound(self) -> FeedProposal:
        if self.name.lower().startswith("personal-"):
            raise ValueError("names with 'personal-' are kept for people's own spaces")
        if self.start and self.end and self.end < self.start:
            raise ValueError("it ends before it begins")
        _no_twins("member", (one.person for one in self.members))
        return self


class Feed(_Row):
    """All that the office says. Who is not named is left alone; who is no longer named in a team is taken out of it."""

    people: tuple[FeedPerson, ...]
    proposals: tuple[FeedProposal, ...] = ()
    instruments: tuple[FeedInstrument, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Feed:
        _no_twins("person", (one.key for one in self.people))
        _no_twins("proposal", (one.name for one in self.proposals))
        _no_twins("instrument", (one.name for one in self.instruments))
        _no_twins("beam time", (one.id for proposal in self.proposals for one in proposal.beam_times))
        _no_twins("identity", (f"{who.issuer} {who.subject}" for one in self.people for who in one.identities))
        known = {one.key for one in self.people}
        for proposal in self.proposals:
            _all_known(f"proposal '{proposal.name}'", (one.person for one in proposal.members), known)
        for instrument in self.instruments:
            _all_known(f"instrument '{instrument.name}'", instrument.staff, known)
        return self


def feed_of(said: Any, place: str) -> Feed:
    """The feed in this JSON value; `InvalidInput` naming the row and what is wrong there."""
    try:
        return Feed.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        value = first["input"]
        found = f" (it is {str(value)[:60]!r})" if isinstance(value, (str, int, float)) else ""
        reason = first["msg"].removeprefix("Value error, ")
        raise InvalidInput(
            f"{place} can't be used: {where + ': ' if where else ''}{reason}{found}.",
            remedy="Nothing was changed. Have the user office mend it, then import again.",
            field=where or "feed",
        ) from error


def _no_twins(what: str, values: Iterable[str]) -> None:
    twins = [value for value, count in Counter(values).items() if count > 1]
    if twins:
        raise ValueError(f"{what} '{twins[0]}' is named twice")


def _all_known(where: str, keys: Iterable[str], known: set[str]) -> None:
    strangers = [key for key in keys if key not in known]
    if strangers:
        raise ValueError(f"{where} names the person '{strangers[0]}', whom the feed doesn't describe")
