"""Handling documents within the agency: drafts that are approved and signed (Điều 19), arrivals that are handled (Điều 18)."""
