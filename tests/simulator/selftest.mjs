// selftest.mjs - does the simulator's judgement hold? An app on npm ws misbehaves in every known way and must be found out; the
// same app behaving must not be. A judge that never says "guilty" tests nothing.
// Usage: node tests/simulator/selftest.mjs [path of the simulator]   (npm install ws, anywhere above this file or in the cwd)
import { createRequire } from 'node:module';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let WebSocketServer;
for (const base of [import.meta.url, join(process.cwd(), 'x.js'), join(process.cwd(), 'tests', 'x.js')])
  try { ({ WebSocketServer } = createRequire(base)('ws')); break; } catch { /* next place */ }
if (!WebSocketServer) { console.error('npm install ws'); process.exit(2); }

const sim = process.argv[2] || 'build/simulator';
const only = process.argv[3];
const tmp = mkdtempSync(join(tmpdir(), 'simself-'));
let passed = 0, failed = 0;

function run(args, input) {
  return new Promise((resolve) => {
    const p = spawn(sim, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '', err = '';
    p.stdout.on('data', (d) => { out += d; });
    p.stderr.on('data', (d) => { err += d; });
    p.stdin.on('error', () => {});
    p.stdin.end(input || '');
    const t = setTimeout(() => p.kill('SIGKILL'), 40000);
    p.on('close', (code) => { clearTimeout(t); resolve({ code, out, err }); });
  });
}

const hello = [{ verb: 'say', text: 'Hello.' }, { verb: 'hangup' }];
const menu = [{ verb: 'gather', actionHook: '/menu', input: ['digits', 'speech'], numDigits: 1, timeout: 5, say: { text: 'Press a key.' } }];
const dial = [{ verb: 'dial', target: [{ type: 'user', name: 'ada' }], actionHook: '/d' }];
const wants = (o) => ['session:new', 'session:reconnect', 'session:redirect', 'verb:hook', 'dial:confirm', 'session:adulting'].includes(o.type);
const ack = (ws, o, data) => ws.send(JSON.stringify({ type: 'ack', msgid: o.msgid, ...(data !== undefined && { data }) }));
const send = (ws, o) => ws.send(typeof o === 'string' ? o : JSON.stringify(o));
const soon = (ws, o) => setTimeout(() => send(ws, o), 50);                          // a command behind the first ack would be lost
const say = (n) => [{ verb: 'say', text: 'x'.repeat(n) }, { verb: 'hangup' }];
// answers with these verbs first, and ends the call with everything that comes later
const app = (first, later = [{ verb: 'hangup' }]) => (ws, o) => { if (o.type === 'session:new') ack(ws, o, first); else if (o.type === 'session:reconnect') ack(ws, o); else if (wants(o)) ack(ws, o, later); };
const first = (f) => (ws, o) => { if (o.type === 'session:new') f(ws, o); else if (wants(o)) ack(ws, o); };
const raw = (...bytes) => first((ws) => ws._socket.write(Buffer.from(bytes.flat())));
const gather = app(menu);

// a called party is asked for a key before the call is connected
const asked = (answer) => (ws, o) => { if (o.type === 'dial:confirm') ack(ws, o, [{ ...menu[0], actionHook: '/take', input: ['digits'] }, { verb: 'hangup' }]); else if (o.hook === '/take') ack(ws, o, answer(o)); else app([{ ...dial[0], confirmHook: '/c', tag: { about: 'x' } }])(ws, o); };

const cases = [
  // [name, app, options, script, exit code, what the last line must say]
  ['good: say and hangup', app(hello), [], '', 0, /^ok/],
  ['good: with a script', app(hello), [], 'expect say "hello"\nexpect hangup\nexpect close 1000', 0, /^ok/],
  ['good: short form of a verb', app([{ say: { text: 'Hi' } }, { hangup: {} }]), [], 'expect say = "Hi"\nexpect hangup', 0, /^ok/],
  ['good: exactly 24576 bytes', first((ws, o) => { const m = { type: 'ack', msgid: o.msgid, data: say(0) }; m.data[0].text = 'x'.repeat(24576 - JSON.stringify(m).length); send(ws, m); }), [], '', 0, /^ok/],
  ['good: caller hangs up', app([{ verb: 'pause', length: 50 }]), [], 'wait 1s\nhangup\nexpect close 1000', 0, /^ok/],
  ['good: drop and resume', gather, [], 'expect gather\ndrop\nexpect reconnect\npress 1\nexpect hangup', 0, /^ok/],
  ['good: drop with a hook open', (ws, o) => { if (o.type === 'session:reconnect') { ack(ws, o); send(ws, { type: 'command', command: 'redirect', data: hello }); } else gather(ws, o); }, [], 'expect gather\ndrop before-ack\npress 1\nawait say "Hello"\nexpect hangup', 0, /^ok/],
  ['good: 1012 during a call', (ws, o) => { gather(ws, o); if (o.type === 'session:new') setTimeout(() => ws.close(1012), 100); }, [], 'expect gather\nexpect close 1012\nexpect reconnect\npress 1\nexpect hangup', 0, /^ok/],
  ['good: unsolicited ping is answered', (ws, o) => { if (o.type === 'session:new') { ws.once('pong', () => ack(ws, o, hello)); ws.ping('x'); } }, [], 'expect say\nexpect hangup', 0, /^ok/],
  ['good: message in fragments', first((ws, o) => { const t = JSON.stringify({ type: 'ack', msgid: o.msgid, data: hello }); ws.send(t.slice(0, 20), { fin: false }); ws.ping(); ws.send(t.slice(20), { fin: true }); }), [], 'expect say\nexpect hangup', 0, /^ok/],
  ['good: redirect command wakes an idle call', first((ws, o) => { ack(ws, o, [{ verb: 'say', text: 'a' }]); setTimeout(() => send(ws, { type: 'command', command: 'redirect', data: hello }), 200); }), [], 'expect say a\nexpect idle\nexpect say Hello\nexpect hangup', 0, /^ok/],
  ['good: queued redirect', (ws, o) => { if (o.type === 'session:new') ack(ws, o, [{ verb: 'say', text: 'one '.repeat(40) }]); else if (o.data.call_status === 'in-progress') send(ws, { type: 'command', command: 'redirect', queueCommand: true, data: [{ verb: 'say', text: 'two' }, { verb: 'hangup' }] }); }, [], 'expect say one\nexpect say two\nexpect hangup', 0, /^ok/],
  ['good: call:status completed', first((ws, o) => { ack(ws, o, [{ verb: 'say', text: 'one' }]); setTimeout(() => send(ws, { type: 'command', command: 'call:status', data: { call_status: 'completed' } }), 300); }), [], 'expect say one\nexpect command call:status\nexpect hangup', 0, /^ok/],
  ['good: sip:decline of an unanswered call', app([{ verb: 'sip:decline', status: 486 }]), [], 'expect sip:decline status=486', 0, /^ok/],
  ['good: answer to outbound call', app(hello), ['--outbound'], 'expect sent call:status\nexpect say Hello\nexpect hangup', 0, /^ok/],
  ['good: outbound call busy', app(hello), ['--outbound'], 'set outbound busy\nexpect end\nexpect close 1000', 0, /^ok/],
  ['good: provoked 1007', app(menu), [], 'expect gather\nsend-bytes 81 82 00000000 c3 28\nexpect close 1007\nexpect reconnect\npress 1\nexpect hangup', 0, /^ok/],
  ['good: provoked 1002', app(menu), [], 'expect gather\nsend-bytes f1 80 00000000\nexpect close 1002\nexpect reconnect\npress 1\nexpect hangup', 0, /^ok/],
  ['good: close 1000 behind a queued hangup', first((ws, o) => { ack(ws, o, hello); setTimeout(() => ws.close(1000), 3); }), [], '', 0, /^ok/],
  ['good: unacked dial:confirm is judged, an acked one bridges', app([{ verb: 'dial', target: [{ type: 'phone', number: '+1' }], actionHook: '/d', confirmHook: '/c' }], undefined), [], 'expect dial phone/+1\nanswer\nexpect sent dial:confirm /c\nfar-hangup', 1, /no ack|hangup|got/],

  ['good: dial outcomes', (ws, o) => { if (o.type === 'session:new') ack(ws, o, dial); else if (o.hook === '/d') ack(ws, o, o.data.dial_call_status === 'completed' ? hello : dial); else if (wants(o)) ack(ws, o); }, [], 'expect dial user/ada\nbusy\nexpect dial\nno-answer\nexpect dial\nfailed\nexpect dial user/ada\nanswer 10s\nfar-hangup\nexpect say Hello\nexpect hangup', 0, /^ok/],
  ['good: dial:confirm', (ws, o) => { if (o.type === 'dial:confirm') ack(ws, o, [{ verb: 'say', text: 'Press one' }]); else app([{ ...dial[0], confirmHook: '/confirm' }])(ws, o); }, [], 'expect dial\nanswer\nexpect sent dial:confirm /confirm\nexpect say "Press one"\nexpect hangup', 0, /^ok/],
  ['good: dial:confirm with a key', asked((o) => o.data.digits === '1' && o.data.direction === 'outbound' && o.data.customerData.about === 'x' ? [{ verb: 'say', text: 'Yes' }] : []), [], 'expect dial\nanswer 20s\nexpect gather\nexpect say "Press a key."\npress 1\nexpect say "Yes"\nfar-hangup\nexpect sent verb:hook /d\nexpect hangup', 0, /^ok/],
  ['good: dial:confirm with another key', asked(() => []), [], 'expect dial\nanswer\nexpect gather\npress 2\nexpect hangup\nexpect sent verb:hook /d\nexpect hangup', 0, /^ok/],
  ['good: dial:confirm without a key', asked((o) => o.data.reason === 'timeout' ? [] : [{ verb: 'say', text: 'x' }]), [], 'expect dial\nanswer\nexpect gather\nexpect hangup\nexpect sent verb:hook /d\nexpect hangup', 0, /^ok/],
  ['dial:confirm: hangup in the answer to a key', asked(() => [{ verb: 'hangup' }]), [], 'expect dial\nanswer\nexpect gather\npress 1\nexpect sent verb:hook /d', 1, /hangup in the answer to a gather of dial:confirm/],
  ['good: both sides are transcribed', (ws, o) => { if (o.hook === '/t') { ack(ws, o); if (o.data.speech.channel_tag === 2) send(ws, { type: 'command', command: 'redirect', data: hello }); } else app([{ ...dial[0], transcribe: { transcriptionHook: '/t' } }])(ws, o); }, [], 'expect dial\nanswer 60s\nsay "one"\nexpect ack verb:hook /t\nfar-say "two"\nexpect say Hello\nexpect hangup', 0, /^ok/],
  ['good: transcribed in the background', (ws, o) => { if (o.hook === '/t') { ack(ws, o); if (o.data.speech.is_final) send(ws, { type: 'command', command: 'redirect', data: hello }); } else app([{ verb: 'config', transcribe: { enable: true, transcriptionHook: '/t', recognizer: { vendor: 'google', interim: true } } }, { verb: 'say', text: 'one '.repeat(200) }])(ws, o); }, [], 'expect say\nsay "one"\nexpect sent verb:hook /t\nexpect sent verb:hook /t\nexpect say Hello\nexpect hangup', 0, /^ok/],
  ['good: a conference that another member starts', (ws, o) => { if (o.hook === '/w') ack(ws, o, [{ verb: 'play', url: 'http://x/y.wav' }]); else if (o.hook === '/s') ack(ws, o); else app([{ verb: 'conference', name: 'room', startConferenceOnEnter: false, waitHook: '/w', statusHook: '/s', statusEvents: ['join', 'start-talking'], actionHook: '/c' }])(ws, o); }, [], 'expect conference\nexpect play\nevent start\nexpect ack verb:hook /s\nevent start-talking\nexpect ack verb:hook /s\nfinish\nexpect hangup', 0, /^ok/],
  ['good: dequeue', app([{ verb: 'dequeue', name: 'q', timeout: 20 }, { verb: 'dequeue', name: 'q', timeout: 20 }, ...hello]), [], 'expect dequeue\nfinish\nexpect dequeue\nexpect say\nexpect hangup', 0, /^ok/],
  ['good: environment, place in the queue', (ws, o) => { if (o.type === 'session:new') ack(ws, o, [{ verb: 'enqueue', name: o.data.env_vars.Q, waitHook: '/w' }]); else if (o.hook === '/w') ack(ws, o, [{ verb: 'say', text: `place ${o.data.queue_position} of ${o.data.queue_size}` }]); }, [], 'set env Q=sales\nset queue 1\nexpect enqueue sales\nexpect say "place 1 of 2"\nexpect say "place 0 of 1"\nhangup', 0, /^ok/],
  ['good: dtmfCapture', (ws, o) => { if (o.hook === '/dtmf') { ack(ws, o); ws.seen = o.data.dtmf; } else app([{ ...dial[0], dtmfCapture: ['*1'], dtmfHook: '/dtmf' }])(ws, o); }, [], 'expect dial\nanswer 20s\npress 5*1\nexpect ack verb:hook /dtmf\nfar-hangup\nexpect hangup', 0, /^ok/],
  ['good: digits with finishOnKey', (ws, o) => { if (o.type === 'verb:hook') ack(ws, o, [{ verb: 'say', text: 'got ' + o.data.digits }, { verb: 'hangup' }]); else app([{ verb: 'gather', actionHook: '/g', finishOnKey: '#', timeout: 9 }])(ws, o); }, [], 'press 4711#\nexpect gather\nexpect say = "got 4711"\nexpect hangup', 0, /^ok/],
  ['good: inter-digit timeout', (ws, o) => { if (o.type === 'verb:hook') ack(ws, o, [{ verb: 'say', text: 'got ' + o.data.digits }, { verb: 'hangup' }]); else app([{ verb: 'gather', actionHook: '/g', minDigits: 1, maxDigits: 6, interDigitTimeout: 2, timeout: 90 }])(ws, o); }, [], 'press 47\nexpect gather\nexpect say = "got 47"\nexpect hangup', 0, /^ok/],
  ['good: low confidence', (ws, o) => { if (o.type === 'verb:hook') ack(ws, o, [{ verb: 'say', text: o.data.reason }, { verb: 'hangup' }]); else app([{ ...menu[0], recognizer: { vendor: 'google', minConfidence: 0.5 } }])(ws, o); }, [], 'say "mumble" 0.2\nawait say "stt-low-confidence"\nexpect hangup', 0, /^ok/],
  ['good: redirect verb, same socket', (ws, o) => { if (o.type === 'session:redirect') ack(ws, o, hello); else app([{ verb: 'redirect', actionHook: '/next' }])(ws, o); }, [], 'expect redirect /next\nexpect sent session:redirect /next\nexpect say Hello\nexpect hangup', 0, /^ok/],
  ['good: redirect verb to another URL', (ws, o) => { if (o.type === 'session:redirect') { if (o.call_sid) ws.close(4000); ack(ws, o, hello); } else app([{ verb: 'redirect', actionHook: `ws://127.0.0.1:${ws._socket.localPort}/other` }])(ws, o); }, [], 'expect redirect\nexpect say Hello\nexpect hangup', 0, /^ok/],
  ['good: enqueue with music', (ws, o) => { if (o.hook === '/wait') ack(ws, o, [{ verb: 'say', text: 'position ' + o.data.queue_position }]); else app([{ verb: 'enqueue', name: 'support', waitHook: '/wait', actionHook: '/q' }], hello)(ws, o); }, [], 'expect enqueue support\nexpect say "position 0"\nexpect say "position 0"\nfinish queue_result=bridged\nawait say Hello\nexpect hangup', 0, /^ok/],
  ['good: conference', (ws, o) => app([{ verb: 'conference', name: 'room', statusHook: '/s', statusEvents: ['join', 'leave'], actionHook: '/c' }])(ws, o), [], 'expect conference room\nexpect ack verb:hook /s\nfinish\nexpect ack verb:hook /c\nexpect hangup', 0, /^ok/],
  ['good: notifyEvents', app([{ verb: 'config', notifyEvents: true }, { verb: 'say', text: 'x', id: 's1' }, { verb: 'hangup' }]), [], 'expect say\nexpect sent verb:status\nexpect hangup', 0, /^ok/],
  ['good: barge-in by config', (ws, o) => { if (o.hook === '/barge') ack(ws, o, hello); else app([{ verb: 'config', bargeIn: { enable: true, input: ['speech'], actionHook: '/barge' } }, { verb: 'pause', length: 500 }])(ws, o); }, [], 'expect pause\nsay "stop"\nexpect say Hello\nexpect hangup', 0, /^ok/],
  ['good: llm with a tool', (ws, o) => { if (o.type === 'llm:tool-call') send(ws, { type: 'command', command: 'llm:tool-output', tool_call_id: o.data.tool_call_id, data: { result: 'sunny' } }); else app([{ verb: 'openai_s2s', llmOptions: {}, toolHook: '/tool', actionHook: '/l' }])(ws, o); }, [], 'expect openai_s2s\ntool weather {"city":"Rome"}\nexpect command llm:tool-output data.result=sunny\nfinish\nexpect hangup', 0, /^ok/],
  ['good: v10 agent', app([{ verb: 'agent', llm: { vendor: 'x' } }, { verb: 'hangup' }]), ['--v10'], 'expect agent\nfinish\nexpect hangup', 0, /^ok/],
  ['good: streamed speech', (ws, o) => {
    if (o.type === 'session:new') ack(ws, o, [{ verb: 'config', ttsStream: { enable: true } }, { verb: 'pause', length: 500 }]);
    else if (o.data.event_type === 'stream_open') send(ws, { type: 'command', command: 'tts:tokens', data: { id: 1, tokens: 'We open at nine. And close' } });
    else if (o.type === 'tts:tokens-result' && o.data.id === 1) { send(ws, { type: 'command', command: 'tts:tokens', data: { id: 2, tokens: ' at five' } }); send(ws, { type: 'command', command: 'tts:flush' }); }
  }, [], 'expect tts "We open at nine."\nexpect tts " And close at five"\nhangup', 0, /^ok/],
  ['good: streamed speech, full', (ws, o) => {
    if (o.type === 'session:new') ack(ws, o, [{ verb: 'config', ttsStream: { enable: true } }, { verb: 'pause', length: 500 }]);
    else if (o.data.event_type === 'stream_open') for (const id of [1, 2]) send(ws, { type: 'command', command: 'tts:tokens', data: { id, tokens: 'x'.repeat(600) } });
    else if (o.data.reason === 'full' && ws.paused) setTimeout(() => { ws.ok = true; send(ws, { type: 'command', command: 'tts:clear' }); send(ws, { type: 'command', command: 'tts:tokens', data: { id: 3, tokens: 'Good. ' } }); }, 10);
    else if (o.data.event_type === 'stream_paused') ws.paused = true;
  }, [], 'expect tts "Good."\nhangup', 0, /^ok/],
  ['streamed speech: a piece that never fits', (ws, o) => {
    if (o.type === 'session:new') ack(ws, o, [{ verb: 'config', ttsStream: { enable: true } }, { verb: 'pause', length: 500 }]);
    else if (o.data.event_type === 'stream_open') send(ws, { type: 'command', command: 'tts:tokens', data: { id: 1, tokens: 'x'.repeat(1001) } });
  }, [], 'expect command tts:tokens\nhangup', 1, /1001 UTF-16 units/],
  ['good: listen with echo and marks', (ws, o) => { if (o.type) app([{ verb: 'listen', url: '/audio', actionHook: '/l', sampleRate: 8000, bidirectionalAudio: { enabled: true, streaming: true, sampleRate: 8000 }, metadata: { a: 1 } }])(ws, o); }, [], 'expect listen /audio\nexpect audio 200ms\nexpect mark m1\nfinish\nexpect ack verb:hook /l\nexpect hangup', 0, /^ok/],
  ['good: the app ends listen', (ws, o) => app([{ verb: 'listen', url: '/audio?disconnect', actionHook: '/l' }])(ws, o), [], 'expect listen\nexpect ack verb:hook /l\nexpect hangup', 0, /^ok/],
  ['listen: wrong mode', (ws, o) => app([{ verb: 'listen', url: '/audio?wrong', actionHook: '/l' }])(ws, o), [], 'expect listen\nwait 10s\nfinish\nexpect hangup', 1, /never played/],

  ['no ack at all', () => {}, [], '', 1, /no ack for session:new within 5000 ms/],
  ['late ack', first((ws, o) => setTimeout(() => ack(ws, o, hello), 5300)), [], '', 1, /no ack for session:new within 5000 ms/],
  ['late ack of a hook', (ws, o) => { if (o.type === 'verb:hook') setTimeout(() => ack(ws, o, hello), 5200); else gather(ws, o); }, [], 'expect gather\npress 1\nawait nothing', 1, /no ack for verb:hook \/menu within 5000 ms .*more/],
  ['second ack', first((ws, o) => { ack(ws, o, hello); ack(ws, o, hello); }), [], '', 1, /second ack for session:new/],
  ['ack of a notification', (ws, o) => { if (o.type === 'call:status') ack(ws, o); else app(menu)(ws, o); }, [], 'expect gather\npress 1', 1, /ack for call:status, which wants none/],
  ['ack of an unknown msgid', first((ws, o) => { ack(ws, o, menu); send(ws, { type: 'ack', msgid: 'nonsense' }); }), [], 'expect gather\nwait 1s', 1, /never sent/],
  ['ack without msgid', first((ws, o) => { ack(ws, o, menu); send(ws, { type: 'ack', data: [] }); }), [], 'expect gather\nwait 1s', 1, /msgid not supplied/],
  ['empty ack of session:new', app([]), [], '', 1, /no verbs.*480/],
  ['ack of session:new without data', app(undefined), [], '', 1, /no verbs.*480/],
  ['unknown verb', app([{ verb: 'sing', text: 'la' }]), [], '', 1, /invalid instruction: sing/],
  ['verb only in v10', app([{ verb: 'agent' }]), [], '', 1, /open-source server does not know it/],
  ['unknown property', app([{ verb: 'say', txt: 'la' }]), [], '', 1, /say: unknown property txt \(did you mean text\?\)/],
  ['unknown nested property', app([{ verb: 'gather', say: { text: 'a', verb: 'say' } }]), [], '', 1, /gather\.say: unknown property verb/],
  ['wrong type', app([{ verb: 'gather', numDigits: '1' }]), [], '', 1, /numDigits must be a number, is string "1"/],
  ['wrong enumeration', app([{ verb: 'dial', target: [{ type: 'fax', number: '1' }] }]), [], '', 1, /target\[0\]\.type must be one of phone,sip,user,teams/],
  ['missing required', app([{ verb: 'pause' }]), [], '', 1, /pause: missing value for length/],
  ['not an array', app({ verb: 'say' }), [], '', 1, /must be an array/],
  ['verb without name', app([{ text: 'x', loop: 1 }]), [], '', 1, /no verb property/],
  ['invalid verbs in a hook ack', app(menu, [{ verb: 'say', txt: 'x' }]), [], 'expect gather\npress 1\nexpect sent jambonz:error', 1, /invalid verbs in the ack of verb:hook \/menu/],
  ['invalid verbs in a redirect', first((ws, o) => { ack(ws, o, menu); soon(ws, { type: 'command', command: 'redirect', data: [{ verb: 'x' }] }); }), [], 'expect gather\nexpect command redirect', 1, /command redirect: .*invalid instruction: x/],
  ['unknown command', first((ws, o) => { ack(ws, o, menu); soon(ws, { type: 'command', command: 'dance', data: { a: 1 } }); }), [], 'expect gather\nexpect command dance', 1, /unknown command dance/],
  ['falsy data', first((ws, o) => { ack(ws, o, menu); soon(ws, { type: 'command', command: 'boostAudioSignal', data: 0 }); }), [], 'expect gather\nexpect sent jambonz:error', 1, /data property not supplied/],
  ['flat dtmf command', first((ws, o) => { ack(ws, o, menu); soon(ws, { type: 'command', command: 'dtmf', data: { digit: '1' } }); }), [], 'expect gather\nexpect command dtmf', 1, /data must have dtmf/],
  ['call_sid in a command', first((ws, o) => { ack(ws, o, menu); soon(ws, { type: 'command', command: 'mute:status', call_sid: 'x', data: 'mute' }); }), [], 'expect gather\nexpect command mute:status', 1, /callSid/],
  ['tool output without id', first((ws, o) => { ack(ws, o, menu); soon(ws, { type: 'command', command: 'llm:tool-output', data: { result: 1 } }); }), [], 'expect gather\nexpect command llm:tool-output', 1, /tool_call_id/],
  ['not JSON', first((ws, o) => { ack(ws, o, menu); soon(ws, '{"type":'); }), [], 'expect gather\nexpect sent jambonz:error', 1, /invalid message: unexpected end/],
  ['null', first((ws, o) => { ack(ws, o, menu); soon(ws, 'null'); }), [], 'expect gather\nexpect sent jambonz:error', 1, /type property not supplied/],
  ['24577 bytes', first((ws, o) => { const m = { type: 'ack', msgid: o.msgid, data: say(0) }; m.data[0].text = 'x'.repeat(24577 - JSON.stringify(m).length); send(ws, m); }), [], 'expect close 1009', 1, /24577 bytes/],
  ['too large in fragments', first((ws, o) => { ack(ws, o, menu); ws.send('x'.repeat(20000), { fin: false }); ws.send('x'.repeat(5000), { fin: true }); }), [], 'expect gather\nexpect close 1009', 1, /25000 bytes/],
  ['command with the first ack is lost', first((ws, o) => { ack(ws, o, menu); send(ws, { type: 'command', command: 'redirect', data: hello }); }), [], 'expect gather\nwait 1s', 1, /command redirect .*loses it/],
  ['close 1000 on a running call', first((ws, o) => { ack(ws, o, menu); setTimeout(() => ws.close(1000), 50); }), [], '', 1, /close 1000 on a call that was not hung up/],
  ['close 1000 on an idle call', first((ws, o) => { ack(ws, o, [{ verb: 'say', text: 'a' }]); setTimeout(() => ws.close(1000), 300); }), [], '', 1, /close 1000 on a call that was not hung up/],
  ...[1001, 1011, 3000].map((code) => [`close ${code}`, (ws, o) => { gather(ws, o); if (o.type === 'session:new') setTimeout(() => ws.close(code), 50); }, [], `expect gather\nexpect close ${code}`, 1, new RegExp(`closed with ${code}`)]),
  ['close without a code', (ws, o) => { gather(ws, o); if (o.type === 'session:new') setTimeout(() => ws.close(), 50); }, [], 'expect gather\nexpect close 1005', 1, /closed with 1005/],
  ['connection dropped', (ws, o) => { gather(ws, o); if (o.type === 'session:new') setTimeout(() => ws.terminate(), 50); }, [], 'expect gather\nexpect close 1006', 1, /without a close frame \(1006\)/],
  ['no answer to close', first((ws, o) => { ack(ws, o, hello); ws.on('close', () => {}); ws._receiver.removeAllListeners('conclude'); ws._receiver.on('conclude', () => ws._socket.destroy()); }), [], '', 1, /without answering close 1000/],
  ['1002 not provoked', (ws, o) => { gather(ws, o); if (o.type === 'session:new') setTimeout(() => ws.close(1002), 50); }, [], 'expect gather\nexpect close 1002', 1, /closed with 1002/],
  ['reconnect is not acked', (ws, o) => { if (o.type !== 'session:reconnect') gather(ws, o); }, [], 'expect gather\ndrop\nexpect end', 1, /no ack for session:reconnect within 5000 ms/],
  ['masked frame', raw(0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d), [], 'expect close 1002', 1, /masked frame/],
  ['reserved bits', raw(0xc1, 0x02, 0x7b, 0x7d), [], 'expect close 1002', 1, /reserved bits/],
  ['length not shortest', raw(0x81, 126, 0, 2, 0x7b, 0x7d), [], 'expect close 1002', 1, /shortest form/],
  ['bad UTF-8', raw(0x81, 0x02, 0xc3, 0x28), [], 'expect close 1007', 1, /not UTF-8/],
  ['bad close code', raw(0x88, 0x02, 0x03, 0xed), [], 'expect close 1002', 1, /invalid close code/],
  ['continuation out of order', raw(0x80, 0x02, 0x7b, 0x7d), [], 'expect close 1002', 1, /fragment out of order/],
  ['redirect [] on an idle call', first((ws, o) => { ack(ws, o, [{ verb: 'say', text: 'a' }]); setTimeout(() => send(ws, { type: 'command', command: 'redirect', data: [] }), 300); }), [], 'expect say\nexpect idle\nexpect end', 1, /redirect with \[\] on an idle call/],

  ['expectation: none so far', app(hello), [], 'expect say\nexpect no pause\nexpect no command redirect\nexpect no say "hello"', 1, /:4: expect no say "hello": got one/],
  ['expectation: other text', app(hello), [], 'expect say "Goodbye"', 1, /^FAILED: .*\.call:1: expect say "Goodbye": got say "Hello\."/],
  ['expectation: other verb', app(hello), [], '\n# a comment\nexpect gather', 1, /\.call:3: expect gather: got say "Hello\."/],
  ['expectation: property', app(menu), [], 'expect gather numDigits=4', 1, /got gather with numDigits=1/],
  ['expectation: nothing comes', app([{ verb: 'pause', length: 500 }]), ['--timeout', '0.3'], 'expect pause\nexpect dial', 1, /expect dial: got nothing of the kind within 0.3 s; the last verb was pause "500"/],
  ['expectation: call over', app(hello), [], 'expect say\nexpect hangup\nexpect say', 1, /expect say: got the call is over/],
  ['expectation: other close code', (ws, o) => { gather(ws, o); if (o.type === 'session:new') setTimeout(() => ws.close(1012), 50); }, [], 'expect gather\nexpect close 1001', 1, /expect close 1001: got close 1012/],
  ['pressing where nobody listens', app([{ verb: 'pause', length: 500 }]), ['--timeout', '0.3'], 'press 1', 1, /press 1: got nothing/],
];

function audio(ws, url) {
  let first = true;
  ws.on('message', (m, binary) => {
    if (url.includes('disconnect')) { if (first) ws.send('{"type":"disconnect"}'); first = false; return; }
    if (!binary) return;
    ws.send(m);
    if (first && !url.includes('wrong')) ws.send('{"type":"mark","data":{"name":"m1"}}');
    first = false;
  });
}

async function one([name, behave, args, script, code, says]) {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (p) => [...p][0] });
  await new Promise((r) => wss.once('listening', r));
  wss.on('connection', (ws, req) => {
    ws.on('error', () => {});
    if (req.url.startsWith('/audio')) return audio(ws, req.url);
    ws.on('message', (m) => { let o; try { o = JSON.parse(m); } catch { return; } behave(ws, o); });
  });
  const file = join(tmp, `${name.replace(/\W+/g, '-')}.call`);
  if (script) writeFileSync(file, script + '\n');
  const r = await run(['--fast', ...(script ? ['--script', file] : []), ...args, `ws://127.0.0.1:${wss.address().port}/app?x=1`]);
  wss.close();
  for (const c of wss.clients) c.terminate();
  verdict(name, r, code, says);
}

