"""A release: version, changelog and generated output, written together or not at all."""
