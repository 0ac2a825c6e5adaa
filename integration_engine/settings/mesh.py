"""What an operator sets of MESH, as ``[mesh]`` in ``cdr.toml``."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from integration_engine.record.codes import PartnerKind
from integration_engine.settings.part import MEBIBYTE, Part, Recipient, tls_or_here

# What NHS England takes in one piece; longer messages travel in several.
LARGEST_CHUNK = 100 * MEBIBYTE

MailboxId = Annotated[str, BeforeValidator(lambda text: str(text).strip().upper()), Field(pattern=r"^[A-Z0-9]{1,32}$")]
WorkflowId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]


class MeshMailbox(Part):
    """A mailbox of ours, with its password or the file that holds it."""

    id: MailboxId
    password: SecretStr | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if (self.password is None) == (self.password_file is None):
            raise ValueError("a mailbox has either password or password_file")
        return self


class MeshWorkflow(Part):
    """What messages of a workflow are: their kind, and the feed that reads them where the partner has several."""

    id: WorkflowId
    kind: PartnerKind
    feed: str | None = None


class MeshSender(Part):
    """Whose a mailbox is: what comes from it speaks as this partner, and as nobody else."""

    mailbox: MailboxId
    partner: str = Field(min_length=1)


class MeshRecipient(Part):
    """Where the deliveries of a recipient (``cdop.BERKS``, ``jar.JAR-OXON``, ``national.ncmd``) go."""

    recipient: Recipient
    mailbox: MailboxId


class MeshSettings(Part):
    """MESH as this engine uses it. ``certificate`` and ``key`` are what MESH knows us by, ``ca`` whom we trust to be MESH
    (of NHS England's own addresses that is known). ``answers``: whether senders are told of all, or of what was refused."""

    url: str
    shared_key: SecretStr | None = None
    shared_key_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    mailboxes: tuple[MeshMailbox, ...] = Field(min_length=1)
    workflows: tuple[MeshWorkflow, ...] = ()
    senders: tuple[MeshSender, ...] = ()
    recipients: tuple[MeshRecipient, ...] = ()
    send_from: MailboxId | None = None
    delivery_workflow: WorkflowId = "CDR_DELIVERY"
    delivery_answer_workflow: WorkflowId = "CDR_DELIVERY_ACK"
    answer_suffix: str = Field(default="_ACK", pattern=r"^[A-Za-z0-9_.-]{1,20}$")
    answers: Literal["refusals", "all"] = "refusals"
    every_seconds: float = Field(default=60.0, gt=0)
    timeout_seconds: float = Field(default=60.0, gt=0)
    chunk_bytes: int = Field(default=20 * MEBIBYTE, ge=1024, le=LARGEST_CHUNK)

    @property
    def sending(self) -> str:
        """The mailbox that deliveries leave from: the one named, else the first."""
        return self.send_from or self.mailboxes[0].id

    @field_validator("url")
    @classmethod
    def _encrypted(cls, url: str) -> str:
        if not tls_or_here(url):
            raise ValueError("MESH is reached by https://; http:// is for a sandbox on this machine alone")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.shared_key is None) == (self.shared_key_file is None):
            raise ValueError("give either shared_key or shared_key_file")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        _once("mailbox", (each.id for each in self.mailboxes))
        _once("workflow", (each.id for each in self.workflows))
        _once("sender's mailbox", (each.mailbox for each in self.senders))
        _once("recipient", (each.recipient for each in self.recipients))
        if self.sending not in {each.id for each in self.mailboxes}:
            raise ValueError("send_from is none of the mailboxes")
        if self.delivery_answer_workflow in {each.id for each in self.workflows}:
            raise ValueError("delivery_answer_workflow is a workflow of partners too")
        return self


def secret_of(value: SecretStr | None, file: Path | None) -> str:
    """A secret as it was given: itself, or the first line of its file. Raises OSError."""
    if value is not None:
        return value.get_secret_value()
    return file.read_text(encoding="utf-8").partition("\n")[0].strip() if file else ""


def _once(what: str, names: Iterable[str]) -> None:
    listed = list(names)
    if len(set(listed)) != len(listed):
        raise ValueError(f"a {what} is there twice")
