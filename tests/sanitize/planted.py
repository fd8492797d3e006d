#!/usr/bin/python3
"""planted.py SUITE COMPILER...     plants each fault of planted.tsv for SUITE in a copy of the tests and the header, compiles that with
COMPILER... (which takes the name of the program for @) and, if it is to run, runs it: what is said must be what planted.tsv says.
Prints a line per fault, as unit.sh does, then the sum."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(f'{HERE}/../..')
sys.path.insert(0, f'{ROOT}/tests/mutants')
from mutants import unescape  # noqa: E402


def rows(suite):
    with open(f'{HERE}/planted.tsv', encoding='utf-8') as f:
        for line in f:
            row = line.rstrip('\n').split('\t')
            if not line.startswith('#') and row[0] == suite:
                yield row[1:]


def plant(box, file, old, new):
    shutil.copy(f'{ROOT}/jambonz_ws.h', box)
    shutil.copytree(f'{ROOT}/tests', f'{box}/tests', ignore=lambda d, names: [n for n in names if os.path.isdir(f'{d}/{n}') and n not in
                                                                             ('compile', 'sanitize', 'fixtures', 'messages')])
    with open(f'{box}/{file}', encoding='utf-8') as f:
        text = f.read()
    if text.count(unescape(old)) != 1:
        return f'the text to replace stands there {text.count(unescape(old))} times'
    with open(f'{box}/{file}', 'w', encoding='utf-8') as f:
        f.write(text.replace(unescape(old), unescape(new)))
    return ''


def said(command, box):
    """What the compiler, and then the program, say."""
    text = ''
    for step in (command, [f'{box}/program']):
        if not os.path.exists(step[0]) and '/' in step[0]:
            break  # the compiler was to analyse only
        try:
            done = subprocess.run(step, cwd=box, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
        except subprocess.TimeoutExpired as e:
            return text + (e.stdout or b'').decode('utf-8', 'replace')
        text += done.stdout.decode('utf-8', 'replace')
    return text


def main():
    suite, command = sys.argv[1], sys.argv[2:]
    good = bad = 0
    for name, program, file, old, new, want in rows(suite):
        with tempfile.TemporaryDirectory() as box:
            wrong = plant(box, file, old, new)
            if not wrong:
                text = said([word.replace('@', program) for word in command], box)
                wrong = '' if want in text else f'nothing is said of it; the end was: {text[-600:]}'
        good, bad = good + (not wrong), bad + bool(wrong)
        print(f'    {suite} sees {name}' if not wrong else f'FAIL: {suite}: {name}: {wrong}')
    print(f'{suite}-planted: {good} passed, {bad} failed')
    sys.exit(bad > 0 or good == 0)


if __name__ == '__main__':
    main()
