"""Exported models in every simulator that speaks the KIM API: a model driver, portable models."""
