"""Files and tables of Arrow: columns with types."""
