"""Data policy: release policies, requests and what was told; reviewer links, lenses; the audit"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0005"
down_revision: str | None = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_count",
        sa.Column("who", sa.String(length=40), nullable=False),
        sa.Column("viewer_id", sa.Integer(), nullable=False),
        sa.Column("dataset_pid", sa.String(length=64), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("minute", TIME, nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("bytes", BIG, nullable=False),
        sa.PrimaryKeyConstraint("who", "viewer_id", "dataset_pid", "door", "minute", name=op.f("pk_access_count")),
    )
    op.create_table(
        "audit",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("who", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("whom", sa.String(length=40), nullable=True),
        sa.Column("proposal_id", sa.Integer(), nullable=True),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("event_transaction", BIG, nullable=False),
        sa.Column("event_id", BIG, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_kind"), "audit", ["kind"], unique=False)
    op.create_index(op.f("ix_audit_proposal_id"), "audit", ["proposal_id"], unique=False)
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"], unique=False)
    op.create_index(op.f("ix_audit_time"), "audit", ["time"], unique=False)
    op.create_index(op.f("ix_audit_who"), "audit", ["who"], unique=False)
    op.create_index(op.f("ix_audit_whom"), "audit", ["whom"], unique=False)
    op.create_table(
        "access_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("dataset_pid", sa.String(length=64), nullable=True),
        sa.Column("proposal", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked", TIME, nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered", TIME, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("until", TIME, nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name=op.f("fk_access_request_answered_by")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_access_request_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_request")),
    )
    op.create_index(op.f("ix_access_request_dataset_pid"), "access_request", ["dataset_pid"], unique=False)
    op.create_index(op.f("ix_access_request_person_id"), "access_request", ["person_id"], unique=False)
    op.create_index(op.f("ix_access_request_proposal"), "access_request", ["proposal"], unique=False)
    op.create_index(op.f("ix_access_request_state"), "access_request", ["state"], unique=False)
    op.create_index(op.f("ix_access_request_told"), "access_request", ["told"], unique=False)
    op.create_table(
        "audit_person",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_audit_person_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_person")),
        sa.UniqueConstraint("person_id", name=op.f("uq_audit_person_person_id")),
    )
    op.create_table(
        "release_policy",
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("embargo_years", sa.Float(precision=53), nullable=True),
        sa.Column("licence", sa.String(length=64), nullable=False),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("invoiced", sa.Boolean(), nullable=False),
        sa.Column("remind_days", sa.Integer(), nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name=op.f("fk_release_policy_changed_by")),
        sa.PrimaryKeyConstraint("type", name=op.f("pk_release_policy")),
    )
    op.create_table(
        "reviewer_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("granted_by", sa.Integer(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("revoked", TIME, nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("last_used", TIME, nullable=True),
        sa.ForeignKeyConstraint(["granted_by"], ["person.id"], name=op.f("fk_reviewer_link_granted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviewer_link")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_reviewer_link_secret_hash")),
    )
    op.create_index(op.f("ix_reviewer_link_granted_by"), "reviewer_link", ["granted_by"], unique=False)
    op.create_table(
        "lens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=True),
        sa.Column("viewer_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["reviewer_link.id"], name=op.f("fk_lens_link_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_lens_person_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["viewer_id"], ["person.id"], name=op.f("fk_lens_viewer_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_lens_secret_hash")),
    )
    op.create_index(op.f("ix_lens_link_id"), "lens", ["link_id"], unique=False)
    op.create_index(op.f("ix_lens_viewer_id"), "lens", ["viewer_id"], unique=False)
    op.create_table(
        "release_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("dataset_pid", sa.String(length=64), nullable=True),
        sa.Column("release_time", TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked", TIME, nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided", TIME, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_release_request_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_release_request_decided_by")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_release_request_proposal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_request")),
    )
    op.create_index(op.f("ix_release_request_asked_by"), "release_request", ["asked_by"], unique=False)
    op.create_index(op.f("ix_release_request_dataset_pid"), "release_request", ["dataset_pid"], unique=False)
    op.create_index(op.f("ix_release_request_proposal_id"), "release_request", ["proposal_id"], unique=False)
    op.create_index(op.f("ix_release_request_state"), "release_request", ["state"], unique=False)
    op.create_table(
        "release_told",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("release_time", TIME, nullable=False),
        sa.Column("told", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposal.id"], name=op.f("fk_release_told_proposal_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("proposal_id", "what", "release_time", name=op.f("pk_release_told")),
    )
    op.create_table(
        "reviewer_link_dataset",
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("dataset_pid", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["reviewer_link.id"], name=op.f("fk_reviewer_link_dataset_link_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("link_id", "dataset_pid", name=op.f("pk_reviewer_link_dataset")),
    )
    op.create_index(
        op.f("ix_reviewer_link_dataset_dataset_pid"), "reviewer_link_dataset", ["dataset_pid"], unique=False
    )
    op.add_column("dataset", sa.Column("release_set", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("proposal", sa.Column("release_set", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("proposal", sa.Column("announced", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("notice", sa.Column("mail", sa.String(length=200), nullable=True))
    op.create_index(op.f("ix_notice_mail"), "notice", ["mail"], unique=False)
    # A date that a proposal has was set for it: the policy must not change it.
    op.execute("UPDATE proposal SET release_set = (release_time IS NOT NULL)")
    # Measured data of public access got a date when they were registered; where it is gone, somebody said "never".
    op.execute(
        "UPDATE dataset SET release_set = (1 = 1) WHERE release_time IS NULL"
        " AND proposal_id IN (SELECT id FROM proposal WHERE type = 'public_access')"
        " AND NOT EXISTS (SELECT 1 FROM dataset_ancestor WHERE dataset_ancestor.dataset_id = dataset.id)"
    )
