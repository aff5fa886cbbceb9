"""Documents too large for one mail: divided or lent by address on the way out, gathered on the way in."""
