// What all end-to-end tests use: programs of build/ as child processes, npm ws as the peer, raw sockets where ws is too polite.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const build = process.env.BUILD ?? `${root}build`;
export const fixtures = `${root}tests/fixtures`;
export const sleep = ms => new Promise(r => setTimeout(r, ms));
export const JAMBONZ = 'ws.jambonz.org';

export function message(name, change = {}) {
    return { ...JSON.parse(readFileSync(`${fixtures}/messages/${name}.json`, 'utf8')), ...change };
}
export const messages = () => readdirSync(`${fixtures}/messages`).filter(f => f.endsWith('.json')).map(f => f.slice(0, -5));

let count = 0;
export const newId = () => `t${String(++count).padStart(21, '0')}`;
export const newSid = () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`;

// Any message as one of call `sid`, with a msgid of its own
export function of(sid, name, change = {}) {
    const m = message(name);
    return { ...m, msgid: newId(), call_sid: sid, data: { ...m.data, call_sid: sid, ...change } };
}

// Starts a program on a free port; resolves when it says that it listens.
export async function serve(t, program, ...args) {
    const child = spawn(`${build}/${program}`, ['--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const server = { child, out: '', log: '', pid: child.pid };
    child.stderr.on('data', d => { server.log += d; });
    server.ended = new Promise(resolve => child.on('close', (code, signal) => resolve({ code, signal })));
    server.url = await new Promise((resolve, reject) => {
        child.stdout.on('data', d => {
            server.out += d;
            const found = server.out.match(/^listening on (ws:\/\/\S+)/m);
            if (found) resolve(found[1]);
        });
        child.on('error', reject);
        server.ended.then(e => reject(new Error(`${program} ended (${e.code ?? e.signal}): ${server.log}`)));
    });
    const url = new URL(server.url);
    server.port = Number(url.port);
    server.path = url.pathname;
    server.stop = (signal = 'SIGTERM') => { child.kill(signal); return server.ended; };
    server.running = () => child.exitCode === null && child.signalCode === null;
    t?.after(async () => {
        if (!server.running()) return;
        const killer = setTimeout(() => child.kill('SIGKILL'), 8000);
        const { code } = await server.stop();
        clearTimeout(killer);
        if (code !== 0) throw new Error(`${program} ended with ${code}: ${server.log}`);
        if (/runtime error|Sanitizer/.test(server.log)) throw new Error(server.log);
    });
    return server;
}

// A peer. `await next()` gives its next message, parsed; `await closed` gives { code, reason } once the socket is closed.
export class Peer {
    constructor(url, { protocol = JAMBONZ, ...options } = {}) {
        const protocols = protocol === null ? [] : [protocol].flat();
        this.ws = new WebSocket(url, protocols, { headers: { 'user-agent': 'jambonz' }, ...options });
        this.queue = [];
        this.waiting = [];
        this.ws.on('message', (data, binary) => this.push(binary ? data : data.toString()));
        this.closed = new Promise(resolve => this.ws.on('close', (code, reason) => { this.code = code; this.push(undefined); resolve({ code, reason: reason.toString() }); }));
        this.opened = new Promise((resolve, reject) => {
            this.ws.on('open', () => resolve(this));
            this.ws.on('unexpected-response', (req, res) => { this.refused(req, res).then(reject); });
            this.ws.on('error', reject);
        });
        this.opened.catch(() => {});
    }
    async refused(req, res) {
        let body = '';
        res.setEncoding('utf8');
        res.on('data', d => { body += d; });
        await Promise.race([new Promise(r => res.on('end', r)), sleep(500)]);
        req.destroy();
        return Object.assign(new Error(`refused: ${res.statusCode}`), { status: res.statusCode, headers: res.headers, body });
    }
    push(m) { const w = this.waiting.shift(); if (w) w(m); else this.queue.push(m); }
    raw(...bytes) { this.ws._socket.write(Buffer.concat(bytes.map(b => Buffer.from(b)))); }
    send(m) { this.ws.send(typeof m === 'string' || Buffer.isBuffer(m) ? m : JSON.stringify(m)); return m; }
    // the next message, or undefined when none came in time or the socket was closed
    async nextRaw(ms = 3000) {
        if (this.queue.length) return this.queue.shift();
        let waiter;
        const came = new Promise(resolve => { waiter = resolve; this.waiting.push(resolve); });
        const timer = setTimeout(() => { const i = this.waiting.indexOf(waiter); if (i >= 0) { this.waiting.splice(i, 1); waiter(undefined); } }, ms);
        const m = await came;
        clearTimeout(timer);
        return m;
    }
    async next(ms) {
        const m = await this.nextRaw(ms);
        return typeof m === 'string' ? JSON.parse(m) : m;
    }
    // sends a message and gives the ack it gets; others that come before stay out of the way in `others`
    async ask(m, ms = 3000) {
        this.send(m);
        this.others = [];
        for (;;) {
            const answer = await this.next(ms);
            if (!answer || answer.msgid === m.msgid) return answer;
            this.others.push(answer);
        }
    }
    async close(code = 1000) { this.ws.close(code); return this.closed; }
    drop() { this.ws.terminate(); return this.closed; }
}
export const connect = (url, options) => new Peer(url, options).opened;

// The status, headers and error of an upgrade that is refused; throws when it is not.
export async function refusal(url, options) {
    const peer = new Peer(url, options);
    try { await peer.opened; } catch (e) { return e; }
    peer.drop();
    throw new Error('the upgrade was accepted');
}

export function request(port, method, path, headers = {}, body) {
    return new Promise((resolve, reject) => {
        const req = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false }, res => {
            let text = '';
            res.setEncoding('utf8');
            res.on('data', d => { text += d; });
            res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, text }));
        });
        req.on('error', reject);
        req.setTimeout(5000, () => req.destroy(new Error('no answer')));
        req.end(body);
    });
}

// Bytes as they are; what came back until the peer closed, or for `ms`.
export function bytes(port, text, ms = 1000) {
    return new Promise(resolve => {
        let got = Buffer.alloc(0), ended = false;
        const s = net.connect(port, '127.0.0.1', () => s.write(text));
        const done = () => { s.destroy(); resolve({ text: got.toString('latin1'), bytes: got, ended }); };
        s.on('data', d => { got = Buffer.concat([got, d]); });
        s.on('end', () => { ended = true; done(); });
        s.on('error', () => { ended = true; done(); });
        setTimeout(done, ms).unref();
    });
}

// One client frame, masked; every part can be wrong on purpose.
export function frame(op, payload = '', { fin = true, rsv = 0, masked = true, form, declare } = {}) {
    const p = Buffer.from(payload), n = declare ?? p.length, key = Buffer.from([1, 2, 3, 4]);
    const size = form ?? (n < 126 ? 7 : n < 65536 ? 16 : 64);
    const head = [(fin ? 0x80 : 0) | rsv << 4 | op, (masked ? 0x80 : 0) | (size === 7 ? n : size === 16 ? 126 : 127)];
    if (size === 16) head.push(n >> 8, n & 255);
    if (size === 64) { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); head.push(...b); }
    return Buffer.concat([Buffer.from(head), ...(masked ? [key, p.map((c, i) => c ^ key[i & 3])] : [p])]);
}
export const closing = (code, reason = '') => Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
