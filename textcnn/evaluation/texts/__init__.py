"""Which texts a classifier gets right and wrong."""
