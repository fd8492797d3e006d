// RFC 6455 from the outside: every broken frame gets its close code, one odd message does not cost a call, and the next is served.
import test from 'node:test';
import assert from 'node:assert/strict';
import { closing, connect, frame, message, newId, of, newSid, serve, sleep } from './lib.mjs';

const text = 1, binary = 2, close = 8, ping = 9, cont = 0;
const bad = [
    ['reserved bit', 1002, frame(text, 'x', { rsv: 4 })],
    ['reserved opcode 3', 1002, frame(3, 'x')],
    ['reserved opcode 11', 1002, frame(11, 'x')],
    ['not masked', 1002, frame(text, 'x', { masked: false })],
    ['length longer than it need be, 16 bit', 1002, frame(text, 'x', { form: 16 })],
    ['length longer than it need be, 64 bit', 1002, frame(text, 'x'.repeat(200), { form: 64 })],
    ['continuation of nothing', 1002, frame(cont, 'x')],
    ['a new message inside another', 1002, Buffer.concat([frame(text, 'x', { fin: false }), frame(text, 'x')])],
    ['fragmented ping', 1002, frame(ping, 'x', { fin: false })],
    ['ping of 126 bytes', 1002, frame(ping, 'x'.repeat(126), { form: 16 })],
    ['close of one byte', 1002, frame(close, 'x')],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map(code => [`close code ${code}`, 1002, frame(close, closing(code))]),
    ['close reason that is not UTF-8', 1007, frame(close, closing(1000, Buffer.from([0xff])))],
    ['text that is not UTF-8', 1007, frame(text, Buffer.from([0x22, 0xc0, 0x80, 0x22]))],
    ['text that ends in a character', 1007, frame(text, Buffer.from([0x22, 0xe2, 0x82]))],
    ['a surrogate', 1007, frame(text, Buffer.from([0xed, 0xa0, 0x80]))],
    ['bad UTF-8 in a first fragment, before the rest is there', 1007, frame(text, Buffer.from([0xff]), { fin: false })],
    ['bad UTF-8 in a frame that is not all there', 1007, frame(text, Buffer.from([0xff, 0xff]), { declare: 100 })],
    ['more than max_message declared', 1009, frame(text, 'x', { declare: 300000 })],
    ['more than max_message in fragments', 1009, Buffer.concat([frame(text, 'x'.repeat(150000), { fin: false }), frame(cont, 'x'.repeat(150000))])],
];

test('broken frames', async t => {
    const s = await serve(t, 'hello');
    for (const [name, code, data] of bad) await t.test(name, async () => {
        const peer = await connect(s.url);
        peer.ws.on('error', () => {});
        peer.raw(data);
        const got = await Promise.race([peer.closed, sleep(2000)]);
        assert.equal(got?.code, code);
    });
    const peer = await connect(s.url);
    assert.ok(await peer.ask(of(newSid(), 'session-new')), 'the next call is served');
    await peer.close();
});

test('close handshake: the code comes back', async t => {
    const s = await serve(t, 'hello');
    for (const code of [1000, 1001, 1011, 3000, 4999]) {
        const peer = await connect(s.url);
        peer.raw(frame(close, closing(code, 'bye')));
        assert.equal((await peer.closed).code, code);
    }
    const peer = await connect(s.url);
    peer.raw(frame(close));
    assert.equal((await peer.closed).code, 1005, 'none for none');
});

test('pings are answered, also inside a message; fragments are put together', async t => {
    const s = await serve(t, 'hello');
    const peer = await connect(s.url), m = of(newSid(), 'session-new'), all = Buffer.from(JSON.stringify(m));
    const pongs = [];
    peer.ws.on('pong', d => pongs.push(d.toString()));
    peer.raw(frame(text, all.subarray(0, 1000), { fin: false }), frame(ping, 'one'), frame(cont, '', { fin: false }),
        frame(cont, all.subarray(1000, 2000), { fin: false }), frame(ping, 'two'), frame(cont, all.subarray(2000)));
    const ack = await peer.next();
    assert.equal(ack.msgid, m.msgid);
    assert.deepEqual(pongs, ['one', 'two']);
    await peer.close();
});

