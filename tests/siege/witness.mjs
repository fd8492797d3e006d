// A well-behaved jambonz beside the attackers: npm ws as jambonz uses it. Reads commands from stdin, one JSON object a line:
// { url, kind: "call" | "echo", fresh } begins: one call is held and asks every 100 ms; with `fresh` new calls are made as well.
// it prints {} once that call is there. {} ends, and what was seen is printed: { calls, hooks, worst, errors }.
import readline from 'node:readline';
import { Peer, newSid, of, sleep } from '../e2e/lib.mjs';

const now = () => performance.now();

class Watch {
    constructor({ url, kind, fresh }) {
        Object.assign(this, { url, kind, on: true, calls: 0, hooks: 0, worst: 0, errors: [] });
        this.loops = Promise.all([this.held(), fresh ? this.fresh() : null].map(p => p?.catch(e => this.errors.push(e.message))));
    }
    open() { return new Peer(this.url, { protocol: this.kind === 'echo' ? 'echo' : 'ws.jambonz.org' }).opened; }
    took(start) { this.worst = Math.max(this.worst, now() - start); }
    async ask(peer, sid, name) {
        if (this.kind !== 'echo') {
            if (!await peer.ask(of(sid, name))) throw new Error(`${name} is not acked${peer.code ? `, closed with ${peer.code}` : ''}`);
            return;
        }
        const text = `hello ${sid} ${name}`;
        peer.send(text);
        if (await peer.nextRaw() !== text) throw new Error('a text is not echoed');
    }
    async begin() {
        const start = now(), sid = newSid(), peer = await this.open();
        await this.ask(peer, sid, 'session-new');
        this.took(start);
        return { peer, sid };
    }
    async held() {
        let peer, sid;
        try { ({ peer, sid } = await this.begin()); } finally { console.log('{}'); }
        while (this.on) {
            await sleep(100);
            const start = now();
            await this.ask(peer, sid, 'verb-hook-base');
            this.took(start);
            this.hooks++;
        }
        await peer.close();
    }
    async fresh() {
        while (this.on) {
            const { peer } = await this.begin();
            this.calls++;
            const { code } = await peer.close();
            if (code !== 1000) throw new Error(`closed with ${code}`);
            await sleep(50);
        }
    }
    async end() {
        this.on = false;
        await this.loops;
        const { calls, hooks, worst, errors } = this;
        return { calls, hooks, worst: Math.round(worst), errors };
    }
}

let watch;
for await (const line of readline.createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    if (command.url) watch = new Watch(command);
    else console.log(JSON.stringify(await watch.end()));
}
