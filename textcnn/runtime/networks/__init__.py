"""Networks of one convolution and pooling, as sums of table rows."""
