"""Texts made by rule, to see what a model can and cannot learn."""
