"""The loop, the optimisers, checkpoints, curves and progress."""
