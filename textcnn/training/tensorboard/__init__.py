"""What TensorBoard shows beside curves of scores."""
