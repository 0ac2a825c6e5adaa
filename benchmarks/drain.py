"""The floor of the firehose: a queue emptied, nothing done with its messages.

    python -m benchmarks.drain QUEUE

Consumes with the engine's prefetch and acknowledges half of it at a time, as the engine does. Ends on SIGTERM.
"""

import os
import signal
import sys
from typing import Any

import pika

from integration_engine.settings import load_settings

_LOOK_S = 0.02


def main(queue: str) -> None:
    settings = load_settings()
    prefetch, counts = settings.prefetch, {"since": 0, "last": 0}

    def take(channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        counts["since"] += 1
        counts["last"] = method.delivery_tag
        if counts["since"] >= prefetch // 2:
            acknowledge(channel)

    def acknowledge(channel: Any) -> None:
        if counts["since"]:
            channel.basic_ack(counts["last"], multiple=True)
            counts["since"] = 0

    def opened(channel: Any) -> None:
        channel.basic_qos(prefetch_count=prefetch)
        channel.basic_consume(queue, take)
        look(channel)

    def look(channel: Any) -> None:
        """Acknowledge the last few of a queue too, for whom no others come to make up a half."""
        acknowledge(channel)
        connection.ioloop.call_later(_LOOK_S, lambda: look(channel))

    url = pika.URLParameters(settings.amqp_url.get_secret_value())
    connection = pika.SelectConnection(url, on_open_callback=lambda opening: opening.channel(on_open_callback=opened))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    connection.ioloop.start()


if __name__ == "__main__":
    main(sys.argv[1])
