"""The linear model over n-grams: alone, beside a network, and as a baseline."""
