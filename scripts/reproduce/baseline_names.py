"""The names of the baselines on the command line and in results.json; imports nothing heavy."""

BASELINE_NAMES = {"svm": "TF-IDF + linear SVM", "nbsvm": "NBSVM", "fasttext": "fastText"}
# Raise it when a baseline computes something else: its finished jobs then run again.
BASELINE_VERSIONS = {"svm": 1, "nbsvm": 2, "fasttext": 2}
