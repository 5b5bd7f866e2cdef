"""Connections: kept, closed, slow, endless, gone. Whatever happens, nothing but an answer is a result."""

import asyncio
import json
import os
import socket
import threading
import time
import unittest
import unittest.mock

from sallyport_client import Client, RequestSignature, VerificationError
from sallyport_client.cache import Cache
from sallyport_client.transport import _DeadlineReader

from .fake import VALID, Connection, FakePortal, always

CONTENT = json.dumps(VALID).encode()


class Transport(unittest.TestCase):
    def fails(self, client: Client, code: str, **arguments) -> VerificationError:
        with self.assertRaises(VerificationError) as raised:
            client.verify("sk_live_1", **arguments)
        self.assertEqual(raised.exception.code, code, raised.exception)
        return raised.exception

    def test_a_connection_is_kept(self) -> None:
        with always(200, VALID) as portal, Client(portal.url, "t") as client:
            for _ in range(5):
                self.assertTrue(client.verify("sk_live_1"))
            self.assertEqual((portal.connections, len(portal.requests)), (1, 5))

    def test_threads_share_the_client(self) -> None:
        def serve(portal: FakePortal, connection: Connection) -> None:
            while True:
                asked = json.loads(connection.request().body)
                connection.answer(200, json.dumps({**VALID, "key_id": asked["key"]}).encode())

        told = []

        def ask(key: str) -> None:
            for _ in range(20):
                told.append(client.verify(key).key_id == key)

        with FakePortal(serve) as portal, Client(portal.url, "t") as client:
            threads = [threading.Thread(target=ask, args=(f"k{n}",)) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual((len(told), all(told)), (160, True))
            self.assertLessEqual(portal.connections, 8)

    def test_nothing_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.fails(Client(f"http://127.0.0.1:{port}", "t"), "unreachable")

    def test_a_name_without_an_address(self) -> None:
        self.fails(Client("https://keys.invalid", "t"), "unreachable")

    def test_no_tls_where_it_is_expected(self) -> None:
        def serve(portal: FakePortal, connection: Connection) -> None:
            connection.answer(200, CONTENT)

        with FakePortal(serve) as portal:
            self.fails(Client(f"https://127.0.0.1:{portal.port}", "t"), "unreachable")

    def times_out(self, serve) -> None:
        with FakePortal(serve) as portal, Client(portal.url, "t", timeout=0.3) as client:
            began = time.monotonic()
            self.fails(client, "timed_out")
            self.assertLess(time.monotonic() - began, 5)
            self.assertEqual(len(portal.requests), 1, "not tried again")

    def test_no_answer(self) -> None:
        def serve(portal: FakePortal, connection: Connection) -> None:
            connection.request()
            portal.ended.wait(10)

        self.times_out(serve)

    def test_a_head_letter_by_letter(self) -> None:
        def serve(portal: FakePortal, connection: Connection) -> None:
            connection.request()
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
                connection.send(bytes([byte]))
                if portal.ended.wait(0.02):
                    return

        self.times_out(serve)

    def test_a_body_letter_by_letter(self) -> None:
        def serve(portal: FakePortal, connection: Connection) -> None:
            connection.request()
            connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode())
            for byte in CONTENT:
                connection.send(bytes([byte]))
                if portal.ended.wait(0.02):
                    return

        self.times_out(serve)

    def endless(self, head: bytes, part: bytes) -> None:
        def serve(portal: FakePortal, connection: Connection) -> None:
            connection.request()
            connection.send(head)
            while not portal.ended.is_set():
                connection.send(part)

        with FakePortal(serve) as portal, Client(portal.url, "t", timeout=20) as client:
            self.fails(client, "unexpected_answer")

    def test_a_body_without_end(self) -> None:
        self.endless(b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT, b" " * 10_000)
        self.endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b" " * 1024 + b"\r\n")
        self.endless(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b" " * 10_000)

    def test_a_head_without_end(self) -> None:
        self.endless(b"HTTP/1.1 200 OK\r\n", b"X-Other: " + b"x" * 1000 + b"\r\n")

    def test_a_body_that_ends_too_early(self) -> None:
        def serve(portal: FakePortal, connection: Connection) -> None:
            connection.request()
            connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT) + 1}\r\n\r\n".encode() + CONTENT)

        with FakePortal(serve) as portal, Client(portal.url, "t") as client:
            self.fails(client, "unreachable")

    def test_a_redirect_is_not_followed(self) -> None:
        with always(200, VALID) as other:
            for status in (301, 302, 303, 307, 308):
                with always(status, VALID, {"Location": other.url}) as portal, Client(portal.url, "t") as client:
                    self.fails(client, "unexpected_answer")
            self.assertEqual((other.connections, other.requests), (0, []))

    def closing(self) -> FakePortal:
        """Closes each connection after its first answer, once the next request was there."""

        def serve(portal: FakePortal, connection: Connection) -> None:
            connection.request()
            connection.answer(200, CONTENT)
            connection.request()

        return FakePortal(serve)

    def test_a_kept_connection_that_was_closed_is_replaced(self) -> None:
        with self.closing() as portal, Client(portal.url, "t") as client:
            self.assertTrue(client.verify("sk_live_1") and client.verify("sk_live_1"))
            self.assertEqual((portal.connections, len(portal.requests)), (2, 3))

    def test_a_signed_request_is_never_sent_twice(self) -> None:
        signature = RequestSignature("1795327200", "0" * 64, b"")
        with self.closing() as portal, Client(portal.url, "t") as client:
            self.assertTrue(client.verify("sk_live_1", signature=signature))
            self.fails(client, "unreachable", signature=signature)
            self.assertEqual(len(portal.requests), 2)

    def test_an_answer_that_began_is_not_asked_for_again(self) -> None:
        for began in (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"):
            read = threading.Event()

            def serve(portal: FakePortal, connection: Connection) -> None:
                connection.request()
                connection.answer(200, CONTENT)
                connection.request()
                connection.send(began)
                self.assertTrue(read.wait(10))
                connection.reset()

            receive = _DeadlineReader.readinto

            def reading(self: _DeadlineReader, buffer: object) -> int:
                length = receive(self, buffer)
                if bytes(buffer[:length]) == began:  # type: ignore[index]
                    # The reset would discard what was not read.
                    read.set()
                return length

            with self.subTest(began), FakePortal(serve) as portal, Client(portal.url, "t") as client:
                with unittest.mock.patch.object(_DeadlineReader, "readinto", reading):
                    self.assertTrue(client.verify("sk_live_1"))
                    self.fails(client, "unreachable")
                self.assertEqual((portal.connections, len(portal.requests)), (1, 2))

    def test_an_answer_before_the_request_is_not_taken(self) -> None:
        sent = threading.Event()

        def serve(portal: FakePortal, connection: Connection) -> None:
            connection.request()
            connection.answer(200, json.dumps({"valid": False, "code": "revoked", "status": 401, "request_id": "r"}).encode())
            connection.answer(200, CONTENT)
            sent.set()
            portal.ended.wait(10)

        with FakePortal(serve) as portal, Client(portal.url, "t") as client:
            self.assertFalse(client.verify("sk_live_1"))
            self.assertTrue(sent.wait(10))
            sent.clear()
            self.assertFalse(client.verify("sk_live_1"))
            self.assertEqual(portal.connections, 2)

    def test_a_connection_is_tried_twice(self) -> None:
        connect, refused = socket.socket.connect, []

        def connecting(self: socket.socket, address: object) -> None:
            if not refused:
                refused.append(address)
                raise ConnectionRefusedError(111, "Connection refused")
            connect(self, address)

        with always(200, VALID) as portal, Client(portal.url, "t") as client:
            with unittest.mock.patch.object(socket.socket, "connect", connecting):
                self.assertTrue(client.verify("sk_live_1"))
            self.assertEqual((len(refused), len(portal.requests)), (1, 1))

    @unittest.skipUnless(hasattr(os, "fork"), "no fork there")
    def test_a_fork_has_connections_of_its_own(self) -> None:
        with always(200, VALID) as portal, Client(portal.url, "t") as client:
            client.verify("sk_live_1")
            child = os.fork()
            if child == 0:
                os._exit(0 if client.verify("sk_live_1") else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            client.verify("sk_live_1")
            self.assertEqual((portal.connections, len(portal.requests)), (2, 3))


class Asyncio(unittest.TestCase):
    def test_more_calls_than_threads_end_in_time(self) -> None:
        def serve(portal: FakePortal, connection: Connection) -> None:
            connection.request()
            portal.ended.wait(10)

        async def ask(client: Client) -> list:
            calls = [client.verify_async("sk_live_1") for _ in range(100)]
            return await asyncio.gather(*calls, return_exceptions=True)

        with FakePortal(serve) as portal, Client(portal.url, "t", timeout=0.3) as client:
            told = asyncio.run(ask(client))
            self.assertEqual({error.code for error in told}, {"timed_out"})
            self.assertLess(len(portal.requests), 50, "those that never got a thread were not sent")


class Remembering(unittest.TestCase):
    def test_off_unless_asked_for(self) -> None:
        with always(200, VALID) as portal, Client(portal.url, "t") as client:
            client.verify("sk_live_1"), client.verify("sk_live_1")
            self.assertEqual(len(portal.requests), 2)

    def test_the_same_request_for_a_second(self) -> None:
        now = [0.0]
        with always(200, VALID) as portal, Client(portal.url, "t", cache_seconds=1) as client:
            client._cache = Cache(1, lambda: now[0])
            for key, scopes in (("a", []), ("a", []), ("b", []), ("a", ["read"]), ("a", [])):
                client.verify(key, scopes=scopes)
            self.assertEqual(len(portal.requests), 3)
            now[0] = 1.0
            client.verify("a")
            self.assertEqual(len(portal.requests), 4)
            self.assertNotIn("sk_live_1", repr(vars(client._cache)))

    def test_signed_and_refused_ones_are_asked_each_time(self) -> None:
        signature = RequestSignature("1795327200", "0" * 64, b"")
        refused = {"valid": False, "code": "revoked", "status": 401, "error": {}, "request_id": "r"}
        with always(200, refused) as portal, Client(portal.url, "t", cache_seconds=1) as client:
            client.verify("a"), client.verify("a")
            self.assertEqual(len(portal.requests), 2)
        with always(200, VALID) as portal, Client(portal.url, "t", cache_seconds=1) as client:
            client.verify("a", signature=signature), client.verify("a", signature=signature)
            self.assertEqual(len(portal.requests), 2)

    def test_nobody_changes_what_others_are_given(self) -> None:
        answer = {**VALID, "metadata": {"plan": {"seats": [1]}}}
        with always(200, answer) as portal, Client(portal.url, "t", cache_seconds=1) as client:
            client._cache = Cache(1, lambda: 0.0)
            for _ in range(3):
                valid = client.verify("a")
                self.assertEqual(valid.metadata, {"plan": {"seats": [1]}})
                valid.metadata["plan"]["seats"].append(2)
            self.assertEqual(len(portal.requests), 1)

    def test_it_is_bounded(self) -> None:
        from sallyport_client import cache as module

        cache = Cache(1)
        for n in range(module._MOST + 10):
            cache.put(cache.digest(str(n).encode()), cache.now(), object())  # type: ignore[arg-type]
        self.assertEqual(len(cache._results), module._MOST)


if __name__ == "__main__":
    unittest.main()
