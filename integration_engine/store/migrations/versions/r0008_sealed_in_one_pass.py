"""What is sealed from here on programs before can't open: a revision of its own keeps them from trying, and from taking what
they can't open for broken."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing is rewritten: what was sealed before still opens."""
