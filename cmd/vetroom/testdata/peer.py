#!/usr/bin/python3
"""An owner's side of a call by aiortc, a WebRTC that has nothing to do with a browser.

It is given a reservation's link, and no more. It takes the owner's seat by the
socket protocol (vetroom.v1), sends a tone and a picture to the vet, counts
what comes back, and ends when the room closes. Each line that it prints is a
JSON object of all counts so far.

aiortc can neither restart ICE nor take an offer back, and has its candidates
in its descriptions. Where a browser would do one of those, this side makes a
new connection: the other side knows a new one by its DTLS fingerprint.
"""
import asyncio
import json
import math
import os
import re
import struct
import sys
from urllib.parse import urlsplit

import aiohttp
import numpy
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from aiortc.sdp import candidate_from_sdp


class Tone(AudioStreamTrack):
    """440 Hz, in the place of the silence that aiortc would send."""

    async def recv(self):
        frame = await super().recv()
        wave = (int(8000 * math.sin(2 * math.pi * 440 * (frame.pts + i) / frame.sample_rate)) for i in range(frame.samples))
        frame.planes[0].update(struct.pack(f"<{frame.samples}h", *wave))
        return frame


class Picture(VideoStreamTrack):
    """A field that grows lighter and dark again, 640 by 480."""

    async def recv(self):
        frame = await super().recv()
        luma = frame.planes[0]
        luma.update(bytes([frame.pts // 3000 % 200]) * luma.buffer_size)
        return frame


class Peer:
    """One RTCPeerConnection at a time; polite: where both offer, the other side's offer stands."""

    def __init__(self, send, counts):
        self.send, self.counts = send, counts
        self.servers, self.pc, self.readers, self.ending = [], None, [], set()

    def renew(self):
        """Makes a connection in place of the one that was."""
        self.close()
        servers = [RTCIceServer(s["urls"], s.get("username"), s.get("credential")) for s in self.servers]
        self.pc = pc = RTCPeerConnection(RTCConfiguration(servers))
        pc.addTrack(Tone())
        pc.addTrack(Picture())
        pc.on("track", lambda track: self.readers.append(asyncio.create_task(self.read(track))))
        pc.on("connectionstatechange", lambda: self.pc is pc and self.counts.update(state=pc.connectionState))

    async def offer(self):
        self.renew()
        await self.pc.setLocalDescription(await self.pc.createOffer())
        await self.describe()

    async def describe(self):
        await self.send({"description": {"type": self.pc.localDescription.type, "sdp": self.pc.localDescription.sdp}})

    async def receive(self, signal):
        description, candidate = signal.get("description"), signal.get("candidate")
        if description:
            await (self.answer if description["type"] == "offer" else self.answered)(description)
        elif candidate and candidate["candidate"]:
            await self.candidate(candidate)

    async def answer(self, offer):
        known = self.pc and self.pc.signalingState == "stable" and self.pc.remoteDescription
        if known and known.sdp == offer["sdp"]:
            return  # sent twice, since our own offer crossed it
        if not known or transport(known.sdp) != transport(offer["sdp"]):
            self.renew()
        self.counts["offers"] += 1
        await self.pc.setRemoteDescription(RTCSessionDescription(**offer))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        await self.describe()

    async def answered(self, answer):
        if self.pc and self.pc.signalingState == "have-local-offer":
            await self.pc.setRemoteDescription(RTCSessionDescription(**answer))

    async def candidate(self, given):
        parsed = candidate_from_sdp(given["candidate"].removeprefix("candidate:"))
        parsed.sdpMid, parsed.sdpMLineIndex = given.get("sdpMid"), given.get("sdpMLineIndex")
        if self.pc and parsed.protocol == "udp":
            await self.pc.addIceCandidate(parsed)

    async def read(self, track):
        """Counts what comes: pictures and their width, pieces of sound and those that are not silent."""
        try:
            while True:
                frame = await track.recv()
                if track.kind == "video":
                    self.counts["pictures"] += 1
                    self.counts["width"] = frame.width
                else:
                    self.counts["sounds"] += 1
                    self.counts["loud"] += int(numpy.abs(frame.to_ndarray()).max() > 500)
        except MediaStreamError:
            pass  # the track ended

    def close(self):
        """Ends the connection that there is. A relay that is gone would have one wait for half a minute: nobody does."""
        if self.pc:
            self.ending.add(asyncio.create_task(self.pc.close()))
        for reader in self.readers:
            reader.cancel()
        self.pc, self.readers = None, []


def transport(sdp):
    """What another connection, or the same one after an ICE restart, has otherwise."""
    return set(re.findall(r"^a=(?:ice-ufrag|fingerprint):.*", sdp, re.MULTILINE))


class Seat:
    """The owner's seat in a room: joins, acknowledges, and comes back after a break until the room closes."""

    def __init__(self, room, counts):
        self.room, self.counts = room, counts
        self.peer = Peer(lambda data: self.send({"type": "signal", "data": data}), counts)
        self.socket = self.resume = None
        self.seen, self.other = 0, "absent"
        self.joining = self.closed = False

    async def sit(self, connect):
        """Holds the seat until the room is closed; connect() opens a socket."""
        while not self.closed:
            try:
                async with connect() as self.socket:
                    await self.join()
                    async for frame in self.socket:
                        await self.handle(json.loads(frame.data))
            except (aiohttp.ClientError, ConnectionError) as error:
                print("socket:", error, file=sys.stderr)
            await asyncio.sleep(0 if self.closed else 0.3)
        self.peer.close()

    async def join(self):
        self.joining = True
        again = {"resume": self.resume, "seen": self.seen} if self.resume else {}
        await self.send({"type": "join", "room": self.room, **again})

    async def send(self, message):
        if not self.socket.closed:
            await self.socket.send_json(message)

    async def handle(self, message):
        handlers = {"room": self.took_room, "peer": self.took_peer, "error": self.took_error}
        if message["type"] == "signal":
            await self.peer.receive(message["data"])
        elif message["type"] in handlers:
            await handlers[message["type"]](message)
        if "n" in message:  # said when it was handled, not before
            self.seen = message["n"]
            await self.send({"type": "seen", "n": self.seen})
        if self.closed:
            await self.socket.close()

    async def took_room(self, room):
        self.resume, self.state = room["resume"], room["state"]
        self.peer.servers = room.get("ice_servers", [])
        self.closed, self.counts["ended"] = room["state"] == "closed", room.get("reason", "")
        self.counts["joins"] += int(self.joining)
        anew, self.joining = self.joining and not room["resumed"], False
        await self.took_peer(room, anew)

    async def took_peer(self, message, anew=False):
        """Begins where there is somebody to begin with: at first, or where it is not known what was missed."""
        came = self.other == "absent" or anew
        self.other = message["peer"]
        lacking = not self.peer.pc or self.counts["state"] != "connected"
        if self.state == "open" and self.other != "absent" and came and lacking:
            await self.peer.offer()

    async def took_error(self, error):
        print("refused:", error["code"], error["detail"], file=sys.stderr)
        self.closed = error["code"] in ("forbidden", "replaced")


async def tell(counts):
    """Prints the counts, again and again."""
    while True:
        print(json.dumps(counts), flush=True)
        await asyncio.sleep(0.2)


async def main(link):
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    counts = {"state": "new", "joins": 0, "offers": 0, "pictures": 0, "width": 0, "sounds": 0, "loud": 0, "ended": ""}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:  # unsafe: the host may be an address
        (await session.get(link)).raise_for_status()
        reservations = await (await session.get(origin + "/api/v1/reservations")).json()
        telling = asyncio.create_task(tell(counts))
        seat = Seat(reservations["reservations"][0]["room"]["id"], counts)
        await seat.sit(lambda: session.ws_connect(origin + "/ws", origin=origin, protocols=["vetroom.v1"]))
        telling.cancel()
    print(json.dumps(counts), flush=True)
    os._exit(0)  # aioice would go on to say goodbye to relays, also to one that is gone


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
