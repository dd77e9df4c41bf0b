"""The index of the search: bitmaps and sorted values in memory that answer what SQL answers, in a fraction of the time."""

from pandaas.catalogue.search.index.checking import check_index
from pandaas.catalogue.search.index.engine import IndexSearch
from pandaas.catalogue.search.index.granted import IndexOfRights
from pandaas.catalogue.search.index.keeping import index_folder
from pandaas.catalogue.search.index.narrowing import Narrowing

__all__ = ["IndexOfRights", "IndexSearch", "Narrowing", "check_index", "index_folder"]