test('one byte at a time', async t => {
    const s = await serve(t, 'hello');
    const peer = await connect(s.url), m = { type: 'session:new', msgid: newId(), call_sid: newSid(), data: { direction: 'inbound', from: 'é€😀' } };
    peer.ws._socket.setNoDelay(true);
    for (const b of frame(text, JSON.stringify(m))) { peer.raw([b]); await sleep(0); }
    assert.equal((await peer.next()).msgid, m.msgid);
    await peer.close();
});

test('odd messages are dropped, logged, and cost nothing', async t => {
    const s = await serve(t, 'menu', '--verbose');
    const peer = await connect(s.url), sid = newSid();
    await peer.ask(of(sid, 'session-new'));
    for (const odd of ['', 'null', '[]', '{', '{"type":7}', '{"no":"type"}', '"text"', '['.repeat(100) + ']'.repeat(100), `{"type":"x","a":[${'0,'.repeat(9000)}0]}`])
        peer.send(odd);
    peer.send(Buffer.from([1, 2, 3]));
    peer.send({ type: 'future:message', msgid: newId(), call_sid: sid, data: {} });
    peer.send({ type: 'call:status' });
    const lacking = await peer.ask({ type: 'verb:hook', msgid: newId(), call_sid: sid });
    assert.deepEqual(lacking.data, [], 'a known message without what it needs is acked as silence is');
    const ack = await peer.ask(of(sid, 'verb-hook-gather-digits', { digits: '1' }));
    assert.equal(ack.data[0].verb, 'dial');
    assert.deepEqual(peer.others, [], 'nothing else was answered');
    assert.ok((s.log.match(/not usable/g) ?? []).length >= 6, s.log);
    await peer.close();
});

test('max-message', async t => {
    const s = await serve(t, 'hello', '--max-message', '5000');
    const big = await connect(s.url);
    big.ws.on('error', () => {});
    big.send({ type: 'session:new', msgid: newId(), data: { x: 'x'.repeat(5000) } });
    assert.equal((await big.closed).code, 1009);
    const peer = await connect(s.url);
    assert.ok(await peer.ask(of(newSid(), 'session-new')));
    await peer.close();
});

test('echo gives back text and binary, whatever their size', async t => {
    const s = await serve(t, 'echo');
    const peer = await connect(`ws://127.0.0.1:${s.port}/any/path`, { protocol: null, origin: 'http://anywhere.example' });
    for (const n of [0, 1, 125, 126, 127, 65535, 65536, 70000, 1 << 20, 5 << 20]) {
        const data = Buffer.alloc(n, n % 251);
        peer.send(data);
        assert.ok(data.equals(await peer.nextRaw(5000)), `${n} bytes`);
        peer.send('ä'.repeat(n / 2));
        assert.equal(await peer.nextRaw(5000), 'ä'.repeat(n / 2), `${n} bytes of text`);
    }
    await peer.close();
});

test('bench_ack echoes binary messages on a control socket', async t => {
    const s = await serve(t, 'bench_ack');
    const peer = await connect(`ws://127.0.0.1:${s.port}/x`);
    peer.send(Buffer.from([1, 2, 3]));
    assert.deepEqual(await peer.nextRaw(), Buffer.from([1, 2, 3]));
    await peer.close();
});

test('hello says hello, and is done', async t => {
    const s = await serve(t, 'hello');
    const peer = await connect(s.url), m = message('session-new');
    const ack = await peer.ask(m);
    assert.deepEqual(ack, { type: 'ack', msgid: m.msgid, data: [{ verb: 'say', text: 'Hello from C.' }, { verb: 'hangup' }] });
    await peer.close();
});
