"""What several studies share: the parts of a study, theory, probes, questions, claims, figures."""
