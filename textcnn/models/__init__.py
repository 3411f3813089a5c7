"""The networks: layers, encoders and the classifier around them. Knows nothing of training."""
