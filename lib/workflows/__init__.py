"""Workflow definitions: drafted, checked, published, attached to events."""
