"""Loss terms; each says which properties it needs."""
