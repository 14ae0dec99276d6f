"""Bringing the application up, keeping it well, and telling how it is."""
