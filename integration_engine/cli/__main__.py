"""``python -m integration_engine.cli``: the same as ``cdr``."""

from integration_engine.cli import main

# A process that helps a command along reads this module again, under another name.
if __name__ == "__main__":
    main()
