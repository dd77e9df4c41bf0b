"""All tables, one module per room; importing this registers them with the metadata."""

from pandaas.db.tables.access import Instrument, InstrumentStaff, Proposal, ProposalMember, Share
from pandaas.db.tables.catalogue import (
    Dataset,
    DatasetAncestor,
    DatasetArray,
    DatasetFile,
    DatasetParameter,
    DatasetTechnique,
    Quarantine,
    Relation,
    TechniqueVocabulary,
    Upload,
    Validity,
    VocabularyTerm,
)
from pandaas.db.tables.events import Event, Lease
from pandaas.db.tables.identity import LinkedIdentity, PathCapability, Person, SignIn, SignInAttempt, Token
from pandaas.db.tables.jobs import Job, JobInput, Notice, Recipe, RecipeDefault

__all__ = [
    "Dataset",
    "DatasetAncestor",
    "DatasetArray",
    "DatasetFile",
    "DatasetParameter",
    "DatasetTechnique",
    "Event",
    "Instrument",
    "InstrumentStaff",
    "Job",
    "JobInput",
    "Lease",
    "LinkedIdentity",
    "Notice",
    "PathCapability",
    "Person",
    "Proposal",
    "ProposalMember",
    "Quarantine",
    "Recipe",
    "RecipeDefault",
    "Relation",
    "Share",
    "SignIn",
    "SignInAttempt",
    "TechniqueVocabulary",
    "Token",
    "Upload",
    "Validity",
    "VocabularyTerm",
]
