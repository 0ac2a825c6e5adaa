"""Deliveries posted to recipients who named the operator an address for it."""
