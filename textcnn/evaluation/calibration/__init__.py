"""Whether probabilities can be trusted, how to correct them, and when not to answer."""
