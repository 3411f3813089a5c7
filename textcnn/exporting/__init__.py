"""Models for other programs: what `python -m textcnn.export` writes."""
