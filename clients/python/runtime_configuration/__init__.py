"""Reads the runtime configuration of an app, for backends, and verifies its capability token.

    from runtime_configuration import load

    config = load()
    config.app_api_key
"""

from .capability import Capability, CapabilityError, verify_capability
from .configuration import ConfigurationError, RuntimeConfiguration, load

__all__ = [
    "Capability",
    "CapabilityError",
    "ConfigurationError",
    "RuntimeConfiguration",
    "load",
    "verify_capability",
]
