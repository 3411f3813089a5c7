"""The audit of data: labels that are likely wrong, repeated texts, shortcuts."""
