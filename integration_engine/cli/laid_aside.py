"""``cdr dead`` and ``cdr refused``: what lies in those queues, and what becomes of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from integration_engine.cli.ending import NOT_SO, USAGE, give_up
from integration_engine.cli.keyboard import at_the_keyboard, in_the_name_of
from integration_engine.cli.store import opened

if TYPE_CHECKING:
    from integration_engine.broker.laid_aside import Aside, LaidAside
    from integration_engine.store.database import Store
    from integration_engine.store.put_aside import Became

Family = Literal["dead", "refused"]
Json = Annotated[bool, typer.Option("--json", help="One JSON line a message.")]
Names = Annotated[list[str] | None, typer.Argument(help="Names, as the list with --each shows them.")]
Everything = Annotated[bool, typer.Option("--all", help="Everything that lies there, or that the options choose.")]
Queue = Annotated[str | None, typer.Option(help="Only of this queue, such as dead.police.")]
Partner = Annotated[str | None, typer.Option(help="Only this partner's.")]
Why = Annotated[str | None, typer.Option(help="Only what lies there for this reason or exception.")]
By = Annotated[str | None, typer.Option(help="Who decided it; else whoever is at the keyboard.")]
_SENT_AGAIN, _LET_GO, _LOOKED_AT = "message.sent-again", "message.discarded", "message.looked-at"
_UNTOLD = "?"


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which of the messages are meant."""

    names: tuple[str, ...] = ()
    queue: str | None = None
    partner: str | None = None
    why: str | None = None

    def __call__(self, each: "LaidAside") -> bool:
        wanted = ((self.queue, each.queue), (self.partner, each.partner), (self.why, each.why))
        return (not self.names or each.name in self.names) and all(asked in (None, found) for asked, found in wanted)

    def missing(self, found: "Sequence[LaidAside]") -> str | None:
        there = {each.name for each in found}
        return next((name for name in self.names if name not in there), None)


