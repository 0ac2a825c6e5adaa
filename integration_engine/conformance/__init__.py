"""How good a partner's messages are, by rule. Pure: readings in, codes and places out, never a value of a message."""
