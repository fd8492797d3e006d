#!/usr/bin/python3
"""Holds the README to its word: every verb has its line, each line compiles and writes that verb, every test that a table names exists."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from threats import exists  # noqa: E402


def text_of(name):
    with open(f'{HERE}/../{name}', encoding='utf-8') as f:
        return f.read()


def rows(heading):
    """The cells of all tables of a section."""
    section = text_of('README.md').split(f'\n## {heading}\n')[1].split('\n## ')[0]
    for line in section.splitlines():
        cells = [c.strip() for c in line.strip('|').split('|')]
        if line.startswith('|') and not set(line) <= set('|- ') and cells[0] not in ('', 'verb', 'trouble'):
            yield cells


def program(examples):
    body = ''.join(f'    jbz_out_init(o, mem, sizeof mem);\n    {e};\n    puts(jbz_out_finish(o, NULL) ? mem : "refused");\n' for _, e in examples)
    return ('#define JAMBONZ_WS_IMPLEMENTATION\n#include "jambonz_ws.h"\n#include <stdio.h>\nint main(void) {\n    static char mem[4096];\n'
            f'    jbz_out out, *o = &out;\n{body}    return 0;\n}}\n')


def written(examples):
    with tempfile.TemporaryDirectory() as box:
        with open(f'{box}/verbs.c', 'w', encoding='utf-8') as f:
            f.write(program(examples))
        subprocess.run([os.environ.get('CC', 'cc'), '-std=c99', '-Wall', '-Wextra', '-Wno-missing-braces', '-Werror', f'-I{HERE}/..', '-o', f'{box}/verbs',
                        f'{box}/verbs.c'], check=True)
        return subprocess.run([f'{box}/verbs'], capture_output=True, text=True, check=True).stdout.splitlines()


def main():
    examples = [(r[0], r[1].strip('`')) for r in rows('Verbs')]
    table = re.search(r'#define JBZ_VERBS\(X\)(.*?)\n\n', text_of('jambonz_ws.h'), re.S)[1]
    verbs = re.findall(r'X\(\w+,\s*"([^"]+)"', table)
    wrong = [f'verb {v}: {[n for n, _ in examples].count(v)} lines' for v in verbs if [n for n, _ in examples].count(v) != 1]
    wrong += [f'{n} is no verb' for n, _ in examples if n not in verbs]
    wrong += [f'{n}: {e} writes {got}' for (n, e), got in zip(examples, written(examples)) if f'{{"verb":"{n}"' not in got]
    named = [(r[0], t) for r in rows('What it has') for t in re.findall(r'`([\w-]+:[\w.-]+)`', r[2])]
    wrong += [f'{what}: {t} does not exist' for what, t in named if not exists(t)]
    wrong += [f'{r[0]}: no test' for r in rows('What it has') if '`' not in r[2]]
    for text in wrong:
        print(f'FAIL: {text}')
    print(f'readme: {len(examples) + len(named) - len(wrong)} passed, {len(wrong)} failed')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
