"""What an operator sets of the service that holds the records which some national events only point to."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from integration_engine.settings.part import BROKER_CEILING, MEBIBYTE, Part, base_address


class DemographicsSettings(Part):
    """The demographics service that events which only point to a record are fetched from, as ``[demographics]``.

    ``url`` is its FHIR base address: ``https``, or ``http`` on this machine itself. ``token_file`` holds a bearer token and
    is read anew for each question; ``ca``, ``certificate`` and ``key`` are PEM files. An answer has ``timeout_seconds`` and
    ``max_bytes`` at most.
    """

    url: Annotated[str, AfterValidator(base_address)]
    token_file: Path | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    max_bytes: int = Field(default=MEBIBYTE, ge=1024, le=BROKER_CEILING)
