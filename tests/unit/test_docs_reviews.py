"""The coordinators' page on clerical review is held to the tables that the engine works by."""

import re
from pathlib import Path

from integration_engine.linkage.questions import settled_codes, settling
from integration_engine.linkage.wording import reason

PAGE = (Path(__file__).parents[2] / "docs" / "reviews.md").read_text(encoding="utf-8")


def test_every_reason_is_on_the_page_with_what_would_settle_it_first() -> None:
    told = {
        code: (text, hint)
        for code, text, hint in re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
    }
    assert told == {code: (reason(code), settling(code)[0]) for code in settled_codes()}
