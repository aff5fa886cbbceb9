"""The demonstration behind `make demo`: two invented agencies, a test PKI, real SMTP on loopback."""
