"""What the catalog, its drawer and an event's page draw."""
