"""Scope, whose case, who is told, by when. Pure."""
