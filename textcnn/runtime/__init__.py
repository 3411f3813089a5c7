"""Prediction with exported models, without torch: `from textcnn.runtime import load`."""
