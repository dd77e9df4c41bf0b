"""While a foreign sign-in lasts: asking the provider anew, and ending it when either side says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pandaas.db.tables import ForeignSignIn, LinkedIdentity, Person, SeenToken, SignIn
from pandaas.identity.credentials import digest, new_secret
from pandaas.identity.foreign import Foreign
from pandaas.identity.oidc import Arrival, Provider
from pandaas.identity.oidc.provider import SignInEnded
from pandaas.model import InvalidInput, PandaasError, Unavailable

log = structlog.get_logger(__name__)
_BATCH = 50


@dataclass(frozen=True)
class _Due:
    sign_in_id: int
    provider: str
    subject: str
    refresh_token: str


class Keeping(Foreign):
    """What a provider revokes is felt here: at the next refresh, or at once by back- or front-channel logout."""

    def refresh_due(self) -> int:
        """Ask the providers anew about sign-ins that are due; returns how many were asked. Run by one process at a time."""
        asked = 0
        for due in self._due():
            provider = self.providers.get(due.provider)
            token = self.vault.unlock(due.refresh_token)
            if provider is None or token is None:
                self._end(due.sign_in_id, "the provider or the key was changed")
                continue
            try:
                self._renewed(due, provider.refresh(token, due.subject), provider)
            except SignInEnded:
                self._end(due.sign_in_id, "ended by the provider")
            except Unavailable as error:
                self._postpone(due.sign_in_id)
                log.warning("groups could not be asked anew", provider=due.provider, reason=error.detail)
            except PandaasError as error:
                self._end(due.sign_in_id, error.detail)
            asked += 1
        return asked

    def way_out(self, secret: str, back_to: str) -> str | None:
        """Where the browser of this cookie ends its sign-in at the provider, if it came through one that offers it.

        Ask before `sign_out`. A provider that is down stops nobody from signing out here.
        """
        with self._database.read() as session:
            query = select(ForeignSignIn).join(SignIn).where(SignIn.secret_hash == digest(secret))
            row = session.scalars(query).first()
        if row is None or row.provider not in self.providers:
            return None
        provider = self.providers[row.provider]
        id_token = self.vault.unlock(row.id_token) if row.id_token else None
        refresh = self.vault.unlock(row.refresh_token) if row.refresh_token else None
        try:
            if refresh:
                provider.revoke(refresh)
            return provider.way_out(id_token, back_to, new_secret())
        except PandaasError as error:
            log.warning("no sign-out at the provider", provider=row.provider, reason=error.detail)
            return None

    def log_out_from(self, name: str, token: str) -> int:
        """Back-channel logout: end the sign-ins a believed logout token names; returns how many.

        `NotSignedIn` when it is not believed, `InvalidInput` when it has been used before.
        """
        provider = self.provider(name)
        claims = provider.logout_claims(token)
        with self._database.session() as session:
            self._use_once(session, provider, claims["jti"], float(claims["exp"]))
            query = (
                select(ForeignSignIn.sign_in_id)
                .join(LinkedIdentity, LinkedIdentity.id == ForeignSignIn.identity_id)
                .where(ForeignSignIn.provider == name, LinkedIdentity.issuer == provider.settings.issuer)
            )
            if claims.get("sub") is not None:
                query = query.where(LinkedIdentity.subject == claims["sub"])
            if claims.get("sid") is not None:
                query = query.where(ForeignSignIn.provider_session == claims["sid"])
            ended = list(session.scalars(query))
            for sign_in_id in ended:
                self._delete(session, sign_in_id, "signed out at the provider")
        return len(ended)

    def left_there(self, name: str, issuer: str | None, provider_session: str | None, secret: str | None) -> int:
        """Front-channel logout: this browser was signed out at the provider, whose page loads ours; returns how many ended.

        The provider names itself and the session there, or nothing: then the browser's own cookie says which sign-in ends,
        which browsers send only where provider and platform are of one site. `InvalidInput` for one without the other, or of
        another issuer.
        """
        provider = self.provider(name)
        if (issuer is None) != (provider_session is None):
            raise InvalidInput("`iss` and `sid` come together.", field="sid" if provider_session is None else "iss")
        if issuer is not None and issuer != provider.settings.issuer:
            raise InvalidInput(f"'{issuer[:100]}' is not the issuer of this provider.", field="iss")
        query = (
            select(ForeignSignIn.sign_in_id)
            .join(LinkedIdentity, LinkedIdentity.id == ForeignSignIn.identity_id)
            .join(SignIn, SignIn.id == ForeignSignIn.sign_in_id)
            .where(ForeignSignIn.provider == name, LinkedIdentity.issuer == provider.settings.issuer)
        )
        if provider_session is not None:
            query = query.where(ForeignSignIn.provider_session == provider_session)
        elif secret is not None:
            query = query.where(SignIn.secret_hash == digest(secret))
        else:
            return 0
        with self._database.session() as session:
            ended = list(session.scalars(query))
            for sign_in_id in ended:
                self._delete(session, sign_in_id, "signed out at the provider")
        return len(ended)

    def _due(self) -> list[_Due]:
        now = self._database.clock()
        before = now - timedelta(minutes=self._settings.sign_in.refresh_minutes)
        query = (
            select(ForeignSignIn, LinkedIdentity.subject)
            .join(LinkedIdentity, LinkedIdentity.id == ForeignSignIn.identity_id)
            .join(SignIn, SignIn.id == ForeignSignIn.sign_in_id)
            .where(ForeignSignIn.asked <= before, ForeignSignIn.refresh_token.is_not(None), SignIn.expires > now)
            .order_by(ForeignSignIn.asked)
            .limit(_BATCH)
        )
        with self._database.read() as session:
            return [
                _Due(row.sign_in_id, row.provider, subject, row.refresh_token or "")
                for row, subject in session.execute(query)
            ]

    def _renewed(self, due: _Due, arrival: Arrival, provider: Provider) -> None:
        with self._database.session() as session:
            row = session.get(ForeignSignIn, due.sign_in_id)
            if row is None:  # signed out meanwhile
                return
            row.asked = self._database.clock()
            row.refresh_token = self.vault.lock(arrival.refresh_token) if arrival.refresh_token else None
            if arrival.id_token and provider.settings.logout:
                row.id_token = self.vault.lock(arrival.id_token)
            identity = session.get_one(LinkedIdentity, row.identity_id)
            self._evaluate(session, identity, provider.settings, arrival)

    def _postpone(self, sign_in_id: int) -> None:
        with self._database.session() as session:
            row = session.get(ForeignSignIn, sign_in_id)
            if row is not None:
                row.asked = self._database.clock()

    def _end(self, sign_in_id: int, reason: str) -> None:
        with self._database.session() as session:
            self._delete(session, sign_in_id, reason)

    def _delete(self, session: Session, sign_in_id: int, reason: str) -> None:
        row = session.get(SignIn, sign_in_id)
        if row is not None:
            session.delete(row)
            self._log(session, "session.expired", session.get_one(Person, row.person_id), payload={"reason": reason})

    def _use_once(self, session: Session, provider: Provider, jti: object, exp: float) -> None:
        now = self._database.clock()
        session.execute(delete(SeenToken).where(SeenToken.expires <= now))
        ends = datetime.fromtimestamp(exp, tz=now.tzinfo) + timedelta(minutes=5)
        session.add(SeenToken(token_hash=digest(f"{provider.settings.issuer} {jti}"), expires=ends))
        try:
            session.flush()
        except IntegrityError as error:
            raise InvalidInput("This logout token has been used.", field="logout_token") from error
