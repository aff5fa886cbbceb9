"""What we answer, and what answers mean."""
