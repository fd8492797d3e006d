// Frames that name no call, as the first of their socket: acked where an ack is wanted, and no program minds (every handler
// may count on its call). Also what is left of a program whose log nobody reads any more.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { connect, newId, newSid, of, root, serve, sleep } from './lib.mjs';

const programs = readdirSync(`${root}examples`).filter(f => f.endsWith('.c')).map(f => f.slice(0, -2));
const acked = ['session:new', 'session:reconnect', 'session:redirect', 'session:adulting', 'verb:hook', 'dial:confirm', 'queue:status'];
const others = ['call:status', 'verb:status', 'jambonz:error', 'llm:event', 'llm:tool-call', 'tts:tokens-result', 'tts:streaming-event',
    'agent:event', 'agent:tool-call', 'what:ever'];
const hooks = ['/menu', '/dialed', '/again', '/pin', '/number', '/wait', '/left', '/next', '/consent', '/keys', '/about', '/brief', '/take',
    '/music', '/status', '/over', '/mode', '/heard', '/audio'];
const data = { msg: 'invalid actionHook response', call_status: 'completed', digits: '1', dtmf: '1', event: 'join' };

for (const program of programs.filter(p => p !== 'echo')) {
    test(`${program} and frames without a call`, async t => {
        const s = await serve(t, program);
        for (const type of [...acked, ...others]) {
            for (const hook of type.includes('hook') || type === 'dial:confirm' ? hooks : [hooks[0]]) {
                const peer = await connect(s.url);
                const m = { type, msgid: newId(), hook, data };
                if (acked.includes(type)) assert.ok(await peer.ask(m), `${type} ${hook} is acked`);
                else peer.send(m);
                await peer.close();
            }
        }
        await sleep(20);
        assert.ok(s.running(), `${program} still runs`);
        const peer = await connect(s.url);
        if (program !== 'menu_blocking') assert.ok(await peer.ask(of(newSid(), 'session-new')), 'and answers a call');
        await peer.close();
    });
}

test('a log whose reader is gone does not end the program', async t => {
    const s = await serve(t, 'hello', '--verbose');
    s.child.stderr.destroy();
    for (let i = 0; i < 5; i++) await fetch(`http://127.0.0.1:${s.port}/nope`).then(r => assert.equal(r.status, 404));
    assert.ok(s.running());
});
