// node compare.mjs PROGRAM     For every method of the official SDK's Session and AudioStream: the frames it sends and those PROGRAM
// (frames.c) sends for the same call in C are the same JSON. Where they are not meant to be, `otherwise` says what ours is and why.
// A method that is in neither list is a failure, so a newer SDK cannot bring one in unnoticed.

import { EventEmitter } from 'node:events'
import { execFileSync } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import { Session, AudioStream } from '@jambonz/sdk/websocket'

const LEG = 'b7e0c9a4-1d35-4f6e-8a2b-93c4d5e6f708'
const quiet = { info () {}, debug () {}, error () {}, warn () {} }
const target = [{ type: 'phone', number: '+15083084809' }]

// What the SDK would write to its socket.
class Line extends EventEmitter {
  readyState = 1
  OPEN = 1
  sent = []
  send (data) { this.sent.push(typeof data === 'string' ? JSON.parse(data) : Buffer.from(data).toString('hex')) }
  close () { this.sent.push('closed') }
}
const session = msgid => { const ws = new Line(); return [new Session({ ws, logger: quiet, msg: { msgid, data: {} } }), ws] }

// -- the same calls as in frames.c ------------------------------------------------------------------------------------

const verbs = {
  say: { text: 'Good morning.', loop: 2 },
  play: { url: 'https://example.com/tune.mp3' },
  gather: { actionHook: '/digits', input: ['digits', 'speech'], numDigits: 1, timeout: 8 },
  llm: { vendor: 'openai', model: 'gpt-4o-realtime', llmOptions: { response_create: {} }, toolHook: '/tool' },
  s2s: { vendor: 'openai', llmOptions: { a: 1 } },
  openai_s2s: { llmOptions: { a: 1 } },
  qwen_s2s: { llmOptions: { a: 1 } },
  google_s2s: { llmOptions: { a: 1 } },
  elevenlabs_s2s: { auth: { agent_id: 'a1' } },
  deepgram_s2s: { llmOptions: { a: 1 } },
  ultravox_s2s: { llmOptions: { a: 1 } },
  dialogflow: { project: 'p', lang: 'en-US', credentials: '{}' },
  agent: { llm: { vendor: 'openai', model: 'gpt-4o' } },
  listen: { url: 'wss://example.com/audio', mixType: 'mono', bidirectionalAudio: { enabled: true, streaming: true, sampleRate: 8000 } },
  stream: { url: 'wss://example.com/audio' },
  transcribe: { transcriptionHook: '/said' },
  dial: { target: [...target, { type: 'user', name: 'bob@example.com' }], answerOnBridge: true, headers: { 'X-One': '1' } },
  conference: { name: 'monday', startConferenceOnEnter: false },
  enqueue: { name: 'support', waitHook: '/music' },
  dequeue: { name: 'support', timeout: 20 },
  hangup: { headers: { 'X-Reason': 'done' } },
  redirect: { actionHook: '/next' },
  pause: { length: 1.5 },
  leave: {},
  sipDecline: { status: 486, reason: 'Busy "now"' },
  sipRequest: { method: 'INFO', body: 'ping\né' },
  sipRefer: { referTo: 'sip:1001@example.com' },
  transfer: { mode: 'blind', target },
  config: { synthesizer: { vendor: 'google', language: 'en-US', voice: 'A' } },
  answer: {},
  alert: { message: 'Front door' },
  tag: { data: { customer: '17' } },
  dtmf: { dtmf: '1234#', duration: 250 },
  dub: { action: 'addTrack', track: 'music' },
  message: { to: '15083084809', from: '15083728299', text: 'You missed a call' },
  notifyEvents: true,
  addVerbs: [{ verb: 'say', text: 'one' }, { verb: 'hangup' }]
}
const commands = {
  send: s => s.say({ text: 'now' }).send(),
  'send queued': s => s.say({ text: 'then' }).send({ execImmediate: false }),
  injectCommand: s => s.injectCommand('x:y', { a: [1, true, null] }, LEG),
  injectRedirect: s => s.injectRedirect('/other'),
  injectWhisper: s => s.injectWhisper({ verb: 'say', text: 'psst' }, LEG),
  injectMute: s => s.injectMute('mute', LEG),
  injectNoiseIsolation: s => s.injectNoiseIsolation('enable', { vendor: 'krisp', level: 80 }),
  injectListenStatus: s => s.injectListenStatus('pause'),
  injectSay: s => s.injectSay({ text: 'hello room' }),
  injectPlay: s => s.injectPlay({ url: 'https://example.com/a.mp3' }),
  injectRecord: s => s.injectRecord('startCallRecording', { recordingID: 'r1', siprecServerURL: 'sip:rec@example.com' }),
  injectDtmf: s => s.injectDtmf('5', 250, LEG),
  injectTag: s => s.injectTag({ customer: 17 }),
  sendCommand: s => s.sendCommand('media:path', 'full-media'),
  sendToolOutput: s => s.sendToolOutput('t1', { type: 'client_tool_result', invocation_id: 't1', result: '11 C' }),
  updateLlm: s => s.updateLlm({ type: 'session.update', session: {} }),
  updateAgent: s => s.updateAgent({ type: 'update_instructions', instructions: 'be brief' }),
  injectSttReconfigure: s => s.injectSttReconfigure({ languageHints: ['Acme', 'jambonz'] }),
  sendTtsTokens: s => { s.sendTtsTokens('One two.') },
  flushTtsTokens: s => s.flushTtsTokens(),
  clearTtsTokens: s => s.clearTtsTokens()
}
const audio = {
  sendAudio: a => a.sendAudio(Buffer.from([1, 0, 2, 0, 0xfd, 0xff, 0x34, 0x12])),
  sendMark: a => a.sendMark('half'),
  clearMarks: a => a.clearMarks(),
  playAudio: a => a.playAudio(Buffer.from('RIFF\0\0').toString('base64'), { audioContentType: 'wav', sampleRate: 8000, id: 'c1', queuePlay: true }),
  killAudio: a => a.killAudio(),
  disconnect: a => a.disconnect()
}

