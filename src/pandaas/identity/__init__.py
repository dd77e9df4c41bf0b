"""Who is asking: local accounts, sign-ins, API tokens, linked identities; and the principal made of them."""

from pandaas.identity.credentials import digest, new_secret
from pandaas.identity.principals import ALL_SCOPES, principal_of, scopes_of
from pandaas.identity.service import Identity

__all__ = ["ALL_SCOPES", "Identity", "digest", "new_secret", "principal_of", "scopes_of"]
