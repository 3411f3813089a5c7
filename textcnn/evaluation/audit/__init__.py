"""What changes the answers of a classifier, and what doesn't: one file for each kind of check."""
