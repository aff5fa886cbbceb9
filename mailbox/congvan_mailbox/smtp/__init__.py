"""The SMTP and LMTP wires: the door that mail comes in by, and the client that carries it to the next hop."""
