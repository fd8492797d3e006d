// The programs as a person or a service manager starts them: flags, exit statuses, what they print, what they write.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, connect, newSid, of, root, serve, sleep } from './lib.mjs';

const programs = readdirSync(`${root}examples`).filter(f => f.endsWith('.c')).map(f => f.slice(0, -2));
const run = (program, ...args) => spawnSync(`${build}/${program}`, args, { encoding: 'utf8', timeout: 5000 });

for (const program of programs) {
    test(`${program}: flags`, () => {
        const help = run(program, '--help');
        assert.equal(help.status, 0);
        for (const flag of ['--host', '--port', '--auth', '--origin', '--max-conns', '--max-message', '--trace', '--verbose', '--help'])
            assert.ok((help.stdout + help.stderr).includes(flag), flag);
        for (const args of [['--nonsense'], ['nonsense'], ['--port'], ['--port', 'x'], ['--port', '65536'], ['--port', '-1'], ['--max-conns', ''], ['-x']]) {
            const r = run(program, ...args);
            assert.equal(r.status, 2, args.join(' '));
            assert.ok(r.stderr.length > 0, 'says what is wrong');
        }
    });

    test(`${program}: says where it listens, ends with 0 on SIGINT and SIGTERM`, async t => {
        for (const signal of ['SIGINT', 'SIGTERM']) {
            const s = await serve(t, program);
            assert.match(s.out, /^listening on ws:\/\/127\.0\.0\.1:\d+\/\S*\n$/);
            assert.deepEqual(await s.stop(signal), { code: 0, signal: null });
        }
    });
}

test('a port that is taken is status 1 and a reason', async t => {
    const s = await serve(t, 'hello');
    const r = run('hello', '--port', String(s.port));
    assert.equal(r.status, 1);
    assert.match(r.stderr, /in use|EADDRINUSE|system call/i);
});

test('IPv6, all addresses, a UNIX-domain socket', async t => {
    const six = await serve(t, 'hello', '--host', '::1');
    assert.match(six.url, /^ws:\/\/\[::1\]:\d+\/hello$/);
    await (await connect(six.url)).close();
    const all = await serve(t, 'hello', '--host', '*');
    await (await connect(`ws://127.0.0.1:${all.port}/hello`)).close();
    const dir = mkdtempSync(join(tmpdir(), 'jbz-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const { spawn } = await import('node:child_process');
    const child = spawn(`${build}/hello`, ['--host', `unix:${dir}/socket`], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill());
    await new Promise(r => child.stdout.once('data', r));
    const peer = await connect(`ws+unix://${dir}/socket:/hello`);
    assert.ok(await peer.ask(of(newSid(), 'session-new')));
    await peer.close();
});

test('--trace writes every message as a line of JSON', async t => {
    const dir = mkdtempSync(join(tmpdir(), 'jbz-')), file = join(dir, 'trace.jsonl');
    t.after(() => rmSync(dir, { recursive: true }));
    const s = await serve(t, 'menu', '--trace', file);
    const peer = await connect(s.url), sid = newSid(), sent = of(sid, 'session-new', { from: 'Ünïcode "quoted" \\ \u0001' });
    const ack = await peer.ask(sent);
    await peer.ask(of(sid, 'verb-hook-gather-speech'));
    await peer.close();
    await s.stop();
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n').map(l => JSON.parse(l));
    const texts = lines.filter(l => 'text' in l && l.text.startsWith('{'));
    assert.ok(texts.length >= 4, 'two messages in, two out');
    assert.deepEqual(texts.slice(0, 2).map(l => l.dir), ['in', 'out']);
    assert.deepEqual(JSON.parse(texts[0].text), sent, 'what came in, before anything was decoded in place');
    assert.deepEqual(JSON.parse(texts[1].text), ack);
});

test('nothing secret in the log without --verbose', async t => {
    const s = await serve(t, 'menu', '--auth', 'ada:sesame');
    const headers = { authorization: `Basic ${Buffer.from('ada:sesame').toString('base64')}` };
    await connect(s.url).catch(() => {});
    const peer = await connect(s.url, { headers }), sid = newSid();
    await peer.ask(of(sid, 'session-new', { from: '+15551230000', env_vars: { KEY: 'hush-hush' } }));
    await peer.ask(of(sid, 'verb-hook-gather-speech'));
    peer.send('{"type":"verb:hook","hook":');
    await sleep(20);
    await peer.drop();
    await s.stop();
    assert.doesNotMatch(s.log, /sesame|hush-hush|15551230000|Basic YWRh/);
});

test('a port scanner, a TLS hello, an impatient peer', async t => {
    const s = await serve(t, 'hello');
    for (const text of ['', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'SSH-2.0-x\r\n', '\0\0\0\0', 'G']) {
        await new Promise(resolve => {
            const c = net.connect(s.port, '127.0.0.1', () => { c.write(text, () => setTimeout(() => { c.resetAndDestroy(); resolve(); }, 5)); });
            c.on('error', resolve);
        });
    }
    const peer = await connect(s.url);
    assert.ok(await peer.ask(of(newSid(), 'session-new')));
    await peer.close();
});
