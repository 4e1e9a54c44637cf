"""The `workshop` command. Each module here is one command or group; `app` puts them together."""

from workshop_lib.cli.app import app, main

__all__ = ["app", "main"]
