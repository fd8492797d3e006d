#!/usr/bin/python3
"""soak.py T [--only NAME] [--seed N]      T: 90s, 1m, 30m

Mixed load for that long on running programs: calls with hooks, deferred replies, audio sockets, streamed speech, drops and resumes,
attackers beside, system calls that fail (faults.c), pools that are too small. One row of ROWS is one server and its peers. A row is red
when one of these does not hold:
  acks      each message that wants an ack got exactly one within 5 s, on connections that nobody made to fail
  lost      no more connections ended of themselves than faults.c reset
  memory    RSS (plain builds): from the end of the first third to the end no more than GROWN kB up, by least squares
  fds       as many descriptors when all have gone as before anybody came
  stop      SIGTERM while calls are open: their peers are sent elsewhere (1012), exit status 0, no sanitizer reports; programs that
            keep something of a call get it when all calls have ended: what is not freed by then is a leak
  faults    where they are injected: each kind came up
"""
import argparse
import json
import multiprocessing
import os
import random
import re
import signal
import socket
import struct
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'siege'))
from kit import (BINARY, CLOSE, CONT, PING, PONG, ROOT, RST, TEXT, Failed, Server, Ws, check, closing, frame,  # noqa: E402
                 message, request, text_of, until)

GROWN = 128 # kB; 41 is the most that was seen in a minute. 1 kB lost in each call is 220 in the slowest plain row, without faults
PATIENCE = 5.0
RESUME = 32 # s. Calls that were lost are given up by then
KEEPERS = ('agent', 'soak/later') # free at END what they keep of a call; calls that are open at SIGTERM go elsewhere and get none
KINDS = ('recv EINTR', 'recv EAGAIN', 'recv short', 'recv ECONNRESET', 'send EINTR', 'send EAGAIN', 'send short', 'send ECONNRESET',
         'accept4 EINTR', 'accept4 EAGAIN', 'accept4 ECONNABORTED', 'accept4 EMFILE', 'epoll_wait EINTR', 'epoll_wait 0')
ROWS = { # program, build, peers, attackers, one in so many system calls fails, further arguments
    'calls':         ('bench_ack', 'plain', 6, 1, 0, ()),
    'calls-asan':    ('bench_ack', 'asan', 3, 1, 0, ()),
    'calls-faults':  ('bench_ack', 'plain', 4, 1, 20, ()),
    'pool':          ('bench_ack', 'plain', 6, 1, 0, ('--max-conns', '4')),
    'later':         ('soak/later', 'plain', 8, 0, 0, ()),
    'later-asan':    ('soak/later', 'asan', 3, 1, 0, ()),
    'later-faults':  ('soak/later', 'plain', 6, 0, 20, ()),
    'menu-asan':     ('menu', 'asan', 3, 1, 0, ('--max-conns', '3')),
    'audio':         ('audio_echo', 'plain', 6, 0, 0, ()),
    'audio-faults':  ('audio_echo', 'plain', 4, 1, 20, ()),
    'audio-asan':    ('audio_echo', 'asan', 2, 0, 0, ()),
    'speech':        ('agent', 'plain', 12, 0, 0, ()),
    'speech-faults': ('agent', 'plain', 8, 0, 20, ()),
    'speech-asan':   ('agent', 'asan', 2, 1, 0, ()),
}
HOOKS = {'bench_ack': ('verb-hook-base', 'verb-hook-gather-speech', 'verb-hook-llm'),
         'soak/later': ('verb-hook-base', 'verb-hook-gather-digits', 'verb-hook-dial'),
         'menu': ('verb-hook-gather-speech', 'verb-hook-gather-digits', 'verb-hook-base'),
         'audio_echo': ('verb-hook-base', 'verb-hook-listen'), 'agent': ('verb-hook-gather-speech', 'verb-hook-base')}
NO_ACK = ('call-status-in-progress', 'verb-status-starting', 'verb-status-dtmf-bargein', 'jambonz-error-tts', 'unknown-type')


class Gone(Exception):
    """The connection ended, and not because this side ended it."""


class Refused(Exception):
    """503: no place."""


