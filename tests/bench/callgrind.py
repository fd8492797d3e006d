"""Reads callgrind's output: instructions per function of the source, inlined ones included, and per room of jambonz_ws.h.

Callgrind charges inlined code to the function it was inlined into, but knows the source line; the lines of the header tell which
function and which room they belong to.
"""
import collections
import os
import re

HEADER = 'jambonz_ws.h'


class Header:
    """Which function and which room a line of jambonz_ws.h belongs to."""

    def __init__(self, path=HEADER):
        self.function, self.room, self.home = {}, {}, {}
        room, name, start, head = 'DECLARATIONS', None, 0, ''
        for number, line in enumerate(open(path, encoding='utf-8'), 1):
            mark = re.match(r'/\*==== MARK: \d+ (\w+) - implementation', line)
            room = mark.group(1) if mark else room
            self.room[number] = room
            if name is None:
                if re.match(r'[A-Za-z_]', line):
                    head = line
                elif head and re.match(r'\s+\S', line):
                    head += line
                else:
                    head = ''
                text = re.sub(r'/\*.*?\*/', '', head).rstrip()
                if head and '(' in text and '{' in text and not re.match(r'typedef|struct|enum|union|extern "C"', text) \
                        and not re.search(r'=\s*\{', text):
                    found = re.search(r'(\w+)\s*\(', re.sub(r'__attribute__\s*\(\(.*?\)\)', '', text))
                    name, start, head = found.group(1), number - head.count('\n') + 1, ''
                    if text.endswith('}'):
                        self.take(start, number, name)
                        name = None
                elif text.endswith((';', '}')):
                    head = ''
            elif line.startswith('}'):
                self.take(start, number, name)
                name = None

    def take(self, first, last, name):
        for number in range(first, last + 1):
            self.function[number] = name
        self.home[name] = self.room.get(first, '?')


class Profile:
    """Instructions by (room, function) and by line of the header."""

    def __init__(self, path, header):
        self.total, self.calls = 0, collections.Counter()
        self.functions, self.lines = collections.Counter(), collections.Counter()
        names, fn, file, line, inclusive = {}, '', '', 0, False

        def expand(text, kind):
            found = re.match(r'\((\d+)\)(?: (.*))?', text)
            if not found:
                return text
            if found.group(2) is not None:
                names[kind, found.group(1)] = found.group(2)
            return names.get((kind, found.group(1)), '?')

        for text in open(path, encoding='utf-8', errors='replace'):
            text = text.rstrip('\n')
            if not text:
                continue
            if text[0] in '0123456789+-*':
                part = text.split()
                first = part[0]
                line = line if first == '*' else line + int(first) if first[0] in '+-' else int(first)
                if inclusive:  # what a callee cost; it is charged to the callee itself
                    inclusive = False
                    continue
                if len(part) > 1:
                    self.add(header, fn, file, line, int(part[1]))
            elif text.startswith('calls='):
                self.calls[callee] += int(text[6:].split()[0])
                inclusive = True
            else:
                key, _, value = text.partition('=')
                if key == 'fn':
                    fn = expand(value, 'fn')
                elif key == 'cfn':
                    callee = expand(value, 'fn')
                elif key in ('fl', 'fi', 'fe'):
                    file = expand(value, 'fl')
                elif key in ('cfi', 'cfl'):
                    expand(value, 'fl')

    def add(self, header, fn, file, line, cost):
        self.total += cost
        base = os.path.basename(file)
        if base == HEADER:
            self.functions[header.room.get(line, '?'), header.function.get(line, fn)] += cost
            self.lines[line] += cost
        elif base.endswith('.c') and ('examples' in file or 'tests' in file):
            self.functions['APP', fn] += cost
        else:  # an intrinsic of the compiler's own headers belongs to whom it was inlined into
            name = re.split(r"['.]", fn)[0]
            self.functions[header.home.get(name, 'LIBC'), name] += cost


def difference(small, large, units):
    """Per unit: {(room, function): instructions}, {line: instructions}, total."""
    functions = {k: (large.functions[k] - small.functions[k]) / units for k in large.functions | small.functions}
    lines = {k: (large.lines[k] - small.lines[k]) / units for k in large.lines | small.lines}
    return functions, lines, (large.total - small.total) / units