def commands(family: Family) -> typer.Typer:
    """The commands about the queues of one family."""
    app = typer.Typer(help=_PURPOSE[family], invoke_without_command=True)

    @app.callback(invoke_without_command=True)
    def list_(
        context: typer.Context,
        each: Annotated[bool, typer.Option("--each", help="One line a message, with its name.")] = False,
        queue: Queue = None,
        partner: Partner = None,
        why: Why = None,
        as_json: Json = False,
    ) -> None:
        """What lies there, by queue, partner and reason, the oldest first."""
        if context.invoked_subcommand:
            return
        with _aside(family, as_json, bodies=frozenset()) as aside:
            if family == "dead" and aside.found:
                _tell_of(aside.found)
            _print([one for one in aside.found if _Choice((), queue, partner, why)(one)], each, as_json)

    @app.command("show")
    def show(
        name: Annotated[str, typer.Argument(help="A message's name, as the list with --each shows it.")],
        body: Annotated[
            bool, typer.Option("--body", help="Also what was sent, in clear; the audit log says so.")
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """What is known of one message. Exit 1 where none of this name lies there."""
        _show(family, name, body, as_json)

    @app.command("replay")
    def replay(
        names: Names = None,
        everything: Everything = False,
        queue: Queue = None,
        partner: Partner = None,
        why: Why = None,
        as_partner: Annotated[str | None, typer.Option("--as", help="Whose it is, where nothing says so.")] = None,
        by: By = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Send messages again, as if they had just come; deliveries to their recipients. What was taken before changes
        nothing. Exit 1 where not all of them went."""
        _act(family, _chosen(names, everything, queue, partner, why), _Again(as_partner), by, as_json)

    @app.command("discard")
    def discard(
        reason: Annotated[str, typer.Option(help="Why nothing is to come of it. Name nobody: it is kept in clear.")],
        names: Names = None,
        everything: Everything = False,
        queue: Queue = None,
        partner: Partner = None,
        why: Why = None,
        by: By = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Let messages go for good: the audit log keeps that they were there, and why they went. Exit 1 where there are
        none such."""
        if not reason.strip():
            raise typer.BadParameter("--reason is needed")
        _act(family, _chosen(names, everything, queue, partner, why), _Discard(reason.strip()), by, as_json)

    return app


_PURPOSE = {
    "dead": "Messages that kept failing: look, send again, discard.",
    "refused": "Wrong input by queue or in part of a file: look, send again, discard.",
}


def _chosen(
    names: list[str] | None, everything: bool, queue: str | None, partner: str | None, why: str | None
) -> _Choice:
    if bool(names) == everything:
        raise typer.BadParameter("name messages, or --all", param_hint="NAMES")
    return _Choice(tuple(names or ()), queue, partner, why)


@contextmanager
def _aside(family: Family, as_json: bool, bodies: frozenset[str] | None = None) -> "Iterator[Aside]":
    from pika.exceptions import AMQPError

    from integration_engine.broker.laid_aside import NotTaken, NotYours, looked_through
    from integration_engine.in_force import topology_in_force
    from integration_engine.settings import SettingsError, load_settings

    try:
        settings = load_settings()
        queues = [each.name for each in topology_in_force(settings).queues if each.name.startswith(f"{family}.")]
        with looked_through(settings.amqp_url.get_secret_value(), queues, bodies=bodies) as aside:
            yield aside
    except SettingsError as problem:
        give_up(problem.code, str(problem), as_json, USAGE)
    except (NotTaken, NotYours) as problem:
        give_up(problem.code, str(problem), as_json)
    except (AMQPError, OSError) as problem:
        give_up("broker-away", f"The broker can't be reached ({type(problem).__name__}).", as_json)


def _show(family: Family, name: str, body: bool, as_json: bool) -> None:
    with _aside(family, as_json, bodies=frozenset((name,))) as aside:
        each = next((one for one in aside.found if one.name == name), None)
        if each is None:
            give_up("no-message", f"No message {name} lies there.", as_json)
        line = _line(each)
        if body:
            with opened(as_json) as store:
                _audit(store, _LOOKED_AT, [each], at_the_keyboard())
            line["body"] = _readable(aside.body(each).decode("utf-8", "replace"))
    if as_json:
        typer.echo(json.dumps(line))
        return
    for label, value in line.items():
        if value not in (None, []):
            typer.echo(f"{label:14} {value}" if label != "body" else f"\n{value}")


@dataclass(frozen=True, slots=True)
class _Again:
    """Sent again, a message as its own partner's; one that nothing says the partner of as ``partner``'s."""

    partner: str | None
    action = _SENT_AGAIN
    done = "sent again"
    became: "Became" = "sent-again"

    def able(self, each: "LaidAside") -> bool:
        return bool(each.recipient or each.partner or self.partner)

    def detail(self, each: "LaidAside") -> dict[str, Any]:
        return {"partner": each.partner or self.partner}

    def do(self, aside: "Aside", store: "Store", each: "LaidAside", by: str) -> bool:
        from integration_engine.store.resending import resend_these

        if each.recipient is None:
            aside.send_again(each, each.partner or self.partner or "")
        elif resend_these(store, [each.message_id or ""], now=datetime.now(UTC), by=by):
            aside.let_go(each)
        else:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Discard:
    reason: str
    action = _LET_GO
    done = "discarded"
    became: "Became" = "discarded"

    def able(self, each: "LaidAside") -> bool:
        return True

    def detail(self, each: "LaidAside") -> dict[str, Any]:
        return {"partner": each.partner, "reason": self.reason}

    def do(self, aside: "Aside", store: "Store", each: "LaidAside", by: str) -> bool:
        aside.let_go(each)
        return True


def _act(family: Family, choice: _Choice, deed: _Again | _Discard, by: str | None, as_json: bool) -> None:
    """Write down first what is going to happen: nothing goes that the audit log, or whose it is, doesn't know of."""
    who = in_the_name_of(by)
    done: set[int] = set()
    with (
        opened(as_json) as store,
        _aside(family, as_json, bodies=frozenset(choice.names) if choice.names else None) as aside,
    ):
        if gone := choice.missing(aside.found):
            give_up("no-message", f"No message {gone} lies there; nothing was {deed.done}.", as_json)
        meant = [each for each in aside.found if choice(each)]
        ready = [each for each in meant if deed.able(each)]
        _audit(store, deed.action, ready, who, deed, deed.became if family == "dead" else None)
        try:
            for each in ready:
                if deed.do(aside, store, each, who):
                    done.add(each.tag)
        finally:
            stay = [each for each in ready if each.tag not in done]
            if family == "dead" and stay:
                _tell_of(stay)
    left = len(meant) - len(done)
    if as_json:
        typer.echo(json.dumps({"done": len(done), "left": left}))
    else:
        typer.echo(f"{len(done)} {deed.done}.")
        if len(meant) > len(ready):
            typer.echo(
                f"{len(meant) - len(ready)} say nowhere whose they are: look at the body, and name them with --as."
            )
        if stay:
            typer.echo(f"{len(stay)} are deliveries that the store doesn't know.")
    raise typer.Exit(0 if done and not left else NOT_SO)


def _audit(
    store: "Store",
    action: str,
    found: "Sequence[LaidAside]",
    by: str,
    deed: _Again | _Discard | None = None,
    became: "Became | None" = None,
) -> None:
    from integration_engine.store.audit import Entry, append
    from integration_engine.store.put_aside import keep

    entries = [
        Entry(
            action,
            each.name,
            {
                "queue": each.queue,
                "why": each.why,
                "delivery": each.message_id if each.recipient else None,
                **(deed.detail(each) if deed else {"partner": each.partner}),
            },
            by,
        )
        for each in found
    ]
    if entries:
        now = datetime.now(UTC)
        with store.transaction() as transaction:
            if became:
                keep(transaction, found, became, now)
            append(transaction, now, entries)


def _tell_of(found: "Sequence[LaidAside]") -> None:
    """Have their senders' own pages say that these lie there: of what the broker laid aside by itself no worker told, nor of
    one whose database was away; and what somebody meant to send again or let go may lie there still. Whoever looks sees
    what lies there without a database too."""
    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.settings import load_settings
    from integration_engine.store.database import StoreError, open_store
    from integration_engine.store.put_aside import keep

    try:
        with closing(open_store(load_settings())) as store, store.transaction() as transaction:
            keep(transaction, found, "waiting", datetime.now(UTC))
    except (KeyMissing, KeyUnreadable, StoreError) as problem:
        typer.echo(f"Their senders' own pages don't say so yet: {problem}", err=True)


def _line(each: "LaidAside") -> dict[str, Any]:
    return {
        "name": each.name,
        "queue": each.queue,
        "partner": each.partner,
        "recipient": each.recipient,
        "delivery": each.message_id if each.recipient else None,
        "why": each.why,
        "raised": each.raised,
        "reasons": _reasons(each.reasons),
        "sent_at": each.at.isoformat() if each.at else None,
        "bytes": each.bytes,
        "content_type": each.content_type,
        "correlation": each.correlation,
    }


def _readable(text: str) -> str:
    """A body in lines, without what would have the terminal of whoever looks do something."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in lines)


def _reasons(written: str | None) -> list[Any]:
    try:
        return list(json.loads(written or "[]"))
    except (ValueError, TypeError):
        return []


def _print(found: "list[LaidAside]", each_alone: bool, as_json: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if as_json:
        for each in found:
            typer.echo(json.dumps(_line(each)))
        return
    if not found:
        typer.echo("Nothing lies there.")
        return
    if each_alone:
        # a name that a table has folded nobody can copy
        for each in found:
            typer.echo(f"{each.name}  {each.queue:20}  {_whose(each):10}  {_when(each):16}  {_why(each)}")
        return
    groups: dict[tuple[str, ...], list[LaidAside]] = {}
    for each in found:
        groups.setdefault((each.queue, _whose(each), _why(each)), []).append(each)
    table = Table()
    for heading in ("Queue", "Whose", "Why"):
        table.add_column(heading, overflow="fold")
    for heading in ("How many", "Oldest (UTC)", "Newest (UTC)"):
        table.add_column(heading, justify="right")
    for what, lying in groups.items():
        dated = sorted((each for each in lying if each.at), key=lambda each: each.at or datetime.now(UTC))
        ends = [_when(dated[0]), _when(dated[-1])] if dated else ["", ""]
        table.add_row(*map(escape, what), str(len(lying)), *ends)
    Console().print(table)


def _whose(each: "LaidAside") -> str:
    return each.recipient or each.partner or _UNTOLD


def _why(each: "LaidAside") -> str:
    said = each.why or "its consumers died"
    return f"{said} {each.raised}" if each.raised else said


def _when(each: "LaidAside") -> str:
    return f"{each.at:%Y-%m-%d %H:%M}" if each.at else ""


dead, refused = commands("dead"), commands("refused")
