"""Two or more trained models beside each other: scores, paired tests, cost."""
