"""A run that starts from a checkpoint: what it keeps, what is new, and what it forgets."""
