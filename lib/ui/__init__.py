"""What pages draw with: guard, filters, cards, charts, schema views."""
