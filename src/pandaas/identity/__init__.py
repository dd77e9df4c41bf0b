"""Who is asking: local accounts, sign-ins, API tokens, linked identities; and the principal made of them."""

from pandaas.identity.credentials import digest, new_secret
from pandaas.identity.flows import LIFE as FLOW_LIFE
from pandaas.identity.foreign import Outcome
from pandaas.identity.links import find_identity
from pandaas.identity.oidc import Arrival, Provider, Return
from pandaas.identity.principals import ALL_SCOPES, grants, principal_of, scopes_of, stronger
from pandaas.identity.service import Identity
from pandaas.identity.sign_ins import SignInView, Visit

__all__ = [
    "ALL_SCOPES",
    "FLOW_LIFE",
    "Arrival",
    "Identity",
    "Outcome",
    "Provider",
    "Return",
    "SignInView",
    "Visit",
    "digest",
    "find_identity",
    "grants",
    "new_secret",
    "principal_of",
    "scopes_of",
    "stronger",
]
