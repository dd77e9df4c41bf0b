"""What is shared with the community: the PaNOSC search API, what was imported from other catalogues, publications with DOIs."""

from pandaas.federation import citing
from pandaas.federation.brackets import from_brackets
from pandaas.federation.datacite import Registrar
from pandaas.federation.exports import METADATA, Exports
from pandaas.federation.filters import FilterError
from pandaas.federation.panosc import Answer, NarrowingFor, PanoscSearch
from pandaas.federation.publications import RELATIONS, Publications, PublicationView
from pandaas.federation.seed import ImportReport, SeedImport

__all__ = [
    "METADATA",
    "RELATIONS",
    "Answer",
    "Exports",
    "FilterError",
    "ImportReport",
    "NarrowingFor",
    "PanoscSearch",
    "PublicationView",
    "Publications",
    "Registrar",
    "SeedImport",
    "citing",
    "from_brackets",
]
