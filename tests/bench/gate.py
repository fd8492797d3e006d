#!/usr/bin/env python3
"""gate.py gate [--update] [PART...] | profile WHAT [--lines]

The figures that repeat, against tests/bench/targets.tsv. A row grown by more than 2 % over what was recorded fails, with what grew,
function by function; targets are told as met or not. --update records. PART is a prefix of row names. WHAT is m4k, m600, call,
audio, seg4k, tokens, idle; with "portable" behind a slash the same without SIMD: m600/portable.
"""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import callgrind  # noqa: E402
import readme  # noqa: E402

HERE, OUT = 'tests/bench', 'build/bench'
TARGETS, PROFILE = f'{HERE}/targets.tsv', f'{HERE}/profile.tsv'
CC = os.environ.get('CC', 'cc')
SLACK = 1.02
BUILDS = {'sse2': [], 'portable': ['-DJBZ_NO_SIMD']}
FIRST = ['-t', f'{HERE}/session_new.json']
M4K, M600 = ['--next', f'{HERE}/hook_4k.json'], ['--next', f'{HERE}/hook_600.json']
# what load does, how many messages in the short and in the long run, and whether a socket of the file system is needed
WORK = {
    'm4k': (FIRST + M4K + ['msgs'], 200, 1200, False),
    'm600': (FIRST + M600 + ['msgs'], 200, 1200, False),
    'call': (FIRST + ['calls'], 100, 600, False),
    'audio': (['-s', '320', 'echo'], 200, 2200, False),
    'seg4k': (FIRST + M4K + ['--segment', '1460', 'msgs'], 100, 600, True),
    'unix4k': (FIRST + M4K + ['msgs'], 100, 600, True),
    'idle': (FIRST + M600 + ['-c', '5001', '--active', '1', '--burst', '64', 'idle'], 200, 2200, False),
}
ROOMS = ['SERVER', 'WS', 'CONN', 'JSON', 'UTF8', 'MSG', 'CALL', 'VERB', 'OUT', 'BUF', 'BASE', 'HASH', 'HTTP', 'APP', 'LIBC']


