// The published schemas, read into the rows that the header's tables are made of.
import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { order, verbOrder, views, maps, extra } from './words.mjs';

const require = createRequire(import.meta.url);
const root = dirname(require.resolve('@jambonz/schema/package.json'));
const load = path => JSON.parse(readFileSync(join(root, path), 'utf8'));
const list = dir => readdirSync(join(root, dir)).filter(f => f.endsWith('.schema.json')).map(f => f.slice(0, -12)).sort();

export const version = load('package.json').version;
const base = 'https://jambonz.org/schema/';
export const schemas = new Map();                       // "verbs/say" -> schema
for (const dir of ['components', 'verbs'])
    for (const name of list(dir)) {
        const s = load(`${dir}/${name}.schema.json`);
        schemas.set(s.$id.slice(base.length), s);
    }

// What the open-source server accepts: the package its validator uses, with names as "#target" between its parts.
export const oss = require('@jambonz/verb-specifications').specs;
const ossAlias = name => name === 'stream' ? 'listen'
    : name === 's2s' || /^(openai|google|elevenlabs|deepgram|ultravox)_s2s$/.test(name) ? 'llm' : name;
export const ossVerb = wire => oss[ossAlias(wire)];

export const cName = name => name.replace(/[:-]/g, '_');

export function resolve(node, id) {                     // follows $ref; gives [node, id it lives under, name or undefined]
    let name;
    while (node.$ref) {
        if (node.$ref.startsWith('#/$defs/')) {
            name = `${id.split('/')[1]}_${node.$ref.slice(8)}`;
            node = schemas.get(id).$defs[node.$ref.slice(8)];
            continue;
        }
        id = new URL(node.$ref, base + id).href.slice(base.length);
        node = schemas.get(id);
        name = id;
    }
    return [node, id, name];
}

// All properties of a schema, those of allOf first, in order; later ones replace earlier ones.
export function properties(node, id) {
    [node, id] = resolve(node, id);
    const props = new Map();
    const required = new Set(node.required || []);
    for (const part of node.allOf || []) {
        if (!part.$ref) continue;
        const sub = properties(part, id);
        sub.props.forEach((v, k) => props.set(k, v));
        sub.required.forEach(k => required.add(k));
    }
    for (const [k, v] of Object.entries(node.properties || {}))
        if (!(v.not && Object.keys(v.not).length === 0)) props.set(k, { node: v, id });   // `not: {}` forbids a property
    return { props, required, open: node.additionalProperties !== false };
}

// ---- shapes: one C struct each -------------------------------------------------------------------------------------------

export const shapes = new Map();                        // C name -> { c, wire, kind, rows, doc }

const rank = { BOOL: 0, OFF: 0, TIMES: 1, NUM: 1, INT: 1, NUM_IN: 1, INT_IN: 1, STR: 2, ENUM: 2, MAP: 3, STRS: 4, ENUMS: 4, OBJ: 5, OBJS: 6, RAW: 7 };
const suffixes = { STR: '_str', ENUM: '_str', NUM: '_num', INT: '_num', NUM_IN: '_num', INT_IN: '_num', STRS: '_list', ENUMS: '_list',
                   OBJ: '_obj', OBJS: '_obj', RAW: '_raw' };
const keywords = new Set(('alignas alignof and asm auto bool break case catch char class const continue default delete do double else enum ' +
    'explicit export extern false float for friend goto if inline int long mutable namespace new not operator or private protected public ' +
    'register return short signed sizeof static struct switch template this throw true try typedef typename union unsigned using virtual ' +
    'void volatile while xor restrict').split(' '));

const isMap = s => typeof s.additionalProperties === 'object' &&
    (s.additionalProperties.type === 'string' || (s.additionalProperties.oneOf || []).some(x => x.type === 'string'));

function bounded(kind, s) {
    return s.minimum === undefined && s.maximum === undefined ? [kind, ''] : [`${kind}_IN`, `${s.minimum ?? ''}, ${s.maximum ?? ''}`];
}

