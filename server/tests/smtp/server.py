"""A mail server on loopback (aiosmtpd). It prints its port, then each mail that it took, as a line of JSON.

The first argument are options in JSON: certificate, key, tls ("starttls", "tls" or nothing), user and password, and how
many seconds it waits before it confirms a mail. Mail for refused@… is refused, mail for later@… at the first attempt.
"""

import asyncio
import email
import json
import ssl
import sys
from email import policy

from aiosmtpd.smtp import SMTP, AuthResult

OPTIONS = json.loads(sys.argv[1])


class Handler:
    def __init__(self):
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "refused":
            return "550 5.1.1 No such mailbox here"
        if name == "later" and address not in self.seen:
            self.seen.add(address)
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "text": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
            "encrypted": server.transport.get_extra_info("ssl_object") is not None,
            "signed_in": bool(session.authenticated),
        }
        print(json.dumps(told), flush=True)
        await asyncio.sleep(OPTIONS.get("wait", 0))
        return "250 2.0.0 Taken"


def authenticated(server, session, envelope, mechanism, data):
    expected = (OPTIONS["user"].encode(), OPTIONS["password"].encode())
    return AuthResult(success=(data.login, data.password) == expected, handled=False)


async def main():
    tls = OPTIONS.get("tls")
    context = None
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(OPTIONS["certificate"], OPTIONS["key"])
    handler = Handler()
    settings = {"hostname": "mail.test", "enable_SMTPUTF8": True, "auth_require_tls": False}
    if tls == "starttls":
        settings |= {"tls_context": context, "require_starttls": True}
    if "user" in OPTIONS:
        settings |= {"auth_required": True, "authenticator": authenticated}
    serving = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, **settings),
        "127.0.0.1",
        OPTIONS.get("port", 0),
        ssl=context if tls == "tls" else None,
        # The same port again, for a server that comes back.
        reuse_address=True,
    )
    print(serving.sockets[0].getsockname()[1], flush=True)
    await serving.serve_forever()


asyncio.run(main())
