"""``python -m integration_engine.cli``: the same as ``cdr``."""

from integration_engine.cli import main

main()
