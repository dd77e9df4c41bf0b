"""SasView with the session's files loaded; its own command takes none."""

import os
import sys
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QTimer
from sas.qtgui.MainWindow import MainWindow

# OpenCL on processors wants more memory than a session has, and aborts: no driver is found in this folder.
os.environ |= {"SAS_OPENCL": "none", "OCL_ICD_VENDORS": str(Path(__file__).parent)}
start = MainWindow.MainSasViewWindow.__init__


def start_with_files(window: Any, *arguments: Any) -> None:
    start(window, *arguments)
    QTimer.singleShot(0, lambda: window.guiManager.filesWidget.loadFromURL(sys.argv[1:]))


MainWindow.MainSasViewWindow.__init__ = start_with_files
MainWindow.run_sasview()
