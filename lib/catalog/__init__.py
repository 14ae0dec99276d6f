"""Which events there are, with their schemas and redacted fields."""
