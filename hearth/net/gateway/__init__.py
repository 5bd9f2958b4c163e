"""The Gateway: framing, encoding, sessions and the way to each of them."""