def run(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def build(target, source, *flags):
    """Compiles what has changed; a compiler that warns is no failure here."""
    path = f'{OUT}/{target}'
    os.makedirs(OUT, exist_ok=True)
    newer = max(os.path.getmtime(f) for f in (source, callgrind.HEADER))
    if not os.path.exists(path) or os.path.getmtime(path) < newer:
        run(CC, '-std=c99', '-I.', *(flags or ('-O2', '-g')), source, '-o', path)
    return path


class Server:
    """A server under a tool (valgrind, strace), on a free port or a socket file, stopped by its process id."""

    def __init__(self, command, name, socket=False, sub=False):
        self.file, self.sub = f'{OUT}/{name}.sock', sub
        more = ['--host', f'unix:{self.file}'] if socket else ['--port', '0']
        self.log = open(f'{OUT}/{name}.log', 'w', encoding='utf-8')
        self.process = subprocess.Popen(command + more, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        found = re.search(r'ws://[^ ]*?:(\d+)/', line)
        if not socket and not found:
            raise SystemExit(f'{command}: does not listen: {line}; see {self.log.name}')
        self.where = ['--host', f'unix:{self.file}'] if socket else ['--port', found.group(1)]
        self.pid = self.process.pid

    def load(self, *arguments):
        text = run(f'{OUT}/load', *self.where, '--timeout', '60', '--warmup', '0', '-d', '500', '--json', *arguments)
        return {k: float(v) for k, v in re.findall(r'"(\w+)":(-?[0-9.]+)', text)}

    def stop(self):
        pid = self.pid
        if self.sub:  # the tool's child is the server
            pid = int(open(f'/proc/{pid}/task/{pid}/children', encoding='ascii').read().split()[0])
        os.kill(pid, signal.SIGTERM)
        self.process.communicate()
        self.log.close()


class Callgrind:
    """Profiles of a workload in a build, measured once."""

    def __init__(self):
        self.header = callgrind.Header()
        self.done = {}

    def binary(self, work, kind):
        source = f'{HERE}/tokens.c' if work == 'tokens' else 'examples/bench_ack.c'
        name = 'tokens' if work == 'tokens' else 'ack'
        return build(f'{name}-{kind}', source, '-O2', '-g', *BUILDS[kind])

    def once(self, work, kind, count):
        out = f'{OUT}/{work}-{kind}-{count}.callgrind'
        tool = ['valgrind', '-q', '--tool=callgrind', f'--callgrind-out-file={out}']
        binary = self.binary(work, kind)
        if work == 'tokens':
            run(*tool, binary, f'{HERE}/session_3709.json', str(count))
            return callgrind.Profile(out, self.header), count
        arguments, _, _, socket = WORK[work]
        server = Server(tool + [binary], f'{work}-{kind}-{count}', socket)
        try:
            answered = server.load('--count', str(count), *arguments)['messages_ever']
        finally:
            server.stop()
        return callgrind.Profile(out, self.header), answered

    def measure(self, work, kind):
        if (work, kind) not in self.done:
            counts = (100, 1100) if work == 'tokens' else WORK[work][1:3]
            (small, few), (large, many) = (self.once(work, kind, n) for n in counts)
            self.done[work, kind] = callgrind.difference(small, large, many - few)
        return self.done[work, kind]


def instructions(cg, work, kind):
    return cg.measure(work, kind)[2]


def room(cg, work, name):
    return sum(v for (r, _), v in cg.measure(work, 'sse2')[0].items() if r == name)


def system_calls(connections, short, long):
    """System calls per message by name, from the difference of two runs under strace."""
    counts, answered = [], []
    binary = build('ack-sse2', 'examples/bench_ack.c', '-O2', '-g')
    for n in (short, long):
        out = f'{OUT}/strace-{connections}-{n}'
        server = Server(['strace', '-f', '-c', '-o', out, binary], f'strace-{connections}-{n}', sub=True)
        try:
            answered.append(server.load('-c', str(connections), '--count', str(n), *FIRST, *M600, 'msgs')['messages_ever'])
        finally:
            server.stop()
        rows = [line.split() for line in open(out, encoding='utf-8') if re.match(r'\s*[0-9.]+\s', line)]
        counts.append({r[-1]: int(r[3]) for r in rows if r[-1] != 'total'})
    return {k: (v - counts[0].get(k, 0)) / (answered[1] - answered[0]) for k, v in counts[1].items()}


def symbols(path):
    """(bytes by symbol) of a linked program: what is in memory and not zero."""
    text = run('nm', '-S', path)
    return {m.group(3): int(m.group(1), 16) for m in re.finditer(r'^\w+ (\w+) ([tTrRdD]) (\S+)$', text, re.M)}


COLLECT = ['-Os', '-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections']
NO_UNWIND = ['-fno-asynchronous-unwind-tables', '-fno-unwind-tables']


def text_size(path):
    return int(run('size', path).splitlines()[1].split()[0])


def linked(name, source, *flags, cc=CC):
    os.makedirs(OUT, exist_ok=True)
    run(cc, '-std=c99', '-I.', *flags, source, '-o', f'{OUT}/{name}')
    return f'{OUT}/{name}'


def library(*flags):
    """The whole library as an object file, every verb in it."""
    return text_size(linked('library.o', 'tests/compile/two_library.c', '-Os', '-c', *flags))


def tokenizer_bytes(kind):
    path = linked(f'tokens-os-{kind}', f'{HERE}/tokens.c', *COLLECT, *NO_UNWIND, *BUILDS[kind])
    return sum(n for s, n in symbols(path).items() if s.startswith(('jbzi_', 'jbz_json')))


def thumb():
    return linked('ack-thumb', 'examples/bench_ack.c', *COLLECT, '-mthumb', cc='arm-linux-gnueabihf-gcc')


def musl():
    return os.path.getsize(linked('hello-musl', 'examples/hello.c', *COLLECT, '-static', '-s', '-Wl,-z,noseparate-code', cc='musl-gcc'))


def idle_bytes(session):
    """Resident bytes that a call takes which says nothing after its session:new."""
    server = Server([build('ack-sse2', 'examples/bench_ack.c', '-O2', '-g')], 'idle-bytes')
    try:
        return server.load('--pid', str(server.pid), '-c', '5000', '-t', f'{HERE}/{session}', '-d', '0.2', 'idle')['server_bytes_per_connection']
    finally:
        server.stop()


def compile_seconds(*flags):
    """The least user and system time of three compilations."""
    best = 1e9
    for _ in range(3):
        before = os.times()
        run(CC, '-std=c99', '-O2', '-I.', *flags, '-c', f'{HERE}/include.c', '-o', '/dev/null')
        after = os.times()
        best = min(best, after.children_user + after.children_system - before.children_user - before.children_system)
    return best


def measurements(cg):
    """Row name -> how it is measured; in groups that share runs."""
    rows = {}
    for kind in BUILDS:
        for work in ('m4k', 'm600', 'call', 'audio', 'tokens'):
            rows[f'instr.{work}.{kind}'] = lambda w=work, k=kind: instructions(cg, w, k)
    for work in ('m4k', 'm600', 'call', 'audio'):
        for name in ROOMS:
            rows[f'room.{work}.{name}'] = lambda w=work, n=name: room(cg, w, n)
    rows['ratio.segments'] = lambda: instructions(cg, 'seg4k', 'sse2') / instructions(cg, 'unix4k', 'sse2')
    rows['ratio.idle5000'] = lambda: instructions(cg, 'idle', 'sse2') / instructions(cg, 'm600', 'sse2')
    one, many = {}, {}
    rows['sys.one'] = lambda: sum((one.update(system_calls(1, 200, 1200)) or one).values())
    rows['sys.many.recv+send'] = lambda: sum(v for k, v in (many.update(system_calls(100, 2000, 12000)) or many).items()
                                             if k.startswith(('recv', 'send', 'read', 'write')))
    rows['sys.many.wait'] = lambda: many['epoll_wait']
    rows['sys.many.epoll_ctl'] = lambda: many.get('epoll_ctl', 0)
    rows['memory.call.struct'] = lambda: float(run(build('memory', f'{HERE}/memory.c', '-O1')))
    rows['memory.call.rss'] = lambda: idle_bytes('session_3709.json')
    rows['memory.call.rss.env'] = lambda: idle_bytes('session_new.json')
    rows['size.bench_ack'] = lambda: text_size(linked('ack-os', 'examples/bench_ack.c', *COLLECT))
    rows['size.bench_ack.nounwind'] = lambda: text_size(linked('ack-os-nu', 'examples/bench_ack.c', *COLLECT, *NO_UNWIND))
    rows['size.bench_ack.thumb2'] = lambda: text_size(thumb())
    rows['size.hello.musl'] = musl
    for program in ('hello', 'menu'):
        rows[f'size.{program}'] = lambda p=program: text_size(linked(f'{p}-os', f'examples/{p}.c', *COLLECT))
    rows['size.library'] = library
    rows['size.library.no_server'] = lambda: library('-DJBZ_NO_SERVER')
    rows['size.library.no_conn'] = lambda: library('-DJBZ_NO_CONN')
    for kind in BUILDS:
        rows[f'size.tokenizer.{kind}'] = lambda k=kind: tokenizer_bytes(k)
    rows['compile.implementation'] = lambda: compile_seconds('-DJAMBONZ_WS_IMPLEMENTATION')
    rows['compile.declarations'] = compile_seconds
    return rows


class Table:
    """targets.tsv: name, unit, target, recorded, kind, what it is. Comments and order are kept."""

    def __init__(self):
        self.text = open(TARGETS, encoding='utf-8').read().splitlines()
        self.rows = {}
        for line in self.text:
            if line and not line.startswith('#'):
                name, unit, target, recorded, kind, what = line.split('\t')
                self.rows[name] = {'unit': unit, 'target': target, 'recorded': recorded, 'kind': kind, 'what': what}

    def save(self):
        with open(TARGETS, 'w', encoding='utf-8') as out:
            for line in self.text:
                name = line.split('\t')[0]
                row = self.rows.get(name)
                print('\t'.join([name] + [row[k] for k in ('unit', 'target', 'recorded', 'kind', 'what')]) if row else line, file=out)


def show(value):
    return f'{value:.3f}' if abs(value) < 10 else f'{value:.1f}' if abs(value) < 1000 else f'{value:.0f}'


def compiler():
    version = run(CC, '-dumpversion').strip().split('.')[0]
    kind = 'clang' if 'clang' in run(CC, '--version') else 'gcc'
    return f'{kind} {version} {os.uname().machine}'


def load_profile():
    kept = {}
    if os.path.exists(PROFILE):
        for line in open(PROFILE, encoding='utf-8'):
            if not line.startswith('#'):
                row, name, value = line.rstrip('\n').split('\t')
                kept.setdefault(row, {})[name] = float(value)
    return kept


def save_profile(kept):
    with open(PROFILE, 'w', encoding='utf-8') as out:
        print('# what the rows of targets.tsv consist of: row, room and function (or symbol), instructions per message (or bytes)', file=out)
        for row in sorted(kept):
            for name, value in sorted(kept[row].items(), key=lambda p: (-p[1], p[0])):
                if value >= 1:
                    print(f'{row}\t{name}\t{value:.1f}', file=out)


def parts(cg, name):
    """What a row consists of now, for the diff."""
    found = re.match(r'instr\.(\w+)\.(\w+)', name)
    if found:
        return {f'{r} {f}': v for (r, f), v in cg.measure(*found.groups())[0].items()}
    if name == 'ratio.segments':
        return {f'{r} {f}': v for (r, f), v in cg.measure('seg4k', 'sse2')[0].items()}
    files = {'size.bench_ack': 'ack-os', 'size.bench_ack.nounwind': 'ack-os-nu', 'size.bench_ack.thumb2': 'ack-thumb',
             'size.tokenizer.sse2': 'tokens-os-sse2', 'size.tokenizer.portable': 'tokens-os-portable'}
    return symbols(f'{OUT}/{files[name]}') if name in files else {}


def tell_changes(then, now):
    changed = [(now.get(k, 0) - then.get(k, 0), k) for k in then.keys() | now.keys()]
    for delta, k in sorted(changed, key=lambda p: -abs(p[0]))[:15]:
        if abs(delta) >= 1:
            print(f'        {delta:+9.0f}  {k}   {then.get(k, 0):.0f} -> {now.get(k, 0):.0f}')


def tell_rooms(cg, table, names, update):
    """The budget: instructions per room, now and wanted, "!" where there are too many."""
    works = [w for w in WORK if any(n.startswith(f'room.{w}.') for n in names)]
    if not works:
        return
    print('\nroom      ' + ''.join(f'{w + "  now/budget":>20}' for w in works))
    over = count = 0
    for name in ROOMS:
        cells = ''
        for work in works:
            row = table.rows.get(f'room.{work}.{name}')
            value = room(cg, work, name)
            if row is None:
                cells += f'{value:12.0f}{"":8}'
                continue
            bad = value > float(row['target'])
            over, count = over + bad, count + 1
            cells += f'{value:12.0f}/{row["target"]}{"!" if bad else ""}'.ljust(20)
            if update:
                row['recorded'] = show(value)
        print(f'{name:10}{cells.rstrip()}')
    print(f'note: {count - over} of {count} room budgets kept')


def prepare():
    os.makedirs(OUT, exist_ok=True)
    for tool in ('load', 'floor'):
        source = f'{HERE}/{tool}.c'
        if not os.path.exists(f'{OUT}/{tool}') or os.path.getmtime(f'{OUT}/{tool}') < os.path.getmtime(source):
            run(CC, '-std=gnu11', '-O2', source, '-o', f'{OUT}/{tool}')


def warm(cg, names):
    """Runs the workloads under callgrind, two at a time."""
    wanted = {(m.group(1), m.group(2)) for n in names if (m := re.match(r'instr\.(\w+)\.(\w+)', n))}
    wanted |= {(m.group(1), 'sse2') for n in names if (m := re.match(r'room\.(\w+)\.', n))}
    wanted |= {(w, 'sse2') for w in ('seg4k', 'unix4k') if 'ratio.segments' in names}
    wanted |= {(w, 'sse2') for w in ('idle', 'm600') if 'ratio.idle5000' in names}
    for work, kind in wanted:
        cg.binary(work, kind)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda p: cg.measure(*p), sorted(wanted)))


