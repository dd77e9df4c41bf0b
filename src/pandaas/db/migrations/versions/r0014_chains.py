"""Chains of recipes, their runs, and runs that start by themselves"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0014"
down_revision: str | None = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chain",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("sharing", sa.String(length=16), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.Column("removed", TIME, nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_chain_owner_id")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_chain_proposal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain")),
    )
    op.create_index(op.f("ix_chain_owner_id"), "chain", ["owner_id"], unique=False)
    op.create_index(op.f("ix_chain_proposal_id"), "chain", ["proposal_id"], unique=False)
    op.create_table(
        "chain_version",
        sa.Column("chain_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", JSON, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["chain_id"], ["chain.id"], name=op.f("fk_chain_version_chain_id")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_chain_version_created_by")),
        sa.PrimaryKeyConstraint("chain_id", "number", name=op.f("pk_chain_version")),
    )
    op.create_table(
        "chain_attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("chain_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("predicate", JSON, nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("at_once", sa.Integer(), nullable=False),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("core_hours_per_day", sa.Float(53), nullable=True),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.String(length=48), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("removed", TIME, nullable=True),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_chain_attachment_instrument_id")),
        sa.ForeignKeyConstraint(["chain_id"], ["chain.id"], name=op.f("fk_chain_attachment_chain_id")),
        sa.ForeignKeyConstraint(["service_id"], ["person.id"], name=op.f("fk_chain_attachment_service_id")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_chain_attachment_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_attachment")),
    )
    op.create_index(op.f("ix_chain_attachment_chain_id"), "chain_attachment", ["chain_id"], unique=False)
    op.create_index(op.f("ix_chain_attachment_instrument_id"), "chain_attachment", ["instrument_id"], unique=False)
    op.create_table(
        "chain_run",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("chain_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", JSON, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(length=64), nullable=False),
        sa.Column("attachment_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("ended", TIME, nullable=True),
        sa.ForeignKeyConstraint(["chain_id"], ["chain.id"], name=op.f("fk_chain_run_chain_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_chain_run_person_id")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_chain_run_proposal_id")),
        sa.ForeignKeyConstraint(["attachment_id"], ["chain_attachment.id"], name=op.f("fk_chain_run_attachment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_run")),
    )
    op.create_index(op.f("ix_chain_run_attachment_id"), "chain_run", ["attachment_id"], unique=False)
    op.create_index(op.f("ix_chain_run_chain_id"), "chain_run", ["chain_id"], unique=False)
    op.create_index(op.f("ix_chain_run_person_id"), "chain_run", ["person_id"], unique=False)
    op.create_index(op.f("ix_chain_run_proposal_id"), "chain_run", ["proposal_id"], unique=False)
    op.create_index(op.f("ix_chain_run_series"), "chain_run", ["series"], unique=False)
    op.create_index(op.f("ix_chain_run_state_created"), "chain_run", ["state", "created"], unique=False)
    op.create_table(
        "chain_run_input",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("dataset_pid", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["chain_run.id"], name=op.f("fk_chain_run_input_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_run_input")),
    )
    op.create_index(op.f("ix_chain_run_input_dataset_pid"), "chain_run_input", ["dataset_pid"], unique=False)
    op.create_index(op.f("ix_chain_run_input_run_id"), "chain_run_input", ["run_id"], unique=False)
    op.create_table(
        "chain_run_step",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("recipe", sa.String(length=64), nullable=False),
        sa.Column("recipe_version", sa.String(length=32), nullable=False),
        sa.Column("recipe_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["chain_run.id"], name=op.f("fk_chain_run_step_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "name", name=op.f("pk_chain_run_step")),
    )
    op.create_index(op.f("ix_chain_run_step_job_id"), "chain_run_step", ["job_id"], unique=False)
    op.create_table(
        "automatic_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attachment_id", sa.Integer(), nullable=False),
        sa.Column("chain_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("dataset_pid", sa.String(length=64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("run_id", sa.String(length=64), nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("started", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["chain_attachment.id"], name=op.f("fk_automatic_run_attachment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automatic_run")),
        sa.UniqueConstraint(
            "chain_id",
            "number",
            "dataset_pid",
            "generation",
            name=op.f("uq_automatic_run_chain_id_number_dataset_pid_generation"),
        ),
        sa.UniqueConstraint("run_id", name=op.f("uq_automatic_run_run_id")),
    )
    op.create_index(op.f("ix_automatic_run_attachment_id"), "automatic_run", ["attachment_id"], unique=False)
    op.create_index(op.f("ix_automatic_run_dataset_pid"), "automatic_run", ["dataset_pid"], unique=False)
    op.create_index(op.f("ix_automatic_run_state"), "automatic_run", ["state"], unique=False)
    with op.batch_alter_table("job") as table:
        table.add_column(sa.Column("chain_run", sa.String(length=64), nullable=True))
        table.create_index(op.f("ix_job_chain_run"), ["chain_run"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("job") as table:
        table.drop_index(op.f("ix_job_chain_run"))
        table.drop_column("chain_run")
    op.drop_table("automatic_run")
    op.drop_table("chain_run_step")
    op.drop_table("chain_run_input")
    op.drop_table("chain_run")
    op.drop_table("chain_attachment")
    op.drop_table("chain_version")
    op.drop_table("chain")
