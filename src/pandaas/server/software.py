"""The software catalogue: what is installed here and what it is used for; what is not, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pandaas.model import NotFound, PandaasError, ProgramNeed, RecipeManifest
from pandaas.recipes import RecipeVersion
from pandaas.runtime import EnvironmentStatus
from pandaas.server.schemas import HealthCheckOut, PackageOut, SoftwareOut, UserOfSoftware
from pandaas.server.services import Services
from pandaas.sessions import Program


def catalogue(platform: Services) -> list[SoftwareOut]:
    """Environments, then the installed programs of recipes, then interactive programs; what is ready first, by title."""
    recipes, apps = platform.recipes.manifests(), platform.sessions.programs.list()
    found = [_environment(platform, name, recipes, apps) for name in platform.runtime.environments.names()]
    found += [_program(platform, callers) for callers in _callers(recipes)]
    found += [_application(app) for app in apps if app.entry.environment is None]
    return sorted(found, key=lambda one: (_ORDER[one.kind], one.state != "ready", one.title.casefold()))


def entry(platform: Services, software: str) -> SoftwareOut:
    found = next((one for one in catalogue(platform) if one.id == software), None)
    if found is None:
        raise NotFound(f"The software catalogue has no '{software[:64]}'.", remedy="Open the page Software.")
    return found


_ORDER = {"environment": 0, "program": 1, "application": 2}


def _environment(
    platform: Services, name: str, recipes: Sequence[RecipeVersion], apps: Sequence[Program]
) -> SoftwareOut:
    environments = platform.runtime.environments
    status = environments.status(name)
    own = (one.manifest for one in recipes if one.manifest.program is None)  # programs bring their codes themselves
    users = [manifest for manifest in own if manifest.environment == name]
    more: dict[str, object] = {}
    try:
        definition = environments.definition(name)
        packages = [PackageOut(name=package, version=version) for package, version in definition.contents().items()]
        more = {
            "title": definition.title,
            "python": definition.python,
            "licence": definition.licences,
            "contents": packages,
        }
    except PandaasError as error:
        more = {"title": name, "detail": error.detail}
    return SoftwareOut.model_validate(
        {
            "id": name,
            "kind": "environment",
            "state": status.state,
            "detail": status.detail,
            "remedy": _remedy(status),
            "version": status.key[:12],
            "size": status.size,
            "packages": status.packages,
            "citation": _citations(users),
            "recipes": [UserOfSoftware(id=one.id, title=one.title) for one in users],
            "apps": [UserOfSoftware(id=a.id, title=a.title) for a in apps if a.entry.environment == name],
            "health": _health(status),
            "build_s": status.build_s,
            "last_used": status.last_used,
        }
        | more
    )


def _callers(recipes: Sequence[RecipeVersion]) -> list[list[RecipeVersion]]:
    """The recipes that call an installed program, together where they declare the same one."""
    found: dict[ProgramNeed, list[RecipeVersion]] = {}
    for recipe in recipes:
        if recipe.manifest.program is not None:
            found.setdefault(recipe.manifest.program, []).append(recipe)
    return list(found.values())


def _program(platform: Services, callers: Sequence[RecipeVersion]) -> SoftwareOut:
    """An installed program, as the recipes that call it declare it."""
    recipe = next((one for one in callers if one.usable), callers[0])
    manifest, need = recipe.manifest, recipe.manifest.program
    assert need is not None  # noqa: S101 - asked by the caller
    found = platform.runtime.programs.find(need)
    version = ""
    if found is not None and recipe.usable:
        try:
            version = platform.runtime.programs.version(need, found)
        except PandaasError:
            version = ""
    return SoftwareOut(
        id=manifest.id if len(callers) == 1 else need.name.lower(),
        kind="program",
        title=need.name,
        state="absent" if found is None else "ready" if recipe.usable else "failed",
        detail=None if found is None else recipe.problem,
        remedy=need.remedy if found is None else None,
        version=version,
        licence=manifest.licence,
        citation=_citations(one.manifest for one in callers),
        url=manifest.code_url,
        recipes=[UserOfSoftware(id=one.manifest.id, title=one.manifest.title) for one in callers],
        verified=need.verified,
    )


def _application(app: Program) -> SoftwareOut:
    return SoftwareOut(
        id=app.id,
        kind="application",
        title=app.title,
        state="absent" if app.problem else "ready",
        detail=app.problem,
        remedy=app.remedy,
        licence=app.entry.licence,
        citation=list(app.entry.citation),
        url=app.entry.code_url,
        apps=[UserOfSoftware(id=app.id, title=app.title)],
    )


def _remedy(status: EnvironmentStatus) -> str | None:
    if status.remedy is not None:  # not built by the platform
        tried = f"It is tried when first needed, or by the operator: pandaas env build {status.name}"
        return tried if status.state == "missing" else status.remedy if status.state != "ready" else None
    if status.state == "missing":
        return f"It is built when first needed, or by the operator: pandaas env build {status.name}"
    return "The operator reads the build log and builds it again." if status.state == "failed" else None


def _health(status: EnvironmentStatus) -> HealthCheckOut | None:
    found = status.health
    if found is None:
        return None
    return HealthCheckOut(works=found.works, checked=found.checked, import_s=found.import_s, detail=found.detail)


def _citations(manifests: Iterable[RecipeManifest]) -> list[str]:
    return list(dict.fromkeys(text for manifest in manifests for text in manifest.citation))
