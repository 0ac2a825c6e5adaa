"""For how many days what has served its purpose is kept."""

from typing import Annotated

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

Days = Annotated[int, Field(ge=1, le=36_525)]


@with_config(ConfigDict(extra="forbid"))
class KeepDays(TypedDict, total=False):
    """``[keep_days]``: what isn't named is kept for good. What each is: ``store.retention.KEEPSAKES``."""

    uploads: Days
    tries: Days
    pointers: Days
    refusals: Days
    put_aside: Days
    messages: Days
