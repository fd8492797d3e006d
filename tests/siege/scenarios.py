"""Every black-box case of THREATS.md, section 5: one scenario, one function, named as there. What holds for all of them is not
repeated: the process lives, calls beside are acked within 1 s, afterwards descriptors and memory are back, no CPU is burnt,
a new call is acked, the program ends with 0 and no sanitizer has anything to say (siege.py checks that)."""
import json
import os
import random
import re
import socket
import statistics
import time

from kit import (BINARY, CLOSE, CONT, FAKETIME, KEY, PING, PONG, ROOT, SIGCONT, SIGSTOP, TEXT, Failed, Ws, basic, check, closing,
                 frame, fresh, linear, message, push, request, reset, text_of, until)

ALL = {}


def scenario(program='bench_ack', builds=('plain', 'asan'), name=None, args=(), nofile=None, witness='fresh', grown=1024,
             env=None, weight=1):
    """witness: 'fresh' (new calls and one that is held), 'held' (only that) or None; grown: kB of memory that may be more
    afterwards than before (the pool keeps a chunk of 512 kB, the tables of connections and calls are touched by then)."""
    def add(fn):
        ALL[name or fn.__name__] = {'fn': fn, 'program': program, 'builds': builds, 'args': args, 'nofile': nofile,
                                    'witness': witness, 'grown': grown, 'env': env, 'weight': weight}
        return fn
    return add


def size(s, plain, asan):
    return asan if s.build == 'asan' else plain


def measured(s, *what, **kw):
    """Instruction counts, where there is no sanitizer in the way."""
    return '' if s.build == 'asan' else linear(s.program, *what, **kw)


def refuse_all(s, table, **kw):
    for what, data in table.items():
        s.refused(data, what, **kw)
    return f'{len(table)} refused'


# -- 5.1 handshake ----------------------------------------------------------------------------------------------------

@scenario('menu', weight=4)
def slowloris_handshake(s):
    """1: two hundred connections that send one byte of their request at a time."""
    slow, text = [s.tcp() for _ in range(200)], request('/menu')
    for i in range(16):
        for c in slow:
            c.send(text[i:i + 1])
        time.sleep(0.25)


@scenario('menu', weight=14)
def idle_tcp(s):
    """2: three hundred connections that never send a byte are closed after handshake_ms, 10 s."""
    before = s.fds()
    for _ in range(300):
        s.tcp()
    check(until(lambda: s.fds() >= before + 290, 3), 'they were not even accepted')
    time.sleep(8)
    check(s.fds() >= before + 290, 'closed long before the deadline')
    check(until(lambda: s.fds() <= before + 4, 5), f'{s.fds() - before} are still open after 13 s')


@scenario('menu', weight=14)
def deadlines(s):
    """2, 43, 49: half a request, a trickle, half a frame; a Close after which nobody ends TCP."""
    half, trickle, start = s.tcp(b'GET /menu HTTP/1.1\r\nHost: a\r\n'), s.tcp(), time.monotonic()
    inside = Ws(s, data=frame(TEXT, b'"abc', declare=100))
    polite = Ws(s)
    polite.send(CLOSE, closing(1000))
    check(polite.frame() == (CLOSE, closing(1000)), 'Close is not answered')
    check(polite.ended(1), 'the server does not end TCP after Close')
    stubborn = Ws(s, data=frame(TEXT, b'x', masked=False)) # is failed, answers nothing, reads nothing, stays
    check(until(lambda: b'broke the protocol' in s.log(), 2), 'an unmasked frame was not noticed')
    time.sleep(4)
    check(stubborn.ended(0.1), 'a failed connection is not cut after close_ms')
    for c in request('/menu')[:60]:
        try:
            trickle.send(bytes([c]))
        except OSError:
            break
        time.sleep(0.15)
    for c, what in ((half, 'half a request'), (trickle, 'a trickle')):
        c.settimeout(max(0.1, start + 13 - time.monotonic()))
        try:
            check(c.recv(200)[:9] in (b'', b'HTTP/1.1 '), f'{what}: an odd answer')
        except ConnectionError:
            pass
        except socket.timeout:
            raise Failed(f'{what} is still open after 13 s') from None
    inside.write(frame(TEXT, b'x' * 100)[10:60])
    return 'half a frame is kept as long as the peer answers pings'


@scenario('menu', builds=('plain',), weight=80)
def silent_peer(s):
    """43, 79: a peer that answers no pings, with half a frame sent, is dropped after two of them, 75 s."""
    mute = Ws(s, data=frame(TEXT, b'"abc', declare=100))
    check(mute.frame(27)[0] == PING, 'no ping after 25 s')
    check(mute.frame(27)[0] == PING, 'no second ping')
    check(mute.ended(28), 'not dropped')


