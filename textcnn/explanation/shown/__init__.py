"""Explanations for people: in the terminal, on a page, in TensorBoard."""
