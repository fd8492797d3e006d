// The model written as the table section of the header.
import { shapes, schemas, cName } from './model.mjs';
import { structs, words, shared } from './words.mjs';

const width = 127;                                       // the backslash stands in this column
const spaced = name => name.replace(/_/g, ' ').replace(/([a-z])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2').toLowerCase();

export function phrase(owner, row) {
    const from = row.from.startsWith('components/') ? `c_${cName(row.from.split('/')[1])}` : '';
    if (row.need === 'TWIN') return words[`${owner}.${row.prop}${row.suffix}`] ?? '';
    const text = words[`${owner}.${row.prop}`] ?? words[`${from}.${row.prop}`] ?? words[row.prop] ?? spaced(row.prop);
    const preset = row.node.default;
    const shown = preset === undefined || preset === false ? '' : `; default ${Array.isArray(preset) ? preset.join(', ') : preset}`;
    return text + (text.includes('default') ? '' : shown);
}

const kindText = r => r.kind + (r.arg ? `(${r.arg})` : '');

function line(text) { return text.length <= width ? text.padEnd(width) + '\\' : (long.push(text), text + ' \\'); }
export const long = [];

function table(name, rows, owner) {
    const out = [line(`#define JBZ_OPTS_${name}(X, T)`)];
    const plain = rows.filter(r => typeof r !== 'string');
    const fits = plain.map(kindText).filter(k => k.length <= 44);
    const kw = Math.max(3, ...fits.map(k => k.length)) + 1;      // with its comma
    const pw = Math.max(2, ...plain.map(r => r.prop.length)) + 1;
    const sw = Math.max(0, ...plain.map(r => r.suffix.length)) + 1;
    for (const r of rows) {
        if (typeof r === 'string') { out.push(line(`    JBZ_OPTS_${r}(X, T)`)); continue; }
        const kind = kindText(r) + ',';
        let head = `    X(T, ${kind.padEnd(kw)} `;
        if (kind.length > kw) { out.push(line(`    X(T, ${kind}`)); head = ' '.repeat(9 + kw + 1); }
        const words = phrase(owner, r);
        out.push(line(`${head}${(r.prop + ',').padEnd(pw)} ${(r.suffix + ',').padEnd(sw)} ${r.need.padEnd(4)})${words ? `  /* ${words} */` : ''}`));
    }
    out[out.length - 1] = out[out.length - 1].replace(/\s*\\$/, '');
    return out;
}

const version = s => {
    const v = schemas.get(s.id)?.minVersion;
    return v && Number(v.split('.')[0]) >= 10 ? ` Since jambonz ${v}.` : '';
};

function describe(s) {
    const text = structs[s.c] ?? `Part of ${s.c.replace(/_[^_]*$/, '')}.`;
    const where = s.kind === 'verb' ? version(s) + (s.refused ? ' Not in the open-source server.' : '') : '';
    const mark = s.kind === 'verb' ? `${s.wire}: ` : '';
    const head = `/* ${mark}${text}${where}`;
    return head.length <= width - 2 ? `${head} */` : head.replace(new RegExp(`^(.{0,${width - 2}}) (.*)$`), '$1\n   $2 */');
}

const same = (a, b) => a.rows.length === b.rows.length && a.rows.every((r, i) =>
    ['kind', 'arg', 'prop', 'suffix', 'need'].every(k => r[k] === b.rows[i][k]));

export function tables() {
    const out = [];
    const done = new Set();
    const sharedDone = new Set();
    const emit = s => {
        for (const d of s.deps) if (!done.has(d)) emit(shapes.get(d));
        if (done.has(s.c)) return;
        done.add(s.c);
        const rows = [];
        for (const r of s.rows) {
            const props = r.from !== s.id && r.from in shared ? shared[r.from] ?? true : null;
            if (!props || (props !== true && !props.includes(r.prop))) { rows.push(r); continue; }
            const name = `c_${cName(r.from.split('/')[1])}`;
            if (!sharedDone.has(name)) {
                sharedDone.add(name);
                const own = s.rows.filter(x => x.from === r.from && (props === true || props.includes(x.prop)));
                out.push(`/* ${structs[name]} */`, ...table(name, own, name), '');
            }
            if (rows[rows.length - 1] !== name) rows.push(name);
        }
        const twin = s.kind === 'verb' && [...done].map(c => shapes.get(c)).find(o => o !== s && o.kind === 'verb' && o.rows.length > 3 && same(o, s));
        out.push(describe(s));
        if (twin) out.push(`#define JBZ_OPTS_${s.c}(X, T) JBZ_OPTS_${twin.c}(X, T)`);
        else out.push(...table(s.c, rows, s.c));
        const members = `JBZ_OPTS_${s.c}(JBZI_MEMBER, _)`, type = `jbz_${s.c}_opts`;
        const one = `typedef struct ${type} { ${members} } ${type};`;
        out.push(...(one.length <= width + 1 ? [one] : [`typedef struct ${type} {`, `    ${members}`, `} ${type};`]), '');
    };
    const all = [...shapes.values()];
    out.push('/*---- components: what verbs are made of ----*/', '');
    all.filter(s => s.kind === 'component').forEach(emit);
    out.push('/*---- verbs ----*/', '');
    all.filter(s => s.kind === 'verb').forEach(emit);

    const ordered = [...done].map(c => shapes.get(c));
    out.push('/* All of the above: components and parts, then verbs with their wire names; NONE where the open-source server has no such verb.',
        '   Each comes after what it is made of. */');
    const parts = ordered.filter(s => s.kind !== 'verb'), verbs = ordered.filter(s => s.kind === 'verb');
    out.push(line('#define JBZ_PARTS(X)'));
    parts.forEach((s, i) => out.push(i < parts.length - 1 ? line(`    X(${s.c})`) : `    X(${s.c})`));
    out.push('', line('#define JBZ_VERBS(X)'));
    const w = Math.max(...verbs.map(s => s.c.length)) + 1;
    verbs.forEach((s, i) => {
        const t = `    X(${(s.c + ',').padEnd(w)} ${(`"${s.wire}",`).padEnd(w + 2)} ${s.refused ? 'NONE' : 'OSS '})`;
        out.push(i < verbs.length - 1 ? line(t) : t);
    });
    out.push('', '#ifndef JBZ_NO_SHORTHAND');
    const bare = new Set(['answer', 'leave', 'hangup']);
    const m = Math.max(...verbs.map(s => s.c.length));
    for (const s of verbs) {
        if (bare.has(s.c)) out.push(`#define ${`jbz_${s.c}(o)`.padEnd(m + 14)} jbz_put_${s.c}((o), NULL)`);
        const name = bare.has(s.c) ? `jbz_${s.c}_with(o, ...)` : `jbz_${s.c}(o, ...)`;
        out.push(`#define ${name.padEnd(m + 14)} jbz_put_${s.c}((o), JBZ_LIT(${s.c}_opts, __VA_ARGS__))`);
    }
    out.push('#endif');
    return out.join('\n') + '\n';
}
