"""What the simulate page draws."""
