"""Checkpoints on the Hugging Face Hub: their addresses, download, upload and model card."""
