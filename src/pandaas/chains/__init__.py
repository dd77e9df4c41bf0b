"""Recipes composed into chains: checked when saved, run as one thing whose steps are jobs, on new data by themselves."""

from pandaas.chains.attaching import AttachmentRequest, AttachmentView, AutomaticView
from pandaas.chains.checking import Connection, Finding
from pandaas.chains.definition import ChainDefinition, ChainInput, ChainStep, definition_of, parse_chain, read_chain
from pandaas.chains.library import SavedChain
from pandaas.chains.planning import RunState, StepState, levels
from pandaas.chains.runs import RunInputView, RunPage, RunView, StepView
from pandaas.chains.series import Quantity, SeriesRow, SeriesTable
from pandaas.chains.service import ChainService
from pandaas.chains.starting import RunRequest

__all__ = [
    "AttachmentRequest",
    "AttachmentView",
    "AutomaticView",
    "ChainDefinition",
    "ChainInput",
    "ChainService",
    "ChainStep",
    "Connection",
    "Finding",
    "Quantity",
    "RunInputView",
    "RunPage",
    "RunRequest",
    "RunState",
    "RunView",
    "SavedChain",
    "SeriesRow",
    "SeriesTable",
    "StepState",
    "StepView",
    "definition_of",
    "levels",
    "parse_chain",
    "read_chain",
]
