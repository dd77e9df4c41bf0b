"""Where code runs: the sandbox, the detached supervisor, environments and engines.

Names are loaded on first use, so that the supervisor (`python -m pandaas.runtime.supervisor`) starts without any of the
platform's libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandaas.runtime.building import BuildProgress
    from pandaas.runtime.choice import Candidate, Choice, Demand, Standing, choose
    from pandaas.runtime.engines.local import LocalEngine
    from pandaas.runtime.engines.port import Blocks, Engine, ExitRecord, Observation, QueuePlace, Template, WorkSpec
    from pandaas.runtime.engines.slurm.engine import SlurmEngine
    from pandaas.runtime.environments import Environment, Environments, EnvironmentStatus
    from pandaas.runtime.files import (
        give,
        give_whole,
        may_read,
        open_regular,
        read_bytes,
        read_json,
        read_text,
        take_back,
    )
    from pandaas.runtime.gpus import Gpu, LocalGpus
    from pandaas.runtime.health import Health
    from pandaas.runtime.programs import FoundProgram, Programs
    from pandaas.runtime.sandbox import Account, Bind, Confinement, Sandbox
    from pandaas.runtime.service import Runtime, Software
    from pandaas.runtime.supervisor import write_atomically
    from pandaas.runtime.usage import RunningUsage, usage_now
    from pandaas.runtime.written import written_bytes

_WHERE = {
    "Account": "sandbox",
    "Bind": "sandbox",
    "Blocks": "engines.port",
    "BuildProgress": "building",
    "Candidate": "choice",
    "Choice": "choice",
    "Confinement": "sandbox",
    "Demand": "choice",
    "Engine": "engines.port",
    "Environment": "environments",
    "EnvironmentStatus": "environments",
    "Environments": "environments",
    "ExitRecord": "engines.port",
    "FoundProgram": "programs",
    "Gpu": "gpus",
    "Health": "health",
    "LocalEngine": "engines.local",
    "LocalGpus": "gpus",
    "Observation": "engines.port",
    "RunningUsage": "usage",
    "Programs": "programs",
    "QueuePlace": "engines.port",
    "Runtime": "service",
    "Sandbox": "sandbox",
    "SlurmEngine": "engines.slurm.engine",
    "Software": "service",
    "Standing": "choice",
    "Template": "engines.port",
    "WorkSpec": "engines.port",
    "choose": "choice",
    "copy_beneath": "files",
    "open_beneath": "files",
    "give": "files",
    "give_whole": "files",
    "may_read": "files",
    "open_regular": "files",
    "read_bytes": "files",
    "read_json": "files",
    "read_text": "files",
    "take_back": "files",
    "usage_now": "usage",
    "write_atomically": "supervisor",
    "written_bytes": "written",
}

__all__ = [
    "Account",
    "Bind",
    "Blocks",
    "BuildProgress",
    "Candidate",
    "Choice",
    "Confinement",
    "Demand",
    "Engine",
    "Environment",
    "EnvironmentStatus",
    "Environments",
    "ExitRecord",
    "FoundProgram",
    "Gpu",
    "Health",
    "LocalEngine",
    "LocalGpus",
    "Observation",
    "Programs",
    "QueuePlace",
    "RunningUsage",
    "Runtime",
    "Sandbox",
    "SlurmEngine",
    "Software",
    "Standing",
    "Template",
    "WorkSpec",
    "choose",
    "copy_beneath",
    "give",
    "give_whole",
    "may_read",
    "open_beneath",
    "open_regular",
    "read_bytes",
    "read_json",
    "read_text",
    "take_back",
    "usage_now",
    "write_atomically",
    "written_bytes",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"pandaas.runtime.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'pandaas.runtime' has no attribute {name!r}")
