"""``python -m integration_engine.services``: a private broker and database to keep open beside repeated test runs.

Prints the lines to export, and ends both on Ctrl-C.
"""

import signal
import threading

from integration_engine.services import postgres, rabbitmq


def main() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with postgres() as database, rabbitmq() as broker:
        print(f"export CDR_DATABASE_URL='{database.url}'")
        print(f"export CDR_AMQP_URL='{broker.url}' CDR_AMQP_MANAGEMENT_URL='{broker.management_url}'", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
