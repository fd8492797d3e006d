#!/usr/bin/env python3
"""bench.py [--quick] [--rounds N] [--only TEST,...]

Our server, the floor (the same bytes over plain TCP, nothing else) and peers do the same work in turns, round after round; what
counts is the median of the rounds and, as machines differ, the ratio to the floor or to us in the same round. Writes
tests/bench/results.json and results.svg; with --quick (a smoke run) to build/bench/.
"""
import concurrent.futures
import datetime
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import charts  # noqa: E402

HERE, OUT = 'tests/bench', 'build/bench'
CC = os.environ.get('CC', 'cc')
AUDIO = ['-s', '320', 'echo']
M4K = ['--next', f'{HERE}/hook_4k.json']
M600 = ['--next', f'{HERE}/hook_600.json']
SDK_AUDIO = ['--path', '/audio', '--subprotocol', 'audio.drachtio.org', '--hello', f'{HERE}/audio_hello.json']


class Peer:
    """A server: how it is built and started, and which tests are not for it."""

    def __init__(self, name, label, source=None, libs=(), flags=(), most=20000, mem=5000, audio=(), calls=100):
        self.name, self.label, self.source, self.libs, self.flags = name, label, source, list(libs), list(flags)
        self.most, self.mem, self.audio, self.calls = most, mem, list(audio), calls  # connections it is for; idle ones to weigh
        self.process = self.port = None

    def build(self):
        """'' when it is there, else why not."""
        if self.source.endswith('.mjs'):
            return '' if shutil.which('node') else 'node is not here'
        done = subprocess.run([CC, '-std=gnu11', '-O2', '-I.', *self.flags, self.source, '-o', f'{OUT}/{self.name}', *self.libs],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return '' if done.returncode == 0 else f'does not build: {done.stdout.splitlines()[0]}'

    def command(self, script):
        if self.name.startswith('floor'):
            return [f'{OUT}/{self.name}', *(['--poll'] if 'poll' in self.name else []), str(self.port), script]
        if self.source.endswith('.mjs'):
            return ['node', self.source, str(self.port)]
        return [f'{OUT}/{self.name}', *(['--port'] if self.name.startswith('ours') else []), str(self.port)]

    def start(self, script=None):
        self.port = free_port()
        self.process = subprocess.Popen(pin(1, self.command(script)), stdout=subprocess.DEVNULL,
                                        stderr=open(f'{OUT}/{self.name}.log', 'w', encoding='utf-8'))
        for _ in range(200):
            time.sleep(0.05)
            if self.process.poll() is not None:
                break
            with socket.socket() as s:
                if s.connect_ex(('127.0.0.1', self.port)) == 0:
                    time.sleep(0.1)
                    return
        raise SystemExit(f'bench: {self.name} does not start; see {OUT}/{self.name}.log')

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None


OURS = Peer('ours', 'jambonz_ws.h', 'examples/bench_ack.c')
OURS_POLL = Peer('ours-poll', 'jambonz_ws.h, poll()', 'examples/bench_ack.c', flags=['-DJBZ_NO_EPOLL'])
FLOOR, FLOOR_POLL = Peer('floor', 'plain TCP', f'{HERE}/floor.c'), Peer('floor-poll', 'plain TCP, poll()', f'{HERE}/floor.c')
PEERS = [
    OURS,
    Peer('wslay', 'wslay + cJSON', f'{HERE}/peers/wslay.c', ['-lwslay', '-lcjson', '-lcrypto']),
    Peer('lws', 'libwebsockets + jansson', f'{HERE}/peers/lws.c', ['-lwebsockets', '-ljansson']),
    Peer('civetweb', 'CivetWeb + json-c', f'{HERE}/peers/civetweb.c', ['-lcivetweb', '-ljson-c', '-lpthread'], most=1000, mem=1000),
    Peer('ws', 'Node ws', f'{HERE}/peers/ws.mjs', mem=2000),
    Peer('sdk', 'official SDK (Node)', f'{HERE}/peers/sdk.mjs', mem=200, most=1000, audio=SDK_AUDIO, calls=10),
]
PARSERS = [('ours', 'jambonz_ws.h', 'OURS', []), ('cjson', 'cJSON', 'CJSON', ['-lcjson']), ('jsonc', 'json-c', 'JSONC', ['-ljson-c']),
           ('jansson', 'jansson', 'JANSSON', ['-ljansson'])]


class Test:
    """The same work for all: load's arguments, the same bytes as a TCP script, how many connections."""

    def __init__(self, name, what, args, script, conns=1, idle=0, only=None, rate=0, seconds=1.0):
        self.name, self.what, self.args, self.script, self.conns, self.idle = name, what, args, script, conns, idle
        self.only, self.rate, self.seconds = only, rate, seconds

    def servers(self):
        chosen = self.only or [FLOOR, *PEERS]
        return [s for s in chosen if s.most >= self.conns + self.idle]

    def load(self, server):
        extra = server.audio if self.args[-1] == 'echo' else []
        rate = ['--rate', str(self.rate)] if self.rate else []
        if server.name.startswith('floor'):
            return ['-c', str(self.conns + self.idle), '--active', str(self.conns), *rate, '--script', self.script, 'tcp']
        conns = min(self.conns, server.calls) if self.name == 'calls' else self.conns + self.idle
        return ['-c', str(conns), *(['--active', str(self.conns)] if self.idle else []), *rate, *extra, *self.args]


def tests(quick):
    both = [FLOOR, OURS]
    hook, small, sound = '4440:88', '613:88', '328:324'
    if quick:
        return [Test('calls', 'whole calls, 20 at a time', ['calls'], '193:160,4459:88,8:4,close', 20),
                Test('m4k-100', 'messages of 4.4 kB, 100 connections', M4K + ['msgs'], hook, 100),
                Test('audio-100', '100 audio connections, 50 frames a second', AUDIO, sound, 100, rate=50)]
    many = [FLOOR, *[p for p in PEERS if p.name in ('ours', 'wslay', 'lws', 'ws')]]
    return [
        Test('calls', 'whole calls, 100 at a time', ['calls'], '193:160,4459:88,8:4,close', 100),
        Test('m4k-1', 'messages of 4.4 kB, 1 connection', M4K + ['msgs'], hook, 1),
        Test('m4k-100', 'messages of 4.4 kB, 100 connections', M4K + ['msgs'], hook, 100),
        Test('m4k-1000', 'messages of 4.4 kB, 1,000 connections', M4K + ['msgs'], hook, 1000),
        Test('m600-100', 'messages of 0.6 kB, 100 connections', M600 + ['msgs'], small, 100),
        Test('audio-100', '100 audio connections, 50 frames a second', AUDIO, sound, 100, rate=50),
        Test('audio-8000', '8,000 audio connections, 50 frames a second', AUDIO, sound, 8000, rate=50, only=many, seconds=3),
        Test('audio-1000', '1,000 audio connections, 50 frames a second', AUDIO, sound, 1000, rate=50, only=many, seconds=2),
        Test('idle-0', 'messages of 4.4 kB on 1 connection', M4K + ['idle'], hook, 1, 1, both),
        Test('idle-5000', '... with 5,000 idle calls beside', M4K + ['idle'], hook, 1, 5000, both),
        Test('idle-10000', '... with 10,000 idle calls beside', M4K + ['idle'], hook, 1, 10000, both),
        Test('poll-100', 'messages of 4.4 kB, 100 connections, poll()', M4K + ['msgs'], hook, 100,
             only=[FLOOR, FLOOR_POLL, OURS, OURS_POLL]),
    ]


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def pin(core, command):
    return ['taskset', '-c', str(core), *command] if shutil.which('taskset') and (os.cpu_count() or 1) > 1 else command


def run_load(server, arguments, seconds, warm):
    command = [f'{OUT}/load', '--port', str(server.port), '--pid', str(server.process.pid), '-d', str(seconds), '--warmup', str(warm),
               '--timeout', '60', '-t', f'{HERE}/session_new.json', '--json', *arguments]
    done = subprocess.run(pin(0, command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if not done.stdout.startswith('{'):
        raise SystemExit(f'bench: {server.name}: {done.stderr}')
    if done.stderr:
        print(f'{server.name}: {" ".join(arguments)}: {done.stderr.splitlines()[0]}')
    return json.loads(done.stdout)


class Progress:
    """A bar while it runs; a line now and then where there is no terminal."""

    def __init__(self, steps):
        self.steps, self.done, self.start, self.told = steps, 0, time.time(), 0

    def step(self, what, weight=1):
        self.done += weight
        part = min(self.done / self.steps, 1)
        left = (time.time() - self.start) / part * (1 - part)
        if sys.stderr.isatty():
            bar = '#' * int(part * 30)
            print(f'\r[{bar:30}] {part:4.0%}  {left / 60:3.0f} min left  {what:40}', end='', file=sys.stderr, flush=True)
        elif part >= self.told + 0.1:
            self.told = part
            print(f'{part:4.0%}  {left / 60:.0f} min left  {what}', file=sys.stderr, flush=True)

    def end(self):
        if sys.stderr.isatty():
            print('\r' + ' ' * 90 + '\r', end='', file=sys.stderr)


def run_tests(chosen, rounds, scale, progress):
    """{test: {server: [a result per round]}}; in each round every server has its turn."""
    raw = {}
    for group in grouped(chosen):
        for _ in range(rounds):
            for test in group:
                for server in test.servers():
                    progress.step(f'{test.name} {server.name}')
                    fresh = server.name.startswith('floor')
                    if fresh:
                        server.start(test.script)
                    result = run_load(server, test.load(server), test.seconds * scale, 0.3 * scale)
                    if fresh:
                        server.stop()
                    raw.setdefault(test.name, {}).setdefault(server.name, []).append(result)
    return raw


def grouped(chosen):
    """Tests that are compared with each other take turns, too."""
    idle = [t for t in chosen if t.name.startswith('idle')]
    return [[t] for t in chosen if t not in idle] + ([idle] if idle else [])


def memory(rounds, peers, progress):
    """Bytes of resident memory per idle call, in a process that has served nothing yet."""
    weighed = {}
    for _ in range(min(rounds, 3)):
        for server in peers:
            progress.step(f'mem {server.name}')
            server.stop()
            server.start()
            arguments = ['-c', str(server.mem), '-t', f'{HERE}/session_3709.json', 'idle']
            weighed.setdefault(server.name, []).append(run_load(server, arguments, 0.2, 0.05)['server_bytes_per_connection'])
    return {k: round(statistics.median(v)) for k, v in weighed.items()}


def kernel_bytes(conns, progress):
    """What the kernel keeps per idle connection: growth of slab memory, both ends being here, halved."""
    def slab():
        return int(re.search(r'Slab:\s+(\d+)', open('/proc/meminfo', encoding='ascii').read()).group(1)) * 1024
    progress.step('memory of the kernel')
    OURS.stop()
    OURS.start()
    before = slab()
    holder = subprocess.Popen([f'{OUT}/load', '--port', str(OURS.port), '-c', str(conns), '-d', '3', '--warmup', '1', 'idle'],
                              stdout=subprocess.DEVNULL)
    time.sleep(3)
    grown = slab() - before
    holder.wait()
    return round(grown / conns / 2)


def parsers(rounds, times, progress):
    """The JSON parsers, in turns."""
    took = {}
    for name, _, define, libs in PARSERS:
        done = subprocess.run([CC, '-std=gnu11', '-O2', '-I.', f'-D{define}', f'{HERE}/peers/json.c', '-o', f'{OUT}/json-{name}', *libs],
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            print(f'SKIPPED: {name}: {done.stderr.splitlines()[0]}')
            continue
        took[name] = []
    for _ in range(rounds):
        for name, runs in took.items():
            progress.step(f'json {name}', 0.2)
            out = subprocess.run(pin(1, [f'{OUT}/json-{name}', f'{HERE}/session_3709.json', str(times)]), stdout=subprocess.PIPE, check=True)
            runs.append(json.loads(out.stdout))
    labels = {n: label for n, label, _, _ in PARSERS}
    return {n: {'label': labels[n], 'ns': round(median(r, 'ns')), 'ratio': round(ratio(r, took['ours'], 'ns'), 2),
                'mallocs': r[0]['mallocs'], 'bytes': r[0]['bytes']} for n, r in took.items()}


def median(runs, key):
    return statistics.median(r[key] for r in runs)


def ratio(runs, base, key):
    pairs = [a[key] / b[key] for a, b in zip(runs, base) if b[key]]
    return statistics.median(pairs) if pairs else 0


def summary(raw, chosen):
    """Medians of the rounds, and ratios to the floor of the same round."""
    out = {}
    for test in chosen:
        rows = {}
        for server, runs in raw[test.name].items():
            unit = 'calls_per_s' if test.name == 'calls' else 'messages_per_s'
            rows[server] = {'cpu_us': round(median(runs, 'server_cpu_us_per_unit'), 2),
                            'x_floor': round(ratio(runs, raw[test.name]['floor'], 'server_cpu_us_per_unit'), 3),
                            'per_s': round(median(runs, unit)), 'p50_us': round(median(runs, 'ack_us_p50')),
                            'p99_us': round(median(runs, 'ack_us_p99')), 'cpu_percent': round(median(runs, 'server_cpu_percent')),
                            'late': round(median(runs, 'late')), 'errors': sum(r['errors'] for r in runs)}
        out[test.name] = {'what': test.what, 'connections': test.conns, 'idle': test.idle, 'servers': rows}
    if 'idle-0' in raw:
        for name in ('idle-5000', 'idle-10000'):
            for server, row in out[name]['servers'].items():
                row['x_none'] = round(ratio(raw[name][server], raw['idle-0'][server], 'server_cpu_us_per_unit'), 3)
    if 'poll-100' in raw:
        out['poll-100']['servers']['ours-poll']['x_epoll'] = round(
            ratio(raw['poll-100']['ours-poll'], raw['poll-100']['ours'], 'server_cpu_us_per_unit'), 3)
    return out


def machine():
    cpu = re.search(r'model name\s*: (.*)', open('/proc/cpuinfo', encoding='ascii').read())
    version = subprocess.run([CC, '--version'], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]
    node = subprocess.run(['node', '--version'], stdout=subprocess.PIPE, text=True, check=False).stdout.strip() if shutil.which('node') else '-'
    return {'cpu': ' '.join(cpu.group(1).split()) if cpu else os.uname().machine, 'cores': os.cpu_count(),
            'system': f'Linux {os.uname().release.split("-")[0]}', 'compiler': version, 'node': node}


def tell(results):
    for name, test in results['tests'].items():
        print(f'\n{test["what"]}\n    {"":26}{"CPU us":>9}{"x floor":>9}{"per s":>10}{"p50 us":>9}{"p99 us":>9}{"errors":>8}')
        for server, r in test['servers'].items():
            more = ''.join(f'  {k} {r[k]}' for k in ('x_none', 'x_epoll') if k in r)
            print(f'    {results["labels"][server]:26}{r["cpu_us"]:9.2f}{r["x_floor"]:9.2f}{r["per_s"]:10}{r["p50_us"]:9}{r["p99_us"]:9}'
                  f'{r["errors"]:8.0f}{more}')
    print('\nbytes of resident memory per idle call')
    for server, value in results['memory'].items():
        print(f'    {results["labels"][server]:26}{value:9}')
    print('\nJSON: session:new of 3,709 bytes, parsed, six strings looked up, freed')
    for row in results['json'].values():
        print(f'    {row["label"]:26}{row["ns"]:9} ns{row["ratio"]:8.2f} x{row["mallocs"]:6} mallocs')


def prepare():
    os.makedirs(OUT, exist_ok=True)
    subprocess.run([CC, '-std=gnu11', '-O2', f'{HERE}/load.c', '-o', f'{OUT}/load'], check=True)
    subprocess.run([CC, '-std=gnu11', '-O2', f'{HERE}/floor.c', '-o', f'{OUT}/floor-poll'], check=True)
    everything = [FLOOR, FLOOR_POLL, OURS_POLL, *PEERS]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for server, why in zip(everything, pool.map(Peer.build, everything)):
            if why:
                print(f'SKIPPED: {server.label}: {why}')
                if server in PEERS:
                    PEERS.remove(server)


def main():
    quick = '--quick' in sys.argv
    rounds = int(sys.argv[sys.argv.index('--rounds') + 1]) if '--rounds' in sys.argv else 1 if quick else 5
    prepare()
    chosen = tests(quick)
    if '--only' in sys.argv:
        wanted = sys.argv[sys.argv.index('--only') + 1].split(',')
        chosen = [t for t in chosen if t.name in wanted]
    scale = 0.3 if quick else 1.0
    weigh = PEERS if not quick else [OURS]
    if quick:
        OURS.mem = 1000
    steps = sum(len(t.servers()) * rounds for t in chosen) + min(rounds, 3) * len(weigh) + 4 * rounds * 0.2 + 1
    progress = Progress(steps)
    try:
        for server in [OURS_POLL, *PEERS]:
            server.start()
        raw = run_tests(chosen, rounds, scale, progress)
        results = {'date': datetime.date.today().isoformat(), 'rounds': rounds, 'machine': machine(),
                   'labels': {s.name: s.label for s in [FLOOR, FLOOR_POLL, OURS, OURS_POLL, *PEERS]},
                   'tests': summary(raw, chosen), 'memory': memory(rounds, weigh, progress),
                   'kernel_bytes': kernel_bytes(1000 if quick else 8000, progress),
                   'json': parsers(rounds, 200 if quick else 4000, progress)}
    finally:
        for server in [FLOOR, FLOOR_POLL, OURS_POLL, *PEERS]:
            server.stop()
    progress.end()
    where = OUT if quick or '--only' in sys.argv else HERE
    with open(f'{where}/results.json', 'w', encoding='utf-8') as f:
        json.dump(results, f, indent=1)
        f.write('\n')
    if not '--only' in sys.argv:
        with open(f'{where}/results.svg', 'w', encoding='utf-8') as f:
            f.write(charts.draw(results))
    tell(results)
    errors = sum(r['errors'] for t in results['tests'].values() for r in t['servers'].values())
    print(f'{where}/results.json')
    print(f'{sum(len(t["servers"]) for t in results["tests"].values())} passed, {1 if errors else 0} failed')
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
