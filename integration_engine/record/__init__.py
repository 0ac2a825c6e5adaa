"""The canonical notice and child death record: one dictionary of fields for both. Pure."""
