// Compares the verb tables of the header with the npm package @jambonz/schema, or writes them anew.
//   node tests/schema/schema.mjs            names, JSON types, enumerations, ranges, required options; exits 1 on any difference
//   node tests/schema/schema.mjs --write    writes the section between the two marker lines
// HEADER names another header than ../../jambonz_ws.h; CC another compiler than cc.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tables, long } from './tables.mjs';
import { compare } from './compare.mjs';

const header = process.env.HEADER ?? fileURLToPath(new URL('../../jambonz_ws.h', import.meta.url));
const begin = '/*---- tables: written by tests/schema/schema.mjs --write, do not edit ----*/\n';
const end = '/*---- end of tables ----*/\n';

if (process.argv.includes('--write')) {
    const text = readFileSync(header, 'utf8');
    const from = text.indexOf(begin), to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`${header}: no marker lines`);
    writeFileSync(header, text.slice(0, from + begin.length) + '\n' + tables() + '\n' + text.slice(to));
    for (const l of long) console.log(`too long: ${l}`);
    console.log(`schema: tables written to ${header}`);
} else {
    const { differences, count, more } = compare(header);
    for (const d of differences) console.log(d);
    console.log(`schema: ${differences.length} differences in ${count} properties (${more})`);
    process.exit(differences.length ? 1 : 0);
}
