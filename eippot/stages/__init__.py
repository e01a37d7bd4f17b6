"""The stages of the method: run(config) -> Result."""
