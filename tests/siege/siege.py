#!/usr/bin/python3
"""siege.py [--only NAME] [--builds plain,asan] [--jobs N]     attacks running servers, scenario by scenario (scenarios.py).

Each runs against a server of its own, the plain program and the one under ASan and UBSan, while a well-behaved client
(witness.mjs, npm ws) makes calls: each must be acked within 1 s. Afterwards descriptors and memory must be back, nothing may
burn CPU, a new call is acked within 1 s, and the program ends with 0. One that failed for being late alone is run once more
with nothing beside it: several run at a time, and the attackers want the processors, too."""
import argparse
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
import traceback

import scenarios
from kit import ROOT, TEXT, Failed, Server, Ws, check, frame, until

SOON = 1000 # ms
witness = None


class Late(Failed):
    """A call beside was answered too late."""


def tell(command):
    witness.stdin.write(json.dumps(command) + '\n')
    witness.stdin.flush()


def start_worker():
    """Each worker has a witness of its own, which waits for its jobs."""
    global witness
    witness = subprocess.Popen(['node', f'{ROOT}/tests/siege/witness.mjs'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    os.nice(5) # attackers may not take the processors from those that they attack


def warm_up(s):
    """What the first calls and the first long message touch is memory that stays."""
    for _ in range(10):
        s.good_call()
    ws = Ws(s, protocol='echo' if s.program == 'echo' else 'ws.jambonz.org')
    ws.write(frame(TEXT, '{"type":"x","pad":"' + 'x' * 60000 + '"}'), cut=6000)
    if s.program == 'echo':
        ws.frame()
    ws.close()
    time.sleep(0.1)


def watched(s, spec, note):
    """The attack, with the witness beside it."""
    if spec['witness']:
        tell({'url': s.url, 'kind': 'echo' if s.program == 'echo' else 'call', 'fresh': spec['witness'] == 'fresh'})
        witness.stdout.readline() # its call is there
    try:
        note['said'] = spec['fn'](s) or ''
        time.sleep(max(0, 1.0 - (time.monotonic() - note['start'])))
    finally:
        if spec['witness']:
            tell({})
            seen = json.loads(witness.stdout.readline())
            note['beside'] = f"{seen['calls']} calls {seen['hooks']} hooks beside, worst {seen['worst']} ms"
    if not spec['witness']:
        return
    check(not seen['errors'], f"a call beside: {seen['errors'][:2]}")
    if seen['worst'] > SOON:
        raise Late(f"a call beside was answered after {seen['worst']} ms")
    if not seen['hooks'] or not (seen['calls'] or spec['witness'] == 'held'):
        raise Late('nobody was served beside')


def afterwards(s, spec, fds):
    s.drop_all()
    check(s.alive(), f'the process is gone: {s.log()[-1500:].decode("latin-1")}')
    check(until(lambda: s.fds() <= fds, 5), f'{s.fds()} descriptors, before it were {fds}')
    took = s.good_call()
    if took > SOON:
        raise Late(f'a new call was acked after {took:.0f} ms')
    s.drop_all()
    check(until(lambda: s.fds() <= fds, 5), f'{s.fds()} descriptors, before it were {fds}')
    cpu = s.cpu_ms()
    time.sleep(0.3)
    check(s.cpu_ms() - cpu <= 40, f'{s.cpu_ms() - cpu} ms of CPU in 300 ms with nothing to do')
    grown = s.rss() - s.base
    check(s.build == 'asan' or grown <= spec['grown'], f'{grown} kB more memory than before, {spec["grown"]} allowed')
    return grown


def run(job):
    name, build = job
    spec = scenarios.ALL[name]
    note = {'name': name, 'build': build, 'said': '', 'beside': '', 'start': time.monotonic(), 'bad': '', 'late': False}
    server = None
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(Failed('took more than 150 s')))
    signal.alarm(150)
    try:
        server = Server(spec['program'], build, spec['args'], spec['nofile'], env=spec['env'] and spec['env']())
        if '--auth' in spec['args']:
            server.good_call = lambda: 0
            fds = server.fds()
        else:
            warm_up(server)
            fds = server.fds()
        server.base = server.rss()
        watched(server, spec, note)
        grown = afterwards(server, spec, fds)
        server.stop()
        note['said'] += f"{', ' if note['said'] else ''}{grown:+d} kB" if build == 'plain' else ''
    except Late as e:
        note.update(bad=str(e), late=True)
    except Failed as e:
        note['bad'] = str(e)
    except Exception: # pylint: disable=broad-except
        note['bad'] = traceback.format_exc()
    finally:
        signal.alarm(0)
        if server:
            server.kill()
            if note['bad']:
                note['bad'] += '\n    the log ends with: ' + server.log()[-700:].decode('latin-1').replace('\n', '\n      ')
    note['took'] = time.monotonic() - note['start']
    return note


def report(note):
    text = ', '.join(t for t in (note['said'], note['beside']) if t)
    print(f"{'FAIL' if note['bad'] else 'ok  '} {note['build']:5} {note['name']:26} {note['took']:5.1f} s  {text}")
    if note['bad']:
        print('     ' + note['bad'])
    sys.stdout.flush()


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--only', default='')
    options.add_argument('--builds', default='plain,asan')
    options.add_argument('--jobs', type=int, default=4)
    options.add_argument('--list', action='store_true')
    o = options.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    os.makedirs(f'{ROOT}/build/log', exist_ok=True)
    if o.list:
        for name, spec in scenarios.ALL.items():
            print(f"{name:26} {spec['program']:10} {spec['fn'].__doc__}")
        return 0
    jobs = [(n, b) for n, spec in scenarios.ALL.items() for b in spec['builds']
            if b in o.builds.split(',') and o.only in ('', n)]
    if not jobs and o.only:
        jobs = [(n, b) for n, spec in scenarios.ALL.items() for b in spec['builds'] if o.only in n and b in o.builds.split(',')]
    jobs.sort(key=lambda j: -scenarios.ALL[j[0]]['weight'])
    good, lost, late = 0, [], []
    with multiprocessing.Pool(min(o.jobs, len(jobs) or 1), start_worker) as pool:
        for note in pool.imap_unordered(run, jobs):
            if note['late'] and len(jobs) > 1:
                late.append((note['name'], note['build']))
                continue
            report(note)
            good, lost = (good, lost + [note['name']]) if note['bad'] else (good + 1, lost)
    if late:
        with multiprocessing.Pool(1, start_worker) as pool:
            for note in pool.imap_unordered(run, late):
                note['said'] += ' (alone)'
                report(note)
                good, lost = (good, lost + [note['name']]) if note['bad'] else (good + 1, lost)
    print(f'{good} passed, {len(lost)} failed')
    return 1 if lost or not good else 0


if __name__ == '__main__':
    sys.exit(main())
