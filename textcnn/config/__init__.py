"""Every key that a user can set, and what is stored of a configuration."""
