"""What convolutions see of word order and position: theory, measurements, figures, the report."""
