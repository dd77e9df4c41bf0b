"""What a template imports: what the recipe's files import, and nothing of the recipe itself."""

from __future__ import annotations

from pathlib import Path

from pandaas.sdk.waiting import imported_names


def test_the_codes_that_a_recipe_imports_are_found_in_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(
        "import numpy as np\nfrom pyFAI.units import to_unit, Q_NM\nfrom helper import f\n\ndef run():\n    import algotom.prep\n"
    )
    (tmp_path / "helper.py").write_text("import h5py\nfrom . import run\nfrom pyFAI.units import Q_A\n")
    assert imported_names(str(tmp_path)) == {
        "h5py": (),
        "pyFAI.units": ("Q_A", "to_unit", "Q_NM"),
        "numpy": (),
        "algotom.prep": (),
    }


def test_what_is_imported_for_types_only_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\nelse:\n    import numpy\n"
    )
    assert list(imported_names(str(tmp_path))) == ["typing"]


def test_files_that_are_no_python_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text("import numpy\n")
    (tmp_path / "broken.py").write_text("def (:\n")
    (tmp_path / "nul.py").write_bytes(b"\0")
    assert imported_names(str(tmp_path)) == {"numpy": ()}
