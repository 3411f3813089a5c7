"""Where in a text something stands, and how a network can know it."""
