"""What a job is told about its inputs."""

from __future__ import annotations

import pytest

from pandaas.db.tables import Dataset, DatasetFile
from pandaas.jobs.folder import describe_dataset


@pytest.mark.parametrize(
    ("roles", "files", "attachments"),
    [
        ({"a.tif": "data", "a.poni": "attachment"}, ["/d/a.tif"], ["/d/a.poni"]),
        ({"a.poni": "attachment"}, ["/d/a.poni"], []),  # a calibration that is nothing but its PONI file
    ],
)
def test_files_beside_the_data_are_told_apart_from_them(
    roles: dict[str, str], files: list[str], attachments: list[str]
) -> None:
    rows = [DatasetFile(name=name, path=f"/d/{name}", role=role) for name, role in roles.items()]
    told = describe_dataset(Dataset(pid="ds-1", version=1, title="A", files=rows))
    assert (told["files"], told["attachments"], told["master"]) == (files, attachments, files[0])
