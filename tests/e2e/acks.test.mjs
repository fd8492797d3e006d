// One ack for each message that wants one, none for the others (PROTOCOL 2.2), for every example frame there is.
import test from 'node:test';
import assert from 'node:assert/strict';
import { connect, message, messages, newId, newSid, of, serve, sleep } from './lib.mjs';

const wanted = ['session:new', 'session:reconnect', 'session:redirect', 'session:adulting', 'verb:hook', 'dial:confirm', 'queue:status'];
const frames = messages().filter(name => !name.startsWith('audio-'));
const marker = sid => ({ type: 'verb:hook', msgid: newId(), call_sid: sid, hook: '/marker', data: { call_sid: sid } });

test(`${frames.length} example frames, each as the first of its call`, async t => {
    const s = await serve(t, 'bench_ack');
    for (const name of frames) {
        const peer = await connect(`ws://127.0.0.1:${s.port}/app`), sid = newSid(), m = message(name, { msgid: newId() });
        if ('call_sid' in m) m.call_sid = sid;
        if (m.data.call_sid) m.data.call_sid = sid;
        peer.send(m);
        assert.ok(await peer.ask(marker(sid)), `${name}: the marker behind it is acked`);
        await sleep(5);
        const acks = [...peer.others, ...peer.queue.map(x => JSON.parse(x))];
        if (wanted.includes(m.type)) {
            assert.deepEqual(acks.map(a => [a.type, a.msgid]), [['ack', m.msgid]], `${name}: one ack`);
        } else {
            assert.deepEqual(acks, [], `${name}: no ack`);
        }
        await peer.close();
    }
});

test('all of them on one call', async t => {
    const s = await serve(t, 'bench_ack');
    const peer = await connect(`ws://127.0.0.1:${s.port}/app`), sid = newSid(), want = new Set();
    await peer.ask(of(sid, 'session-new'));
    peer.send(of(sid, 'call-status-in-progress'));
    for (const name of frames.filter(n => !n.startsWith('session-new'))) {
        const m = message(name, { msgid: newId(), call_sid: sid });
        if (wanted.includes(m.type)) want.add(m.msgid);
        peer.send(m);
    }
    await peer.ask(marker(sid));
    const acks = peer.others.filter(a => a.type === 'ack').map(a => a.msgid);
    assert.equal(new Set(acks).size, acks.length, 'none twice');
    assert.deepEqual(new Set(acks), want);
    await peer.close();
});

test('a thousand calls on one server, many at once; how long an ack takes', async t => {
    const s = await serve(t, 'hello'), took = [];
    await Promise.all([...Array(20)].map(async () => {
        for (let i = 0; i < 50; i++) {
            const peer = await connect(s.url), m = of(newSid(), 'session-new');
            assert.equal((await peer.ask(m)).data.length, 2);
            await peer.close();
        }
    }));
    const peer = await connect(s.url);
    for (let i = 0; i < 200; i++) {
        const m = { type: 'verb:hook', msgid: newId(), call_sid: '00000000-0000-4000-8000-00000000abcd', hook: '/x', data: {} };
        const start = process.hrtime.bigint();
        await peer.ask(m);
        took.push(Number(process.hrtime.bigint() - start) / 1e3);
    }
    await peer.close();
    took.sort((a, b) => a - b);
    t.diagnostic(`round trip of an ack, Node included: min ${took[0].toFixed(0)} us, median ${took[100].toFixed(0)} us, p99 ${took[197].toFixed(0)} us`);
});