class Peer(Ws):
    """One socket of one call."""

    def __init__(self, row, path=None, protocol='ws.jambonz.org'):
        self.row, self.open, self.answered, self.pcm = row, {}, set(), bytearray()
        try:
            super().__init__(row.server, path, protocol)
        except Failed as e:
            raise (Refused if ' 503 ' in str(e) else Gone)(e) from None
        except OSError as e:
            raise Gone(f'upgrade: {e!r}') from None

    def out(self, data):
        try:
            self.write(data)
        except OSError as e:
            raise Gone(repr(e)) from None

    def tell(self, m, acked=True):
        """Sends a message, sometimes in fragments, sometimes in dribs."""
        text, rnd = text_of(m).encode(), self.row.rnd
        if acked:
            self.open[m['msgid']] = time.monotonic()
            self.row.add('asked')
        if rnd.random() < 0.2:
            at = rnd.randrange(len(text))
            data = frame(TEXT, text[:at], fin=False) + frame(PING, b'between') + frame(CONT, text[at:])
        else:
            data = frame(TEXT, text)
        if rnd.random() < 0.1:
            at = rnd.randrange(len(data))
            self.out(data[:at])
            time.sleep(0.002)
            data = data[at:]
        self.out(data)
        return m

    def take(self, seconds):
        """One frame, and what has to be done about it; None: silent for so long."""
        try:
            f = self.frame(seconds)
        except Failed as e:
            if 'silent' not in str(e):
                raise
            check(not self.buf, f'half a frame: {self.buf[:20]!r}')
            return None
        if f is None:
            raise Gone('ended')
        op, payload = f
        if op == CLOSE:
            raise Gone(f'Close {struct.unpack("!H", payload[:2])[0] if payload else 1005}')
        if op == PING:
            self.out(frame(PONG, payload))
        if op == BINARY:
            self.pcm += payload
        return op, json.loads(payload) if op == TEXT else payload

    def hear(self, m):
        """An ack of what is not open is one too many. Speech is taken, or the voice is full."""
        if m.get('type') == 'ack':
            check(m['msgid'] in self.open, f'{"acked twice" if m["msgid"] in self.answered else "never asked"}: {m["msgid"]}')
            took = time.monotonic() - self.open.pop(m['msgid'])
            self.answered.add(m['msgid'])
            self.row.add('acked')
            self.row.worst = max(self.row.worst, took)
            check(took <= PATIENCE, f'acked after {took:.1f} s')
        elif m.get('command') == 'tts:tokens':
            self.row.add('spoken')
            full = self.row.rnd.random() < 0.1
            self.tell(message('tts-tokens-result-full' if full else 'tts-tokens-result-ok', self.sid,
                              data={**message('tts-tokens-result-full' if full else 'tts-tokens-result-ok')['data'],
                                    'id': m['data']['id']}), acked=False)
            if full:
                self.tell(message('tts-streaming-event-stream-resumed', self.sid), acked=False)
        elif m.get('type') == 'mark':
            self.tell({'type': 'mark', 'data': {'name': m['data']['name'], 'event': 'playout'}}, acked=False)
        return m

    def listen(self, seconds):
        """Whatever comes in that time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and (f := self.take(left)):
            if f[0] == TEXT:
                self.hear(f[1])

    def settle(self):
        """Until nothing is open. The last ack."""
        last = None
        while self.open:
            left = min(self.open.values()) + PATIENCE - time.monotonic()
            f = self.take(left) if left > 0 else None
            check(f, f'no ack within {PATIENCE} s: {len(self.open)} open')
            if f[0] == TEXT:
                m = self.hear(f[1])
                last = m if m.get('type') == 'ack' else last
        return last

    def bye(self):
        """The end of a call: nothing may come that was not asked for, then Close is answered and TCP ends."""
        self.out(frame(CLOSE, closing(1000)))
        try:
            while f := self.frame(PATIENCE):
                if f[0] == CLOSE:
                    check(f[1][:2] == closing(1000), f'Close is answered with {f[1]!r}')
                    break
                if f[0] == TEXT and (m := json.loads(f[1])).get('type') == 'ack':
                    check(False, f'acked without need: {m["msgid"]}')
            else:
                raise Gone('no Close')
        except OSError as e:
            raise Gone(repr(e)) from None
        self.close()


class Row:
    def __init__(self, name, seconds, seed):
        self.name, (self.program, self.build, self.peers, self.attackers, self.rate, args) = name, ROWS[name]
        self.seconds, self.rnd, self.lock, self.counts = seconds, random.Random(f'{seed} {name}'), threading.Lock(), {}
        self.worst, self.errors, self.gone, self.path = 0.0, [], [], f'{ROOT}/build/log/soak-{name}.counts'
        env = {}
        if self.rate:
            if os.path.exists(self.path):
                os.unlink(self.path)
            env = {'LD_PRELOAD': f'{ROOT}/build/soak/faults.so', 'SOAK_SEED': str(seed), 'SOAK_RATE': str(self.rate), 'SOAK_COUNTS': self.path}
        self.pool = '--max-conns' in args
        self.server = Server(self.program, self.build, args, env=env)

    def add(self, what, n=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + n

    def faults(self):
        with open(self.path, 'rb') as f:
            return dict(zip(KINDS, struct.unpack(f'{len(KINDS)}Q', f.read())))

    # -- what peers do --

    def call(self):
        rnd, ws = self.rnd, Peer(self)
        first = message('session-new')
        sid = ws.sid = first['call_sid']
        ws.tell(first)
        verbs = (ws.settle() or {}).get('data') or []
        self.add('calls')
        if self.program == 'agent':
            ws.tell(message('tts-streaming-event-stream-open', sid), acked=False)
        for _ in range(rnd.randrange(1, 9)):
            for _ in range(rnd.choice((1, 1, 1, 2, 3, 6))):
                ws.tell(message(rnd.choice(HOOKS[self.program]), sid))
                if rnd.random() < 0.3:
                    ws.tell(message(rnd.choice(NO_ACK), sid), acked=False)
            if rnd.random() < 0.15: # lost with what is open
                if rnd.random() < 0.5:
                    ws.reset()
                else:
                    ws.close()
                self.add('drops')
                if rnd.random() < 0.2:
                    return None # and never comes back
                time.sleep(rnd.random() * 0.2)
                ws = Peer(self)
                ws.sid = sid
                ws.tell(message('session-reconnect', sid))
                ws.settle()
                self.add('resumes')
            ws.settle()
            if self.program == 'agent':
                if rnd.random() < 0.3:
                    ws.tell(message('tts-streaming-event-user-interruption', sid), acked=False)
                ws.listen(rnd.random() * 0.6)
        if self.program == 'audio_echo':
            self.audio(ws, verbs)
        ws.tell(message('call-status-completed', sid), acked=False)
        return ws.bye()

    def audio(self, call, verbs):
        listen = next(v for v in verbs if v['verb'] == 'listen')
        a, sent = Peer(self, re.sub(r'^wss?://[^/]*', '', listen['url']), 'audio.jambonz.org'), bytearray()
        m = message('audio-metadata')
        m.update(callSid=call.sid, sampleRate=8000, mixType='mono')
        for absent in ('msgid', 'call_sid'):
            del m[absent]
        a.tell(m, acked=False)
        for _ in range(self.rnd.randrange(10, 120)):
            piece = bytes(self.rnd.randrange(1, 127) for _ in range(16)) * 20
            a.out(frame(BINARY, piece))
            sent += piece
            a.listen(0.005)
        self.add('audio', len(sent))
        end = time.monotonic() + PATIENCE
        while len(a.pcm) < len(sent) and time.monotonic() < end:
            a.listen(0.1)
        check(a.pcm == sent, f'{len(sent)} bytes of audio were sent, {len(a.pcm)} came back')
        if self.rnd.random() < 0.3:
            a.reset()
        else:
            a.bye()

    def attack(self):
        s, rnd = self.server, self.rnd
        kind = rnd.randrange(7)
        try:
            if kind < 3:
                sock = s.tcp((rnd.randbytes(rnd.randrange(1, 3000)), request(s.path)[:rnd.randrange(1, 200)],
                              request(s.path, 'POST', Content_Length='4') + b'abcd')[kind])
            else:
                ws = Ws(s, data=(frame(TEXT, b'x', masked=False), frame(TEXT, b'\xff\xfe'), frame(BINARY, b'', declare=1 << 40),
                                 frame(TEXT, '[' * 5000 + '{"type":"session:new"'))[kind - 3])
                ws.ended(0.2)
                sock = ws.sock
            time.sleep(0.1)
            if rnd.random() < 0.5:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
            sock.close()
        except (OSError, Failed):
            pass
        self.add('attacks')

    def again(self, what, end):
        """One peer's thread."""
        while time.monotonic() < end and not self.errors:
            try:
                what()
                time.sleep(self.rnd.random() * 0.05)
            except Refused:
                self.add('refused')
                time.sleep(0.05)
            except Gone as e:
                self.gone.append(str(e))
            except Failed as e:
                self.errors.append(f'acks: {e}')
            except Exception: # a fault of this file
                self.errors.append(traceback.format_exc()[-600:])

    # -- the row --

    def tidy(self):
        with self.lock:
            self.server.sockets = [x for x in self.server.sockets if x.fileno() >= 0]

    def hold(self):
        """Three calls that are open when SIGTERM comes."""
        held, end = [], time.monotonic() + 15
        while len(held) < 3 and time.monotonic() < end:
            try:
                ws = Peer(self)
                m = message('session-new')
                ws.sid = m['call_sid']
                ws.tell(m)
                ws.settle()
                held.append(ws)
            except (Gone, Refused) as e:
                self.add('held again')
                check(self.rate, f'{e}')
        return held

    def run(self):
        s, end, fds, rss = self.server, time.monotonic() + self.seconds, self.server.fds(), []
        self.again(self.call, time.monotonic() + 2)
        check(not self.errors, '\n'.join(self.errors))
        threads = [threading.Thread(target=self.again, args=(what, end))
                   for what, n in ((self.call, self.peers), (self.attack, self.attackers)) for _ in range(n)]
        for t in threads:
            t.start()
        start = time.monotonic()
        while any(t.is_alive() for t in threads) and s.alive():
            time.sleep(0.2)
            rss.append((time.monotonic() - start, s.rss()))
            self.tidy()
        for t in threads:
            t.join(30)
        bad = self.errors
        for what in ('calls', 'acked', 'drops', 'resumes') + (('attacks',) if self.attackers else ()):
            if self.counts.get(what, 0) < self.seconds / 10:
                bad.append(f'load: {self.counts.get(what, 0)} {what}')
        check(s.alive(), f'the process is gone: {s.log()[-800:].decode("latin-1")}')
        s.drop_all()
        if not until(lambda: s.fds() <= fds, 12):
            bad.append(f'fds: {s.fds()}, before {fds}')
        faults, most = {}, 0
        if self.rate:
            faults = self.faults()
            most = faults['recv ECONNRESET'] + faults['send ECONNRESET']
            bad += [f'faults: no {k}' for k, n in faults.items() if not n and self.seconds >= 60]
        if len(self.gone) > most:
            bad.append(f'lost: {len(self.gone)} connections ended, {most} were reset: {self.gone[:3]}')
        grown = slope(rss)
        if self.build == 'plain' and grown > GROWN:
            bad.append(f'memory: {grown:.0f} kB more over the last two thirds, {rss[len(rss) // 3][1]} to {rss[-1][1]} kB')
        try:
            if self.build == 'asan' and self.program in KEEPERS:
                time.sleep(RESUME)
            held = [] if self.program in KEEPERS else self.hold()
            check(len(held) == 3 or self.program in KEEPERS, f'stop: only {len(held)} calls could be held')
            s.signal(signal.SIGTERM)
            for ws in held:
                try:
                    while ws.take(8):
                        pass
                    check(self.rate, 'stop: a call was not sent elsewhere')
                except Gone as e:
                    check(self.rate or str(e) == 'Close 1012', f'stop: {e}')
                ws.close()
            check(until(lambda: not s.alive(), 10), 'stop: does not end after SIGTERM') # a second one would cut it short
            s.stop()
        except Failed as e:
            bad.append(str(e) if str(e).startswith('stop') else f'stop: {e}')
        said = ' '.join(f'{k} {n}' for k, n in sorted(self.counts.items()))
        return bad, (f'{said}, worst {self.worst * 1000:.0f} ms, rss {rss[0][1]} to {rss[-1][1]} kB ({grown:+.0f}), fds {fds}'
                     + (f', {sum(faults.values())} faults, {len(self.gone)} of {most} resets seen' if faults else ''))


