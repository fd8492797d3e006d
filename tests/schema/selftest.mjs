// The comparison must notice. Each of these changes to the header has to make schema.mjs fail.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const header = process.env.HEADER ?? fileURLToPath(new URL('../../jambonz_ws.h', import.meta.url));
const script = fileURLToPath(new URL('./schema.mjs', import.meta.url));
const changes = {
    'a name': [/X\(T, NUM,( +)numDigits,/, 'X(T, NUM,$1numDigitz,'],
    'a type': [/X\(T, NUM,( +)numDigits,/, 'X(T, STR,$1numDigits,'],
    'whole numbers': [/INT_IN\(500, 3000\)/, 'NUM_IN(500, 3000)'],
    'a range': [/NUM_IN\(-1, 1\)/, 'NUM_IN(-2, 1)'],
    'a word of a list': [/mono\|stereo\|mixed/, 'mono|stereo'],
    'a required option': [/(X\(T, NUM, +length, +, +)MUST/, '$1MAY '],
    'an option too much': [/(X\(T, NUM, +length,)/, 'X(T, STR, colour, , MAY) $1'],
    'one of two forms': [/    X\(T, STRS, +text, +_list, TWIN\)[^\n]*\n/, ''],
    'in a nested object': [/X\(T, NUM,( +)noSpeechTimeoutMs,/, 'X(T, BOOL,$1noSpeechTimeoutMs,'],
    'what the open-source server refuses': [/(X\(T, STRS, +codecs, +, +)V10/, '$1MAY'],
    'a type only the open-source server tells': [/X\(T, NUM,( +)interDigitTimeout,( +), +MAY \)(?=[^#]*jbz_config_bargeIn_opts)/, 'X(T, STR,$1interDigitTimeout,$2, MAY )'],
    'a verb': [/\n    X\(dequeue, [^\n]*/, ''],
    'the name of a verb': [/"sip:decline"/, '"sip:declin"'],
};
const dir = mkdtempSync(join(tmpdir(), 'jbz-schema-'));
const copy = join(dir, 'jambonz_ws.h');
let missed = 0;
for (const [what, [from, to]] of Object.entries(changes)) {
    const text = readFileSync(header, 'utf8'), changed = text.replace(from, to);
    writeFileSync(copy, changed);
    const run = spawnSync(process.execPath, [script], { env: { ...process.env, HEADER: copy }, encoding: 'utf8' });
    const noticed = changed !== text && run.status === 1 && /^schema: [1-9]\d* differences/m.test(run.stdout);
    if (!noticed) { missed++; console.log(`not noticed: ${what}\n${run.stdout}${run.stderr}`); }
}
writeFileSync(copy, readFileSync(header, 'utf8'));       // and writing what is there already changes nothing
execFileSync(process.execPath, [script, '--write'], { env: { ...process.env, HEADER: copy } });
if (readFileSync(copy, 'utf8') !== readFileSync(header, 'utf8')) { missed++; console.log('--write changes the header'); }
rmSync(dir, { recursive: true });
console.log(`schema selftest: ${missed} of ${Object.keys(changes).length + 1} not noticed`);
process.exit(missed ? 1 : 0);
