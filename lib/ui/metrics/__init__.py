"""What the metrics page draws."""
