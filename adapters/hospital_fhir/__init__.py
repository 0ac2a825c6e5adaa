"""Hospitals and the national services, FHIR: R4 (UK Core), STU3 (national events), R5 and what DSTU2 still says."""
