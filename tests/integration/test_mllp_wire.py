"""The MLLP door on the wire: long connections, broken senders, limits and TLS, with a stand-in only for what answers."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from integration_engine.gateway.mllp import Limits, MllpServer

START, END = b"\x0b", b"\x1c\r"
SHORT = Limits(
    frame_bytes=2000, idle_seconds=5, frame_seconds=0.4, answer_seconds=0.5, connections=3, unended_seconds=0.1
)
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]


async def echo(body: bytes) -> bytes | None:
    """Answers with what came; asked to be silent, is."""
    return None if b"silence" in body else b"ACK|" + body


async def too_large(head: bytes) -> bytes | None:
    return b"TOO LARGE|" + head[:4]


def talk(conversation: Talk, limits: Limits = SHORT) -> bytes:
    """One client's conversation with a server on a free port."""

    async def run() -> bytes:
        server = MllpServer(echo, too_large, limits)
        port = await server.start("127.0.0.1", 0)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            async with asyncio.timeout(10):
                said = await conversation(reader, writer)
            writer.close()
            return said
        finally:
            await server.stop()

    return asyncio.run(run())


def sends(*pieces: bytes, answers: int = 1, pause: float = 0.0) -> Talk:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return b"".join([await reader.readuntil(END) for _ in range(answers)])

    return conversation


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(-1)
    except ConnectionError:
        return b""


def framed(body: bytes) -> bytes:
    return START + body + END


def test_many_messages_on_one_connection_are_answered_in_order() -> None:
    bodies = [b"MSH|%d" % number for number in range(50)]
    said = talk(sends(b"".join(map(framed, bodies)), answers=50))
    assert said == b"".join(framed(b"ACK|" + body) for body in bodies)


def test_a_frame_in_single_bytes_is_one_frame() -> None:
    whole = framed(b"MSH|slow")
    assert talk(sends(*[whole[at : at + 1] for at in range(len(whole))])) == framed(b"ACK|MSH|slow")


def test_an_empty_frame_is_dropped_and_the_connection_kept() -> None:
    assert talk(sends(framed(b""), framed(b"MSH|1"))) == framed(b"ACK|MSH|1")


def test_junk_between_frames_is_skipped() -> None:
    assert talk(sends(b"MSH|no start" + END, b"xyz", framed(b"MSH|1"))) == framed(b"ACK|MSH|1")


def test_a_frame_without_its_last_byte_is_answered_after_a_pause() -> None:
    assert talk(sends(START + b"MSH|1\x1c")) == framed(b"ACK|MSH|1")


def test_a_frame_over_the_limit_is_answered_and_the_next_one_read() -> None:
    said = talk(sends(framed(b"MSH|" + b"x" * 5000), framed(b"MSH|2"), answers=2))
    assert said == framed(b"TOO LARGE|MSH|") + framed(b"ACK|MSH|2")


def test_silence_is_kept_where_it_was_asked_for() -> None:
    assert talk(sends(framed(b"MSH|silence"), framed(b"MSH|2"))) == framed(b"ACK|MSH|2")


@pytest.mark.parametrize("hello", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00"])
def test_another_protocol_is_closed_without_a_word(hello: bytes) -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(hello)
        return await until_closed(reader)

    assert talk(conversation) == b""


def test_a_frame_that_never_ends_is_closed_however_slowly_it_drips() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(START + b"MSH|")

        async def drip() -> None:
            while True:
                writer.write(b"x")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        said = await until_closed(reader)
        dripping.cancel()
        return said

    assert talk(conversation) == b""


def test_an_idle_connection_is_closed() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        return await until_closed(reader)

    assert talk(conversation, Limits(idle_seconds=0.1)) == b""


def test_a_client_that_never_reads_holds_nobody_up() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        port = writer.get_extra_info("peername")[1]
        # Answers pile up until the sockets' buffers are full, and the deaf client is let go.
        deaf_reader, deaf_writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        deaf_reader._transport.pause_reading()  # type: ignore[attr-defined]  # asyncio has no public way to be deaf
        deaf_writer.write(framed(b"MSH|" + b"y" * 1900) * 4000)
        writer.write(framed(b"MSH|good"))
        said = await reader.readuntil(END)
        deaf_writer.transport.abort()
        return said

    assert talk(conversation) == framed(b"ACK|MSH|good")


def test_connections_beyond_the_limit_are_refused_and_others_unharmed() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        port = writer.get_extra_info("peername")[1]
        # The server answers in order, so an answer proves that this connection is counted.
        writer.write(framed(b"MSH|1"))
        first = await reader.readuntil(END)
        more = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        refused = await until_closed(more[2][0])
        for _, other in more:
            other.close()
        return first + refused

    assert talk(conversation) == framed(b"ACK|MSH|1")


def test_stopping_lets_what_is_being_answered_be_answered() -> None:
    async def run() -> bytes:
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(body: bytes) -> bytes | None:
            asked.set()
            await go_on.wait()
            return b"ACK|" + body

        server = MllpServer(slowly, too_large, SHORT)
        port = await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(b"MSH|last"))
        await asked.wait()
        stopping = asyncio.create_task(server.stop())
        await asyncio.sleep(0.05)
        go_on.set()
        said = await reader.readuntil(END)
        await stopping
        writer.close()
        return said

    assert asyncio.run(run()) == framed(b"ACK|MSH|last")


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """An authority, a server's certificate and a client's, made for this test."""
    from tests.certificates import make_certificates

    make_certificates(tmp_path)
    return tmp_path


def test_mutual_tls_lets_in_only_who_has_a_certificate(certificates: Path) -> None:
    from integration_engine.gateway.mllp import tls_of
    from integration_engine.settings import MllpListener

    listener = MllpListener(
        port=0,
        tls_certificate=certificates / "server.pem",
        tls_key=certificates / "server.key",
        client_ca=certificates / "authority.pem",
    )

    async def ask(port: int, *, known: bool) -> bytes:
        context = ssl.create_default_context(cafile=str(certificates / "authority.pem"))
        if known:
            context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        try:
            writer.write(framed(b"MSH|tls"))
            return await reader.readuntil(END)
        finally:
            writer.transport.abort()

    async def run() -> bytes:
        server = MllpServer(echo, too_large, SHORT, tls_of(listener))
        port = await server.start("127.0.0.1", 0)
        try:
            with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
                await ask(port, known=False)
            return await ask(port, known=True)
        finally:
            await server.stop()

    assert asyncio.run(run()) == framed(b"ACK|MSH|tls")