@scenario('menu')
def header_flood(s):
    """3: headers without end, one line without end, no line end at all: 431 or 400, and no further byte is read."""
    for what, start, more in (('headers', b'GET / HTTP/1.1\r\n', b'A: b\r\n'), ('a line', b'GET / HTTP/1.1\r\nA: ', b'b'),
                              ('no line end', b'', b'A')):
        c = s.tcp(start)
        sent = push(c, more * (65536 // len(more)), 3)
        check(sent < 8 << 20, f'{what}: {sent} bytes were taken')
        s.refused(start + more * (20000 // len(more)), what, (400, 414, 431))


@scenario('menu')
def header_line_huge(s):
    """4: a quarter of a megabyte in each single place."""
    big = 'A' * (256 * 1024)
    return refuse_all(s, {
        'path': request('/' + big), 'method': request('/menu', big), 'version': request('/menu', version='HTTP/1.' + big),
        'Host': request('/menu', Host=big), 'key': request('/menu', Sec_WebSocket_Key=big),
        'protocol': request('/menu', Sec_WebSocket_Protocol=big), 'Authorization': request('/menu', Authorization='Basic ' + big),
        'Origin': request('/menu', Origin='http://' + big), 'name': request('/menu', **{big: 'x'})})


@scenario('menu')
def header_many(s):
    """5: 101, 500, 2000 short headers; as many as fit are read once each."""
    for n in (90, 101, 500, 2000):
        _, status, _ = s.answer(request('/menu', extra=''.join(f'X{i}: y\r\n' for i in range(n))))
        check(status == (101 if n == 90 else 431), f'{n} headers: {status}')
    return measured(s, lambda t, k: [t.answer(request('/menu', extra='X: y\r\n' * (20 * k))) for _ in range(100)], 'headers')


@scenario('menu')
def subprotocol_redos(s):
    """6: lists of blanks, commas, tabs, hundreds of entries: linear, and the right one is found behind them."""
    for filler in (' ' * 6000, ',' * 6000, '\t' * 6000, ' , ' * 2000, 'x,' * 900, 'ws.jambonz.orgx,' * 400):
        got, status, _ = s.answer(request('/menu', Sec_WebSocket_Protocol=filler + ',ws.jambonz.org'))
        check(status in (101, 400), f'{filler[:4]!r}: {status}')
        check(status != 101 or b'Protocol: ws.jambonz.org\r\n' in got, f'{filler[:4]!r}: another one chosen')
    return measured(s, lambda t, k: [t.answer(request('/menu', Sec_WebSocket_Protocol=' ,' * (700 * k) + 'ws.jambonz.org'))
                                     for _ in range(100)], 'list')


@scenario('menu')
def extension_offers(s):
    """7, 29: offers of any kind are ignored; a compressed frame after them is failed with 1002."""
    for offer in ('permessage-deflate', 'permessage-deflate; client_max_window_bits="15"; server_no_context_takeover',
                  'constructor', '__proto__; x=y', 'a; b="c,d;\\"e"', '; '.join(['x'] + [f'p{i}={i}' for i in range(300)]),
                  ', '.join(f'e{i}' for i in range(300)), '"', ';;;,,,='):
        got, status, _ = s.answer(request('/menu', Sec_WebSocket_Extensions=offer))
        check(status in (101, 400), f'{offer[:30]}: {status}')
        check(b'extensions' not in got.lower(), f'{offer[:30]}: something was agreed')
    ws = Ws(s, data=frame(TEXT, b'\xaa\x56\x4a\x04\x00', rsv=4))
    check(ws.close_code() == 1002, 'a compressed frame is not failed')


@scenario('menu')
def bad_handshakes(s):
    """8, 9, 10: each required header missing, wrong or doubled; lines that are none."""
    r, bad = lambda **kw: request('/menu', **kw), {}
    for k in ('Upgrade', 'Connection', 'Sec-WebSocket-Version', 'Sec-WebSocket-Key', 'Host'):
        bad[f'no {k}'] = r(drop=(k,))
    for key in ('', 'AAAA', 'A' * 20, 'A' * 24, KEY[:22], KEY[:23], '!' * 22 + '==', KEY + 'AA==', 'A' * 21 + '===', ' ', 'é' * 12):
        bad[f'key {key!r}'] = r(Sec_WebSocket_Key=key)
    for k in ('Host', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Authorization', 'Origin', 'Content-Length'):
        bad[f'{k} twice'] = r(extra=f'{k}: {KEY}\r\n' * 2)
    for v in ('', '0', '8', '12', '14', '013', '13.0', '13, 8', '99999999999999999999', '-13'):
        bad[f'version {v!r}'] = r(Sec_WebSocket_Version=v)
    for m in ('POST', 'get', 'G', 'GET2', '', 'CONNECT', 'PRI', 'G\x00T'):
        bad[f'method {m!r}'] = r(method=m)
    for v in ('HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.10', 'http/1.1', 'HTTP/1.1 ', 'HTTP1.1', '', 'FTP/1.1'):
        bad[f'version {v!r}'] = r(version=v)
    for k, v in (('Upgrade', 'websockets'), ('Upgrade', 'h2c'), ('Connection', 'close'), ('Connection', 'Upgraded'), ('Host', ''),
                 ('Host', 'a b'), ('Host', 'a\x00b')):
        bad[f'{k} {v!r}'] = r(**{k: v})
    for line in ('X : y', ' X: y', ': y', 'X', 'X: a\x00b', 'X: a\rb', 'X: y\r\n folded', 'X y: z', 'X\x7f: y', 'X: \x01'):
        bad[f'line {line!r}'] = r(extra=line + '\r\n')
    bad['bare LF'] = r().replace(b'\r\n', b'\n').replace(b'\n', b'\r', 1)
    return refuse_all(s, bad)


@scenario('menu')
def request_smuggling(s):
    """10-13: lengths and codings on the upgrade, a second request behind the first, odd targets."""
    r = lambda **kw: request('/menu', **kw)
    bad, n = {}, len(r(Content_Length='-100'))
    for v in ('5', '-1', f'-{n}', '+5', '0x5', '9' * 20, '18446744073709551616', '4294967296', '5, 6', '5 ', '', 'x'):
        bad[f'Content-Length {v}'] = r(Content_Length=v) + b'HELLO'
    for v in ('chunked', 'Chunked', 'identity', 'gzip, chunked', 'x\x0bchunked', 'xchunked'):
        bad[f'Transfer-Encoding {v!r}'] = r(Transfer_Encoding=v) + b'0\r\n\r\n'
    bad['both'] = r(Content_Length='5', Transfer_Encoding='chunked') + b'0\r\n\r\n'
    bad['two lengths'] = r(extra='Content-Length: 0\r\nContent-Length: 5\r\n') + b'HELLO'
    bad['blank before colon'] = r(extra='Content-Length : 5\r\n') + b'HELLO'
    bad['two refused requests'] = request('/nowhere') * 2
    bad['two GETs'] = b'GET /menu HTTP/1.1\r\nHost: a\r\n\r\n' * 2
    for target in ('*', '', 'menu', '//menu', 'http://evil.example/menu', 'ftp://127.0.0.1/menu', '/' + '%' * 4096, '/menu%zz/../x y',
                   '/menu\x00', '/%6denu', '/MENU', '127.0.0.1:80'):
        bad[f'target {target[:20]!r}'] = request(target)
    bad['CONNECT'] = request('127.0.0.1:80', 'CONNECT')
    said = refuse_all(s, bad)
    ws = Ws(s, data=r())
    check(ws.close_code() == 1002, 'bytes behind the upgrade are not taken for frames')
    return said


@scenario('menu')
def handshake_byte_at_a_time(s):
    """14: one byte per packet, and every cut in two."""
    Ws(s, cut=1).close()
    text = request('/menu')
    for i in range(len(text) - 6, len(text)):
        c = s.tcp(text[:i])
        time.sleep(0.01)
        c.sendall(text[i:])
        check(c.recv(100).startswith(b'HTTP/1.1 101'), f'cut at {i}')


@scenario('menu')
def handshake_with_early_data(s):
    """15: frames in the packet of the request are processed, whole ones and half ones."""
    m = message()
    data = frame(PING, b'early') + frame(TEXT, text_of(m))
    for cut in (len(data), 3, 9, 200):
        ws = Ws(s, data=data[:cut])
        time.sleep(0.02)
        ws.write(data[cut:])
        check(ws.frame() == (PONG, b'early'), 'the ping is lost')
        check(json.loads(ws.frame()[1])['msgid'] == m['msgid'], 'the message is lost')
        ws.close()


@scenario('menu')
def header_injection(s):
    """16: nothing a peer sends becomes a header of the answer."""
    evil = ('\r\nX-Evil: 1', '\nX-Evil: 1', '%0d%0aX-Evil: 1', '\x0bX-Evil: 1', '\u560d\u560aX-Evil: 1'.encode().decode('latin-1'))
    for e in evil:
        for req in (request('/menu' + e), request('/menu?q=' + e), request('/menu', Host='a' + e), request('/menu', Origin='http://a' + e),
                    request('/menu', Sec_WebSocket_Protocol='ws.jambonz.org' + e), request('/menu', Sec_WebSocket_Key=KEY + e)):
            got, status, _ = s.answer(req)
            check(b'\nX-Evil' not in got and b'\rX-Evil' not in got, f'{e!r} came back as a header')
            check(status in (101, 400, 403, 404, 426), f'{e!r}: {status}')


@scenario('echo')
def subprotocol_choice(s):
    """17: only what was offered and is served, whole and in its spelling, is answered; else it is a raw socket here, without one."""
    for offer, chosen in (('echo', b'echo'), ('chat, echo', b'echo'), ('chat', b'chat'), ('x,  echo', b'echo'), ('xecho,echo', b'echo')):
        got, status, _ = s.answer(request(Sec_WebSocket_Protocol=offer))
        check(status == 101 and b'Sec-WebSocket-Protocol: ' + chosen + b'\r\n' in got, f'{offer}: {got[:200]!r}')
    for offer in ('Echo', 'ech', 'echoo', 'echo/1', 'ws.jambonz.or', 'WS.JAMBONZ.ORG'):
        got, status, _ = s.answer(request(Sec_WebSocket_Protocol=offer))
        check(status in (101, 400) and b'\nSec-WebSocket-Protocol' not in got, f'{offer}: {got[:200]!r}')
    got, status, _ = s.answer(request(drop=('Sec-WebSocket-Protocol',)))
    check(status == 101 and b'\nSec-WebSocket-Protocol' not in got, 'none offered')


@scenario('menu')
def cross_site_origin(s):
    """18: a browser on another site is refused; the host itself and clients without Origin are not."""
    host = f'127.0.0.1:{s.port}'
    for o in (f'http://{host}', f'https://{host}', f'HTTP://{host}'):
        check(s.answer(request('/menu', Host=host, Origin=o))[1] == 101, f'{o} is refused')
    for o in ('http://evil.example', 'null', f'http://{host}.evil.example', f'http://{host}@evil.example', f'http://evil.example/{host}',
              'http://127.0.0.1', f'http://x{host}', f'http://{host}0', 'file://', ' ', f'{host}', '*'):
        _, status, _ = s.answer(request('/menu', Host=host, Origin=o))
        check(status in (400, 403), f'Origin {o}: {status}')


@scenario('menu', args=('--auth', 'ada:lovelace'), witness=None)
def basic_auth(s):
    """19, 20: everything but the right credentials is 401; how long a wrong guess takes does not tell how wrong it is."""
    wrong = [None, '', 'Basic', 'Basic ', 'Bearer x', 'Digest username="ada"', 'Basic !!!!', 'Basic ' + basic('ada:lovelace')[6:-2],
             'Basic ' + 'QUFB' * 1500, basic('ada:lovelac'), basic('ada:lovelacex'), basic('ada:lovelace\0'), basic('ada\0:lovelace'),
             basic(':'), basic('ada'), basic('xada:lovelace'), basic('ADA:lovelace'), basic('ada:lovelace ') + '=', basic(b'\xff' * 40)]
    for w in wrong:
        got, status, ended = s.answer(request('/menu', **({} if w is None else {'Authorization': w})))
        check(status == 401 and b'\r\nWWW-Authenticate: Basic realm=' in got and ended, f'{w!r:.40}: {status}')
    check(s.answer(request('/menu', Authorization=basic('ada:lovelace')))[1] == 101, 'the right one is refused')
    check(s.answer(request('/menu', Authorization='bAsIc' + basic('ada:lovelace')[5:]))[1] == 101, 'schemes have no case')

    def median(guess):
        times, req = [], request('/menu', Authorization=basic(guess))
        for _ in range(150):
            start = time.perf_counter_ns()
            s.answer(req)
            times.append(time.perf_counter_ns() - start)
        return statistics.median(times) / 1000
    return f'first byte wrong {median("xda:lovelace"):.0f} us, last {median("ada:lovelacX"):.0f} us'


@scenario('menu', args=('--auth', 'ada:lovelace'), witness=None)
def auth_guessing(s):
    """19: two thousand guesses, ten at a time: each 401, the right one still works."""
    for i in range(200):
        many = [s.tcp(request('/menu', Authorization=basic(f'ada:{i}-{k}'))) for k in range(10)]
        for c in many:
            check(c.recv(100).startswith(b'HTTP/1.1 401'), 'a guess got in')
            c.close()
    check(s.answer(request('/menu', Authorization=basic('ada:lovelace')))[1] == 101, 'the right one is refused')


TLS = bytes.fromhex('16030100c6010000c20303') + bytes(range(200))
FOREIGN = {
    'TLS': TLS, 'SSH': b'SSH-2.0-OpenSSH_9.2p1\r\n', 'HTTP/2': b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0',
    'SIP': b'INVITE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n\r\n', 'SIP OPTIONS': b'OPTIONS sip:a SIP/2.0\r\n\r\n',
    'redis': b'*1\r\n$4\r\nPING\r\n', 'redis inline': b'PING\r\n\r\n', 'SMTP': b'EHLO evil.example\r\n',
    'SOCKS5': b'\x05\x01\x00', 'SOCKS4': b'\x04\x01\x00\x50\x7f\0\0\1x\0', 'PROXY': b'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n',
    'PROXY 2': b'\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c' + bytes(12), 'RTSP': b'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n', 'NULs': bytes(64),
    'memcached': b'stats\r\n\r\n', 'MQTT': b'\x10\x0c\0\4MQTT\4\2\0\x3c\0\0', 'postgres': b'\0\0\0\x08\x04\xd2\x16\x2f', 'RDP': b'\3\0\0\x13\x0e\xe0'}


def foreign(s, name):
    start = time.monotonic()
    s.refused(FOREIGN[name], name)
    check(time.monotonic() - start < 1, f'{name}: refused only after {time.monotonic() - start:.1f} s')


@scenario('menu')
def tls_client_hello(s):
    """21: TLS where plain is spoken ends at once, not after a timeout."""
    foreign(s, 'TLS')


@scenario('menu')
def foreign_protocols(s):
    """13, 21: whatever else knocks is refused at once."""
    for name in FOREIGN:
        foreign(s, name)
    return f'{len(FOREIGN)} refused'


@scenario('menu')
def http_probe_storm(s):
    """22: health probes: a short answer each, closed."""
    for i in range(500):
        method = ('GET', 'HEAD', 'OPTIONS')[i % 3]
        got = s.refused(f'{method} / HTTP/1.1\r\nHost: a\r\n\r\n'.encode(), method)
        check(got and len(got) < 600, f'{method}: {len(got)} bytes')
        check(method != 'HEAD' or got.endswith(b'\r\n\r\n'), 'HEAD has a body')


@scenario('menu')
def path_traversal(s):
    """23: a path is matched as bytes and never opened."""
    bad = {p: request(p) for p in (
        '/../../etc/passwd', '/..%2f..%2fetc/passwd', '/%2e%2e/menu/../etc', '/menu/../../etc/passwd%00', '/menu%00', '\\menu', '/\\..\\menu',
        '/%c0%ae%c0%ae/etc/passwd', '/\xc0\xae\xc0\xae/menu', '/./menu', '/menu;x', '/menux', '/men', '/%2fmenu', '//etc/passwd')}
    bad.pop('/menu/../../etc/passwd%00')
    refuse_all(s, bad)
    got, _, _ = s.answer(request('/menu/../../etc/passwd'))
    check(b'root:' not in got, 'a file was opened')


# -- 5.2 frames -------------------------------------------------------------------------------------------------------

@scenario('echo')
def frame_byte_at_a_time(s):
    """26: frames one byte per packet."""
    ws = Ws(s, protocol='echo')
    for n in (0, 1, 125, 126, 300):
        ws.write(frame(TEXT, b'x' * n), cut=1)
        check(ws.frame() == (TEXT, b'x' * n), f'{n} bytes')


@scenario('echo')
def frame_split_points(s):
    """26, 38: a cut at every byte of the header and the first of the payload, for each form of length."""
    ws = Ws(s, protocol='echo')
    for n in (3, 200, 70000):
        data, text = frame(BINARY, os.urandom(n)), None
        for cut in range(1, 20 if n > 3 else len(data)):
            ws.write(data[:cut])
            time.sleep(0.002)
            ws.write(data[cut:])
            got = ws.frame()
            check(got[0] == BINARY and len(got[1]) == n and got[1] == (text or got[1]), f'{n} bytes cut at {cut}')
            text = got[1]


@scenario('bench_ack')
def pipelined_messages(s):
    """27: a thousand hooks in one packet: each acked once, in order."""
    ws = s.call()
    hooks = [message('verb-hook-base', ws.sid) for _ in range(1000)]
    ws.sock.setblocking(True)
    ws.write(b''.join(frame(TEXT, text_of(h)) for h in hooks[:100]))
    for h in hooks[:100]:
        check(json.loads(ws.frame()[1])['msgid'] == h['msgid'], 'out of order')
    out = b''.join(frame(TEXT, text_of(h)) for h in hooks[100:])
    for i in range(0, len(out), 65536):
        ws.write(out[i:i + 65536])
    for h in hooks[100:]:
        check(json.loads(ws.frame()[1])['msgid'] == h['msgid'], 'out of order')


BROKEN = [
    ('unmasked', 1002, frame(TEXT, b'{}', masked=False)), ('unmasked empty', 1002, frame(TEXT, masked=False)),
    ('unmasked ping', 1002, frame(PING, masked=False)), ('unmasked Close', 1002, frame(CLOSE, closing(1000), masked=False)),
    *[(f'RSV {r}', 1002, frame(TEXT, b'x', rsv=r)) for r in range(1, 8)],
    *[(f'opcode {o}', 1002, frame(o, b'x')) for o in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    *[(f'fragmented control {o}', 1002, frame(o, b'', fin=False)) for o in (CLOSE, PING, PONG)],
    *[(f'long control {o}', 1002, frame(o, b'x' * 126)) for o in (CLOSE, PING, PONG)],
    ('length with the top bit', 1002, frame(TEXT, b'', form=64, declare=1 << 63)),
    ('16 bit length of 5', 1002, frame(TEXT, b'hello', form=16)), ('64 bit length of 200', 1002, frame(TEXT, b'x' * 200, form=64)),
    ('continuation first', 1002, frame(CONT, b'x')), ('message in a message', 1002, frame(TEXT, b'x', fin=False) + frame(TEXT, b'y')),
    ('Close of one byte', 1002, frame(CLOSE, b'\3')),
    *[(f'Close code {c}', 1002, frame(CLOSE, closing(c))) for c in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)],
    ('Close reason', 1007, frame(CLOSE, closing(1000, b'\xff'))),
    *[(f'UTF-8 {t!r}', 1007, frame(TEXT, b'"' + t + b'"')) for t in (b'\x80', b'\xc0\xaf', b'\xe0\x80\xaf', b'\xed\xa0\x80', b'\xed\xb0\x80',
      b'\xf0\x80\x80\x80', b'\xf4\x90\x80\x80', b'\xf5\x80\x80\x80', b'\xff', b'\xe2\x82', b'\xf0\x9f\x98')],
    ('UTF-8 in JSON', 1007, frame(TEXT, b'{"type":"session:new","msgid":"\xed\xa0\x80"}')),
    ('UTF-8 cut at the end', 1007, frame(TEXT, b'\xe2\x82')),
    ('UTF-8 across fragments', 1007, frame(TEXT, b'"\xe2', fin=False) + frame(CONT, b'\x28\xa1"'))]


@scenario('menu')
def protocol_violations(s):
    """28-31, 35, 40, 47, 50: each breach gets its close code, and TCP ends."""
    for what, code, data in BROKEN:
        for early in (False, True):
            ws = Ws(s, data=data if early else b'')
            if not early:
                ws.write(data)
            got = ws.close_code()
            check(got == code, f'{what}: closed with {got}, not {code}')
            ws.close()
    return f'{len(BROKEN)} breaches; lengths longer than need be are 1002'


@scenario('menu')
def giant_lengths(s):
    """31, 32, 34: lengths that nobody will send are failed on the header alone, and nothing is allocated for them."""
    before = s.rss()
    for n in (1 << 30, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 32) + 5, 1 << 48, (1 << 63) - 1):
        for start in (b'', frame(TEXT, b'x' * 1000, fin=False)):
            ws = Ws(s, data=start + frame(CONT if start else TEXT, b'', form=64, declare=n))
            check(ws.close_code() == 1009, f'length {n}')
            ws.close()
    for n in ((1 << 64) - 1, (1 << 64) - 8, (1 << 64) - 14, 1 << 63):
        for start in (b'', frame(TEXT, b'x' * 1000, fin=False)):
            ws = Ws(s, data=start + frame(CONT if start else TEXT, b'', form=64, declare=n))
            check(ws.close_code() == 1002, f'length {n}')
            ws.close()
    many = [Ws(s, data=frame(TEXT, b'x', declare=262000)) for _ in range(300)]
    check(s.build == 'asan' or s.rss() < before + 2048, f'{s.rss() - before} kB for 300 declared lengths')
    check(all(not w.ended(0) for w in many[:3]), 'a length below the limit was failed')


@scenario('echo', args=('--max-message', '65536'))
def message_too_big(s):
    """36, 37: exactly the limit is taken, one byte more is 1009 at the header, in one frame or several; 48 MB are not read."""
    ws = Ws(s, protocol='echo')
    for parts in ((65536,), (65535, 1), (1, 65535), (30000, 5536, 30000)):
        for i, n in enumerate(parts):
            ws.send(CONT if i else BINARY, b'x' * n, fin=i == len(parts) - 1)
        check(ws.frame() == (BINARY, b'x' * 65536), f'{parts}')
    for parts in ((65537,), (65536, 1), (1, 65536)):
        ws = Ws(s, protocol='echo')
        for i, n in enumerate(parts):
            ws.send(CONT if i else TEXT, b'x' * n, fin=i == len(parts) - 1)
        check(ws.close_code() == 1009, f'{parts}')
    ws = Ws(s, protocol='echo', data=frame(TEXT, b'', declare=48 << 20))
    check(push(ws.sock, b'x' * 65536, 5) < 8 << 20, 'all of it was read')


def flood(data, seconds, fragments=0):
    """One connection that writes without end what is never answered, and still gets its pong afterwards."""
    def attack(s):
        ws = Ws(s)
        ws.send(TEXT, b'', fin=not fragments)
        end, n = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            ws.write(data)
            n += 1
        check(n > 5, f'only {n} writes were taken')
        ws.send(PING, b'still there')
        check(ws.frame() == (PONG, b'still there'), 'no pong')
        check(s.build == 'asan' or s.rss() < s.base + 2048, f'{s.rss() - s.base} kB more while it lasted')
        return f'{n * len(data) >> 10} kB'
    return attack


@scenario('menu', weight=3)
def empty_message_flood(s):
    """39: texts, binary messages, pongs and continuations of no bytes."""
    part = frame(TEXT) + frame(BINARY) + frame(PONG) + frame(BINARY, fin=False) + frame(CONT)
    return flood(part * 2000, 2)(s)


@scenario('menu', weight=3)
def empty_fragment_flood(s):
    """41: a message of endless empty fragments keeps nothing."""
    return flood(frame(CONT, fin=False) * 10000, 2, 1)(s)


@scenario('menu', weight=3)
def tiny_fragment_flood(s):
    """42: endless one-byte fragments in 20 connections: memory by bytes, 1009 at the limit."""
    many, piece = [Ws(s, data=frame(TEXT, fin=False)) for _ in range(20)], frame(CONT, b'x', fin=False) * 10000
    for _ in range(10):
        for ws in many:
            ws.write(piece)
    check(s.build == 'asan' or s.rss() < s.base + 6 * 1024, f'{s.rss() - s.base} kB for 2 MB of fragments')
    ws = many[0]
    try:
        for _ in range(18):
            ws.write(piece)
    except OSError:
        pass
    try:
        check(ws.close_code() in (1009, 1013), 'more than max_message was kept')
    except ConnectionError:
        pass


@scenario('echo')
def fragmented_with_pings(s):
    """44: pings between fragments are answered at once, the message is unharmed."""
    ws = Ws(s, protocol='echo')
    for i in range(200):
        ws.send(CONT if i else TEXT, f'<{i}>', fin=False)
        ws.send(PING, f'{i}')
        check(ws.frame() == (PONG, f'{i}'.encode()), 'no pong')
    ws.send(CONT, b'')
    check(ws.frame() == (TEXT, ''.join(f'<{i}>' for i in range(200)).encode()), 'the message')


@scenario('menu', weight=3)
def ping_flood(s):
    """45: 100,000 pings whose pongs nobody reads: bounded."""
    ws = Ws(s, rcvbuf=4096)
    sent = push(ws.sock, frame(PING, b'x' * 100) * 100, 4)
    check(s.build == 'asan' or s.rss() < s.base + 2048, f'{s.rss() - s.base} kB more')
    return f'{sent // 106} pings taken'


@scenario('menu', weight=3)
def pong_flood(s):
    """46: pongs nobody asked for are ignored."""
    return flood(frame(PONG, b'x' * 100) * 1000, 2)(s)


@scenario('menu')
def close_handshake(s):
    """48, 49: the code comes back once, whatever is said besides; the server ends TCP."""
    for code in (1000, 1001, 1003, 1007, 1011, 3000, 4999):
        ws = Ws(s, data=frame(CLOSE, closing(code, b'bye')))
        check(ws.close_code() == code, f'{code}')
        check(ws.ended(1), 'TCP is not ended')
    check(Ws(s, data=frame(CLOSE)).close_code() == 1005, 'an empty Close')
    ws = Ws(s, data=frame(CLOSE, closing(1000)) * 20)
    check(ws.frame() == (CLOSE, closing(1000)) and ws.frame() is None, 'twenty Closes')


@scenario('bench_ack')
def data_after_close(s):
    """48: nothing is processed after Close, nothing sent after its answer."""
    ws, m = s.call(), message('verb-hook-base')
    m['call_sid'] = ws.sid
    ws.write(frame(CLOSE, closing(1000)) + frame(TEXT, text_of(m)) + frame(PING, b'x'))
    check(ws.frame() == (CLOSE, closing(1000)), 'Close is not answered')
    check(ws.frame() is None, 'something after Close')


@scenario('menu')
def binary_messages(s):
    """51: binary messages on a call's socket do it no harm."""
    ws = s.call(path='/menu')
    for n in (0, 1, 125, 4000, 100000):
        ws.send(BINARY, os.urandom(n))
    check(ws.ask(message('verb-hook-base', ws.sid)), 'the next hook is not acked')


def mutate(rng, data):
    b = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, how = rng.randrange(len(b)) if b else 0, rng.randrange(5)
        if how == 0 and b:
            b[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            b[at:at] = os.urandom(rng.randint(1, 8)) if rng.randrange(2) else bytes([rng.randrange(256)]) * 3
        elif how == 2:
            del b[at:at + rng.randint(1, 20)]
        elif how == 3 and b:
            b[at] = rng.choice(b'"\\{}[]:,\x00\xff\x7f\x80')
        else:
            b[at:at] = b[rng.randrange(len(b)):][:rng.randint(1, 40)] if b else b'x'
    return bytes(b)


def fuzz(s, rounds, make):
    """What comes back is read to its end and must be well formed (Ws.frame sees to that)."""
    for _ in range(rounds):
        ws = Ws(s, protocol='echo' if s.program == 'echo' else 'ws.jambonz.org', timeout=3)
        try:
            ws.write(make())
            ws.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        while f := ws.frame(5):
            if f[0] == TEXT and s.program != 'echo':
                json.loads(f[1])
        ws.close()
    return f'{rounds} rounds'


@scenario('echo')
def fuzz_frames(s):
    """53: random and mutated frames: every byte that comes back is well formed."""
    rng = random.Random(53)
    good = [frame(TEXT, 'hällo'), frame(BINARY, bytes(300)), frame(PING, b'p'), frame(TEXT, b'a', fin=False) + frame(CONT, b'b'),
            frame(PONG), frame(CLOSE, closing(1000)), frame(TEXT, b'x' * 70000)]
    return fuzz(s, size(s, 600, 300), lambda: mutate(rng, b''.join(rng.choice(good[:6]) for _ in range(rng.randint(1, 6))))
                if rng.randrange(4) else os.urandom(rng.randint(1, 400)) if rng.randrange(2) else mutate(rng, good[6]))


# -- 5.3 exhaustion and slow peers ------------------------------------------------------------------------------------

@scenario('menu', weight=4)
def idle_calls(s):
    """54: half of the limit in idle calls: less than 1 kB each, and they burn no CPU."""
    before = s.rss()
    for _ in range(512):
        s.call()
    each, cpu = (s.rss() - before) * 1024 / 512, s.cpu_ms()
    check(s.build == 'asan' or each < 1536, f'{each:.0f} bytes each')
    time.sleep(2)
    check(s.cpu_ms() - cpu < 200, f'{s.cpu_ms() - cpu} ms of CPU in 2 s')
    return f'{each:.0f} bytes each' if s.build == 'plain' else ''


def never_reads(s, n):
    """Peers that ask for an echo or an ack without end and read none."""
    if s.program == 'echo':
        data, make = frame(BINARY, bytes(60000)) * 4, lambda: Ws(s, protocol='echo', rcvbuf=4096)
    else:
        make = lambda: s.call(rcvbuf=4096)
        data = b''.join(frame(TEXT, text_of(message('verb-hook-base'))) for _ in range(50))
    sent = sum(push(make().sock, data, max(1, 6 / n)) for _ in range(n))
    allowed = 2048 + 192 * n
    check(s.build == 'asan' or s.rss() < s.base + allowed, f'{s.rss() - s.base} kB more for {n}')
    return f'{sent >> 10} kB taken, {s.rss() - s.base} kB more memory'


@scenario('echo', weight=6)
def slow_reader(s):
    """55, 60: one peer that sends as fast as it can and never reads: its unsent bytes are bounded, so it is not read either."""
    return never_reads(s, 1)


@scenario('bench_ack', weight=8)
def slow_readers_many(s):
    """56: thirty of them: the sum is bounded, others are served."""
    return never_reads(s, 30)


@scenario('bench_ack', weight=4)
def notification_flood(s):
    """60: one connection that sends call:status as fast as it can."""
    ws = s.call()
    data = b''.join(frame(TEXT, text_of(message('call-status-in-progress', ws.sid))) for _ in range(50))
    end, n = time.monotonic() + 3, 0
    while time.monotonic() < end:
        ws.write(data)
        n += 50
    check(ws.ask(message('verb-hook-base', ws.sid), 5), 'its own hook is not acked')
    return f'{n / 3:.0f} messages/s'


@scenario('bench_ack', weight=6)
def chunk_rescan(s):
    """61: a message in thousands of packets costs as many instructions per byte as a short one."""
    def attack(t, k):
        ws = t.call()
        data = frame(TEXT, '{"type":"x","pad":"' + 'y' * (20000 * k) + '"}')
        for i in range(0, len(data), 100):
            ws.write(data[i:i + 100])
            time.sleep(0.001) # or the kernel would glue them together
        check(ws.ask(message('verb-hook-base', ws.sid), 20), 'the hook behind it is not acked')
        ws.close()
    attack(s, 10)
    return measured(s, attack, 'packets', slack=1.4)


@scenario('bench_ack', weight=12, grown=64)
def churn(s):
    """62: ten thousand calls: no leak of memory, descriptors, slots, timers."""
    def calls(n):
        for i in range(n):
            sid = fresh()
            ws = Ws(s, data=frame(TEXT, text_of(message('session-new', sid))) + frame(CLOSE, closing(1000)) if i % 4 else b'')
            if i % 4:
                check(ws.frame()[0] == TEXT and ws.frame() == (CLOSE, closing(1000)), 'a call failed')
            elif i % 8:
                ws.reset() # and these never end their calls ...
                continue
            else:
                ws.send(TEXT, text_of(message('session-new', sid)))
                check(ws.frame()[0] == TEXT, 'a call failed')
                ws.send(CLOSE, closing(1000))
                check(ws.close_code() == 1000, 'Close is not answered')
            ws.close()
        s.sockets.clear()
    calls(1000)
    time.sleep(0.5)
    s.base = s.rss()
    calls(size(s, 9000, 2000))
    time.sleep(0.5)
    return f'{s.rss() - s.base:+d} kB'


@scenario('bench_ack', weight=2)
def connect_vanish(s):
    """63: four thousand connections that are reset before or right after accept."""
    for _ in range(4000):
        reset(s.tcp())
    s.sockets.clear()


@scenario('menu', nofile=64, witness='held', weight=5)
def fd_exhaustion(s):
    """64, 65: no descriptor left: no busy loop, calls in progress go on; accepts again by itself once there are some."""
    before = s.fds()
    first = [s.tcp() for _ in range(64 - before)]
    waiting = [s.tcp(request('/menu')) for _ in range(20)]
    until(lambda: s.fds() >= 64, 2)
    check(s.fds() >= 63, f'only {s.fds()} descriptors in use')
    cpu = s.cpu_ms()
    time.sleep(2)
    burnt = s.cpu_ms() - cpu
    check(burnt <= 200, f'{burnt} ms of CPU in 2 s without descriptors')
    for c in first:
        c.close()
    for c in waiting:
        c.settimeout(2)
        check(c.recv(100).startswith(b'HTTP/1.1 101'), 'one that waited was never accepted')
    return f'{burnt} ms of CPU in 2 s'


@scenario('menu', args=('--max-conns', '8'), witness='held')
def connection_limit(s):
    """66: beyond max_conns connections get 503 at once; room comes back."""
    held = [s.call() for _ in range(7)]
    for _ in range(100):
        check(s.answer(request('/menu'))[1] == 503, 'no 503 beyond the limit')
    held[0].send(CLOSE, closing(1000))
    check(held[0].close_code() == 1000, 'Close is not answered')
    s.call()
    check(held[1].ask(message('verb-hook-base', held[1].sid)), 'a call in progress suffered')


@scenario('bench_ack')
def ack_backlog(s):
    """68: a thousand messages in a row that each want an ack get one each."""
    ws = s.call()
    ids = []
    for _ in range(100):
        batch = [message('verb-hook-base', ws.sid) for _ in range(10)]
        ids += [m['msgid'] for m in batch]
        ws.write(b''.join(frame(TEXT, text_of(m)) for m in batch))
    got = [json.loads(ws.frame()[1])['msgid'] for _ in ids]
    check(got == ids, 'acks are missing, doubled or out of order')


# -- 5.4 faults of the system -----------------------------------------------------------------------------------------

@scenario('menu')
def reset_before_ack(s):
    """71, 74, 131: reset in the moment the ack is on its way."""
    for _ in range(300):
        ws = Ws(s, data=frame(TEXT, text_of(message())))
        ws.reset()


@scenario('menu')
def reset_mid_frame(s):
    """71: reset at each byte of a frame's header and a few of its payload."""
    data = frame(TEXT, text_of(message()))
    for cut in [*range(1, 16), 100, 1000, len(data) - 1]:
        for _ in range(5):
            Ws(s, data=data[:cut]).reset()


@scenario('menu')
def reset_mid_message(s):
    """71: reset between the fragments of a message."""
    text = text_of(message()).encode()
    for n in range(1, 60):
        ws = Ws(s)
        for i in range(n % 7 + 1):
            ws.send(CONT if i else TEXT, text[i * 40:i * 40 + 40], fin=False)
        ws.reset()


@scenario('bench_ack')
def reset_everywhere(s):
    """71: reset after each step of a session, and after each byte of the request."""
    req, sid = request('/'), fresh()
    for cut in range(0, len(req) + 1, 3):
        reset(s.tcp(req[:cut]))
    steps = [lambda w: w.ask(message('session-new', sid)), lambda w: w.say(message('verb-hook-base', sid)), lambda w: w.frame(),
             lambda w: w.send(PING, b'x'), lambda w: w.send(TEXT, b'"', fin=False), lambda w: w.send(CONT, b'"'),
             lambda w: w.send(CLOSE, closing(1001)), lambda w: w.frame()]
    for _ in range(5):
        for n in range(len(steps) + 1):
            ws = Ws(s)
            for step in steps[:n]:
                step(ws)
            ws.reset()
            sid = fresh()


@scenario('menu', witness=None, weight=3)
def eintr_storm(s):
    """75: system calls interrupted hundreds of times: everything is answered."""
    ws, end, n = s.call(), time.monotonic() + 2, 0
    while time.monotonic() < end:
        m = ws.say(message('verb-hook-base', ws.sid))
        for _ in range(5):
            s.signal(SIGSTOP)
            s.signal(SIGCONT)
        check(json.loads(ws.frame()[1])['msgid'] == m['msgid'], 'not acked')
        n += 1
    return f'{n} hooks, {5 * n} interruptions'


@scenario('menu', witness=None, weight=6)
def stop_continue(s):
    """76: stopped for three seconds and continued: what came meanwhile is answered, no deadline fires in a heap."""
    ws, others = s.call(), [s.call() for _ in range(50)]
    half = s.tcp(request('/menu')[:50])
    s.signal(SIGSTOP)
    m = ws.say(message('verb-hook-base', ws.sid))
    late = s.tcp(request('/menu'))
    time.sleep(3)
    start = time.monotonic()
    s.signal(SIGCONT)
    check(json.loads(ws.frame(1)[1])['msgid'] == m['msgid'], 'the hook sent meanwhile is not acked')
    check(time.monotonic() - start < 1, 'acked too late')
    check(late.recv(100).startswith(b'HTTP/1.1 101'), 'one that came meanwhile is not accepted')
    for w in others:
        check(w.ask(message('verb-hook-base', w.sid)), 'a call was lost')
    half.sendall(request('/menu')[50:])
    check(half.recv(100).startswith(b'HTTP/1.1 101'), 'half a request was dropped')


def shifted():
    path = f'{ROOT}/build/log/clock-{os.getpid()}'
    return path, {'LD_PRELOAD': FAKETIME, 'FAKETIME_TIMESTAMP_FILE': path, 'FAKETIME_NO_CACHE': '1', 'FAKETIME_DONT_FAKE_MONOTONIC': '1'}


def set_clock(text):
    path, _ = shifted()
    with open(path + '.new', 'w', encoding='ascii') as f:
        f.write(text + '\n')
    os.rename(path + '.new', path)


@scenario('menu', builds=('plain',), weight=15, env=lambda: (set_clock('+0'), shifted()[1])[1])
def clock_steps(s):
    """77: the wall clock jumps by an hour and by ten years, both ways: no deadline fires, none is forgotten."""
    ws, half, start = s.call(), s.tcp(request('/menu')[:50]), time.monotonic()
    for step in ('+3600', '-3600', '+10y', '-10y', '+10y'):
        set_clock(step)
        time.sleep(0.4)
        check(ws.ask(message('verb-hook-base', ws.sid)), f'{step}: not acked')
    half.sendall(request('/menu')[50:])
    check(half.recv(100).startswith(b'HTTP/1.1 101'), 'a deadline fired')
    idle = s.tcp()
    time.sleep(0.2)
    set_clock('-10y')
    idle.settimeout(13)
    try:
        check(idle.recv(100)[:5] in (b'', b'HTTP/'), 'an odd answer')
    except socket.timeout:
        raise Failed('a deadline was forgotten') from None
    return f'{time.monotonic() - start:.0f} s'


@scenario('bench_ack')
def urgent_data(s):
    """80: out-of-band bytes at any point wedge nothing."""
    ws = s.call()
    for _ in range(20):
        ws.sock.send(b'!', socket.MSG_OOB)
        check(ws.ask(message('verb-hook-base', ws.sid)), 'not acked')
    s.tcp().send(b'G', socket.MSG_OOB)


@scenario('menu', weight=4)
def half_close(s):
    """80: a peer that shuts its sending side is not held: before, in and after the request, in a frame, in a call."""
    made = [s.tcp(), s.tcp(request('/menu')[:30])] + [w.sock for w in (Ws(s), Ws(s, data=frame(TEXT, b'"x', declare=50)), s.call())]
    for c in made:
        c.shutdown(socket.SHUT_WR)
    for i, c in enumerate(made):
        c.settimeout(4)
        try:
            while c.recv(1000):
                pass
        except socket.timeout:
            raise Failed(f'half-closed connection {i} is held') from None
        except OSError:
            pass
    ws = Ws(s, data=frame(TEXT, text_of(message())))
    ws.sock.shutdown(socket.SHUT_WR)
    check(ws.frame()[0] == TEXT, 'what came before the end is not answered')


@scenario('echo', weight=8)
def close_with_pending(s):
    """49, 58, 80: Close from peers that leave much unread and keep TCP open: freed after close_ms."""
    before = s.fds()
    for n in (1, 2, 4, 8) * 5:
        Ws(s, protocol='echo', rcvbuf=4096).write(frame(BINARY, bytes(60000)) * n + frame(CLOSE, closing(1000)))
    check(until(lambda: s.fds() <= before + 4, 6), f'{s.fds() - before} descriptors are still held')


# -- 5.6 JSON ---------------------------------------------------------------------------------------------------------

def unusable(s, texts):
    """Texts that are no usable message: nothing is taken from them, none costs the call."""
    ws, n = s.call(), 0
    for t in texts:
        ws.send(TEXT, t)
        n += 1
        if n % 50 == 0:
            check(ws.ask(message('verb-hook-base', ws.sid)), f'the hook behind {t[:40]!r} is not acked')
    m = message('verb-hook-base', ws.sid)
    ws.say(m)
    while (a := json.loads(ws.frame()[1])).get('msgid') != m['msgid']:
        check('EVIL' not in json.dumps(a), f'something was taken: {a}')
    return f'{n} texts'


EVIL = '{"type":"verb:hook","msgid":"EVIL","call_sid":"x","hook":"/x","data":%s}'


@scenario('bench_ack', weight=6)
def json_deep(s):
    """98: nesting of 64 to 100,000, closed or not: dropped, linear, no recursion."""
    texts = []
    for n in (65, 100, 1000, 20000, 100000):
        for o, c in (('[', ']'), ('{"a":', '}')):
            if n * len(o) < 250000:
                texts += [EVIL % (o * n + '1' + c * n) if n * len(o + c) < 250000 else EVIL % (o * n), EVIL % (o * n)[:-1], o * n]
    said = unusable(s, texts)
    deep = '{"a":[' * 30 + '1' + ']}' * 30
    return said + ' ' + measured(s, lambda t, k: unusable(t, ['{"type":"x","data":[%s]}' % ','.join([deep] * 40 * k)] * 10 if k else []),
                                 'depth')


@scenario('bench_ack', weight=20)
def json_quadratic(s):
    """99, 101: many keys, equal keys, escapes only, a huge array, blanks: four times the text is four times the work."""
    n = 900
    shapes = {
        'keys': lambda k: '{"type":"x","data":{%s}}' % ','.join(f'"k{i}":{i}' for i in range(n * k)),
        'equal keys': lambda k: '{"type":"x","data":{%s}}' % ','.join('"type":1' for _ in range(n * k)),
        'top level': lambda k: '{%s,"type":"x"}' % ','.join(f'"msgid{i}":{i}' for i in range(n * k)),
        'escapes': lambda k: '{"type":"x","data":"%s"}' % ('\\u0041\\n' * (3000 * k)),
        'array': lambda k: '{"type":"x","data":[%s]}' % ','.join('1' for _ in range(n * 2 * k)),
        'blanks': lambda k: '{"type":"x","data":%s1}' % (' ' * (20000 * k))}
    for make in shapes.values():
        unusable(s, [make(4)] * 20)
    return ' '.join(measured(s, lambda t, k, make=make: unusable(t, [make(k)] * 20 if k else []), what) for what, make in shapes.items())


NOT_JSON = ['', ' ', '{', '}', '[', '"', '{"a"}', '{"a":1,}', '{}{}', '[1 2]', 'tru', 'nul', '01', '+1', '.5', '1.', '1e', 'NaN', 'Infinity', '-',
            '{a:1}', "{'a':1}", '{"a":1}//x', '/**/{}', '\ufeff{}', '"a\nb"', '"\\x"', '"\\u12"', '{"a":::1}', '[1,,2]', '{"a" 1}',
            '[]', '1', 'null', 'true', '"session:new"', '[{"type":"session:new"}]', '{"a":1}x', '{} \0', '{"a":\x0b1}']


@scenario('bench_ack')
def json_not_an_object(s):
    """103: texts that are not JSON, or not an object; a broken text is rejected as a whole."""
    broken = [EVIL % t for t in NOT_JSON if t not in ('1', 'null', 'true', '[]', '"session:new"', '[{"type":"session:new"}]', ' ', '')]
    return unusable(s, NOT_JSON + broken)


@scenario('bench_ack')
def json_truncations(s):
    """104: a message cut at every byte is rejected."""
    text = (EVIL % json.dumps({'speech': {'alternatives': [{'transcript': 'hällo "\\', 'confidence': 0.93}]}, 'n': [1, -2.5e3, None]})).encode()
    cuts = [text[:i] for i in range(len(text)) if not 0x80 <= text[i] < 0xc0]
    return unusable(s, cuts)


@scenario('bench_ack')
def nul_and_escapes(s):
    """106, 107: escaped NULs, surrogate pairs and halves; raw NULs; a call_sid that holds one is another call."""
    ws = s.call()
    for msgid in ('a\0b', '\0', 'a\U0001f600', '\u2028\u2029', '"\\/\b\f\n\r\t', '\x7f\x80'):
        m = message('verb-hook-base', ws.sid, msgid=msgid)
        ws.send(TEXT, json.dumps(m))
        check(json.loads(ws.frame()[1])['msgid'] == msgid, f'{msgid!r} comes back as something else')
    for escape in ('\\ud800', '\\udc00', '\\udc00\\ud800', '\\ud800x', '\\ud83d\\ude00'):
        ws.send(TEXT, text_of(message('verb-hook-base', ws.sid, msgid='ESCAPE')).replace('ESCAPE', escape))
        got = json.loads(ws.frame()[1])['msgid']
        check(not re.search('[\ud800-\udfff]', got), f'{escape}: half a pair came back')
    cut = message('session-new', ws.sid + '\0x')
    other = Ws(s)
    check(other.ask(cut), 'not acked')
    return unusable(s, [b'{"type":"x\0"}', b'\0', b'{}\0{"type":"session:new"}', '{"type":"x","a":"\\'])


@scenario('menu', weight=3)
def json_type_confusion(s):
    """108-111, 115: wrong types, odd numbers, doubled and escaped keys, every message before its time: answered or ignored."""
    values = ['null', 'true', '0', '-0', '1e400', '1e-400', '9' * 400, '9007199254740993', '2147483648', '-2147483649', '""', '"x"', '[]', '[[]]',
              '{}', '{"a":null}', '[null]', '"' + 'x' * 5000 + '"']
    names = sorted(f[:-5] for f in os.listdir(f'{ROOT}/tests/fixtures/messages') if not f.startswith('audio-'))
    for name in names:
        ws = s.call(path='/menu') if len(name) % 2 else Ws(s)
        m = message(name, ws.sid or fresh())
        for key in ('type', 'msgid', 'call_sid', 'hook', 'data', *list(m.get('data') or {})[:12]):
            for v in random.Random(name + key).sample(values, 4):
                odd = json.loads(json.dumps(m))
                (odd if key in ('type', 'msgid', 'call_sid', 'hook', 'data') else odd['data'])[key] = '@@'
                ws.send(TEXT, json.dumps(odd).replace('"@@"', v))
        ws.send(TEXT, text_of(m)[:-1] + ',"type":7,"msgid":[],"t\\u0079pe":"x"}')
        ws.send(PING, b'alive')
        while (f := ws.frame()) and f[0] != PONG:
            check(f[0] == TEXT or f[0] == CLOSE and f[1][:2] in (closing(1000), closing(1012)), f'{name}: {f}')
        ws.close()
    ws = s.call(path='/menu')
    ws.send(TEXT, '{"type":"verb:hook","type":"call:status","msgid":"one","msgid":"two","call_sid":"%s","hook":"/x"}' % ws.sid)
    check(json.loads(ws.frame()[1])['msgid'] == 'one', 'of two equal keys the first counts')
    return f'{len(names)} messages'


@scenario('menu')
def fuzz_json(s):
    """116: mutated real messages: no crash, whatever is answered is JSON."""
    rng = random.Random(116)
    names = sorted(f[:-5] for f in os.listdir(f'{ROOT}/tests/fixtures/messages'))

    def session():
        sid = fresh()
        parts = [text_of(message('session-new', sid)).encode()]
        parts += [mutate(rng, text_of(message(rng.choice(names), sid)).encode()).decode('utf-8', 'replace').encode() for _ in range(8)]
        return b''.join(frame(TEXT, p) for p in parts)
    return fuzz(s, size(s, 300, 150), session)


# -- 5.7 what goes out, logs ------------------------------------------------------------------------------------------

@scenario('bench_ack')
def msgid_injection(s):
    """117, 126: a msgid comes back unchanged whatever is in it, and is nothing but a string."""
    ws = s.call()
    for msgid in ('"', '\\', '\\"', '","type":"command","x":"', '%s%n%x%p', 'x' * 1000, '\n\r\t\0\x1f', '\U0001f600' * 20, '\u2028', '</script>', ' '):
        a = ws.ask(message('verb-hook-base', ws.sid, msgid=msgid))
        check(a and set(a) <= {'type', 'msgid', 'data'} and a['type'] == 'ack', f'{msgid[:20]!r}: {a}')


@scenario('menu', name='hook-odd-text')
def hook_odd_text(s):
    """118: what a caller says, dials or is called reaches the verbs as text only."""
    for odd in ('"}],"data":[{"verb":"dial","target":[]}]', '\\', '\0', '%s%n', '\U0001f600\u202e', '<speak>&', 'x' * 20000):
        ws = s.call(path='/menu')
        for name, place in (('verb-hook-gather-speech', 'speech'), ('verb-hook-gather-digits', 'digits')):
            m = message(name, ws.sid, hook='/menu')
            m['data'][place] = odd if place == 'digits' else {'is_final': True, 'alternatives': [{'transcript': odd, 'confidence': 0.9}]}
            a = ws.ask(m)
            check(a and all(isinstance(v, dict) and v.get('verb') != 'dial' for v in a.get('data') or []), f'{odd[:20]!r}: {a}')
        ws.close()


@scenario('menu', args=('--verbose',))
def log_injection(s):
    """124, 126: line ends, ESC, NUL, 64 kB in path, headers, type, hook, close reason: every log line stays one printable line."""
    evil = '\r\njambonz_ws: error: forged\x1b[2J\0%s%n\u202e\x9b31m'
    narrow = evil.encode().decode('latin-1')
    for at in ('path', 'Host', 'Origin', 'Upgrade'):
        s.answer(request('/' + narrow) if at == 'path' else request('/menu', **{at: narrow}))
        s.answer(request('/menu', **({at: 'x' * 65536} if at != 'path' else {'path': '/' + 'x' * 65536})) if at != 'path' else request('/' + 'x' * 65536))
    for field in ('type', 'hook', 'msgid', 'call_sid'):
        ws = s.call(path='/menu')
        for text in (evil, 'x' * 60000, '\x1b' * 300):
            ws.say(message('verb-hook-base', ws.sid, **{field: text}))
        ws.close()
    ws = s.call(path='/menu')
    for reason in (evil, 'x' * 20000):
        m = message('jambonz-error-invalid-message', ws.sid)
        m['data']['msg'] = reason
        ws.say(m)
    ws.send(CLOSE, closing(1001, evil.encode()[:120].decode('utf-8', 'ignore').encode()))
    ws.close_code()
    bad = [line for line in s.log().split(b'\n')[:-1] if not re.fullmatch(rb'[\x20-\x7e]{1,520}', line) or not line.startswith(b'jambonz_ws: ')
           or line.startswith(b'jambonz_ws: error: forged')]
    check(not bad, f'log line {bad[:1]!r:.300}')
    check(b'error: forged\\x1b[2J' in s.log(), 'none of it was logged')
    return f'{s.log().count(10)} lines'


@scenario('menu', args=('--auth', 'ada:lovelace'), witness=None)
def log_secrets(s):
    """125: credentials, env_vars, numbers, digits and transcripts are not in the log."""
    secret = {'Authorization': basic('ada:lovelace')}
    ws = Ws(s, '/menu', **secret)
    m = message('session-new', fresh())
    m['data'].update(env_vars={'KEY': 'SECRET-ENV'}, **{'from': '+49SECRET', 'to': '+1SECRET'})
    ws.ask(m)
    h = message('verb-hook-gather-speech', m['call_sid'], hook='/menu')
    h['data']['speech'] = {'is_final': True, 'alternatives': [{'transcript': 'SECRET words', 'confidence': 0.9}]}
    ws.ask(h)
    ws.ask(message('verb-hook-gather-digits', m['call_sid'], hook='/menu'))
    ws.send(TEXT, '{"type":"SECRET')
    ws.write(frame(TEXT, b'SECRET', masked=False))
    ws.close_code()
    s.answer(request('/menu', Authorization=basic('ada:SECRET')))
    log = s.log()
    for word in (b'SECRET', b'lovelace', basic('ada:lovelace')[6:].encode()):
        check(word not in log, f'{word.decode()} is in the log: {log[-600:]!r}')


# -- 5.8 calls and timing ---------------------------------------------------------------------------------------------

@scenario('menu', weight=2)
def concurrent_calls(s):
    """127: a hundred calls at the same moment: upgraded within 1.5 s and acked within 1 s more."""
    start, req = time.monotonic(), request('/menu')
    many = [s.tcp(req) for _ in range(100)]
    for c in many:
        check(c.recv(4096).startswith(b'HTTP/1.1 101'), 'not upgraded')
    check(time.monotonic() - start < 1.5, 'upgraded too late')
    for c in many:
        c.sendall(frame(TEXT, text_of(message())))
    for c in many:
        check(b'"ack"' in c.recv(4096), 'not acked')
    check(time.monotonic() - start < 2.5, f'acked after {time.monotonic() - start:.1f} s')
    return f'{(time.monotonic() - start) * 1000:.0f} ms for all'


@scenario('menu', name='hook-unknown')
def hook_unknown(s):
    """114: an unknown hook is acked empty; unknown types and commands are ignored; none of it fills the log."""
    ws, lines = s.call(path='/menu'), s.log().count(b'\n')
    for i in range(500):
        a = ws.ask(message('verb-hook-base', ws.sid, hook=f'/nobody/{i}'))
        check(a and not a.get('data'), f'an unknown hook is acked with {a}')
        ws.say(message('unknown-type', ws.sid))
    check(s.log().count(b'\n') - lines < 400, f'{s.log().count(10) - lines} log lines')


@scenario('menu', name='redirect-first')
def redirect_first(s):
    """115, 130: session:redirect, verb:hook, session:reconnect as the first message of a call nobody knows: acked."""
    for name in ('session-redirect', 'verb-hook-base', 'session-reconnect', 'session-adulting', 'queue-status-join', 'dial-confirm'):
        ws = Ws(s, '/menu')
        check(ws.ask(message(name)), f'{name} is not acked')
        ws.close()


@scenario('menu')
def adulting(s):
    """115, 130: a leg that becomes a call of its own, beside the one it came from."""
    parent = s.call(path='/menu')
    leg = Ws(s, '/menu/adulting')
    check(leg.ask(message('session-adulting')), 'session:adulting is not acked')
    check(parent.ask(message('verb-hook-base', parent.sid)), 'the other call suffered')
    again = Ws(s, '/menu')
    check(again.ask(message('session-new', parent.sid)), 'session:new twice is not acked')


@scenario('menu')
def reconnect(s):
    """128: socket lost, session:reconnect, the hooks that queued meanwhile; a hundred times in one call."""
    ws = s.call(path='/menu')
    sid = ws.sid
    check(ws.ask(message('verb-hook-base', sid)), 'not acked')
    for i in range(100):
        ws.reset() if i % 2 else ws.close()
        ws = Ws(s, '/menu')
        check(ws.ask(message('session-reconnect', sid)), 'session:reconnect is not acked')
        for _ in range(3):
            check(ws.ask(message('verb-hook-base', sid)), 'a hook that queued is not acked')


@scenario('menu', name='reconnect-before-ack')
def reconnect_before_ack(s):
    """129: the socket is lost before the first ack: session:reconnect is acked with the verbs."""
    for _ in range(20):
        sid = fresh()
        Ws(s, '/menu', data=frame(TEXT, text_of(message('session-new', sid))[:-40])).reset()
        again = Ws(s, '/menu')
        a = again.ask(message('session-reconnect', sid))
        check(a and a.get('data'), f'acked without verbs: {a}')
        again.close()


@scenario('menu')
def garbage(s):
    """133: a storm of jambonz:error is neither answered nor echoed."""
    ws = s.call(path='/menu')
    for _ in range(1000):
        ws.say(message('jambonz-error-invalid-message', ws.sid))
    m = message('verb-hook-base', ws.sid)
    ws.say(m)
    check(json.loads(ws.frame()[1])['msgid'] == m['msgid'], 'jambonz:error is answered')


@scenario('agent', name='tts-stream', weight=2)
def tts_stream(s):
    """132: the voice is full, then resumes: what was refused is sent again, nothing twice."""
    ws = s.call(path='/agent')
    ws.say(message('tts-streaming-event-stream-open', ws.sid))
    said, refused = [], 0
    for m in ws.texts(1.5):
        if m.get('command') != 'tts:tokens':
            continue
        data = m['data']
        full = len(said) == refused == 0
        ws.say({'type': 'tts:tokens-result', 'msgid': fresh('m'), 'call_sid': ws.sid,
                'data': {'id': data['id'], 'status': 'failed' if full else 'ok', **({'reason': 'full'} if full else {})}})
        if full:
            refused = data['tokens']
            ws.say(message('tts-streaming-event-stream-resumed', ws.sid))
        else:
            said.append(data['tokens'])
    ws.send(CLOSE, closing(1000))
    check(ws.close_code() == 1000, 'Close is not answered')
    text = ''.join(said)
    check(refused and text.startswith(refused[:20]) and text.count(refused[:20]) == 1, f'refused {refused!r}, said {said!r}')
