"""How complete the metadata of a dataset are, by JSON Schemas per technique or instrument."""

from pandaas.catalogue.quality.assess import Assessment, Finding, document_of
from pandaas.catalogue.quality.schema import SchemaDocument, read_schema
from pandaas.catalogue.quality.store import Quality, assess

__all__ = ["Assessment", "Finding", "Quality", "SchemaDocument", "assess", "document_of", "read_schema"]
