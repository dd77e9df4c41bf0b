"""A person's own space as a place to put things."""

from __future__ import annotations

from pandaas.access import Access, Protected
from pandaas.db.tables import Proposal
from pandaas.model import Action, NotSignedIn, Principal


def own_space(access: Access, principal: Principal) -> Proposal:
    """The space, made on first use; `NotSignedIn` for nobody, `NotAllowed` for a token that may not write."""
    if principal.person_id is None:
        raise NotSignedIn("This needs a sign-in.", remedy="Sign in, or send a token.")
    space = access.personal_space(principal.person_id)
    protected = Protected(space.id, space.type, owner_id=principal.person_id)
    access.require(principal, Action.WRITE, protected, what="your own space")
    return space
