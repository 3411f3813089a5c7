"""The networks between embedding and pooling, one in each file."""
