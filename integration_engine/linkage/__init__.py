"""Which notices are about the same child. Pure."""
