"""From a typed spec to the registry document that the runtime loads."""