def judge(row, value):
    """'' when all is well, else what is wrong: grown by more than 2 % over what was recorded."""
    if row['kind'] != 'gate' or row['recorded'] == '-':
        return ''
    recorded = float(row['recorded'])
    return f'{show(recorded)} was recorded' if value > recorded * SLACK + 0.02 else ''


def gate(update, prefixes):
    prepare()
    table, cg, kept, same = Table(), Callgrind(), load_profile(), True
    recorded_with = table.rows.pop('compiler')['recorded']
    if compiler() != recorded_with:
        print(f'note: recorded with {recorded_with}, this is {compiler()}: reported, not gated')
        same = False
    rows = measurements(cg)
    names = [n for n in table.rows if not prefixes or n.startswith(tuple(prefixes))]
    warm(cg, names)
    passed = failed = met = aims = 0
    missed = []
    print(f'{"":26} {"now":>9} {"recorded":>9} {"target":>9}')
    for name in names:
        row = table.rows[name]
        if name.startswith('room.'):
            continue
        try:
            value = rows[name]()
        except FileNotFoundError as gone:
            print(f'SKIPPED: {name}: {gone.filename} is not here')
            continue
        wrong = judge(row, value) if same else ''
        if wrong and name.startswith(('instr', 'ratio')):  # once more: another clock tick, another place in memory
            cg.done.clear()
            value = min(value, rows[name]())
            wrong = judge(row, value)
        aim = ''
        if row['target'] != '-':
            aims += 1
            good = value <= float(row['target']) + (0.005 if name.startswith('sys') else 0)  # a wake-up by the clock in a thousand
            met += good
            aim = 'met' if good else 'not met'
            if not good:
                missed.append(name)
        print(f'{name:26} {show(value):>9} {row["recorded"]:>9} {row["target"]:>9}  {aim:8}{row["unit"]}')
        if wrong and not update:
            failed += 1
            print(f'    FAIL: {name} is {show(value)}, {wrong}. What changed:')
            tell_changes(kept.get(name, {}), parts(cg, name))
        else:
            passed += 1
        if update:
            row['recorded'] = show(value)
            if parts(cg, name):
                kept[name] = parts(cg, name)
    tell_rooms(cg, table, names, update)
    if update:
        table.rows['compiler'] = {'unit': '-', 'target': '-', 'recorded': compiler(), 'kind': 'report', 'what': 'what the figures were recorded with'}
        table.save()
        save_profile(kept)
        readme.apply(check=False)
    print(f'targets not met: {" ".join(missed)}' if missed else 'all targets are met')
    print(f'note: {met} of {aims} targets met')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


