"""Coroners' offices: case events (`coroner-case/1`) as CSV, XLSX, JSON or XML, answered row by row."""
