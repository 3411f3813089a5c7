"""The HTTP server: JSON in and out, metrics, and the live page."""
