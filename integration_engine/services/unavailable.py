"""What is said when a broker or a database is needed and there is no way to one."""


class ServiceUnavailable(RuntimeError):
    """Neither found nor startable. ``code``: ``not-installed`` or ``did-not-start``; the text says what to do about it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
