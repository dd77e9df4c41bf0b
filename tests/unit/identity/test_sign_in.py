"""Signing in and out, and what guessing costs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from pandaas.config import load_settings
from pandaas.db import Database
from pandaas.db.tables import Event, Person, SignIn
from pandaas.identity import Identity
from pandaas.model import Busy, NotAllowed, NotSignedIn, PrincipalKind
from pandaas.testing.clock import ManualClock

HERE = "192.0.2.1"


def sign_in(identity: Identity, password: str = "correct horse", user: str = "alice", address: str = HERE) -> str:
    return identity.sign_in(user, password, address=address, client="test")


def test_the_cookie_tells_who_signed_in(identity: Identity, alice: int) -> None:
    principal = identity.principal_of_cookie(sign_in(identity))
    assert principal is not None
    assert (principal.kind, principal.person_id, principal.name) == (PrincipalKind.PERSON, alice, "Alice Moreau")


def test_user_names_are_the_same_in_capitals(identity: Identity, alice: int) -> None:
    assert identity.principal_of_cookie(sign_in(identity, user=" Alice "))


def test_only_a_hash_of_the_secret_is_kept(identity: Identity, alice: int, sqlite_database: Database) -> None:
    secret = sign_in(identity)
    with sqlite_database.read() as session:
        [row] = session.scalars(select(SignIn))
    assert secret not in str(vars(row))
    assert len(secret) == 43


@pytest.mark.parametrize(("user", "password"), [("alice", "wrong horse"), ("nobody", "correct horse"), ("bob", "")])
def test_a_wrong_password_and_an_unknown_user_are_told_alike(
    identity: Identity, alice: int, user: str, password: str
) -> None:
    identity.create_person("bob", "Bob, who has no password")
    with pytest.raises(NotSignedIn, match="user name or the password is wrong"):
        sign_in(identity, password, user)


def test_signing_out_ends_this_sign_in_only(identity: Identity, alice: int) -> None:
    one, other = sign_in(identity), sign_in(identity)
    identity.sign_out(one)
    identity.sign_out("never-issued")
    assert identity.principal_of_cookie(one) is None
    assert identity.principal_of_cookie(other) is not None


def test_a_sign_in_expires(identity: Identity, alice: int, clock: ManualClock) -> None:
    secret = sign_in(identity)
    clock.advance(hours=11, minutes=59)
    assert identity.principal_of_cookie(secret) is not None
    clock.advance(minutes=1)
    assert identity.principal_of_cookie(secret) is None


@pytest.mark.parametrize("secret", ["", "x" * 43, "x" * 10_000, "ä" * 43, "' OR 1=1 --"])
def test_a_made_up_cookie_is_nobody(identity: Identity, alice: int, secret: str) -> None:
    assert identity.principal_of_cookie(secret) is None


def test_five_failures_are_free_then_each_wait_doubles(identity: Identity, alice: int, clock: ManualClock) -> None:
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            sign_in(identity, "wrong horse")
    waits = []
    for _ in range(3):
        seconds = 0
        while True:
            try:
                sign_in(identity, "wrong horse")
            except Busy:
                clock.advance(seconds=1)
                seconds += 1
            except NotSignedIn:
                break
        waits.append(seconds)
    assert waits == [10, 20, 40]


def test_the_right_password_waits_too_and_then_wipes_the_slate(
    identity: Identity, alice: int, clock: ManualClock
) -> None:
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            sign_in(identity, "wrong horse")
    with pytest.raises(Busy) as caught:
        sign_in(identity)
    assert caught.value.remedy == "Wait 10 seconds, then try again."
    clock.advance(seconds=10)
    assert sign_in(identity)
    with pytest.raises(NotSignedIn):
        sign_in(identity, "wrong horse")


def test_guessing_elsewhere_locks_nobody_out(identity: Identity, alice: int) -> None:
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            sign_in(identity, "wrong horse", address="198.51.100.7")
    assert sign_in(identity)


def guess_from_everywhere(identity: Identity, times: int = 30) -> None:
    for number in range(times):
        with pytest.raises(NotSignedIn):
            sign_in(identity, "wrong horse", address=f"198.51.100.{number}")


def test_guessing_from_many_addresses_locks_the_account_but_not_where_she_works(identity: Identity, alice: int) -> None:
    assert sign_in(identity, address="192.0.2.77")
    guess_from_everywhere(identity)
    with pytest.raises(Busy, match="locked"):
        sign_in(identity, address="203.0.113.5")
    assert sign_in(identity, address="192.0.2.77")


def test_the_lock_ends_by_itself_or_by_an_operator(identity: Identity, alice: int, clock: ManualClock) -> None:
    guess_from_everywhere(identity)
    with pytest.raises(Busy):
        sign_in(identity)
    assert identity.unlock("alice") == 30
    assert sign_in(identity)
    identity.sign_out("x" * 43)
    guess_from_everywhere(identity)
    with pytest.raises(Busy):
        sign_in(identity, address="203.0.113.5")
    clock.advance(hours=1, seconds=1)
    assert sign_in(identity, address="203.0.113.5")


def test_a_lock_tells_not_whether_there_is_such_an_account(identity: Identity, alice: int) -> None:
    told = []
    for user in ("alice", "nobody"):
        for number in range(30):
            with pytest.raises(NotSignedIn):
                sign_in(identity, "wrong horse", user, address=f"198.51.100.{number}")
        with pytest.raises(Busy) as caught:
            sign_in(identity, "wrong horse", user)
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_a_network_of_ipv6_counts_as_one_address(identity: Identity, alice: int) -> None:
    for number in range(5):
        with pytest.raises(NotSignedIn):
            sign_in(identity, "wrong horse", address=f"2001:db8:1:2::{number:x}")
    with pytest.raises(Busy):
        sign_in(identity, "wrong horse", address="2001:db8:1:2:ffff::1")
    with pytest.raises(NotSignedIn):
        sign_in(identity, "wrong horse", address="2001:db8:1:3::1")


def test_failures_and_locks_are_in_the_log(identity: Identity, alice: int, sqlite_database: Database) -> None:
    guess_from_everywhere(identity)
    with sqlite_database.read() as session:
        events = list(session.scalars(select(Event).where(Event.subject == "alice").order_by(Event.id)))
    kinds = [event.kind for event in events if event.kind != "person.created"]
    assert kinds == ["person.sign_in_failed"] * 30 + ["person.locked"]
    assert events[1].payload == {"address": "198.51.100.0"}


def test_one_address_that_tries_many_names_is_slowed_down(identity: Identity) -> None:
    for number in range(50):
        with pytest.raises(NotSignedIn):
            sign_in(identity, user=f"user{number}")
    with pytest.raises(Busy):
        sign_in(identity, user="another")


def test_many_guesses_at_once_do_not_slip_past(identity: Identity, alice: int) -> None:
    def guess(number: int) -> str:
        try:
            sign_in(identity, f"wrong horse {number}")
        except (NotSignedIn, Busy) as error:
            return type(error).__name__
        return "in"

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(guess, range(12)))
    assert outcomes.count("NotSignedIn") == 5
    assert outcomes.count("Busy") == 7


def test_a_disabled_person_is_out_at_once_and_kept_out(identity: Identity, alice: int) -> None:
    secret = sign_in(identity)
    _id, token = identity.create_token(alice, "script")
    identity.disable(alice)
    assert identity.principal_of_cookie(secret) is None
    with pytest.raises(NotSignedIn):
        identity.principal_of_token(token)
    with pytest.raises(NotAllowed, match="disabled"):
        sign_in(identity)
    identity.disable(alice, disabled=False)
    assert identity.principal_of_cookie(secret) is None
    assert sign_in(identity)


def test_a_new_password_ends_all_sign_ins(identity: Identity, alice: int) -> None:
    secret = sign_in(identity)
    identity.set_password(alice, "battery staple")
    assert identity.principal_of_cookie(secret) is None
    assert sign_in(identity, "battery staple")


def test_demo_accounts_work_in_a_demo_only(identity: Identity, sqlite_database: Database, tmp_path: object) -> None:
    identity.create_person("dana", "Dana", password="dana-demo", demo=True)
    with pytest.raises(NotAllowed):
        sign_in(identity, "dana-demo", "dana")
    demo = Identity(sqlite_database, load_settings(home=tmp_path, demo={"enabled": True}))
    secret = sign_in(demo, "dana-demo", "dana")
    assert demo.principal_of_cookie(secret) is not None
    assert identity.principal_of_cookie(secret) is None


def test_a_password_hashed_with_old_settings_is_hashed_anew(
    identity: Identity, alice: int, sqlite_database: Database
) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash("correct horse")
    with sqlite_database.session() as session:
        session.get_one(Person, alice).password_hash = old
    assert sign_in(identity)
    stored = identity.person(alice).password_hash
    assert stored is not None
    assert stored != old
    assert sign_in(identity)
