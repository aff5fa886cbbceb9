"""The commands, one file each; `congvan_gateway.cli` picks one and imports only that."""
