"""The settings of how machines and people prove who they are: our own TLS, and the provider of people's identities."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, SecretStr, field_validator

from integration_engine.security.identity import Deciding
from integration_engine.settings.part import Part, tls_or_here

if TYPE_CHECKING:
    from integration_engine.security.claims import Mapped


class HttpTls(Part):
    """TLS of the HTTP doors themselves, ``[http_tls]``: PEM files. ``client_ca`` signs partners' client certificates; whoever
    shows none still comes in by a token."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class OidcRole(Part):
    """One rule of ``[[oidc.roles]]``: who has ``value`` at ``claim`` has ``role`` here, for ``areas`` where the provider
    doesn't say which panels. A claim inside another is a list of names."""

    claim: str | tuple[str, ...]
    value: str = Field(min_length=1)
    role: Deciding
    areas: tuple[str, ...] = ()


class OidcSettings(Part):
    """The provider of people's identities, ``[oidc]`` (OpenID Connect, authorization code with PKCE). ``roles`` are tried in
    their order. ``areas_claim`` is where the panels of a coordinator or designated doctor stand, ``areas`` says which panel
    each word of the provider's is. ``strengths``: the ``acr`` of which a sign-in has to be one. We
    prove ourselves by ``client_key`` (PEM; ``private_key_jwt``), else by ``client_secret``."""

    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    client_key: Path | None = None
    client_algorithm: Literal["ES256", "ES384", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"] = "RS512"
    scope: str = "openid profile"
    roles: tuple[OidcRole, ...]
    name_claim: str | tuple[str, ...] = "preferred_username"
    areas_claim: str | tuple[str, ...] = ()
    areas: dict[str, str] = {}
    strengths: tuple[str, ...] = ()
    userinfo: bool = False
    ca: Path | None = None

    @field_validator("issuer")
    @classmethod
    def _by_tls(cls, issuer: str) -> str:
        if not tls_or_here(issuer):
            raise ValueError("a provider is asked over https only")
        return issuer

    def mapped(self) -> "Mapped":
        """How the provider's claims are read."""
        # What checks signatures takes a while to load, and most commands never do.
        from integration_engine.security.claims import Mapped, RoleRule

        rules = tuple(RoleRule(_path(each.claim), each.value, each.role, each.areas) for each in self.roles)
        return Mapped(rules, _path(self.name_claim), _path(self.areas_claim), self.areas)


def _path(claim: str | tuple[str, ...]) -> tuple[str, ...]:
    return (claim,) if isinstance(claim, str) else claim
