"""Identities, tokens, roles and keys."""
