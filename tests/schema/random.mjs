// Random options from the tables, written by the header, must satisfy the published schemas.
//   node tests/schema/random.mjs [ROUNDS [SEED]]      a round is one of each verb; exits 1 if anything is refused or any row never tried
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import { schemas } from './model.mjs';
import { compileAndRun } from './compare.mjs';

const header = process.env.HEADER ?? fileURLToPath(new URL('../../jambonz_ws.h', import.meta.url));
const [rounds = '200', seed = '1'] = process.argv.slice(2);

// confirmHook is oneOf [string, actionHook], and a string is both, so the schema as published refuses every string there.
schemas.get('components/target').properties.confirmHook = { $ref: 'actionHook' };

// Requirements that depend on another option's value (a URL where somebody is sent to voicemail) are not in the tables.
(function drop(s) {
    if (!s || typeof s !== 'object') return;
    for (const k of ['if', 'then', 'else']) delete s[k];
    Object.values(s).forEach(drop);
})([...schemas.values()]);

const ajv = new Ajv.default({ strict: false, validateFormats: false, allErrors: true, logger: false });
for (const s of schemas.values()) ajv.addSchema(s);
const verbs = new Map([...schemas.keys()].filter(id => id.startsWith('verbs/'))
    .map(id => [id.slice(6), ajv.getSchema(schemas.get(id).$id)]));

const lines = compileAndRun(header, './random.c', [rounds, seed], ['-w']).trim().split('\n');
const coverage = lines.pop();
let bad = 0, good = 0;
for (const line of lines) {
    if (!line.startsWith('{')) { console.log(line); bad++; continue; }
    const verb = JSON.parse(line), check = verbs.get(verb.verb);
    if (check(verb)) { good++; continue; }
    if (bad++ < 20) console.log(`${line}\n    ${check.errors.map(e => `${e.instancePath} ${e.message}`).join('; ')}`);
}
console.log(`random: ${bad} refused, ${good} verbs accepted; ${coverage}`);
process.exit(bad ? 1 : 0);