def profile(what, lines):
    prepare()
    work, _, kind = what.partition('/')
    cg = Callgrind()
    functions, by_line, total = cg.measure(work, kind or 'sse2')
    rooms = {}
    for (name, _), value in functions.items():
        rooms[name] = rooms.get(name, 0) + value
    print('  '.join(f'{name} {value:.0f}' for name, value in sorted(rooms.items(), key=lambda p: -p[1]) if value >= 0.5))
    for (name, function), value in sorted(functions.items(), key=lambda p: -p[1]):
        if value >= total / 1000:
            print(f'{value:9.1f} {100 * value / total:5.1f} %  {name:7} {function}')
    if lines:
        source = open(callgrind.HEADER, encoding='utf-8').read().splitlines()
        print()
        for line, value in sorted(by_line.items(), key=lambda p: -p[1])[:60]:
            print(f'{value:9.1f}  {line:6}: {source[line - 1].strip()[:100]}')
    print(f'{total:9.1f}  instructions per {"call" if work == "call" else "message"}, {what}, {compiler()}')


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith('--')]
    if arguments[:1] == ['profile'] and len(arguments) == 2:
        return profile(arguments[1], '--lines' in sys.argv)
    if arguments[:1] == ['gate']:
        return gate('--update' in sys.argv, arguments[1:])
    print(__doc__)
    return 2


if __name__ == '__main__':
    sys.exit(main())
