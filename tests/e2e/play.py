"""play.py URL FILE - sends the messages of FILE (a JSON array) with Python's websockets, waits for each ack that is due, and prints
what the app sent as a JSON array."""
import asyncio
import json
import sys

import websockets

WANTS = {"session:new", "session:reconnect", "session:redirect", "session:adulting", "verb:hook", "dial:confirm"}


async def main(url, path):
    with open(path, encoding="utf-8") as f:
        messages = json.load(f)
    got = []
    async with websockets.connect(url, subprotocols=["ws.jambonz.org"], user_agent_header="jambonz") as ws:
        for m in messages:
            await ws.send(json.dumps(m))
            while m["type"] in WANTS:
                got.append(json.loads(await asyncio.wait_for(ws.recv(), 3)))
                if got[-1].get("msgid") == m["msgid"]:
                    break
    print(json.dumps(got))


asyncio.run(main(sys.argv[1], sys.argv[2]))
