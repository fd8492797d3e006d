// The header's tables, as compiled, against the schemas. Reads the schemas by itself: what model.mjs gets wrong shows up here.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { schemas, resolve, properties, cName, shapes, oss } from './model.mjs';
import { extra } from './words.mjs';

export function compileAndRun(header, source, args = [], flags = []) {
    const dir = mkdtempSync(join(tmpdir(), 'jbz-schema-'));
    try {
        const cc = (process.env.CC ?? 'cc').split(' ');
        execFileSync(cc[0], [...cc.slice(1), '-std=c99', '-O1', ...flags, '-I', dirname(header), '-o', join(dir, 'a'),
            fileURLToPath(new URL(source, import.meta.url))], { stdio: ['ignore', 'inherit', 'inherit'] });
        return execFileSync(join(dir, 'a'), args, { encoding: 'utf8', maxBuffer: 1 << 30 });
    } finally { rmSync(dir, { recursive: true }); }
}

function readTables(header) {                             // struct -> property -> rows
    const structs = new Map(), verbs = new Map();
    for (const line of compileAndRun(header, './dump.c').trim().split('\n')) {
        const [owner, kind, property, suffix, need] = line.split('\t');
        if (need === 'VERB') { verbs.set(kind, { c: owner, server: property }); structs.set(owner, new Map()); continue; }
        if (!structs.has(owner)) structs.set(owner, new Map());
        const props = structs.get(owner);
        if (!props.has(property)) props.set(property, []);
        const [, name, arg] = kind.match(/^(\w+)(?:\((.*)\))?$/);
        props.get(property).push({ name, arg: (arg ?? '').replace(/\s/g, ''), suffix, need });
    }
    return { structs, verbs };
}

const bounds = (type, s) => s.minimum === undefined && s.maximum === undefined ? type : `${type} ${s.minimum ?? ''},${s.maximum ?? ''}`;

// What the schema allows: [text, node for objects, id it is resolved against]
function forms(node, id) {
    [node, id] = resolve(node, id);
    if (node.oneOf) return node.oneOf.flatMap(n => forms(n, id));
    if (Array.isArray(node.type)) return node.type.flatMap(type => forms({ ...node, type }, id));
    if (node.const !== undefined) return [[node.const === false ? 'false' : `one of ${node.const}`]];
    if (node.enum && node.type === 'number') return [[`integer ${Math.min(...node.enum)},${Math.max(...node.enum)}`]];
    if (node.enum) return [[`one of ${node.enum.join('|')}`]];
    switch (node.type) {
    case 'string': case 'boolean': return [[node.type]];
    case 'number': case 'integer': return [[bounds(node.type, node)]];
    case 'object':
        if (node.properties && Object.keys(node.properties).length)
            return [['object with', node, id], ...(node.additionalProperties === true ? [['may be more']] : [])];
        return [['object']];
    case 'array': {
        if (!node.items) return [['array']];
        return forms(node.items, id).map(([text, n, i]) =>
            text === 'may be more' ? ['array may be more'] : text === 'object' ? ['array'] : [`array of ${text}`, n, i]);
    }
    case undefined: return [['any']];
    default: return [[JSON.stringify(node)]];
    }
}

// What a row can say, and which forms of the schema it covers.
const says = {
    STR: () => 'string', STRS: () => 'array of string', ENUM: a => `one of ${a}`, ENUMS: a => `array of one of ${a}`,
    NUM: () => 'number', INT: () => 'integer', TIMES: () => 'number', NUM_IN: a => `number ${a}`, INT_IN: a => `integer ${a}`,
    BOOL: () => 'boolean', OFF: () => 'false', OBJ: () => 'object with', OBJS: () => 'array of object with',
    MAP: () => 'map', RAW: a => a,
};
const allows = {                                          // a row of the first kind is in order where the schema has one of these
    'object with': ['object with', 'object'], 'map': ['object'], 'object': ['object', 'may be more'], 'array': ['array', 'array may be more'],
    'any': ['any'], 'string': ['string', 'any'],
};

