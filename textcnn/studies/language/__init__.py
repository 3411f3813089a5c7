"""The limits of convolutions on real texts."""
