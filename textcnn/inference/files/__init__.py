"""Predictions for files of any size: rows in, rows with answers out, in order."""
