"""Who sends in the stories. Organisations' codes are real, everybody in them is invented."""

from integration_engine.synthetic.hl7 import Hospital

OXFORD, SWINDON, GOSH, ROYAL_LONDON = (Hospital(code) for code in ("RTH", "RN3", "RP4", "R1H"))
MANCHESTER, SOUTHAMPTON, BIRMINGHAM_WOMENS = (Hospital(code) for code in ("R0A", "RHM", "RQ3"))
WILTSHIRE_POLICE = "E23000038"
