"""What images weigh and free: observe, remember and remove them."""
