"""Hospitals that speak HL7 v2: screen, read and acknowledge their messages."""
