"""The linear model over n-grams, alone and beside a network."""
