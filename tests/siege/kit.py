"""What the scenarios attack with: a server as a child process with its memory, descriptors and CPU time; raw TCP; a WebSocket
peer that can do everything wrong; messages of jambonz. Standard library only."""
import base64
import itertools
import json
import os
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
RST = struct.pack('ii', 1, 0)
FAKETIME = '/usr/lib/%s/faketime/libfaketimeMT.so.1' % subprocess.run(
    ['gcc', '-print-multiarch'], capture_output=True, text=True, check=False).stdout.strip()


class Failed(Exception):
    """The server did what it must not."""


def check(ok, text):
    if not ok:
        raise Failed(text)


def until(what, seconds, step=0.02):
    """Waits for `what()`; its last value."""
    end = time.monotonic() + seconds
    while not (value := what()) and time.monotonic() < end:
        time.sleep(step)
    return value


# -- messages ---------------------------------------------------------------------------------------------------------

_count = itertools.count(1)


def fresh(prefix='siege'):
    return '%s-%d-%d' % (prefix, os.getpid(), next(_count))


def message(name='session-new', sid=None, **change):
    """A message of tests/fixtures, as one of call `sid`, with a msgid of its own."""
    with open(f'{ROOT}/tests/fixtures/messages/{name}.json', encoding='utf-8') as f:
        m = json.load(f)
    m['msgid'] = fresh('m')
    m['call_sid'] = sid or fresh('call')
    if isinstance(m.get('data'), dict):
        m['data']['call_sid'] = m['call_sid']
    m.update(change)
    return m


def text_of(m):
    return m if isinstance(m, (str, bytes)) else json.dumps(m, ensure_ascii=False, separators=(',', ':'))


# -- frames and requests ----------------------------------------------------------------------------------------------

