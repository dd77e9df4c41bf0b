"""OpenID Connect: what is said between the platform and a provider, without the platform's own tables."""

from pandaas.identity.oidc.claims import Arrival, Granted, granted_by
from pandaas.identity.oidc.provider import Provider, Return

__all__ = ["Arrival", "Granted", "Provider", "Return", "granted_by"]
