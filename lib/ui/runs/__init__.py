"""What the list of runs and a run's record draw."""
