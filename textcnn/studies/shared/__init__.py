"""What several studies share: what a study is, theory, probes, questions and figures."""