export function compare(header) {
    const { structs, verbs } = readTables(header);
    const differences = [];
    let count = 0, nested = 0;
    const seen = new Set();

    function object(c, node, id, where, { requiredToo = true, inner = false } = {}) {
        const rows = structs.get(c);
        if (!rows) { differences.push(`${where}: the header has no struct jbz_${c}_opts`); return; }
        const { props, required } = properties(node, id);
        for (const [name, { node: p, id: pid }] of props) {
            if (name === 'verb') continue;
            inner ? nested++ : count++;
            if (!rows.has(name)) { differences.push(`${where}.${name}: missing in the header`); continue; }
            property(rows.get(name), forms(p, pid), `${where}.${name}`);
            const need = rows.get(name)[0].need;
            if (requiredToo && (need === 'MUST') !== required.has(name))
                differences.push(`${where}.${name}: ${required.has(name) ? 'required' : 'not required'} in the schema, ${need} in the header`);
            const model = shapes.get(c)?.rows.find(r => r.prop === name && r.need !== 'TWIN');
            if (model && model.need !== need) differences.push(`${where}.${name}: ${need} in the header, should be ${model.need}`);
        }
        const more = extra[c] ? oss[extra[c]].properties : {};
        for (const name of Object.keys(more)) if (!props.has(name)) {
            inner ? nested++ : count++;
            const have = (rows.get(name) ?? []).map(r => says[r.name]?.(r.arg)).join(' or ');
            const want = more[name] === 'object|string' ? 'string or object with' : more[name];
            if (have !== want) differences.push(`${where}.${name}: ${have || 'missing'} in the header, ${want} in the open-source server`);
        }
        if (requiredToo) for (const name of rows.keys())
            if (!props.has(name) && !(name in more)) differences.push(`${where}.${name}: not in the schema`);
    }

    function property(rows, allowed, where) {
        const have = rows.map(r => ({ ...r, text: says[r.name]?.(r.arg) ?? r.name }));
        for (const [text, node, id] of allowed) {
            if (text === 'may be more' || text === 'array may be more') continue;
            const match = have.filter(h => h.text === text);
            if (!match.length) { differences.push(`${where}: ${text}: the header has only ${have.map(h => h.text).join(', ')}`); continue; }
            if (node && !seen.has(`${match[0].arg}`)) {
                seen.add(match[0].arg);
                object(match[0].arg, node, id, where, { inner: true });
            }
        }
        for (const h of have)
            if (!allowed.some(([text]) => (allows[h.text] ?? [h.text]).includes(text)))
                differences.push(`${where}: ${h.text} in the header, the schema has ${allowed.map(a => a[0]).join(', ')}`);
    }

    for (const id of schemas.keys()) if (id.startsWith('components/')) seen.add(`c_${cName(id.slice(11))}`);   // compared below, on their own
    for (const id of schemas.keys()) {
        const [dir, wire] = id.split('/');
        let node = schemas.get(id);
        if (dir === 'verbs') {
            const v = verbs.get(wire);
            if (!v) differences.push(`${wire}: verb missing in the header`);
            else { seen.add(v.c); object(v.c, node, id, wire); }
            if (v && (v.server === 'NONE') !== !!shapes.get(v.c)?.refused) differences.push(`${wire}: wrong about the open-source server`);
        } else if (wire === 'llm-base') object('llm', node, id, wire, { requiredToo: false });
        else if (wire === 'transferOptions') object('transfer', node, id, wire, { requiredToo: false });
        else {
            if (node.oneOf) node = node.oneOf.find(n => n.type === 'object');
            if (Object.keys(node.properties ?? {}).length) object(`c_${cName(wire)}`, node, id, wire);
        }
    }
    for (const [wire] of verbs) if (!schemas.has(`verbs/${wire}`)) differences.push(`${wire}: no such verb in the schema`);
    return { differences, count, more: `38 verbs, 30 components, ${nested} more in nested objects`
        .replace('38', [...schemas.keys()].filter(k => k.startsWith('verbs/')).length).replace('30', [...schemas.keys()].filter(k => k.startsWith('components/')).length) };
}
