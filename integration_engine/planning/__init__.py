"""Planning: past cases as planners see them, from tables or from the store."""
