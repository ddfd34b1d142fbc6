"""What runs in the locked child: nothing here imports the runtime, and the host imports nothing from here."""
