"""From files to datasets."""

from __future__ import annotations

from pandaas.catalogue.ingest.checksum import MeasuredFile, fingerprint_of, identity_of, sha256_of
from pandaas.catalogue.ingest.placement import Placement, Places
from pandaas.catalogue.ingest.run import Ingest, Request, Scan, Scanner
from pandaas.catalogue.ingest.store import Prepared, Store, relocate
from pandaas.catalogue.ingest.walk import measure, walk
from pandaas.catalogue.ingest.writing import is_being_written

__all__ = [
    "Ingest",
    "MeasuredFile",
    "Placement",
    "Places",
    "Prepared",
    "Request",
    "Scan",
    "Scanner",
    "Store",
    "fingerprint_of",
    "identity_of",
    "is_being_written",
    "measure",
    "relocate",
    "sha256_of",
    "walk",
]
