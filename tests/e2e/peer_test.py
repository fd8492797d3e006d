"""The core of it once more with a second client: Python's websockets. Usage: python3 peer_test.py BUILD_DIR"""
import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import unittest
import uuid

import websockets

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD", os.path.join(HERE, "..", "..", "build"))
JAMBONZ = ["ws.jambonz.org"]


def message(name, sid=None, **data):
    with open(os.path.join(HERE, "..", "fixtures", "messages", name + ".json"), encoding="utf-8") as f:
        m = json.load(f)
    m["msgid"] = uuid.uuid4().hex[:22]
    if sid:
        m["call_sid"] = m["data"]["call_sid"] = sid
    m["data"].update(data)
    return m


class Server:
    """A program of build/ on a free port."""

    def __init__(self, program, *args):
        self.process = subprocess.Popen([os.path.join(BUILD, program), "--port", "0", *args],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = re.match(r"listening on (ws://\S+)", self.process.stdout.readline()).group(1)

    def stop(self):
        self.process.terminate()
        return self.wait()

    def wait(self):
        status = self.process.wait(10)
        self.process.stdout.close()
        return status


class Case(unittest.IsolatedAsyncioTestCase):
    def serve(self, program, *args):
        server = Server(program, *args)
        self.addCleanup(lambda: self.assertEqual(server.stop(), 0))
        return server

    async def ask(self, ws, m):
        await ws.send(json.dumps(m))
        while True:
            answer = json.loads(await asyncio.wait_for(ws.recv(), 3))
            if answer.get("msgid") == m["msgid"]:
                return answer

    async def closed(self, ws, seconds=3):
        await asyncio.wait_for(ws.wait_closed(), seconds)
        return ws.close_code


class Handshake(Case):
    async def test_subprotocol(self):
        s = self.serve("hello")
        async with websockets.connect(s.url, subprotocols=["x"] + JAMBONZ) as ws:
            self.assertEqual(ws.subprotocol, "ws.jambonz.org")
            self.assertEqual(ws.extensions, [])
        for offer in (None, ["chat"]):
            with self.assertRaises(websockets.InvalidStatusCode) as refused:
                await websockets.connect(s.url, subprotocols=offer)
            self.assertEqual(refused.exception.status_code, 400)

    async def test_basic_auth(self):
        s = self.serve("hello", "--auth", "ada:lovelace")
        for credentials in ("ada:x", None):
            headers = {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()} if credentials else {}
            with self.assertRaises(websockets.InvalidStatusCode) as refused:
                await websockets.connect(s.url, subprotocols=JAMBONZ, extra_headers=headers)
            self.assertEqual(refused.exception.status_code, 401)
        async with websockets.connect(s.url.replace("ws://", "ws://ada:lovelace@"), subprotocols=JAMBONZ):
            pass

    async def test_origin(self):
        s = self.serve("hello")
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            await websockets.connect(s.url, subprotocols=JAMBONZ, origin="http://evil.example")
        self.assertEqual(refused.exception.status_code, 403)
        async with websockets.connect(s.url, subprotocols=JAMBONZ, origin="http://" + s.url.split("/")[2]):
            pass


class Frames(Case):
    async def test_echo(self):
        s = self.serve("echo")
        async with websockets.connect(s.url, max_size=None) as ws:
            for n in (0, 1, 125, 126, 65535, 65536, 1 << 20):
                for data in (bytes(n), "ö" * n):
                    await ws.send(data)
                    self.assertEqual(await ws.recv(), data)
            await ws.send(["frag", "men", "", "ts"])
            self.assertEqual(await ws.recv(), "fragments")
            await asyncio.wait_for(await ws.ping(b"are you there"), 2)

    async def test_close_codes(self):
        s = self.serve("hello")
        too_big = b"\x81\xff\x00\x00\x00\x00\x00\x10\x00\x00aaaa"
        for data, code in ((b"\x83\x80aaaa", 1002), (b"\x81\x01x", 1002), (b"\x81\x81\x00\x00\x00\x00\xff", 1007), (too_big, 1009)):
            ws = await websockets.connect(s.url, subprotocols=JAMBONZ)
            ws.transport.write(data)
            self.assertEqual(await self.closed(ws), code)
        ws = await websockets.connect(s.url, subprotocols=JAMBONZ)
        await ws.close(1001)
        self.assertEqual(ws.close_code, 1001)


class Calls(Case):
    async def test_hello(self):
        s = self.serve("hello")
        async with websockets.connect(s.url, subprotocols=JAMBONZ) as ws:
            ack = await self.ask(ws, message("session-new"))
            self.assertEqual(ack["data"], [{"verb": "say", "text": "Hello from C."}, {"verb": "hangup"}])

    async def test_menu(self):
        s = self.serve("menu")
        async with websockets.connect(s.url, subprotocols=JAMBONZ) as ws:
            sid = str(uuid.uuid4())
            self.assertEqual((await self.ask(ws, message("session-new", sid)))["data"][0]["verb"], "gather")
            ack = await self.ask(ws, message("verb-hook-gather-digits", sid, digits="7"))
            self.assertEqual([v["verb"] for v in ack["data"]], ["say", "gather"])
            ack = await self.ask(ws, message("verb-hook-gather-digits", sid, digits="1"))
            self.assertEqual(ack["data"][0]["target"][0]["name"], "sales")

    async def test_resume(self):
        s, sid = self.serve("menu"), str(uuid.uuid4())
        ws = await websockets.connect(s.url, subprotocols=JAMBONZ)
        await self.ask(ws, message("session-new", sid))
        await ws.send(json.dumps(message("call-status-in-progress", sid)))
        await asyncio.sleep(0.05)
        ws.transport.abort()
        async with websockets.connect(s.url, subprotocols=JAMBONZ) as ws:
            self.assertNotIn("data", await self.ask(ws, message("session-reconnect", sid)))
            self.assertEqual((await self.ask(ws, message("verb-hook-gather-digits", sid, digits="2")))["data"][0]["verb"], "dial")

    async def test_first_ack_lost(self):
        s, sid = self.serve("menu"), str(uuid.uuid4())
        ws = await websockets.connect(s.url, subprotocols=JAMBONZ)
        await ws.send(json.dumps(message("session-new", sid)))
        ws.transport.abort()
        ws = await websockets.connect(s.url, subprotocols=JAMBONZ)
        self.assertEqual((await self.ask(ws, message("session-reconnect", sid)))["data"][0]["verb"], "gather")
        self.assertEqual(await self.closed(ws), 1012)
        async with websockets.connect(s.url, subprotocols=JAMBONZ) as ws:
            self.assertNotIn("data", await self.ask(ws, message("session-reconnect", sid)))

    async def test_drain(self):
        s = Server("menu")
        ws = await websockets.connect(s.url, subprotocols=JAMBONZ)
        await self.ask(ws, message("session-new", str(uuid.uuid4())))
        s.process.terminate()
        self.assertEqual(await self.closed(ws), 1012)
        self.assertEqual(s.wait(), 0)


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f"python: {result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad or not result.testsRun else 0)
