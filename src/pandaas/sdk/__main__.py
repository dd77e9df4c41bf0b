"""`python -m pandaas.sdk run|plan|process|finish|schema|wait|begin`: what engines call in the recipe's environment.

Exit codes: 0 done; 1 the recipe can't do it with these inputs (`failure.json` says why); 2 an unexpected error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Optional, Sequence

from pandaas.sdk.threads import pin_threads

if TYPE_CHECKING:
    from pandaas.sdk.job import Job


def main(arguments: Optional[Sequence[str]] = None) -> int:
    options = _parser().parse_args(arguments)
    os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")  # inputs are read-only, often on shared storage
    if options.verb == "schema":
        return _schema(options.recipe)
    if options.verb == "wait":
        return _wait(options)
    if options.verb == "begin":
        return _begin(options)
    return _job(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pandaas.sdk", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, text in (
        ("run", "run the whole job on this machine"),
        ("plan", "print the blocks of a blockwise job as JSON"),
        ("process", "work on some blocks and write their partial results"),
        ("finish", "merge partial results and write the result"),
    ):
        command = verbs.add_parser(verb, help=text)
        command.add_argument("job", help="job.json")
        command.add_argument("--recipe", help="folder of the recipe (default: recipe.folder in job.json)")
        if verb == "process":
            command.add_argument(
                "--blocks", required=True, type=_block_range, help="numbers of the blocks, first:last+1"
            )
            command.add_argument("--partial", required=True, help="file to write")
        if verb == "finish":
            command.add_argument("partials", nargs="+", help="files that process wrote")
    schema = verbs.add_parser("schema", help="print the JSON Schema of a recipe's parameters")
    schema.add_argument("recipe", help="folder of the recipe")
    wait = verbs.add_parser("wait", help="import a recipe's codes and wait for its jobs, given on standard input")
    wait.add_argument("recipe", nargs="?", help="folder of the recipe")
    wait.add_argument("--threads", type=int, default=1, help="threads of the numerical libraries")
    wait.add_argument("--import", dest="modules", action="append", default=[], help="a module to import besides")
    begin = verbs.add_parser("begin", help="become a script, with the modules that are there already")
    begin.add_argument("script", help="file of the script")
    begin.add_argument("words", nargs=argparse.REMAINDER, help="its arguments")
    return parser


def _schema(folder: str) -> int:
    from pandaas.sdk.errors import explain
    from pandaas.sdk.recipe import parameter_schema

    try:
        _say(json.dumps(parameter_schema(os.path.abspath(folder)), indent=1))
    except Exception as error:  # noqa: BLE001 - a recipe's module may raise anything while it is imported
        traceback.print_exc()
        sys.stderr.write(f"{explain(error)}\n")
        return 1
    return 0


def _wait(options: argparse.Namespace) -> int:
    pin_threads(options.threads)
    from pandaas.sdk.waiting import wait

    return wait(options.recipe, options.modules)


def _begin(options: argparse.Namespace) -> int:
    """The script finds what it would find if it had been started by itself: not the SDK, nor the folder we stand in."""
    import runpy

    own = (sys.prefix, sys.base_prefix)
    sys.path[:] = [place for place in sys.path if place.startswith(own)]
    sys.argv = [options.script, *options.words]
    runpy.run_path(options.script, run_name="__main__")
    return 0


def _job(options: argparse.Namespace) -> int:
    pin_threads(_thread_count(options.job))
    from pandaas.sdk.errors import RecipeError, explain
    from pandaas.sdk.job import JOB, load_job, set_current_job
    from pandaas.sdk.journal import standard
    from pandaas.sdk.report import Reporter, set_reporter

    reporter = Reporter()
    try:
        job = load_job(options.job, options.recipe)
        os.makedirs(job.output, exist_ok=True)
        reporter = Reporter(job.output, journal=standard())
        set_reporter(reporter)
        set_current_job(job)
        os.environ[JOB] = os.path.abspath(options.job)
        reporter.journal.begin(job)
        _carry_out(options, job)
    except RecipeError as error:
        if error.__cause__ is not None:  # else it was said on purpose: where in the code helps nobody
            traceback.print_exc()
        elif reporter.folder is None:  # there is no log yet
            sys.stderr.write(f"RecipeError: {error}\n")
        reporter.fail(error)
        return 1
    except Exception as error:  # noqa: BLE001 - the last one to say in plain words what happened
        traceback.print_exc()
        reporter.fail(explain(error))
        return 2
    reporter.flush()
    reporter.journal.end(job)
    return 0


def _carry_out(options: argparse.Namespace, job: Job) -> None:
    from pandaas.sdk import blockwise, command, cwl, ewoks, notebook, whole
    from pandaas.sdk.errors import RecipeError
    from pandaas.sdk.recipe import load_code, load_parameters
    from pandaas.sdk.report import progress

    progress(0.0, "Loading the program")
    parameters = load_parameters(job.recipe_folder, job.parameters)
    if job.shape != "blockwise" and options.verb != "run":
        raise RecipeError(f"'{options.verb}' needs a blockwise recipe; {job.recipe_id} runs as a whole.")
    others = {"notebook": notebook.run, "command": command.run, "ewoks": ewoks.run, "cwl": cwl.run}
    if job.shape in others:
        others[job.shape](job, parameters)
        return
    code = load_code(job.recipe_folder, job.shape)
    if job.shape != "blockwise":
        whole.run(code, job, parameters)
    elif options.verb == "run":
        blockwise.run(code, job, parameters)
    elif options.verb == "plan":
        _say(json.dumps(blockwise.plan(code, job, parameters)))
    elif options.verb == "process":
        blockwise.process(code, job, parameters, options.blocks, options.partial)
    else:
        blockwise.finish(code, job, parameters, options.partials)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _thread_count(path: str) -> int:
    """Blocks run one per process with one thread each; a whole recipe may use all cores itself."""
    try:
        with open(path, encoding="utf-8") as stream:
            tree = json.load(stream)
        return 1 if tree["recipe"]["shape"] == "blockwise" else int(tree.get("cores") or 1)
    except (OSError, ValueError, KeyError, TypeError):
        return 1  # load_job says what is wrong with it


def _block_range(text: str) -> tuple[int, int]:
    first, _, last = text.partition(":")
    try:
        return int(first), int(last)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not first:last, for example 0:8") from error


if __name__ == "__main__":
    sys.exit(main())
