"""Whether who published a message past the gateway may speak as the one it names: the broker proves the user only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from adapters import registry
from adapters.adapter import Feed, Item, Reading, Submission, content_hash
from integration_engine.broker.origin import Origin
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import Problem
from integration_engine.security.identity import NotAllowed, Principal, WrongSender, require_live, require_sender


@dataclass(frozen=True)
class AuthorsReader:
    """Reads a submission, and refuses it where a partner that came past the gateway speaks in another's name."""

    adapters_read: Callable[..., Iterable[Reading]]
    feeds: Sequence[Feed]
    find: Callable[[str], Principal | None]
    origins: Mapping[int, Origin]

    def read(self, submission: Submission, kind: PartnerKind | None) -> Iterator[Reading]:
        origin = self.origins[id(submission)]
        readings = self.adapters_read(submission, kind, feeds=[f for f in self.feeds if f.partner == origin.partner])
        if not origin.direct:
            yield from readings
            return
        said = tuple(readings)
        try:
            self._require(origin, submission, said)
        except NotAllowed as problem:
            yield _refused(origin, submission, problem.code, str(problem))
        else:
            yield from said

    def _require(self, origin: Origin, submission: Submission, said: Sequence[Reading]) -> None:
        principal = self.find(origin.partner)
        if principal is None or origin.kind not in principal.kinds:
            raise WrongSender("user")
        require_live(principal, origin.kind)
        require_sender(principal, [("sender", registry.ADAPTERS[origin.kind].sender(submission.body)[0])])
        for reading in said:
            require_sender(principal, [("sender", reading.sender)])
            for notice in reading.statements:
                if notice.police is not None:
                    require_sender(principal, [("$.force", notice.police.force)])
                if notice.coroner is not None and origin.kind == "coroner":
                    require_sender(principal, [("area", notice.coroner.area)])


def _refused(origin: Origin, submission: Submission, code: str, sentence: str) -> Reading:
    item = Item(0, "refused", code, problems=(Problem(code=code, text=sentence),))
    return Reading(0, cast(PartnerKind, origin.kind), "", (item,), content_hash=content_hash(submission.body))
