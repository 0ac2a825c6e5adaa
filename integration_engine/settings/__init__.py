"""Everything an operator can set: one ``cdr.toml`` and ``CDR_...`` environment variables, the environment winning.

Secrets (broker and database addresses carry passwords) are ``SecretStr``: printing, logging or a failed check never shows
them. A name in ``cdr.toml`` that is no setting is refused by name, because a misspelt limit is a limit that isn't there.
"""

import os
import re
import tomllib
from contextvars import ContextVar
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from integration_engine.record.age import AgeRules
from integration_engine.settings.demographics import DemographicsSettings
from integration_engine.settings.feeds import FeedSettings, check_feed
from integration_engine.settings.folders import FolderSettings
from integration_engine.settings.identity import HttpTls, OidcSettings
from integration_engine.settings.mesh import MeshSettings
from integration_engine.settings.mllp import MllpListener
from integration_engine.settings.part import BROKER_CEILING, MEBIBYTE, Port
from integration_engine.settings.retention import KeepDays
from integration_engine.settings.switches import SwitchSettings
from integration_engine.settings.webhooks import WebhookSettings

if TYPE_CHECKING:
    from adapters.adapter import Feed

# Where the age on the day of the fatal event decides: deaths later than this after it were told of long before.
EVENT_BEFORE_DEATH_DAYS = 90

# What cdr.toml says, while settings are being loaded: pydantic-settings gives a source no other way to be handed data.
_WRITTEN: ContextVar[dict[str, Any]] = ContextVar("written", default={})  # noqa: B039  # read only


class SettingsError(Exception):
    """A setting that is unknown or can't be what it is set to. ``problems`` are (name, why) and never hold the value."""

    code = "settings"

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems))


