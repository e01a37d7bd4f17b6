"""Configuration of every command: frozen, strict pydantic models and their YAML templates."""
