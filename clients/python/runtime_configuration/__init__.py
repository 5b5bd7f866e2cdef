"""The name that this package had before it verified keys: what it had is in `sallyport_client`."""

from sallyport_client.capability import Capability, CapabilityError, verify_capability
from sallyport_client.runtime_configuration import ConfigurationError, RuntimeConfiguration, load

__all__ = [
    "Capability",
    "CapabilityError",
    "ConfigurationError",
    "RuntimeConfiguration",
    "load",
    "verify_capability",
]
