"""Learns what the subwords of words stand for: weights of classes, and vectors."""
