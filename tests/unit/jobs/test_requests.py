"""What a request becomes: rights, inputs, places. No process is started."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from pandaas.db.tables import Instrument, Job, Proposal, ProposalMember, RecipeDefault, Validity
from pandaas.jobs import JobRequest
from pandaas.jobs.request import split
from pandaas.model import (
    InputSlot,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Principal,
    PrincipalKind,
    RecipeManifest,
    Role,
    Scope,
    utc_now,
)
from pandaas.recipes import DatasetSummary
from pandaas.testing.workshop import Workshop


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Recipes are checked once; the database is copied for each test."""
    workshop = Workshop(tmp_path_factory.mktemp("workshop"))
    workshop.recipes.refresh(force=True)
    yield workshop
    workshop.close()


@pytest.fixture
def workshop(_made: Workshop, tmp_path: Path) -> Iterator[Workshop]:
    home = tmp_path / "home"
    with _made.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(_made.home, home)
    made = Workshop(home, fresh=False)
    yield made
    made.close()


def test_a_request_becomes_a_job(workshop: Workshop) -> None:
    pid = workshop.dataset()
    job_id = workshop.start("alice", "sum-whole", pid)
    view = workshop.jobs.job(workshop.principal("alice"), job_id)
    assert (view.job.state, view.proposal, view.recipe_title) == ("requested", "P-alice", "Sum whole")
    assert view.job.parameters == {"factor": 1.0}
    assert view.inputs[0].pid == pid
    assert all(view.job.inputs[0].checksums.values())


def test_anonymous_people_run_nothing(workshop: Workshop) -> None:
    with pytest.raises(NotSignedIn):
        workshop.jobs.start(Principal(), JobRequest("sum-whole", {"sample": [workshop.dataset()]}))


def test_what_one_may_not_see_is_not_found(workshop: Workshop) -> None:
    pid = workshop.dataset("P-bob")
    with pytest.raises(NotFound) as caught:
        workshop.start("alice", "sum-whole", pid)
    assert caught.value.field in {"sample", None}


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({}, "sample"),
        ({"sample": []}, "sample"),
        ({"sample": ["PID"], "colour": ["PID"]}, "colour"),
        ({"sample": ["ds-nothing"]}, "sample"),
    ],
)
def test_wrong_inputs_are_named(workshop: Workshop, inputs: dict[str, list[str]], field: str) -> None:
    pid = workshop.dataset()
    named = {slot: [pid if one == "PID" else one for one in given] for slot, given in inputs.items()}
    with pytest.raises((InvalidInput, NotFound)) as caught:
        workshop.jobs.start(workshop.principal("alice"), JobRequest("sum-whole", named))
    assert caught.value.field == field


def test_a_dataset_that_does_not_fit_is_refused_with_the_reason(workshop: Workshop) -> None:
    pid = workshop.dataset(kind="mask", title="My mask")
    with pytest.raises(InvalidInput, match="'My mask' can't be used as 'Data': it is a mask"):
        workshop.start("alice", "sum-whole", pid)


def test_wrong_parameters_are_named_and_leave_no_job(workshop: Workshop) -> None:
    with pytest.raises(InvalidInput) as caught:
        workshop.start("alice", "sum-whole", workshop.dataset(), parameters={"factor": -1})
    assert caught.value.field == "factor"
    assert workshop.jobs.jobs(workshop.principal("alice")).total == 0


def test_an_unknown_recipe_engine_or_job_is_said_so(workshop: Workshop) -> None:
    pid = workshop.dataset()
    with pytest.raises(NotFound, match="no recipe 'x'"):
        workshop.start("alice", "x", pid)
    with pytest.raises(InvalidInput, match="no engine 'warp'"):
        workshop.start("alice", "sum-whole", pid, engine="warp")
    with pytest.raises(NotFound):
        workshop.jobs.job(workshop.principal("alice"), "job-none")
    with pytest.raises(InvalidInput):
        workshop.jobs.log(workshop.principal("alice"), "../../etc")


