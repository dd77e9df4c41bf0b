"""Who acts: persons, roles, tokens' scopes, principals."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a person is to the whole facility. Rights on a proposal come from its team, not from here."""

    VISITOR = "visitor"
    INSTRUMENT_STAFF = "instrument_staff"
    OPERATOR = "operator"


class TeamRole(StrEnum):
    """What a person is to one proposal."""

    PRINCIPAL_INVESTIGATOR = "principal_investigator"
    MEMBER = "member"
    READER = "reader"  # may see and download, not analyse into or write to the proposal
    LOCAL_CONTACT = "local_contact"


class PrincipalKind(StrEnum):
    ANONYMOUS = "anonymous"
    PERSON = "person"
    TOKEN = "token"  # noqa: S105 - the kind, not one
    LINK = "link"
    VIEW = "view"  # a member of the staff looks as somebody else
    SERVICE = "service"


class Scope(StrEnum):
    """What a token may be used for; a token's rights are its scopes ∩ the person's rights."""

    READ = "read"  # see metadata and data
    WRITE = "write"  # ingest, upload, edit metadata
    RUN = "run"  # start, cancel and repeat analysis jobs
    ADMIN = "admin"  # people, proposals, operator pages
    SESSIONS = "sessions"  # see who runs sessions and let them hibernate; nothing else


@dataclass(frozen=True)
class Principal:
    """Who asks, with everything the access rule needs to know, resolved once per request.

    `teams` maps the ids of the proposals a person belongs to onto her role there; `instruments` are the ids of the
    instruments whose staff she is. `linked_datasets` are the pids shared with her, or those behind a link (`link_id`).
    `acting_for` names the person on whose behalf a service works. Who looks as somebody else (`VIEW`) has that person's
    rights of reading, as far as the one who looks (`viewer`) has them too; `person_id` None is nobody in particular.
    `token_id` says which token asks, for what goes on after the request.
    """

    kind: PrincipalKind = PrincipalKind.ANONYMOUS
    person_id: int | None = None
    name: str | None = None
    role: Role | None = None
    scopes: frozenset[Scope] = frozenset()
    teams: dict[int, TeamRole] = field(default_factory=dict)
    instruments: frozenset[int] = frozenset()
    linked_datasets: frozenset[str] = frozenset()
    acting_for: int | None = None
    link_id: int | None = None
    viewer: Principal | None = None
    token_id: int | None = field(default=None, repr=False)  # two tokens of the same scopes have the same rights

    @property
    def is_operator(self) -> bool:
        return self.role is Role.OPERATOR

    @property
    def signed_in(self) -> bool:
        return self.person_id is not None


ANONYMOUS = Principal()
