"""`format=onnx`: a graph for onnxruntime, and what it needs to read texts."""
