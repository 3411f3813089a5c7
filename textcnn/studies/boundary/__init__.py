"""What the padding at the ends of a text tells its features of where they are."""
