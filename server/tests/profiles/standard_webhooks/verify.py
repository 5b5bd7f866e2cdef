"""Says of each request on standard input whether Standard Webhooks for Python accepts it."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError


def accepts(request):
    try:
        return Webhook(request["secret"]).verify(request["body"], request["headers"]) == json.loads(request["body"])
    except WebhookVerificationError:
        return False


print(json.dumps([accepts(request) for request in json.load(sys.stdin)]))
