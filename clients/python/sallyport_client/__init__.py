"""The client library of Sallyport, for backends. It depends on the standard library only.

    from sallyport_client import Client

    client = Client("https://keys.example.com", token="sp_root_…")
    verification = client.verify(key, scopes=["read"])
    if verification:
        print(verification.key_id)

- `Client` asks the portal whether a key is valid for a request;
- `sallyport_client.asgi` does it for each request of an ASGI application (FastAPI, Starlette);
- `sign_request` and `verify_request` are for signed requests, `WebhookVerifier` for webhooks;
- `verify_capability` and `sallyport_client.runtime_configuration` are for apps.
"""

from .answer import RateLimit, Refused, Valid, Verification
from .capability import Capability, CapabilityError, verify_capability
from .client import Client
from .errors import VerificationError
from .runtime_configuration import ConfigurationError, RuntimeConfiguration, load
from .signing import RequestSignature, SignatureError, sign_request, verify_request
from .webhooks import WebhookError, WebhookEvent, WebhookForm, WebhookVerifier

__all__ = [
    "Capability",
    "CapabilityError",
    "Client",
    "ConfigurationError",
    "RateLimit",
    "Refused",
    "RequestSignature",
    "RuntimeConfiguration",
    "SignatureError",
    "Valid",
    "Verification",
    "VerificationError",
    "WebhookError",
    "WebhookEvent",
    "WebhookForm",
    "WebhookVerifier",
    "load",
    "sign_request",
    "verify_capability",
    "verify_request",
]
