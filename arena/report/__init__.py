"""The report: one document in, several formats out. No figure is computed in a template."""
