"""Appraisal: linkage tried on a table of notices. What it made of them, how good that was, and a report to read it in."""
