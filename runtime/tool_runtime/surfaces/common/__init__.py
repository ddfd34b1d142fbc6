"""What two surfaces share."""
