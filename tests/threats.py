#!/usr/bin/python3
"""threats.py [--map]     does every case of the threat model have a test (threats.tsv), and does each test named there exist? Then
(without --map) a sample of cases is made to go wrong: a fault of mutants.tsv goes into the header, and the test that answers for the
case must be among those that fail."""
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f'{HERE}/mutants')
import mutants  # noqa: E402

CASES = 134  # numbered from 1
SAMPLE = {  # case: the fault that brings it about
    9: 'http-version-8', 10: 'http-twice', 18: 'http-origin-by-prefix', 28: 'ws-unmasked',
    36: 'conn-message-one-longer', 38: 'ws-mask-not-turned', 50: 'utf8-overlong', 68: 'call-pending-unlimited', 89: 'server-poll-in-a-handler',
    91: 'call-stale-id', 92: 'call-answered-twice', 98: 'json-depth-off-by-one', 102: 'json-token-limit', 103: 'json-leading-zero', 106: 'json-trailing-text',
    107: 'json-lone-surrogate', 112: 'msg-second-member-wins', 118: 'out-quote-not-escaped', 122: 'out-two-values',
}


def text_of(name):
    with open(f'{HERE}/{name}', encoding='utf-8') as f:
        return f.read()


def exists(test):
    kind, _, name = test.partition(':')
    if kind == 'siege':
        body = text_of('siege/scenarios.py')
        return f'def {name}(s):' in body or f"name='{name}'" in body
    if kind == 'fuzz':
        return os.path.exists(f'{HERE}/fuzz/{name}.c')
    if kind == 'e2e':
        return os.path.exists(f'{HERE}/e2e/{name}')
    if kind in ('msan', 'tsan', 'analyze'):  # a fault that it is shown
        return re.search(rf'^{kind}\t{name}\t', text_of('sanitize/planted.tsv'), re.M) is not None
    if kind in ('valgrind', 'portable', 'prove'):  # suites that run more than one program
        return any(re.search(rf'^{kind}:', text_of(f'../{m}'), re.M) for m in makefiles())
    if kind == 'test_fault':
        return f'S({name},' in text_of('test_fault.c') or f'{{ "{name}",' in text_of('test_fault.c')
    return os.path.exists(f'{HERE}/{kind}.c') and re.search(rf'\b{name}\(void \*\*', text_of(f'{kind}.c')) is not None


def makefiles():
    return ['Makefile'] + [f'tests/{f}' for f in os.listdir(HERE) if f.endswith('.mk')]


def rows():
    for line in text_of('threats.tsv').splitlines():
        if not line.startswith('#'):
            number, title, tests = line.split('\t')
            yield int(number), title, tests.split()


def check_map(table):
    wrong = [f'case {n}: {title}: {t} does not exist' for n, title, tests in table for t in tests if not exists(t)]
    wrong += [f'case {n}: {title}: no test' for n, title, tests in table if not tests]
    numbers = [n for n, _, _ in table]
    if numbers != list(range(1, CASES + 1)):
        wrong.append(f'the cases are not 1 to {CASES}, each once')
    return wrong


def goes_red(case, tests):
    """'' when one of the tests that answer for the case fails with the fault in the header."""
    name, program, old, new = next(m for m in mutants.mutants() if m[0] == SAMPLE[case])
    wanted = [t.partition(':')[2] for t in tests if t.partition(':')[0] == program]
    if not wanted:
        return f'case {case}: none of its tests is in {program}'
    status, said = mutants.run((name, program, old, new))
    failed = re.findall(r'\[\s+FAILED\s+\] (\w+)', said)
    started = re.findall(r'\[ RUN      \] (\w+)', said)
    if status == 'crashed' and started:
        failed.append(started[-1])
    return '' if set(failed) & set(wanted) else f'case {case}: with {name}, {" ".join(wanted)} did not fail (but: {" ".join(failed) or status})'


def main():
    table = list(rows())
    wrong = check_map(table)
    good = len(table) - len({w.split(':')[0] for w in wrong})
    if '--map' not in sys.argv:
        tests_of = {n: tests for n, _, tests in table}
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
            red = list(pool.map(lambda case: goes_red(case, tests_of[case]), SAMPLE))
        wrong += [text for text in red if text]
        good += red.count('')
    for text in wrong:
        print(f'FAIL: {text}')
    print(f'threats: {good} passed, {len(wrong)} failed')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
