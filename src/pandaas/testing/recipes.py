"""The contract's suite for recipes. A recipe's own tests subclass it:

    class TestMine(RecipeConformance):
        recipe = Path(__file__).parents[1]

        def make_inputs(self, folder):            # slot → files, or dictionaries as in job.json
            return {"sample": [write_a_small_file(folder)]}

        def check_result(self, result):           # an open h5py.File of the result
            assert result["entry/…"][0] == …

The recipe runs as its jobs do: by the SDK, in its own environment, in the sandbox, the first time started anew and then
forked from a process that has imported its codes (the warm pool). `run(...)` gives any test a result.
"""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
import pytest

from pandaas.config import Settings, default_home, load_settings
from pandaas.jobs.comparison import compare
from pandaas.model import InvalidInput, RecipeManifest
from pandaas.recipes import complete_parameters, parse_manifest
from pandaas.recipes.parameters import check_schema
from pandaas.runtime import Bind, Confinement, ExitRecord, LocalEngine, Runtime, Template, WorkSpec
from pandaas.runtime.files import give
from pandaas.testing.damage import KINDS, damaged

_TIMEOUT_S = 600
_OWN_CODE = ("blockwise", "whole")  # what a warm process can have imported before
Inputs = Mapping[str, Sequence["Path | Mapping[str, Any]"]]


@lru_cache(maxsize=1)
def _runtime() -> Runtime:
    """One runtime for all recipes under test; environments are shared with the platform's home."""
    home = Path(os.environ.get("PANDAAS_TEST_HOME") or default_home())
    settings: Settings = load_settings(home=home)
    return Runtime(settings)


@lru_cache(maxsize=1)
def _engine() -> LocalEngine:
    """An engine that keeps a warm process from the first run of a recipe on."""
    settings = _runtime().settings.runtime
    return LocalEngine(
        settings.model_copy(update={"warm": settings.warm.model_copy(update={"after": 1})}), _runtime().sandbox
    )


class RecipeRun:
    """What one run left. `result` is the file, `failure` what failure.json says, `warnings` the texts."""

    def __init__(self, output: Path, done: subprocess.CompletedProcess[bytes]) -> None:
        self.output = output
        self.result = output / "result.nxs"
        self.code = done.returncode
        self.log = (done.stdout + done.stderr).decode("utf-8", "replace")
        self.failure = _json(output / "failure.json")
        self.warnings: list[str] = _json(output / "warnings.json") or []
        lines = output / "progress.jsonl"
        self.progress = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []


