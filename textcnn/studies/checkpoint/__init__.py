"""The questions of the other studies, asked of a trained classifier."""
