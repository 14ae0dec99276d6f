"""Who acts, with which permission and token, what they prefer, and what they did."""
