"""What an operator sets of recipients whose deliveries are posted to an address of theirs, as ``[[webhooks]]``."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from integration_engine.settings.part import Part, Recipient, base_address


class WebhookSettings(Part):
    """Where the deliveries of a ``recipient`` (``cdop.BERKS``, ``jar.JAR-OXON``, ``national.ncmd``) are posted.

    ``url`` is ``https``, or ``http`` on this machine itself. ``secret_file`` holds what each is signed with, a secret a line:
    each of them signs, so that one can follow another; it is read anew for each delivery. ``ca``, ``certificate`` and ``key``
    are PEM files. ``private``: its host may be on a private network; without it addresses of those are not called, whatever
    the host's name says. All of a call has ``timeout_seconds``, less than the broker's patience with a silent connection.
    """

    recipient: Recipient
    url: Annotated[str, AfterValidator(base_address)]
    secret_file: Path
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    private: bool = False
    timeout_seconds: float = Field(default=30.0, gt=0, le=45)

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        return self
