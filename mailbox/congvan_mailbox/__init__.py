"""Mail: its forms, its reports, its wires. It knows no database."""
