"""What labels are called, which are missing or unseen, and how many texts have them."""
