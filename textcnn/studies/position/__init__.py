"""Where in a text something stands, and what tells a network of that."""