class RecipeConformance(ABC):
    """See the module. `parameters` are used beside the recipe's defaults.

    `copes_with` names kinds of damage (`pandaas.testing.damage`) that the recipe gets by with a result, and how; `measured` are
    the arrays of the main input that are damaged where its default array isn't all of the measurement.
    """

    recipe: ClassVar[Path]
    parameters: ClassVar[Mapping[str, Any]] = {}
    program: ClassVar[Path | None] = None  # a stand-in for the installed program of a command recipe
    copes_with: ClassVar[Mapping[str, str]] = {}
    measured: ClassVar[Sequence[str]] = ()

    @abstractmethod
    def make_inputs(self, folder: Path) -> Inputs:
        """Small inputs, written below `folder`."""

    @abstractmethod
    def check_result(self, result: h5py.File) -> None:
        """Assert what the recipe finds in these inputs."""

    @pytest.fixture(scope="class")
    @classmethod
    def manifest(cls) -> RecipeManifest:
        return parse_manifest(cls.recipe)

    @pytest.fixture(scope="class")
    @classmethod
    def schema(cls) -> dict[str, Any]:
        done = sdk(cls.recipe, ["schema", str(cls.recipe)], read_only=[cls.recipe])
        assert done.returncode == 0, done.stderr.decode()
        return check_schema(json.loads(done.stdout))

    @pytest.fixture(scope="class")
    @classmethod
    def first_run(cls, tmp_path_factory: pytest.TempPathFactory) -> RecipeRun:
        return cls().run(tmp_path_factory.mktemp("first"))

    def run(self, folder: Path, inputs: Inputs | None = None, **parameters: Any) -> RecipeRun:
        """Run the recipe in `folder` and return what it left."""
        given = inputs or self.make_inputs(folder)
        return run_recipe(self.recipe, folder, given, {**self.parameters, **parameters}, self.program)

    def test_the_manifest_is_complete(self, manifest: RecipeManifest) -> None:
        assert manifest.id == self.recipe.name
        assert manifest.title
        assert manifest.summary
        assert (self.recipe / "README.md").is_file()

    def test_every_parameter_is_explained(self, schema: dict[str, Any]) -> None:
        for name, field in schema.get("properties", {}).items():
            assert field.get("title"), f"{name} has no title"
            assert field.get("description"), f"{name} has no description"

    def test_the_defaults_satisfy_the_schema(self, schema: dict[str, Any]) -> None:
        needed = {name: value for name, value in self.parameters.items() if name in schema.get("required", ())}
        complete_parameters(schema, needed)

    def test_unknown_parameters_are_refused(self, schema: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput, match="surely_not_a_parameter"):
            complete_parameters(schema, {"surely_not_a_parameter": 1})

    def test_every_number_has_bounds(self, schema: dict[str, Any]) -> None:
        """What can't be is refused before anything is queued, with the field and what it may be."""
        assert sorted(set(_without_bounds(schema))) == []

    @pytest.mark.parametrize("kind", KINDS)
    def test_damaged_data_are_told_in_words(
        self, kind: str, manifest: RecipeManifest, schema: dict[str, Any], tmp_path: Path
    ) -> None:
        """What is wrong, which field it is and what to do, without a word of the code's own."""
        if self.program is not None:  # a stand-in reads nothing
            return
        if manifest.shape == "notebook" and kind in {"empty", "torn"}:  # each starts a Python of its own
            return
        (tmp_path / "good").mkdir()
        good = self.make_inputs(tmp_path / "good")
        slot = next(one.name for one in manifest.inputs if one.minimum)
        found = [
            damaged(_input(slot, number, one), kind, tmp_path / "bad" / str(number), self.measured)
            for number, one in enumerate(good[slot])
        ]
        spoilt = [one for one in found if one is not None]
        if not spoilt:
            return
        run = self.run(tmp_path, {**good, slot: spoilt})
        if kind in self.copes_with:
            assert run.code == 0, run.log
            return
        # Of a notebook only the error's words leave its own process.
        fields = {one.name for one in manifest.inputs} | set(schema.get("properties", ()))
        assert_told(run, None if manifest.shape == "notebook" else fields)

    def test_it_runs_and_finds_what_it_should(self, first_run: RecipeRun) -> None:
        assert first_run.code == 0, first_run.log
        with h5py.File(first_run.result, "r") as result:
            self.check_result(result)

    def test_the_result_opens_with_its_default_plot(self, first_run: RecipeRun) -> None:
        with h5py.File(first_run.result, "r") as result:
            node: Any = result
            while "default" in node.attrs:
                node = node[node.attrs["default"]]
            assert node.attrs["NX_class"] == "NXdata"
            signal = node[node.attrs["signal"]]
            assert signal.size > 0
            axes = np.atleast_1d(node.attrs.get("axes", []))
            for axis, found in enumerate(axes):
                name = found.decode() if isinstance(found, bytes) else str(found)
                assert name == "." or node[name].shape[0] in {signal.shape[axis], signal.shape[axis] + 1}

    def test_the_result_is_what_the_manifest_declares(self, first_run: RecipeRun, manifest: RecipeManifest) -> None:
        """Chains are checked by what `[[outputs]]` says before anything runs."""
        if not manifest.outputs:
            return
        with h5py.File(first_run.result, "r") as result:
            node: Any = result
            while "default" in node.attrs:
                node = node[node.attrs["default"]]
            size = node[node.attrs["signal"]].ndim
            follows = {one[()].decode() for one in _nodes(result) if one.name.endswith("/definition")}
        assert any(
            output.dimensions[0] <= size <= output.dimensions[1] and follows.issuperset(output.definitions)
            for output in manifest.outputs
        )

    def test_the_result_says_how_it_was_made(self, first_run: RecipeRun) -> None:
        with h5py.File(first_run.result, "r") as result:
            found = [node for node in _nodes(result) if node.attrs.get("NX_class") == "NXprocess"]
            assert found, "no NXprocess"
            assert found[0]["program"][()]
            assert found[0]["version"][()]

    def test_progress_ends_complete(self, first_run: RecipeRun) -> None:
        assert first_run.progress, "no progress was told"
        assert first_run.progress[-1]["fraction"] == 1.0
        fractions = [line["fraction"] for line in first_run.progress if line["fraction"] is not None]
        assert fractions == sorted(fractions)

    def test_a_second_run_gives_the_same(self, first_run: RecipeRun, manifest: RecipeManifest, tmp_path: Path) -> None:
        again = self.run(tmp_path)
        assert again.code == 0, again.log
        found = compare(str(first_run.result), str(again.result), _tolerance(manifest))
        assert found["equal"], found["differences"]

    def test_a_perturbed_result_is_told_apart(
        self, first_run: RecipeRun, manifest: RecipeManifest, tmp_path: Path
    ) -> None:
        """Ten times the tolerance on one number of the default plot must be seen."""
        other = tmp_path / "perturbed.nxs"
        other.write_bytes(first_run.result.read_bytes())
        tolerance = _tolerance(manifest)
        with h5py.File(other, "r+") as result:
            node: Any = result
            while "default" in node.attrs:
                node = node[node.attrs["default"]]
            _perturb(node[node.attrs["signal"]], 10 * (tolerance or 1e-15))
        assert not compare(str(first_run.result), str(other), tolerance)["equal"]

    def test_in_pieces_it_gives_the_same_bits(
        self, first_run: RecipeRun, manifest: RecipeManifest, tmp_path: Path
    ) -> None:
        """A blockwise recipe gives the same on any engine: blocks worked on apart, merged in order."""
        if manifest.shape != "blockwise":
            return
        result = run_in_pieces(self.recipe, tmp_path, self.make_inputs(tmp_path), dict(self.parameters))
        found = compare(str(first_run.result), str(result), 0.0)
        assert found["bit_equal"], found["differences"]


