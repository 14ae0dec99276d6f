"""What several pages draw with: guard, words, statuses, filters of the URL, schemas, charts in frames."""
