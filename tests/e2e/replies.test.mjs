// Replies that come late or never, what the library says in the app's place, hanging up from outside, what is held while a call has
// no socket, environment variables, plain HTTP. The app is probe.c.
import test from 'node:test';
import assert from 'node:assert/strict';
import { connect, newId, newSid, of, request, serve, sleep } from './lib.mjs';

const hook = (sid, name) => ({ type: 'verb:hook', msgid: newId(), call_sid: sid, hook: name, data: { call_sid: sid } });
const saying = text => [{ verb: 'say', text }];

async function begin(s, change = {}, name = 'session-new') {
    const sid = newSid(), peer = await connect(s.url);
    const ack = await peer.ask(of(sid, name, change));
    peer.send(of(sid, 'call-status-in-progress'));
    return { sid, peer, ack };
}

test('environment variables: told on OPTIONS, defaults filled in', async t => {
    const s = await serve(t, 'probe', '--auth', 'a:b');
    const r = await request(s.port, 'OPTIONS', '/probe', { accept: 'application/json' });
    assert.equal(r.status, 200, 'without auth');
    assert.match(r.headers['content-type'], /^application\/json/);
    const vars = JSON.parse(r.text);
    assert.deepEqual(Object.keys(vars), ['GREETING', 'RETRIES', 'LOUD', 'SECRET']);
    assert.deepEqual(vars.GREETING, { type: 'string', description: 'What is said first', default: 'Hello', enum: ['Hello', 'Welcome'] });
    assert.deepEqual(vars.RETRIES, { type: 'number', description: 'How often', required: true, default: 3 });
    assert.equal(vars.LOUD.default, true);
    assert.deepEqual(vars.SECRET, { type: 'string', description: 'Not for all', obscure: true, uiHint: 'textarea' });
    assert.equal((await request(s.port, 'OPTIONS', '/elsewhere')).status, 404);
});

test('environment variables: what the admin has set', async t => {
    const s = await serve(t, 'probe');
    const none = await begin(s);
    assert.deepEqual(none.ack.data, saying('Hello 3 true sesame'));
    const some = await begin(s, { env_vars: { GREETING: 'Welcome', RETRIES: 7, LOUD: false, SECRET: 'a "b"' } });
    assert.deepEqual(some.ack.data, saying('Welcome 7 false a "b"'));
    await Promise.all([none.peer.close(), some.peer.close()]);
});

test('plain HTTP of the app', async t => {
    const s = await serve(t, 'probe');
    const r = await request(s.port, 'GET', '/health');
    assert.deepEqual([r.status, r.text], [200, 'fine\n']);
    assert.equal((await request(s.port, 'GET', '/probe')).status, 426);
    assert.equal((await request(s.port, 'GET', '/elsewhere')).status, 404);
});

test('silence is answered', async t => {
    const s = await serve(t, 'probe');
    const inbound = await begin(s, { to: 'silent' });
    assert.deepEqual(inbound.ack.data, [{ verb: 'sip:decline', status: 480 }, { verb: 'hangup' }]);
    const outbound = await begin(s, { to: 'silent' }, 'session-new-outbound');
    assert.ok(!('data' in outbound.ack));
    const { peer, sid } = await begin(s);
    assert.deepEqual((await peer.ask(hook(sid, '/silent'))).data, []);
    assert.deepEqual((await peer.ask(hook(sid, '/unknown'))).data, []);
    assert.deepEqual((await peer.ask({ ...hook(sid, '/x'), type: 'dial:confirm' })).data, []);
    assert.ok(!('data' in await peer.ask({ ...hook(sid, '/x'), type: 'session:redirect' })));
    await Promise.all([inbound, outbound, { peer }].map(c => c.peer.close()));
});

test('a late reply, meanwhile everything else goes on', async t => {
    const s = await serve(t, 'probe'), { peer, sid } = await begin(s);
    const late = peer.send(hook(sid, '/late')), start = Date.now();
    assert.deepEqual((await peer.ask(hook(sid, '/silent'))).data, []);
    assert.ok(Date.now() - start < 150, 'others are answered at once');
    const ack = await peer.next();
    assert.deepEqual(ack, { type: 'ack', msgid: late.msgid, data: saying('late') });
    assert.ok(Date.now() - start >= 190);
    await peer.close();
});

test('a late answer to session:new: others wait behind it', async t => {
    const s = await serve(t, 'probe'), sid = newSid(), peer = await connect(s.url);
    const first = peer.send(of(sid, 'session-new', { to: 'late' })), second = peer.send(hook(sid, '/silent'));
    assert.deepEqual((await peer.next()), { type: 'ack', msgid: first.msgid, data: saying('late') });
    assert.equal((await peer.next()).msgid, second.msgid);
    await peer.close();
});