def xor(data, key=b'\1\2\3\4'):
    n = len(data)
    pad = (key * (n // 4 + 1))[:n]
    return (int.from_bytes(data, 'little') ^ int.from_bytes(pad, 'little')).to_bytes(n, 'little')


def frame(op, payload=b'', fin=True, rsv=0, masked=True, form=None, declare=None):
    """One client frame; every part can be wrong on purpose. form: 7, 16 or 64 bits of length; declare: the length claimed."""
    p = payload.encode() if isinstance(payload, str) else payload
    n = len(p) if declare is None else declare
    form = form or (7 if n < 126 else 16 if n < 65536 else 64)
    head = bytes([(0x80 if fin else 0) | rsv << 4 | op,
                  (0x80 if masked else 0) | (n if form == 7 else 126 if form == 16 else 127)])
    if form != 7:
        head += n.to_bytes(form // 8, 'big')
    return head + (b'\1\2\3\4' + xor(p) if masked else p)


def closing(code, reason=b''):
    return struct.pack('!H', code) + reason


def request(path='/', method='GET', version='HTTP/1.1', drop=(), extra='', **headers):
    """An upgrade as jambonz sends it, with headers changed (Sec_WebSocket_Key=...), dropped or added."""
    h = {'User-Agent': 'jambonz', 'Host': '127.0.0.1', 'Connection': 'Upgrade', 'Upgrade': 'websocket',
         'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': KEY, 'Sec-WebSocket-Protocol': 'ws.jambonz.org',
         'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits'}
    h.update({k.replace('_', '-'): v for k, v in headers.items()})
    lines = [f'{method} {path} {version}'] + [f'{k}: {v}' for k, v in h.items() if k not in drop]
    return ('\r\n'.join(lines) + '\r\n' + extra + '\r\n').encode('latin-1', 'surrogateescape')


# -- the server -------------------------------------------------------------------------------------------------------

class Server:
    """One program of build/ or build/asan/ on a free port. Attackers' sockets are kept, so that all can be dropped at once."""

    def __init__(self, program, build='plain', args=(), nofile=None, prefix=(), env=None):
        path = f'{ROOT}/build/{"asan/" if build == "asan" else ""}{program}'
        self.program, self.build, self.sockets = program, build, []
        self.log_path = f'{ROOT}/build/log/siege-{os.getpid()}.log'
        environ = {**os.environ, 'ASAN_OPTIONS': 'detect_leaks=1:quarantine_size_mb=4', 'UBSAN_OPTIONS': 'print_stacktrace=1', **(env or {})}
        with open(self.log_path, 'wb') as log:
            self.child = subprocess.Popen(
                [*prefix, path, '--port', '0', *args], stdout=subprocess.PIPE, stderr=log, env=environ,
                preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))) if nofile else None)
        self.pid = self.child.pid
        found = re.match(rb'listening on ws://([^:]+):(\d+)(\S*)', self.child.stdout.readline())
        check(found, f'{program} does not listen: {self.log()[-500:]}')
        self.port, self.path = int(found[2]), found[3].decode()
        self.url = f'ws://127.0.0.1:{self.port}{self.path}'

    def log(self):
        with open(self.log_path, 'rb') as f:
            return f.read()

    def alive(self):
        return self.child.poll() is None

    def rss(self):
        with open(f'/proc/{self.pid}/statm', encoding='ascii') as f:
            return int(f.read().split()[1]) * 4

    def fds(self):
        return len(os.listdir(f'/proc/{self.pid}/fd'))

    def cpu_ms(self):
        with open(f'/proc/{self.pid}/stat', encoding='ascii') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf('SC_CLK_TCK')

    def signal(self, sig):
        os.kill(self.pid, sig)

    def stop(self):
        """Ends it as its user would; its exit status must be 0 and a sanitizer must have nothing to say."""
        self.drop_all()
        if self.alive():
            self.child.terminate()
        try:
            status = self.child.wait(15)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise Failed('does not stop on SIGTERM') from None
        finally:
            self.child.stdout.close()
        said = re.search(rb'(runtime error|Sanitizer|Assertion).*', self.log())
        check(not said, 'says: ' + self.log()[said.start() - 200 if said and said.start() > 200 else 0:][:1500].decode('latin-1') if said else '')
        check(status == 0, f'ended with {status}')
        return self.log()

    def kill(self):
        self.drop_all()
        if self.alive():
            self.child.kill()
            self.child.wait()
        if not self.child.stdout.closed:
            self.child.stdout.close()

    def drop_all(self):
        for s in self.sockets:
            s.close()
        self.sockets.clear()

    # -- what attackers do --

    def tcp(self, data=b'', rcvbuf=None, timeout=5):
        s = socket.socket()
        s.settimeout(timeout)
        if rcvbuf:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        s.connect(('127.0.0.1', self.port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self.sockets) > 20000:
            self.sockets = [x for x in self.sockets if x.fileno() >= 0]
        self.sockets.append(s)
        if data:
            s.sendall(data)
        return s

    def answer(self, data, timeout=2.0):
        """Sends bytes; what came back until the server closed, its status (0 for none), and whether it did close."""
        s = self.tcp(timeout=timeout)
        got, ended, end = b'', False, time.monotonic() + timeout
        try:
            s.sendall(data)
        except OSError:
            pass # refused before all was sent: what it said can still be read
        try:
            while time.monotonic() < end:
                piece = s.recv(65536)
                if not piece:
                    ended = True
                    break
                got += piece
                if got.startswith(b'HTTP/1.1 101') and b'\r\n\r\n' in got:
                    break
        except socket.timeout:
            pass
        except OSError:
            ended = True
        s.close()
        status = re.match(rb'HTTP/1\.[01] (\d{3}) ', got)
        return got, int(status[1]) if status else 0, ended

    def refused(self, data, what, statuses=range(400, 506)):
        """It must be answered with one of these statuses (or nothing) and closed, at once."""
        got, status, ended = self.answer(data)
        check(status != 101, f'{what}: accepted')
        check(status in statuses or not got, f'{what}: answered {status} {got[:60]!r}')
        check(ended, f'{what}: not closed')
        check(len(re.findall(rb'HTTP/1\.[01] \d{3} ', got)) <= 1, f'{what}: answered more than once')
        return got

    def call(self, name='session-new', path=None, sid=None, **kw):
        """A peer whose first message is acked."""
        ws = Ws(self, path, **kw)
        ws.sid = sid or fresh('call')
        first = message(name, ws.sid)
        check(ws.ask(first), f'{name} is not acked')
        return ws

    def good_call(self):
        """A well-behaved call, the way it ought to be; its milliseconds."""
        start = time.monotonic()
        if self.program == 'echo':
            ws = Ws(self, protocol='echo')
            ws.send(TEXT, b'good')
            check(ws.frame() == (TEXT, b'good'), 'a good text is not echoed')
        else:
            ws = self.call()
        took = (time.monotonic() - start) * 1000
        ws.send(CLOSE, closing(1000))
        check(ws.close_code() == 1000, 'Close is not answered')
        ws.close()
        return took


class Ws:
    """A peer that has upgraded. Every frame it gets is checked for its form."""

    def __init__(self, server, path=None, protocol='ws.jambonz.org', rcvbuf=None, data=b'', timeout=5, cut=None, **headers):
        self.sid = None
        self.sock = server.tcp(rcvbuf=rcvbuf, timeout=timeout)
        if protocol is None:
            headers['drop'] = ('Sec-WebSocket-Protocol',)
        else:
            headers['Sec_WebSocket_Protocol'] = protocol
        self.write(request(path or server.path, **headers) + data, cut)
        self.buf = b''
        while b'\r\n\r\n' not in self.buf:
            piece = self.sock.recv(4096)
            check(piece, f'upgrade refused: {self.buf[:80]!r}')
            self.buf += piece
        self.head, self.buf = self.buf.split(b'\r\n\r\n', 1)
        check(self.head.startswith(b'HTTP/1.1 101 '), f'upgrade refused: {self.head[:80]!r}')

    def write(self, data, cut=None):
        for i in range(0, len(data), cut or len(data) or 1):
            self.sock.sendall(data[i:i + (cut or len(data))])

    def send(self, op, payload=b'', **kw):
        self.write(frame(op, payload, **kw))

    def say(self, m):
        self.send(TEXT, text_of(m))
        return m

    def _take(self, n, end):
        while len(self.buf) < n:
            self.sock.settimeout(max(0.001, end - time.monotonic()))
            piece = self.sock.recv(65536)
            if not piece:
                raise EOFError
            self.buf += piece
        piece, self.buf = self.buf[:n], self.buf[n:]
        return piece

    def frame(self, seconds=3.0):
        """(op, payload), or None when the connection ended. A time-out is a failure."""
        end = time.monotonic() + seconds
        try:
            a, b = self._take(2, end)
            n = b & 127
            if n > 125:
                n = int.from_bytes(self._take(2 if n == 126 else 8, end), 'big')
                check(n > (125 if b & 127 == 126 else 65535), 'a length longer than it need be')
            payload = self._take(n, end)
        except (EOFError, ConnectionError):
            return None
        except socket.timeout:
            raise Failed(f'silent for {seconds} s') from None
        op = a & 15
        check(a & 0xf0 == 0x80 and not b & 128 and op in (TEXT, BINARY, CLOSE, PING, PONG), f'a bad frame: {a:#x} {b:#x}')
        check(op < 8 or n < 126, 'a control frame that is too long')
        if op == TEXT:
            payload.decode()
        return op, payload

    def texts(self, seconds=3.0):
        """The JSON texts that come, until the connection ends or is silent."""
        try:
            while f := self.frame(seconds):
                if f[0] == TEXT:
                    yield json.loads(f[1])
        except Failed:
            return

    def ask(self, m, seconds=3.0):
        """Sends a message; the ack that carries its msgid, or None."""
        self.say(m)
        return next((a for a in self.texts(seconds) if a.get('type') == 'ack' and a.get('msgid') == m['msgid']), None)

    def close_code(self, seconds=3.0):
        """The code of the Close that comes, 1005 for none in it, 0 for an end without one; and TCP must end as well."""
        code = 0
        while f := self.frame(seconds):
            check(not code, 'something after Close')
            if f[0] == CLOSE:
                code = struct.unpack('!H', f[1][:2])[0] if f[1] else 1005
        return code

    def ended(self, seconds):
        """Whether the server ends TCP in that time; what comes before is thrown away."""
        end = time.monotonic() + seconds
        ready = select.poll() # select() knows descriptors below 1,024 only
        ready.register(self.sock, select.POLLIN)
        while time.monotonic() < end:
            if not ready.poll(max(0, end - time.monotonic()) * 1000):
                break
            try:
                if not self.sock.recv(65536):
                    return True
            except OSError:
                return True
        return False

    def close(self):
        self.sock.close()

    def reset(self):
        reset(self.sock)


def reset(sock):
    """Ends TCP with a reset instead of the polite way."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
    sock.close()


def push(sock, data, seconds):
    """Writes the same bytes again and again and never reads, until nothing was taken for half a second; how many were."""
    sock.setblocking(False)
    sent, view, end, ready = 0, memoryview(data), time.monotonic() + seconds, select.poll()
    ready.register(sock, select.POLLOUT)
    while time.monotonic() < end:
        try:
            sent += sock.send(view[sent % len(view):])
        except BlockingIOError:
            if not ready.poll(500):
                break
        except OSError:
            break
    return sent


def basic(text):
    return 'Basic ' + base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def instructions(program, attack, args=()):
    """How many instructions a program executes from its start to its end, with `attack(server)` in between (callgrind)."""
    s = Server(program, 'plain', args, prefix=('valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null'))
    try:
        attack(s)
        log = s.stop()
    finally:
        s.kill()
    return int(re.search(rb'Collected : (\d+)', log)[1])


def linear(program, attack, what, args=(), slack=1.15):
    """`attack(server, size)` at 1x and 4x: what it costs beyond a run with neither may grow 4 times, with a little slack."""
    base = instructions(program, lambda s: attack(s, 0), args)
    one = instructions(program, lambda s: attack(s, 1), args) - base
    four = instructions(program, lambda s: attack(s, 4), args) - base
    check(four <= 4 * slack * one, f'{what}: {one} instructions become {four}, {four / one:.2f} times as many')
    return f'{what} x{four / one:.2f}'


SIGSTOP, SIGCONT = signal.SIGSTOP, signal.SIGCONT
