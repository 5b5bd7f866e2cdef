"""Reads the runtime configuration of an app, for backends.

    from runtime_configuration import load

    config = load()
    config.app_api_key
"""

from .configuration import ConfigurationError, RuntimeConfiguration, load

__all__ = ["ConfigurationError", "RuntimeConfiguration", "load"]
