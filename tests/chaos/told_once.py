"""What a test looks at after something was broken: every case told, none twice, nothing taken for a mistake of ours."""

from integration_engine.store import audit, overview
from integration_engine.store.database import Store
from tests.worker_samples import eventually, ready, taken


def all_told_once(url: str, store: Store, cases: int) -> None:
    """So many cases at least, and each that Berkshire's panel leads has gone to it, each version under one delivery's id; the
    queues of intake, refusals and failures are empty and the audit log is whole."""
    eventually(lambda: len(overview.recent_cases(store, 100)) >= cases, 60)
    led = {case.id for case in overview.recent_cases(store, 100) if case.lead == "BERKS"}
    eventually(lambda: ready(url, "cdop.BERKS") >= len(led), 60)
    deliveries = {properties.message_id: properties.headers or {} for properties, _ in taken(url, "cdop.BERKS")}
    versions = [(headers["cdr-case"], headers["cdr-version"]) for headers in deliveries.values()]
    assert {case for case, _ in versions} == led
    assert len(set(versions)) == len(versions), "a version of a case went out under two ids"
    assert [ready(url, f"{queue}.police") for queue in ("intake", "refused", "dead")] == [0, 0, 0]
    assert audit.verify(store).broken is None