test('a reply that never comes is made by the library, once, in time', async t => {
    const s = await serve(t, 'probe'), { peer, sid } = await begin(s), start = Date.now();
    const ack = await peer.ask(hook(sid, '/never'));
    assert.deepEqual(ack.data, []);
    const took = Date.now() - start;
    assert.ok(took >= 550 && took < 1200, `${took} ms`);
    assert.equal(await peer.next(300), undefined);
    await peer.close();
});

test('a reply that is refused leaves the event open', async t => {
    const s = await serve(t, 'probe'), { peer, sid } = await begin(s);
    const ack = await peer.ask(hook(sid, '/wrong'));
    assert.match(ack.data[0].text, /^wrong: dial\.target\[0\]/);
    await sleep(50);
    assert.match(s.log, /dial\.target\[0\]/, 'the log names the culprit');
    await peer.close();
});

test('dropped with a deferred reply: it is gone, and on_resume speaks', async t => {
    const s = await serve(t, 'probe'), { peer, sid } = await begin(s);
    const late = peer.send(hook(sid, '/late'));
    await sleep(20);
    await peer.drop();
    const again = await connect(s.url), bare = await again.ask(of(sid, 'session-reconnect'));
    assert.ok(!('data' in bare));
    const command = await again.next();
    assert.deepEqual([command.command, command.data], ['redirect', saying('welcome back')]);
    const more = await again.next(500);
    assert.ok(more?.msgid !== late.msgid, 'no ack of what jambonz has given up');
    assert.equal(more, undefined);
    await again.close();
});

test('dropped with session:new deferred: the reconnect is answered instead', async t => {
    const s = await serve(t, 'probe'), sid = newSid(), peer = await connect(s.url);
    peer.send(of(sid, 'session-new', { to: 'late' }));
    await sleep(20);
    await peer.drop();
    const again = await connect(s.url);
    assert.deepEqual((await again.ask(of(sid, 'session-reconnect', { to: 'late', env_vars: {} }))).data, saying('Hello 3 true sesame'));
    again.send(of(sid, 'call-status-in-progress'));
    assert.equal(await again.next(500), undefined, 'the late answer to session:new is not sent any more');
    await again.close();
});

test('a command given while the call has no socket comes after the reconnect, before on_resume', async t => {
    const s = await serve(t, 'probe'), { peer, sid } = await begin(s);
    await peer.ask(hook(sid, '/held'));
    await peer.drop();
    await sleep(400);
    const again = await connect(s.url), bare = await again.ask(of(sid, 'session-reconnect'));
    assert.ok(!('data' in bare));
    assert.deepEqual(again.others, [], 'the ack first');
    assert.deepEqual((await again.next()).data, saying('held'));
    assert.deepEqual((await again.next()).data, saying('welcome back'));
    await again.close();
});

test('a call that does not come back ends, once', async t => {
    const s = await serve(t, 'probe'), { peer, sid } = await begin(s);
    await peer.drop();
    await sleep(2200);
    assert.match(s.log, /end: nothing happened before the timeout/);
    assert.equal(s.log.match(/^end:/gm).length, 1);
    const again = await connect(s.url), ack = await again.ask(of(sid, 'session-reconnect'));
    assert.equal(ack.data[0].verb, 'say', 'it is unknown now');
    again.send(of(sid, 'call-status-in-progress'));
    await again.close();
});

test('hanging up from outside', async t => {
    const s = await serve(t, 'probe'), { peer, sid } = await begin(s);
    await peer.ask(hook(sid, '/hangup'));
    const command = await peer.next();
    assert.deepEqual([command.command, command.data], ['redirect', [{ verb: 'sip:decline', status: 480 }, { verb: 'hangup' }]]);
    await peer.close();
    await sleep(50);
    assert.match(s.log, /^end: ok$/m);
});

test('hanging up when jambonz does not react: call:status, then 1000', async t => {
    const s = await serve(t, 'probe'), { peer, sid } = await begin(s);
    await peer.ask(hook(sid, '/hangup'));
    const said = [];
    for (let m; (m = await peer.next(2500));) said.push(m.command === 'call:status' ? m.data.call_status : m.command);
    assert.deepEqual(said, ['redirect', 'completed', 'no-answer']);
    assert.equal((await peer.closed).code, 1000);
});

test('draining waits for an open reply, then 1012', async t => {
    const s = await serve(t, 'probe'), { peer, sid } = await begin(s);
    const late = peer.send(hook(sid, '/late'));
    await sleep(30);
    const ended = s.stop();
    assert.deepEqual(await peer.next(), { type: 'ack', msgid: late.msgid, data: saying('late') });
    assert.equal((await peer.closed).code, 1012);
    assert.equal((await ended).code, 0);
});
