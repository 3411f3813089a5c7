"""What convolutions know about word order and position: theory, measurements and the report."""
