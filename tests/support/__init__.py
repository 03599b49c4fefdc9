"""What tests, demo and benchmark share: an index server, stand-in wheels, virtual environments."""
