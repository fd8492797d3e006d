// A call survives a lost socket at every point of its life, on the server that knows it and on one that does not
// (DESIGN 7, PROTOCOL 1.4 and 9.1). The peer here does what jambonz does after a drop: session:reconnect first.
import test from 'node:test';
import assert from 'node:assert/strict';
import { connect, newId, newSid, of, serve, sleep } from './lib.mjs';

const started = Symbol('started');
const reconnect = sid => of(sid, 'session-reconnect');
const pressed = (sid, digits) => of(sid, 'verb-hook-gather-digits', { digits });

async function begin(s, sid, how) {
    const peer = await connect(s.url);
    const ack = await peer.ask(of(sid, 'session-new'));
    if (how === started) peer.send(of(sid, 'call-status-trying'));
    return { peer, ack };
}
// resolves with the close code and when it came, or undefined
const closes = async (peer, ms) => {
    const start = Date.now();
    const got = await Promise.race([peer.closed, sleep(ms)]);
    return got && { ...got, ms: Date.now() - start };
};

for (const where of ['the same server', 'a second one']) {
    const second = async (t, s) => where === 'a second one' ? serve(t, 'menu') : s;

    test(`dropped before the first ack, ${where}: verbs, 1012 once, then on it goes`, async t => {
        const s = await serve(t, 'menu'), sid = newSid();
        const first = await connect(s.url);
        first.send(of(sid, 'session-new'));
        await first.drop();
        const s2 = await second(t, s);
        const again = await connect(s2.url);
        const ack = await again.ask(reconnect(sid));
        assert.equal(ack.data[0].verb, 'gather', 'the ack of session:reconnect is taken as the answer to session:new');
        const gone = await closes(again, 4000);
        assert.equal(gone?.code, 1012, 'a client without a first ack queues everything until it is dropped once more');
        assert.ok(gone.ms >= 700 && gone.ms < 3000, `after about 1 s: ${gone.ms} ms`);
        const third = await connect(s2.url);
        const bare = await third.ask(reconnect(sid));
        assert.ok(!('data' in bare), 'the next one is acked without data');
        assert.equal((await third.ask(pressed(sid, '1'))).data[0].verb, 'dial');
        assert.equal(await closes(third, 1600), undefined, '1012 came once only');
        await third.close();
    });

    test(`dropped between hooks, ${where}`, async t => {
        const s = await serve(t, 'menu'), sid = newSid();
        const { peer } = await begin(s, sid, started);
        await sleep(20);
        await peer.drop();
        const s2 = await second(t, s);
        const again = await connect(s2.url);
        const ack = await again.ask(reconnect(sid));
        if (s2 === s) assert.ok(!('data' in ack), 'known: acked at once without data');
        else assert.equal(ack.data[0].verb, 'gather', 'unknown: answered like session:new');
        const dial = await again.ask(pressed(sid, '2'));
        assert.deepEqual(dial.data[0].target, [{ type: 'user', name: 'support' }]);
        assert.equal(await closes(again, 1600), undefined, 'something followed: no 1012');
        await again.close();
    });

    test(`dropped with a hook open, ${where}`, async t => {
        const s = await serve(t, 'menu'), sid = newSid();
        const { peer } = await begin(s, sid, started);
        peer.send(pressed(sid, '1'));
        await peer.drop();
        const s2 = await second(t, s);
        const again = await connect(s2.url);
        await again.ask(reconnect(sid));
        again.send(of(sid, 'jambonz-error-action-hook'));
        const command = await again.next();
        assert.equal(command.type, 'command');
        assert.equal(command.command, 'redirect');
        assert.equal(command.data[0].verb, 'gather');
        await again.close();
    });
}

test('dropped again and again', async t => {
    const s = await serve(t, 'menu'), sid = newSid();
    let { peer } = await begin(s, sid, started);
    for (let i = 0; i < 20; i++) {
        await sleep(2);
        await peer.drop();
        peer = await connect(s.url);
        assert.ok(!('data' in await peer.ask(reconnect(sid))));
    }
    assert.equal((await peer.ask(pressed(sid, '1'))).data[0].verb, 'dial');
    await peer.close();
});

test('a reconnect comes before the loss is noticed: the new socket counts', async t => {
    const s = await serve(t, 'menu'), sid = newSid();
    const { peer } = await begin(s, sid, started);
    await sleep(20);
    const again = await connect(s.url);
    assert.ok(!('data' in await again.ask(reconnect(sid))));
    assert.ok(await closes(peer, 2000), 'the replaced socket is dropped');
    assert.equal((await again.ask(pressed(sid, '1'))).data[0].verb, 'dial');
    await again.close();
});

test('a reconnect without any sid is acked without data and binds by the next frame', async t => {
    const s = await serve(t, 'menu');
    const peer = await connect(s.url), sid = newSid();
    const ack = await peer.ask({ type: 'session:reconnect', msgid: newId(), data: {} });
    assert.deepEqual(Object.keys(ack).sort(), ['msgid', 'type']);
    assert.ok(await peer.ask(pressed(sid, '1')));
    await peer.close();
});

test('closes other than 1000 and 1001 are losses, those two are the end', async t => {
    const s = await serve(t, 'menu');
    for (const [code, known] of [[1011, true], [1012, true], [4000, true], [1000, false], [1001, false]]) {
        const sid = newSid(), { peer } = await begin(s, sid, started);
        await sleep(10);
        peer.raw([0x88, 0x82, 0, 0, 0, 0, code >> 8, code & 255]);
        await peer.closed;
        const again = await connect(s.url);
        const ack = await again.ask(reconnect(sid));
        assert.equal('data' in ack, !known, `${code}`);
        again.send(of(sid, 'call-status-in-progress'));
        await again.close();
    }
});

test('SIGTERM: listeners close, calls get 1012, exit status 0', async t => {
    const s = await serve(t, 'menu');
    const { peer } = await begin(s, newSid(), started);
    const other = await begin(s, newSid(), started);
    await sleep(20);
    const start = Date.now(), ended = s.stop();
    assert.equal((await closes(peer, 3000))?.code, 1012);
    assert.equal((await closes(other.peer, 3000))?.code, 1012);
    assert.deepEqual(await ended, { code: 0, signal: null });
    t.diagnostic(`drained two calls in ${Date.now() - start} ms`);
    await assert.rejects(connect(s.url), /ECONNREFUSED/);
});

test('a drained call goes on at another server', async t => {
    const s = await serve(t, 'menu'), sid = newSid(), { peer } = await begin(s, sid, started);
    await sleep(20);
    s.stop();
    await peer.closed;
    const s2 = await serve(t, 'menu'), again = await connect(s2.url);
    assert.equal((await again.ask(reconnect(sid))).data[0].verb, 'gather');
    assert.equal((await again.ask(pressed(sid, '1'))).data[0].verb, 'dial');
    await again.close();
});
