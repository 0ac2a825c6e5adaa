"""Police forces: sudden-death reports, as JSON (`police-sudden-death/1`) or as a records system's flat CSV export."""
