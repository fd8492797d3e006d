#!/usr/bin/env python3
"""readme.py [--check]: the figures in README.md and in the manual (SCALING), from results.json and targets.tsv; or, do they agree?"""
import json
import re
import sys
import textwrap

HERE = 'tests/bench'
BEGIN, END = '<!-- figures: make bench-readme writes them -->', '<!-- end of figures -->'


def recorded():
    rows = {}
    for line in open(f'{HERE}/targets.tsv', encoding='utf-8'):
        if line.strip() and not line.startswith('#'):
            cells = line.rstrip('\n').split('\t')
            rows[cells[0]] = cells
    return {name: float(c[3]) for name, c in rows.items() if name != 'compiler'}, rows['compiler'][3]


def number(value):
    return f'{value:,.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def thousands(value):
    """14,012 -> 14.0 k"""
    return f'{value / 1000:.1f} k' if value >= 1000 else f'{value:.0f}'


def comparison(results):
    """CPU as multiples of the floor's, a row per test; then memory."""
    names = [n for n in results['labels'] if 'poll' not in n]
    lines = ['| CPU, plain TCP = 1 | ' + ' | '.join(results['labels'][n] for n in names) + ' |', '|---' * (len(names) + 1) + '|']
    for name, test in results['tests'].items():
        if name.startswith(('idle', 'poll')):
            continue
        cells = [(number(test['servers'][n]['x_floor']) if n in test['servers'] else '-') for n in names]
        lines.append(f'| {test["what"]} | ' + ' | '.join(f'**{c}**' if n == 'ours' else c for n, c in zip(names, cells)) + ' |')
    cells = [f'{results["memory"][n]:,}' if n in results['memory'] else '-' for n in names]
    lines.append('| bytes per idle call | ' + ' | '.join(f'**{c}**' if n == 'ours' else c for n, c in zip(names, cells)) + ' |')
    return '\n'.join(lines)


def repeatable(rows, compiler):
    lines = [f'| instructions ({compiler}, -O2, callgrind) | SSE2 | portable C |', '|---|---|---|']
    for work, what in (('m4k', 'hook of 4.4 kB answered'), ('m600', 'hook of 0.6 kB answered'), ('call', 'whole call'),
                       ('audio', '320 bytes of audio echoed'), ('tokens', 'session:new of 3.7 kB tokenized')):
        lines.append(f'| {what} | {rows[f"instr.{work}.sse2"]:,.0f} | {rows[f"instr.{work}.portable"]:,.0f} |')
    return '\n'.join(lines)


def readme(results, rows, compiler):
    tests, m = results['tests'], results['machine']
    audio, most = tests['audio-1000']['servers']['ours'], tests['audio-8000']['servers']['ours']
    idle, poll = tests['idle-10000']['servers']['ours'], tests['poll-100']['servers']
    json_rows = ', '.join(f'{r["label"]} {r["ns"]:,} ns' for r in results['json'].values())
    return f'''![CPU per message and call, memory, JSON](tests/bench/results.svg)

{comparison(results)}

CPU time of the server per message or call, the kernel's part included, next to a server that moves the same bytes over plain TCP
and does nothing else; all peers in turns, medians of {results['rounds']} rounds. {m['cpu']}, {m['cores']} cores, {m['system']},
{m['compiler']}, Node {m['node']}, {results['date']}. `make bench` does it again (20 minutes; Debian's and npm's peers are installed).

- Flat: with 10,000 idle calls beside it a message costs {idle['x_none']:.2f} times what it costs alone. Without epoll, with `poll()`, it
  is {poll['ours-poll']['x_epoll']:.2f} times epoll with 100 connections.
- Audio: of 50,000 frames a second on 1,000 connections {audio['per_s']:,} came back (plain TCP: {tests['audio-1000']['servers']['floor']['per_s']:,}; generator and server
  have a core each, shared with whatever else runs there), {audio['cpu_us']:.1f} us of the server's CPU each, p99 {audio['p99_us'] / 1000:.0f} ms from frame to echo
  (plain TCP: {tests['audio-1000']['servers']['floor']['p99_us'] / 1000:.0f} ms). Of 400,000 on 8,000 connections {most['per_s']:,} (plain TCP: {tests['audio-8000']['servers']['floor']['per_s']:,}), where the generator is
  the limit: {1e6 / most['cpu_us']:,.0f} frames a second per core of the server, p99 {most['p99_us'] / 1000:.0f} ms late.
- JSON (session:new of 3.7 kB parsed, six strings looked up, freed): {json_rows}.

What repeats exactly is a gate: `make bench-gate` fails when one of these grows by 2 %.

{repeatable(rows, compiler)}

A message takes {rows['sys.one']:.0f} system calls on one connection (wait, receive, send) and no allocation; a 4.4 kB message in TCP segments of
1,460 bytes {rows['ratio.segments']:.2f} times the instructions of one piece; a call {rows['memory.call.rss']:.0f} bytes. `bench_ack` has {thousands(rows['size.bench_ack'])}B of code and constants
(gcc `-Os`, unused sections collected), `hello` is {thousands(rows['size.hello.musl'])}B as a static musl file. The tables, with their targets:
[`tests/bench/targets.tsv`](tests/bench/targets.tsv).'''