def assert_told(run: RecipeRun, fields: Collection[str] | None) -> None:
    """The run failed and says what is wrong, which of `fields` it is and what to do, without a word of the code's own."""
    assert run.code == 1, run.log
    assert run.failure["what"]
    assert run.failure["remedy"]
    if fields is not None:
        assert run.failure["field"] in fields
    said = f"{run.failure['what']} {run.failure['remedy']}"
    assert not re.search(r"unexpected error|Traceback|\w(Error|Exception)\b", said), said


def spoilt(slot: str, files: Sequence[Path], kind: str, folder: Path) -> list[dict[str, Any]]:
    """Inputs of a recipe whose files are damaged (`pandaas.testing.damage`), those that can be damaged so."""
    found = [damaged(_input(slot, number, file), kind, folder / str(number)) for number, file in enumerate(files)]
    return [one for one in found if one is not None]


def run_recipe(
    recipe: Path, folder: Path, inputs: Inputs, parameters: Mapping[str, Any], program: Path | None = None
) -> RecipeRun:
    """Run the recipe once as a job would; `folder` takes job.json and the output. `program` stands in for a real one."""
    job = write_job(recipe, folder, inputs, parameters, program)
    output = folder / "output"
    shown = [recipe, job, *_files(inputs), *([program] if program else [])]
    done = sdk(recipe, ["run", str(job)], read_only=shown, writable=[output])
    return RecipeRun(output, done)