function verdict(name, r, code, says) {
  const last = (r.code === 0 ? r.out : r.err).trim().split('\n').pop();
  const good = r.code === code && (!says || says.test(last));
  if (good) passed++;
  else {
    failed++;
    console.log(`not ok: ${name}\n   exit ${r.code}, expected ${code}\n   last line: ${last}\n   wanted: ${says}\n${r.out.split('\n').slice(-25).join('\n')}`);
  }
}

// handshakes and command line
async function handshakes() {
  const answer = (f) => new Promise((resolve) => {
    const s = createServer((c) => { c.on('error', () => {}); let b = ''; c.on('data', (d) => { b += d; if (b.includes('\r\n\r\n')) f(c, b); }); });
    s.listen(0, '127.0.0.1', () => resolve(s));
  });
  const key = (b) => createRequire(import.meta.url)('crypto').createHash('sha1').update(/Sec-WebSocket-Key: (.*)\r/.exec(b)[1] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  const ok101 = (b, more) => `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key(b)}\r\n${more}\r\n`;
  for (const [name, f, says] of [
    ['no subprotocol', (c, b) => c.write(ok101(b, '')), /Server sent no subprotocol/],
    ['other subprotocol', (c, b) => c.write(ok101(b, 'Sec-WebSocket-Protocol: chat\r\n')), /invalid subprotocol/],
    ['wrong accept key', (c) => c.write('HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n'), /Sec-WebSocket-Accept/],
    ['404', (c) => c.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'), /404 Not Found/],
    ['401', (c) => c.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n'), /401 Unauthorized/],
    ['silence', () => {}, /timed out/],
    ['deflate accepted', (c, b) => c.write(ok101(b, 'Sec-WebSocket-Protocol: ws.jambonz.org\r\nSec-WebSocket-Extensions: permessage-deflate\r\n')), /permessage-deflate/],
  ]) {
    if (only && !name.includes(only)) continue;
    const s = await answer(f);
    const r = await run(['--fast', `ws://127.0.0.1:${s.address().port}/`]);
    s.close();
    verdict('handshake: ' + name, r, 3, says);
  }
  if (only) return;
  let seen = '';
  const s = await answer((c, b) => { seen = b; c.end('HTTP/1.1 503 x\r\n\r\n'); });
  const port = s.address().port;
  await run([`ws://ada:s%20cret@127.0.0.1:${port}/app?x=1#rc=1`]);
  const want = `GET /app?x=1 HTTP/1.1\r\nuser-agent: jambonz\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: KEY\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: ws.jambonz.org\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Basic ${Buffer.from('ada:s cret').toString('base64')}\r\n\r\n`;
  if (seen.replace(/Key: .*\r/, 'Key: KEY\r') === want) passed++; else { failed++; console.log('not ok: upgrade request\n' + seen); }
  await run(['--auth', 'bob:pw', `ws://127.0.0.1:${port}/#rc=1`]);
  if (seen.includes(`Authorization: Basic ${Buffer.from('bob:pw').toString('base64')}\r\n`)) passed++; else { failed++; console.log('not ok: --auth\n' + seen); }
  s.close();
  verdict('nobody listens', await run(['--fast', `ws://127.0.0.1:${port}/`]), 3, /cannot connect/);
  verdict('no URL', await run([]), 2);
  verdict('unknown option', await run(['--nonsense', 'ws://127.0.0.1:1/']), 2, /--help/);
  verdict('unknown option with a value', await run(['--fast=3', 'ws://127.0.0.1:1/']), 2);
  verdict('wss', await run(['wss://127.0.0.1:1/']), 2);
  verdict('help', await run(['--help']), 0);
  writeFileSync(join(tmp, 'bad.call'), 'expect say "x"\njump 3\n');
  verdict('script mistake', await run(['--script', join(tmp, 'bad.call'), 'ws://127.0.0.1:1/']), 2, /bad\.call:2: unknown statement.*jump/);
}

// many calls, the transcript, seeds
async function bulk() {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'ws.jambonz.org' });
  await new Promise((r) => wss.once('listening', r));
  let n = 0;
  wss.on('connection', (ws, req) => ws.on('message', (m) => { const o = JSON.parse(m); if (o.type === 'session:new') ack(ws, o, req.url === '/bad' && ++n === 7 ? [] : hello); }));
  const url = `ws://127.0.0.1:${wss.address().port}`;
  verdict('200 calls', await run(['--fast', '--calls', '200', '--concurrency', '50', `${url}/good`]), 0, /200 calls in .* p50 .* p90 .* p99 .* max .*; 0 failed/);
  const bad = await run(['--fast', '--calls', '50', '--concurrency', '10', `${url}/bad`]);
  verdict('one of 50 calls is bad', { ...bad, err: bad.out }, 1, /; 1 failed/);
  const t = join(tmp, 't.jsonl');
  const runs = [];
  for (let i = 0; i < 2; i++) {
    await run(['--fast', '--seed', '42', '--transcript', t, `${url}/good`]);
    runs.push(readFileSync(t, 'utf8').trim().split('\n').map((l) => JSON.parse(l)));
  }
  const ids = runs.map((r) => r.filter((l) => l.dir === 'send').map((l) => [l.message.msgid, l.message.call_sid].join()).join());
  const types = runs[0].filter((l) => l.dir === 'send' || l.dir === 'recv').map((l) => `${l.dir} ${l.type}`).join('; ');
  if (ids[0] === ids[1] && types === 'send session:new; recv ack; send call:status; send call:status; send call:status') passed++;
  else { failed++; console.log('not ok: transcript\n', ids, types); }
  wss.close();
  for (const c of wss.clients) c.terminate();
}

const list = cases.filter((c) => !only || c[0].includes(only));
const worker = async () => { for (let c; (c = list.shift()); ) await one(c); };
await Promise.all(Array.from({ length: 8 }, worker));
await handshakes();
if (!only) await bulk();
rmSync(tmp, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
