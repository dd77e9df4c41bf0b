"""The configuration tree and the resources that travel with the program."""

from pandaas.config.doi import DoiSettings
from pandaas.config.office import OfficeSettings
from pandaas.config.resources import bubblewrap_program, bundled, package_folder
from pandaas.config.session_providers import SessionOffer, SessionProviderSettings
from pandaas.config.session_rules import SessionRule, SessionTimes
from pandaas.config.sign_in import (
    CarriedIdentity,
    ClaimSettings,
    GroupRule,
    ProviderSettings,
    SignInSettings,
    is_safe_address,
)
from pandaas.config.slurm import SlurmDirectives, SlurmSettings
from pandaas.config.tree import (
    ArraySettings,
    DatabaseSettings,
    DemoSettings,
    FacilitySettings,
    IngestSettings,
    InstrumentSettings,
    LogSettings,
    MailSettings,
    RuntimeSettings,
    SecretSettings,
    ServerSettings,
    SessionSettings,
    Settings,
    StorageRoot,
    default_home,
    load_settings,
)
from pandaas.config.warm import WarmSettings

__all__ = [
    "ArraySettings",
    "CarriedIdentity",
    "ClaimSettings",
    "DatabaseSettings",
    "DemoSettings",
    "DoiSettings",
    "FacilitySettings",
    "GroupRule",
    "IngestSettings",
    "InstrumentSettings",
    "LogSettings",
    "MailSettings",
    "OfficeSettings",
    "ProviderSettings",
    "RuntimeSettings",
    "SecretSettings",
    "ServerSettings",
    "SessionOffer",
    "SessionProviderSettings",
    "SessionRule",
    "SessionSettings",
    "SessionTimes",
    "Settings",
    "SignInSettings",
    "SlurmDirectives",
    "SlurmSettings",
    "StorageRoot",
    "WarmSettings",
    "bubblewrap_program",
    "bundled",
    "default_home",
    "is_safe_address",
    "load_settings",
    "package_folder",
]