function partFor(node, id, name, owner, prop) {          // the struct for an object with known properties
    if (name?.startsWith('components/')) return component(name);
    if (name?.startsWith('verbs/')) return verb(name);
    const c = name ?? `${owner}_${prop}`;
    if (!shapes.has(c)) makeShape(c, null, 'part', node, id, owner);
    else if (JSON.stringify(shapes.get(c).node) !== JSON.stringify(node)) throw new Error(`two shapes would be called ${c}`);
    return c;
}

function kindsOf(node, id, owner, prop) {                // [kind, argument] of every form a value may have
    let name;
    const out = [];
    [node, id, name] = resolve(node, id);
    if (name === 'components/actionHook') return [['STR', ''], ['OBJ', component(name)]];
    const add = (kind, arg = '') => { if (!out.some(o => o[0] === kind && o[1] === arg)) out.push([kind, arg]); };
    if (Array.isArray(node.type)) node = { ...node, oneOf: node.type.map(type => ({ ...node, type })) };
    if (node.oneOf) {
        for (const alt of node.oneOf) kindsOf(alt, id, owner, prop).forEach(k => add(...k));
        return out;
    }
    const enumeration = node.const !== undefined ? [node.const] : node.enum;
    if (node.type === 'boolean') add(node.const === false ? 'OFF' : 'BOOL');
    else if (node.type === 'string') enumeration ? add('ENUM', enumeration.join('|')) : add('STR');
    else if (node.type === 'number' && enumeration) add('INT_IN', `${Math.min(...enumeration)}, ${Math.max(...enumeration)}`);
    else if (node.type === 'number' && prop === 'loop') add('TIMES');
    else if (node.type === 'number') add(...bounded('NUM', node));
    else if (node.type === 'integer') add(...bounded('INT', node));
    else if (node.type === 'array') {
        const [item, itemId, itemName] = resolve(node.items ?? {}, id);
        for (const alt of item.oneOf ?? [item]) {
            if (alt.type === 'string') alt.enum ? add('ENUMS', alt.enum.join('|')) : add('STRS');
            else if (alt.properties) {
                add('OBJS', partFor(alt, itemId, itemName, owner, prop));
                if (alt.additionalProperties === true) add('RAW', 'array');
            } else add('RAW', 'array');
        }
    } else if (node.type === 'object') {
        const view = views[`${owner}.${prop}`];
        if (node.properties && Object.keys(node.properties).length) {
            add('OBJ', partFor(node, id, name, owner, prop));
            if (node.additionalProperties === true) add('RAW', 'object');
        } else if (view) {
            add('OBJ', view.spec ? specPart(view.name, view.spec) : view.verb ? verb(`verbs/${view.verb}`) : component(`components/${view.component}`));
            add('RAW', 'object');
        } else if (isMap(node) || maps.has(prop)) { add('MAP'); add('RAW', 'object'); }
        else add('RAW', 'object');
    } else if (node.type === undefined) { add('STR'); add('RAW', 'any'); }
    else throw new Error(`${owner}.${prop}: no kind for ${JSON.stringify(node)}`);
    return out;
}

function rowsFor(owner, prop, node, id, must) {
    const kinds = kindsOf(node, id, owner, prop).sort((a, b) => rank[a[0]] - rank[b[0]]);
    return kinds.map(([kind, arg], i) => ({
        kind, arg, prop, suffix: i ? suffixes[kind] : keywords.has(prop) ? '_' : '',
        need: i ? 'TWIN' : must ? 'MUST' : 'MAY', node, first: i === 0 }));
}

// Parts are named after the schema that declares them, so verbs that share a component share its parts.
const ownerOf = id => id.startsWith('components/') ? `c_${cName(id.split('/')[1])}` : cName(id.split('/')[1]);