def slope(rss):
    """By how many kB memory grew from the end of the first third to the end, by least squares."""
    points = rss[len(rss) // 3:]
    n = len(points)
    if n < 3:
        return 0.0
    mt, mr = sum(t for t, _ in points) / n, sum(r for _, r in points) / n
    var = sum((t - mt) ** 2 for t, _ in points)
    return sum((t - mt) * (r - mr) for t, r in points) / var * (points[-1][0] - points[0][0])


def work(job):
    name, seconds, seed = job
    row = None
    try:
        row = Row(name, seconds, seed)
        bad, said = row.run()
    except Exception as e:
        bad, said = [str(e) if isinstance(e, Failed) else traceback.format_exc()[-800:]], ''
    finally:
        if row:
            row.server.kill()
    print(f'{"FAIL" if bad else "ok":4} {name:14} {said}', *(f'     {b}' for b in bad), sep='\n', flush=True)
    return not bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument('time')
    p.add_argument('--only', default='')
    p.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(3), 'big'))
    a = p.parse_args()
    seconds = int(a.time.rstrip('smh')) * {'m': 60, 'h': 3600}.get(a.time[-1], 1)
    names = [n for n in ROWS if not a.only or n in a.only.split(',')]
    if not names:
        sys.exit(f'soak: no row named {a.only}')
    os.makedirs(f'{ROOT}/build/log', exist_ok=True)
    print(f'soak: {len(names)} servers for {seconds} s, SEED={a.seed}', flush=True)
    with multiprocessing.Pool(len(names)) as pool:
        ok = pool.map(work, [(n, seconds, a.seed) for n in names], 1)
    print(f'soak: {sum(ok)} passed, {len(ok) - sum(ok)} failed')
    return 0 if all(ok) else 1


if __name__ == '__main__':
    sys.exit(main())
