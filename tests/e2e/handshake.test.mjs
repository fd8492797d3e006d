// The opening: what jambonz sends is accepted, everything else is refused with the status that says why, in the documented order.
import test from 'node:test';
import assert from 'node:assert/strict';
import { bytes, connect, frame, message, refusal, request, serve } from './lib.mjs';

const basic = text => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

test('the subprotocol is chosen and echoed', async t => {
    const s = await serve(t, 'hello');
    for (const [protocol, chosen] of [['ws.jambonz.org'], [['x', 'ws.jambonz.org'], 'ws.jambonz.org']]) {
        const peer = await connect(s.url, { protocol });
        assert.equal(peer.ws.protocol, chosen ?? protocol);
        assert.equal(peer.ws.extensions, '', 'permessage-deflate is not negotiated');
        await peer.close();
    }
});

test('no subprotocol, or none that is known, is 400', async t => {
    const s = await serve(t, 'hello');
    for (const protocol of [null, 'chat']) {
        const e = await refusal(s.url, { protocol });
        assert.equal(e.status, 400);
        assert.match(e.body, /protocol/i, 'says why');
    }
});

test('the request of the real client, byte for byte', async t => {
    const s = await serve(t, 'hello');
    const { text } = await bytes(s.port, `GET /hello?x=1 HTTP/1.1\r\nuser-agent: jambonz\r\nSec-WebSocket-Version: 13\r\n`
        + `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
        + `Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: ws.jambonz.org\r\n`
        + `Host: 127.0.0.1:${s.port}\r\n\r\n`, 300);
    assert.match(text, /^HTTP\/1\.1 101 [^\r]*\r\n/);
    assert.match(text, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
    assert.match(text, /\r\nSec-WebSocket-Protocol: ws\.jambonz\.org\r\n/i);
    assert.doesNotMatch(text, /Extensions/i);
});

test('a frame right behind the request is not lost', async t => {
    const s = await serve(t, 'hello');
    const first = JSON.stringify(message('session-new'));
    const { text } = await bytes(s.port, Buffer.concat([Buffer.from(`GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
        + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ws.jambonz.org\r\n\r\n`),
    frame(1, first)]), 300);
    assert.match(text, /"type":"ack","msgid":"auuHioXGktYh2ZFYxf3hAA"/);
});

test('Basic auth', async t => {
    const s = await serve(t, 'hello', '--auth', 'ada:lovelace');
    for (const headers of [{}, basic('ada:lovelac'), basic('ada:lovelace '), basic('ada'), { authorization: 'Bearer x' }]) {
        const e = await refusal(s.url, { headers });
        assert.equal(e.status, 401);
        assert.match(e.headers['www-authenticate'], /^Basic realm=/);
    }
    await (await connect(s.url, { headers: basic('ada:lovelace') })).close();
    await (await connect(s.url.replace('ws://', 'ws://ada:lovelace@'))).close();
});

test('Origin', async t => {
    const s = await serve(t, 'hello');
    await (await connect(s.url)).close();
    await (await connect(s.url, { origin: `http://127.0.0.1:${s.port}` })).close();
    await (await connect(s.url, { origin: `HTTPS://127.0.0.1:${s.port}` })).close();
    for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${s.port}.evil.example`, 'http://127.0.0.1'])
        assert.equal((await refusal(s.url, { origin })).status, 403, origin);
    const open = await serve(t, 'hello', '--origin', 'https://good.example,null');
    await (await connect(open.url, { origin: 'https://good.example' })).close();
    await (await connect(open.url, { origin: 'null' })).close();
    assert.equal((await refusal(open.url, { origin: 'https://evil.example' })).status, 403);
    const any = await serve(t, 'hello', '--origin', '*');
    await (await connect(any.url, { origin: 'https://evil.example' })).close();
});

test('plain requests', async t => {
    const s = await serve(t, 'hello');
    const get = await request(s.port, 'GET', '/hello');
    assert.equal(get.status, 426);
    assert.equal(get.headers['sec-websocket-version'], '13');
    assert.ok(get.text.length > 10, 'says why');
    const head = await request(s.port, 'HEAD', '/hello');
    assert.deepEqual([head.status, head.text, head.headers['sec-websocket-version']], [426, '', '13']);
    assert.ok([undefined, get.headers['content-length']].includes(head.headers['content-length']), 'a length, if any, is that of GET');
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
        assert.equal((await request(s.port, method, '/hello', { 'content-length': 0 })).status, 405, method);
    assert.equal((await request(s.port, 'POST', '/hello', { 'content-length': 2 }, '{}')).status, 400, 'nothing here takes a body');
    assert.equal((await request(s.port, 'OPTIONS', '/hello')).status, 405, 'no environment variables: OPTIONS is not there');
    for (const path of ['/', '/nowhere', '/hell', '/hello2'])
        assert.equal((await request(s.port, 'GET', path)).status, 404, path);
    for (const path of ['/hello/', '/hello?a=b', '/hello/adulting'])
        assert.equal((await request(s.port, 'GET', path)).status, 426, path);
});

test('the order of the checks', async t => {
    const s = await serve(t, 'hello', '--auth', 'a:b');
    assert.equal((await request(s.port, 'POST', '/nowhere')).status, 405, 'method before path');
    assert.equal((await request(s.port, 'GET', '/nowhere')).status, 404, 'path before upgrade and auth');
    assert.equal((await request(s.port, 'GET', '/hello')).status, 426, 'upgrade before auth');
    assert.equal((await refusal(s.url, { origin: 'http://evil.example', protocol: null })).status, 401, 'auth before Origin');
    assert.equal((await refusal(s.url, { origin: 'http://evil.example', protocol: null, headers: basic('a:b') })).status, 403, 'Origin before subprotocol');
    assert.equal((await refusal(s.url, { protocol: null, headers: basic('a:b') })).status, 400);
});

test('requests that are no requests', async t => {
    const s = await serve(t, 'hello');
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ws.jambonz.org\r\n';
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    const cases = [
        ['garbage\r\n\r\n', 400],
        ['GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
        [`GET /hello HTTP/1.1\r\nHost: a\r\n${upgrade}${key}${key}\r\n`, 400],
        [`GET /hello HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`, 400],
        [`GET /hello HTTP/1.1\r\nHost: a\r\n${upgrade}Sec-WebSocket-Key: short\r\n\r\n`, 400],
        [`GET /hello HTTP/1.1\r\nHost: a\r\n${upgrade.replace('13', '8')}${key}\r\n`, 426],
        [`GET /hello HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`, 431],
        [`GET /hello HTTP/1.1\r\nHost: a\r\n${'A: b\r\n'.repeat(101)}\r\n`, 431],
    ];
    for (const [text, status] of cases) {
        const got = await bytes(s.port, text);
        assert.match(got.text, new RegExp(`^HTTP/1\\.1 ${status} `), text.slice(0, 80));
        assert.ok(got.ended, 'and the connection is closed');
    }
    await (await connect(s.url)).close();
});

test('full is 503, and room comes back', async t => {
    const s = await serve(t, 'hello', '--max-conns', '2');
    const a = await connect(s.url), b = await connect(s.url);
    const e = await refusal(s.url);
    assert.equal(e.status, 503);
    await a.close();
    const c = await connect(s.url);
    await Promise.all([b.close(), c.close()]);
});
