// The same call three times: by the simulator, by npm ws, by Python's websockets. The app must say the same thing each time, and
// what it says must be valid verbs for @jambonz/schema.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build, connect, root, serve } from './lib.mjs';

// the schema's packages live beside the schema check
const require = createRequire(`${root}tests/schema/package.json`);
const Ajv = require('ajv/dist/2020.js').default;
const published = dirname(require.resolve('@jambonz/schema/package.json'));
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, logger: false });
for (const dir of ['components', 'verbs'])
    for (const f of readdirSync(join(published, dir)).filter(f => f.endsWith('.schema.json')))
        ajv.addSchema(JSON.parse(readFileSync(join(published, dir, f), 'utf8')));
const whole = ajv.compile(JSON.parse(readFileSync(join(published, 'jambonz-app.schema.json'), 'utf8')));

function valid(verbs) {
    assert.ok(whole(verbs), `${JSON.stringify(verbs)}: ${ajv.errorsText(whole.errors)}`);
}

// What was sent and what the app answered, message by message, out of a transcript of the simulator.
function played(file) {
    const lines = readFileSync(file, 'utf8').trim().split('\n').map(l => JSON.parse(l)).filter(l => l.message);
    return { sent: lines.filter(l => l.dir === 'send').map(l => l.message), got: lines.filter(l => l.dir === 'recv').map(l => l.message) };
}

const wants = ['session:new', 'session:reconnect', 'session:redirect', 'session:adulting', 'verb:hook', 'dial:confirm'];

async function withWs(url, sent) {
    const peer = await connect(url), got = [];
    for (const m of sent) {
        if (wants.includes(m.type)) got.push(await peer.ask(m), ...peer.others);
        else peer.send(m);
    }
    await peer.close();
    return got;
}

function withPython(url, sent, dir) {
    writeFileSync(join(dir, 'sent.json'), JSON.stringify(sent));
    const r = spawnSync('/usr/bin/python3', [`${root}tests/e2e/play.py`, url, join(dir, 'sent.json')], { encoding: 'utf8', timeout: 20000 });
    assert.equal(r.status, 0, r.stderr);
    return JSON.parse(r.stdout);
}

const calls = `${root}tests/calls`;
for (const [base, doors] of [['hello', ['hello']], ['menu', ['menu', 'menu_blocking', 'menu_own_loop']]]) {
    const scripts = readdirSync(calls).filter(f => (f.startsWith(`${base}-`) || f === `${base}.call`) && !f.includes('drop'));
    for (const door of doors) test(`${door}: ${scripts.length} calls`, async t => {
        const dir = mkdtempSync(join(tmpdir(), 'jbz-twin-'));
        t.after(() => rmSync(dir, { recursive: true }));
        const s = await serve(t, door);
        for (const script of scripts) {
            const file = join(dir, 'transcript');
            const r = spawnSync(`${build}/simulator`, ['--fast', '--quiet', '--transcript', file, '--script', join(calls, script), s.url], { encoding: 'utf8', timeout: 30000 });
            assert.equal(r.status, 0, `${script}: ${r.stdout}`);
            const { sent, got } = played(file);
            assert.ok(got.length >= 1 && sent.length >= 2, script);
            for (const m of got) if (Array.isArray(m.data) && m.data.length) valid(m.data);
            assert.deepEqual(await withWs(s.url, sent), got, `${script} by npm ws`);
            if (door === doors[0]) assert.deepEqual(withPython(s.url, sent, dir), got, `${script} by Python's websockets`);
        }
    });
}

test('the schema check can fail', () => {
    assert.throws(() => valid([{ verb: 'sey', text: 'x' }]));
    assert.throws(() => valid([{ verb: 'gather', numDigits: 'one' }]));
});
