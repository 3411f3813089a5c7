"""How good a classifier is: metrics and their tables and figures."""
