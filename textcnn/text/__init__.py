"""From a text to token ids: tokenizers and the vocabulary. Knows nothing of data or models."""
