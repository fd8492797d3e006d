"""Bar charts of a bench's results as one SVG, in plain text."""
import html

WIDTH, ROW, LABEL, VALUE = 440, 22, 160, 70
INK, GREY, OURS, THEIRS, FLOOR = '#1f2328', '#59636e', '#1a7f37', '#8c959f', '#d0d7de'


def panel(x, y, title, note, rows):
    """Bars of (label, value, text, colour), longest first; lengths are proportional."""
    most = max(value for _, value, _, _ in rows) or 1
    out = [f'<g transform="translate({x},{y})"><text y="14" font-size="14" font-weight="600" fill="{INK}">{html.escape(title)}</text>',
           f'<text y="31" font-size="11" fill="{GREY}">{html.escape(note)}</text>']
    for i, (label, value, text, colour) in enumerate(rows):
        top = 42 + i * ROW
        length = max((WIDTH - LABEL - VALUE) * value / most, 1)
        weight = '600' if colour == OURS else '400'
        out.append(f'<text x="{LABEL - 8}" y="{top + 12}" font-size="12" text-anchor="end" font-weight="{weight}" fill="{INK}">'
                   f'{html.escape(label)}</text><rect x="{LABEL}" y="{top}" width="{length:.1f}" height="15" rx="2" fill="{colour}"/>'
                   f'<text x="{LABEL + length + 6:.1f}" y="{top + 12}" font-size="12" fill="{INK}">{html.escape(text)}</text>')
    out.append('</g>')
    return '\n'.join(out)


def colour(name):
    return OURS if name == 'ours' else FLOOR if name.startswith('floor') else THEIRS


def number(value):
    return f'{value:,.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def cpu_panel(results, test, x, y, title, most=None):
    """CPU per message or call as multiples of the floor; what is far beyond `most` is told, not drawn."""
    servers = [(n, r['x_floor']) for n, r in results['tests'][test]['servers'].items()]
    rows = [(results['labels'][n], min(v, most or v), f'{number(v)} x', colour(n)) for n, v in servers]
    cut = [results['labels'][n] for n, v in servers if most and v > most]
    note = 'CPU, plain TCP with the same bytes = 1' + (f'; bar of {", ".join(cut)} cut off' if cut else '')
    return panel(x, y, title, note, rows)


def draw(results):
    label = results['labels']
    memory = [(label[n], v, f'{v:,} B', colour(n)) for n, v in sorted(results['memory'].items(), key=lambda p: p[1])]
    parse = [(r['label'], r['ns'], f'{r["ns"]:,} ns', colour(n)) for n, r in sorted(results['json'].items(), key=lambda p: p[1]['ns'])]
    cut = sorted(v for _, v, _, _ in memory)[-2:][0] * 1.2 if len(memory) > 2 else None
    memory = [(a, min(v, cut) if cut else v, t, c) for a, v, t, c in memory]
    body = [cpu_panel(results, 'm4k-100', 20, 20, 'A hook of 4.4 kB answered, 100 connections', 20),
            cpu_panel(results, 'calls', 500, 20, 'A whole call: connect, session:new, say, close', 20),
            panel(20, 260, 'Memory of an idle call', 'resident bytes of the server' + ('; longest bar cut off' if cut else ''), memory),
            panel(500, 260, 'JSON: a session:new of 3.7 kB', 'parsed, six strings looked up, freed', parse)]
    m = results['machine']
    foot = f'{results["date"]}, {m["cpu"]}, {m["cores"]} cores, {m["system"]}, {m["compiler"]}; medians of {results["rounds"]} rounds in turns'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="960" height="500" viewBox="0 0 960 500" '
            f'font-family="-apple-system,Segoe UI,Helvetica,Arial,sans-serif"><rect width="960" height="500" rx="6" fill="#ffffff"/>\n'
            + '\n'.join(body) + f'\n<text x="20" y="484" font-size="11" fill="{GREY}">{html.escape(foot)}</text></svg>\n')
