"""The layers that encoders are made of, each from Features to Features."""
