"""One package a partner kind: screen, read, acknowledge."""