class TestPlaceOfTheResult:
    def test_data_of_two_proposals_go_to_ones_own_space(self, workshop: Workshop) -> None:
        _join(workshop, "alice", "P-bob", "member")
        self._all_over(workshop, [workshop.dataset("P-alice"), workshop.dataset("P-bob")], "personal-alice")

    def test_open_data_of_others_go_to_ones_own_space(self, workshop: Workshop) -> None:
        pid = workshop.dataset("P-bob", release_time=utc_now())
        job_id = workshop.start("alice", "sum-whole", pid)
        assert workshop.jobs.job(workshop.principal("alice"), job_id).proposal == "personal-alice"

    def test_open_data_do_not_keep_results_from_the_proposal(self, workshop: Workshop) -> None:
        pids = [workshop.dataset("P-alice"), workshop.dataset("P-bob", release_time=utc_now())]
        self._all_over(workshop, pids, "P-alice")

    def test_a_reader_gets_it_into_her_own_space(self, workshop: Workshop) -> None:
        _join(workshop, "alice", "P-bob", "reader")
        pid = workshop.dataset("P-bob")
        with pytest.raises(NotAllowed):  # readers may not analyse
            workshop.start("alice", "sum-whole", pid)

    def test_a_named_proposal_must_be_writable(self, workshop: Workshop) -> None:
        _join(workshop, "alice", "P-bob", "reader")
        with pytest.raises(NotAllowed, match="P-bob"):
            workshop.start("alice", "sum-whole", workshop.dataset(), proposal="P-bob")

    def test_proprietary_data_stay_in_their_proposal(self, workshop: Workshop) -> None:
        _join(workshop, "alice", "P-bob", "member")
        with workshop.database.session() as session:
            session.scalars(select(Proposal).where(Proposal.name == "P-bob")).one().type = "proprietary"
        pid = workshop.dataset("P-bob")
        with pytest.raises(InvalidInput, match="proprietary"):
            workshop.start("alice", "sum-whole", pid, proposal="P-alice")
        job_id = workshop.start("alice", "sum-whole", pid)
        assert workshop.jobs.job(workshop.principal("alice"), job_id).proposal == "P-bob"

    def _all_over(self, workshop: Workshop, pids: list[str], place: str) -> None:
        """One job over all of them."""
        manifest = workshop.recipe_folder / "sum-whole" / "recipe.toml"
        text = manifest.read_text().replace('selection = "each"', 'selection = "all"')
        manifest.write_text(text.replace("maximum = 1", "maximum = 0"))
        workshop.recipes.refresh(force=True)
        alice = workshop.principal("alice")
        [job_id] = workshop.jobs.start(alice, JobRequest("sum-whole", {"sample": pids}))
        assert workshop.jobs.job(alice, job_id).proposal == place


class TestWhoSeesAJob:
    def test_the_team_sees_it_when_it_may_read_the_inputs(self, workshop: Workshop) -> None:
        job_id = workshop.start("alice", "sum-whole", workshop.dataset())
        bob = workshop.principal("bob")
        assert not workshop.jobs.may_see(bob, job_id)
        _join(workshop, "bob", "P-alice", "reader")
        bob = workshop.principal("bob")
        assert workshop.jobs.may_see(bob, job_id)
        view = workshop.jobs.job(bob, job_id)
        assert not view.may_cancel
        with pytest.raises(NotAllowed):
            workshop.jobs.cancel(bob, job_id)

    def test_an_operators_token_cancels_others_jobs_only_with_the_scope_for_it(self, workshop: Workshop) -> None:
        job_id = workshop.start("alice", "sum-whole", workshop.dataset())
        _join(workshop, "bob", "P-alice", "member")
        scopes = {Scope.READ, Scope.RUN}
        for extra, may in ((frozenset[Scope](), False), (frozenset({Scope.ADMIN}), True)):
            token = workshop.principal(
                "bob", kind=PrincipalKind.TOKEN, role=Role.OPERATOR, scopes=frozenset(scopes) | extra
            )
            assert workshop.jobs.job(token, job_id).may_cancel is may

    def test_inputs_that_one_may_no_longer_see_are_hidden(self, workshop: Workshop) -> None:
        _join(workshop, "alice", "P-bob", "member")
        pid = workshop.dataset("P-bob", title="Secret run")
        job_id = workshop.start("alice", "sum-whole", pid)
        with workshop.database.session() as session:
            for member in session.scalars(select(ProposalMember)):
                if member.role == "member":
                    session.delete(member)
        view = workshop.jobs.job(workshop.principal("alice"), job_id)
        assert view.inputs[0].hidden
        assert "Secret" not in str(view.inputs)
        assert pid not in str(view.inputs)
        assert not view.may_repeat

    def test_lists_are_filtered_and_paged(self, workshop: Workshop) -> None:
        ids = [workshop.start("alice", "sum-whole", workshop.dataset()) for _ in range(3)]
        alice = workshop.principal("alice")
        page = workshop.jobs.jobs(alice, limit=2)
        assert (page.total, len(page.jobs)) == (3, 2)
        assert workshop.jobs.jobs(alice, states=["running"]).total == 0
        assert workshop.jobs.jobs(alice, recipe="sum-whole", proposal="P-alice").total == 3
        assert workshop.jobs.jobs(workshop.principal("otto"), mine=False).total == 3
        assert {view.job.id for view in workshop.jobs.jobs(alice).jobs} == set(ids)


