"""From claims to a person's details, and from groups to rights."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pandaas.config import ClaimSettings, GroupRule, ProviderSettings

_MOST_GROUPS = 2000
_LONGEST_GROUP = 500
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ORCID = re.compile(r"(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])")


@dataclass(frozen=True)
class Granted:
    """A right that a group gives: see `db.tables.GroupGrant`."""

    kind: Literal["team", "staff", "role"]
    target: str
    role: str


@dataclass(frozen=True)
class Arrival:
    """Who came back from a provider. Keyed on issuer and subject; everything else is for people to read, or for rules.

    `carried` are (issuer, subject) of older identities the provider vouches for. `authenticated` is the time (seconds
    since 1970) at which she proved there who she is, where the provider says so.
    """

    issuer: str
    subject: str
    user: str | None
    name: str | None
    email: str | None
    affiliation: str | None
    orcid: str | None
    groups: tuple[str, ...]
    carried: tuple[tuple[str, str], ...]
    authenticated: float | None
    provider_session: str | None
    id_token: str | None
    refresh_token: str | None

    @property
    def label(self) -> str:
        """How she is called there, for people to recognise."""
        return (self.name or self.user or self.subject)[:200]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, said: dict[str, Any]) -> Arrival:
        carried = tuple((issuer, subject) for issuer, subject in said["carried"])
        return cls(**said | {"groups": tuple(said["groups"]), "carried": carried})


def arrival_of(
    provider: ProviderSettings,
    id_token: dict[str, Any],
    userinfo: dict[str, Any],
    *,
    token: str | None,
    refresh_token: str | None,
) -> Arrival:
    """Put together what the ID token and userinfo say; of the identity itself only the ID token is believed."""
    said = userinfo | {name: value for name, value in id_token.items() if value not in (None, "", [])}
    names = provider.claims
    orcid = _ORCID.fullmatch(_text(said, names.orcid) or "")
    email = _text(said, names.email)
    carried = [(one.issuer, _text(said, one.claim)) for one in provider.carries]
    when = id_token.get("auth_time")
    return Arrival(
        issuer=provider.issuer,
        subject=id_token["sub"],
        user=_text(said, names.user),
        name=_name(said, names),
        email=email if email and re.fullmatch(r"[^@\s]+@[^@\s]+", email) and len(email) <= 254 else None,
        affiliation=_text(said, names.affiliation),
        orcid=orcid[1] if orcid else None,
        groups=_groups(names.groups, id_token, userinfo),
        carried=tuple((issuer, subject) for issuer, subject in carried if subject),
        authenticated=float(when) if isinstance(when, (int, float)) and not isinstance(when, bool) else None,
        provider_session=_text(id_token, "sid"),
        id_token=token,
        refresh_token=refresh_token,
    )


def granted_by(rules: Iterable[GroupRule], groups: Iterable[str]) -> frozenset[Granted]:
    """What the groups give by the rules. A name that can't be one of ours (after filling in) gives nothing."""
    found: set[Granted] = set()
    compiled = [(re.compile(rule.match), rule) for rule in rules]
    for group in groups:
        for pattern, rule in compiled:
            match = pattern.fullmatch(group)
            if match is not None:
                found.update(_granted(rule, {name: value or "" for name, value in match.groupdict().items()}))
    return frozenset(found)


def _granted(rule: GroupRule, parts: dict[str, str]) -> Iterable[Granted]:
    for kind, template, role in (("team", rule.proposal, rule.team_role), ("staff", rule.instrument, "staff")):
        name = (template or "").format_map(parts)
        if _NAME.fullmatch(name):
            yield Granted("team" if kind == "team" else "staff", name, role)
    if rule.role:
        yield Granted("role", "", rule.role)


def _groups(claims: Iterable[str], *sources: dict[str, Any]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for claim in claims:
        for said in sources:
            value = said.get(claim)
            for one in [value] if isinstance(value, str) else value if isinstance(value, list) else []:
                if isinstance(one, str) and 0 < len(one) <= _LONGEST_GROUP:
                    found[one] = None
    return tuple(list(found)[:_MOST_GROUPS])


def _name(said: dict[str, Any], names: ClaimSettings) -> str | None:
    whole = _text(said, names.name)
    return whole or " ".join(filter(None, (_text(said, "given_name"), _text(said, "family_name")))) or None


def _text(said: dict[str, Any], claim: str) -> str | None:
    value = said.get(claim)
    if isinstance(value, list) and value:  # several values where one is expected: SAML proxies do this
        value = value[0]
    if not isinstance(value, str):
        return None
    return " ".join("".join(sign for sign in value if sign.isprintable()).split())[:200] or None
