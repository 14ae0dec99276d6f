"""How often events happened and how that went: counts, reports, conformance."""
