"""The documentation says what the program is: generated pages are current, everything is described, examples load."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from pandaas.access.rule import RULE
from pandaas.cli.reference import settings_reference
from pandaas.config import load_settings

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools"))

import make_reference  # noqa: E402 - a script of tools/, not a package


@pytest.mark.parametrize(
    ("page", "made"),
    [
        ("cli.md", make_reference.cli_page),
        ("configuration.md", make_reference.configuration_page),
        ("http-api.md", make_reference.http_page),
    ],
)
def test_generated_pages_are_current(page: str, made: object) -> None:
    text = (ROOT / "docs/reference" / page).read_text("utf-8")
    assert text == made(), "run `make reference`"  # type: ignore[operator]


def test_every_setting_is_described() -> None:
    entries = settings_reference()
    assert len(entries) > 30
    page = (ROOT / "docs/reference/configuration.md").read_text("utf-8")
    for entry in entries:
        assert entry.description.endswith("."), entry.name
        assert f"`{entry.name.rpartition('.')[2]}`" in page


def test_the_example_configuration_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PANDAAS_HOME", "PANDAAS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    settings = load_settings(ROOT / "deploy/pandaas.toml")
    assert settings.facility.instruments[0].id == "BL-SAXS"
    pattern = settings.storage[0].proposal_pattern
    found = re.match(pattern or "", "BL-SAXS/2026/2026-0042/run1.h5")
    assert found
    assert found["proposal"] == "2026-0042"


def test_the_table_of_the_access_rule_is_the_rule() -> None:
    page = (ROOT / "docs/explanation/access-rule.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ") and "---" not in line][
        1:
    ]
    names = {
        "operator": ["operator"],
        "principal investigator": ["principal investigator"],
        "member, local contact": ["member", "local contact"],
        "reader": ["reader"],
        "owner of the row": ["owner"],
        "instrument staff": ["instrument staff"],
        "person it is shared with": ["shared with"],
        "anyone, once released": ["released"],
        "anyone, of what the policy announces": ["announced"],
    }
    documented = {tie: row for row in rows for tie in names[row[0]]}
    assert set(documented) == {grant.tie.value for grant in RULE}
    for grant in RULE:
        _who, may, withdrawn, types = documented[grant.tie.value]
        for words, actions in ((may, grant.actions), (withdrawn, grant.if_withdrawn)):
            if words != "everything":
                assert set(words.replace("nothing", "").split(", ")) - {""} == {str(action) for action in actions}
        refused = {"of every type": 0, "not proprietary": 1, "not proprietary, not personal": 2}[types]
        assert len(grant.types) == 5 - refused


def test_links_between_pages_lead_somewhere() -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} → {target}"


def test_every_page_begins_with_a_title_and_a_summary() -> None:
    """The in-application help shows both."""
    for page in (ROOT / "docs").rglob("*.md"):
        first, blank, text = page.read_text("utf-8").split("\n", 3)[:3]
        assert first.startswith("# "), page
        assert blank == "", page
        assert text, page
        assert text[0] not in "#|-`!", page


def test_every_reader_is_described() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    page = (ROOT / "docs/reference/file-formats.md").read_text("utf-8")
    assert project["entry-points"]["pandaas.readers"]
    for name in project["entry-points"]["pandaas.readers"]:
        assert f"| `{name}` |" in page


def test_every_recipe_has_a_readme_and_a_citation() -> None:
    for folder in (ROOT / "recipes").iterdir():
        if (folder / "recipe.toml").is_file():
            manifest = tomllib.loads((folder / "recipe.toml").read_text("utf-8"))
            assert (folder / "README.md").read_text("utf-8").startswith("# "), folder.name
            assert manifest["citation"], folder.name
            assert manifest["licence"], folder.name
