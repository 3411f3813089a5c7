"""Measures beside accuracy and F1, and how sure they are."""
