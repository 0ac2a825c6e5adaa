"""S3: an unnamed newborn is sent on at once and named later."""

from integration_engine.synthetic.person import invented_nhs_number
from tests.acceptance.conftest import Try
from tests.acceptance.stories.s03_newborn import s3
from tests.acceptance.story import leads, only


def test_s3_an_unnamed_newborn_is_sent_on_at_once_and_named_later(cdr_try: Try) -> None:
    messages = s3()
    alone = only(cdr_try({"a.hl7": messages["a.hl7"]}, "--at", "2026-08-12T10:06:00+01:00")["cases"])
    assert (alone["state"], leads(alone)) == ("open", ("GM-MCR", []))
    case = only(cdr_try(messages, "--at", "2026-08-21T09:00:00Z")["cases"])
    assert leads(case) == ("GM-MCR", [])
    child = case["record"]["child"]
    assert child["nhs_number"] == invented_nhs_number(8225)
    assert (child["given_names"], child["family_name"]) == (["Grace"], "BELLO")
    assert "BABY OKAFOR" in child["known_as"]
    assert "nhs_number_absent_reason" not in child
    assert case["record"]["death"]["status"] == "formal"
