"""Events come in, start what they match, and are found again."""
