"""From rows to batches: sources, splits, encoding and batching."""
