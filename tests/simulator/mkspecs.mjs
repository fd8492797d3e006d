// mkspecs.mjs - writes specs.c, the tables of verbs and properties, from the two npm packages that define them:
//   @jambonz/verb-specifications   what the open-source server accepts (it refuses everything else)
//   @jambonz/schema                what version 10 documents
// Usage: npm install @jambonz/verb-specifications @jambonz/schema && node mkspecs.mjs > specs.c
// Only names, types, enumerations and "required" are taken; they are facts of the wire.
import { createRequire } from 'node:module';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
const require = createRequire(join(process.cwd(), 'x.js'));

// A type is written as alternatives joined by '|': s n b o a (typeof), i integer, * anything, =a,b,c one of these strings,
// #name a table, [x] an array of x.
const short = { string: 's', number: 'n', boolean: 'b', object: 'o', array: 'a' };
const specs = [];                                    // { name, verb, props: [[name, type, required]] }

function ossType(v) {
  if (Array.isArray(v)) return `[${v[0]}]`;
  if (typeof v === 'object') return v.enum && v.type === 'string' ? '=' + v.enum.join(',') : v.type === 'array' ? 'a' : '*';
  return v.split('|').map((t) => t.trim()).map((t) => t[0] === '#' ? t : short[t]).join('|');
}
function oss() {
  const path = require.resolve('@jambonz/verb-specifications');
  const s = JSON.parse(readFileSync(join(dirname(path), 'specs.json'), 'utf8'));
  const js = readFileSync(join(dirname(path), 'jambonz-app-json-validation.js'), 'utf8');
  const list = Object.entries(s).map(([name, d]) => ({ name, props: Object.entries(d.properties)
    .map(([p, v]) => [p, ossType(v), (d.required || []).includes(p)]) }));
  const alias = [...js.matchAll(/\['(\w+)', \{verb: '(\w+)'(?:, properties: \{vendor: '(\w+)'\})?\}\]/g)].map((m) => m.slice(1, 4));
  return { list, alias, version: JSON.parse(readFileSync(join(dirname(path), 'package.json'), 'utf8')).version };
}

function v10() {
  const root = dirname(require.resolve('@jambonz/schema/package.json'));
  const list = [];
  const load = (f) => JSON.parse(readFileSync(f, 'utf8'));
  const type = (s, where) => {
    if (s === true || s === undefined) return '*';
    if (s.$ref && s.$ref.startsWith('#/')) return 'o';
    if (s.$ref) return (existsSync(join(root, 'components', s.$ref.replace(/^.*\//, '') + '.schema.json')) ? '#' : '#verb ') + s.$ref.replace(/^.*\//, '').replace(/\.schema\.json$/, '').replace(/^#/, '');
    if (s.const !== undefined) return typeof s.const === 'string' ? '=' + s.const : typeof s.const === 'boolean' ? 'b' : '*';
    if (s.enum && s.enum.every((e) => typeof e === 'string')) return '=' + s.enum.join(',');
    const alt = s.oneOf || s.anyOf;
    if (alt) return [...new Set(alt.map((a, i) => type(a, where + (i ? i : ''))))].join('|');
    if (Array.isArray(s.type)) return s.type.map((t) => t === 'integer' ? 'i' : short[t]).join('|');
    if (s.type === 'array') { const t = type(s.items, where); return t === '*' ? 'a' : `[${t}]`; }
    if (s.type === 'object' || s.properties) {
      if (!s.properties || !Object.keys(s.properties).length) return s.additionalProperties === false ? '#' + add(where, s) : 'o';
      return '#' + add(where, s);
    }
    return s.type === 'integer' ? 'i' : short[s.type] || '*';
  };
  const add = (name, s) => {
    if (list.some((x) => x.name === name)) return name;
    const entry = { name, props: [] };
    list.push(entry);
    let props = { ...(s.properties || {}) }, required = [...(s.required || [])];
    for (const part of s.allOf || []) {
      const p = part.$ref ? load(join(root, 'components', part.$ref.replace(/^.*\//, '') + '.schema.json')) : part;
      props = { ...p.properties, ...props };
      required.push(...(p.required || []));
    }
    delete props.verb;
    entry.props = Object.entries(props).map(([p, v]) => [p, type(v, name + '.' + p), required.includes(p)]);
    return name;
  };
  const verbs = [];
  for (const dir of ['components', 'verbs'])
    for (const f of readdirSync(join(root, dir)).sort()) {
      const s = load(join(root, dir, f));
      const verb = dir === 'verbs' && (s.properties?.verb?.const || f.replace('.schema.json', '').replace(/^(sip|rest)[-_]/, '$1:'));
      if (s.oneOf && dir === 'components' && !s.properties) {    // actionHook: a string or an object
        list.push({ name: f.replace('.schema.json', ''), union: s.oneOf.map((a) => type(a, f.replace('.schema.json', '') + '-object')).join('|'), props: [] });
        continue;
      }
      const name = verb ? 'verb ' + verb : f.replace('.schema.json', '');
      if (verb) verbs.push(verb);
      add(name, s);
    }
  return { list, verbs, version: load(join(root, 'package.json')).version };
}

const q = (s) => JSON.stringify(s);
function emit(label, list) {
  const out = [];
  for (const [i, s] of list.entries()) {
    if (s.props.length) out.push(`static const spec_prop ${label}_${i}[] = {\n` + wrap(s.props.map(([n, t, r]) => `{${q(n)},${q(t)},${r ? 1 : 0}}`)) + '\n};');
  }
  out.push(`const spec ${label}_specs[] = {\n` + list.map((s, i) => `    {${q(s.name)}, ${s.union ? q(s.union) : 'NULL'}, ${s.props.length ? `${label}_${i}` : 'NULL'}, ${s.props.length}},`).join('\n') + '\n    {NULL, NULL, NULL, 0}\n};');
  return out.join('\n');
}
function wrap(items) {
  const lines = []; let line = '   ';
  for (const it of items) { if (line.length + it.length > 118) { lines.push(line); line = '   '; } line += ' ' + it + ','; }
  return [...lines, line].join('\n');
}
const a = oss(), b = v10();
console.log(`/* specs.c - made by mkspecs.mjs from @jambonz/verb-specifications ${a.version} and @jambonz/schema ${b.version}. Do not edit. */
#include "check.h"

#include <stddef.h>

${emit('oss', a.list)}
const spec_alias oss_aliases[] = {
${a.alias.map(([n, v, d]) => `    {${q(n)}, ${q(v)}, ${d ? q(d) : 'NULL'}},`).join('\n')}
    {NULL, NULL, NULL}
};

${emit('v10', b.list)}`);
