"""From a text to token ids: tokenizers and vocabulary. Independent of data and models."""
