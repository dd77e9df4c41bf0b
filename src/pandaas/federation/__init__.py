"""What is shared with the community: the PaNOSC search API, what was imported from other catalogues, publications with DOIs."""

from pandaas.federation import citing
from pandaas.federation.brackets import from_brackets
from pandaas.federation.datacite import Registrar
from pandaas.federation.exports import METADATA, Exports
from pandaas.federation.filters import FilterError
from pandaas.federation.panosc import Answer, NarrowingFor, PanoscSearch
from pandaas.federation.publications import A_PAGE, MOST_DATASETS, RELATIONS, Publications, PublicationView
from pandaas.federation.seed import ImportReport, SeedImport

__all__ = [
    "A_PAGE",
    "METADATA",
    "MOST_DATASETS",
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