function makeShape(c, wire, kind, node, id, owner) {
    const { props, required } = properties(node, id);
    for (const [k, v] of Object.entries(extra[c] ? oss[extra[c]].properties : {})) if (!props.has(k)) props.set(k, { node: ossType(v), id });
    const shape = { c, wire, kind, id, rows: [], specs: new Set(), deps: new Set(), node: resolve(node, id)[0] };
    const names = [...props.keys()].filter(p => p !== 'verb');
    const wanted = ['id', ...(order[c] ?? (wire && props.has('llmOptions') ? order.llm : [])), ...names.filter(p => required.has(p)), ...names];
    const sorted = [...new Set(wanted)].filter(p => props.has(p));
    if (sorted.length !== names.length) throw new Error(`${c}: order names an unknown property`);
    for (const p of sorted) {
        const rows = rowsFor(owner ?? ownerOf(props.get(p).id), p, props.get(p).node, props.get(p).id, required.has(p));
        for (const r of rows) if (r.kind.startsWith('OBJ')) shape.deps.add(r.arg);
        shape.rows.push(...rows.map(r => ({ ...r, from: props.get(p).id })));
    }
    shapes.set(c, shape);                                // after what it is made of
    return shape;
}

function component(id) {
    const c = `c_${cName(id.split('/')[1])}`;
    if (!shapes.has(c)) {
        const s = schemas.get(id);
        makeShape(c, null, 'component', id === 'components/actionHook' ? s.oneOf[1] : s, id);
    }
    return c;
}

function verb(id) {
    const s = schemas.get(id);
    const wire = id.split('/')[1] === 'rest_dial' ? 'rest:dial' : s.properties?.verb?.const ?? id.split('/')[1];
    const c = cName(wire);
    if (!shapes.has(c)) makeShape(c, wire, 'verb', s, id);
    return c;
}

function ossType(v) {                                    // a type as the open-source server writes it, as JSON schema
    return v === 'object|string' ? { $ref: '../components/actionHook' }
        : v === 'string|array' ? { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }
        : typeof v === 'object' ? v : v.startsWith('#') ? { $ref: `../components/${v.slice(1)}` } : { type: v };
}

function specPart(name, spec) {                          // a free object of the schema, typed as the open-source server reads it
    if (shapes.has(name)) return name;
    const s = oss[spec];
    const node = { type: 'object', required: s.required, properties: Object.fromEntries(Object.entries(s.properties).map(([k, v]) => [k, ossType(v)])) };
    makeShape(name, null, 'part', node, 'verbs/config', name);
    return name;
}

for (const id of schemas.keys()) if (id.startsWith('components/') && !['components/llm-base', 'components/transferOptions'].includes(id)) {
    if (Object.keys(schemas.get(id).properties ?? {}).length || schemas.get(id).oneOf) component(id);
}
const verbIds = [...schemas.keys()].filter(id => id.startsWith('verbs/')).map(id => id.slice(6));
for (const name of verbOrder) if (!verbIds.includes(name)) throw new Error(`no verb ${name} in the schema`);
for (const name of new Set([...verbOrder, ...verbIds])) verb(`verbs/${name}`);

// ---- the open-source server: which shape is checked by which of its parts ------------------------------------------------

function follow(c, specName) {
    const shape = shapes.get(c), spec = oss[specName];
    if (!spec || shape.specs.has(specName)) return;
    shape.specs.add(specName);
    for (const r of shape.rows) {
        const v = spec.properties[r.prop];
        const ref = Array.isArray(v) ? v[0] : v;
        if (r.kind.startsWith('OBJ') && typeof ref === 'string' && ref.startsWith('#')) follow(r.arg, ref.slice(1));
    }
}
for (const s of shapes.values()) if (s.kind === 'verb') {
    s.refused = !ossVerb(s.wire);
    follow(s.c, s.wire === 'room' ? 'conference' : s.refused && s.wire.endsWith('_s2s') ? 'llm' : ossAlias(s.wire));
}
for (const s of shapes.values()) for (const r of s.rows) {
    if (r.need === 'TWIN') continue;
    for (const name of s.specs) {
        const v = [oss[name].properties[r.prop]].flat()[0];
        if (v === undefined || (typeof v === 'string' && v.startsWith('#') && !oss[v.slice(1)])) { if (r.need !== 'MAY') throw new Error(`${s.c}.${r.prop}: required, but refused`); r.need = 'V10'; }
        else if (r.need === 'MAY' && r.prop !== 'vendor' && (oss[name].required ?? []).includes(r.prop)) r.need = 'OSS';
    }
}