def rate(value):
    """Two digits are as much as a machine repeats."""
    digits = max(len(str(int(value))) - 2, 0)
    return f'{round(value / 10 ** digits) * 10 ** digits:,.0f}'


def paragraph(text, first=' * ', more=' * '):
    """A paragraph of the manual, in its 128 columns."""
    return textwrap.fill(' '.join(text.split()), 127, initial_indent=first, subsequent_indent=more)


def manual(results):
    tests = results['tests']
    call, hook = tests['calls']['servers']['ours']['cpu_us'], tests['m4k-100']['servers']['ours']['cpu_us']
    audio = tests['audio-1000']['servers']['ours']['cpu_us']
    here, kernel = results['memory']['ours'], results['kernel_bytes']
    talk, half = call + 18 * hook, 0.5e6
    lines = [
        ' * SCALING', ' *',
        paragraph(f'''A server is one thread. What a core holds follows from the CPU time per piece of work, the kernel's part included, measured
                  by `make bench` ({results['machine']['cpu']}, {results['date']}; README has the table). With half of the core left free:'''),
        ' *',
        ' *     work                                                     CPU       one core         16 cores']
    for what, us, unit, per in (('call: connect, session:new, say, close', call, '/s', 1), ('hook of 4.4 kB, answered', hook, '/s', 1),
                                ('audio frame of 20 ms, received and sent', audio, 'calls', 50)):
        lines.append(f' *     {what:45}{us:14.1f} us  {rate(half / us / per):>8} {unit:5} {rate(16 * half / us / per):>9} {unit}')
    lines += [
        ' *',
        paragraph(f'''An idle call takes {here:,} bytes here and {kernel:,} in the kernel: 10,000 take {(here + kernel) / 100:,.0f} MB. A call of 3 minutes
                  with a hook every 10 s takes {talk / 1000:.2f} ms of CPU in all, so CPU time would do for {rate(180 * half / talk)} of them at a time
                  on one core: descriptors (ulimit -n) and max_conns end first, except for audio. A handler that blocks for a millisecond
                  costs more than all of this.'''),
        ' *',
        paragraph('''A box: one process per core on one port (.reuse_port); the kernel deals out the connections. Processes share nothing, so the
                  figures multiply; the right-hand column is that product.''', ' *   - ', ' *     '),
        paragraph('''A fleet: any TCP or HTTP balancer before it, without stickiness, as a call is one socket; by least connections, as calls last
                  minutes. A socket that comes back may go to any server (A DROPPED SOCKET). Drain one to replace it; its calls move.''',
                  ' *   - ', ' *     '),
        ' *', '']
    return '\n'.join(lines)


def apply(check):
    results = json.load(open(f'{HERE}/results.json', encoding='utf-8'))
    rows, compiler = recorded()
    stale = []
    for path, pattern, text in (
            ('README.md', re.compile(re.escape(BEGIN) + r'\n.*?' + re.escape(END), re.S),
             f'{BEGIN}\n{readme(results, rows, compiler)}\n{END}'),
            ('jambonz_ws.h', re.compile(r'^ \* SCALING\n.*?(?=^ \* ONE ODD MESSAGE\n)', re.S | re.M), manual(results))):
        old = open(path, encoding='utf-8').read()
        new, found = pattern.subn(lambda _, t=text: t, old, count=1)
        if not found:
            stale.append(f'{path}: the place for the figures is gone')
        elif new != old and check:
            stale.append(f'{path}: figures differ from results.json or targets.tsv: make bench-readme')
        elif new != old:
            with open(path, 'w', encoding='utf-8') as f:
                f.write(new)
    return stale


def main():
    stale = apply('--check' in sys.argv)
    for line in stale:
        print(f'FAIL: {line}')
    return 1 if stale else 0


if __name__ == '__main__':
    sys.exit(main())
