"""The checks; importing a module registers its own."""
