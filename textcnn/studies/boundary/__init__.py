"""The padding at the ends of a text, and what it reveals about positions."""
