"""What partners talk to. It makes a message durable and answers; it never touches the core."""
