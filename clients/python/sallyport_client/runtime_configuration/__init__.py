"""Reads the runtime configuration of an app: the file that the portal gives for download.

    from sallyport_client.runtime_configuration import load

    config = load()
    config.app_api_key
"""

from .configuration import RuntimeConfiguration, load
from .errors import ConfigurationError

__all__ = ["ConfigurationError", "RuntimeConfiguration", "load"]
