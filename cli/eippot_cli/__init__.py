"""The command line: typer only, one file per command."""
