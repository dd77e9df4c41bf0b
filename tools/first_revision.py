"""Write the first schema revision anew from the tables. Only while nothing is released: afterwards add revisions."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from pandaas.db.migrate import MIGRATIONS, alembic_config, schema_connection


def main() -> None:
    versions = MIGRATIONS / "versions"
    for old in versions.glob("r*.py"):
        old.unlink()
    config = alembic_config()
    config.attributes["batch"] = False
    with tempfile.TemporaryDirectory() as folder, schema_connection(f"sqlite:///{folder}/empty.sqlite") as connection:
        config.attributes["connection"] = connection
        command.revision(config, "First schema", autogenerate=True, rev_id="0001")
    [made] = versions.glob("r*.py")
    lines = [line for line in made.read_text("utf-8").splitlines() if not line.strip().startswith("# ###")]
    made.write_text("\n".join(lines) + "\n", "utf-8")
    ruff = Path(sys.executable).with_name("ruff")
    subprocess.run([ruff, "check", "-q", "--fix", made], check=True)
    subprocess.run([ruff, "format", "-q", made], check=True)


if __name__ == "__main__":
    main()
