"""An interoperability integration engine for England's statutory child death review."""
