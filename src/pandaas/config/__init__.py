"""The configuration tree and the resources that travel with the program."""

from pandaas.config.resources import bubblewrap_program, bundled, package_folder
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
    Settings,
    StorageRoot,
    default_home,
    load_settings,
)

__all__ = [
    "ArraySettings",
    "DatabaseSettings",
    "DemoSettings",
    "FacilitySettings",
    "IngestSettings",
    "InstrumentSettings",
    "LogSettings",
    "MailSettings",
    "RuntimeSettings",
    "SecretSettings",
    "ServerSettings",
    "Settings",
    "StorageRoot",
    "bubblewrap_program",
    "bundled",
    "default_home",
    "load_settings",
    "package_folder",
]
