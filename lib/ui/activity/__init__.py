"""What the activity page and an event's record draw."""
