"""MESH, the mailboxes of NHS England: partners' messages taken from ours, deliveries and answers sent from it."""
