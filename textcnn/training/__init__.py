"""Training a classifier: the recipe, the loop, losses, optimizers, TensorBoard and progress."""
