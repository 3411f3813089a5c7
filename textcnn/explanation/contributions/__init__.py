"""Logits as sums over n-grams: exact, and approximate for deep networks."""
