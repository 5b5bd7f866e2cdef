"""Each request needs an API key; what it may do is what its scopes say. After `pip install fastapi uvicorn`:

SALLYPORT_URL=https://keys.example.com SALLYPORT_TOKEN=sp_root_… uvicorn fastapi_app:app
"""

import os

from fastapi import FastAPI, Request
from sallyport_client import Client, Valid
from sallyport_client.asgi import SallyportMiddleware

client = Client(os.environ["SALLYPORT_URL"], os.environ["SALLYPORT_TOKEN"])
app = FastAPI()
app.add_middleware(SallyportMiddleware, client=client, signed=True, exempt=["/healthz"])


@app.get("/healthz")
def healthz():
    return {"alive": True}


@app.get("/hello")
def hello(request: Request):
    verification: Valid = request.state.verification
    return {"hello": verification.label, "app_id": verification.app_id}


@app.post("/echo")
async def echo(request: Request):
    return {"length": len(await request.body())}
