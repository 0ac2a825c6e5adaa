"""Trends across areas: how many children died, where, when, how old and of what, for panels, boards and public health.

Small numbers are suppressed before anything else is worked out (``suppression``, ``lattice``): rates, shares, charts and
signals are functions of the published table alone, so that none of them can tell what the table doesn't.
"""
