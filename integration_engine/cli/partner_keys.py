"""``cdr partner key``: the public keys and certificates by which a partner's machines prove themselves."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from integration_engine.cli.ending import give_up
from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.cli.store import of_the_register
from integration_engine.security.identity import NotAllowed

app = typer.Typer(no_args_is_help=True, help="Public keys and client certificates of a partner's machines.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_MOST_BYTES = 64 * 1024


@app.command("add")
def add(
    code: Annotated[str, typer.Argument(help="The partner's code.")],
    file: Annotated[
        Path, typer.Argument(help="A public key (PEM or JWK), or a client certificate (PEM).", exists=True)
    ],
    days: Annotated[int | None, typer.Option(min=1, help="It ends after so many days.")] = None,
    as_json: Json = False,
) -> None:
    """Register one more key or certificate of CODE: the new one beside the old makes a rotation. Never give us a private key.
    Exit 1 where it isn't taken."""
    from integration_engine.store.access_tokens import AccessTokens

    with file.open(encoding="utf-8", errors="replace") as opened:
        text = opened.read(_MOST_BYTES)
    ends = datetime.now(UTC) + timedelta(days=days) if days else None
    tokens, by = AccessTokens(of_the_register()), at_the_keyboard()
    try:
        if "BEGIN CERTIFICATE" in text:
            name, kind, ends = _certificate(text, ends)
            tokens.add_key(code, name, "certificate", "", expires_at=ends, by=by)
        else:
            name, kind = tokens.add_public_key(code, text, expires_at=ends, by=by), "jwk"
    except NotAllowed as error:
        give_up(error.code, str(error), as_json)
    said = {
        "partner": code,
        "key": name,
        "kind": kind,
        "expires_at": ends.isoformat(timespec="seconds") if ends else None,
    }
    what = "certificate" if kind == "certificate" else "public key"
    typer.echo(
        json.dumps(said)
        if as_json
        else f"The {what} {name} is {code}’s. Revoke: cdr partner revoke {code} --credential {name}"
    )


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show every key and certificate, those that ended too."""
    from integration_engine.store.identities import Identities

    now = datetime.now(UTC)
    for key in Identities(of_the_register()).machine_keys():
        said: dict[str, Any] = {"partner": key.partner, "key": key.id, "kind": key.kind, "live": key.live(now)}
        said["expires_at"] = key.expires_at.isoformat(timespec="seconds") if key.expires_at else None
        state = "live" if key.live(now) else "ended"
        typer.echo(json.dumps(said) if as_json else f"{key.partner}  {key.kind}  {state}  {key.id}")


def _certificate(text: str, ends: datetime | None) -> tuple[str, str, datetime]:
    """A certificate's name in the register, its kind, and when it ends: with itself at the latest."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificate

    from integration_engine.gateway.certificates import fingerprint

    try:
        found = load_pem_x509_certificate(text.encode())
    except ValueError:
        raise NotAllowed("bad-key", "that is no certificate as PEM") from None
    until = found.not_valid_after_utc
    return fingerprint(found.public_bytes(Encoding.DER)), "certificate", min(ends, until) if ends else until
