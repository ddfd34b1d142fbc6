"""What the generator writes. Every module reads the typed registry; one folder or module per output."""
