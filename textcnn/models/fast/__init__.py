"""Exact arithmetic in fewer operations. Each file names the plain code that it must agree with."""
