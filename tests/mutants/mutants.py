#!/usr/bin/python3
"""mutants.py [NAME...]     puts each fault of mutants.tsv into the header, builds the test program it names, and runs that: it must
fail. What is to be replaced must stand there exactly once, so that a line which has gone stale says so. A fault that does not
compile counts as a fault of the list; one that no test notices (it "lives") wants a test."""
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
LIMIT = 60  # seconds; a program that hangs has noticed


def mutants():
    with open(f'{ROOT}/tests/mutants/mutants.tsv', encoding='utf-8') as f:
        for line in f:
            if not line.startswith('#'):
                name, program, old, new = line.rstrip('\n').split('\t')
                yield name, program, unescape(old), unescape(new)


def unescape(text):
    return text.replace('\\\\', '\0').replace('\\n', '\n').replace('\\t', '\t').replace('\0', '\\')


def run(mutant):
    """What the test program makes of it: ('passed', 'failed', 'crashed' or 'hung'; or what is wrong with the mutant), what it said."""
    _, program, old, new = mutant
    with open(f'{ROOT}/jambonz_ws.h', encoding='utf-8') as f:
        header = f.read()
    found = header.count(old)
    if found != 1:
        return f'the text to replace stands there {found} times', ''
    with tempfile.TemporaryDirectory() as box:
        with open(f'{box}/jambonz_ws.h', 'w', encoding='utf-8') as f:
            f.write(header.replace(old, new))
        build = subprocess.run([os.environ.get('CC', 'cc'), '-std=c99', '-O0', '-w', f'-I{box}', f'-I{ROOT}/tests', '-o', f'{box}/test',
                                f'{ROOT}/tests/{program}.c', '-lcmocka', '-lm', '-pthread'], capture_output=True, text=True, cwd=box, check=False)
        if build.returncode:
            return 'does not compile', build.stderr
        try:
            test = subprocess.run([f'{box}/test'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired as e:
            return 'hung', (e.stdout or b'').decode('utf-8', 'replace')
        said = test.stdout.decode('utf-8', 'replace')
        return ('passed' if test.returncode == 0 else 'failed' if test.returncode > 0 else 'crashed'), said


def outcome(mutant):
    """'' when the fault was noticed, else what is wrong."""
    status, said = run(mutant)
    if status in ('failed', 'crashed', 'hung'):
        return ''
    return f'{mutant[0]}: {mutant[1]} does not notice' if status == 'passed' else f'{mutant[0]}: {status} {said[-300:]}'


def main():
    wanted = sys.argv[1:]
    jobs = [m for m in mutants() if not wanted or m[0] in wanted]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        wrong = [text for text in pool.map(outcome, jobs) if text]
    for text in wrong:
        print(f'FAIL: {text}')
    print(f'mutants: {len(jobs) - len(wrong)} passed, {len(wrong)} failed')
    return 1 if wrong or not jobs else 0


if __name__ == '__main__':
    sys.exit(main())
