"""How much is remembered of what was read before."""

REMEMBERED = 2048
"""Values that any one function keeps the answers for: names, dates and addresses come again and again. Two thousand hold
the common ones. A hundred thousand made linkage of a whole table a seventh faster, and let a worker that never ends grow
by thirteen kilobytes a death, all of it what children were called and where they lived."""
