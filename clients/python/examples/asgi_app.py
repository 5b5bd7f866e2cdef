"""Each request needs an API key that may read. Run it with any ASGI server:

SALLYPORT_URL=https://keys.example.com SALLYPORT_TOKEN=sp_root_… uvicorn asgi_app:app
"""

import os

from sallyport_client import Client
from sallyport_client.asgi import SallyportMiddleware


async def hello(scope, receive, send):
    if scope["type"] != "http":
        return
    verification = scope["state"]["verification"]
    body = f"Hello, {verification.label}.\n".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


client = Client(os.environ["SALLYPORT_URL"], os.environ["SALLYPORT_TOKEN"])
app = SallyportMiddleware(hello, client=client, scopes=["read"], signed=True)
