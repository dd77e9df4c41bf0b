"""The community's APIs: the PaNOSC search API, and what was imported from other catalogues."""

from pandaas.federation.brackets import from_brackets
from pandaas.federation.exports import METADATA, Exports
from pandaas.federation.filters import FilterError
from pandaas.federation.panosc import Answer, NarrowingFor, PanoscSearch
from pandaas.federation.seed import ImportReport, SeedImport

__all__ = [
    "METADATA",
    "Answer",
    "Exports",
    "FilterError",
    "ImportReport",
    "NarrowingFor",
    "PanoscSearch",
    "SeedImport",
    "from_brackets",
]
