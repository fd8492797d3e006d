#!/usr/bin/python3
"""selftest.py [SCENARIO...]     puts each fault of faults.tsv into a copy of the header, builds the programs with it, and lets the scenario
it names attack them: it must fail, and pass without the fault. The lines of the list are as those of tests/mutants."""
import importlib
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
LIMIT = 240 # seconds; a siege that does not end has noticed
sys.path.insert(0, f'{ROOT}/tests/mutants')
mutants = importlib.import_module('mutants')


def faults():
    with open(f'{ROOT}/tests/siege/faults.tsv', encoding='utf-8') as f:
        for line in f:
            if not line.startswith('#'):
                name, old, new = line.rstrip('\n').split('\t')
                yield name, mutants.unescape(old), mutants.unescape(new)


def sieged(name, header):
    """'green' or 'red'; or what went wrong. The box looks like the tree, as far as a siege is concerned."""
    with tempfile.TemporaryDirectory() as box:
        with open(f'{box}/jambonz_ws.h', 'w', encoding='utf-8') as f:
            f.write(header)
        shutil.copytree(f'{ROOT}/tests/siege', f'{box}/tests/siege')
        for more in ('e2e', 'fixtures', 'node_modules'):
            os.symlink(f'{ROOT}/tests/{more}', f'{box}/tests/{more}')
        os.mkdir(f'{box}/build')
        for program in ('agent', 'bench_ack', 'echo', 'menu'):
            built = subprocess.run([os.environ.get('CC', 'cc'), '-std=c99', '-O1', '-w', f'-I{box}', '-o', f'{box}/build/{program}',
                                    f'{ROOT}/examples/{program}.c'], capture_output=True, text=True, check=False)
            if built.returncode:
                return f'does not compile: {built.stderr[-300:]}'
        try:
            siege = subprocess.run(['/usr/bin/python3', f'{box}/tests/siege/siege.py', '--only', name, '--builds', 'plain'],
                                   capture_output=True, text=True, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return 'red'
        return 'red' if '1 failed' in siege.stdout else 'green' if '1 passed, 0 failed' in siege.stdout else siege.stdout[-200:] + siege.stderr[-300:]


def outcome(name, old, new):
    """'' when all is as it should be, else what is not."""
    with open(f'{ROOT}/jambonz_ws.h', encoding='utf-8') as f:
        header = f.read()
    found = header.count(old)
    if found != 1:
        return f'the text to replace stands there {found} times'
    with_it, without = sieged(name, header.replace(old, new)), sieged(name, header)
    return '' if (with_it, without) == ('red', 'green') else f'with the fault {with_it}, without {without}'


def main():
    wrong, count = 0, 0
    for name, old, new in faults():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        count += 1
        said = outcome(name, old, new)
        wrong += said != ''
        print(f'    {name:24} {said or "red, and green without the fault"}', flush=True)
    print(f'siege-selftest: {count - wrong} passed, {wrong} failed')
    return 1 if wrong or not count else 0


if __name__ == '__main__':
    sys.exit(main())
