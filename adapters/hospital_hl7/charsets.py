"""From a message's bytes to its text: what MSH-18 declares if it decodes, else UTF-8, else Windows-1252 (HL7 table 0211)."""

# HL7 table 0211 and the spellings real senders use. Only character sets in which the byte of each HL7 delimiter is that
# delimiter and nothing else: then a screen on bytes sees the same fields as a reader of text.
_CODECS = {
    "ASCII": "ascii",
    "US-ASCII": "ascii",
    "ISO IR6": "ascii",
    "UNICODE": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE-UTF-8": "utf-8",
    # Windows senders declare Latin-1 and send its Windows cousin; where they agree it makes no difference.
    "8859/1": "cp1252",
    "ISO-8859-1": "cp1252",
    "ISO8859-1": "cp1252",
    "LATIN1": "cp1252",
    "WINDOWS-1252": "cp1252",
    "CP1252": "cp1252",
    "ANSI": "cp1252",
    "WINDOWS-1250": "cp1250",
    "WINDOWS-1251": "cp1251",
} | {f"8859/{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)}


def codec_of(declared: str) -> str | None:
    """The Python codec for an MSH-18 value, or None where we don't know it."""
    return _CODECS.get(declared.strip().upper())


def decoded(body: bytes, declared: str, default: str | None = None) -> tuple[str, str, bool]:
    """The text of a message, the codec that read it, and whether that was a fallback worth telling its sender.

    ``declared`` is MSH-18's first value, ``default`` the feed's own for messages that declare none.
    """
    wanted = codec_of(declared) if declared else codec_of(default or "")
    if body.isascii() and (wanted or not declared):
        return body.decode("ascii"), wanted or "utf-8", False
    for codec in (wanted, "utf-8", "cp1252"):
        if codec is None:
            continue
        try:
            # An undeclared UTF-8 message needs no remark; anything else that wasn't asked for does.
            return body.decode(codec), codec, codec != wanted and not (codec == "utf-8" and not declared)
        except UnicodeDecodeError:
            continue
    return body.decode("latin-1"), "latin-1", True
