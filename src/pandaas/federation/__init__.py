"""The community's APIs: the PaNOSC search API, and what was imported from other catalogues."""

from pandaas.federation.filters import FilterError
from pandaas.federation.panosc import Answer, PanoscSearch
from pandaas.federation.seed import ImportReport, SeedImport

__all__ = ["Answer", "FilterError", "ImportReport", "PanoscSearch", "SeedImport"]