class Settings(BaseSettings):
    """The engine's settings. Sizes are bytes, times seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="CDR_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    # Broker and store
    amqp_url: SecretStr = SecretStr("amqp://guest:guest@127.0.0.1:5672/%2F")
    amqp_management_url: SecretStr | None = None
    database_url: SecretStr = SecretStr("sqlite:///var/cdr.sqlite3")
    keys_file: Path = Path("var/keys.json")

    # Reference lookups; without them the bundled samples serve
    postcodes: Path | None = None
    sites: Path | None = None
    # Own reference tables over the shipped ones, and local footprints over both
    reference: Path | None = None
    footprint: Annotated[tuple[Path, ...], NoDecode] = ()

    # Where the records are that some national events only point to; without it a person looks
    demographics: DemographicsSettings | None = None

    # Front doors
    http_host: str = "127.0.0.1"
    http_port: Port = 8080
    mllp: tuple[MllpListener, ...] = (MllpListener(port=2575),)
    public_url: str | None = None
    http_tls: HttpTls | None = None
    # Addresses and networks of the proxies before the doors, whose word about a client is believed
    trusted_proxies: tuple[str, ...] = ()
    requests_a_second: float | None = Field(default=None, gt=0)
    # How people sign in at the pages
    oidc: OidcSettings | None = None
    password_sign_in: bool = False
    bearers_sign_in: Literal["everybody", "organisations", "nobody"] = "everybody"
    cookie_secure: bool = True
    session_seconds: int = Field(default=8 * 3600, ge=60)

    # Limits
    max_body_bytes: int = Field(default=8 * MEBIBYTE, ge=1024, le=BROKER_CEILING)
    # How long the head of a request may take to arrive, then its body, and how long an answer waits to be read
    http_request_seconds: float = Field(default=60.0, gt=0)
    http_connections: int = Field(default=500, ge=1)
    mllp_max_bytes: int = Field(default=8 * MEBIBYTE, ge=1024, le=BROKER_CEILING)
    mllp_idle_seconds: float = Field(default=3600.0, gt=0)
    mllp_frame_seconds: float = Field(default=60.0, gt=0)
    mllp_connections: int = Field(default=1000, ge=1)
    # Messages a second of one connection, and of one partner over all of its connections to a process; 0: any number
    mllp_rate: float = Field(default=500.0, ge=0)
    mllp_partner_rate: float = Field(default=1000.0, ge=0)
    # What large frames may hold together while they come in
    mllp_memory_bytes: int = Field(default=256 * MEBIBYTE, ge=MEBIBYTE)
    confirm_seconds: float = Field(default=10.0, gt=0)

    # Worker
    batch_size: int = Field(default=200, ge=1, le=5000)
    batch_wait_ms: int = Field(default=20, ge=0)
    prefetch: int = Field(default=400, ge=1)

    # Where a worker process shows its health and numbers: the first free port from this one on; none without it
    worker_http_host: str = "127.0.0.1"
    worker_http_port: Port | None = None

    # Retractions: how long a recipient may take to acknowledge one, and how soon an operator is reminded again
    retraction_limit_minutes: int = Field(default=60, ge=1)
    retraction_reminder_minutes: int = Field(default=60, ge=1)

    # How many hours before it is due a clock is soon due, by clock; the others as the reference data has it
    clock_soon_hours: dict[str, Annotated[float, Field(ge=0)]] = {}

    # After how many days what has served its purpose is forgotten; what isn't named is kept for good
    keep_days: KeepDays = {}

    # Rules that are switches
    switches: SwitchSettings = {}

    feeds: tuple[FeedSettings, ...] = ()

    # Ways in that nobody waits at, each with a process of its own: `cdr run mesh`, `cdr watch`
    mesh: MeshSettings | None = None
    folders: tuple[FolderSettings, ...] = ()

    # Recipients whose deliveries are posted to an address of theirs: `cdr run webhooks`
    webhooks: tuple[WebhookSettings, ...] = ()

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("amqp_url")
    @classmethod
    def _one_account(cls, url: SecretStr) -> SecretStr:
        """Nodes of one cluster: whoever publishes says as whom, which must be true at each of them."""
        nodes = [urlsplit(node) for node in re.split(r",\s*(?=amqps?://)", url.get_secret_value())]
        if len({(node.username, node.path) for node in nodes}) > 1:
            raise ValueError("the addresses of a cluster's nodes differ in their user or virtual host")
        return url

    @model_validator(mode="after")
    def _known_address(self) -> Self:
        if self.oidc and not self.public_url:
            raise ValueError("oidc needs public_url: a provider sends people back to it")
        return self

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_network(each)) for each in proxies)

    @field_validator("footprint", mode="before")
    @classmethod
    def _several_files(cls, value: Any) -> Any:
        """In the environment one file, or several with a colon between them, as in ``PATH``; in the file a list."""
        return tuple(filter(None, value.split(os.pathsep))) if isinstance(value, str) else value

    @field_validator("feeds")
    @classmethod
    def _one_feed_a_name(cls, feeds: tuple[FeedSettings, ...]) -> tuple[FeedSettings, ...]:
        names = [feed.name for feed in feeds]
        if len(set(names)) != len(names):
            raise ValueError("two feeds have the same name")
        for feed in feeds:
            check_feed(feed)
        return feeds

    @field_validator("folders")
    @classmethod
    def _one_place_each(cls, folders: tuple[FolderSettings, ...]) -> tuple[FolderSettings, ...]:
        places = [each.folder.absolute() for each in folders]
        if any(a in (b, *b.parents) for at, a in enumerate(places) for other, b in enumerate(places) if at != other):
            raise ValueError("a folder is there twice, or lies within another")
        return folders

    @field_validator("webhooks")
    @classmethod
    def _one_address_each(cls, webhooks: tuple[WebhookSettings, ...]) -> tuple[WebhookSettings, ...]:
        names = [each.recipient for each in webhooks]
        if len(set(names)) != len(names):
            raise ValueError("a recipient is there twice")
        return webhooks

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the caller says, then the environment, then ``cdr.toml``; no other sources."""
        return (init_settings, env_settings, InitSettingsSource(settings_cls, _WRITTEN.get()))

    @cached_property
    def feed_list(self) -> "tuple[Feed, ...]":
        """The feeds as the adapters take them."""
        return tuple(feed.feed() for feed in self.feeds)

    @property
    def age_rules(self) -> AgeRules:
        """For the adapters, which keep whoever may have been a child and leave the rest to routing."""
        at_event = self.switches.get("age_on") == "event"
        leap = self.switches.get("leap_birthday_in_march", True)
        return AgeRules(leap_birthday_in_march=leap, days_before=EVENT_BEFORE_DEATH_DAYS if at_event else 0)


def config_file() -> Path:
    """Where ``cdr.toml`` is looked for: ``CDR_CONFIG``, else the folder one stands in."""
    return Path(os.environ.get("CDR_CONFIG", "cdr.toml"))


def load_settings(path: Path | None = None, **overrides: Any) -> Settings:
    """The settings: ``overrides`` first, then the environment, then ``path`` (default ``config_file()``, may be missing).

    Raises SettingsError naming every setting that is unknown or wrong, never its value.
    """
    before = _WRITTEN.set(_read(path or config_file(), must_exist=path is not None or "CDR_CONFIG" in os.environ))
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(
            [problem_of(each) for each in error.errors(include_input=False, include_url=False)]
        ) from None
    except UnreadableSetting as error:
        name = str(error).partition('field "')[2].partition('"')[0]
        raise SettingsError([(name or "environment", "is not the JSON that this setting takes")]) from None
    finally:
        _WRITTEN.reset(before)


def _read(path: Path, must_exist: bool) -> dict[str, Any]:
    if not path.exists():
        if must_exist:
            raise SettingsError([(str(path), "there is no such file")])
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        place = str(error).rpartition("(")[2].rstrip(")") if isinstance(error, tomllib.TOMLDecodeError) else "not UTF-8"
        raise SettingsError([(path.name, f"is not TOML ({place})")]) from None


def problem_of(error: Any) -> tuple[str, str]:
    """One of pydantic's errors as a setting's name and why, without its value."""
    name = ".".join(str(part) for part in error["loc"]) or "settings"
    return (name, "there is no such setting" if error["type"] == "extra_forbidden" else str(error["msg"]))
