"""Commands on a facility's people, rights and database."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pandaas.catalogue import IngestReport, QuarantinedFile
from pandaas.cli import build
from pandaas.cli.ingest import _print
from pandaas.config import load_settings
from pandaas.model import Conflict, InvalidInput, NotFound, Unavailable

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_passwords: None) -> Run:
    monkeypatch.setenv("PANDAAS_HOME", str(tmp_path / "home"))

    def call(line: str, typed: str = "") -> str:
        words = line.split()
        result = CliRunner().invoke(build(words[0]), words, input=typed, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return call


@pytest.fixture
def facility(run: Run, tmp_path: Path, sqlite_template: Path) -> Run:
    settings = load_settings(home=tmp_path / "home")
    settings.home.mkdir()
    shutil.copyfile(sqlite_template, settings.database_url.removeprefix("sqlite:///"))
    run("user create ann --name Ann --password-stdin", "correct horse\n")
    run("user create ben --name Ben --no-password")
    run("proposal instrument BL1 --title Beamline")
    run("proposal create SC-1 --title Proteins --instrument BL1 --pi ann --end 2026-05-01")
    return run


def told(run: Run, line: str) -> Any:
    return json.loads(run(line + " --json"))


def test_a_home_without_schema_says_what_to_do(run: Run) -> None:
    with pytest.raises(Unavailable) as caught:
        run("user list")
    assert "pandaas db upgrade" in str(caught.value.remedy)


def test_accounts_are_made_listed_and_disabled(facility: Run) -> None:
    facility("user role ben instrument_staff")
    facility("user disable ben")
    assert told(facility, "user list") == [
        {"user": "ann", "name": "Ann", "role": "visitor", "affiliation": None, "disabled": False},
        {"user": "ben", "name": "Ben", "role": "instrument_staff", "affiliation": None, "disabled": True},
    ]
    assert [one["user"] for one in told(facility, "people")] == ["ann"]
    facility("user enable ben")
    with pytest.raises(InvalidInput):
        facility("user role ben king")
    with pytest.raises(NotFound):
        facility("user disable nobody")


def test_details_of_an_account_are_changed(facility: Run) -> None:
    assert "'ben'" in facility("user set ben --name Benjamin --email ben@example.org --affiliation Institute")
    row = next(one for one in told(facility, "user list") if one["user"] == "ben")
    assert (row["name"], row["affiliation"]) == ("Benjamin", "Institute")
    with pytest.raises(InvalidInput, match="e-mail"):
        facility("user set ben --email nowhere")


def test_a_password_is_never_taken_from_nowhere(facility: Run) -> None:
    with pytest.raises(InvalidInput, match="nobody to type"):
        facility("user password ann")
    facility("user password ann --password-stdin", "battery staple\n")


def test_a_team_changes(facility: Run) -> None:
    facility("proposal member SC-1 ben reader")
    facility("proposal staff BL1 ben")
    assert told(facility, "proposal show SC-1")["members"] == {"ann": "principal_investigator", "ben": "reader"}
    assert told(facility, "people ben")[0]["instruments"] == ["BL1"]
    assert [one["name"] for one in told(facility, "proposal list --user ben")] == ["SC-1"]
    facility("proposal remove-member SC-1 ben")
    facility("proposal staff BL1 ben --remove")
    assert told(facility, "proposal list --user ben") == []


def test_a_release_is_set(facility: Run) -> None:
    facility("policy release SC-1 --at 2020-01-01")
    assert told(facility, "proposal show SC-1")["open"] is True
    facility("policy release SC-1 --never")
    assert told(facility, "proposal show SC-1")["open"] is False
    for line in ("policy release SC-1", "policy release SC-1 --now --never", "policy release SC-1 --at tomorrow"):
        with pytest.raises(InvalidInput):
            facility(line)


def test_the_rule_is_printed(facility: Run) -> None:
    assert {line["who"] for line in told(facility, "policy rule")} >= {"operator", "released", "instrument staff"}


def test_a_token_is_printed_alone(facility: Run) -> None:
    text = facility("token create --user ann")
    assert text.startswith("pandaas_")
    assert len(text.strip().split()) == 1
    [listed] = told(facility, "token list --user ann")
    assert listed["scopes"] == ["read", "run", "write"]
    assert text.strip() not in str(listed)
    facility(f"token delete --user ann {listed['id']}")
    assert told(facility, "token list --user ann") == []
    assert told(facility, "token create --user ann --scope read --days 0")["token"].startswith("pandaas_")
    assert told(facility, "token list --user ann")[0]["expires"] is None


def test_the_audit_tells_what_happened(facility: Run) -> None:
    facility("token create --user ann")
    rows = told(facility, "audit events")
    assert [row["kind"] for row in rows][-1] == "token.created"
    assert {row["subject"] for row in told(facility, "audit events --kind person.")} == {"ann", "ben"}
    assert {row["proposal"] for row in told(facility, "audit events --proposal SC-1")} == {"SC-1"}
    assert [row["kind"] for row in told(facility, "audit events --actor ann")] == ["token.created"]
    assert told(facility, "audit events --since 2999-01-01") == []
    assert len(told(facility, "audit events --limit 2")) == 2


def test_the_audit_is_searched_and_verified(facility: Run) -> None:
    assert {row["kind"] for row in told(facility, "audit show --user ann")} >= {"person.created", "proposal.member_set"}
    assert told(facility, "audit show --kind data.") == []
    checked = told(facility, "audit verify")
    assert checked["whole"]
    assert told(facility, f"audit verify --noted {checked['end']}")["whole"]
    facility("user erase ben --confirm ben")
    assert "Ben" not in facility("audit show")
    with pytest.raises(NotFound):
        facility("user password ben --password-stdin", "correct horse\n")


def test_a_backup_is_made_and_restored(facility: Run, tmp_path: Path) -> None:
    done = told(facility, f"backup {tmp_path}/b.tar")
    assert Path(done["archive"]).stat().st_size == done["size"]
    facility("user create late --name Late --no-password")
    with pytest.raises(Conflict):
        facility(f"restore {tmp_path}/b.tar")
    assert told(facility, f"restore {tmp_path}/b.tar --replace")["kept_aside"]
    assert {one["user"] for one in told(facility, "user list")} == {"ann", "ben"}


def test_the_state_of_the_schema_is_told(facility: Run) -> None:
    found = told(facility, "db state")
    assert found["state"] == "current"
    assert told(facility, "db upgrade")["backup"] is None


def test_a_technique_is_a_term_of_panet(facility: Run) -> None:
    facility("proposal instrument BL2 --technique SAXS")
    facility("proposal instrument BL3 --technique http://purl.org/pan-science/PaNET/PaNET09999")
    with pytest.raises(InvalidInput, match="'guess' is no technique"):
        facility("proposal instrument BL4 --technique guess")


def test_an_email_address_is_one(facility: Run) -> None:
    facility("user create cat --name Cat --email cat@example.org --no-password")
    with pytest.raises(InvalidInput, match="'dog' is no e-mail address"):
        facility("user create dog --name Dog --email dog --no-password")


def test_only_storage_roots_are_ingested(facility: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(InvalidInput, match="none of the storage roots"):
        facility(f"ingest {tmp_path / 'elsewhere'}")


def test_an_ingest_says_each_reason_once_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    why, remedy = "Not assigned to a proposal.", "Give --proposal."
    refused = [QuarantinedFile(n, f"{n}.h5", why, remedy) for n in range(1, 9)]
    refused.append(QuarantinedFile(9, "broken.h5", "It is cut off.", None))
    report = IngestReport(datasets=[], quarantined=refused, attachments=[], pending=[], files=9, bytes=0, seconds=1.0)
    _print(report)
    told = capsys.readouterr().out
    assert told.count(why) == told.count(remedy) == 1
    assert "9 in the quarantine" in told
    assert "1.h5 (1)" in told
    assert "and 3 more: Not assigned to a proposal. Give --proposal." in told
    assert "broken.h5 (9): It is cut off." in told


def test_a_vocabulary_is_loaded_and_asked(facility: Run, tmp_path: Path) -> None:
    assert told(facility, "vocabulary show")["loaded"] is False
    file = tmp_path / "terms.json"
    broad, narrow = "http://example.org/broad", "http://example.org/narrow"
    terms = [
        {"id": broad, "label": "imaging"},
        {"id": narrow, "label": "neutron imaging", "altLabels": ["NI"], "ancestors": [broad]},
    ]
    file.write_text(json.dumps(terms))
    assert "2 techniques" in facility(f"vocabulary load {file}")
    assert told(facility, "vocabulary show NI")["broader"] == ["imaging"]
    assert facility("vocabulary list") == "imaging\n  neutron imaging\n"
    assert [term["iri"] for term in told(facility, "vocabulary search imaging")] == [broad, narrow]
    file.write_text("[{}]")
    with pytest.raises(InvalidInput, match="Term 1"):
        facility(f"vocabulary load {file}")
    assert told(facility, "vocabulary show")["techniques"] == 2
    with pytest.raises(NotFound, match="no technique"):
        facility("vocabulary show tomography")


def test_the_policy_is_shown_tried_and_changed(facility: Run) -> None:
    assert {line["type"]: line["embargo_years"] for line in told(facility, "policy show")}["public_access"] == 3
    assert told(facility, "proposal show SC-1")["release"].startswith("2029-05-01")
    tried = told(facility, "policy set public_access --embargo-years 1 --dry-run")
    assert [(one["proposal"], one["new"][:10]) for one in tried] == [("SC-1", "2027-05-01")]
    assert told(facility, "policy apply --dry-run") == []
    facility("policy set public_access --embargo-years 1 --announced")
    assert told(facility, "proposal show SC-1")["release"].startswith("2027-05-01")
    facility("policy release SC-1 --at 2030-01-01 --reason patent")
    facility("policy release SC-1 --by-policy")
    assert told(facility, "proposal show SC-1")["release"].startswith("2027-05-01")
    with pytest.raises(NotFound):
        facility("policy why ds-nothing --user ben")


def test_the_search_index_is_checked(facility: Run) -> None:
    assert told(facility, "db check") == {"datasets": 0, "differences": []}
    assert "agrees with the tables" in facility("db check --rebuild")


def test_a_person_gets_a_unix_account(facility: Run) -> None:
    assert facility("user posix ann asmith") == "Code of 'ann' runs as asmith.\n"
    assert "number of its own" in facility("user posix ann")
    with pytest.raises(InvalidInput, match="Unix account"):
        facility("user posix ann root")
