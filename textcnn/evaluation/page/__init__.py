"""The report of a classifier: one HTML page, and a model card."""