// -- where ours is another on purpose ---------------------------------------------------------------------------------

const otherwise = {
  send: ['queueCommand: false is what leaving it out means', f => { const { queueCommand, ...rest } = f; return queueCommand === false ? rest : f }],
  injectDtmf: ['the open server reads data.dtmf.digit (PROTOCOL 3.3, FEATURES 43): the flat shape does nothing there',
    f => ({ ...f, data: { dtmf: f.data } })]
}
const not_compared = {
  Session: {
    constructor: '', isTtsPaused: 'events WRITABLE and OPEN tell it', processQueue: 'internal', handleTtsTokensResult: 'internal',
    handleUserInterruption: 'internal', resumeTtsStreaming: 'internal', onMessage: 'internal', wsSend: 'internal', toJSON: 'ev->data',
    close: 'closes with 1005, so jambonz comes back (PROTOCOL 1.3, FEATURES 61); here jbz_hangup_call, then 1000'
  },
  AudioStream: {
    constructor: '', onTextMessage: 'internal', sendJson: 'internal', close: 'jbz_audio_disconnect, and jbz_conn_drop'
  }
}

// -- compared ---------------------------------------------------------------------------------------------------------

const ours = {}
for (const row of execFileSync(process.argv[2], { encoding: 'utf8' }).split('\n').filter(Boolean)) {
  const [method, frame] = row.split('\t')
  ;(ours[method] ??= []).push(frame[0] === '{' ? JSON.parse(frame) : frame)
}
const theirs = {}
for (const [method, options] of Object.entries(verbs)) {
  const [s, ws] = session('m-' + method)
  s[method](options).reply()
  theirs[method] = ws.sent
}
{
  const [s, ws] = session('m-reply')
  s.say({ text: 'hi' }).reply()
  theirs.reply = ws.sent
}
for (const [method, call] of Object.entries(commands)) {
  const [s, ws] = session('m')
  s.send() // the answer to session:new
  ws.sent.length = 0
  call(s)
  theirs[method] = ws.sent
}
for (const [method, call] of Object.entries(audio)) {
  const ws = new Line()
  call(new AudioStream(ws, { sampleRate: 8000, callSid: 'x' }, quiet))
  theirs[method] = ws.sent
}

let good = 0
const wrong = []
for (const method of Object.keys(theirs)) {
  const [, like = f => f] = otherwise[method] ?? []
  const wanted = theirs[method].map(like)
  if (ours[method] && isDeepStrictEqual(ours[method], wanted)) good++
  else wrong.push(`${method}: ours ${JSON.stringify(ours[method])}, the SDK's ${JSON.stringify(wanted)}`)
  if (otherwise[method] && isDeepStrictEqual(ours[method], theirs[method])) wrong.push(`${method}: is the same by now`)
}
for (const [name, cls] of Object.entries({ Session, AudioStream })) {
  const known = method => method in theirs || method in not_compared[name]
  for (const method of Object.getOwnPropertyNames(cls.prototype)) known(method) ? good++ : wrong.push(`${name}.${method} is not compared`)
}
for (const method of Object.keys(ours)) if (!theirs[method]) wrong.push(`${method}: nothing to compare with`)
for (const line of wrong) console.log('FAIL: ' + line)
console.log(`sdk: ${good} passed, ${wrong.length} failed`)
process.exit(wrong.length ? 1 : 0)
