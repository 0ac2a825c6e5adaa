"""RabbitMQ's management HTTP API: what AMQP itself can't say or do - users, permissions, virtual hosts, queue figures."""

import http.client
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

_LIMIT_S = 30
# A comma may stand in a password; before another address it stands between two.
_BETWEEN = re.compile(r"\s*,\s*(?=https?://)")


class ManagementError(RuntimeError):
    """The management API did not do what was asked. ``status`` is its HTTP status, None when it can't be reached."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class _Away(ManagementError):
    """No connection; nothing was asked."""


class Management:
    """A broker's management API. ``url`` carries the credentials: ``http://user:password@host:15672``; of a cluster several,
    with commas between, of which the first that answers is asked."""

    def __init__(self, url: str) -> None:
        self._nodes = [_Node(one) for one in _BETWEEN.split(url.strip())]

    def get(self, *path: str) -> Any:
        """What stands at ``/api/path...``; each part is quoted, so a virtual host may be ``/``. None where nothing is."""
        try:
            return self._ask("GET", path, None)
        except ManagementError as problem:
            if problem.status == http.client.NOT_FOUND:
                return None
            raise

    def put(self, *path: str, body: Mapping[str, Any] | None = None) -> None:
        self._ask("PUT", path, body or {})

    def delete(self, *path: str) -> None:
        self._ask("DELETE", path, None)

    @retry(
        retry=retry_if_exception_type(_Away),
        stop=stop_after_delay(10),
        wait=wait_exponential(0.1, max=1),
        reraise=True,
    )
    def _ask(self, method: str, path: tuple[str, ...], body: Mapping[str, Any] | None) -> Any:
        """The first node that takes a connection is asked. One that doesn't is tried last from then on."""
        for left in reversed(range(len(self._nodes))):
            try:
                return self._nodes[0].ask(method, path, body)
            except _Away:
                self._nodes.append(self._nodes.pop(0))
                if not left:
                    raise
        raise AssertionError


class _Node:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (443 if self._secure else 15672)
        self._prefix = parts.path.rstrip("/")
        credentials = f"{unquote(parts.username or 'guest')}:{unquote(parts.password or 'guest')}"
        self._headers = {
            "Authorization": "Basic " + b64encode(credentials.encode()).decode(),
            "Content-Type": "application/json",
        }

    def _connected(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=_LIMIT_S)
        connection.connect()
        return connection

    def ask(self, method: str, path: tuple[str, ...], body: Mapping[str, Any] | None) -> Any:
        target = "/".join((f"{self._prefix}/api", *(quote(part, safe="") for part in path)))
        try:
            connection = self._connected()
        except OSError as problem:
            raise _Away(f"RabbitMQ's management at {self._host}:{self._port} can't be reached.") from problem
        try:
            connection.request(method, target, None if body is None else json.dumps(body), self._headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            raise ManagementError("RabbitMQ's management broke off.") from problem
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise ManagementError(
                f"RabbitMQ's management answered {answer.status} to {method} {path[0]}.", answer.status
            )
        return json.loads(text) if text else None
