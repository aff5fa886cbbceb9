"""Who is reached how, and why."""
