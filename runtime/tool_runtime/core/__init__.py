"""What a call is, without I/O."""