class TestDefaults:
    _PARAMETERS = (
        "from pydantic import BaseModel, Field\n"
        "class Parameters(BaseModel):\n"
        "    distance: float = Field(1.0, title='D', description='d', json_schema_extra={'unit': 'mm', 'from': ['detector_distance']})\n"
        "    bins: int = Field(10, title='B', description='b')\n"
    )

    def test_the_file_wins_over_the_instrument_over_the_recipe(self, workshop: Workshop) -> None:
        workshop.write_recipe("geo", "def run(inputs, parameters, output): pass\n", parameters=self._PARAMETERS)
        alice = workshop.principal("alice")
        with workshop.database.session() as session:
            instrument = session.scalars(select(Instrument)).one().id
            session.add(
                RecipeDefault(
                    instrument_id=instrument,
                    recipe="geo",
                    parameters={"bins": 77, "distance": 5.0},
                    changed_by=alice.person_id,
                    changed=utc_now(),
                )
            )
        pid = workshop.dataset(parameters={"detector_distance": (2.0, "m")}, instrument_id=instrument)
        [offer] = [one for one in workshop.jobs.offers(alice, [pid]) if one.recipe.manifest.id == "geo"]
        assert offer.defaults["distance"].value == 2000.0
        assert offer.defaults["distance"].source == "from the file (/entry/x)"
        assert offer.defaults["bins"].value == 77
        assert offer.defaults["bins"].source == "default of BL-SAXS"
        job_id = workshop.start("alice", "geo", pid, parameters={"bins": 5})
        with workshop.database.read() as session:
            assert session.get_one(Job, job_id).parameters == {"distance": 2000.0, "bins": 5}

    def test_valid_calibrations_are_proposed(self, workshop: Workshop) -> None:
        manifest = workshop.recipe_folder / "sum-whole" / "recipe.toml"
        slot = '\n[[inputs]]\nname = "mask"\ntitle = "Mask"\nminimum = 0\nkinds = ["mask"]\n\n[resources]'
        manifest.write_text(manifest.read_text().replace("\n[resources]", slot))
        workshop.recipes.refresh(force=True)
        with workshop.database.session() as session:
            instrument = session.scalars(select(Instrument)).one().id
        now = utc_now()
        given = {"instrument_id": instrument, "kind": "mask", "release_time": now}
        old, valid = workshop.dataset("P-bob", **given), workshop.dataset("P-bob", **given)
        with workshop.database.session() as session:
            for pid, start, end in ((old, 2000, 2001), (valid, 2020, None)):
                session.add(
                    Validity(
                        dataset_pid=pid,
                        instrument_id=instrument,
                        purpose="mask",
                        start=now.replace(year=start),
                        end=now.replace(year=end) if end else None,
                    )
                )
        pid = workshop.dataset(instrument_id=instrument, start_time=now)
        offers = workshop.jobs.offers(workshop.principal("alice"), [pid])
        [offer] = [one for one in offers if one.recipe.manifest.id == "sum-whole"]
        assert offer.inputs == {"sample": [pid], "mask": [valid]}
        assert old in offer.suggestions["mask"]

    def test_offers_are_for_what_one_may_analyse(self, workshop: Workshop) -> None:
        with pytest.raises(NotFound):
            workshop.jobs.offers(workshop.principal("alice"), [workshop.dataset("P-bob")])

    def test_what_one_may_see_but_not_analyse_is_said_to_be_so(self, workshop: Workshop) -> None:
        released = workshop.dataset("P-bob", release_time=utc_now() - timedelta(days=1))
        with pytest.raises(NotSignedIn, match="analyse"):
            workshop.jobs.offers(Principal(), [released])


def _join(workshop: Workshop, user: str, proposal: str, role: str) -> None:
    with workshop.database.session() as session:
        place = session.scalars(select(Proposal).where(Proposal.name == proposal)).one()
        session.add(ProposalMember(proposal_id=place.id, person_id=workshop.principal(user).person_id, role=role))


def test_the_main_input_comes_first_whatever_the_order_asked() -> None:
    a, b = (DatasetSummary(number, f"ds-{number}") for number in (1, 2))
    manifest = RecipeManifest(
        "r", "1", "R", "", "whole", "core", (InputSlot("sample", "S"), InputSlot("background", "B", minimum=0))
    )
    (slots,) = split(manifest, {"background": (b,), "sample": (a,)})
    assert list(slots.items()) == [("sample", (a,)), ("background", (b,))]
