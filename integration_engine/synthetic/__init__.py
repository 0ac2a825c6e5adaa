"""Invented partners and invented children, telling of invented deaths in the partners' own formats.

For the demonstration, the acceptance tests and the benchmarks. NHS numbers come from the 999 test range only.
"""