def run_in_pieces(recipe: Path, folder: Path, inputs: Inputs, parameters: Mapping[str, Any]) -> Path:
    """Plan, process each half of the blocks by itself, finish; returns the result."""
    job = write_job(recipe, folder, inputs, parameters)
    output = folder / "output"
    shown = {"read_only": [recipe, job, *_files(inputs)], "writable": [output]}
    planned = sdk(recipe, ["plan", str(job)], **shown)
    assert planned.returncode == 0, planned.stderr.decode()
    count = len(_planned(planned.stdout.decode())["blocks"])
    middle = math.ceil(count / 2)
    partials = []
    for first, last in ((0, middle), (middle, count)):
        if first < last:
            partials.append(str(output / f"partial-{first}"))
            done = sdk(recipe, ["process", str(job), "--blocks", f"{first}:{last}", "--partial", partials[-1]], **shown)
            assert done.returncode == 0, done.stderr.decode()
    done = sdk(recipe, ["finish", str(job), *reversed(partials)], **shown)
    assert done.returncode == 0, done.stderr.decode()
    return output / "result.nxs"


def _planned(said: str) -> dict[str, Any]:
    """The plan among what was written: the last line that is an object."""
    plan: dict[str, Any] = json.loads([line for line in said.splitlines() if line.startswith("{")][-1])
    return plan


def write_job(
    recipe: Path, folder: Path, inputs: Inputs, parameters: Mapping[str, Any], program: Path | None = None
) -> Path:
    """Write `folder/job.json` with an empty `folder/output`; files become inputs as a bare catalogue would say them."""
    manifest = parse_manifest(recipe)
    output = folder / "output"
    output.mkdir(parents=True, exist_ok=True)
    give(output, _runtime().sandbox.account_for(0))
    job = {
        "format": 1,
        "job": "job-test",
        "recipe": {
            "id": manifest.id,
            "version": manifest.version,
            "shape": manifest.shape,
            "folder": str(recipe),
        },
        "parameters": dict(parameters),
        "cores": manifest.resources.cores,
        "memory_mb": manifest.resources.memory_mb,
        "inputs": {slot: [_input(slot, n, one) for n, one in enumerate(given)] for slot, given in inputs.items()},
        "output": str(output),
        "person": "Test",
        "started_by": "pandaas.testing",
    }
    if program is not None:
        job["program"] = {
            "name": manifest.program.name if manifest.program else "",
            "version": "0",
            "path": str(program),
        }
    elif manifest.program is not None:
        found = _runtime().programs.find(manifest.program)
        if found is not None:
            version = _runtime().programs.version(manifest.program, found)
            job["program"] = {
                "name": manifest.program.name,
                "version": version,
                "path": str(found.path),
                "variables": dict(found.variables),
            }
    path = folder / "job.json"
    path.write_text(json.dumps(job), "utf-8")
    path.chmod(0o644)
    return path


def sdk(
    recipe: Path, words: Sequence[str], *, read_only: Sequence[Path], writable: Sequence[Path] = ()
) -> subprocess.CompletedProcess[bytes]:
    """`python -m pandaas.sdk …` in the recipe's environment and sandbox; of a job with its output folder, as a job.

    What a job writes is all in `stdout`.
    """
    manifest = parse_manifest(recipe)
    if writable and manifest.shape in _OWN_CODE:
        return _as_job(recipe, manifest, words, read_only, writable)
    argv = [*_sdk_command(manifest), *words]
    return _runtime().sandbox.run(argv, _confinement(manifest, read_only, writable), timeout_s=_TIMEOUT_S)


def _as_job(
    recipe: Path, manifest: RecipeManifest, words: Sequence[str], read_only: Sequence[Path], writable: Sequence[Path]
) -> subprocess.CompletedProcess[bytes]:
    folder = writable[0].parent / f"recipe-test-{secrets.token_hex(6)}"  # control groups are named after it
    folder.mkdir()
    command = _sdk_command(manifest)
    threads = 1 if manifest.shape == "blockwise" else manifest.resources.cores
    work = WorkSpec(
        folder,
        (*command, *words),
        _confinement(manifest, read_only, writable),
        cores=manifest.resources.cores,
        memory_mb=manifest.resources.memory_mb,
        time_limit_s=_TIMEOUT_S,
        template=Template(
            (*command, "wait", "--threads", str(threads), str(recipe)),
            replace(_confinement(manifest, [recipe]), cores=threads),
            tuple(words),
            "test",
        ),
    )
    handle = _engine().submit(work)
    while (seen := _engine().poll([handle])[0]).state not in {"ended", "unknown"}:
        time.sleep(0.01)
    log = (folder / "log.txt").read_bytes() if (folder / "log.txt").exists() else b""
    code, why = _end(seen.exit)
    return subprocess.CompletedProcess(work.argv, code, stdout=log, stderr=why)


