"""What a classifier has learned, as far as many texts show it."""
