"""Exact arithmetic in fewer operations; each file agrees with the plain layers beside it."""