def _end(record: ExitRecord | None) -> tuple[int, bytes]:
    """Exit code, negative for a signal, and what the engine has to say of an end that was not the work's own."""
    if record is None:
        return -1, b"The work was lost."
    said = "" if record.reason == "exit" else f"Ended by the engine: {record.reason} {record.detail}"
    return (record.code if record.code is not None else -(record.signal or 1)), said.encode()


def _sdk_command(manifest: RecipeManifest) -> tuple[str, ...]:
    return (str(_runtime().environments.ensure(manifest.environment).python), "-m", "pandaas.sdk")


def _confinement(manifest: RecipeManifest, read_only: Sequence[Path], writable: Sequence[Path] = ()) -> Confinement:
    runtime = _runtime()
    binds = runtime.environments.ensure(manifest.environment).binds
    return Confinement(
        read_only=(*binds, runtime.sdk.bind(), *(Bind(path) for path in read_only)),
        writable=tuple(writable),
        variables={"PYTHONPATH": str(runtime.sdk_path), "SOURCE_DATE_EPOCH": "0"},
        account=runtime.sandbox.account_for(0),
        memory_mb=manifest.resources.memory_mb,
        cores=manifest.resources.cores,
    )


def _input(slot: str, number: int, given: Path | Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(given, Path):
        return dict(given)
    arrays = []
    if h5py.is_hdf5(given):
        with h5py.File(given, "r") as file:
            arrays = [
                {"path": node.name, "shape": list(node.shape), "dtype": node.dtype.str, "kind": "other"}
                for node in _nodes(file)
                if isinstance(node, h5py.Dataset) and node.dtype.kind in "iuf"
            ]
    return {
        "pid": f"ds-{slot}-{number}",
        "version": 1,
        "title": given.stem,
        "files": [str(given)],
        "master": str(given),
        "format": "nexus" if arrays else given.suffix.lstrip("."),
        "entry_path": "/entry",
        "kind": "raw",
        "arrays": arrays,
    }


def _files(inputs: Inputs) -> list[Path]:
    found: list[Path] = []
    for given in inputs.values():
        for one in given:
            found += (
                [one]
                if isinstance(one, Path)
                else [Path(name) for name in (*one["files"], *one.get("attachments", ()))]
            )
    return found


def _nodes(file: h5py.File) -> list[Any]:
    names: list[str] = []
    file.visit(names.append)
    return [file[name] for name in names]


def _without_bounds(node: Any, name: str = "") -> Iterator[str]:
    """Names of the numbers of a JSON Schema that may be as large or as small as anybody likes."""
    if not isinstance(node, dict):
        return
    if node.get("type") in {"number", "integer"} and not {"enum", "const"} & set(node):
        sides = ({"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"})
        if not all(side & set(node) for side in sides):
            yield name
    for key in ("properties", "$defs"):
        for inner, field in node.get(key, {}).items():
            yield from _without_bounds(field, f"{name}.{inner}" if name else inner)
    for field in (*node.get("anyOf", ()), node.get("items")):
        yield from _without_bounds(field, name)


def _tolerance(manifest: RecipeManifest) -> float:
    return manifest.verify_tolerance if manifest.verify == "tolerance" else 0.0


def _perturb(signal: h5py.Dataset, relative: float) -> None:
    """Change the largest number of the signal by this much, by at least its last bit."""
    values = np.asarray(signal[()])
    flat = values.reshape(-1)
    index = int(np.nanargmax(np.abs(flat)))
    changed = flat[index] * (1 + relative)
    if changed == flat[index]:
        changed = np.nextafter(flat[index], np.inf) if flat.dtype.kind == "f" else flat[index] + 1
    flat[index] = changed
    signal[...] = flat.reshape(values.shape)


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else None
