/* jambonz_ws.h - v0.1.0 - jambonz voice apps in plain C
 *
 * Answers phone calls for jambonz, the open CPaaS. jambonz opens one WebSocket per call to your app, sends session:new and
 * wants an answer made of verbs (say, gather, dial ...) within 5 seconds; this file is the whole server for that. No
 * dependencies but libc and POSIX sockets. Public domain or MIT, at your choice (end of file).
 *
 * QUICK START
 *
 *     #define JAMBONZ_WS_IMPLEMENTATION
 *     #include "jambonz_ws.h"
 *     static void on_session(const jbz_event *ev, void *user) {
 *         jbz_out *o = jbz_reply(ev);
 *         jbz_say(o, .text = "Hello from C.");
 *         jbz_hangup(o);
 *         jbz_send(o);
 *         (void)user;
 *     }
 *     int main(int argc, char **argv) {
 *         return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/hello", .on_session = on_session));
 *     }
 *
 * cc -o hello hello.c, run it, and give jambonz the URL ws://HOST:3000/hello as the hook of an application.
 *
 * BUILD
 *
 * Include it wherever you need it. In exactly one C or C++ file, define JAMBONZ_WS_IMPLEMENTATION before that, and include it
 * before any system header (or compile that file with -D_GNU_SOURCE). C99 or newer, C++11 or newer; the shorthand verbs with
 * their designated initialisers need C99 or C++20, in older C++ assign members and call jbz_put_say(o, &say).
 *
 * CONTENTS (search for "MARK: 9" to get to room 9; each room is there twice, declarations first, implementation below)
 *
 *      0 BASE    errors, allocator, log
 *      1 UTF8    is it UTF-8, whole or in pieces
 *      2 BUF     the pool: memory for whatever has to wait
 *      3 JSON    tokenizer, look-up, decoding
 *      4 OUT     JSON writer
 *      5 MSG     jambonz' messages and envelopes
 *      6 VERB    say, gather, dial ...: option structs to JSON
 *      7 HASH    SHA-1, base64, a seeded hash
 *      8 HTTP    the upgrade request, and answers
 *      9 WS      RFC 6455 frames
 *     10 CONN    one connection, sans I/O
 *     11 CALL    apps, calls, replies, deadlines
 *     12 SERVER  sockets, the clock, the doors
 *
 * A room uses only rooms above it. So the file can be cut from below: JBZ_NO_SERVER ends it after room 11 (your own sockets,
 * lwIP, bare metal), JBZ_NO_CONN after room 6 (your own WebSocket, our JSON and verbs).
 *
 * THE MODEL
 *
 * A call is an object that outlives its sockets. What happens comes as events, one at a time: a message of jambonz, a timer,
 * the end. An event that wants an answer is answered by jbz_reply ... jbz_send, now or (jbz_reply_later, jbz_reply_to) later.
 * Commands (jbz_cmd_redirect, jbz_cmd) speak without being asked.
 *
 *   - What an event points to lives until the next event is pulled: keep a jbz_call_id, not a pointer; copy strings.
 *   - A stale id is never found again: what is then NULL may be handed on, functions say JBZ_E_GONE, nothing crashes.
 *   - A message is sent whole or not at all. The first error in it sticks, jbz_send reports and logs it with the culprit's path
 *     ("dial.target[0].type"), and the event stays open: answer it again, or let the library do it. Sample code needs no `if`.
 *   - A server and all that is its belong to one thread. Only jbz_wakeup may be called from another.
 *
 * SILENCE IS ANSWERED
 *
 * jambonz gives up on an ack after 5 s. So every message that wants one gets exactly one: by the handler; or by the library
 * when the handler returns without a reply; or, when it asked for time, after ack_ms (4 s). The library's answer is
 *
 *     verb:hook, dial:confirm                         "data":[]     go on with the verbs you have
 *     session:redirect, :reconnect, :adulting, queue:status         no data
 *     session:new, outbound call                                    no data: the call waits for commands
 *     session:new, inbound call       desc.fallback, else sip:decline 480 and hangup (jambonz skips whichever does not fit)
 *
 * An empty reply to an inbound session:new is refused by jbz_send (it would end the call), an empty redirect likewise.
 *
 * THREE DOORS, AND THE CORE BEHIND THEM
 *
 *   callbacks    jbz_main(argc, argv, &desc) or jbz_run(&desc): the library waits and calls your handlers for ever.
 *   own loop     s = jbz_server_open(&desc, &err); jbz_server_poll(s, &ev, ms) gives the next event; jbz_dispatch(&ev) calls
 *                the handlers if you like. jbz_server_fds joins somebody else's poll or epoll.
 *   script       call = jbz_server_accept(s, ms); then jbz_wait(call, &ev, ms): one call reads from top to bottom, all others
 *                are served meanwhile and their events kept. Parallel scripts: one server per thread.
 *   sans I/O     core = jbz_core_open(&desc, &err); c = jbz_conn_open(core); jbz_conn_feed, jbz_core_next, jbz_conn_pending,
 *                jbz_conn_sent, jbz_conn_wants, jbz_core_tick: bytes and milliseconds in, events and bytes out.
 *
 * Handlers move between doors unchanged.
 *
 * WHO GETS WHAT
 *
 * A path chooses the app (the longest that matches by whole segments). In it: session:new goes to on_session; verb:hook,
 * dial:confirm and session:redirect to the on_hook entry whose `hook` is what the verb was given, else, when they come first
 * on an unknown call, to on_session, else to on_other; a resumed call to on_resume; all that wants no ack, timers and
 * session:adulting to on_other; the end to on_end, once. Raw WebSockets (no jambonz subprotocol) go to on_message.
 *
 * A DROPPED SOCKET
 *
 * jambonz reconnects after any close but 1000, and so does this library expect it. The call is kept for resume_ms, then ends
 * with on_end and JBZ_E_TIMEOUT. Its open replies are gone (jambonz gave up on them, too): jbz_send says JBZ_E_GONE. When the
 * socket is back:
 *
 *   - the call was acked and something followed, or it is a leg that never had a session:new (adulting, redirect): the
 *     library acks session:reconnect at once; commands issued meanwhile, and frames the kernel never took, are sent; then
 *     on_resume. If a hook was open at the drop, jambonz tells with jambonz:error ("invalid actionHook response") that it ran
 *     out of verbs: on_other can redirect the call (examples/menu_app.h does).
 *   - the call was never acked, or is not known here: it goes to on_session with ev->again set, and is answered with verbs.
 *     A jambonz that had no first ack takes these; one that had ignores them. The former then keeps all its messages back
 *     until it is dropped once more (PROTOCOL 9.1), so if nothing follows within 1 s the socket is closed with 1012, once, and
 *     the next session:reconnect is acked and goes to on_resume.
 *
 * Seen with tests/simulator, which behaves as the real client was read and observed to: answered, unanswered and outbound
 * calls come back this way from a drop before the first ack, between hooks, with a hook open, with deferred replies and with
 * commands waiting, on the same server and on one that had never seen them (tests/calls, tests/e2e).
 *
 * HANGING UP
 *
 * Inside a dialogue, jbz_hangup(o) is the verb for it. From outside, jbz_hangup_call(call): open replies are answered, then
 * inbound calls get redirect [sip:decline 480, hangup] (jambonz skips the one that does not fit the state), outbound ones
 * redirect [hangup], or call:status no-answer while they still ring. If jambonz has not closed within close_ms, call:status
 * completed and no-answer follow; after another close_ms the socket is closed with 1000. Nothing else sends 1000.
 *
 * STOPPING
 *
 * jbz_server_drain closes the listeners, refuses upgrades already under way with 503, and closes each call's socket with 1012
 * as soon as no reply is open and nothing unsent, at the latest after drain_ms: jambonz reconnects, to another server if there
 * is one. jbz_main does this on SIGINT and SIGTERM. Calls that go elsewhere get no END here.
 *
 * VERBS
 *
 *     jbz_gather(o, .actionHook = "/menu", .input = { "digits", "speech" }, .numDigits = 1, .timeout = 8,
 *                .say = JBZ_LIT(say_opts, .text = "For sales press 1."));
 *     jbz_dial(o, .target = { { .type = "phone", .number = "+15085551212" } }, .timeout = 20);
 *
 * Options are spelled as on the wire; what is not set is not sent.
 *
 *     number      plain double; 0 is not sent, JBZ_ZERO sends 0, JBZ_FOREVER sends "forever", jbz_exact(x) sends any x
 *     boolean     JBZ_TRUE or JBZ_FALSE; 0 is not sent
 *     list        { "a", "b" }, at most JBZ_MAX_LIST, ends at the first empty one
 *     object      JBZ_LIT(..._opts, ...) in the call itself, or a pointer to your own struct
 *     two forms   two members: .text and .text_list, .actionHook and .actionHook_obj; setting both is JBZ_E_CONFLICT
 *     free form   JSON text, checked to be JSON
 *
 * Checked when put: required options, doubled ones, enumerations, the 24,576 bytes jambonz takes; with .target = JBZ_OSS also
 * what the open-source server rejects (one unknown property there invalidates the whole answer). jbz_raw(o, json) puts verbs
 * as JSON text.
 *
 * COMMANDS
 *
 *     jbz_cmd_mute_status(call, jbz_call_leg(call, 0), "mute");
 *     jbz_cmd_config(call, JBZ_LIT(config_opts, .notifyEvents = JBZ_TRUE));
 *
 * speak without being asked, one function per command, jbz_cmd_<name>; jbz_cmd(call, name, leg, json) sends any other. Words
 * and ranges are checked, falsy data is refused; jambonz confirms none. A leg is the call_sid of one that was dialled
 * (jbz_call_leg, jbz_ev_leg, jbz_ev_dial_sid), NULL the session's own. Commands wait while a message is open, before the first
 * answer, and while the socket is lost. jbz_cmd_redirect alone gives a jbz_out to fill; so does jbz_cmd_redirect_parent.
 *
 * WHAT EVENTS TELL
 *
 *     jbz_ev_transcript(ev), jbz_ev_digits(ev), jbz_ev_reason(ev), jbz_ev_dial_status(ev), jbz_ev_leg(ev) ...
 *
 * know the several names and places jambonz has for the same thing. They take any event; what it does not tell is "", 0 or -1.
 * The rest is one jbz_json_str(ev->data, "/account_sid", "") away.
 *
 * SPEECH
 *
 *     jbz_tts_write(call, text, n, &taken)      as the text comes; then jbz_tts_flush(call), or jbz_tts_clear(call) for silence
 *
 * streams text into the voice (config with .ttsStream, or say with .stream). The library cuts it, sends one piece at a time,
 * keeps what jambonz has no room for (desc.speech_queue), asks again when jambonz forgets to, and ends the last piece so that
 * the flush acts at once. on_other gets JBZ_EV_TTS_OPEN, _WRITABLE (after JBZ_E_FULL), _INTERRUPTED (the caller spoke: the rest
 * is dropped), _CLOSED (with how much was not spoken), and _REPEATED: after a lost socket a piece of unknown fate is sent
 * again. Nothing is lost or said twice without one of these. No event tells that the last word was heard. examples/agent.c.
 *
 * TOOLS
 *
 *     for (i = 0; jbz_ev_tool_call(ev, i, &tool); i++)          of llm:tool-call and agent:tool-call, whatever the vendor
 *         jbz_tool_output(ev->call, .id = tool.id, .name = tool.name, .json = "{\"temperature\":11}");
 *
 * Each vendor takes another shape; the one of the verb llm, agent or ..._s2s sent last is chosen. After verbs put as raw JSON,
 * name it: .vendor = "openai". jbz_cmd_llm_update and jbz_cmd_agent_... talk to a running model.
 *
 * ENVIRONMENT
 *
 * desc.env, a table of jbz_env, is what the portal asks the admin for (OPTIONS on the app's path; errors in it are found when
 * the core is opened). jbz_call_env(call, "GREETING") reads a value, or the table's fallback, at any time of the call;
 * jbz_call_env_int, _num and _bool read it typed.
 *
 * AUDIO
 *
 * Verb listen opens a further socket for the audio of a call; on_audio handles it, in an app with a path of its own or not:
 *
 *     .url = jbz_audio_url(ev->call, "/audio", buf, sizeof buf)      in verb listen; the token in it names the call
 *
 *     JBZ_EV_AUDIO_START   jbz_audio_mode(ev->audio, JBZ_AUDIO_STREAM, 8000) says what bidirectionalAudio asked for
 *     JBZ_EV_AUDIO_PCM     ev->samples of 16 bits at ev->pcm; jbz_audio_write(ev->audio, pcm, n, &taken) speaks
 *     JBZ_EV_AUDIO_END     last of all; the call goes on, as the audio goes on when the call's own socket is lost
 *
 * ev->audio is valid during the event, jbz_audio_id is to keep. What is written goes at most 200 ms ahead of what is heard
 * (jbz_audio_pace), so that jbz_audio_kill is silence at once; the rest waits in the pool, at most audio_queue bytes, then
 * writes take less and JBZ_EV_AUDIO_WRITABLE tells when to go on. End what you say with jbz_audio_end: jambonz keeps the last
 * syllable otherwise. Marks (jbz_audio_mark) are hints: jambonz loses some, the library tells those as JBZ_E_TIMEOUT. Without
 * streaming it is JBZ_AUDIO_CLIPS and jbz_audio_play. What jambonz would ignore is JBZ_E_STATE here. examples/audio_echo.c.
 *
 * MEMORY AND LIMITS
 *
 * jbz_server_memory(&desc) = fixed part + max_conns * (connection + call) + pool: with the defaults about 5 MiB, most of it
 * never touched. desc.memory runs everything in one block of that size. Nothing is allocated per message; messages in pieces,
 * unsent bytes, deferred replies and the like live in the pool, which never exceeds its limit. That limit does not grow with
 * max_conns, as few calls have something waiting at a time: set desc.pool where many stream speech or audio.
 *
 *     limit                      against                        what happens beyond it
 *     handshake_ms, request,     slow or endless requests       dropped; 431
 *       headers
 *     max_conns                  floods of connections          503
 *     max_message                giant or endless messages      Close 1009
 *     tokens, JBZ_JSON_DEPTH     deep or wide JSON              message dropped, logged
 *     out_spill                  peers that do not read         not read either; sends say JBZ_E_FULL
 *     pool                       all of them together           the greediest connection is closed with 1013
 *     max_out                    jambonz' own limit (1009)      JBZ_E_TOO_BIG, nothing sent
 *     ping_ms                    dead peers                     dropped after two unanswered pings
 *     pending, detached_bytes,   calls that hoard               JBZ_E_FULL
 *       speech_queue
 *     audio_queue                speech far ahead of its time   JBZ_E_FULL, then WRITABLE
 *     audio_first_ms             audio sockets nobody uses      Close 1000
 *     resume_ms                  calls that never come back     END with JBZ_E_TIMEOUT
 *
 * SCALING
 *
 * A server is one thread. What a core holds follows from the CPU time per piece of work, the kernel's part included, measured
 * by `make bench` (AMD EPYC, 2026-11-25; README has the table). With half of the core left free:
 *
 *     work                                                     CPU       one core         16 cores
 *     call: connect, session:new, say, close                 36.5 us    14,000 /s      220,000 /s
 *     hook of 4.4 kB, answered                                9.0 us    55,000 /s      890,000 /s
 *     audio frame of 20 ms, received and sent                 7.7 us     1,300 calls    21,000 calls
 *
 * An idle call takes 217 bytes here and 4,162 in the kernel: 10,000 take 44 MB. A call of 3 minutes with a hook every 10 s
 * takes 0.20 ms of CPU in all, so CPU time would do for 450,000 of them at a time on one core: descriptors (ulimit -n) and
 * max_conns end first, except for audio. A handler that blocks for a millisecond costs more than all of this.
 *
 *   - A box: one process per core on one port (.reuse_port); the kernel deals out the connections. Processes share nothing, so
 *     the figures multiply; the right-hand column is that product.
 *   - A fleet: any TCP or HTTP balancer before it, without stickiness, as a call is one socket; by least connections, as calls
 *     last minutes. A socket that comes back may go to any server (A DROPPED SOCKET). Drain one to replace it; its calls move.
 *
 * ONE ODD MESSAGE
 *
 * Bytes that break RFC 6455 (1002), text that is not UTF-8 (1007) and messages over max_message (1009) end the connection;
 * jambonz comes back and the call goes on. Text that is not usable JSON is logged and dropped. A message without what its
 * type needs, or that names no call on a socket that has none, is logged and acked as silence is: handlers never see it, so
 * ev->call of a message is never NULL. Unknown types come as JBZ_EV_UNKNOWN.
 *
 * ERRORS AND LOGS
 *
 * Functions return a jbz_err, the list is in room 0; jbz_last_error(server_or_out, &path) gives the text and the culprit. Set
 * desc.log.fn (jbz_log_stderr is a ready one) to see what goes on. At most 50 lines a second; peers' bytes are escaped; what
 * people say, dial or own is logged at JBZ_LOG_DEBUG only.
 *
 * SECURITY
 *
 * Listens on 127.0.0.1 unless told otherwise. jambonz does not sign WebSocket requests: use desc.auth (Basic), a secret in the
 * path, and TLS in front. Browsers' cross-site requests are refused (Origin) unless desc.origins lists them.
 *
 * CONFIG MACROS
 *
 *     JAMBONZ_WS_IMPLEMENTATION   one file      emits the implementation
 *     JBZ_STATIC                  that file     everything private to it
 *     JBZ_API                     everywhere    export decoration (extern)
 *     JBZ_NO_SERVER, JBZ_NO_CONN  everywhere    cut after room 11, after room 6
 *     JBZ_NO_VERBS                everywhere    without room 6's tables: verbs as JSON text only
 *     JBZ_NO_SHORTHAND            everywhere    no jbz_say(o, ...) macros, only jbz_put_say(o, &opts)
 *     JBZ_MAX_LIST 10, JBZ_MAX_ROUTES 16, JBZ_MAX_APPS 8   everywhere the same: they are part of struct layouts
 *     JBZ_JSON_DEPTH 64           that file     nesting accepted
 *     JBZ_NO_SIMD                 that file     portable code instead of SSE2 or NEON
 *     JBZ_NO_EPOLL                that file     poll() on Linux, too
 *     JBZ_NO_MALLOC               that file     no realloc, free: set desc.alloc.fn or desc.memory
 *     JBZ_ASSERT(c)               that file     assert(c)
 *     JBZ_SYS_recv(...) ...       that file     replacements for system calls, for tests (room 12 lists them)
 *
 * NOT SUPPORTED
 *
 * TLS (put a proxy in front, or hook a library into desc.transport), permessage-deflate (jambonz does without), HTTP/2, the
 * client side of WebSocket.
 */

#ifndef JAMBONZ_WS_H
#define JAMBONZ_WS_H

/* The implementation needs accept4, epoll and the like; defined here, it makes them visible in the file that asks for it. */
#if defined(JAMBONZ_WS_IMPLEMENTATION) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1
#endif

/* Cut from below: without connections there is no server either. */
#if defined(JBZ_NO_CONN) && !defined(JBZ_NO_SERVER)
#define JBZ_NO_SERVER
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* JBZ_STATIC makes the whole library private to the one file that includes it; JBZ_API may be defined to decorate exports. */
#ifdef JBZ_STATIC
#undef JBZ_API
#if defined(__GNUC__)
#define JBZ_API static __attribute__((unused))
#else
#define JBZ_API static
#endif
#elif !defined(JBZ_API)
#define JBZ_API extern
#endif

/* Members that C++ should zero when a designated initialiser leaves them out; C does so anyway. */
#if defined(__cplusplus) && __cplusplus >= 201402L
#define JBZ_ZEROED = {}
#else
#define JBZ_ZEROED
#endif

/*==== MARK: 0 BASE - errors, allocator, log ==================================
 *
 * Job      What every other room speaks: one error list, one allocator, one logger.
 * Uses     nothing.
 * Promise  No globals. Nothing here does I/O.
 *============================================================================*/

#define JBZ_VERSION_MAJOR 0
#define JBZ_VERSION_MINOR 1
#define JBZ_VERSION_PATCH 0
/* One number that grows: 100 for 0.1.0. Compare with jbz_version() to learn which one is linked. */
#define JBZ_VERSION (JBZ_VERSION_MAJOR * 10000 + JBZ_VERSION_MINOR * 100 + JBZ_VERSION_PATCH)
JBZ_API int jbz_version(void);

/* Every error of the library. Values are part of the ABI: appended to, never renumbered. */
#define JBZ_ERRORS(X)                                                           \
    X(OK,       0,  "ok")                                                       \
    X(NOMEM,    1,  "out of memory")                                            \
    X(FULL,     2,  "a bounded queue is full, try again later")                 \
    X(TIMEOUT,  3,  "nothing happened before the timeout")                      \
    X(STATE,    4,  "not allowed in this state")                                \
    X(PROTOCOL, 5,  "the peer broke RFC 6455")                                  \
    X(JSON,     6,  "not valid JSON")                                           \
    X(MISSING,  7,  "a required option is missing")                             \
    X(CONFLICT, 8,  "two spellings of the same option are set")                 \
    X(SYS,      9,  "a system call failed, see errno")                          \
    X(VALUE,    10, "a value is not one of those allowed")                      \
    X(TARGET,   11, "the targeted jambonz does not accept this")                \
    X(BUSY,     12, "something else is being done, finish that first")          \
    X(GONE,     13, "the call or the message is no longer there")               \
    X(TOO_BIG,  14, "larger than the configured limit")                         \
    X(RAW,      15, "raw JSON given by the app is not valid")                   \
    X(ARG,      16, "a bad argument")                                           \
    X(AUTH,     17, "not authorised")
#define JBZ_X(name, value, text) JBZ_E_##name = value,
typedef enum jbz_err { JBZ_ERRORS(JBZ_X) JBZ_E_COUNT_ } jbz_err;
#undef JBZ_X

/* The text of an error, in English, static. Never NULL, also for numbers that are no error. */
JBZ_API const char *jbz_strerror(jbz_err err);

/* Longest culprit's path that is kept; longer ones lose their end. */
#define JBZ_PATH_SIZE 96

/* An error and where it is: "dial.target[0].type". An empty path means the error is about the whole. */
typedef struct jbz_error {
    jbz_err code;
    char    path[JBZ_PATH_SIZE];
} jbz_error;

/* The last error of a jbz_server, jbz_core or jbz_out (each starts with its jbz_error): its text, and through `path`, which
   may be NULL, the culprit's path, "" when there is none. Both live as long as the object and until its next error. */
JBZ_API const char *jbz_last_error(const void *server_or_out, const char **path);

/* Where memory comes from. One function does all: (NULL, 0, n) gets n bytes, (p, n, m) resizes keeping what fits, (p, n, 0)
   gives back. Returns NULL when there is none, and then the old block is untouched. Blocks must be aligned for any type.
   `fn` NULL, the default, means realloc and free; with JBZ_NO_MALLOC it must be set (or desc.memory be used). */
typedef struct jbz_alloc {
    void *(*fn)(void *user, void *ptr, size_t old_size, size_t new_size) JBZ_ZEROED;
    void *user JBZ_ZEROED;
} jbz_alloc;

/* Severity of a log line; a logger is called for those up to its own `level`. */
typedef enum jbz_level { JBZ_LOG_DEFAULT, JBZ_LOG_ERROR, JBZ_LOG_WARN, JBZ_LOG_INFO, JBZ_LOG_DEBUG } jbz_level;

/* Where log lines go. `item` is one of jbz_log_item (tests and filters use it), `text` its fixed meaning, `detail` what is
   particular, one line, printable ASCII, peers' bytes escaped and cut. Payloads, numbers and transcripts appear only at
   JBZ_LOG_DEBUG. `fn` NULL, the default, is silence (room 12 has a ready one: jbz_log_stderr); `level` 0 means JBZ_LOG_INFO.
   Must not call the library. */
typedef struct jbz_logger {
    void (*fn)(jbz_level level, int item, const char *text, const char *detail, void *user) JBZ_ZEROED;
    void *user JBZ_ZEROED;
    jbz_level level JBZ_ZEROED;
} jbz_logger;

/* What is logged: name, level, text. Numbers are stable within a minor version; tests and filters use them. */
#define JBZ_LOG_ITEMS(X)                                                            \
    X(LISTENING,   INFO,  "listening")                                              \
    X(REFUSED,     INFO,  "request refused")                                        \
    X(NO_REQUEST,  INFO,  "no complete request in time")                            \
    X(PROTOCOL,    WARN,  "peer broke the protocol, connection failed")             \
    X(TOO_BIG,     WARN,  "message over the limit, connection failed")              \
    X(BAD_UTF8,    WARN,  "text is not UTF-8, connection failed")                   \
    X(NO_MEMORY,   WARN,  "no memory left in the pool")                             \
    X(DEAD,        WARN,  "peer does not answer pings, connection dropped")         \
    X(ODD,         WARN,  "message not usable")                                     \
    X(DROPPED,     INFO,  "message nobody handles dropped")                         \
    X(FALLBACK,    ERROR, "session:new not answered by the app: fallback sent")     \
    X(UNANSWERED,  WARN,  "message not answered by the app: answered by the library") \
    X(LATE,        WARN,  "deferred reply is late: answered by the library")        \
    X(SLOW,        WARN,  "handler blocked longer than ack_ms")                     \
    X(NOT_SENT,    ERROR, "message not sent")                                       \
    X(DISCARDED,   ERROR, "message left open by the app discarded")                 \
    X(REPORTED,    WARN,  "jambonz reports an error")                               \
    X(LOST,        WARN,  "socket of a call lost, waiting for it to come back")     \
    X(RESUMED,     INFO,  "call resumed")                                           \
    X(ABANDONED,   WARN,  "lost call did not come back")                            \
    X(EVICTED,     WARN,  "lost call forgotten to make room")                       \
    X(AGAIN,       INFO,  "closing once more so that jambonz lets go of its queue") \
    X(ACCEPT,      WARN,  "cannot accept connections for now")                      \
    X(DRAINING,    INFO,  "draining")                                               \
    X(SUPPRESSED,  WARN,  "log lines left out in the last second")                  \
    X(TRACE,       ERROR, "trace cannot be written")
#define JBZ_X(name, level, text) JBZ_LINE_##name,
typedef enum jbz_log_item { JBZ_LOG_ITEMS(JBZ_X) JBZ_LOG_COUNT_ } jbz_log_item;
#undef JBZ_X

/* A boolean that can be left out: zero is "not sent". Plain false is therefore spelled JBZ_FALSE. */
typedef enum jbz_tri { JBZ_UNSET, JBZ_TRUE, JBZ_FALSE } jbz_tri;

/*==== MARK: 1 UTF8 - is it UTF-8, whole or in pieces (RFC 3629) ==============
 *
 * Job      Check text, all at once or as it arrives, and write single characters.
 * Uses     0 BASE.
 * Promise  Never allocates, never looks past the end. A check in pieces needs 4 bytes of state and fails at the first byte
 *          after which the text can no longer become valid, however much of the character is still missing.
 * Refuses  Overlong forms, surrogates (U+D800 to U+DFFF), everything above U+10FFFF.
 *============================================================================*/

/* True when the `n` bytes at `text` are UTF-8. NUL is a character like any other, no text (n = 0) is valid, and a character
   that is cut off at the end is not. `text` may be NULL when n is 0. */
JBZ_API bool jbz_utf8_valid(const void *text, size_t n);

/*==== MARK: 2 BUF - the pool and its buffers =================================
 *
 * Job      Memory for whatever does not fit in a call's fixed part: messages in pieces, bytes the kernel did not take,
 *          replies that wait. Power-of-two blocks (a buddy system) in chunks; every block is a buffer that knows its length.
 * Uses     0 BASE.
 * Promise  Never more than its limit. Constant time, give or take the number of block sizes. With fixed memory it calls no
 *          allocator at all. The last eighth is kept for those who may ask for it: calls that jambonz waits for.
 *============================================================================*/

/*==== MARK: 3 JSON - strict tokenizer, look-up, decoding (RFC 8259) ==========
 *
 * Job      Text to tokens in one pass, and from tokens to C values on demand.
 * Uses     0 BASE, 1 UTF8.
 * Promise  Never allocates, never recurses; linear time. Strings are decoded in place, when asked for. Numbers stay text
 *          until asked for, so an odd number spoils a conversion, not a message.
 * Refuses  Whatever RFC 8259 refuses, bad UTF-8 included; more than JBZ_JSON_DEPTH levels; more tokens than there is room for.
 *============================================================================*/

/* 28-bit offset and 4-bit type in `a`; in `b` the length of a scalar, or the index behind the last token of a container. */
typedef struct jbz_tok { uint32_t a, b; } jbz_tok;

/* A parsed text. Text and tokens belong to the caller and must outlive it. */
typedef struct jbz_doc {
    char    *text;
    size_t   len;
    jbz_tok *toks;
    uint32_t count;  /* tokens in use; 0 = nothing parsed */
} jbz_doc;

/* A value in a document: a pair to copy around. `doc` NULL is "no such value", and every function here takes that. */
typedef struct jbz_json {
    jbz_doc *doc;
    uint32_t at;
} jbz_json;

typedef enum jbz_json_type {
    JBZ_JSON_MISSING, JBZ_JSON_OBJECT, JBZ_JSON_ARRAY, JBZ_JSON_STRING, JBZ_JSON_NUMBER,
    JBZ_JSON_TRUE, JBZ_JSON_FALSE, JBZ_JSON_NULL
} jbz_json_type;

/* Reads a JSON text (any value may be the outermost) of `len` bytes into `doc`, with one token per value and one per key.
 * The byte text[len] must be there and be NUL. Nothing is written to the text now; the functions below that give strings
 * decode them where they stand and put a NUL behind them, always inside the text.
 * When it fails, nothing of the text can be used, doc->count is 0, and `error_at`, which may be NULL, gets the byte offset:
 * JBZ_E_JSON     not a JSON text, or not UTF-8: the byte that does not fit (a wrong number or word, escape or UTF-8: its start)
 * JBZ_E_FULL     needs more than `cap` tokens: the first value or key without one
 * JBZ_E_TOO_BIG  objects and arrays nested deeper than JBZ_JSON_DEPTH: the first one too many; or len > 2^28 - 1: 0
 * Unlike some, it takes \u escapes that are half a surrogate pair, because JavaScript writes them for a cut emoji; they
 * decode to U+FFFD. Of members with the same key all functions find the first. */
JBZ_API jbz_err jbz_json_parse(jbz_doc *doc, char *text, size_t len, jbz_tok *toks, uint32_t cap, size_t *error_at);

/* The outermost value; missing when the document is NULL or holds nothing. */
JBZ_API jbz_json jbz_json_root(jbz_doc *doc);

/* JBZ_JSON_MISSING for a value that is not there, which is 0. */
JBZ_API jbz_json_type jbz_json_type_of(jbz_json v);

/* The value at a JSON Pointer (RFC 6901) seen from `v`: "/data/sip/headers/X-CID", "/digits/0"; "~1" in it stands for "/" and
   "~0" for "~". "" or NULL is `v` itself. Missing when there is none or the pointer is malformed. */
JBZ_API jbz_json jbz_json_at(jbz_json v, const char *pointer);

/* The functions below look up `pointer` likewise and convert what is there, or return `fallback`. */

/* A string, NUL-terminated UTF-8, valid as long as the text; \u0000 cuts it short for C (see jbz_json_strn). `fallback` may be
   NULL, and is the answer for other types, too. */
JBZ_API const char *jbz_json_str(jbz_json v, const char *pointer, const char *fallback);

/* The same with its length in `*n`; NULL and 0 when there is no string. `n` may be NULL. */
JBZ_API const char *jbz_json_strn(jbz_json v, const char *pointer, size_t *n);

/* A number that is whole and fits, however it is written: 1e3 and 3.0 are taken, 3.5 and 9223372036854775808 are not. */
JBZ_API int64_t jbz_json_int(jbz_json v, const char *pointer, int64_t fallback);

/* A number, at most 1 ulp off (exact for up to 15 digits and powers of ten up to 22). What is too large for a double is not
   taken, what is too small is 0. */
JBZ_API double jbz_json_num(jbz_json v, const char *pointer, double fallback);

/* true or false. */
JBZ_API bool jbz_json_bool(jbz_json v, const char *pointer, bool fallback);

/* Members of an object, or elements of an array, one after the other; missing at the end, and for other types:
       for (m = jbz_json_first(o); jbz_json_type_of(m); m = jbz_json_next(o, m)) ... jbz_json_key(m) ... */
JBZ_API jbz_json jbz_json_first(jbz_json parent);
JBZ_API jbz_json jbz_json_next(jbz_json parent, jbz_json child);

/* The key of a value that is a member of an object, decoded like a string; NULL for other values. `n` may be NULL. */
JBZ_API const char *jbz_json_key(jbz_json v);
JBZ_API const char *jbz_json_keyn(jbz_json v, size_t *n);

/* How many members or elements there are; 0 for other types. Counts them, so keep it out of loops. */
JBZ_API uint32_t jbz_json_count(jbz_json v);

/*==== MARK: 4 OUT - JSON writer ==============================================
 *
 * Job      From C values to JSON text in memory of the caller.
 * Uses     0 BASE, 1 UTF8, 3 JSON.
 * Promise  Never allocates, never recurses, writes nothing past its memory. What comes out is valid JSON and valid UTF-8
 *          whatever goes in. The first error sticks: from then on calls do nothing, and there is no text.
 * Refuses  NaN and infinity (JBZ_E_VALUE), NULL strings (JBZ_E_ARG), calls that do not fit the nesting (JBZ_E_STATE), raw JSON
 *          that is none (JBZ_E_RAW), more than fits (JBZ_E_TOO_BIG), more than 64 levels (JBZ_E_FULL).
 *============================================================================*/

/* A literal of an option or settings struct, in C and C++: JBZ_LIT(say_opts, .text = "Hi") is a const jbz_say_opts *. It lives
   until the call it is written in returns: never store the pointer. */
#ifndef JBZ_LIT
#ifdef __cplusplus
} /* extern "C" */
template <class T> inline const T *jbz_addr(const T &t) { return &t; }
extern "C" {
#define JBZ_LIT(T, ...) jbz_addr(jbz_##T{__VA_ARGS__})
#else
#define JBZ_LIT(T, ...) (&(const jbz_##T){__VA_ARGS__})
#endif
#endif

/* A message being written. Get one from jbz_reply and its like, or make one with jbz_out_init. The members are for reading:
   `error` is the first error, `buf` and `len` what has been written. The others belong to the rooms that use them. */
typedef struct jbz_out {
    jbz_error   error;
    char       *buf;
    size_t      len;
    size_t      cap;      /* most bytes of text; the NUL comes on top */
    uint64_t    arrays;   /* bit n: level n + 1 is an array, else an object */
    uint8_t     depth;    /* open objects and arrays */
    uint8_t     next;     /* what may come: JBZI_OUT_FIRST and so on */
    uint8_t     flags;
    uint8_t     target;   /* a jbz_target: whose rules the verbs must follow; 0 = the schema's */
    uint32_t    key;      /* where in `buf` the last key begins, for the path of an error */
    uint32_t    items;    /* values (verbs) at the top level */
    const char *lazy;     /* written before the first of them; NULL: nothing */
    void       *owner;    /* the rest: whose message this is, and which one */
    uint32_t    dest, dest_gen, slot;
    uint8_t     kind;
    uint8_t     model;    /* whose language model its verbs start, if any */
} jbz_out;

/* Starts a text in `size` bytes at `mem`, which must outlive it: one JSON value, or any number of verbs, which make an array.
   One byte is kept for the NUL. */
JBZ_API void jbz_out_init(jbz_out *o, void *mem, size_t size);

/* Objects and arrays. Every open needs its close; in an object every value needs a key before it. */
JBZ_API void jbz_out_open_object(jbz_out *o);
JBZ_API void jbz_out_close_object(jbz_out *o);
JBZ_API void jbz_out_open_array(jbz_out *o);
JBZ_API void jbz_out_close_array(jbz_out *o);
JBZ_API void jbz_out_key(jbz_out *o, const char *key);

/* Strings: quotes, backslashes and control characters are escaped; bytes that are not UTF-8 become U+FFFD. `strn` takes NULs
   as well; NULL with n = 0 is the empty string there. */
JBZ_API void jbz_out_str(jbz_out *o, const char *text);
JBZ_API void jbz_out_strn(jbz_out *o, const char *text, size_t n);

/* Numbers. Doubles read back as the same double; those of up to 15 digits are written as people do (0.1, 20.5, 3). No locale
   is involved. */
JBZ_API void jbz_out_int(jbz_out *o, int64_t value);
JBZ_API void jbz_out_num(jbz_out *o, double value);
JBZ_API void jbz_out_bool(jbz_out *o, bool value);
JBZ_API void jbz_out_null(jbz_out *o);

/* Any one value that is JSON text already. It is checked (all of it, and nothing behind it) and copied as it is. */
JBZ_API void jbz_out_json(jbz_out *o, const char *json);

/* Any value of a parsed document, written again; strings may have been decoded meanwhile. A missing value is JBZ_E_ARG. */
JBZ_API void jbz_out_value(jbz_out *o, jbz_json v);

/* Makes the top level a list even if nothing is put into it: `[]` instead of an error or of a message without data. */
JBZ_API void jbz_out_list(jbz_out *o);

/* The text, NUL-terminated, and its length through `n` (may be NULL). NULL if there was an error, if something is still open,
   or if nothing was written (JBZ_E_STATE). The text lives in the memory given to jbz_out_init. */
JBZ_API const char *jbz_out_finish(jbz_out *o, size_t *n);

/*==== MARK: 5 MSG - jambonz' messages and envelopes ===========================
 *
 * Job      Which message is this, who wants an answer, and the envelope of what goes back. With rooms 0-4 and 6 this is all
 *          that somebody with a WebSocket of their own needs (JBZ_NO_CONN).
 * Uses     0 BASE, 3 JSON, 4 OUT.
 * Promise  Never allocates. A message is a view of its JSON document; nothing is copied.
 *============================================================================*/

/* What jambonz may send: C name, wire name, and what is sent back when the app says nothing:
   NONE nothing is wanted; LIST an ack with "data":[]; BARE an ack without data; APP the first answer to a call. */
#define JBZ_MESSAGES(X)                                                     \
    X(SESSION_NEW,         "session:new",         APP)                      \
    X(SESSION_RECONNECT,   "session:reconnect",   BARE)                     \
    X(SESSION_REDIRECT,    "session:redirect",    BARE)                     \
    X(SESSION_ADULTING,    "session:adulting",    BARE)                     \
    X(VERB_HOOK,           "verb:hook",           LIST)                     \
    X(DIAL_CONFIRM,        "dial:confirm",        LIST)                     \
    X(QUEUE_STATUS,        "queue:status",        BARE)                     \
    X(CALL_STATUS,         "call:status",         NONE)                     \
    X(VERB_STATUS,         "verb:status",         NONE)                     \
    X(JAMBONZ_ERROR,       "jambonz:error",       NONE)                     \
    X(LLM_EVENT,           "llm:event",           NONE)                     \
    X(LLM_TOOL_CALL,       "llm:tool-call",       NONE)                     \
    X(TTS_TOKENS_RESULT,   "tts:tokens-result",   NONE)                     \
    X(TTS_STREAMING_EVENT, "tts:streaming-event", NONE)                     \
    X(AGENT_EVENT,         "agent:event",         NONE)                     \
    X(AGENT_TOOL_CALL,     "agent:tool-call",     NONE)

/* Events: jambonz' messages, then what the library itself has to tell (room 11 describes those). */
#define JBZ_X(name, wire, answer) JBZ_EV_##name,
typedef enum jbz_event_type {
    JBZ_EV_NONE,
    JBZ_MESSAGES(JBZ_X)
    JBZ_EV_UNKNOWN,                     /* a JSON object whose `type` is none of the above: delivered, never answered */
    JBZ_EV_END,                         /* the call is over; last event of a call */
    JBZ_EV_TIMER,                       /* jbz_call_timer ran out */
    JBZ_EV_TEXT,                        /* on_message: a text message of a socket without a jambonz subprotocol */
    JBZ_EV_BINARY,                      /* on_message: a binary message of such a socket, or one on a control socket */
    JBZ_EV_WAKEUP,                      /* somebody called jbz_wakeup */
    JBZ_EV_TTS_OPEN,     /* speech streaming (see jbz_tts_write): the stream is there, what was written before is spoken now */
    JBZ_EV_TTS_WRITABLE, /* ... a write did not fit, now there is room again: for `tag` bytes */
    JBZ_EV_TTS_INTERRUPTED, /* ... the caller spoke; what was not spoken yet is dropped, `tag` bytes of it here */
    JBZ_EV_TTS_CLOSED,      /* ... the stream is gone, `tag` bytes were not spoken; `reason` says why */
    JBZ_EV_TTS_REPEATED,    /* ... `tag` bytes are sent again after a lost socket took their result along: maybe spoken twice */
    JBZ_EV_AUDIO_START,     /* on_audio (see jbz_audio_write): an audio socket has told whose it is */
    JBZ_EV_AUDIO_PCM,       /* ... samples */
    JBZ_EV_AUDIO_DTMF,      /* ... a key */
    JBZ_EV_AUDIO_PLAY_DONE, /* ... a clip has ended */
    JBZ_EV_AUDIO_MARK,      /* ... a mark was reached, or never will be */
    JBZ_EV_AUDIO_WRITABLE,  /* ... a write did not fit, now there is room again: for `tag` samples */
    JBZ_EV_AUDIO_END,       /* ... it is closed */
    JBZ_EV_COUNT_
} jbz_event_type;
#undef JBZ_X

/* The wire name of a message type ("verb:hook"); "" for events that are no message. Static. */
JBZ_API const char *jbz_event_name(jbz_event_type type);

/* True if jambonz waits for an ack of this type; it gives up after 5 s (PROTOCOL 2.2). */
JBZ_API bool jbz_event_wants_ack(jbz_event_type type);

/* A parsed message: its type, and where the members of the envelope are. Views into `doc`, valid as long as that is. A member
   that is absent or of the wrong JSON type is a missing value; jambonz' own field order or unknown fields do not matter. */
typedef struct jbz_msg {
    jbz_event_type type;
    jbz_json       root;       /* the whole object */
    jbz_json       name;       /* `type` as it was sent */
    jbz_json       msgid;      /* what an ack must echo */
    jbz_json       call_sid;   /* of the envelope; absent on some sockets (PROTOCOL 1.7): look into data then */
    jbz_json       hook;       /* which hook of the app this is for */
    jbz_json       data;
} jbz_msg;

/* Reads one text message. `text` must have a writable NUL at text[len]; text, tokens and doc must outlive the msg.
   JBZ_E_JSON: not JSON, too deep; JBZ_E_FULL: more than `cap` tokens; JBZ_E_ARG: valid JSON but not an object with a string
   `type`. Then `m->type` is JBZ_EV_NONE and nothing should be taken from the message. */
JBZ_API jbz_err jbz_msg_read(jbz_msg *m, jbz_doc *doc, char *text, size_t len, jbz_tok *toks, uint32_t cap);

/* Starts an ack of message `msgid` in `o`; verbs put next become its data. Without any the ack has no data, unless
   jbz_out_list(o) asked for an empty list. End with jbz_msg_end. */
JBZ_API void jbz_msg_ack(jbz_out *o, const char *msgid, size_t n);

/* Starts command `name` ("redirect", "mute:status", ...; PROTOCOL 3.3) for leg `callSid` (NULL: the session's own). What is
   put next is its data: a list of verbs (`list` true), or exactly one value or object (`list` false). End with jbz_msg_end. */
JBZ_API void jbz_msg_command(jbz_out *o, const char *name, const char *callSid, bool list);

/* Ends the message: its text, NUL-terminated, and length through `n` (may be NULL). NULL if anything went wrong since it was
   started (jbz_last_error says what): nothing of it must be sent then. */
JBZ_API const char *jbz_msg_end(jbz_out *o, size_t *n);

/*==== MARK: 6 VERB - typed verbs =============================================
 *
 * Job      One C struct and one function per jambonz verb; one table per struct says all there is to know about it.
 * Uses     0 BASE, 4 OUT.
 * Promise  Never allocates. What is written satisfies the published schema (@jambonz/schema) as far as the tables know it.
 *          config.bargeIn has what the open-source server reads and the schema does not name, too: numDigits, minDigits,
 *          maxDigits, finishOnKey, interDigitTimeout, dtmfBargein, partialResultHook.
 *          A verb that is not used costs nothing when the linker may drop unused sections.
 * Refuses  A required option that is missing, one option in two spellings, a word that is not in its list, a number out of
 *          range, raw JSON that is none; with JBZ_OSS also what the open-source server refuses. The error has the path.
 *============================================================================*/

/* Whose rules verbs are checked against. */
typedef enum jbz_target {
    JBZ_ANY, /* the schema: what the open-source server or jambonz v10 takes */
    JBZ_OSS, /* the open-source server: no verbs and options that it refuses */
    JBZ_V10  /* jambonz v10: the whole schema */
} jbz_target;

#ifndef JBZ_NO_VERBS

/* How options are set. What is zero is not sent, so an empty struct is always a good start. Members are spelled as on the wire.
 *
 *   string     .text = "Hello"                 NULL is not sent, "" is
 *   number     .timeout = 8                    0 is not sent; JBZ_ZERO sends 0, jbz_exact(x) sends x whatever it is
 *   boolean    .bargein = JBZ_TRUE             JBZ_TRUE or JBZ_FALSE; plain `false` counts as not set
 *   list       .input = { "digits", "speech" } ends at its first empty element; at most JBZ_MAX_LIST
 *   object     .synthesizer = &house_voice     or JBZ_LIT(c_synthesizer_opts, .vendor = "google")
 *   objects    .target = { { .type = "user", .name = "bob" } }
 *   map        .headers = { { "X-Reason", "busy" } }
 *   raw        .llmOptions = "{\"a\":1}"       JSON text, checked and copied
 *
 * Where the wire knows several forms of one option there are several members, of which one may be set: `text` and `text_list`,
 * `actionHook` and `actionHook_obj`, `loop` and `loop_str`, `headers` and `headers_raw`. C++ wants members in table order. */

/* Numbers that mean something else. JBZ_FOREVER is for `loop` only and is sent as "forever". */
#define JBZ_ZERO    (-1.7976931348623157e308)
#define JBZ_FOREVER 1.7976931348623157e308

/* For computed numbers: `x`, also when it is 0. */
JBZ_API double jbz_exact(double x);

/* Elements of a list. Part of the structs' layout: the same in all files of a program. */
#ifndef JBZ_MAX_LIST
#define JBZ_MAX_LIST 10
#endif

/* A member of a map. Both must be set. */
typedef struct jbz_pair {
    const char *name JBZ_ZEROED;
    const char *value JBZ_ZEROED;
} jbz_pair;

/* The columns of a table are: kind, name on the wire, what is appended to it for the C member, need. A kind is
 *     STR STRS            string, list of strings           NUM INT             number, whole number
 *     ENUM(a|b) ENUMS()   one of these words, a list of     NUM_IN INT_IN(a, b) the same from a to b
 *     OBJ(x) OBJS(x)      jbz_x_opts, a list of             TIMES               number or JBZ_FOREVER
 *     BOOL OFF            boolean, only JBZ_FALSE           MAP RAW(type)       names and values, JSON text
 * and need is one of
 *     MAY MUST            optional, required                V10                 optional; refused by the open-source server
 *     TWIN                another form of the row above     OSS                 optional; required by the open-source server */
#define JBZI_MEMBER(T, kind, property, suffix, need) JBZI_TYPE_##kind property##suffix JBZI_MANY_##kind JBZ_ZEROED;
#define JBZI_TYPE_STR            const char *
#define JBZI_TYPE_STRS           const char *
#define JBZI_TYPE_ENUM(words)    const char *
#define JBZI_TYPE_ENUMS(words)   const char *
#define JBZI_TYPE_NUM            double
#define JBZI_TYPE_INT            double
#define JBZI_TYPE_TIMES          double
#define JBZI_TYPE_NUM_IN(lo, hi) double
#define JBZI_TYPE_INT_IN(lo, hi) double
#define JBZI_TYPE_BOOL           jbz_tri
#define JBZI_TYPE_OFF            jbz_tri
#define JBZI_TYPE_OBJ(x)         const jbz_##x##_opts *
#define JBZI_TYPE_OBJS(x)        jbz_##x##_opts
#define JBZI_TYPE_MAP            jbz_pair
#define JBZI_TYPE_RAW(type)      const char *
#define JBZI_MANY_STR
#define JBZI_MANY_STRS           [JBZ_MAX_LIST]
#define JBZI_MANY_ENUM(words)
#define JBZI_MANY_ENUMS(words)   [JBZ_MAX_LIST]
#define JBZI_MANY_NUM
#define JBZI_MANY_INT
#define JBZI_MANY_TIMES
#define JBZI_MANY_NUM_IN(lo, hi)
#define JBZI_MANY_INT_IN(lo, hi)
#define JBZI_MANY_BOOL
#define JBZI_MANY_OFF
#define JBZI_MANY_OBJ(x)
#define JBZI_MANY_OBJS(x)        [JBZ_MAX_LIST]
#define JBZI_MANY_MAP            [JBZ_MAX_LIST]
#define JBZI_MANY_RAW(type)

/*---- tables: written by tests/schema/schema.mjs --write, do not edit ----*/

/*---- components: what verbs are made of ----*/

/* A user and a password. */
#define JBZ_OPTS_c_auth(X, T)                                                                                                  \
    X(T, STR, username, , MUST)  /* user */                                                                                    \
    X(T, STR, password, , MUST)  /* password */
typedef struct jbz_c_auth_opts { JBZ_OPTS_c_auth(JBZI_MEMBER, _) } jbz_c_auth_opts;

/* A hook in its long form; over the WebSocket only the url matters, and it comes back as the hook of the event. */
#define JBZ_OPTS_c_actionHook(X, T)                                                                                            \
    X(T, STR,            url,       , MUST)  /* path, or absolute URL */                                                       \
    X(T, ENUM(GET|POST), method,    , MAY )  /* for HTTP; default POST */                                                      \
    X(T, OBJ(c_auth),    basicAuth, , MAY )  /* for HTTP */
typedef struct jbz_c_actionHook_opts { JBZ_OPTS_c_actionHook(JBZI_MEMBER, _) } jbz_c_actionHook_opts;

/* What the caller hears while the app takes its time to answer a hook. */
#define JBZ_OPTS_c_actionHookDelayAction(X, T)                                                                                 \
    X(T, BOOL,       enabled,                 , MAY )  /* on or off */                                                         \
    X(T, NUM,        noResponseTimeout,       , MAY )  /* s, then `actions` */                                                 \
    X(T, NUM,        noResponseGiveUpTimeout, , MAY )  /* s, then `giveUpActions` */                                           \
    X(T, NUM,        retries,                 , MAY )  /* how often `actions` may run */                                       \
    X(T, RAW(array), actions,                 , MAY )  /* verbs, say and play only */                                          \
    X(T, RAW(array), giveUpActions,           , MAY )  /* verbs; then the call ends */
typedef struct jbz_c_actionHookDelayAction_opts {
    JBZ_OPTS_c_actionHookDelayAction(JBZI_MEMBER, _)
} jbz_c_actionHookDelayAction_opts;

/* Voice activity detection. */
#define JBZ_OPTS_c_vad(X, T)                                                                                                   \
    X(T, BOOL,                enable,      , MAY )  /* on or off */                                                            \
    X(T, NUM,                 voiceMs,     , MAY )  /* ms of voice that count */                                               \
    X(T, NUM,                 silenceMs,   , MAY )  /* ms of silence that count */                                             \
    X(T, STR,                 strategy,    , MAY )  /* one-shot or continuous */                                               \
    X(T, NUM_IN(0, 3),        mode,        , MAY )  /* webrtc: how strict */                                                   \
    X(T, ENUM(webrtc|silero), vendor,      , MAY )  /* which detector */                                                       \
    X(T, NUM_IN(0, 1),        threshold,   , MAY )  /* how sure */                                                             \
    X(T, NUM,                 speechPadMs, , MAY )  /* silero: ms added around speech */
typedef struct jbz_c_vad_opts { JBZ_OPTS_c_vad(JBZI_MEMBER, _) } jbz_c_vad_opts;

/* Deepgram. */
#define JBZ_OPTS_c_recognizer_deepgramOptions(X, T)                                                                            \
    X(T, STR,                        deepgramSttUri,    ,     MAY )  /* own server, host:port */                               \
    X(T, BOOL,                       deepgramSttUseTls, ,     MAY )  /* own server: with TLS */                                \
    X(T, STR,                        apiKey,            ,     MAY )  /* key, if not the account's */                           \
    X(T, STR,                        tier,              ,     MAY )  /* old models: tier */                                    \
    X(T, STR,                        model,             ,     MAY )  /* which model */                                         \
    X(T, STR,                        customModel,       ,     MAY )  /* own model */                                           \
    X(T, STR,                        version,           ,     MAY )  /* of the model */                                        \
    X(T, BOOL,                       punctuate,         ,     MAY )  /* add punctuation */                                     \
    X(T, BOOL,                       smartFormatting,   ,     MAY )  /* write dates, sums and the like */                      \
    X(T, BOOL,                       noDelay,           ,     MAY )  /* do not wait for formatting */                          \
    X(T, BOOL,                       profanityFilter,   ,     MAY )  /* mask bad words */                                      \
    X(T, ENUM(pci|numbers|true|ssn), redact,            ,     MAY )  /* what to black out */                                   \
    X(T, BOOL,                       diarize,           ,     MAY )  /* tell speakers apart */                                 \
    X(T, STR,                        diarizeVersion,    ,     MAY )  /* which way */                                           \
    X(T, BOOL,                       ner,               ,     MAY )  /* recognise names */                                     \
    X(T, BOOL,                       multichannel,      ,     MAY )  /* each channel apart */                                  \
    X(T, NUM,                        alternatives,      ,     MAY )  /* how many */                                            \
    X(T, BOOL,                       numerals,          ,     MAY )  /* write numbers as digits */                             \
    X(T, STRS,                       search,            ,     MAY )  /* terms to look for */                                   \
    X(T, STRS,                       replace,           ,     MAY )  /* find:replacement */                                    \
    X(T, STRS,                       keywords,          ,     MAY )  /* words to expect */                                     \
    X(T, STRS,                       keyterms,          ,     MAY )  /* terms to expect */                                     \
    X(T, BOOL,                       endpointing,       ,     MAY )  /* notice the end of speech */                            \
    X(T, NUM,                        endpointing,       _num, TWIN)                                                            \
    X(T, NUM,                        utteranceEndMs,    ,     MAY )  /* ms of silence between words that end it */             \
    X(T, BOOL,                       shortUtterance,    ,     MAY )  /* one word at a time */                                  \
    X(T, NUM,                        vadTurnoff,        ,     MAY )  /* ms of silence */                                       \
    X(T, STR,                        tag,               ,     MAY )  /* for your bill */                                       \
    X(T, BOOL,                       fillerWords,       ,     MAY )  /* keep uh and um */                                      \
    X(T, NUM,                        eotThreshold,      ,     MAY )  /* flux: how sure of the end of turn */                   \
    X(T, NUM,                        eotTimeoutMs,      ,     MAY )  /* flux: ms, then the turn ends anyway */                 \
    X(T, BOOL,                       mipOptOut,         ,     MAY )  /* not for their training */                              \
    X(T, STR,                        entityPrompt,      ,     MAY )  /* which entities */                                      \
    X(T, NUM,                        eagerEotThreshold, ,     MAY )  /* flux: how sure of a likely end */                      \
    X(T, STRS,                       languageHints,     ,     MAY )  /* languages to expect */
typedef struct jbz_c_recognizer_deepgramOptions_opts {
    JBZ_OPTS_c_recognizer_deepgramOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_deepgramOptions_opts;

/* Google. */
#define JBZ_OPTS_c_recognizer_googleOptions(X, T)                                                                              \
    X(T, ENUM(VERBATIM|SMART), mode,                      , V10 )  /* v2: how to write */                                      \
    X(T, STRS,                 customVocabulary,          , V10 )  /* words to expect */                                       \
    X(T, ENUM(v1|v2),          serviceVersion,            , MAY )  /* of their API */                                          \
    X(T, STR,                  recognizerId,              , MAY )  /* v2: recogniser */                                        \
    X(T, STR,                  parentPath,                , MAY )  /* v2: projects/.. */                                       \
    X(T, NUM,                  speechStartTimeoutMs,      , MAY )  /* v2: ms until speech */                                   \
    X(T, NUM,                  speechEndTimeoutMs,        , MAY )  /* v2: ms of silence */                                     \
    X(T, BOOL,                 enableVoiceActivityEvents, , MAY )  /* v2: report speech */                                     \
    X(T, RAW(array),           transcriptNormalization,   , MAY )  /* v2: replacements */
typedef struct jbz_c_recognizer_googleOptions_opts {
    JBZ_OPTS_c_recognizer_googleOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_googleOptions_opts;

/* Amazon Transcribe. */
#define JBZ_OPTS_c_recognizer_awsOptions(X, T)                                                                                 \
    X(T, STR,                   accessKey,              , MAY )  /* credentials */                                             \
    X(T, STR,                   secretKey,              , MAY )  /* credentials */                                             \
    X(T, STR,                   securityToken,          , MAY )  /* credentials */                                             \
    X(T, STR,                   region,                 , MAY )  /* region */                                                  \
    X(T, STR,                   vocabularyName,         , MAY )  /* AWS: vocabulary */                                         \
    X(T, STR,                   vocabularyFilterName,   , MAY )  /* AWS: words to filter */                                    \
    X(T, ENUM(remove|mask|tag), vocabularyFilterMethod, , MAY )  /* how to filter */                                           \
    X(T, STR,                   languageModelName,      , MAY )  /* own model */                                               \
    X(T, STRS,                  piiEntityTypes,         , MAY )  /* personal data to find */                                   \
    X(T, BOOL,                  piiIdentifyEntities,    , MAY )  /* find personal data */
typedef struct jbz_c_recognizer_awsOptions_opts {
    JBZ_OPTS_c_recognizer_awsOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_awsOptions_opts;

/* Microsoft Azure. */
#define JBZ_OPTS_c_recognizer_azureOptions(X, T)                                                                               \
    X(T, NUM,                                      speechSegmentationSilenceTimeoutMs, , MAY )  /* ms of silence */            \
    X(T, STR,                                      postProcessing,                     , MAY )  /* like TrueText */            \
    X(T, BOOL,                                     audioLogging,                       , MAY )  /* let them keep it */         \
    X(T, ENUM(AtStart|Continuous),                 languageIdMode,                     , MAY )  /* when to find the language */\
    X(T, ENUM(CONVERSATION|DICTATION|INTERACTIVE), speechRecognitionMode,              , MAY )  /* kind of speech */
typedef struct jbz_c_recognizer_azureOptions_opts {
    JBZ_OPTS_c_recognizer_azureOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_azureOptions_opts;

/* IBM Watson. */
#define JBZ_OPTS_c_recognizer_ibmOptions(X, T)                                                                                 \
    X(T, STR,  sttApiKey,               , MAY )  /* key */                                                                     \
    X(T, STR,  sttRegion,               , MAY )  /* region */                                                                  \
    X(T, STR,  ttsApiKey,               , MAY )  /* key for speech */                                                          \
    X(T, STR,  ttsRegion,               , MAY )  /* region for speech */                                                       \
    X(T, STR,  instanceId,              , MAY )  /* instance */                                                                \
    X(T, STR,  model,                   , MAY )  /* which model */                                                             \
    X(T, STR,  languageCustomizationId, , MAY )  /* own language model */                                                      \
    X(T, STR,  acousticCustomizationId, , MAY )  /* own acoustic model */                                                      \
    X(T, STR,  baseModelVersion,        , MAY )  /* version */                                                                 \
    X(T, STR,  watsonMetadata,          , MAY )  /* customer id for their logs */                                              \
    X(T, BOOL, watsonLearningOptOut,    , MAY )  /* not for their training */
typedef struct jbz_c_recognizer_ibmOptions_opts {
    JBZ_OPTS_c_recognizer_ibmOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_ibmOptions_opts;

/* NVIDIA Riva. */
#define JBZ_OPTS_c_recognizer_nvidiaOptions(X, T)                                                                              \
    X(T, STR,         rivaUri,             , MAY )  /* its address */                                                          \
    X(T, NUM,         maxAlternatives,     , MAY )  /* how many */                                                             \
    X(T, BOOL,        profanityFilter,     , MAY )  /* mask bad words */                                                       \
    X(T, BOOL,        punctuation,         , MAY )  /* add it */                                                               \
    X(T, BOOL,        wordTimeOffsets,     , MAY )  /* time of each word */                                                    \
    X(T, BOOL,        verbatimTranscripts, , MAY )  /* as spoken */                                                            \
    X(T, RAW(object), customConfiguration, , MAY )  /* key and value pairs */
typedef struct jbz_c_recognizer_nvidiaOptions_opts {
    JBZ_OPTS_c_recognizer_nvidiaOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_nvidiaOptions_opts;

/* Part of c_recognizer_sonioxOptions. */
#define JBZ_OPTS_c_recognizer_sonioxOptions_general(X, T)                                                                      \
    X(T, STR, key,   , MUST)  /* key */                                                                                        \
    X(T, STR, value, , MUST)  /* value */
typedef struct jbz_c_recognizer_sonioxOptions_general_opts {
    JBZ_OPTS_c_recognizer_sonioxOptions_general(JBZI_MEMBER, _)
} jbz_c_recognizer_sonioxOptions_general_opts;

/* Part of c_recognizer_sonioxOptions_translation. */
#define JBZ_OPTS_c_recognizer_sonioxOptions_translation_terms(X, T)                                                            \
    X(T, STR, source, , MUST)  /* source */                                                                                    \
    X(T, STR, target, , MUST)  /* target */
typedef struct jbz_c_recognizer_sonioxOptions_translation_terms_opts {
    JBZ_OPTS_c_recognizer_sonioxOptions_translation_terms(JBZI_MEMBER, _)
} jbz_c_recognizer_sonioxOptions_translation_terms_opts;

/* Part of c_recognizer_sonioxOptions. */
#define JBZ_OPTS_c_recognizer_sonioxOptions_context(X, T)                                                                      \
    X(T, OBJS(c_recognizer_sonioxOptions_general), general,           , MAY )  /* facts */                                     \
    X(T, STR,                                      text,              , MAY )  /* text */                                      \
    X(T, STRS,                                     terms,             , MAY )  /* terms to expect */                           \
    X(T, OBJS(c_recognizer_sonioxOptions_translation_terms),                                                                   \
                                                   translation_terms, , MAY )  /* how to translate terms */
typedef struct jbz_c_recognizer_sonioxOptions_context_opts {
    JBZ_OPTS_c_recognizer_sonioxOptions_context(JBZI_MEMBER, _)
} jbz_c_recognizer_sonioxOptions_context_opts;

/* Part of c_recognizer_sonioxOptions. */
#define JBZ_OPTS_c_recognizer_sonioxOptions_storage(X, T)                                                                      \
    X(T, STR,         id,                     ,     MAY )  /* your name for it */                                              \
    X(T, STR,         title,                  ,     MAY )  /* title */                                                         \
    X(T, BOOL,        disableStoreAudio,      ,     MAY )  /* keep no audio */                                                 \
    X(T, BOOL,        disableStoreTranscript, ,     MAY )  /* keep no text */                                                  \
    X(T, BOOL,        disableSearch,          ,     MAY )  /* no search in it */                                               \
    X(T, MAP,         metadata,               ,     MAY )  /* sent in the first frame */                                       \
    X(T, RAW(object), metadata,               _raw, TWIN)
typedef struct jbz_c_recognizer_sonioxOptions_storage_opts {
    JBZ_OPTS_c_recognizer_sonioxOptions_storage(JBZI_MEMBER, _)
} jbz_c_recognizer_sonioxOptions_storage_opts;

/* Soniox. */
#define JBZ_OPTS_c_recognizer_sonioxOptions(X, T)                                                                              \
    X(T, STR,                                     apiKey,                       , MAY )  /* key, if not the account's */       \
    X(T, STR,                                     model,                        , MAY )  /* which model */                     \
    X(T, STRS,                                    languageHints,                , V10 )  /* languages to expect */             \
    X(T, BOOL,                                    enableLanguageIdentification, , V10 )  /* find out the language */           \
    X(T, BOOL,                                    enableSpeakerDiarization,     , V10 )  /* tell speakers apart */             \
    X(T, BOOL,                                    endpointDetection,            , MAY )  /* notice the end of speech */        \
    X(T, NUM_IN(-1, 1),                           endpointSensitivity,          , V10 )  /* how eagerly */                     \
    X(T, INT_IN(500, 3000),                       maxEndpointDelayMs,           , V10 )  /* ms; latest after speech */         \
    X(T, INT_IN(0, ),                             maxNonFinalTokensDurationMs,  , V10 )  /* ms */                              \
    X(T, BOOL,                                    profanityFilter,              , MAY )  /* mask bad words */                  \
    X(T, OBJ(c_recognizer_sonioxOptions_context), context,                      , V10 )  /* what the talk is about */          \
    X(T, STR,                                     speechContext,                , MAY )  /* old form of context */             \
    X(T, STR,                                     clientRequestReference,       , MAY )  /* for your bill */                   \
    X(T, OBJ(c_recognizer_sonioxOptions_storage), storage,                      , MAY )  /* what they keep */
typedef struct jbz_c_recognizer_sonioxOptions_opts {
    JBZ_OPTS_c_recognizer_sonioxOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_sonioxOptions_opts;

/* xAI. */
#define JBZ_OPTS_c_recognizer_xaiOptions(X, T)                                                                                 \
    X(T, STR,  apiKey,           , MAY )  /* key, if not the account's */                                                      \
    X(T, INT,  endpointing,      , MAY )  /* ms of silence */                                                                  \
    X(T, BOOL, diarize,          , MAY )  /* tell speakers apart */                                                            \
    X(T, BOOL, fillerWords,      , MAY )  /* keep uh and um */                                                                 \
    X(T, STRS, keyterms,         , MAY )  /* terms to expect */                                                                \
    X(T, NUM,  smartTurn,        , MAY )  /* how sure of the end of turn */                                                    \
    X(T, INT,  smartTurnTimeout, , MAY )  /* ms, then the turn ends anyway */
typedef struct jbz_c_recognizer_xaiOptions_opts {
    JBZ_OPTS_c_recognizer_xaiOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_xaiOptions_opts;

/* Modulate. */
#define JBZ_OPTS_c_recognizer_modulateOptions(X, T)                                                                            \
    X(T, STR,  apiKey,            , MAY )  /* key, if not the account's */                                                     \
    X(T, BOOL, endpointing,       , MAY )  /* notice the end of speech */                                                      \
    X(T, BOOL, emotionSignal,     , MAY )  /* report emotions */                                                               \
    X(T, BOOL, accentSignal,      , MAY )  /* report accents */                                                                \
    X(T, BOOL, deepfakeSignal,    , MAY )  /* report artificial voices */                                                      \
    X(T, BOOL, piiPhiTagging,     , MAY )  /* mark personal data */                                                            \
    X(T, STR,  modulateSttUri,    , MAY )  /* own server */                                                                    \
    X(T, BOOL, modulateSttUseTls, , MAY )  /* own server: with TLS */
typedef struct jbz_c_recognizer_modulateOptions_opts {
    JBZ_OPTS_c_recognizer_modulateOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_modulateOptions_opts;

/* AssemblyAI. */
#define JBZ_OPTS_c_recognizer_assemblyAiOptions(X, T)                                                                          \
    X(T, STR,         apiKey,                           , MAY )  /* key, if not the account's */                               \
    X(T, ENUM(v2|v3), serviceVersion,                   , MAY )  /* of their API */                                            \
    X(T, STR,         speechModel,                      , MAY )  /* which model */                                             \
    X(T, BOOL,        formatTurns,                      , MAY )  /* v3: formatted text */                                      \
    X(T, NUM,         endOfTurnConfidenceThreshold,     , MAY )  /* v3: how sure of the end of turn */                         \
    X(T, NUM,         minEndOfTurnSilenceWhenConfident, , MAY )  /* v3: ms */                                                  \
    X(T, NUM,         maxTurnSilence,                   , MAY )  /* v3: ms of silence, then the turn ends anyway */            \
    X(T, NUM,         minTurnSilence,                   , MAY )  /* v3: ms of silence at least */                              \
    X(T, STRS,        keyterms,                         , MAY )  /* terms to expect */                                         \
    X(T, STR,         prompt,                           , MAY )  /* what to expect, in words */                                \
    X(T, BOOL,        languageDetection,                , MAY )  /* find out the language */                                   \
    X(T, NUM,         vadThreshold,                     , MAY )  /* how sure that it is speech */                              \
    X(T, NUM,         inactivityTimeout,                , MAY )  /* s */
typedef struct jbz_c_recognizer_assemblyAiOptions_opts {
    JBZ_OPTS_c_recognizer_assemblyAiOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_assemblyAiOptions_opts;

/* Part of c_recognizer_speechmaticsOptions_speaker_diarization. */
#define JBZ_OPTS_c_recognizer_speechmaticsOptions_speaker_diarization_config(X, T)                                             \
    X(T, NUM, speaker_sensitivity, , MAY )  /* 0 to 1 */                                                                       \
    X(T, NUM, max_speakers,        , MAY )  /* most speakers */
typedef struct jbz_c_recognizer_speechmaticsOptions_speaker_diarization_config_opts {
    JBZ_OPTS_c_recognizer_speechmaticsOptions_speaker_diarization_config(JBZI_MEMBER, _)
} jbz_c_recognizer_speechmaticsOptions_speaker_diarization_config_opts;

/* Part of c_recognizer_speechmaticsOptions_conversation. */
#define JBZ_OPTS_c_recognizer_speechmaticsOptions_conversation_config(X, T)                                                    \
    X(T, NUM, end_of_utterance_silence_trigger, , MAY )  /* s of silence that end it */
typedef struct jbz_c_recognizer_speechmaticsOptions_conversation_config_opts {
    JBZ_OPTS_c_recognizer_speechmaticsOptions_conversation_config(JBZI_MEMBER, _)
} jbz_c_recognizer_speechmaticsOptions_conversation_config_opts;

/* Part of c_recognizer_speechmaticsOptions_punctuation. */
#define JBZ_OPTS_c_recognizer_speechmaticsOptions_punctuation_overrides(X, T)                                                  \
    X(T, STRS, permitted_marks, , MAY )  /* which marks */                                                                     \
    X(T, NUM,  sensitivity,     , MAY )  /* 0 to 1: how many */
typedef struct jbz_c_recognizer_speechmaticsOptions_punctuation_overrides_opts {
    JBZ_OPTS_c_recognizer_speechmaticsOptions_punctuation_overrides(JBZI_MEMBER, _)
} jbz_c_recognizer_speechmaticsOptions_punctuation_overrides_opts;

/* Part of c_recognizer_speechmaticsOptions_audio_filtering. */
#define JBZ_OPTS_c_recognizer_speechmaticsOptions_audio_filtering_config(X, T)                                                 \
    X(T, NUM, volume_threshold, , MUST)  /* quieter is not heard */
typedef struct jbz_c_recognizer_speechmaticsOptions_audio_filtering_config_opts {
    JBZ_OPTS_c_recognizer_speechmaticsOptions_audio_filtering_config(JBZI_MEMBER, _)
} jbz_c_recognizer_speechmaticsOptions_audio_filtering_config_opts;

/* Part of c_recognizer_speechmaticsOptions. */
#define JBZ_OPTS_c_recognizer_speechmaticsOptions_replacements(X, T)                                                           \
    X(T, STR, from, , MUST)  /* from */                                                                                        \
    X(T, STR, to,   , MUST)  /* to */
typedef struct jbz_c_recognizer_speechmaticsOptions_replacements_opts {
    JBZ_OPTS_c_recognizer_speechmaticsOptions_replacements(JBZI_MEMBER, _)
} jbz_c_recognizer_speechmaticsOptions_replacements_opts;

/* Part of c_recognizer_speechmaticsOptions_transcript_filtering. */
#define JBZ_OPTS_c_recognizer_speechmaticsOptions_transcript_filtering_config(X, T)                                            \
    X(T, BOOL, remove_disfluencies, , OSS )  /* drop uh and um */                                                              \
    X(T, OBJS(c_recognizer_speechmaticsOptions_replacements),                                                                  \
               replacements,        , V10 )  /* text for text */
typedef struct jbz_c_recognizer_speechmaticsOptions_transcript_filtering_config_opts {
    JBZ_OPTS_c_recognizer_speechmaticsOptions_transcript_filtering_config(JBZI_MEMBER, _)
} jbz_c_recognizer_speechmaticsOptions_transcript_filtering_config_opts;

/* Part of c_recognizer_speechmaticsOptions_transcription. */
#define JBZ_OPTS_c_recognizer_speechmaticsOptions_transcription_config(X, T)                                                   \
    X(T, STR,                  language,                    , MAY )  /* like en-US */                                          \
    X(T, STR,                  domain,                      , MAY )  /* domain */                                              \
    X(T, RAW(array),           additional_vocab,            , MAY )  /* words to expect */                                     \
    X(T, STR,                  diarization,                 , MAY )  /* tell speakers apart */                                 \
    X(T, OBJ(c_recognizer_speechmaticsOptions_speaker_diarization_config),                                                     \
                               speaker_diarization_config,  , MAY )  /* speaker diarization config */                          \
    X(T, OBJ(c_recognizer_speechmaticsOptions_conversation_config),                                                            \
                               conversation_config,         , MAY )  /* conversation config */                                 \
    X(T, BOOL,                 enable_partials,             , MAY )  /* interim results */                                     \
    X(T, NUM,                  max_delay,                   , MAY )  /* s until final */                                       \
    X(T, ENUM(fixed|flexible), max_delay_mode,              , MAY )  /* may numbers take longer */                             \
    X(T, STR,                  output_locale,               , MAY )  /* spelling, like en-GB */                                \
    X(T, OBJ(c_recognizer_speechmaticsOptions_punctuation_overrides),                                                          \
                               punctuation_overrides,       , MAY )  /* punctuation overrides */                               \
    X(T, STR,                  operating_point,             , MAY )  /* standard or enhanced */                                \
    X(T, STR,                  model,                       , V10 )  /* which model */                                         \
    X(T, BOOL,                 enable_entities,             , MAY )  /* mark dates, sums and the like */                       \
    X(T, OBJ(c_recognizer_speechmaticsOptions_audio_filtering_config),                                                         \
                               audio_filtering_config,      , MAY )  /* audio filtering config */                              \
    X(T, OBJ(c_recognizer_speechmaticsOptions_transcript_filtering_config),                                                    \
                               transcript_filtering_config, , MAY )  /* transcript filtering config */
typedef struct jbz_c_recognizer_speechmaticsOptions_transcription_config_opts {
    JBZ_OPTS_c_recognizer_speechmaticsOptions_transcription_config(JBZI_MEMBER, _)
} jbz_c_recognizer_speechmaticsOptions_transcription_config_opts;

/* Part of c_recognizer_speechmaticsOptions_translation. */
#define JBZ_OPTS_c_recognizer_speechmaticsOptions_translation_config(X, T)                                                     \
    X(T, STRS, target_languages, , MUST)  /* into which */                                                                     \
    X(T, BOOL, enable_partials,  , MAY )  /* interim results */
typedef struct jbz_c_recognizer_speechmaticsOptions_translation_config_opts {
    JBZ_OPTS_c_recognizer_speechmaticsOptions_translation_config(JBZI_MEMBER, _)
} jbz_c_recognizer_speechmaticsOptions_translation_config_opts;

/* Part of c_recognizer_speechmaticsOptions_audio_events. */
#define JBZ_OPTS_c_recognizer_speechmaticsOptions_audio_events_config(X, T)                                                    \
    X(T, ENUMS(applause|music|laughter), types, , MAY )  /* which sounds */
typedef struct jbz_c_recognizer_speechmaticsOptions_audio_events_config_opts {
    JBZ_OPTS_c_recognizer_speechmaticsOptions_audio_events_config(JBZI_MEMBER, _)
} jbz_c_recognizer_speechmaticsOptions_audio_events_config_opts;

/* Speechmatics. */
#define JBZ_OPTS_c_recognizer_speechmaticsOptions(X, T)                                                                        \
    X(T, STR,                                 host,                 , MAY )  /* own server */                                  \
    X(T, ENUM(adaptive|agile|smart|external), profile,              , MAY )  /* kind of turn detection */                      \
    X(T, OBJ(c_recognizer_speechmaticsOptions_transcription_config),                                                           \
                                              transcription_config, , MAY )  /* transcription config */                        \
    X(T, OBJ(c_recognizer_speechmaticsOptions_translation_config),                                                             \
                                              translation_config,   , MAY )  /* translation config */                          \
    X(T, OBJ(c_recognizer_speechmaticsOptions_audio_events_config),                                                            \
                                              audio_events_config,  , V10 )  /* audio events config */
typedef struct jbz_c_recognizer_speechmaticsOptions_opts {
    JBZ_OPTS_c_recognizer_speechmaticsOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_speechmaticsOptions_opts;

/* Part of c_recognizer_openaiOptions. */
#define JBZ_OPTS_c_recognizer_openaiOptions_promptTemplates(X, T)                                                              \
    X(T, STR, hintsTemplate,               , MAY )  /* with {{hints}} */                                                       \
    X(T, STR, conversationHistoryTemplate, , MAY )  /* with {{..}} */
typedef struct jbz_c_recognizer_openaiOptions_promptTemplates_opts {
    JBZ_OPTS_c_recognizer_openaiOptions_promptTemplates(JBZI_MEMBER, _)
} jbz_c_recognizer_openaiOptions_promptTemplates_opts;

/* Part of c_recognizer_openaiOptions_turn. */
#define JBZ_OPTS_c_recognizer_openaiOptions_turn_detection(X, T)                                                               \
    X(T, ENUM(none|server_vad|semantic_vad), type,                , MUST)  /* type */                                          \
    X(T, ENUM(low|medium|high|auto),         eagerness,           , MAY )  /* semantic_vad: how eager */                       \
    X(T, NUM,                                threshold,           , MAY )  /* how sure */                                      \
    X(T, NUM,                                prefix_padding_ms,   , MAY )  /* server_vad: ms before speech */                  \
    X(T, NUM,                                silence_duration_ms, , MAY )  /* server_vad: ms of silence */
typedef struct jbz_c_recognizer_openaiOptions_turn_detection_opts {
    JBZ_OPTS_c_recognizer_openaiOptions_turn_detection(JBZI_MEMBER, _)
} jbz_c_recognizer_openaiOptions_turn_detection_opts;

/* OpenAI. */
#define JBZ_OPTS_c_recognizer_openaiOptions(X, T)                                                                              \
    X(T, STR,                                 apiKey,                      , MAY )  /* key, if not the account's */            \
    X(T, STR,                                 model,                       , MAY )  /* which model */                          \
    X(T, STR,                                 prompt,                      , MAY )  /* what to expect, in words */             \
    X(T, OBJ(c_recognizer_openaiOptions_promptTemplates),                                                                      \
                                              promptTemplates,             , MAY )  /* for autogeneratePrompt */               \
    X(T, STR,                                 language,                    , MAY )  /* like en-US */                           \
    X(T, STRS,                                languages,                   , V10 )  /* languages to expect */                  \
    X(T, STRS,                                keywords,                    , V10 )  /* words to expect */                      \
    X(T, ENUM(minimal|low|medium|high|xhigh), delay,                       , V10 )  /* how long to wait for accuracy */        \
    X(T, ENUM(near_field|far_field),          input_audio_noise_reduction, , MAY )  /* kind of microphone */                   \
    X(T, OBJ(c_recognizer_openaiOptions_turn_detection),                                                                       \
                                              turn_detection,              , MAY )  /* who decides on the end */               \
    X(T, INT_IN(0, 3),                        vadMode,                     , V10 )  /* how strict */                           \
    X(T, INT_IN(1, ),                         vadSilenceMs,                , V10 )  /* ms of silence that count */             \
    X(T, INT_IN(1, ),                         vadVoiceMs,                  , V10 )  /* ms of voice that count */
typedef struct jbz_c_recognizer_openaiOptions_opts {
    JBZ_OPTS_c_recognizer_openaiOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_openaiOptions_opts;

/* Houndify. */
#define JBZ_OPTS_c_recognizer_houndifyOptions(X, T)                                                                            \
    X(T, RAW(object),  requestInfo,                        , MAY )  /* their RequestInfo */                                    \
    X(T, NUM,          sampleRate,                         , MAY )  /* Hz */                                                   \
    X(T, NUM,          latitude,                           , MAY )  /* degrees */                                              \
    X(T, NUM,          longitude,                          , MAY )  /* degrees */                                              \
    X(T, STR,          city,                               , MAY )  /* city */                                                 \
    X(T, STR,          state,                              , MAY )  /* state */                                                \
    X(T, STR,          country,                            , MAY )  /* country */                                              \
    X(T, STR,          timeZone,                           , MAY )  /* like Europe/Berlin */                                   \
    X(T, STR,          domain,                             , MAY )  /* domain */                                               \
    X(T, STR,          audioEndpoint,                      , MAY )  /* their URL */                                            \
    X(T, NUM,          maxSilenceSeconds,                  , MAY )  /* s */                                                    \
    X(T, NUM,          maxSilenceAfterFullQuerySeconds,    , MAY )  /* s */                                                    \
    X(T, NUM,          maxSilenceAfterPartialQuerySeconds, , MAY )  /* s */                                                    \
    X(T, NUM,          vadSensitivity,                     , MAY )  /* vad sensitivity */                                      \
    X(T, NUM,          vadTimeout,                         , MAY )  /* vad timeout */                                          \
    X(T, STR,          vadMode,                            , MAY )  /* how strict */                                           \
    X(T, NUM,          vadVoiceMs,                         , MAY )  /* ms of voice that count */                               \
    X(T, NUM,          vadSilenceMs,                       , MAY )  /* ms of silence that count */                             \
    X(T, BOOL,         vadDebug,                           , MAY )  /* vad debug */                                            \
    X(T, STR,          audioFormat,                        , MAY )  /* audio format */                                         \
    X(T, BOOL,         enableNoiseReduction,               , MAY )  /* enable noise reduction */                               \
    X(T, BOOL,         enableProfanityFilter,              , MAY )  /* enable profanity filter */                              \
    X(T, BOOL,         enablePunctuation,                  , MAY )  /* enable punctuation */                                   \
    X(T, BOOL,         enableCapitalization,               , MAY )  /* enable capitalization */                                \
    X(T, NUM,          confidenceThreshold,                , MAY )  /* confidence threshold */                                 \
    X(T, BOOL,         enableDisfluencyFilter,             , MAY )  /* enable disfluency filter */                             \
    X(T, NUM,          maxResults,                         , MAY )  /* max results */                                          \
    X(T, BOOL,         enableWordTimestamps,               , MAY )  /* enable word timestamps */                               \
    X(T, NUM,          maxAlternatives,                    , MAY )  /* how many */                                             \
    X(T, NUM,          partialTranscriptInterval,          , MAY )  /* partial transcript interval */                          \
    X(T, NUM,          sessionTimeout,                     , MAY )  /* session timeout */                                      \
    X(T, NUM,          connectionTimeout,                  , MAY )  /* connection timeout */                                   \
    X(T, STRS,         customVocabulary,                   , MAY )  /* words to expect */                                      \
    X(T, STR,          languageModel,                      , MAY )  /* language model */                                       \
    X(T, NUM,          audioQueryAbsoluteTimeout,          , MAY )  /* audio query absolute timeout */                         \
    X(T, NUM_IN(0, 1), eoqThreshold,                       , V10 )  /* how sure of the end */                                  \
    X(T, NUM_IN(0, 1), vadStopThreshold,                   , V10 )  /* how sure of silence */
typedef struct jbz_c_recognizer_houndifyOptions_opts {
    JBZ_OPTS_c_recognizer_houndifyOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_houndifyOptions_opts;

/* ElevenLabs. */
#define JBZ_OPTS_c_recognizer_elevenlabsOptions(X, T)                                                                          \
    X(T, BOOL,             includeTimestamps,       , MAY )  /* time of each word */                                           \
    X(T, ENUM(manual|vad), commitStrategy,          , MAY )  /* who decides on the end */                                      \
    X(T, NUM,              vadSilenceThresholdSecs, , MAY )  /* s of silence that end it */                                    \
    X(T, NUM,              vadThreshold,            , MAY )  /* how sure that it is speech */                                  \
    X(T, NUM,              minSpeechDurationMs,     , MAY )  /* ms */                                                          \
    X(T, NUM,              minSilenceDurationMs,    , MAY )  /* ms */                                                          \
    X(T, BOOL,             enableLogging,           , MAY )  /* let them keep it */
typedef struct jbz_c_recognizer_elevenlabsOptions_opts {
    JBZ_OPTS_c_recognizer_elevenlabsOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_elevenlabsOptions_opts;

/* A recogniser of your own. */
#define JBZ_OPTS_c_recognizer_customOptions(X, T)                                                                              \
    X(T, STR,         authToken,  , MAY )  /* sent to it */                                                                    \
    X(T, STR,         uri,        , MAY )  /* its address */                                                                   \
    X(T, NUM,         sampleRate, , MAY )  /* Hz */                                                                            \
    X(T, RAW(object), options,    , MAY )  /* whatever it takes */
typedef struct jbz_c_recognizer_customOptions_opts {
    JBZ_OPTS_c_recognizer_customOptions(JBZI_MEMBER, _)
} jbz_c_recognizer_customOptions_opts;

/* A phrase to expect, with its own weight. */
#define JBZ_OPTS_c_recognizer_hints(X, T)                                                                                      \
    X(T, STR, phrase, , MUST)  /* text */                                                                                      \
    X(T, NUM, boost,  , MAY )  /* weight */
typedef struct jbz_c_recognizer_hints_opts { JBZ_OPTS_c_recognizer_hints(JBZI_MEMBER, _) } jbz_c_recognizer_hints_opts;

/* Speech to text: whose, in which language, and how. */
#define JBZ_OPTS_c_recognizer(X, T)                                                                                            \
    X(T, STR,                                   vendor,                        ,     MUST)  /* whose service */                \
    X(T, STR,                                   label,                         ,     MAY )  /* label of the credentials */     \
    X(T, STR,                                   language,                      ,     MAY )  /* like en-US */                   \
    X(T, STR,                                   fallbackVendor,                ,     MAY )  /* if that fails: vendor */        \
    X(T, STR,                                   fallbackLabel,                 ,     MAY )  /* label */                        \
    X(T, STR,                                   fallbackLanguage,              ,     MAY )  /* language */                     \
    X(T, OBJ(c_vad),                            vad,                           ,     MAY )  /* voice activity detection */     \
    X(T, BOOL,                                  autogeneratePrompt,            ,     MAY )  /* let jambonz describe the talk */\
    X(T, STRS,                                  hints,                         ,     MAY )  /* phrases to expect */            \
    X(T, OBJS(c_recognizer_hints),              hints,                         _obj, TWIN)                                     \
    X(T, NUM,                                   hintsBoost,                    ,     MAY )  /* weight of all hints */          \
    X(T, STRS,                                  altLanguages,                  ,     MAY )  /* other languages to expect */    \
    X(T, BOOL,                                  profanityFilter,               ,     MAY )  /* mask bad words */               \
    X(T, BOOL,                                  interim,                       ,     MAY )  /* interim results */              \
    X(T, BOOL,                                  singleUtterance,               ,     MAY )  /* stop after one */               \
    X(T, BOOL,                                  dualChannel,                   ,     MAY )  /* both sides apart */             \
    X(T, BOOL,                                  separateRecognitionPerChannel, ,     MAY )  /* each apart */                   \
    X(T, BOOL,                                  punctuation,                   ,     MAY )  /* add it */                       \
    X(T, BOOL,                                  enhancedModel,                 ,     MAY )  /* Google: better model */         \
    X(T, BOOL,                                  words,                         ,     MAY )  /* time of each word */            \
    X(T, BOOL,                                  diarization,                   ,     MAY )  /* tell speakers apart */          \
    X(T, NUM,                                   diarizationMinSpeakers,        ,     MAY )  /* fewest speakers */              \
    X(T, NUM,                                   diarizationMaxSpeakers,        ,     MAY )  /* most speakers */                \
    X(T, ENUM(unspecified|discussion|presentation|phone_call|voicemail|voice_search|voice_command|dictation),                  \
                                                interactionType,               ,     MAY )  /* Google: kind of talk */         \
    X(T, NUM,                                   naicsCode,                     ,     MAY )  /* Google: industry */             \
    X(T, BOOL,                                  identifyChannels,              ,     MAY )  /* AWS: channels apart */          \
    X(T, STR,                                   vocabularyName,                ,     MAY )  /* AWS: vocabulary */              \
    X(T, STR,                                   vocabularyFilterName,          ,     MAY )  /* AWS: words to filter */         \
    X(T, ENUM(remove|mask|tag),                 filterMethod,                  ,     MAY )  /* AWS: how */                     \
    X(T, STR,                                   model,                         ,     MAY )  /* which model */                  \
    X(T, ENUM(simple|detailed),                 outputFormat,                  ,     MAY )  /* Azure: detail */                \
    X(T, ENUM(masked|removed|raw),              profanityOption,               ,     MAY )  /* Azure: bad words */             \
    X(T, BOOL,                                  requestSnr,                    ,     MAY )  /* Azure: report noise */          \
    X(T, NUM,                                   initialSpeechTimeoutMs,        ,     MAY )  /* Azure: ms of silence at first */\
    X(T, STR,                                   azureServiceEndpoint,          ,     MAY )  /* Azure: own endpoint */          \
    X(T, STR,                                   azureSttEndpointId,            ,     MAY )  /* Azure: custom model */          \
    X(T, STR,                                   asrDtmfTerminationDigit,       ,     MAY )  /* key that ends recognition */    \
    X(T, NUM,                                   asrTimeout,                    ,     MAY )  /* s, then take what there is */   \
    X(T, NUM,                                   fastRecognitionTimeout,        ,     MAY )  /* s of unchanged text */          \
    X(T, NUM_IN(0, 1),                          minConfidence,                 ,     MAY )  /* less is not taken */            \
    X(T, OBJ(c_recognizer_deepgramOptions),     deepgramOptions,               ,     MAY )  /* Deepgram only */                \
    X(T, OBJ(c_recognizer_googleOptions),       googleOptions,                 ,     MAY )  /* Google only */                  \
    X(T, OBJ(c_recognizer_awsOptions),          awsOptions,                    ,     MAY )  /* AWS only */                     \
    X(T, OBJ(c_recognizer_azureOptions),        azureOptions,                  ,     MAY )  /* Azure only */                   \
    X(T, OBJ(c_recognizer_ibmOptions),          ibmOptions,                    ,     MAY )  /* IBM only */                     \
    X(T, OBJ(c_recognizer_nvidiaOptions),       nvidiaOptions,                 ,     MAY )  /* NVIDIA only */                  \
    X(T, OBJ(c_recognizer_sonioxOptions),       sonioxOptions,                 ,     MAY )  /* Soniox only */                  \
    X(T, OBJ(c_recognizer_xaiOptions),          xaiOptions,                    ,     V10 )  /* xAI only */                     \
    X(T, OBJ(c_recognizer_modulateOptions),     modulateOptions,               ,     V10 )  /* Modulate only */                \
    X(T, OBJ(c_recognizer_assemblyAiOptions),   assemblyAiOptions,             ,     MAY )  /* AssemblyAI only */              \
    X(T, OBJ(c_recognizer_speechmaticsOptions), speechmaticsOptions,           ,     MAY )  /* Speechmatics only */            \
    X(T, OBJ(c_recognizer_openaiOptions),       openaiOptions,                 ,     MAY )  /* OpenAI only */                  \
    X(T, OBJ(c_recognizer_houndifyOptions),     houndifyOptions,               ,     MAY )  /* Houndify only */                \
    X(T, RAW(object),                           gladiaOptions,                 ,     MAY )  /* Gladia only */                  \
    X(T, OBJ(c_recognizer_elevenlabsOptions),   elevenlabsOptions,             ,     MAY )  /* ElevenLabs only */              \
    X(T, OBJ(c_recognizer_customOptions),       customOptions,                 ,     MAY )  /* vendors of your own */
typedef struct jbz_c_recognizer_opts { JBZ_OPTS_c_recognizer(JBZI_MEMBER, _) } jbz_c_recognizer_opts;

/* Part of c_amd. */
#define JBZ_OPTS_c_amd_timers(X, T)                                                                                            \
    X(T, NUM, noSpeechTimeoutMs,           , MAY )  /* ms of silence at first; default 5000 */                                 \
    X(T, NUM, decisionTimeoutMs,           , MAY )  /* ms for the decision; default 15000 */                                   \
    X(T, NUM, toneTimeoutMs,               , MAY )  /* ms to wait for the beep; default 20000 */                               \
    X(T, NUM, greetingCompletionTimeoutMs, , MAY )  /* ms of silence behind the greeting; default 2000 */
typedef struct jbz_c_amd_timers_opts { JBZ_OPTS_c_amd_timers(JBZI_MEMBER, _) } jbz_c_amd_timers_opts;

/* Answering machine detection. */
#define JBZ_OPTS_c_amd(X, T)                                                                                                   \
    X(T, STR,               actionHook,         ,     MUST)  /* hook for what was detected */                                  \
    X(T, OBJ(c_actionHook), actionHook,         _obj, TWIN)                                                                    \
    X(T, NUM,               thresholdWordCount, ,     MAY )  /* words that make it a machine; default 9 */                     \
    X(T, NUM,               digitCount,         ,     MAY )  /* digits in a row that make it a machine; default 0 */           \
    X(T, OBJ(c_amd_timers), timers,             ,     MAY )  /* time limits */                                                 \
    X(T, OBJ(c_recognizer), recognizer,         ,     MAY )  /* speech to text, if not the session's */
typedef struct jbz_c_amd_opts { JBZ_OPTS_c_amd(JBZI_MEMBER, _) } jbz_c_amd_opts;

/* Whether audio may come back on an audio socket, and in which form. */
#define JBZ_OPTS_c_bidirectionalAudio(X, T)                                                                                    \
    X(T, BOOL, enabled,    , MAY )  /* take audio back */                                                                      \
    X(T, BOOL, streaming,  , MAY )  /* raw PCM instead of files */                                                             \
    X(T, NUM,  sampleRate, , MAY )  /* Hz */
typedef struct jbz_c_bidirectionalAudio_opts { JBZ_OPTS_c_bidirectionalAudio(JBZI_MEMBER, _) } jbz_c_bidirectionalAudio_opts;

/* A noise that fills the silence while the app thinks. */
#define JBZ_OPTS_c_fillerNoise(X, T)                                                                                           \
    X(T, BOOL, enable,         , MUST)  /* on or off */                                                                        \
    X(T, STR,  url,            , MAY )  /* sound file */                                                                       \
    X(T, NUM,  startDelaySecs, , MAY )  /* s before it starts */
typedef struct jbz_c_fillerNoise_opts { JBZ_OPTS_c_fillerNoise(JBZI_MEMBER, _) } jbz_c_fillerNoise_opts;

/* Part of c_target. */
#define JBZ_OPTS_c_target_from(X, T)                                                                                           \
    X(T, STR, user, , MAY )  /* user part */                                                                                   \
    X(T, STR, host, , MAY )  /* host part */
typedef struct jbz_c_target_from_opts { JBZ_OPTS_c_target_from(JBZI_MEMBER, _) } jbz_c_target_from_opts;

/* Somebody to call. Which of the members count depends on `type`. */
#define JBZ_OPTS_c_target(X, T)                                                                                                \
    X(T, ENUM(phone|sip|user|teams), type,        ,     MUST)  /* what the rest means */                                       \
    X(T, STR,                        number,      ,     MAY )  /* phone, teams: number */                                      \
    X(T, STR,                        sipUri,      ,     MAY )  /* sip: address */                                              \
    X(T, STR,                        name,        ,     MAY )  /* user: name@realm */                                          \
    X(T, STR,                        tenant,      ,     MAY )  /* teams: tenant */                                             \
    X(T, STR,                        trunk,       ,     MAY )  /* phone: carrier to use */                                     \
    X(T, STR,                        confirmHook, ,     MAY )  /* hook asked before the callee is connected */                 \
    X(T, OBJ(c_actionHook),          confirmHook, _obj, TWIN)                                                                  \
    X(T, ENUM(GET|POST),             method,      ,     MAY )  /* for the confirmHook; default POST */                         \
    X(T, MAP,                        headers,     ,     MAY )  /* SIP headers */                                               \
    X(T, RAW(object),                headers,     _raw, TWIN)                                                                  \
    X(T, OBJ(c_target_from),         from,        ,     MAY )  /* caller to show */                                            \
    X(T, OBJ(c_auth),                auth,        ,     MAY )  /* for the INVITE */                                            \
    X(T, BOOL,                       vmail,       ,     MAY )  /* teams: send to voicemail */                                  \
    X(T, STR,                        overrideTo,  ,     MAY )  /* To header instead of the usual one */                        \
    X(T, STR,                        proxy,       ,     MAY )  /* SIP proxy to send it through */
typedef struct jbz_c_target_opts { JBZ_OPTS_c_target(JBZI_MEMBER, _) } jbz_c_target_opts;

/* Text to speech: whose, in which language, and which voice. */
#define JBZ_OPTS_c_synthesizer(X, T)                                                                                           \
    X(T, STR,                                        vendor,           ,     MUST)  /* whose service */                        \
    X(T, STR,                                        label,            ,     MAY )  /* label of the credentials */             \
    X(T, STR,                                        language,         ,     MAY )  /* like en-US */                           \
    X(T, STR,                                        voice,            ,     MAY )  /* name */                                 \
    X(T, RAW(object),                                voice,            _raw, TWIN)  /* for custom vendors */                   \
    X(T, STR,                                        fallbackVendor,   ,     MAY )  /* if that fails: vendor */                \
    X(T, STR,                                        fallbackLabel,    ,     MAY )  /* label */                                \
    X(T, STR,                                        fallbackLanguage, ,     MAY )  /* language */                             \
    X(T, STR,                                        fallbackVoice,    ,     MAY )  /* voice */                                \
    X(T, RAW(object),                                fallbackVoice,    _raw, TWIN)                                             \
    X(T, ENUM(standard|neural|generative|long-form), engine,           ,     MAY )  /* AWS */                                  \
    X(T, ENUM(MALE|FEMALE|NEUTRAL),                  gender,           ,     MAY )  /* Google */                               \
    X(T, RAW(object),                                options,          ,     MAY )  /* whatever the vendor takes */
typedef struct jbz_c_synthesizer_opts { JBZ_OPTS_c_synthesizer(JBZI_MEMBER, _) } jbz_c_synthesizer_opts;

/* Part of c_transferOptions. */
#define JBZ_OPTS_c_transferOptions_confirm(X, T)                                                                               \
    X(T, STR, prompt, , MUST)  /* what to say */                                                                               \
    X(T, STR, digit,  , MUST)  /* key that accepts */
typedef struct jbz_c_transferOptions_confirm_opts {
    JBZ_OPTS_c_transferOptions_confirm(JBZI_MEMBER, _)
} jbz_c_transferOptions_confirm_opts;

/* Part of c_transferOptions. */
#define JBZ_OPTS_c_transferOptions_disposition(X, T)                                                                           \
    X(T, ENUM(return|voicemail|hangup), onNoAnswer,   , MAY )  /* no answer; default return */                                 \
    X(T, ENUM(return|voicemail|hangup), onBusy,       , MAY )  /* busy; default return */                                      \
    X(T, ENUM(return|voicemail|hangup), onDecline,    , MAY )  /* declined; default return */                                  \
    X(T, ENUM(return|voicemail|hangup), onFailure,    , MAY )  /* failed; default return */                                    \
    X(T, STR,                           voicemailUrl, , MAY )  /* needed if any of them is voicemail */
typedef struct jbz_c_transferOptions_disposition_opts {
    JBZ_OPTS_c_transferOptions_disposition(JBZI_MEMBER, _)
} jbz_c_transferOptions_disposition_opts;

/* Part of c_handoff. */
#define JBZ_OPTS_c_handoff_brief(X, T)                                                                                         \
    X(T, STR, template, _, MUST)  /* text with placeholders */
typedef struct jbz_c_handoff_brief_opts { JBZ_OPTS_c_handoff_brief(JBZI_MEMBER, _) } jbz_c_handoff_brief_opts;

/* What the verb transfer and the hand-off by a model have in common. */
#define JBZ_OPTS_c_transferOptions(X, T)                                                                                       \
    X(T, ENUM(blind|warm),                   mode,          ,     MUST)  /* without or with a word beforehand */               \
    X(T, OBJS(c_target),                     target,        ,     MUST)  /* whom to call */                                    \
    X(T, ENUM(refer|dial),                   blindMethod,   ,     MAY )  /* how to transfer blindly; default refer */          \
    X(T, BOOL,                               callerPresent, ,     MAY )  /* warm: the caller stays connected */                \
    X(T, STR,                                callerId,      ,     MAY )  /* number to show */                                  \
    X(T, STR,                                onHoldHook,    ,     MAY )  /* hook for what is heard while on hold */            \
    X(T, OBJ(c_actionHook),                  onHoldHook,    _obj, TWIN)                                                        \
    X(T, NUM,                                timeout,       ,     MAY )  /* s to ring; default 30 */                           \
    X(T, OBJ(c_transferOptions_confirm),     confirm,       ,     MAY )  /* the callee must accept */                          \
    X(T, OBJ(c_amd),                         amd,           ,     MAY )  /* answering machine detection */                     \
    X(T, OBJ(c_transferOptions_disposition), disposition,   ,     MAY )  /* what if nobody takes it */                         \
    X(T, STR,                                actionHook,    ,     MAY )  /* hook for the result */                             \
    X(T, OBJ(c_actionHook),                  actionHook,    _obj, TWIN)                                                        \
    X(T, STR,                                eventHook,     ,     MAY )  /* hook for events on the way */                      \
    X(T, OBJ(c_actionHook),                  eventHook,     _obj, TWIN)

/* Lets the model hand the call to a person: a tool that jambonz offers to it and carries out itself. */
#define JBZ_OPTS_c_handoff(X, T)                                                                                               \
    JBZ_OPTS_c_transferOptions(X, T)                                                                                           \
    X(T, ENUM(auto|none),      brief,            ,     MAY )  /* what the callee is told; default auto */                      \
    X(T, OBJ(c_handoff_brief), brief,            _obj, TWIN)  /* told in this way */                                           \
    X(T, OBJ(c_synthesizer),   briefSynthesizer, ,     MAY )  /* voice for it */                                               \
    X(T, STR,                  toolName,         ,     MAY )  /* of the tool, for the model; default transfer_to_human */      \
    X(T, STR,                  toolDescription,  ,     MAY )  /* of the tool, for the model */
typedef struct jbz_c_handoff_opts { JBZ_OPTS_c_handoff(JBZI_MEMBER, _) } jbz_c_handoff_opts;

/* Lets the model hang up: a tool that jambonz offers to it and carries out itself. */
#define JBZ_OPTS_c_hangup(X, T)                                                                                                \
    X(T, STR, reason, , MAY )  /* when the model should hang up */
typedef struct jbz_c_hangup_opts { JBZ_OPTS_c_hangup(JBZI_MEMBER, _) } jbz_c_hangup_opts;

/*---- verbs ----*/

/* answer: Answers the call. Other verbs do so by themselves when they need to. */
#define JBZ_OPTS_answer(X, T)                                                                                                  \
    X(T, STR, id, , MAY )  /* your name for it */
typedef struct jbz_answer_opts { JBZ_OPTS_answer(JBZI_MEMBER, _) } jbz_answer_opts;

/* say: Speaks to the caller. */
#define JBZ_OPTS_say(X, T)                                                                                                     \
    X(T, STR,                id,                 ,      MAY )  /* your name for it */                                          \
    X(T, STR,                text,               ,      MAY )  /* plain text or SSML */                                        \
    X(T, STRS,               text,               _list, TWIN)  /* one of these, by chance */                                   \
    X(T, STR,                instructions,       ,      MAY )  /* how to speak, for voices that take advice */                 \
    X(T, BOOL,               stream,             ,      MAY )  /* speak as it is synthesised */                                \
    X(T, TIMES,              loop,               ,      MAY )  /* times; for ever with JBZ_FOREVER */                          \
    X(T, STR,                loop,               _str,  TWIN)  /* number or "forever" */                                       \
    X(T, OBJ(c_synthesizer), synthesizer,        ,      MAY )  /* text to speech, if not the session's */                      \
    X(T, BOOL,               earlyMedia,         ,      MAY )  /* without answering the call */                                \
    X(T, BOOL,               disableTtsCache,    ,      MAY )  /* always synthesise anew */                                    \
    X(T, BOOL,               closeStreamOnEmpty, ,      MAY )  /* with stream: end when an empty text comes */
typedef struct jbz_say_opts { JBZ_OPTS_say(JBZI_MEMBER, _) } jbz_say_opts;

/* play: Plays a sound file to the caller. */
#define JBZ_OPTS_play(X, T)                                                                                                    \
    X(T, STR,               id,          ,      MAY )  /* your name for it */                                                  \
    X(T, STR,               url,         ,      MUST)  /* sound file */                                                        \
    X(T, STRS,              url,         _list, TWIN)  /* played in this order */                                              \
    X(T, TIMES,             loop,        ,      MAY )  /* times; for ever with JBZ_FOREVER */                                  \
    X(T, STR,               loop,        _str,  TWIN)  /* number or "forever" */                                               \
    X(T, BOOL,              earlyMedia,  ,      MAY )  /* without answering the call */                                        \
    X(T, NUM,               seekOffset,  ,      MAY )  /* samples to skip at the start */                                      \
    X(T, STR,               seekOffset,  _str,  TWIN)                                                                          \
    X(T, NUM,               timeoutSecs, ,      MAY )  /* s; longest time to play */                                           \
    X(T, STR,               timeoutSecs, _str,  TWIN)                                                                          \
    X(T, STR,               actionHook,  ,      MAY )  /* hook for the result */                                               \
    X(T, OBJ(c_actionHook), actionHook,  _obj,  TWIN)
typedef struct jbz_play_opts { JBZ_OPTS_play(JBZI_MEMBER, _) } jbz_play_opts;

/* gather: Collects digits, speech or both, while a prompt plays if there is one; the result comes to `actionHook`. */
#define JBZ_OPTS_gather(X, T)                                                                                                  \
    X(T, STR,                          id,                    ,     MAY )  /* your name for it */                              \
    X(T, STR,                          actionHook,            ,     MAY )  /* hook for the result */                           \
    X(T, OBJ(c_actionHook),            actionHook,            _obj, TWIN)                                                      \
    X(T, ENUMS(speech|digits),         input,                 ,     MAY )  /* what to listen for; default digits */            \
    X(T, STR,                          finishOnKey,           ,     MAY )  /* key that ends the input */                       \
    X(T, NUM,                          numDigits,             ,     MAY )  /* digits that complete the input */                \
    X(T, NUM,                          minDigits,             ,     MAY )  /* fewest digits */                                 \
    X(T, NUM,                          maxDigits,             ,     MAY )  /* most digits */                                   \
    X(T, NUM,                          interDigitTimeout,     ,     MAY )  /* s between two digits */                          \
    X(T, NUM,                          timeout,               ,     MAY )  /* s without any input, then reason timeout */      \
    X(T, NUM,                          speechTimeout,         ,     MAY )  /* s of silence that end an utterance */            \
    X(T, BOOL,                         bargein,               ,     MAY )  /* speech interrupts the prompt */                  \
    X(T, BOOL,                         dtmfBargein,           ,     MAY )  /* digits interrupt the prompt */                   \
    X(T, NUM,                          minBargeinWordCount,   ,     MAY )  /* words it takes to interrupt */                   \
    X(T, BOOL,                         listenDuringPrompt,    ,     MAY )  /* listen while the prompt plays; default true */   \
    X(T, OBJ(say),                     say,                   ,     MAY )  /* spoken prompt */                                 \
    X(T, RAW(object),                  say,                   _raw, TWIN)                                                      \
    X(T, OBJ(play),                    play,                  ,     MAY )  /* prompt from a file */                            \
    X(T, RAW(object),                  play,                  _raw, TWIN)                                                      \
    X(T, STR,                          partialResultHook,     ,     MAY )  /* hook for interim results */                      \
    X(T, OBJ(c_actionHook),            partialResultHook,     _obj, TWIN)                                                      \
    X(T, OBJ(c_recognizer),            recognizer,            ,     MAY )  /* speech to text, if not the session's */          \
    X(T, OBJ(c_fillerNoise),           fillerNoise,           ,     MAY )  /* noise while the hook is answered */              \
    X(T, OBJ(c_actionHookDelayAction), actionHookDelayAction, ,     MAY )  /* what to do while the hook is answered */
typedef struct jbz_gather_opts { JBZ_OPTS_gather(JBZI_MEMBER, _) } jbz_gather_opts;

/* pause: Waits, in silence. */
#define JBZ_OPTS_pause(X, T)                                                                                                   \
    X(T, STR, id,     , MAY )  /* your name for it */                                                                          \
    X(T, NUM, length, , MUST)  /* s to wait */
typedef struct jbz_pause_opts { JBZ_OPTS_pause(JBZI_MEMBER, _) } jbz_pause_opts;

/* hangup: Ends the call. Does nothing on an inbound call that was not answered: use sip:decline there. */
#define JBZ_OPTS_hangup(X, T)                                                                                                  \
    X(T, STR,         id,      ,     MAY )  /* your name for it */                                                             \
    X(T, MAP,         headers, ,     MAY )  /* SIP headers */                                                                  \
    X(T, RAW(object), headers, _raw, TWIN)
typedef struct jbz_hangup_opts { JBZ_OPTS_hangup(JBZI_MEMBER, _) } jbz_hangup_opts;

/* redirect: Continues with the verbs that a hook answers. */
#define JBZ_OPTS_redirect(X, T)                                                                                                \
    X(T, STR,               id,         ,     MAY )  /* your name for it */                                                    \
    X(T, STR,               actionHook, ,     MUST)  /* hook that answers with the next verbs */                               \
    X(T, OBJ(c_actionHook), actionHook, _obj, TWIN)                                                                            \
    X(T, STR,               statusHook, ,     MAY )  /* hook for changes of state */                                           \
    X(T, OBJ(c_actionHook), statusHook, _obj, TWIN)
typedef struct jbz_redirect_opts { JBZ_OPTS_redirect(JBZI_MEMBER, _) } jbz_redirect_opts;

/* leave: Leaves the queue or conference, as answer to one of its hooks. */
#define JBZ_OPTS_leave(X, T)                                                                                                   \
    X(T, STR, id, , MAY )  /* your name for it */
typedef struct jbz_leave_opts { JBZ_OPTS_leave(JBZI_MEMBER, _) } jbz_leave_opts;

/* transcribe: Transcribes the call while it goes on. */
#define JBZ_OPTS_transcribe(X, T)                                                                                              \
    X(T, STR,               id,                , MAY )  /* your name for it */                                                 \
    X(T, BOOL,              enable,            , V10 )  /* false ends it */                                                    \
    X(T, STR,               transcriptionHook, , MAY )  /* hook for transcripts */                                             \
    X(T, STR,               translationHook,   , MAY )  /* hook for translations */                                            \
    X(T, OBJ(c_recognizer), recognizer,        , MAY )  /* speech to text, if not the session's */                             \
    X(T, BOOL,              earlyMedia,        , MAY )  /* without answering the call */                                       \
    X(T, INT_IN(1, 2),      channel,           , MAY )  /* 1 caller, 2 the other side */
typedef struct jbz_transcribe_opts { JBZ_OPTS_transcribe(JBZI_MEMBER, _) } jbz_transcribe_opts;

/* listen: Sends the call's audio to a WebSocket and can play what comes back. */
#define JBZ_OPTS_listen(X, T)                                                                                                  \
    X(T, STR,                       id,                        ,     MAY )  /* your name for it */                             \
    X(T, STR,                       url,                       ,     MUST)  /* ws or wss URL of the audio socket */            \
    X(T, STR,                       actionHook,                ,     MAY )  /* hook for the result */                          \
    X(T, OBJ(c_actionHook),         actionHook,                _obj, TWIN)                                                     \
    X(T, OBJ(c_auth),               wsAuth,                    ,     MAY )  /* user and password of the audio socket */        \
    X(T, ENUM(mono|stereo|mixed),   mixType,                   ,     MAY )  /* caller, both apart, both mixed; default mono */ \
    X(T, MAP,                       metadata,                  ,     MAY )  /* sent in the first frame */                      \
    X(T, RAW(object),               metadata,                  _raw, TWIN)                                                     \
    X(T, NUM,                       sampleRate,                ,     MAY )  /* Hz; default 8000 */                             \
    X(T, STR,                       finishOnKey,               ,     MAY )  /* key that ends the input */                      \
    X(T, NUM,                       maxLength,                 ,     MAY )  /* s */                                            \
    X(T, BOOL,                      passDtmf,                  ,     MAY )  /* send digits as events */                        \
    X(T, BOOL,                      playBeep,                  ,     MAY )  /* beep at the start */                            \
    X(T, BOOL,                      disableBidirectionalAudio, ,     MAY )  /* take no audio back */                           \
    X(T, OBJ(c_bidirectionalAudio), bidirectionalAudio,        ,     MAY )  /* audio that comes back */                        \
    X(T, NUM,                       timeout,                   ,     MAY )  /* s of silence that end it */                     \
    X(T, OBJ(transcribe),           transcribe,                ,     MAY )  /* transcribe as well */                           \
    X(T, BOOL,                      earlyMedia,                ,     MAY )  /* without answering the call */                   \
    X(T, NUM,                       channel,                   ,     MAY )  /* 1 caller, 2 the other side */
typedef struct jbz_listen_opts { JBZ_OPTS_listen(JBZI_MEMBER, _) } jbz_listen_opts;

/* stream: The same as listen. */
#define JBZ_OPTS_stream(X, T) JBZ_OPTS_listen(X, T)
typedef struct jbz_stream_opts { JBZ_OPTS_stream(JBZI_MEMBER, _) } jbz_stream_opts;

/* dub: Mixes further audio tracks into the call. */
#define JBZ_OPTS_dub(X, T)                                                                                                     \
    X(T, STR,         id,     ,     MAY )  /* your name for it */                                                              \
    X(T, ENUM(addTrack|removeTrack|silenceTrack|playOnTrack|sayOnTrack),                                                       \
                      action, ,     MUST)  /* what to do with the track */                                                     \
    X(T, STR,         track,  ,     MUST)  /* name of the track */                                                             \
    X(T, STR,         play,   ,     MAY )  /* sound file */                                                                    \
    X(T, STR,         say,    ,     MAY )  /* text */                                                                          \
    X(T, OBJ(say),    say,    _obj, TWIN)                                                                                      \
    X(T, RAW(object), say,    _raw, TWIN)                                                                                      \
    X(T, BOOL,        loop,   ,     MAY )  /* over and over */                                                                 \
    X(T, NUM,         gain,   ,     MAY )  /* dB */                                                                            \
    X(T, STR,         gain,   _str, TWIN)  /* with unit, "-6 dB" */
typedef struct jbz_dub_opts { JBZ_OPTS_dub(JBZI_MEMBER, _) } jbz_dub_opts;

/* dial: Calls somebody and connects the caller with them. */
#define JBZ_OPTS_dial(X, T)                                                                                                    \
    X(T, STR,               id,               ,     MAY )  /* your name for it */                                              \
    X(T, OBJS(c_target),    target,           ,     MUST)  /* all ring at once; the first to answer wins */                    \
    X(T, STR,               actionHook,       ,     MAY )  /* hook for the result */                                           \
    X(T, OBJ(c_actionHook), actionHook,       _obj, TWIN)                                                                      \
    X(T, NUM,               timeout,          ,     MAY )  /* s to ring */                                                     \
    X(T, NUM,               timeLimit,        ,     MAY )  /* s; longest call */                                               \
    X(T, STR,               callerId,         ,     MAY )  /* number to show */                                                \
    X(T, STR,               callerName,       ,     MAY )  /* name to show */                                                  \
    X(T, BOOL,              answerOnBridge,   ,     MAY )  /* answer the caller only when the callee does */                   \
    X(T, STR,               onHoldHook,       ,     MAY )  /* hook for what is heard while on hold */                          \
    X(T, OBJ(c_actionHook), onHoldHook,       _obj, TWIN)                                                                      \
    X(T, STR,               confirmHook,      ,     MAY )  /* hook asked before the callee is connected */                     \
    X(T, OBJ(c_actionHook), confirmHook,      _obj, TWIN)                                                                      \
    X(T, STR,               referHook,        ,     MAY )  /* hook for a REFER of the other side */                            \
    X(T, OBJ(c_actionHook), referHook,        _obj, TWIN)                                                                      \
    X(T, STR,               dialMusic,        ,     MAY )  /* sound file instead of ringing */                                 \
    X(T, STRS,              dtmfCapture,      ,     MAY )  /* digit patterns to report, like "*2" */                           \
    X(T, RAW(object),       dtmfCapture,      _raw, TWIN)                                                                      \
    X(T, STR,               dtmfHook,         ,     MAY )  /* hook for the digits captured */                                  \
    X(T, OBJ(c_actionHook), dtmfHook,         _obj, TWIN)                                                                      \
    X(T, MAP,               headers,          ,     MAY )  /* SIP headers of the INVITE */                                     \
    X(T, RAW(object),       headers,          _raw, TWIN)                                                                      \
    X(T, BOOL,              anchorMedia,      ,     MAY )  /* keep the audio in jambonz */                                     \
    X(T, STRS,              codecs,           ,     V10 )  /* codecs to offer, best first */                                   \
    X(T, BOOL,              exitMediaPath,    ,     MAY )  /* take jambonz out of the audio path */                            \
    X(T, NUM,               boostAudioSignal, ,     MAY )  /* dB */                                                            \
    X(T, STR,               boostAudioSignal, _str, TWIN)                                                                      \
    X(T, OBJ(listen),       listen,           ,     MAY )  /* audio to a socket meanwhile */                                   \
    X(T, RAW(object),       listen,           _raw, TWIN)                                                                      \
    X(T, OBJ(stream),       stream,           ,     MAY )  /* the same as listen */                                            \
    X(T, RAW(object),       stream,           _raw, TWIN)                                                                      \
    X(T, OBJ(transcribe),   transcribe,       ,     MAY )  /* transcribe meanwhile */                                          \
    X(T, RAW(object),       transcribe,       _raw, TWIN)                                                                      \
    X(T, STR,               proxy,            ,     MAY )  /* SIP proxy to send it through */                                  \
    X(T, OBJ(c_amd),        amd,              ,     MAY )  /* answering machine detection */                                   \
    X(T, OBJS(dub),         dub,              ,     MAY )  /* audio tracks to mix in */                                        \
    X(T, MAP,               tag,              ,     MAY )  /* data for the new call; comes back as customerData */             \
    X(T, RAW(object),       tag,              _raw, TWIN)                                                                      \
    X(T, BOOL,              forwardPAI,       ,     MAY )  /* pass P-Asserted-Identity on */                                   \
    X(T, ENUM(sdes|dtls),   srtpEncryption,   ,     MAY )  /* encrypt the audio, SIP URIs only */
typedef struct jbz_dial_opts { JBZ_OPTS_dial(JBZI_MEMBER, _) } jbz_dial_opts;

/* conference: Puts the caller into a conference. */
#define JBZ_OPTS_conference(X, T)                                                                                              \
    X(T, STR,               id,                     ,     MAY )  /* your name for it */                                        \
    X(T, STR,               name,                   ,     MUST)  /* of the conference */                                       \
    X(T, BOOL,              beep,                   ,     MAY )  /* beep on entry */                                           \
    X(T, STR,               memberTag,              ,     MAY )  /* tag of this member */                                      \
    X(T, STR,               speakOnlyTo,            ,     MAY )  /* tag of the members who hear this one */                    \
    X(T, BOOL,              startConferenceOnEnter, ,     MAY )  /* it starts with this member */                              \
    X(T, BOOL,              endConferenceOnExit,    ,     MAY )  /* it ends with this member */                                \
    X(T, NUM,               endConferenceDuration,  ,     MAY )  /* s until it ends then */                                    \
    X(T, NUM,               maxParticipants,        ,     MAY )  /* most members */                                            \
    X(T, BOOL,              joinMuted,              ,     MAY )  /* enter muted */                                             \
    X(T, STR,               actionHook,             ,     MAY )  /* hook for the result */                                     \
    X(T, OBJ(c_actionHook), actionHook,             _obj, TWIN)                                                                \
    X(T, STR,               waitHook,               ,     MAY )  /* hook for what is heard while waiting */                    \
    X(T, OBJ(c_actionHook), waitHook,               _obj, TWIN)                                                                \
    X(T, STRS,              statusEvents,           ,     MAY )  /* changes to report, like "join" */                          \
    X(T, STR,               statusHook,             ,     MAY )  /* hook for changes of state */                               \
    X(T, OBJ(c_actionHook), statusHook,             _obj, TWIN)                                                                \
    X(T, STR,               enterHook,              ,     MAY )  /* hook for what is heard on entry */                         \
    X(T, OBJ(c_actionHook), enterHook,              _obj, TWIN)                                                                \
    X(T, RAW(object),       record,                 ,     MAY )  /* record it */                                               \
    X(T, OBJ(listen),       listen,                 ,     MAY )  /* audio to a socket meanwhile */                             \
    X(T, RAW(object),       listen,                 _raw, TWIN)                                                                \
    X(T, OBJ(listen),       stream,                 ,     V10 )  /* the same as listen */                                      \
    X(T, RAW(object),       stream,                 _raw, TWIN)                                                                \
    X(T, BOOL,              distributeDtmf,         ,     MAY )  /* pass digits on to the others */
typedef struct jbz_conference_opts { JBZ_OPTS_conference(JBZI_MEMBER, _) } jbz_conference_opts;

/* room: The same as conference. Not in the open-source server. */
#define JBZ_OPTS_room(X, T) JBZ_OPTS_conference(X, T)
typedef struct jbz_room_opts { JBZ_OPTS_room(JBZI_MEMBER, _) } jbz_room_opts;

/* enqueue: Puts the caller into a queue; `waitHook` says what there is to hear meanwhile. */
#define JBZ_OPTS_enqueue(X, T)                                                                                                 \
    X(T, STR,               id,         ,     MAY )  /* your name for it */                                                    \
    X(T, STR,               name,       ,     MUST)  /* of the queue */                                                        \
    X(T, STR,               actionHook, ,     MAY )  /* hook for the result */                                                 \
    X(T, OBJ(c_actionHook), actionHook, _obj, TWIN)                                                                            \
    X(T, STR,               waitHook,   ,     MAY )  /* hook for what is heard while waiting */                                \
    X(T, OBJ(c_actionHook), waitHook,   _obj, TWIN)                                                                            \
    X(T, NUM,               priority,   ,     MAY )  /* low numbers go first */
typedef struct jbz_enqueue_opts { JBZ_OPTS_enqueue(JBZI_MEMBER, _) } jbz_enqueue_opts;

/* dequeue: Takes the longest waiting caller out of a queue and connects them with this one. */
#define JBZ_OPTS_dequeue(X, T)                                                                                                 \
    X(T, STR,               id,         ,     MAY )  /* your name for it */                                                    \
    X(T, STR,               name,       ,     MUST)  /* of the queue */                                                        \
    X(T, STR,               actionHook, ,     MAY )  /* hook for the result */                                                 \
    X(T, OBJ(c_actionHook), actionHook, _obj, TWIN)                                                                            \
    X(T, NUM,               timeout,    ,     MAY )  /* s to wait for somebody */                                              \
    X(T, BOOL,              beep,       ,     MAY )  /* beep when connected */                                                 \
    X(T, STR,               callSid,    ,     MAY )  /* this caller instead of the first */
typedef struct jbz_dequeue_opts { JBZ_OPTS_dequeue(JBZI_MEMBER, _) } jbz_dequeue_opts;

/* Part of config. */
#define JBZ_OPTS_config_bargeIn(X, T)                                                                                          \
    X(T, BOOL,                 enable,              ,     OSS )  /* on or off */                                               \
    X(T, BOOL,                 sticky,              ,     MAY )  /* stays on after it was triggered */                         \
    X(T, STR,                  actionHook,          ,     MAY )  /* hook for what was said or pressed */                       \
    X(T, OBJ(c_actionHook),    actionHook,          _obj, TWIN)                                                                \
    X(T, ENUMS(speech|digits), input,               ,     MAY )  /* what interrupts */                                         \
    X(T, NUM,                  minBargeinWordCount, ,     MAY )  /* words it takes to interrupt */                             \
    X(T, STR,                  partialResultHook,   ,     MAY )  /* hook for interim results */                                \
    X(T, OBJ(c_actionHook),    partialResultHook,   _obj, TWIN)                                                                \
    X(T, STR,                  finishOnKey,         ,     MAY )  /* key that ends the input */                                 \
    X(T, NUM,                  numDigits,           ,     MAY )  /* digits that complete the input */                          \
    X(T, NUM,                  minDigits,           ,     MAY )  /* fewest digits */                                           \
    X(T, NUM,                  maxDigits,           ,     MAY )  /* most digits */                                             \
    X(T, NUM,                  interDigitTimeout,   ,     MAY )  /* s between two digits */                                    \
    X(T, BOOL,                 dtmfBargein,         ,     MAY )  /* digits interrupt what is said */
typedef struct jbz_config_bargeIn_opts { JBZ_OPTS_config_bargeIn(JBZI_MEMBER, _) } jbz_config_bargeIn_opts;

/* Part of config. */
#define JBZ_OPTS_config_ttsStream(X, T)                                                                                        \
    X(T, BOOL,               enable,      , OSS )  /* on or off */                                                             \
    X(T, OBJ(c_synthesizer), synthesizer, , MAY )  /* text to speech, if not the session's */
typedef struct jbz_config_ttsStream_opts { JBZ_OPTS_config_ttsStream(JBZI_MEMBER, _) } jbz_config_ttsStream_opts;

/* Starts, stops, pauses or resumes a recording. */
#define JBZ_OPTS_config_record(X, T)                                                                                           \
    X(T, ENUM(startCallRecording|stopCallRecording|pauseCallRecording|resumeCallRecording),                                    \
                             action,          ,      MUST)  /* what to do */                                                   \
    X(T, ENUM(cloud|siprec), type,            ,      MAY )  /* where the recording goes */                                     \
    X(T, STR,                recordingID,     ,      MAY )  /* your id of the recording */                                     \
    X(T, STR,                siprecServerURL, ,      MAY )  /* SIPREC server */                                                \
    X(T, STRS,               siprecServerURL, _list, TWIN)                                                                     \
    X(T, MAP,                headers,         ,      MAY )  /* SIP headers for the SIPREC server */                            \
    X(T, RAW(object),        headers,         _raw,  TWIN)
typedef struct jbz_config_record_opts { JBZ_OPTS_config_record(JBZI_MEMBER, _) } jbz_config_record_opts;

/* Sends the call's audio to a WebSocket in the background, until switched off. */
#define JBZ_OPTS_config_listen(X, T)                                                                                           \
    X(T, BOOL,                      enable,                    ,     MUST)  /* on or off */                                    \
    X(T, STR,                       url,                       ,     MAY )  /* ws or wss URL of the audio socket */            \
    X(T, NUM,                       sampleRate,                ,     MAY )  /* Hz */                                           \
    X(T, OBJ(c_auth),               wsAuth,                    ,     MAY )  /* user and password of the audio socket */        \
    X(T, ENUM(mono|stereo|mixed),   mixType,                   ,     MAY )  /* caller, both apart, both mixed */               \
    X(T, MAP,                       metadata,                  ,     MAY )  /* sent in the first frame */                      \
    X(T, RAW(object),               metadata,                  _raw, TWIN)                                                     \
    X(T, NUM,                       maxLength,                 ,     MAY )  /* s */                                            \
    X(T, BOOL,                      passDtmf,                  ,     MAY )  /* send digits as events */                        \
    X(T, BOOL,                      playBeep,                  ,     MAY )  /* beep at the start */                            \
    X(T, BOOL,                      disableBidirectionalAudio, ,     MAY )  /* take no audio back */                           \
    X(T, OBJ(c_bidirectionalAudio), bidirectionalAudio,        ,     MAY )  /* audio that comes back */                        \
    X(T, NUM,                       timeout,                   ,     MAY )  /* s to wait */
typedef struct jbz_config_listen_opts { JBZ_OPTS_config_listen(JBZI_MEMBER, _) } jbz_config_listen_opts;

/* Transcribes the call in the background, until switched off. */
#define JBZ_OPTS_config_transcribe(X, T)                                                                                       \
    X(T, BOOL,              enable,            , MUST)  /* on or off */                                                        \
    X(T, STR,               transcriptionHook, , MAY )  /* hook for transcripts */                                             \
    X(T, OBJ(c_recognizer), recognizer,        , MAY )  /* speech to text, if not the session's */
typedef struct jbz_config_transcribe_opts { JBZ_OPTS_config_transcribe(JBZI_MEMBER, _) } jbz_config_transcribe_opts;

/* Part of config. */
#define JBZ_OPTS_config_noiseIsolation(X, T)                                                                                   \
    X(T, BOOL, enable, , MAY )  /* on or off */                                                                                \
    X(T, STR,  vendor, , MAY )  /* whose service */                                                                            \
    X(T, NUM,  level,  , MAY )  /* 0 to 100 */                                                                                 \
    X(T, STR,  model,  , MAY )  /* which model */
typedef struct jbz_config_noiseIsolation_opts { JBZ_OPTS_config_noiseIsolation(JBZI_MEMBER, _) } jbz_config_noiseIsolation_opts;

/* Part of config. */
#define JBZ_OPTS_config_turnTaking(X, T)                                                                                       \
    X(T, BOOL, enable,    , MAY )  /* on or off */                                                                             \
    X(T, STR,  vendor,    , MAY )  /* whose service */                                                                         \
    X(T, NUM,  threshold, , MAY )  /* how sure */                                                                              \
    X(T, STR,  model,     , MAY )  /* which model */
typedef struct jbz_config_turnTaking_opts { JBZ_OPTS_config_turnTaking(JBZI_MEMBER, _) } jbz_config_turnTaking_opts;

/* config: Sets what holds for the rest of the session: voices, recognisers, background audio, barge-in. */
#define JBZ_OPTS_config(X, T)                                                                                                  \
    X(T, STR,                          id,                         ,      MAY )  /* your name for it */                        \
    X(T, OBJ(c_synthesizer),           synthesizer,                ,      MAY )  /* text to speech */                          \
    X(T, OBJ(c_recognizer),            recognizer,                 ,      MAY )  /* speech to text */                          \
    X(T, OBJ(config_bargeIn),          bargeIn,                    ,      MAY )  /* background gather */                       \
    X(T, OBJ(config_ttsStream),        ttsStream,                  ,      MAY )  /* background speech streaming */             \
    X(T, OBJ(config_record),           record,                     ,      MAY )  /* recording */                               \
    X(T, RAW(object),                  record,                     _raw,  TWIN)                                                \
    X(T, OBJ(config_listen),           listen,                     ,      MAY )  /* background audio socket */                 \
    X(T, RAW(object),                  listen,                     _raw,  TWIN)                                                \
    X(T, OBJ(config_listen),           stream,                     ,      MAY )  /* ignored by the server: use listen */       \
    X(T, RAW(object),                  stream,                     _raw,  TWIN)                                                \
    X(T, OBJ(config_transcribe),       transcribe,                 ,      MAY )  /* background transcription */                \
    X(T, RAW(object),                  transcribe,                 _raw,  TWIN)                                                \
    X(T, OBJ(c_amd),                   amd,                        ,      MAY )  /* answering machine detection */             \
    X(T, OBJ(c_fillerNoise),           fillerNoise,                ,      MAY )  /* noise while the hook is answered */        \
    X(T, OBJ(c_vad),                   vad,                        ,      MAY )  /* voice activity detection */                \
    X(T, BOOL,                         notifyEvents,               ,      MAY )  /* send verb:status */                        \
    X(T, BOOL,                         notifySttLatency,           ,      MAY )  /* report how long recognition took */        \
    X(T, STR,                          reset,                      ,      MAY )  /* back to defaults, like "recognizer" */     \
    X(T, STRS,                         reset,                      _list, TWIN)                                                \
    X(T, STR,                          onHoldMusic,                ,      MAY )  /* sound file for callers on hold */          \
    X(T, OBJ(c_actionHookDelayAction), actionHookDelayAction,      ,      MAY )  /* what to do while the hook is answered */   \
    X(T, STR,                          sipRequestWithinDialogHook, ,      MAY )  /* hook for SIP requests within the dialog */ \
    X(T, OBJ(c_actionHook),            sipRequestWithinDialogHook, _obj,  TWIN)                                                \
    X(T, NUM,                          boostAudioSignal,           ,      MAY )  /* dB */                                      \
    X(T, STR,                          boostAudioSignal,           _str,  TWIN)                                                \
    X(T, STR,                          referHook,                  ,      MAY )  /* hook for a REFER of the other side */      \
    X(T, OBJ(c_actionHook),            referHook,                  _obj,  TWIN)                                                \
    X(T, BOOL,                         earlyMedia,                 ,      MAY )  /* do not answer the call */                  \
    X(T, BOOL,                         autoStreamTts,              ,      MAY )  /* stream all speech */                       \
    X(T, BOOL,                         disableTtsCache,            ,      MAY )  /* always synthesise anew */                  \
    X(T, BOOL,                         trackTtsPlayout,            ,      MAY )  /* report what was heard; v10 */              \
    X(T, OBJ(config_noiseIsolation),   noiseIsolation,             ,      MAY )  /* remove noise; v10 */                       \
    X(T, OBJ(config_turnTaking),       turnTaking,                 ,      MAY )  /* end of turn detection; v10 */
typedef struct jbz_config_opts { JBZ_OPTS_config(JBZI_MEMBER, _) } jbz_config_opts;

/* tag: Attaches data to the call; it comes back as customerData in every later message. */
#define JBZ_OPTS_tag(X, T)                                                                                                     \
    X(T, STR,         id,   ,     MAY )  /* your name for it */                                                                \
    X(T, MAP,         data, ,     MUST)  /* comes back as customerData */                                                      \
    X(T, RAW(object), data, _raw, TWIN)
typedef struct jbz_tag_opts { JBZ_OPTS_tag(JBZI_MEMBER, _) } jbz_tag_opts;

/* alert: Sends 180 with an Alert-Info header. */
#define JBZ_OPTS_alert(X, T)                                                                                                   \
    X(T, STR, id,      , MAY )  /* your name for it */                                                                         \
    X(T, STR, message, , MUST)  /* for the Alert-Info header */
typedef struct jbz_alert_opts { JBZ_OPTS_alert(JBZI_MEMBER, _) } jbz_alert_opts;

/* message: Sends an SMS or MMS. */
#define JBZ_OPTS_message(X, T)                                                                                                 \
    X(T, STR,               id,          ,      MAY )  /* your name for it */                                                  \
    X(T, STR,               to,          ,      MUST)  /* number */                                                            \
    X(T, STR,               from,        ,      MUST)  /* number */                                                            \
    X(T, STR,               text,        ,      MAY )  /* what to send */                                                      \
    X(T, STR,               media,       ,      MAY )  /* URL of a picture or the like */                                      \
    X(T, STRS,              media,       _list, TWIN)  /* several of them */                                                   \
    X(T, STR,               carrier,     ,      MAY )  /* whose carrier to use */                                              \
    X(T, STR,               account_sid, ,      MAY )  /* account to charge */                                                 \
    X(T, STR,               message_sid, ,      MAY )  /* id to give to the message */                                         \
    X(T, STR,               actionHook,  ,      MAY )  /* hook for the result */                                               \
    X(T, OBJ(c_actionHook), actionHook,  _obj,  TWIN)
typedef struct jbz_message_opts { JBZ_OPTS_message(JBZI_MEMBER, _) } jbz_message_opts;

/* dtmf: Sends digits to the other side. */
#define JBZ_OPTS_dtmf(X, T)                                                                                                    \
    X(T, STR, id,       , MAY )  /* your name for it */                                                                        \
    X(T, STR, dtmf,     , MUST)  /* digits, * and # */                                                                         \
    X(T, NUM, duration, , MAY )  /* ms per digit; default 500 */
typedef struct jbz_dtmf_opts { JBZ_OPTS_dtmf(JBZI_MEMBER, _) } jbz_dtmf_opts;

/* sip:decline: Refuses an inbound call that was not answered yet. */
#define JBZ_OPTS_sip_decline(X, T)                                                                                             \
    X(T, STR,         id,      ,     MAY )  /* your name for it */                                                             \
    X(T, NUM,         status,  ,     MUST)  /* SIP status, 400 to 699 */                                                       \
    X(T, STR,         reason,  ,     MAY )  /* its text */                                                                     \
    X(T, MAP,         headers, ,     MAY )  /* SIP headers */                                                                  \
    X(T, RAW(object), headers, _raw, TWIN)
typedef struct jbz_sip_decline_opts { JBZ_OPTS_sip_decline(JBZI_MEMBER, _) } jbz_sip_decline_opts;

/* sip:refer: Transfers the call by SIP REFER. */
#define JBZ_OPTS_sip_refer(X, T)                                                                                               \
    X(T, STR,               id,                    ,     MAY )  /* your name for it */                                         \
    X(T, STR,               referTo,               ,     MUST)  /* number or SIP address */                                    \
    X(T, STR,               referredBy,            ,     MAY )  /* for the Referred-By header */                               \
    X(T, STR,               referredByDisplayName, ,     MAY )  /* name in it */                                               \
    X(T, MAP,               headers,               ,     MAY )  /* SIP headers */                                              \
    X(T, RAW(object),       headers,               _raw, TWIN)                                                                 \
    X(T, STR,               actionHook,            ,     MAY )  /* hook for the result */                                      \
    X(T, OBJ(c_actionHook), actionHook,            _obj, TWIN)                                                                 \
    X(T, STR,               eventHook,             ,     MAY )  /* hook for NOTIFYs */                                         \
    X(T, OBJ(c_actionHook), eventHook,             _obj, TWIN)
typedef struct jbz_sip_refer_opts { JBZ_OPTS_sip_refer(JBZI_MEMBER, _) } jbz_sip_refer_opts;

/* sip:request: Sends a SIP request within the call's dialog. */
#define JBZ_OPTS_sip_request(X, T)                                                                                             \
    X(T, STR,               id,         ,     MAY )  /* your name for it */                                                    \
    X(T, STR,               method,     ,     MUST)  /* INFO, NOTIFY, MESSAGE ... */                                           \
    X(T, STR,               body,       ,     MAY )  /* of the request */                                                      \
    X(T, MAP,               headers,    ,     MAY )  /* SIP headers */                                                         \
    X(T, RAW(object),       headers,    _raw, TWIN)                                                                            \
    X(T, STR,               actionHook, ,     MAY )  /* hook for the response */                                               \
    X(T, OBJ(c_actionHook), actionHook, _obj, TWIN)
typedef struct jbz_sip_request_opts { JBZ_OPTS_sip_request(JBZI_MEMBER, _) } jbz_sip_request_opts;

/* rest:dial: Places a new call, as the REST API does. */
#define JBZ_OPTS_rest_dial(X, T)                                                                                               \
    X(T, STR,               id,                         ,     MAY )  /* your name for it */                                    \
    X(T, STR,               from,                       ,     MUST)  /* number to show */                                      \
    X(T, OBJ(c_target),     to,                         ,     MUST)  /* whom to call */                                        \
    X(T, STR,               call_hook,                  ,     MUST)  /* hook for the session of the new call */                \
    X(T, OBJ(c_actionHook), call_hook,                  _obj, TWIN)                                                            \
    X(T, RAW(object),       call_hook,                  _raw, TWIN)                                                            \
    X(T, STR,               call_status_hook,           ,     MAY )  /* hook for its call status */                            \
    X(T, OBJ(c_actionHook), call_status_hook,           _obj, TWIN)                                                            \
    X(T, RAW(object),       call_status_hook,           _raw, TWIN)                                                            \
    X(T, STR,               account_sid,                ,     MAY )  /* account to charge */                                   \
    X(T, STR,               application_sid,            ,     MAY )  /* application of the new call */                         \
    X(T, STR,               callerName,                 ,     MAY )  /* name to show */                                        \
    X(T, STR,               fromHost,                   ,     MAY )  /* host of the From header */                             \
    X(T, STR,               speech_synthesis_vendor,    ,     MAY )  /* default voice: vendor */                               \
    X(T, STR,               speech_synthesis_voice,     ,     MAY )  /* default voice */                                       \
    X(T, STR,               speech_synthesis_language,  ,     MAY )  /* default voice: language */                             \
    X(T, STR,               speech_recognizer_vendor,   ,     MAY )  /* default recogniser: vendor */                          \
    X(T, STR,               speech_recognizer_language, ,     MAY )  /* default recogniser: language */                        \
    X(T, MAP,               tag,                        ,     MAY )  /* data for the new call; comes back as customerData */   \
    X(T, RAW(object),       tag,                        _raw, TWIN)                                                            \
    X(T, MAP,               headers,                    ,     MAY )  /* SIP headers */                                         \
    X(T, RAW(object),       headers,                    _raw, TWIN)                                                            \
    X(T, NUM,               timeout,                    ,     MAY )  /* s to ring */                                           \
    X(T, OBJ(c_amd),        amd,                        ,     MAY )  /* answering machine detection */                         \
    X(T, BOOL,              dual_streams,               ,     MAY )  /* two streams in one SIPREC-like call */                 \
    X(T, STR,               sipRequestWithinDialogHook, ,     MAY )  /* hook for SIP requests within the dialog */             \
    X(T, STR,               referHook,                  ,     MAY )  /* hook for a REFER of the other side */                  \
    X(T, OBJ(c_actionHook), referHook,                  _obj, TWIN)                                                            \
    X(T, RAW(object),       referHook,                  _raw, TWIN)                                                            \
    X(T, NUM,               timeLimit,                  ,     MAY )  /* s; longest call */
typedef struct jbz_rest_dial_opts { JBZ_OPTS_rest_dial(JBZI_MEMBER, _) } jbz_rest_dial_opts;

/* Part of transfer. */
#define JBZ_OPTS_transfer_brief(X, T)                                                                                          \
    X(T, STR,                text,        , MUST)  /* what to say */                                                           \
    X(T, OBJ(c_synthesizer), synthesizer, , MAY )  /* text to speech, if not the session's */
typedef struct jbz_transfer_brief_opts { JBZ_OPTS_transfer_brief(JBZI_MEMBER, _) } jbz_transfer_brief_opts;

/* transfer: Transfers the caller, blind or with a word beforehand, and deals with those who do not answer. Since jambonz
   10.3.0. Not in the open-source server. */
#define JBZ_OPTS_transfer(X, T)                                                                                                \
    X(T, STR,                 id,    , MAY )  /* your name for it */                                                           \
    JBZ_OPTS_c_transferOptions(X, T)                                                                                           \
    X(T, OBJ(transfer_brief), brief, , MAY )  /* what is said to the callee first */
typedef struct jbz_transfer_opts { JBZ_OPTS_transfer(JBZI_MEMBER, _) } jbz_transfer_opts;

/* Part of dialogflow. */
#define JBZ_OPTS_dialogflow_queryInput(X, T)                                                                                   \
    X(T, STR, text,   , MAY )  /* text */                                                                                      \
    X(T, STR, intent, , MAY )  /* intent */                                                                                    \
    X(T, STR, event,  , MAY )  /* event */                                                                                     \
    X(T, STR, dtmf,   , MAY )  /* digits */
typedef struct jbz_dialogflow_queryInput_opts { JBZ_OPTS_dialogflow_queryInput(JBZI_MEMBER, _) } jbz_dialogflow_queryInput_opts;

/* dialogflow: Connects the caller with a Google Dialogflow bot. */
#define JBZ_OPTS_dialogflow(X, T)                                                                                              \
    X(T, STR,                        id,                  ,     MAY )  /* your name for it */                                  \
    X(T, STR,                        project,             ,     MUST)  /* Google project */                                    \
    X(T, STR,                        credentials,         ,     MUST)  /* service account, as JSON text */                     \
    X(T, RAW(object),                credentials,         _raw, TWIN)  /* the same, as object */                               \
    X(T, STR,                        lang,                ,     MUST)  /* like en-US */                                        \
    X(T, STR,                        agent,               ,     MAY )  /* cx: agent */                                         \
    X(T, STR,                        environment,         ,     MAY )  /* of the agent */                                      \
    X(T, STR,                        deployment,          ,     V10 )  /* ces: deployment */                                   \
    X(T, STR,                        region,              ,     MAY )  /* region */                                            \
    X(T, ENUM(es|cx|ces),            model,               ,     MAY )  /* es, cx or ces */                                     \
    X(T, STR,                        sessionId,           ,     V10 )  /* letters, digits, - and _; at most 200 */             \
    X(T, STR,                        actionHook,          ,     MAY )  /* hook for the result */                               \
    X(T, OBJ(c_actionHook),          actionHook,          _obj, TWIN)                                                          \
    X(T, STR,                        eventHook,           ,     MAY )  /* hook for events on the way */                        \
    X(T, OBJ(c_actionHook),          eventHook,           _obj, TWIN)                                                          \
    X(T, STR,                        toolHook,            ,     V10 )  /* hook for the model's tool calls */                   \
    X(T, OBJ(c_actionHook),          toolHook,            _obj, TWIN)                                                          \
    X(T, STRS,                       events,              ,     MAY )  /* events to report */                                  \
    X(T, STR,                        welcomeEvent,        ,     MAY )  /* event at the start */                                \
    X(T, MAP,                        welcomeEventParams,  ,     MAY )  /* its parameters */                                    \
    X(T, RAW(object),                welcomeEventParams,  _raw, TWIN)                                                          \
    X(T, NUM,                        noInputTimeout,      ,     MAY )  /* s of silence, then noInputEvent */                   \
    X(T, STR,                        noInputEvent,        ,     MAY )  /* event to send then */                                \
    X(T, BOOL,                       passDtmfAsTextInput, ,     MAY )  /* digits as text */                                    \
    X(T, STR,                        thinkingMusic,       ,     MAY )  /* sound file while it thinks */                        \
    X(T, OBJ(c_synthesizer),         tts,                 ,     MAY )  /* voice, if not the bot's */                           \
    X(T, BOOL,                       bargein,             ,     MAY )  /* speech interrupts the prompt */                      \
    X(T, OBJ(dialogflow_queryInput), queryInput,          ,     MAY )  /* first input */
typedef struct jbz_dialogflow_opts { JBZ_OPTS_dialogflow(JBZI_MEMBER, _) } jbz_dialogflow_opts;

/* Part of agent. */
#define JBZ_OPTS_agent_turnDetection(X, T)                                                                                     \
    X(T, ENUM(krisp),  mode,      , MUST)  /* mode */                                                                          \
    X(T, NUM_IN(0, 1), threshold, , MAY )  /* how sure */                                                                      \
    X(T, STR,          model,     , MAY )  /* which model */
typedef struct jbz_agent_turnDetection_opts { JBZ_OPTS_agent_turnDetection(JBZI_MEMBER, _) } jbz_agent_turnDetection_opts;

/* Part of agent. */
#define JBZ_OPTS_agent_bargeIn(X, T)                                                                                           \
    X(T, BOOL,                          enable,            , MAY )  /* on or off; default true */                              \
    X(T, ENUM(vad|interruptPrediction), strategy,          , MAY )  /* who decides; default vad */                             \
    X(T, STR,                           vendor,            , MAY )  /* whose service */                                        \
    X(T, NUM_IN(0, 1),                  threshold,         , MAY )  /* how sure */                                             \
    X(T, NUM_IN(0, ),                   minSpeechDuration, , MAY )  /* s of speech it takes; default 0.5 */                    \
    X(T, BOOL,                          sticky,            , MAY )  /* stays on after it was triggered */
typedef struct jbz_agent_bargeIn_opts { JBZ_OPTS_agent_bargeIn(JBZI_MEMBER, _) } jbz_agent_bargeIn_opts;

/* Part of agent. */
#define JBZ_OPTS_agent_auth(X, T)                                                                                              \
    X(T, STR, apiKey, , MAY )  /* key, if not the account's */
typedef struct jbz_agent_auth_opts { JBZ_OPTS_agent_auth(JBZI_MEMBER, _) } jbz_agent_auth_opts;

/* Part of agent. */
#define JBZ_OPTS_agent_connectOptions(X, T)                                                                                    \
    X(T, NUM_IN(0, ), timeout,    , MAY )  /* ms */                                                                            \
    X(T, INT_IN(0, ), maxRetries, , MAY )  /* how often to try again */                                                        \
    X(T, STR,         endpoint,   , MAY )  /* own endpoint */                                                                  \
    X(T, STR,         baseURL,    , MAY )  /* own endpoint */
typedef struct jbz_agent_connectOptions_opts { JBZ_OPTS_agent_connectOptions(JBZI_MEMBER, _) } jbz_agent_connectOptions_opts;

/* Part of agent. */
#define JBZ_OPTS_agent_llmMessage(X, T)                                                                                        \
    X(T, ENUM(system|user|assistant|tool), role,    ,     MUST)  /* who speaks */                                              \
    X(T, STR,                              content, ,     MUST)  /* what */                                                    \
    X(T, RAW(any),                         content, _raw, TWIN)
typedef struct jbz_agent_llmMessage_opts { JBZ_OPTS_agent_llmMessage(JBZI_MEMBER, _) } jbz_agent_llmMessage_opts;

/* Part of agent. */
#define JBZ_OPTS_agent_llmOptions(X, T)                                                                                        \
    X(T, STR,                           systemPrompt,    ,     MAY )  /* who it is and what to do */                           \
    X(T, OBJS(agent_llmMessage),        messages,        ,     MAY )  /* dialogue so far */                                    \
    X(T, RAW(array),                    messages,        _raw, TWIN)                                                           \
    X(T, OBJS(agent_llmMessage),        initialMessages, ,     MAY )  /* the same */                                           \
    X(T, RAW(array),                    initialMessages, _raw, TWIN)                                                           \
    X(T, INT_IN(1, ),                   maxTokens,       ,     MAY )  /* longest answer */                                     \
    X(T, NUM_IN(0, ),                   temperature,     ,     MAY )  /* how inventive */                                      \
    X(T, ENUM(minimal|low|medium|high), reasoningEffort, ,     MAY )  /* how much thought */                                   \
    X(T, RAW(array),                    tools,           ,     MAY )  /* function declarations */
typedef struct jbz_agent_llmOptions_opts { JBZ_OPTS_agent_llmOptions(JBZI_MEMBER, _) } jbz_agent_llmOptions_opts;

/* Part of agent. */
#define JBZ_OPTS_agent_llm(X, T)                                                                                               \
    X(T, STR,                       vendor,         ,     MAY )  /* whose service */                                           \
    X(T, STR,                       model,          ,     MAY )  /* which model */                                             \
    X(T, STR,                       label,          ,     MAY )  /* label of the credentials */                                \
    X(T, OBJ(agent_auth),           auth,           ,     MAY )  /* credentials, if not the account's */                       \
    X(T, RAW(object),               auth,           _raw, TWIN)                                                                \
    X(T, OBJ(agent_connectOptions), connectOptions, ,     MAY )  /* how to connect */                                          \
    X(T, OBJ(agent_llmOptions),     llmOptions,     ,     MAY )  /* vendor's own settings */
typedef struct jbz_agent_llm_opts { JBZ_OPTS_agent_llm(JBZI_MEMBER, _) } jbz_agent_llm_opts;

/* Part of agent. */
#define JBZ_OPTS_agent_noiseIsolation(X, T)                                                                                    \
    X(T, STR,              mode,      , MUST)  /* mode */                                                                      \
    X(T, NUM_IN(0, 100),   level,     , MAY )  /* how much */                                                                  \
    X(T, ENUM(read|write), direction, , MAY )  /* which way */                                                                 \
    X(T, STR,              model,     , MAY )  /* which model */
typedef struct jbz_agent_noiseIsolation_opts { JBZ_OPTS_agent_noiseIsolation(JBZI_MEMBER, _) } jbz_agent_noiseIsolation_opts;

/* Part of agent. */
#define JBZ_OPTS_agent_mcpServers(X, T)                                                                                        \
    X(T, STR,         url,   , MUST)  /* address */                                                                            \
    X(T, RAW(object), auth,  , MAY )  /* credentials, if not the account's */                                                  \
    X(T, RAW(array),  roots, , MAY )  /* their roots */
typedef struct jbz_agent_mcpServers_opts { JBZ_OPTS_agent_mcpServers(JBZI_MEMBER, _) } jbz_agent_mcpServers_opts;

/* Part of agent. */
#define JBZ_OPTS_agent_toolFillerConfig(X, T)                                                                                  \
    X(T, ENUM(audio|backchannel), type,           , MUST)  /* file or short words */                                           \
    X(T, NUM_IN(0, ),             startDelaySecs, , MAY )  /* s before it starts; default 2 */                                 \
    X(T, STR,                     url,            , MAY )  /* sound file; needed for audio */                                  \
    X(T, STR,                     style,          , MAY )  /* of the words */                                                  \
    X(T, NUM_IN(0, ),             escalationSecs, , MAY )  /* s until it says more; default 10 */
typedef struct jbz_agent_toolFillerConfig_opts {
    JBZ_OPTS_agent_toolFillerConfig(JBZI_MEMBER, _)
} jbz_agent_toolFillerConfig_opts;

/* agent: A voice agent: recogniser, language model and voice, and the turn-taking between them. Since jambonz 10.1.0. Not in
   the open-source server. */
#define JBZ_OPTS_agent(X, T)                                                                                                   \
    X(T, STR,                         id,                ,     MAY )  /* your name for it */                                   \
    X(T, OBJ(c_recognizer),           stt,               ,     MAY )  /* speech to text */                                     \
    X(T, OBJ(c_synthesizer),          tts,               ,     MAY )  /* text to speech */                                     \
    X(T, BOOL,                        autoLockLanguage,  ,     MAY )  /* stay with the first language found */                 \
    X(T, ENUM(always),                autoLockLanguage,  _str, TWIN)                                                           \
    X(T, RAW(object),                 languageConfig,    ,     MAY )  /* {"de-DE":{"tts":{..}}}: voice per language */         \
    X(T, ENUM(stt|krisp),             turnDetection,     ,     MAY )  /* who decides on the end of turn; default stt */        \
    X(T, OBJ(agent_turnDetection),    turnDetection,     _obj, TWIN)                                                           \
    X(T, OBJ(agent_bargeIn),          bargeIn,           ,     MAY )  /* how the caller interrupts */                          \
    X(T, RAW(object),                 bargeIn,           _raw, TWIN)                                                           \
    X(T, NUM_IN(0, ),                 noResponseTimeout, ,     MAY )  /* s of silence, then it asks; 0: never; default 0 */    \
    X(T, OBJ(agent_llm),              llm,               ,     MAY )  /* language model */                                     \
    X(T, STR,                         actionHook,        ,     MAY )  /* hook for the result */                                \
    X(T, OBJ(c_actionHook),           actionHook,        _obj, TWIN)                                                           \
    X(T, STR,                         eventHook,         ,     MAY )  /* hook for events on the way */                         \
    X(T, OBJ(c_actionHook),           eventHook,         _obj, TWIN)                                                           \
    X(T, STR,                         toolHook,          ,     MAY )  /* hook for the model's tool calls */                    \
    X(T, OBJ(c_actionHook),           toolHook,          _obj, TWIN)                                                           \
    X(T, BOOL,                        greeting,          ,     MAY )  /* it speaks first; default true */                      \
    X(T, BOOL,                        earlyGeneration,   ,     MAY )  /* think before the turn has ended */                    \
    X(T, ENUM(krisp|rnnoise),         noiseIsolation,    ,     MAY )  /* remove noise */                                       \
    X(T, OBJ(agent_noiseIsolation),   noiseIsolation,    _obj, TWIN)                                                           \
    X(T, OBJS(agent_mcpServers),      mcpServers,        ,     MAY )  /* servers with tools */                                 \
    X(T, OBJ(c_handoff),              handoff,           ,     MAY )  /* tool to hand over to a person */                      \
    X(T, OBJ(c_hangup),               hangup,            ,     MAY )  /* tool to hang up */                                    \
    X(T, OFF,                         toolFiller,        ,     MAY )  /* noise while a tool works */                           \
    X(T, OBJ(agent_toolFillerConfig), toolFiller,        _obj, TWIN)
typedef struct jbz_agent_opts { JBZ_OPTS_agent(JBZI_MEMBER, _) } jbz_agent_opts;

/* Part of c_llm_base. */
#define JBZ_OPTS_c_llm_base_auth(X, T)                                                                                         \
    X(T, STR, apiKey, , MAY )  /* key, if not the account's */
typedef struct jbz_c_llm_base_auth_opts { JBZ_OPTS_c_llm_base_auth(JBZI_MEMBER, _) } jbz_c_llm_base_auth_opts;

/* Part of c_llm_base. */
#define JBZ_OPTS_c_llm_base_mcpServers(X, T)                                                                                   \
    X(T, STR,         url,   , MUST)  /* address */                                                                            \
    X(T, RAW(object), auth,  , MAY )  /* credentials, if not the account's */                                                  \
    X(T, RAW(array),  roots, , V10 )  /* their roots */
typedef struct jbz_c_llm_base_mcpServers_opts { JBZ_OPTS_c_llm_base_mcpServers(JBZI_MEMBER, _) } jbz_c_llm_base_mcpServers_opts;

/* What all verbs have in common that talk to a model. */
#define JBZ_OPTS_c_llm_base(X, T)                                                                                              \
    X(T, STR,                         actionHook,              ,     MAY )  /* hook for the result */                          \
    X(T, OBJ(c_actionHook),           actionHook,              _obj, TWIN)                                                     \
    X(T, STR,                         eventHook,               ,     MAY )  /* hook for events on the way */                   \
    X(T, OBJ(c_actionHook),           eventHook,               _obj, TWIN)                                                     \
    X(T, STR,                         toolHook,                ,     MAY )  /* hook for the model's tool calls */              \
    X(T, OBJ(c_actionHook),           toolHook,                _obj, TWIN)                                                     \
    X(T, STRS,                        events,                  ,     MAY )  /* vendor's events to report, "all" */             \
    X(T, OBJS(c_llm_base_mcpServers), mcpServers,              ,     MAY )  /* servers with tools */                           \
    X(T, RAW(object),                 connectOptions,          ,     MAY )  /* how to connect */                               \
    X(T, OBJ(c_handoff),              handoff,                 ,     V10 )  /* tool to hand over to a person */                \
    X(T, OBJ(c_hangup),               hangup,                  ,     V10 )  /* tool to hang up */                              \
    X(T, INT_IN(1, ),                 responseTimeoutMs,       ,     V10 )  /* ms for an answer */                             \
    X(T, BOOL,                        cancelOnResponseTimeout, ,     V10 )  /* cancel it then */                               \
    X(T, BOOL,                        cancelOnBargeIn,         ,     V10 )  /* cancel it when the caller speaks */

/* llm: Connects the caller with a speech-to-speech model. */
#define JBZ_OPTS_llm(X, T)                                                                                                     \
    X(T, STR,                  id,         ,     MAY )  /* your name for it */                                                 \
    X(T, STR,                  vendor,     ,     MUST)  /* whose service */                                                    \
    X(T, STR,                  model,      ,     MAY )  /* which model */                                                      \
    X(T, OBJ(c_llm_base_auth), auth,       ,     MAY )  /* credentials, if not the account's */                                \
    X(T, RAW(object),          auth,       _raw, TWIN)                                                                         \
    X(T, RAW(object),          llmOptions, ,     MUST)  /* vendor's own settings */                                            \
    JBZ_OPTS_c_llm_base(X, T)
typedef struct jbz_llm_opts { JBZ_OPTS_llm(JBZI_MEMBER, _) } jbz_llm_opts;

/* s2s: The same as llm. Since jambonz 10.1.0. */
#define JBZ_OPTS_s2s(X, T) JBZ_OPTS_llm(X, T)
typedef struct jbz_s2s_opts { JBZ_OPTS_s2s(JBZI_MEMBER, _) } jbz_s2s_opts;

/* openai_s2s: llm with OpenAI. Since jambonz 10.1.0. */
#define JBZ_OPTS_openai_s2s(X, T)                                                                                              \
    X(T, STR,                  id,         ,     MAY )  /* your name for it */                                                 \
    X(T, ENUM(openai),         vendor,     ,     MAY )  /* whose service */                                                    \
    X(T, STR,                  model,      ,     MAY )  /* which model */                                                      \
    X(T, OBJ(c_llm_base_auth), auth,       ,     MAY )  /* credentials, if not the account's */                                \
    X(T, RAW(object),          auth,       _raw, TWIN)                                                                         \
    X(T, RAW(object),          llmOptions, ,     MUST)  /* vendor's own settings */                                            \
    JBZ_OPTS_c_llm_base(X, T)
typedef struct jbz_openai_s2s_opts { JBZ_OPTS_openai_s2s(JBZI_MEMBER, _) } jbz_openai_s2s_opts;

/* google_s2s: llm with Google. Since jambonz 10.1.0. */
#define JBZ_OPTS_google_s2s(X, T)                                                                                              \
    X(T, STR,                  id,         ,     MAY )  /* your name for it */                                                 \
    X(T, ENUM(google),         vendor,     ,     MAY )  /* whose service */                                                    \
    X(T, STR,                  model,      ,     MAY )  /* which model */                                                      \
    X(T, OBJ(c_llm_base_auth), auth,       ,     MAY )  /* credentials, if not the account's */                                \
    X(T, RAW(object),          auth,       _raw, TWIN)                                                                         \
    X(T, RAW(object),          llmOptions, ,     MUST)  /* vendor's own settings */                                            \
    JBZ_OPTS_c_llm_base(X, T)
typedef struct jbz_google_s2s_opts { JBZ_OPTS_google_s2s(JBZI_MEMBER, _) } jbz_google_s2s_opts;

/* Part of elevenlabs_s2s. */
#define JBZ_OPTS_elevenlabs_s2s_auth(X, T)                                                                                     \
    X(T, STR, agent_id, , MUST)  /* whose agent */                                                                             \
    X(T, STR, api_key,  , MAY )  /* for agents that are not public */
typedef struct jbz_elevenlabs_s2s_auth_opts { JBZ_OPTS_elevenlabs_s2s_auth(JBZI_MEMBER, _) } jbz_elevenlabs_s2s_auth_opts;

/* Part of elevenlabs_s2s. */
#define JBZ_OPTS_elevenlabs_s2s_llmOptions(X, T)                                                                               \
    X(T, RAW(object), conversation_initiation_client_data, , MAY )  /* sent at the start */                                    \
    X(T, INT,         input_sample_rate,                   , MAY )  /* Hz; default 16000 */                                    \
    X(T, INT,         output_sample_rate,                  , MAY )  /* Hz; default 16000 */
typedef struct jbz_elevenlabs_s2s_llmOptions_opts {
    JBZ_OPTS_elevenlabs_s2s_llmOptions(JBZI_MEMBER, _)
} jbz_elevenlabs_s2s_llmOptions_opts;

/* elevenlabs_s2s: llm with an agent of ElevenLabs. Since jambonz 10.1.0. */
#define JBZ_OPTS_elevenlabs_s2s(X, T)                                                                                          \
    X(T, STR,                            id,         ,     MAY )  /* your name for it */                                       \
    X(T, ENUM(elevenlabs),               vendor,     ,     MAY )  /* whose service */                                          \
    X(T, STR,                            model,      ,     MAY )  /* which model */                                            \
    X(T, OBJ(elevenlabs_s2s_auth),       auth,       ,     MUST)  /* credentials, if not the account's */                      \
    X(T, OBJ(elevenlabs_s2s_llmOptions), llmOptions, ,     OSS )  /* vendor's own settings */                                  \
    X(T, RAW(object),                    llmOptions, _raw, TWIN)                                                               \
    JBZ_OPTS_c_llm_base(X, T)
typedef struct jbz_elevenlabs_s2s_opts { JBZ_OPTS_elevenlabs_s2s(JBZI_MEMBER, _) } jbz_elevenlabs_s2s_opts;

/* deepgram_s2s: llm with a voice agent of Deepgram. Since jambonz 10.1.0. */
#define JBZ_OPTS_deepgram_s2s(X, T)                                                                                            \
    X(T, STR,                  id,         ,     MAY )  /* your name for it */                                                 \
    X(T, ENUM(deepgram),       vendor,     ,     MAY )  /* whose service */                                                    \
    X(T, STR,                  model,      ,     MAY )  /* which model */                                                      \
    X(T, OBJ(c_llm_base_auth), auth,       ,     MAY )  /* credentials, if not the account's */                                \
    X(T, RAW(object),          auth,       _raw, TWIN)                                                                         \
    X(T, RAW(object),          llmOptions, ,     MUST)  /* vendor's own settings */                                            \
    JBZ_OPTS_c_llm_base(X, T)
typedef struct jbz_deepgram_s2s_opts { JBZ_OPTS_deepgram_s2s(JBZI_MEMBER, _) } jbz_deepgram_s2s_opts;

/* ultravox_s2s: llm with Ultravox. Since jambonz 10.1.0. */
#define JBZ_OPTS_ultravox_s2s(X, T)                                                                                            \
    X(T, STR,                  id,         ,     MAY )  /* your name for it */                                                 \
    X(T, ENUM(ultravox),       vendor,     ,     MAY )  /* whose service */                                                    \
    X(T, STR,                  model,      ,     MAY )  /* which model */                                                      \
    X(T, OBJ(c_llm_base_auth), auth,       ,     MAY )  /* credentials, if not the account's */                                \
    X(T, RAW(object),          auth,       _raw, TWIN)                                                                         \
    X(T, RAW(object),          llmOptions, ,     MUST)  /* vendor's own settings */                                            \
    JBZ_OPTS_c_llm_base(X, T)
typedef struct jbz_ultravox_s2s_opts { JBZ_OPTS_ultravox_s2s(JBZI_MEMBER, _) } jbz_ultravox_s2s_opts;

/* qwen_s2s: llm with Qwen. Not in the open-source server. */
#define JBZ_OPTS_qwen_s2s(X, T)                                                                                                \
    X(T, STR,                  id,         ,     MAY )  /* your name for it */                                                 \
    X(T, ENUM(qwen),           vendor,     ,     MAY )  /* whose service */                                                    \
    X(T, STR,                  model,      ,     MAY )  /* which model */                                                      \
    X(T, OBJ(c_llm_base_auth), auth,       ,     MAY )  /* credentials, if not the account's */                                \
    X(T, RAW(object),          auth,       _raw, TWIN)                                                                         \
    X(T, RAW(object),          llmOptions, ,     MUST)  /* vendor's own settings */                                            \
    JBZ_OPTS_c_llm_base(X, T)
typedef struct jbz_qwen_s2s_opts { JBZ_OPTS_qwen_s2s(JBZI_MEMBER, _) } jbz_qwen_s2s_opts;

/* Part of gptlive_s2s. */
#define JBZ_OPTS_gptlive_s2s_auth(X, T)                                                                                        \
    X(T, STR, apiKey, , MUST)  /* key, if not the account's */
typedef struct jbz_gptlive_s2s_auth_opts { JBZ_OPTS_gptlive_s2s_auth(JBZI_MEMBER, _) } jbz_gptlive_s2s_auth_opts;

/* Part of gptlive_s2s. */
#define JBZ_OPTS_gptlive_s2s_responses(X, T)                                                                                   \
    X(T, STR,        model,        , MUST)  /* which model */                                                                  \
    X(T, RAW(array), tools,        , MAY )  /* function declarations */                                                        \
    X(T, STR,        instructions, , MAY )  /* instructions */
typedef struct jbz_gptlive_s2s_responses_opts { JBZ_OPTS_gptlive_s2s_responses(JBZI_MEMBER, _) } jbz_gptlive_s2s_responses_opts;

/* Part of gptlive_s2s. */
#define JBZ_OPTS_gptlive_s2s_delegation(X, T)                                                                                  \
    X(T, ENUM(client|responses),     type,      ,     MAY )  /* the app or OpenAI */                                           \
    X(T, OBJ(gptlive_s2s_responses), responses, ,     MAY )  /* needed for type responses */                                   \
    X(T, RAW(object),                responses, _raw, TWIN)
typedef struct jbz_gptlive_s2s_delegation_opts {
    JBZ_OPTS_gptlive_s2s_delegation(JBZI_MEMBER, _)
} jbz_gptlive_s2s_delegation_opts;

/* Part of gptlive_s2s_session. */
#define JBZ_OPTS_gptlive_s2s_session_update(X, T)                                                                              \
    X(T, OBJ(gptlive_s2s_delegation), delegation, ,     MAY )  /* who answers tool calls */                                    \
    X(T, RAW(object),                 delegation, _raw, TWIN)
typedef struct jbz_gptlive_s2s_session_update_opts {
    JBZ_OPTS_gptlive_s2s_session_update(JBZI_MEMBER, _)
} jbz_gptlive_s2s_session_update_opts;

/* Part of gptlive_s2s. */
#define JBZ_OPTS_gptlive_s2s_llmOptions(X, T)                                                                                  \
    X(T, OBJ(gptlive_s2s_session_update), session_update, ,     MUST)  /* settings of the session */                           \
    X(T, RAW(object),                     session_update, _raw, TWIN)
typedef struct jbz_gptlive_s2s_llmOptions_opts {
    JBZ_OPTS_gptlive_s2s_llmOptions(JBZI_MEMBER, _)
} jbz_gptlive_s2s_llmOptions_opts;

/* gptlive_s2s: llm with GPT Live. Since jambonz 11.1.0. Not in the open-source server. */
#define JBZ_OPTS_gptlive_s2s(X, T)                                                                                             \
    X(T, STR,                         id,         ,     MAY )  /* your name for it */                                          \
    X(T, ENUM(gptlive),               vendor,     ,     MAY )  /* whose service */                                             \
    X(T, STR,                         model,      ,     MAY )  /* which model */                                               \
    X(T, OBJ(gptlive_s2s_auth),       auth,       ,     MUST)  /* credentials, if not the account's */                         \
    X(T, RAW(object),                 auth,       _raw, TWIN)                                                                  \
    X(T, OBJ(gptlive_s2s_llmOptions), llmOptions, ,     MUST)  /* vendor's own settings */                                     \
    X(T, RAW(object),                 llmOptions, _raw, TWIN)                                                                  \
    JBZ_OPTS_c_llm_base(X, T)
typedef struct jbz_gptlive_s2s_opts { JBZ_OPTS_gptlive_s2s(JBZI_MEMBER, _) } jbz_gptlive_s2s_opts;

/* All of the above: components and parts, then verbs with their wire names; NONE where the open-source server has no such verb.
   Each comes after what it is made of. */
#define JBZ_PARTS(X)                                                                                                           \
    X(c_auth)                                                                                                                  \
    X(c_actionHook)                                                                                                            \
    X(c_actionHookDelayAction)                                                                                                 \
    X(c_vad)                                                                                                                   \
    X(c_recognizer_deepgramOptions)                                                                                            \
    X(c_recognizer_googleOptions)                                                                                              \
    X(c_recognizer_awsOptions)                                                                                                 \
    X(c_recognizer_azureOptions)                                                                                               \
    X(c_recognizer_ibmOptions)                                                                                                 \
    X(c_recognizer_nvidiaOptions)                                                                                              \
    X(c_recognizer_sonioxOptions_general)                                                                                      \
    X(c_recognizer_sonioxOptions_translation_terms)                                                                            \
    X(c_recognizer_sonioxOptions_context)                                                                                      \
    X(c_recognizer_sonioxOptions_storage)                                                                                      \
    X(c_recognizer_sonioxOptions)                                                                                              \
    X(c_recognizer_xaiOptions)                                                                                                 \
    X(c_recognizer_modulateOptions)                                                                                            \
    X(c_recognizer_assemblyAiOptions)                                                                                          \
    X(c_recognizer_speechmaticsOptions_speaker_diarization_config)                                                             \
    X(c_recognizer_speechmaticsOptions_conversation_config)                                                                    \
    X(c_recognizer_speechmaticsOptions_punctuation_overrides)                                                                  \
    X(c_recognizer_speechmaticsOptions_audio_filtering_config)                                                                 \
    X(c_recognizer_speechmaticsOptions_replacements)                                                                           \
    X(c_recognizer_speechmaticsOptions_transcript_filtering_config)                                                            \
    X(c_recognizer_speechmaticsOptions_transcription_config)                                                                   \
    X(c_recognizer_speechmaticsOptions_translation_config)                                                                     \
    X(c_recognizer_speechmaticsOptions_audio_events_config)                                                                    \
    X(c_recognizer_speechmaticsOptions)                                                                                        \
    X(c_recognizer_openaiOptions_promptTemplates)                                                                              \
    X(c_recognizer_openaiOptions_turn_detection)                                                                               \
    X(c_recognizer_openaiOptions)                                                                                              \
    X(c_recognizer_houndifyOptions)                                                                                            \
    X(c_recognizer_elevenlabsOptions)                                                                                          \
    X(c_recognizer_customOptions)                                                                                              \
    X(c_recognizer_hints)                                                                                                      \
    X(c_recognizer)                                                                                                            \
    X(c_amd_timers)                                                                                                            \
    X(c_amd)                                                                                                                   \
    X(c_bidirectionalAudio)                                                                                                    \
    X(c_fillerNoise)                                                                                                           \
    X(c_target_from)                                                                                                           \
    X(c_target)                                                                                                                \
    X(c_synthesizer)                                                                                                           \
    X(c_transferOptions_confirm)                                                                                               \
    X(c_transferOptions_disposition)                                                                                           \
    X(c_handoff_brief)                                                                                                         \
    X(c_handoff)                                                                                                               \
    X(c_hangup)                                                                                                                \
    X(config_bargeIn)                                                                                                          \
    X(config_ttsStream)                                                                                                        \
    X(config_record)                                                                                                           \
    X(config_listen)                                                                                                           \
    X(config_transcribe)                                                                                                       \
    X(config_noiseIsolation)                                                                                                   \
    X(config_turnTaking)                                                                                                       \
    X(transfer_brief)                                                                                                          \
    X(dialogflow_queryInput)                                                                                                   \
    X(agent_turnDetection)                                                                                                     \
    X(agent_bargeIn)                                                                                                           \
    X(agent_auth)                                                                                                              \
    X(agent_connectOptions)                                                                                                    \
    X(agent_llmMessage)                                                                                                        \
    X(agent_llmOptions)                                                                                                        \
    X(agent_llm)                                                                                                               \
    X(agent_noiseIsolation)                                                                                                    \
    X(agent_mcpServers)                                                                                                        \
    X(agent_toolFillerConfig)                                                                                                  \
    X(c_llm_base_auth)                                                                                                         \
    X(c_llm_base_mcpServers)                                                                                                   \
    X(elevenlabs_s2s_auth)                                                                                                     \
    X(elevenlabs_s2s_llmOptions)                                                                                               \
    X(gptlive_s2s_auth)                                                                                                        \
    X(gptlive_s2s_responses)                                                                                                   \
    X(gptlive_s2s_delegation)                                                                                                  \
    X(gptlive_s2s_session_update)                                                                                              \
    X(gptlive_s2s_llmOptions)

#define JBZ_VERBS(X)                                                                                                           \
    X(answer,         "answer",         OSS )                                                                                  \
    X(say,            "say",            OSS )                                                                                  \
    X(play,           "play",           OSS )                                                                                  \
    X(gather,         "gather",         OSS )                                                                                  \
    X(pause,          "pause",          OSS )                                                                                  \
    X(hangup,         "hangup",         OSS )                                                                                  \
    X(redirect,       "redirect",       OSS )                                                                                  \
    X(leave,          "leave",          OSS )                                                                                  \
    X(transcribe,     "transcribe",     OSS )                                                                                  \
    X(listen,         "listen",         OSS )                                                                                  \
    X(stream,         "stream",         OSS )                                                                                  \
    X(dub,            "dub",            OSS )                                                                                  \
    X(dial,           "dial",           OSS )                                                                                  \
    X(conference,     "conference",     OSS )                                                                                  \
    X(room,           "room",           NONE)                                                                                  \
    X(enqueue,        "enqueue",        OSS )                                                                                  \
    X(dequeue,        "dequeue",        OSS )                                                                                  \
    X(config,         "config",         OSS )                                                                                  \
    X(tag,            "tag",            OSS )                                                                                  \
    X(alert,          "alert",          OSS )                                                                                  \
    X(message,        "message",        OSS )                                                                                  \
    X(dtmf,           "dtmf",           OSS )                                                                                  \
    X(sip_decline,    "sip:decline",    OSS )                                                                                  \
    X(sip_refer,      "sip:refer",      OSS )                                                                                  \
    X(sip_request,    "sip:request",    OSS )                                                                                  \
    X(rest_dial,      "rest:dial",      OSS )                                                                                  \
    X(transfer,       "transfer",       NONE)                                                                                  \
    X(dialogflow,     "dialogflow",     OSS )                                                                                  \
    X(agent,          "agent",          NONE)                                                                                  \
    X(llm,            "llm",            OSS )                                                                                  \
    X(s2s,            "s2s",            OSS )                                                                                  \
    X(openai_s2s,     "openai_s2s",     OSS )                                                                                  \
    X(google_s2s,     "google_s2s",     OSS )                                                                                  \
    X(elevenlabs_s2s, "elevenlabs_s2s", OSS )                                                                                  \
    X(deepgram_s2s,   "deepgram_s2s",   OSS )                                                                                  \
    X(ultravox_s2s,   "ultravox_s2s",   OSS )                                                                                  \
    X(qwen_s2s,       "qwen_s2s",       NONE)                                                                                  \
    X(gptlive_s2s,    "gptlive_s2s",    NONE)

#ifndef JBZ_NO_SHORTHAND
#define jbz_answer(o)                jbz_put_answer((o), NULL)
#define jbz_answer_with(o, ...)      jbz_put_answer((o), JBZ_LIT(answer_opts, __VA_ARGS__))
#define jbz_say(o, ...)              jbz_put_say((o), JBZ_LIT(say_opts, __VA_ARGS__))
#define jbz_play(o, ...)             jbz_put_play((o), JBZ_LIT(play_opts, __VA_ARGS__))
#define jbz_gather(o, ...)           jbz_put_gather((o), JBZ_LIT(gather_opts, __VA_ARGS__))
#define jbz_pause(o, ...)            jbz_put_pause((o), JBZ_LIT(pause_opts, __VA_ARGS__))
#define jbz_hangup(o)                jbz_put_hangup((o), NULL)
#define jbz_hangup_with(o, ...)      jbz_put_hangup((o), JBZ_LIT(hangup_opts, __VA_ARGS__))
#define jbz_redirect(o, ...)         jbz_put_redirect((o), JBZ_LIT(redirect_opts, __VA_ARGS__))
#define jbz_leave(o)                 jbz_put_leave((o), NULL)
#define jbz_leave_with(o, ...)       jbz_put_leave((o), JBZ_LIT(leave_opts, __VA_ARGS__))
#define jbz_transcribe(o, ...)       jbz_put_transcribe((o), JBZ_LIT(transcribe_opts, __VA_ARGS__))
#define jbz_listen(o, ...)           jbz_put_listen((o), JBZ_LIT(listen_opts, __VA_ARGS__))
#define jbz_stream(o, ...)           jbz_put_stream((o), JBZ_LIT(stream_opts, __VA_ARGS__))
#define jbz_dub(o, ...)              jbz_put_dub((o), JBZ_LIT(dub_opts, __VA_ARGS__))
#define jbz_dial(o, ...)             jbz_put_dial((o), JBZ_LIT(dial_opts, __VA_ARGS__))
#define jbz_conference(o, ...)       jbz_put_conference((o), JBZ_LIT(conference_opts, __VA_ARGS__))
#define jbz_room(o, ...)             jbz_put_room((o), JBZ_LIT(room_opts, __VA_ARGS__))
#define jbz_enqueue(o, ...)          jbz_put_enqueue((o), JBZ_LIT(enqueue_opts, __VA_ARGS__))
#define jbz_dequeue(o, ...)          jbz_put_dequeue((o), JBZ_LIT(dequeue_opts, __VA_ARGS__))
#define jbz_config(o, ...)           jbz_put_config((o), JBZ_LIT(config_opts, __VA_ARGS__))
#define jbz_tag(o, ...)              jbz_put_tag((o), JBZ_LIT(tag_opts, __VA_ARGS__))
#define jbz_alert(o, ...)            jbz_put_alert((o), JBZ_LIT(alert_opts, __VA_ARGS__))
#define jbz_message(o, ...)          jbz_put_message((o), JBZ_LIT(message_opts, __VA_ARGS__))
#define jbz_dtmf(o, ...)             jbz_put_dtmf((o), JBZ_LIT(dtmf_opts, __VA_ARGS__))
#define jbz_sip_decline(o, ...)      jbz_put_sip_decline((o), JBZ_LIT(sip_decline_opts, __VA_ARGS__))
#define jbz_sip_refer(o, ...)        jbz_put_sip_refer((o), JBZ_LIT(sip_refer_opts, __VA_ARGS__))
#define jbz_sip_request(o, ...)      jbz_put_sip_request((o), JBZ_LIT(sip_request_opts, __VA_ARGS__))
#define jbz_rest_dial(o, ...)        jbz_put_rest_dial((o), JBZ_LIT(rest_dial_opts, __VA_ARGS__))
#define jbz_transfer(o, ...)         jbz_put_transfer((o), JBZ_LIT(transfer_opts, __VA_ARGS__))
#define jbz_dialogflow(o, ...)       jbz_put_dialogflow((o), JBZ_LIT(dialogflow_opts, __VA_ARGS__))
#define jbz_agent(o, ...)            jbz_put_agent((o), JBZ_LIT(agent_opts, __VA_ARGS__))
#define jbz_llm(o, ...)              jbz_put_llm((o), JBZ_LIT(llm_opts, __VA_ARGS__))
#define jbz_s2s(o, ...)              jbz_put_s2s((o), JBZ_LIT(s2s_opts, __VA_ARGS__))
#define jbz_openai_s2s(o, ...)       jbz_put_openai_s2s((o), JBZ_LIT(openai_s2s_opts, __VA_ARGS__))
#define jbz_google_s2s(o, ...)       jbz_put_google_s2s((o), JBZ_LIT(google_s2s_opts, __VA_ARGS__))
#define jbz_elevenlabs_s2s(o, ...)   jbz_put_elevenlabs_s2s((o), JBZ_LIT(elevenlabs_s2s_opts, __VA_ARGS__))
#define jbz_deepgram_s2s(o, ...)     jbz_put_deepgram_s2s((o), JBZ_LIT(deepgram_s2s_opts, __VA_ARGS__))
#define jbz_ultravox_s2s(o, ...)     jbz_put_ultravox_s2s((o), JBZ_LIT(ultravox_s2s_opts, __VA_ARGS__))
#define jbz_qwen_s2s(o, ...)         jbz_put_qwen_s2s((o), JBZ_LIT(qwen_s2s_opts, __VA_ARGS__))
#define jbz_gptlive_s2s(o, ...)      jbz_put_gptlive_s2s((o), JBZ_LIT(gptlive_s2s_opts, __VA_ARGS__))
#endif

/*---- end of tables ----*/

/* Appends a verb to a message, or sets the message's error and leaves it at that. NULL options are empty ones. Everything is
   copied. At the top level verbs make a list; inside an array or behind a key that was opened by hand they go there.
   JBZ_E_MISSING, JBZ_E_CONFLICT, JBZ_E_VALUE, JBZ_E_RAW, JBZ_E_TARGET: see jbz_last_error for where. */
#define JBZ_X(verb, wire, server) JBZ_API void jbz_put_##verb(jbz_out *o, const jbz_##verb##_opts *opts);
JBZ_VERBS(JBZ_X)
#undef JBZ_X

/* Appends verbs that are JSON text already: an object, or an array of objects. Checked as JSON, not against the tables. */
JBZ_API void jbz_raw(jbz_out *o, const char *json);

/* Checks a whole application, a JSON array of verbs, each {"verb":"say",...} or {"say":{...}}, against the tables:
   unknown verbs and options, wrong types, and all that jbz_put_... would refuse. Objects that have a `_raw` form may contain
   anything. Nothing is changed or kept. The result is also in `err`, if not NULL, with a path like "[2].gather.input[0]";
   JBZ_E_JSON: not a JSON array of objects. The only function that needs all tables. */
JBZ_API jbz_err jbz_check_app(const char *json, size_t n, jbz_target target, jbz_error *err);

#endif /* JBZ_NO_VERBS */

#ifndef JBZ_NO_CONN

/*==== MARK: 7 HASH - what the handshake and the call table need ==============
 *
 * Job      SHA-1 and base64 (RFC 6455 4.2.2, RFC 7617), a compare for secrets, a seeded hash for table keys.
 * Uses     0 BASE.
 * Promise  Never allocates. The decoder stays inside its output. The compare's time tells nothing about the secret.
 * Refuses  Base64 that is not exactly what an encoder writes: padding missing or misplaced, stray bits, blanks.
 *============================================================================*/

/*==== MARK: 8 HTTP - the request head, and the answers to it ================
 *
 * Job      One HTTP/1.1 request head (RFC 9112) to facts; refusals and the 101 (RFC 6455 4.2) to bytes. Which facts are
 *          wanted, and in which order they are judged, is the business of the rooms above.
 * Uses     0 BASE, 7 HASH.
 * Promise  Never allocates, never writes to the request. Each byte is looked for the head's end once and parsed once; lists
 *          are walked once. Nothing that a peer sent is ever written into an answer.
 * Refuses  With 400, where real servers have been led astray: bare CR or LF, NUL and other controls, folded lines, blanks
 *          before a colon, targets that are not plain paths, HTTP other than 1.1, a missing Host, any body, and two of Host,
 *          Origin, Authorization, Content-Length, Sec-WebSocket-Key or -Version. With 431: too many bytes or headers.
 *          What cannot become a request (TLS, SSH, SIP, PROXY ...) is refused at its first bytes.
 *============================================================================*/

/*==== MARK: 9 WS - frame codec (RFC 6455 section 5) ==========================
 *
 * Job      Turn bytes into frame headers, frames into bytes; unmask. Knows nothing of sockets, JSON or jambonz.
 * Uses     0 BASE, 1 UTF8.
 * Promise  Never allocates, never looks past the bytes it is given. A header may come byte by byte; what is wrong is refused
 *          at the byte that is wrong. Lengths stay 64 bits wide until they are compared with a limit.
 * Refuses  Unmasked frames, reserved bits and opcodes (no extension is spoken), control frames over 125 bytes or in
 *          fragments, lengths not in their shortest form (5.2 demands it), messages inside messages.
 *============================================================================*/

/* Close codes (RFC 6455 7.4.1). To jambonz 1000 is final; after any other it comes back. */
#define JBZ_CLOSE_NORMAL      1000
#define JBZ_CLOSE_GOING_AWAY  1001
#define JBZ_CLOSE_PROTOCOL    1002
#define JBZ_CLOSE_UNSUPPORTED 1003
#define JBZ_CLOSE_NO_CODE     1005 /* never on the wire: a Close frame without a code came */
#define JBZ_CLOSE_LOST        1006 /* never on the wire: no Close frame came */
#define JBZ_CLOSE_BAD_UTF8    1007
#define JBZ_CLOSE_POLICY      1008
#define JBZ_CLOSE_TOO_BIG     1009
#define JBZ_CLOSE_INTERNAL    1011
#define JBZ_CLOSE_RESTART     1012 /* come back soon, perhaps to another server */
#define JBZ_CLOSE_TRY_LATER   1013

/*==== MARK: 10 CONN - one connection, sans I/O ================================
 *
 * Job      Bytes in, requests, messages and closes out; frames in, bytes out. Also what all connections of a core share:
 *          one receive buffer, one out-buffer, one pool, one timer wheel.
 * Uses     0 BASE, 1 UTF8, 2 BUF, 8 HTTP, 9 WS.
 * Promise  No sockets, no clock, no randomness: bytes and milliseconds are handed in. Any segmentation of the input gives the
 *          same messages. Nothing is allocated per message; what arrives or leaves in pieces waits in the pool, bounded.
 * Refuses  What RFC 6455 and RFC 9112 refuse; requests and messages over their limits; peers that do not answer pings.
 *============================================================================*/

typedef struct jbz_core jbz_core; /* connections, calls and their memory; opened in room 11, owned by one thread */
typedef struct jbz_conn jbz_conn; /* one connection; a place in the core's array, valid until its transport was closed */

/* What a connection wants from its transport; a sum of these. */
enum {
    JBZ_WANT_READ  = 1,  /* receive bytes and feed them */
    JBZ_WANT_WRITE = 2,  /* send what jbz_conn_pending gives */
    JBZ_WANT_SHUT  = 4,  /* all is sent: half-close, go on reading until the end or JBZ_WANT_CLOSE */
    JBZ_WANT_CLOSE = 8   /* close the transport and call jbz_conn_closed */
};

/* A transport was opened: gives a connection for it, in the state "waiting for the HTTP request". NULL: no place is free. */
JBZ_API jbz_conn *jbz_conn_open(jbz_core *core);

/* Hands in received bytes. Returns how many were taken, 0 while an event is being handled; feed the rest again when
   jbz_core_next has no more events. Zero-copy
   transports receive straight into jbz_conn_buffer's memory and pass that. */
JBZ_API size_t jbz_conn_feed(jbz_conn *c, const void *bytes, size_t n);

/* Where the next bytes of `c` may be received to, and through `room` how many. 0: do not read now (see jbz_conn_wants). The
   memory is the core's: feed what was received before anything else is done with the core. */
JBZ_API void *jbz_conn_buffer(jbz_conn *c, size_t *room);

/* The bytes that wait to be sent: their number, and through `bytes` where they are (until the next call into the core). */
JBZ_API size_t jbz_conn_pending(jbz_conn *c, const void **bytes);

/* So many of the pending bytes were sent. */
JBZ_API void jbz_conn_sent(jbz_conn *c, size_t n);

/* The peer ended its half, or the transport failed. What was sent before is still delivered by jbz_core_next. */
JBZ_API void jbz_conn_eof(jbz_conn *c);

/* What the transport should do for `c`: a sum of JBZ_WANT_.... */
JBZ_API unsigned jbz_conn_wants(const jbz_conn *c);

/* The transport is closed. The place is free again once its last event was delivered; do not use `c` any more. */
JBZ_API void jbz_conn_closed(jbz_conn *c);

/* The next connection whose jbz_conn_wants or jbz_conn_pending may have changed since it was last returned here; NULL: none. */
JBZ_API jbz_conn *jbz_core_changed(jbz_core *core);

/* The place of a connection in its core, 0 to max_conns - 1: an index for the transport's own data. */
JBZ_API uint32_t jbz_conn_slot(const jbz_conn *c);

enum { JBZ_TEXT = 1, JBZ_BINARY = 2 }; /* RFC 6455 5.6 */

/* Sends one message as it is, without envelope or checks: for sockets of on_message. JBZ_E_FULL: the peer does not read and
   out_spill bytes wait already; JBZ_E_NOMEM: no pool; JBZ_E_GONE: the connection is closing; JBZ_E_ARG: `type`;
   JBZ_E_TOO_BIG: 2 GB, or over max_out where jambonz hears it, which would end the call (1009). */
JBZ_API jbz_err jbz_conn_send(jbz_conn *c, int type, const void *bytes, size_t n);

/* Closes with a code of RFC 6455 7.4 that an app may send, and a short reason (may be NULL). JBZ_E_STATE: 1000 on a call's
   control socket (jambonz would leave the call in silence: jbz_hangup_call ends calls); JBZ_E_ARG: no such code;
   JBZ_E_GONE: it is closing already. Any code but 1000 makes jambonz reconnect (PROTOCOL 1.3). */
JBZ_API jbz_err jbz_conn_drop(jbz_conn *c, int code, const char *reason);

/*==== MARK: 11 CALL - apps, calls, replies, deadlines =========================
 *
 * Job      Whose message is this, who handles it, and what if nobody does. Calls outlive their sockets: a lost socket detaches
 *          the call until jambonz reconnects.
 * Uses     all rooms above.
 * Promise  One ack per message that wants one, none for others, in time, whatever the handler does. No I/O, no clock.
 *============================================================================*/

typedef struct jbz_call jbz_call; /* one call; the pointer is valid during an event, keep a jbz_call_id */
typedef struct jbz_audio jbz_audio; /* an audio socket; likewise, keep a jbz_audio_id */

/* What apps keep of a call. A call that is over is never found again under its id. All zero is no call. */
typedef struct jbz_call_id { uint32_t slot, gen; } jbz_call_id;

/* What apps keep of a message that is to be answered later. */
typedef struct jbz_reply_id { jbz_call_id call; uint32_t serial; } jbz_reply_id;

/* Something happened. What it points to lives until the next event is pulled from the same core: keep ids, copy strings. */
typedef struct jbz_event {
    jbz_event_type type;
    jbz_err reason; /* END: OK hung up; TIMEOUT lost and not resumed; FULL evicted to make room. TTS_, AUDIO_: see there */
    jbz_core   *core;
    jbz_call   *call;     /* whose; NULL for WAKEUP, raw sockets and audio that belongs to no call; a message always has one */
    jbz_conn   *conn;     /* the socket it came on; NULL when it came from no socket */
    const char *msgid;    /* of a message that has one, else "" */
    const char *hook;     /* of verb:hook and its like: the hook as the app gave it, else "" */
    jbz_json    data;     /* of a message: its `data`; missing where jambonz sent none */
    jbz_json    message;  /* of a message: the whole object */
    const void *bytes;    /* TEXT, BINARY: the message */
    size_t      len;      /* TEXT, BINARY: its length */
    uint32_t    tag;      /* TIMER: the app's own number */
    bool        again;    /* session:reconnect to be answered like a session:new: jambonz may not have the first answer */
    bool        known;    /* ... and this server has seen the call before */
    bool        first;    /* first message of a call this server did not know */
    uint32_t    serial;   /* the library's */
    jbz_audio  *audio;    /* AUDIO_...: the audio socket, and the rest is only for these */
    const int16_t *pcm;   /* AUDIO_PCM: samples, in the machine's byte order; two channels interleaved */
    size_t      samples;  /* AUDIO_PCM: how many, of both channels together */
    const char *name;     /* AUDIO_DTMF: the key; AUDIO_MARK: the mark; AUDIO_PLAY_DONE: the clip's id */
    uint32_t    ms;       /* AUDIO_DTMF: how long; AUDIO_PLAY_DONE: how much was played */
} jbz_event;

/* Handles an event. `user` is the app's. */
typedef void (*jbz_handler)(const jbz_event *ev, void *user);

/* Which function answers which hook: `hook` is compared whole with what jambonz sends, that is what the verb was given. */
typedef struct jbz_route {
    const char *hook JBZ_ZEROED;
    jbz_handler fn   JBZ_ZEROED;
} jbz_route;

#ifndef JBZ_MAX_ROUTES
#define JBZ_MAX_ROUTES 16 /* hooks per app; everywhere the same (it is part of the layout) */
#endif
#ifndef JBZ_MAX_APPS
#define JBZ_MAX_APPS 8 /* apps per server; likewise */
#endif

/* An application environment variable: asked for by the jambonz portal (OPTIONS on the app's path), set there by an admin,
   and read with jbz_call_env (PROTOCOL 1.5). */
typedef struct jbz_env {
    const char *name        JBZ_ZEROED;  /* letters, digits and _ ; NULL ends the table */
    const char *type        JBZ_ZEROED;  /* "string" (default), "number" or "boolean" */
    const char *description JBZ_ZEROED;
    const char *fallback    JBZ_ZEROED;  /* the value where none was set, as text; also shown to the admin */
    const char *choices     JBZ_ZEROED;  /* allowed values, "a,b,c"; NULL any */
    const char *uiHint      JBZ_ZEROED;  /* "input", "textarea" or "filepicker" */
    jbz_tri     required    JBZ_ZEROED;
    jbz_tri     obscure     JBZ_ZEROED;  /* a secret: masked by the portal, its fallback is not told */
    const char *jambonzResource JBZ_ZEROED; /* "carriers": the admin chooses one of the account's */
} jbz_env;

/* What one application is. A message goes to on_hook where one matches, session:new to on_session, the rest to on_other;
   handlers left out mean that the library answers (see SILENCE IS ANSWERED in the manual). */
#define JBZ_APP_FIELDS                                                                                                       \
    const char *path         JBZ_ZEROED; /* "/menu": it and all below it; NULL or "/" takes every path. Longest wins. */     \
    jbz_handler on_session   JBZ_ZEROED; /* a call begins: session:new, or what stands for it; answer with verbs */          \
    jbz_route   on_hook[JBZ_MAX_ROUTES] JBZ_ZEROED; /* verb:hook, dial:confirm, session:redirect, by their hook */           \
    jbz_handler on_resume    JBZ_ZEROED; /* jambonz has reconnected and the call goes on; nothing to answer */               \
    jbz_handler on_other     JBZ_ZEROED; /* everything else: call:status, verb:status, jambonz:error, timers, ... */         \
    jbz_handler on_end       JBZ_ZEROED; /* the call is over: free what jbz_call_set_user holds */                           \
    jbz_handler on_message   JBZ_ZEROED; /* raw messages of sockets without a jambonz subprotocol; binary ones of calls */   \
    jbz_handler on_audio     JBZ_ZEROED; /* audio sockets (listen, stream); NULL refuses them */                             \
    void       *user         JBZ_ZEROED; /* handed to all of these */                                                        \
    const char *auth         JBZ_ZEROED; /* "user:password" that jambonz must present (Basic); NULL: none wanted */          \
    const char *origins      JBZ_ZEROED; /* browsers' Origins to accept, "https://a,https://b"; "*" any; NULL: own host */   \
    const char *subprotocols JBZ_ZEROED; /* "a,b": further subprotocols taken for raw sockets */                             \
    const char *fallback     JBZ_ZEROED; /* JSON verb array that answers a session:new nobody answers; NULL: decline 480 */  \
    const jbz_env *env       JBZ_ZEROED; /* environment variables, ended by a NULL name */                                   \
    jbz_target  target       JBZ_ZEROED; /* what verbs are checked against; 0: the schema, open server and v10 alike */

typedef struct jbz_app_desc { JBZ_APP_FIELDS } jbz_app_desc;

/* A plain HTTP GET or HEAD that is no WebSocket upgrade, for on_http. */
typedef struct jbz_http {
    const char *method, *path, *query; /* path as it was sent, without the query; query without its '?', "" for none */
    int         status;                /* answer: set these four; status 0 leaves the request to the library */
    const char *type;                  /* content type; NULL: text/plain */
    const char *body;                  /* at most 4 KiB are sent */
    size_t      len;
} jbz_http;

/* Everything about a server or a core. All zero is valid; numbers left 0 mean the default that is named. Fields may be
   appended in later versions, so build it with JBZ_LIT or from a zeroed struct. What it points to must outlive the server. */
typedef struct jbz_server_desc {
    JBZ_APP_FIELDS                     /* one application ... */
    jbz_app_desc apps[JBZ_MAX_APPS] JBZ_ZEROED;  /* ... and further ones: those with a path or an on_session or on_message */
    void (*on_http)(jbz_http *http, void *user) JBZ_ZEROED; /* plain GETs (health checks); called with the desc's user */
    void (*trace)(const jbz_conn *c, bool out, int type, const void *bytes, size_t n, void *user) JBZ_ZEROED;
                                       /* sees each message before it is decoded: type JBZ_TEXT, JBZ_BINARY, 8 to 10 */
    jbz_logger  log       JBZ_ZEROED;
    jbz_alloc   alloc     JBZ_ZEROED;
    void       *memory    JBZ_ZEROED;  /* run in this block alone (jbz_server_memory says how much, aligned to 16) ... */
    size_t      memory_size JBZ_ZEROED; /* ... of so many bytes; then no allocator is called */
    uint64_t    seed[2]   JBZ_ZEROED;  /* secret of the call table; a server fills it itself, a bare core should be given one */

    uint32_t handshake_ms JBZ_ZEROED;  /* 10,000: from accept to the complete request */
    uint32_t ack_ms       JBZ_ZEROED;  /* 4,000: a deferred reply is answered by the library then (jambonz waits 5,000) */
    uint32_t ping_ms      JBZ_ZEROED;  /* 25,000 of silence before a ping; gone after two unanswered ones */
    uint32_t resume_ms    JBZ_ZEROED;  /* 30,000: how long a call without socket is kept */
    uint32_t drain_ms     JBZ_ZEROED;  /* 5,000: how long a draining server waits for open replies */
    uint32_t close_ms     JBZ_ZEROED;  /* 2,000: for the end of a close handshake, or of a hung-up call */
    uint32_t audio_first_ms JBZ_ZEROED; /* 5,000: for the first frame of an audio socket */
    uint32_t max_conns    JBZ_ZEROED;  /* 1,024 connections, and as many calls */
    uint32_t max_message  JBZ_ZEROED;  /* 262,144 bytes of a message received; larger ones close with 1009 */
    uint32_t max_out      JBZ_ZEROED;  /* 24,576 bytes of a message to jambonz, which refuses more (PROTOCOL 1.1) */
    uint32_t out_spill    JBZ_ZEROED;  /* 65,536 unsent bytes per connection */
    uint32_t pool         JBZ_ZEROED;  /* max(4 MiB, 4 x max_message) bytes for all that waits, whatever max_conns is */
    uint32_t receive      JBZ_ZEROED;  /* 65,536 bytes received at once */
    uint32_t tokens       JBZ_ZEROED;  /* 8,192 JSON tokens per message */
    uint32_t request      JBZ_ZEROED;  /* 8,192 bytes of an HTTP request */
    uint32_t headers      JBZ_ZEROED;  /* 100 header fields in it */
    uint32_t pending      JBZ_ZEROED;  /* 16 replies deferred per call */
    uint32_t legs         JBZ_ZEROED;  /* 10 dialled legs remembered per call */
    uint32_t detached_bytes JBZ_ZEROED; /* 24,576 bytes of messages held per call: while it has no socket, or before its ack */
    uint32_t speech_queue JBZ_ZEROED;  /* 16,384 bytes of text to be spoken that wait, per call */
    uint32_t audio_queue  JBZ_ZEROED;  /* 65,536 bytes of samples that wait to be due, per audio socket */

    /* Sockets; ignored by a bare core. */
    const char *host      JBZ_ZEROED;  /* "127.0.0.1": IPv4 or IPv6 address, "*" for all, or "unix:/path" */
    uint16_t    port      JBZ_ZEROED;  /* 3000 (0 is that too) */
    bool        any_port  JBZ_ZEROED;  /* take a free port instead; jbz_server_port tells which */
    bool        reuse_port JBZ_ZEROED; /* share the port with other servers (SO_REUSEPORT) */
    int         backlog   JBZ_ZEROED;  /* 511 connections waiting to be accepted */
    const int  *fds       JBZ_ZEROED;  /* listening sockets inherited (systemd); then host and port are not used ... */
    uint32_t    nfds      JBZ_ZEROED;  /* ... so many */
    const struct jbz_transport *transport JBZ_ZEROED; /* other than plain sockets (TLS); room 12 */
} jbz_server_desc;

/* Bytes that a core or server with this desc takes at most: fixed part plus pool; also the size of `memory`. SIZE_MAX: more
   connections than 30 bits can count. */
JBZ_API size_t jbz_server_memory(const jbz_server_desc *desc);

/* Opens a core without sockets. NULL: no memory, or the desc is wrong; then `err` (may be NULL) says what and where. */
JBZ_API jbz_core *jbz_core_open(const jbz_server_desc *desc, jbz_error *err);
JBZ_API void jbz_core_close(jbz_core *core);

/* Tells the time, any monotonic milliseconds; may wrap. Returns after how many it wants to be told again at the latest. */
JBZ_API uint32_t jbz_core_tick(jbz_core *core, uint64_t now_ms);

/* Pulls the next event; false: none until more is fed or time passes. The event before is finished first: if it wanted an
   answer and got none, the library answers now. */
JBZ_API bool jbz_core_next(jbz_core *core, jbz_event *ev);

/* Calls the handler of the event's app, if there is one. */
JBZ_API void jbz_dispatch(const jbz_event *ev);

/*---- replies and commands ----*/

/* Starts the reply to an event; put verbs, then jbz_send. Without verbs it says that there is nothing to add:
   jbz_send(jbz_reply(ev)). Verbs that stand behind a verb with a hook run on when the answer to the hook is lost with its
   socket. Never NULL: when there is nothing to reply to, what comes back has its error set (STATE: wants no ack, is answered
   already, or another message is open; GONE: the socket or call went away), and jbz_send reports it. */
JBZ_API jbz_out *jbz_reply(const jbz_event *ev);

/* The handler returns without a reply, which will come within ack_ms by jbz_reply_to. FULL: `pending` are open already, the
   library answers this one; NOMEM; STATE: nothing to answer. */
JBZ_API jbz_err jbz_reply_later(const jbz_event *ev, jbz_reply_id *id);

/* Starts the reply to a deferred message. Its errors as with jbz_reply; GONE also after ack_ms, when the library answered. */
JBZ_API jbz_out *jbz_reply_to(jbz_core *core, jbz_reply_id id);

/* Starts command `redirect`: the verbs put next replace what the call does now. `queue` appends them instead. */
JBZ_API jbz_out *jbz_cmd_redirect(jbz_call *call);
JBZ_API jbz_out *jbz_cmd_redirect_queue(jbz_call *call);

/* Sends any command with its data as JSON text (checked to be JSON; NULL: none): jbz_cmd(call, "mute:status", NULL,
   "{\"mute_status\":\"mute\"}"). `callSid`: which leg, NULL the session's own. Falsy data (0, "", false, null) is refused,
   jambonz takes it for missing. */
JBZ_API jbz_err jbz_cmd(jbz_call *call, const char *command, const char *callSid, const char *json);

/* Sends the message, all or nothing. OK: handed to the transport, or held until it may go (before a call's first ack, while
   it is detached). An error is logged with the culprit's path and nothing was sent: an event may be answered again, else the
   library answers it. */
JBZ_API jbz_err jbz_send(jbz_out *o);

/* Sends a message that was prepared with jbz_out_init and jbz_msg_command. */
JBZ_API jbz_err jbz_send_to(jbz_core *core, jbz_call_id id, jbz_out *o);

/*---- calls ----*/

JBZ_API jbz_call_id jbz_call_id_of(const jbz_call *call);
/* The call, or NULL when it is over. Valid until the next pull. Everything that takes a call takes NULL, too: what does
   something answers JBZ_E_GONE, what tells something a neutral value; a redirect of it is NULL, which verbs and jbz_send
   take. */
JBZ_API jbz_call *jbz_call_find(jbz_core *core, jbz_call_id id);
/* The call of this app with this call_sid, or NULL. `app` is the index: 0 the desc's own, n the n-th of apps[]. */
JBZ_API jbz_call *jbz_call_by_sid(jbz_core *core, uint32_t app, const char *call_sid);

JBZ_API void       *jbz_call_user(const jbz_call *call);
JBZ_API void        jbz_call_set_user(jbz_call *call, void *user);
JBZ_API uint32_t    jbz_call_app(const jbz_call *call);
/* Texts of a call are valid until the next call of the same function on this core, or the next pull. "" when not known. */
JBZ_API const char *jbz_call_sid(const jbz_call *call);
JBZ_API const char *jbz_call_from(const jbz_call *call);
JBZ_API const char *jbz_call_to(const jbz_call *call);
JBZ_API const char *jbz_call_direction(const jbz_call *call);  /* "inbound", "outbound" or "" */
JBZ_API const char *jbz_call_status(const jbz_call *call);     /* last call_status told: "trying", "in-progress", ... or "" */
/* An environment variable as text ("true", "3", "Hello"): what the admin set, else the table's fallback, else NULL. Valid until
   the next pull, as is a leg's. */
JBZ_API const char *jbz_call_env(const jbz_call *call, const char *name);
/* call_sid of the i-th leg that this call has dialled and that is not over, oldest first; NULL: no such. Legs are learned from
   call:status (and forgotten when that says completed, failed, busy or no-answer), at most desc.legs, the latest ones. */
JBZ_API const char *jbz_call_leg(const jbz_call *call, uint32_t i);

typedef enum jbz_phase {
    JBZ_CALL_NEW,      /* not answered by the app yet */
    JBZ_CALL_LIVE,
    JBZ_CALL_DETACHED, /* its socket is lost; jambonz should reconnect within resume_ms */
    JBZ_CALL_ENDING    /* jbz_hangup_call was called, or the end was seen */
} jbz_phase;
JBZ_API jbz_phase jbz_call_state(const jbz_call *call);

/* A TIMER event with `tag` comes in about `ms` (up to 40 later). One per call: a new one replaces the old, 0 clears it. */
JBZ_API jbz_err jbz_call_timer(jbz_call *call, uint32_t ms, uint32_t tag);

/* Ends the call, whatever state it is in; on_end comes when jambonz has closed. Open replies are answered first. */
JBZ_API jbz_err jbz_hangup_call(jbz_call *call);

/* A SIP header of the call's INVITE, from an event that carries data.sip (session:new): name in any case; NULL: none. */
JBZ_API const char *jbz_sip_header(const jbz_event *ev, const char *name);

/* No new connections (they get 503); each call is closed with 1012 as soon as nothing is open, at the latest after drain_ms:
   jambonz reconnects elsewhere. */
JBZ_API void jbz_core_drain(jbz_core *core);

/* True when no connection is left. */
JBZ_API bool jbz_core_idle(const jbz_core *core);

/* Counters since the core was opened; read them at any time between events. */
typedef struct jbz_stats {
    uint64_t accepted, refused;             /* connections that became WebSockets; requests answered otherwise */
    uint64_t messages_in, messages_out;
    uint64_t acked_by_library, late;        /* silence answered; deferred replies that ran into ack_ms */
    uint64_t odd, failed;                   /* messages not usable (section ONE ODD MESSAGE); connections failed by us */
    uint64_t resumed, lost, evicted;        /* calls */
    uint32_t conns, calls, detached;        /* now */
    size_t   pool_used, pool_limit;         /* now, bytes */
} jbz_stats;
JBZ_API void jbz_core_stats(const jbz_core *core, jbz_stats *stats);

/*---- commands, one function each (PROTOCOL 3.3) ----
 *
 * A command is sent at once, or held while it may not go: before the call's first answer is out, while its socket is lost, or
 * while a message of the app is open. jambonz acknowledges none: what it does not understand it only logs. So what can be
 * checked is checked here. Errors, logged with the path ("mute:status.mute_status"), and nothing is sent:
 *
 *   JBZ_E_VALUE, _MISSING, _ARG, _RAW, _CONFLICT   what was given is not right
 *   JBZ_E_TARGET     the app's target is JBZ_OSS, and only jambonz v10 knows this
 *   JBZ_E_TOO_BIG, _FULL, _NOMEM   larger than max_out; the peer does not read, or detached_bytes are held; the pool is used up
 *   JBZ_E_GONE       the call is over or being hung up
 *
 * `leg` says whose ear or mouth is meant: the call_sid of a dialled leg (jbz_call_leg, jbz_ev_leg), or NULL for the session's
 * own. Where the server would take something else for it, the session's call_sid is sent. Words are spelled as on the wire. */

/* `redirect` to other verbs is jbz_cmd_redirect and jbz_cmd_redirect_queue. */

/* `redirect` to a hook: session:redirect comes with it, and its answer replaces what the call does. `method` NULL: POST. An
   http URL ends this socket. For the dialled leg (child; there must be one, connected) it makes a session of its own, with a
   socket to that URL and session:adulting. Both forms at once: jbz_cmd_redirect_both, either hook may not be NULL. */
JBZ_API jbz_err jbz_cmd_redirect_hook(jbz_call *call, const char *call_hook, const char *method);
JBZ_API jbz_err jbz_cmd_redirect_child(jbz_call *call, const char *child_call_hook, const char *method);
JBZ_API jbz_err jbz_cmd_redirect_both(jbz_call *call, const char *call_hook, const char *child_call_hook);

/* `redirect` with verbs for the caller of a dial, put next as with jbz_cmd_redirect. The dialled leg is let go; verbs for that
   one cannot be sent (PROTOCOL 9.1), use jbz_cmd_redirect_child. */
JBZ_API jbz_out *jbz_cmd_redirect_parent(jbz_call *call);

/* "completed" ends an answered call, "no-answer" one that rings. jbz_hangup_call knows which, and makes sure. */
JBZ_API jbz_err jbz_cmd_call_status(jbz_call *call, const char *call_status);

/* "mute" or "unmute" one side of a dial, or this member of a conference. */
JBZ_API jbz_err jbz_cmd_mute_status(jbz_call *call, const char *leg, const char *mute_status);

/* In a conference. "mute" or "unmute" all members but moderators; "hold" or "unhold" this one (`wait_hook`: what it hears,
   may be NULL, and must be with "unhold"). */
JBZ_API jbz_err jbz_cmd_conf_mute_status(jbz_call *call, const char *conf_mute_status);
JBZ_API jbz_err jbz_cmd_conf_hold_status(jbz_call *call, const char *conf_hold_status, const char *wait_hook);

/* In a conference, this member: "tag" and "coach" (need `tag`), "untag", "uncoach", "hold" (takes `wait_hook`), "unhold",
   "mute", "unmute", "kick". What an action does not take must be NULL. */
JBZ_API jbz_err jbz_cmd_conf_participant_action(jbz_call *call, const char *action, const char *tag, const char *wait_hook);

/* "pause" or "resume" a running listen, stream or transcription; listen and stream not those of config. On an idle call
   jambonz stumbles over it, silently. */
JBZ_API jbz_err jbz_cmd_listen_status(jbz_call *call, const char *listen_status);
JBZ_API jbz_err jbz_cmd_stream_status(jbz_call *call, const char *stream_status);
JBZ_API jbz_err jbz_cmd_transcribe_status(jbz_call *call, const char *transcribe_status);

/* One digit, 0 to 9, *, # or A to D, to the far end of the leg. `duration_ms` 0: jambonz' 250. */
JBZ_API jbz_err jbz_cmd_dtmf(jbz_call *call, const char *leg, char digit, uint32_t duration_ms);

/* Louder or softer by so many dB; 0 is as it was. */
JBZ_API jbz_err jbz_cmd_boost_audio_signal(jbz_call *call, const char *leg, double dB);

/* During a dial: "no-media", "partial-media" or "full-media" goes through jambonz. */
JBZ_API jbz_err jbz_cmd_media_path(jbz_call *call, const char *path);

/* Attaches data, a JSON object. Not JBZ_OSS: put the verb tag instead. */
JBZ_API jbz_err jbz_cmd_tag(jbz_call *call, const char *json);

/* The languages to expect from now on, `n` of them ("en", "es"); none: any. v10. */
JBZ_API jbz_err jbz_cmd_stt_reconfigure(jbz_call *call, const char *const *hints, size_t n);

#ifndef JBZ_NO_VERBS

/* Starts, stops, pauses or resumes a recording. */
#define JBZ_OPTS_cmd_record(X, T)                                                                                              \
    JBZ_OPTS_config_record(X, T)                                                                                               \
    X(T, BOOL,       silence,         ,      MAY )  /* pause, cloud: record silence meanwhile */
typedef struct jbz_cmd_record_opts { JBZ_OPTS_cmd_record(JBZI_MEMBER, _) } jbz_cmd_record_opts;

/* A SIP request within the dialog. */
#define JBZ_OPTS_cmd_sip_request(X, T)                                                                                         \
    X(T, STR,         method,       ,     MUST)  /* INFO, NOTIFY, MESSAGE ... */                                               \
    X(T, STR,         content_type, ,     MAY )  /* of the body */                                                             \
    X(T, STR,         content,      ,     MAY )  /* the body */                                                                \
    X(T, MAP,         headers,      ,     MAY )  /* SIP headers */                                                             \
    X(T, RAW(object), headers,      _raw, TWIN)
typedef struct jbz_cmd_sip_request_opts { JBZ_OPTS_cmd_sip_request(JBZI_MEMBER, _) } jbz_cmd_sip_request_opts;

/* Noise isolation. */
#define JBZ_OPTS_cmd_noise_isolation_status(X, T)                                                                              \
    X(T, ENUM(enable|disable), noise_isolation_status, , MUST)  /* on or off */                                                \
    X(T, STR,                  vendor,                 , MAY )  /* whose service */                                            \
    X(T, NUM_IN(0, 100),       level,                  , MAY )  /* how much of it */                                           \
    X(T, STR,                  model,                  , MAY )  /* which model */
typedef struct jbz_cmd_noise_isolation_status_opts {
    JBZ_OPTS_cmd_noise_isolation_status(JBZI_MEMBER, _)
} jbz_cmd_noise_isolation_status_opts;

/* Speech for all members of the conference. */
#define JBZ_OPTS_cmd_room_say(X, T)                                                                                            \
    X(T, STR,                text,        ,     MUST)  /* plain text or SSML */                                                \
    X(T, OBJ(c_synthesizer), synthesizer, ,     MAY )  /* text to speech, if not the session's */                              \
    X(T, TIMES,              loop,        ,     MAY )  /* times; for ever with JBZ_FOREVER */                                  \
    X(T, BOOL,               stream,      ,     MAY )  /* speak as it is synthesised */                                        \
    X(T, STR,                id,          ,     MAY )  /* comes back with say-start and say-done on the statusHook */          \
    X(T, BOOL,               replace,     ,     MAY )  /* instead of what is being said or played */
typedef struct jbz_cmd_room_say_opts { JBZ_OPTS_cmd_room_say(JBZI_MEMBER, _) } jbz_cmd_room_say_opts;

/* A sound file for all members of the conference. */
#define JBZ_OPTS_cmd_room_play(X, T)                                                                                           \
    X(T, STR,  url,     , MUST)  /* of the file */                                                                             \
    X(T, STR,  id,      , MAY )  /* comes back with play-start and play-done on the statusHook */                              \
    X(T, BOOL, replace, , MAY )  /* instead of what is being said or played */
typedef struct jbz_cmd_room_play_opts { JBZ_OPTS_cmd_room_play(JBZI_MEMBER, _) } jbz_cmd_room_play_opts;

/* These take option structs: jbz_cmd_config(call, JBZ_LIT(config_opts, .notifyEvents = JBZ_TRUE)). config, dub and whisper work
   beside the verb that runs. dial places a new, independent call as the REST API does; hooks that are paths are taken as paths
   of this app; when it fails, jambonz:error comes. whisper speaks to one leg of a dial, or during listen: `say`, then `play`,
   either may be NULL; _raw takes one verb or a list of them (say and play only) as JSON. The last three are v10. */
JBZ_API jbz_err jbz_cmd_config(jbz_call *call, const jbz_config_opts *opts);
JBZ_API jbz_err jbz_cmd_dial(jbz_call *call, const jbz_rest_dial_opts *opts);
JBZ_API jbz_err jbz_cmd_dub(jbz_call *call, const char *leg, const jbz_dub_opts *opts);
JBZ_API jbz_err jbz_cmd_record(jbz_call *call, const jbz_cmd_record_opts *opts);
JBZ_API jbz_err jbz_cmd_sip_request(jbz_call *call, const char *leg, const jbz_cmd_sip_request_opts *opts);
JBZ_API jbz_err jbz_cmd_whisper(jbz_call *call, const char *leg, const jbz_say_opts *say, const jbz_play_opts *play);
JBZ_API jbz_err jbz_cmd_whisper_raw(jbz_call *call, const char *leg, const char *json);
JBZ_API jbz_err jbz_cmd_noise_isolation_status(jbz_call *call, const jbz_cmd_noise_isolation_status_opts *opts);
JBZ_API jbz_err jbz_cmd_room_say(jbz_call *call, const jbz_cmd_room_say_opts *opts);
JBZ_API jbz_err jbz_cmd_room_play(jbz_call *call, const jbz_cmd_room_play_opts *opts);

#endif /* JBZ_NO_VERBS */

/*---- language models and their tools (PROTOCOL 5) ----*/

/* What a tool gave back. */
typedef struct jbz_tool_output_opts {
    const char *id     JBZ_ZEROED; /* required: of the jbz_tool_call that is answered */
    const char *name   JBZ_ZEROED; /* of the function; Deepgram requires it */
    const char *text   JBZ_ZEROED; /* the result, as text ... */
    const char *json   JBZ_ZEROED; /* ... or as JSON; one of the two is required */
    const char *vendor JBZ_ZEROED; /* "openai", "google" ...; NULL: that of the verb the call was last sent */
    jbz_tri   is_error JBZ_ZEROED; /* the tool failed; only ElevenLabs is told apart from the result */
} jbz_tool_output_opts;

/* Answers a tool call (llm:tool-call, agent:tool-call) in the shape that the model's vendor takes; a wrong one leaves the model
   waiting. The vendor is known from the verb llm, agent or ..._s2s last sent for this call; verbs put as raw JSON do not count,
   name it then. JBZ_E_MISSING: not known (jambonz v10 has one shape for all: with target JBZ_V10 that is taken). */
JBZ_API jbz_err jbz_cmd_llm_tool_output(jbz_call *call, const jbz_tool_output_opts *opts);
#ifndef JBZ_NO_SHORTHAND
#define jbz_tool_output(call, ...) jbz_cmd_llm_tool_output((call), JBZ_LIT(tool_output_opts, __VA_ARGS__))
#endif

/* Tells a running model something: the vendor's own event, a JSON object. With target JBZ_OSS its `type` is checked. */
JBZ_API jbz_err jbz_cmd_llm_update(jbz_call *call, const char *json);

/* Changes a running agent (v10): its instructions; one more message of the dialogue (`role` "system", "user", "assistant" or
   "tool"); its tools, a JSON array; makes it speak, as if the caller had said `user_input`, or by `instructions` (either may be
   NULL); `interrupt`: even while it speaks. jbz_cmd_agent_update takes any of these as a JSON object. */
JBZ_API jbz_err jbz_cmd_agent_update_instructions(jbz_call *call, const char *instructions);
JBZ_API jbz_err jbz_cmd_agent_inject_context(jbz_call *call, const char *role, const char *content);
JBZ_API jbz_err jbz_cmd_agent_update_tools(jbz_call *call, const char *json);
JBZ_API jbz_err jbz_cmd_agent_generate_reply(jbz_call *call, const char *user_input, const char *instructions,
                                             jbz_tri interrupt);
JBZ_API jbz_err jbz_cmd_agent_update(jbz_call *call, const char *json);

/* A tool that a model calls. */
typedef struct jbz_tool_call {
    const char *id;   /* for the answer; lives as long as the event */
    const char *name; /* which tool */
    jbz_json    args; /* its arguments, an object */
} jbz_tool_call;

/* The i-th tool call of llm:tool-call or agent:tool-call; false: there are not so many. Only Google packs several into one. */
JBZ_API bool jbz_ev_tool_call(const jbz_event *ev, uint32_t i, jbz_tool_call *tool);

/*---- what events tell ----
 *
 * jambonz has several names and places for many things; these functions know them. They take any event: what it does not tell
 * is "", 0, false, a missing value, or the number that is named. Texts live as long as the event. For everything else there is
 * jbz_json_str(ev->data, "/account_sid", "") and the like. */

/* Whom it is about. */
JBZ_API const char *jbz_ev_call_sid(const jbz_event *ev);   /* call_sid of data, else of the envelope */
JBZ_API const char *jbz_ev_leg(const jbz_event *ev); /* the same if it is not the session's own: a dialled leg; else NULL */
JBZ_API const char *jbz_ev_parent_sid(const jbz_event *ev); /* parent_call_sid: who dialled it */
JBZ_API const char *jbz_ev_from(const jbz_event *ev);
JBZ_API const char *jbz_ev_to(const jbz_event *ev);
JBZ_API const char *jbz_ev_caller_name(const jbz_event *ev);    /* caller_name; inbound session:new and the like only */
JBZ_API const char *jbz_ev_fs_sip_address(const jbz_event *ev); /* fs_sip_address or local_sip_address */
JBZ_API const char *jbz_ev_fs_public_ip(const jbz_event *ev);   /* fs_public_ip or public_ip */
JBZ_API jbz_json    jbz_ev_customer_data(const jbz_event *ev);  /* customerData or customerdata: what tag attached */
JBZ_API const char *jbz_ev_call_status(const jbz_event *ev);    /* call_status, "in-progress" and so on */
JBZ_API int         jbz_ev_sip_status(const jbz_event *ev);     /* sip_status: 200, 486 ... */
JBZ_API const char *jbz_ev_sip_reason(const jbz_event *ev);     /* sip_reason: "OK" ... */
JBZ_API double      jbz_ev_duration(const jbz_event *ev);       /* s: duration, dial_call_duration, playback_...; else -1 */

/* What happened: `event` (conference, queue, verb:status, hold, dialogflow), event_type (speech streaming), `type` (llm:event,
   agent:event, amd), speech_event.type (transcribe). */
JBZ_API const char *jbz_ev_what(const jbz_event *ev);
/* How a verb ended: dial_call_status, queue_result, dequeue_result, transfer_result, `result` (sip:request), message_status,
   completion_reason (llm), else `reason` (gather, play). */
JBZ_API const char *jbz_ev_result(const jbz_event *ev);
/* Why: `reason` (gather "dtmfDetected", "speechDetected", "timeout"; play; amd), completion_reason (llm), transfer_reason,
   leave_reason (queue), message_failure_reason. */
JBZ_API const char *jbz_ev_reason(const jbz_event *ev);
/* What went wrong: `msg` (jambonz:error), `error` or its `message` (llm), `err` (sip:request); and `details` to it. */
JBZ_API const char *jbz_ev_error(const jbz_event *ev);
JBZ_API const char *jbz_ev_details(const jbz_event *ev);
/* Which verb: `verb` or `name` (verb:status, jambonz:error), and your name for it: verb_id (hooks) or `id`. */
JBZ_API const char *jbz_ev_verb(const jbz_event *ev);
JBZ_API const char *jbz_ev_verb_id(const jbz_event *ev);

/* Speech and digits: of gather, transcribe, barge-in (verb:status), agent:event, llm:event. */
JBZ_API const char *jbz_ev_transcript(const jbz_event *ev);  /* of the best alternative; or `transcript` */
JBZ_API double      jbz_ev_confidence(const jbz_event *ev);  /* its confidence, 0 to 1 */
JBZ_API bool        jbz_ev_is_final(const jbz_event *ev);    /* is_final; false for partial results */
JBZ_API const char *jbz_ev_language(const jbz_event *ev);    /* language_code, else `language` */
JBZ_API int         jbz_ev_channel(const jbz_event *ev);     /* channel_tag, else `channel`: 1 caller, 2 the other side */
JBZ_API const char *jbz_ev_translation(const jbz_event *ev); /* transcribe with translationHook */
JBZ_API const char *jbz_ev_digits(const jbz_event *ev);      /* `digits` (gather, listen), else `dtmf` (dial, barge-in) */

/* Dial, refer, transfer. */
JBZ_API const char *jbz_ev_dial_status(const jbz_event *ev);     /* dial_call_status: "completed", "busy", "no-answer" ... */
JBZ_API int         jbz_ev_dial_sip_status(const jbz_event *ev); /* dial_sip_status */
JBZ_API const char *jbz_ev_dial_sid(const jbz_event *ev);        /* dial_call_sid: the leg; take it as `leg` while it is up */
JBZ_API int         jbz_ev_refer_status(const jbz_event *ev);    /* final_referred_call_status, the eventHook's, refer_status */

/* Queues: waitHook, actionHook, queue:status. */
JBZ_API const char *jbz_ev_queue(const jbz_event *ev);           /* queue_sid, else `queue` */
JBZ_API int         jbz_ev_queue_position(const jbz_event *ev);  /* 0 is next; else -1 */
JBZ_API int         jbz_ev_queue_size(const jbz_event *ev);      /* queue_size, else `length`; else -1 */
JBZ_API int         jbz_ev_queue_time(const jbz_event *ev);      /* s waited; else -1 */

/* Conferences: statusHook. What happened is jbz_ev_what: "join", "leave" ... */
JBZ_API const char *jbz_ev_conference(const jbz_event *ev);      /* conference_sid */
JBZ_API const char *jbz_ev_conference_name(const jbz_event *ev); /* friendly_name */
JBZ_API int         jbz_ev_members(const jbz_event *ev);         /* members now; else -1 */

/* Answering machine detection: "amd_human_detected", "amd_machine_detected" ...; "" if it is no such event. */
JBZ_API const char *jbz_ev_amd(const jbz_event *ev);

/* Agents: what it said, whether the caller cut it off, and how long which part took: "model_latency", "voice_latency",
   "transcriber_latency", "turn_detection_latency", in ms, else -1. And what was heard of streamed speech (v10, "tts_spoken").
   */
JBZ_API const char *jbz_ev_response(const jbz_event *ev);
JBZ_API bool        jbz_ev_interrupted(const jbz_event *ev);
JBZ_API int         jbz_ev_latency(const jbz_event *ev, const char *which);
JBZ_API const char *jbz_ev_spoken(const jbz_event *ev);

/*---- environment variables, typed ----*/

/* As jbz_call_env, read as a number or a boolean; `fallback` when there is none, or it is not of that type. */
JBZ_API int64_t jbz_call_env_int(const jbz_call *call, const char *name, int64_t fallback);
JBZ_API double  jbz_call_env_num(const jbz_call *call, const char *name, double fallback);
JBZ_API bool    jbz_call_env_bool(const jbz_call *call, const char *name, bool fallback);

/*---- speech streaming (PROTOCOL 4): text that is spoken while it is still being written ----
 *
 * Needs a stream: config with ttsStream = { .enable = JBZ_TRUE }, or a running say with .stream = JBZ_TRUE. Write text as it
 * comes, in pieces of any size, and flush at the end of what is to be said: what does not end a sentence is not spoken before.
 *
 * The library keeps what jambonz has no room for (1,000 characters), up to desc.speech_queue bytes. Events for on_other:
 *
 *   JBZ_EV_TTS_OPEN         the stream is there; what was written before is spoken now
 *   JBZ_EV_TTS_WRITABLE     after a write that did not fit: at least half of speech_queue is free, `tag` bytes
 *   JBZ_EV_TTS_INTERRUPTED  the caller spoke: what was not spoken is dropped, `tag` bytes of it here, the rest in jambonz
 *   JBZ_EV_TTS_CLOSED       the stream is gone and `tag` bytes were not spoken. `reason`: OK it was closed; STATE the voice's
 *                           vendor could not be reached; TARGET this session has no streaming; TIMEOUT jambonz did not
 *                           answer for 10 s. After all but OK writes and flushes are refused with that same error until
 *                           JBZ_EV_TTS_OPEN, or until jbz_tts_clear says to try again
 *   JBZ_EV_TTS_REPEATED     `tag` bytes are sent again (see below)
 *
 * jambonz' own words, JBZ_EV_TTS_STREAMING_EVENT ("stream_paused", "tts_spoken" ...), come too, but not the results of
 * pieces. No event tells that the last word was heard, except tts_spoken of v10: use verb say for final words.
 *
 * A lost socket does not end the stream. Text waits until jambonz is back, then goes on. If just then a piece was on its way,
 * nobody can know whether jambonz had it: its result is waited for, 1 s after the reconnect, then it is sent again, and
 * JBZ_EV_TTS_REPEATED says so: it may be heard twice. Nothing is lost without an event.
 *
 * Do not send tts:tokens by jbz_cmd beside this. */

/* Appends `n` bytes of UTF-8; characters may be cut anywhere between two writes. `taken` gets how many were taken; NULL: all or
   none. JBZ_E_FULL: not all fitted, go on at JBZ_EV_TTS_WRITABLE (after INTERRUPTED and CLOSED there is room, too);
   JBZ_E_TOO_BIG: `taken` NULL and more than speech_queue; JBZ_E_NOMEM: no pool; JBZ_E_GONE: the call is over;
   STATE, TARGET, TIMEOUT: the stream closed with that reason. */
JBZ_API jbz_err jbz_tts_write(jbz_call *call, const char *text, size_t n, size_t *taken);

/* Ends what was written so far: it is spoken to its last word. */
JBZ_API jbz_err jbz_tts_flush(jbz_call *call);

/* Drops what was written and not spoken, here and in jambonz: silence. (What jambonz got before its stream was open it
   keeps.) */
JBZ_API jbz_err jbz_tts_clear(jbz_call *call);

/* Bytes written that jambonz has not taken yet. */
JBZ_API size_t jbz_tts_queued(const jbz_call *call);

/*---- audio (PROTOCOL 6): sockets on which the caller is heard, and spoken to ----
 *
 * Verb listen (stream) makes jambonz open a socket of its own for the audio of a call, and desc.on_audio handles it:
 *
 *     char url[128];
 *     jbz_listen(o, .url = jbz_audio_url(ev->call, "/audio", url, sizeof url), .bidirectionalAudio =
 *                JBZ_LIT(c_bidirectionalAudio_opts, .enabled = JBZ_TRUE, .streaming = JBZ_TRUE, .sampleRate = 8000));
 *
 * All its events have ev->audio, ev->conn, and ev->call: the call, NULL if that is not known here or over.
 *
 *   JBZ_EV_AUDIO_START      first of all. ev->data is what jambonz tells: callSid, from, to ... and the verb's metadata, cut at
 *                           8,192 bytes: what did not come whole is missing then. Who begins with samples loses those
 *   JBZ_EV_AUDIO_PCM        ev->samples samples at ev->pcm, aligned, in this machine's byte order, in stereo L R L R (L the
 *                           caller). 0 samples: jambonz asks for what is left to be sent (graceful shutdown)
 *   JBZ_EV_AUDIO_DTMF       key ev->name was pressed, for ev->ms (with .passDtmf)
 *   JBZ_EV_AUDIO_MARK       mark ev->name: `reason` OK it was reached; GONE it was cleared; TIMEOUT jambonz did not say so
 *   JBZ_EV_AUDIO_PLAY_DONE  clip ev->name ended after ev->ms; `reason` GONE: dropped from the queue; TIMEOUT: as above
 *   JBZ_EV_AUDIO_WRITABLE   a write or clip did not fit, now there is room again, for `tag` samples
 *   JBZ_EV_AUDIO_END        last of all, if START came. `reason` OK: closed with 1000; GONE: lost; `tag` the close code
 *   JBZ_EV_UNKNOWN          some other message
 *
 * An audio socket is not one of its call's sockets: either ends without the other, and it is never reconnected. One that says
 * nothing at all for audio_first_ms is closed. With jbz_wait, too, these events go to on_audio. */

/* What apps keep of an audio socket, as a jbz_call_id of a call. */
typedef struct jbz_audio_id { uint32_t slot, gen; } jbz_audio_id;
JBZ_API jbz_audio_id jbz_audio_id_of(const jbz_audio *audio);
/* The audio socket, NULL when it is closed or closing, which the functions below take as they take one that is. Valid until the
   next pull. */
JBZ_API jbz_audio *jbz_audio_find(jbz_core *core, jbz_audio_id id);

JBZ_API jbz_call *jbz_audio_call(const jbz_audio *audio); /* NULL: not known here, or over */
JBZ_API void     *jbz_audio_user(const jbz_audio *audio);
JBZ_API void      jbz_audio_set_user(jbz_audio *audio, void *user);
JBZ_API uint32_t  jbz_audio_rate(const jbz_audio *audio);     /* of what comes: samples a second, of each channel */
JBZ_API unsigned  jbz_audio_channels(const jbz_audio *audio); /* 2 for mixType stereo, else 1 */

/* Writes to `buf` the URL of an audio socket of this call: `url` (a path, or an absolute URL) and "?jbz=TOKEN", by which
   the socket is known again before it has said a word. Returns `buf`; NULL: it takes more than `size` (37 and the NUL on
   top of `url`). Other sockets are matched by the callSid they tell, in their own app first, then in any of this server. */
JBZ_API const char *jbz_audio_url(const jbz_call *call, const char *url, char *buf, size_t size);

/* How jambonz takes audio, as the verb's bidirectionalAudio asked for: what does not go with that, jambonz ignores silently. */
typedef enum jbz_audio_way {
    JBZ_AUDIO_STREAM = 1, /* streaming JBZ_TRUE: samples as they come (jbz_audio_write, _end, _mark, _clear_marks) */
    JBZ_AUDIO_CLIPS       /* else: whole clips (jbz_audio_play) */
} jbz_audio_way;

/* Says so, before anything is sent; usually at START. `rate`: with STREAM bidirectionalAudio.sampleRate (8000, 16000,
   24000, 32000, 48000, 64000, else JBZ_E_VALUE); for marks it must be the call's own, 8000 for G.711 (PROTOCOL 6.3).
   JBZ_E_STATE: said otherwise before, and from the functions below: not said, or not the way they need. */
JBZ_API jbz_err jbz_audio_mode(jbz_audio *audio, jbz_audio_way way, uint32_t rate);

/* How many ms jambonz may have ahead of what is heard: 200 until told otherwise; 0: all at once. Since jambonz takes any
   amount, what it has is only stopped by jbz_audio_kill. Below 100 it stutters. */
JBZ_API void jbz_audio_pace(jbz_audio *audio, uint32_t ahead_ms);

/* Speaks mono samples. `taken` gets how many were taken; NULL: all or none. What is not due is kept, up to desc.audio_queue
   bytes. JBZ_E_FULL: not all fitted, go on at WRITABLE; JBZ_E_TOO_BIG: `taken` NULL and more than audio_queue; JBZ_E_NOMEM:
   no pool; JBZ_E_GONE: the socket is closed. Samples of -1 go as 0: jambonz keeps its marks among the samples as that
   value. */
JBZ_API jbz_err jbz_audio_write(jbz_audio *audio, const int16_t *pcm, size_t samples, size_t *taken);

/* Ends what was written so far with 160 ms of silence: jambonz holds up to that much back until more comes, the last
   syllable. */
JBZ_API jbz_err jbz_audio_end(jbz_audio *audio);

/* Asks to be told when what was written before is heard: letters, digits, _ . - (at most 54, not beginning with "jbz.",
   else JBZ_E_VALUE). JBZ_E_FULL: 30 are on their way. Every mark gives one MARK event, unless END or jbz_audio_clear_marks
   comes first. jambonz loses marks, so this is a hint and no promise: one not reported 2 s after its time, computed from
   what was sent, comes with JBZ_E_TIMEOUT. Put it in front of jbz_audio_end, which pushes it through. */
JBZ_API jbz_err jbz_audio_mark(jbz_audio *audio, const char *name);
/* Forgets all marks on their way: there will be no events for them. */
JBZ_API jbz_err jbz_audio_clear_marks(jbz_audio *audio);

/* Silence, now: drops what was written and not heard, here and in jambonz; marks on their way come as GONE. Clips: stops
   the one that plays (PLAY_DONE comes), the next of the queue starts. jambonz miscounts marks after that (PROTOCOL 9.4);
   for each that was on its way one of the library's own goes in front of the next samples and sets it right. */
JBZ_API jbz_err jbz_audio_kill(jbz_audio *audio);

/* A clip: samples in this machine's byte order (`pcm`), or bytes as they are. */
typedef struct jbz_audio_clip {
    const int16_t *pcm      JBZ_ZEROED; /* mono; the type is raw then */
    size_t      samples     JBZ_ZEROED;
    const void *bytes       JBZ_ZEROED; /* or: a WAV file, or little-endian samples */
    size_t      len         JBZ_ZEROED;
    const char *audioContentType JBZ_ZEROED; /* with `bytes`: "wav", "wave" or "raw" */
    uint32_t    sampleRate  JBZ_ZEROED; /* raw: 8000, 16000, 24000, 32000, 48000 or 64000 */
    const char *id          JBZ_ZEROED; /* told by PLAY_DONE, at most 54 bytes; NULL: one is made, "jbz.1" ... */
    const char *textContent JBZ_ZEROED; /* what is said, for jambonz' log */
    bool        queuePlay   JBZ_ZEROED; /* play it behind the others, else instead of them */
} jbz_audio_clip;

/* Plays a clip: jbz_audio_play(audio, JBZ_LIT(audio_clip, .pcm = tone, .samples = n, .sampleRate = 8000)). Goes as one
   message, larger than max_out if need be. Every clip gives one PLAY_DONE, unless END comes first. JBZ_E_MISSING,
   JBZ_E_VALUE: a member; JBZ_E_FULL: 11 are queued (jambonz drops more silently), or the last one is not sent yet: try again
   at WRITABLE; JBZ_E_TOO_BIG: its base64 takes more than the pool's largest block (512 KiB with the defaults, it grows with
   desc.pool); JBZ_E_NOMEM. */
JBZ_API jbz_err jbz_audio_play(jbz_audio *audio, const jbz_audio_clip *clip);

/* Ends the verb: jambonz closes the socket and goes on with the next verb or the actionHook. What was not sent is lost. */
JBZ_API jbz_err jbz_audio_disconnect(jbz_audio *audio);

/* Samples written and not sent yet; ms until all that was written is heard, by the clock. */
JBZ_API size_t   jbz_audio_queued(const jbz_audio *audio);
JBZ_API uint32_t jbz_audio_left(const jbz_audio *audio);

#endif /* JBZ_NO_CONN */

/*==== MARK: 12 SERVER - sockets, the clock, the doors ========================
 *
 * Job      Listens, waits with epoll (Linux) or poll, moves bytes, tells the time. Three ways to get at events: callbacks for
 *          ever (jbz_run), an own loop (jbz_server_poll), a script per call (jbz_server_accept, jbz_wait).
 * Uses     all rooms above; sockets and clock of POSIX.1-2008.
 * Promise  Nothing blocks but the waiting itself. Three system calls per message at most. No signals, no stdout: except in
 *          jbz_main. A server and all its calls belong to one thread; several servers can run in several threads.
 *============================================================================*/

#ifndef JBZ_NO_SERVER

/* A core with sockets. It starts with its jbz_core, which in turn starts with a jbz_error. */
typedef struct jbz_server jbz_server;

/* Bytes moved by something else than plain sockets: TLS. All get what `open` returned. recv and send return the number of
   bytes, 0 when the peer ended, JBZ_AGAIN when nothing can be moved now, JBZ_BROKEN when nothing ever will. */
typedef struct jbz_transport {
    void *(*open)(int fd, void *user) JBZ_ZEROED;             /* NULL: refuse the connection */
    long  (*recv)(void *ctx, void *buf, size_t n) JBZ_ZEROED;
    long  (*send)(void *ctx, const void *buf, size_t n) JBZ_ZEROED;
    bool  (*buffered)(void *ctx) JBZ_ZEROED;                  /* bytes were received that the socket will not announce again */
    void  (*close)(void *ctx) JBZ_ZEROED;                     /* the descriptor is closed by the server, after this */
    void   *user JBZ_ZEROED;
} jbz_transport;
enum { JBZ_AGAIN = -1, JBZ_BROKEN = -2 };

/* Opens a server and listens. NULL: `err` (may be NULL) says what and where: JBZ_E_ARG "host" for one that is no address,
   JBZ_E_SYS with the errno of the system call. */
JBZ_API jbz_server *jbz_server_open(const jbz_server_desc *desc, jbz_error *err);
/* Closes everything at once, without END events; see jbz_core_drain for the friendly way. Not from a handler. */
JBZ_API void jbz_server_close(jbz_server *s);

/* The core inside; ev->core is the same. */
JBZ_API jbz_core *jbz_server_core(jbz_server *s);
/* The port it listens on, 0 for a UNIX-domain socket. */
JBZ_API uint16_t jbz_server_port(const jbz_server *s);
JBZ_API void jbz_server_stats(const jbz_server *s, jbz_stats *stats);

/* Own loop: the next event of any call, waiting up to `timeout_ms` for it (-1: for ever). JBZ_E_TIMEOUT: none came;
   JBZ_E_BUSY: called from a handler; JBZ_E_GONE: drained, no connection is left; JBZ_E_SYS: waiting failed. Hand the event to
   jbz_dispatch or look at it yourself. */
JBZ_API jbz_err jbz_server_poll(jbz_server *s, jbz_event *ev, int timeout_ms);

/* Somebody else's loop: descriptors to wait for (one with epoll), with their poll() events; returns how many there are, also
   when that is more than `max`. When one is ready, or after `*timeout_ms`, call jbz_server_poll(s, &ev, 0) until TIMEOUT. */
struct pollfd;
JBZ_API int jbz_server_fds(jbz_server *s, struct pollfd *fds, int max, int *timeout_ms);

/* Script style: waits for a call nobody has taken yet. NULL: none within `timeout_ms`. Its first jbz_wait gives session:new.
   A call belongs to the script until jbz_wait has returned its JBZ_EV_END. */
JBZ_API jbz_call *jbz_server_accept(jbz_server *s, int timeout_ms);

/* Waits for the next event of this call; all sockets are served meanwhile and other calls' events are kept for them.
   JBZ_E_TIMEOUT: none came; JBZ_E_GONE: the call is over. */
JBZ_API jbz_err jbz_wait(jbz_call *call, jbz_event *ev, int timeout_ms);

/* Callbacks for ever: opens, polls, dispatches. Returns when it cannot open, or after jbz_stop. */
JBZ_API jbz_err jbz_run(const jbz_server_desc *desc);
/* Makes jbz_run return after the handler that calls this. */
JBZ_API void jbz_stop(jbz_core *core);

/* Makes the server give a WAKEUP event (to on_other of its first app). The only function here that any thread, and any
   signal handler, may call while the server is open. Several calls may make one event. */
JBZ_API void jbz_wakeup(jbz_server *s);

/* No more new connections: listeners are closed, then as jbz_core_drain. */
JBZ_API void jbz_server_drain(jbz_server *s);

/* A logger: "jambonz_ws: warn: text: detail" to descriptor 2, in one write; its errors are ignored. */
JBZ_API void jbz_log_stderr(jbz_level level, int item, const char *text, const char *detail, void *user);

/* A whole main(): reads flags (--help lists them), logs to stderr, says where it listens, serves until SIGINT or SIGTERM,
   then drains; a second signal ends it at once. Returns the exit status: 0, 1 (cannot serve), 2 (bad flag). */
JBZ_API int jbz_main(int argc, char **argv, const jbz_server_desc *desc);

/* The first half of that, for programs with a loop of their own: flags, log, listening, signals (which drain the server:
   jbz_server_poll ends with JBZ_E_GONE, jbz_server_accept with NULL). NULL: exit with *status. Close with jbz_server_close. */
JBZ_API jbz_server *jbz_main_open(int argc, char **argv, const jbz_server_desc *desc, int *status);

#endif /* JBZ_NO_SERVER */

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* JAMBONZ_WS_H */

/*=============================================================================
 * The implementation: one C or C++ file defines JAMBONZ_WS_IMPLEMENTATION.
 *============================================================================*/
#if defined(JAMBONZ_WS_IMPLEMENTATION) && !defined(JBZ_IMPLEMENTED)
#define JBZ_IMPLEMENTED

/* A cut file keeps some functions that only the rooms cut off would use. */
#if defined(__GNUC__) && (defined(JBZ_NO_SERVER) || defined(JBZ_NO_CONN))
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif

/*==== MARK: 0 BASE - implementation =========================================*/

#include <string.h>
#ifndef JBZ_NO_MALLOC
#include <stdlib.h>
#endif

#ifndef JBZ_ASSERT
#include <assert.h>
#define JBZ_ASSERT(c) assert(c)
#endif

#if defined(__GNUC__)
#define JBZI_LIKELY(x) __builtin_expect(!!(x), 1)
#define JBZI_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define JBZI_NOINLINE __attribute__((noinline))
#define JBZI_INLINE static inline __attribute__((always_inline, unused))
#define JBZI_UNUSED __attribute__((unused))
#else
#define JBZI_LIKELY(x) (x)
#define JBZI_UNLIKELY(x) (x)
#define JBZI_NOINLINE
#define JBZI_INLINE static inline
#define JBZI_UNUSED
#endif

/* What the speed of every message hangs on is copied to where it is called, unless size counts for more. */
#ifdef __OPTIMIZE_SIZE__
#define JBZI_HOT static JBZI_NOINLINE JBZI_UNUSED
#else
#define JBZI_HOT JBZI_INLINE
#endif

/* A compile-time check, in the spelling that C99 knows. */
#define JBZI_STATIC_ASSERT(name, cond) typedef char jbzi_assert_##name[(cond) ? 1 : -1] JBZI_UNUSED

/* Which vectors there are; JBZ_NO_SIMD forces the portable path. */
#if !defined(JBZ_NO_SIMD) && defined(__SSE2__)
#include <emmintrin.h>
#define JBZI_SSE2 1
#elif !defined(JBZ_NO_SIMD) && defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__)
#include <arm_neon.h>
#define JBZI_NEON 1
#endif

/* A machine word for portable word-at-a-time work: 8 bytes on 64-bit, 4 on 32-bit machines. */
typedef size_t jbzi_word;
#define JBZI_ONES ((jbzi_word)-1 / 255) /* 0x0101...01 */
JBZI_INLINE jbzi_word jbzi_base_load(const void *p) { jbzi_word w; memcpy(&w, p, sizeof w); return w; }
JBZI_INLINE void jbzi_base_store(void *p, jbzi_word w) { memcpy(p, &w, sizeof w); }

/* The lowest bit that is set; `bits` must not be 0. */
JBZI_INLINE unsigned jbzi_base_ctz(uint32_t bits) {
#if defined(__GNUC__)
    return (unsigned)__builtin_ctz(bits);
#else
    unsigned n = 0;
    while (!(bits >> n & 1)) n++;
    return n;
#endif
}

JBZ_API int jbz_version(void) { return JBZ_VERSION; }

JBZ_API const char *jbz_strerror(jbz_err err) {
    switch (err) {
#define JBZ_X(name, value, text) case JBZ_E_##name: return text;
    JBZ_ERRORS(JBZ_X)
#undef JBZ_X
    case JBZ_E_COUNT_: break;
    }
    return "unknown error";
}

JBZ_API const char *jbz_last_error(const void *server_or_out, const char **path) {
    const jbz_error *e = (const jbz_error *)server_or_out;
    if (path) *path = e->path;
    return jbz_strerror(e->code);
}

/* Notes an error and its culprit; `path` may be NULL. Returns `code`, so that a failing function can end with it. */
static jbz_err jbzi_base_fail(jbz_error *e, jbz_err code, const char *path) {
    size_t n = path ? strlen(path) : 0;
    if (n >= sizeof e->path) n = sizeof e->path - 1;
    if (n) memcpy(e->path, path, n);
    e->path[n] = 0;
    e->code = code;
    return code;
}

/*---- memory ----*/

static void *jbzi_base_realloc(const jbz_alloc *a, void *p, size_t old_size, size_t new_size) {
    if (a->fn) return a->fn(a->user, p, old_size, new_size);
#ifdef JBZ_NO_MALLOC
    return NULL;
#else
    if (new_size) return realloc(p, new_size);
    free(p);
    return NULL;
#endif
}

/*---- log ----*/

/* Copies a peer's bytes into a log line: printable ASCII as it is, the rest as \xNN, cut with "..." (no terminal codes, no
   forged lines). Always ends `dst` with a NUL; returns how much was written. */
static size_t jbzi_base_escape(char *dst, size_t cap, const char *src, size_t n) {
    static const char hex[] = "0123456789abcdef";
    size_t i, at = 0;
    for (i = 0; i < n; i++) {
        unsigned char c = (unsigned char)src[i];
        bool plain = c >= 0x20 && c < 0x7f; /* a backslash, too: what is escaped may come by here once more */
        if (cap - at < (plain ? 1u : 4u) + 4u) {
            if (cap - at >= 4) { memcpy(dst + at, "...", 3); at += 3; }
            break;
        }
        if (plain) { dst[at++] = (char)c; continue; }
        dst[at++] = '\\';
        dst[at++] = 'x';
        dst[at++] = hex[c >> 4];
        dst[at++] = hex[c & 15];
    }
    dst[at] = 0;
    return at;
}

/* Unsigned decimal into `dst` (at least 21 bytes); returns the length without the NUL. */
static size_t jbzi_base_decimal(char *dst, uint64_t v) {
    char rev[20];
    size_t n = 0, i;
    do rev[n++] = (char)('0' + v % 10); while (v /= 10);
    for (i = 0; i < n; i++) dst[i] = rev[n - 1 - i];
    dst[n] = 0;
    return n;
}

static const struct jbzi_log_line { jbz_level level; const char *text; } jbzi_base_log_lines[] = {
#define JBZ_X(name, level, text) { JBZ_LOG_##level, text },
    JBZ_LOG_ITEMS(JBZ_X)
#undef JBZ_X
};

static bool jbzi_base_logs(const jbz_logger *log, jbz_log_item item) {
    jbz_level most = log->level == JBZ_LOG_DEFAULT ? JBZ_LOG_INFO : log->level;
    return log->fn && jbzi_base_log_lines[item].level <= most;
}

static void jbzi_base_log(const jbz_logger *log, jbz_log_item item, const char *detail) {
    const struct jbzi_log_line *line = &jbzi_base_log_lines[item];
    if (jbzi_base_logs(log, item)) log->fn(line->level, (int)item, line->text, detail, log->user);
}

/* A log line's detail while it is put together. */
typedef struct jbzi_note { size_t n; char text[232]; } jbzi_note;

static void jbzi_base_note(jbzi_note *d, const char *before, const char *peers, size_t n) {
    d->n += jbzi_base_escape(d->text + d->n, sizeof d->text - d->n, before, strlen(before));
    if (n) d->n += jbzi_base_escape(d->text + d->n, sizeof d->text - d->n, peers, n > 80 ? 80 : n);
}

static void jbzi_base_note_number(jbzi_note *d, const char *before, uint64_t v) {
    char num[24];
    jbzi_base_note(d, before, num, jbzi_base_decimal(num, v));
}

/*==== MARK: 1 UTF8 - implementation =========================================*/

/* Almost all text of a call is ASCII, so that is looked for in large blocks and only the rest is looked at closely. */
#if defined(JBZI_SSE2)
#define JBZI_UTF8_BLOCK 128
JBZI_INLINE bool jbzi_utf8_block_is_ascii(const unsigned char *p) {
    const __m128i *v = (const __m128i *)(const void *)p;
    __m128i a = _mm_or_si128(_mm_loadu_si128(v), _mm_loadu_si128(v + 1));
    __m128i b = _mm_or_si128(_mm_loadu_si128(v + 2), _mm_loadu_si128(v + 3));
    __m128i c = _mm_or_si128(_mm_loadu_si128(v + 4), _mm_loadu_si128(v + 5));
    __m128i d = _mm_or_si128(_mm_loadu_si128(v + 6), _mm_loadu_si128(v + 7));
    return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))) == 0;
}
#elif defined(JBZI_NEON)
#define JBZI_UTF8_BLOCK 64
JBZI_INLINE bool jbzi_utf8_block_is_ascii(const unsigned char *p) {
    uint8x16_t a = vorrq_u8(vld1q_u8(p), vld1q_u8(p + 16)), b = vorrq_u8(vld1q_u8(p + 32), vld1q_u8(p + 48));
    return vmaxvq_u8(vorrq_u8(a, b)) < 0x80;
}
#else
#define JBZI_UTF8_BLOCK (8 * sizeof(jbzi_word))
JBZI_INLINE bool jbzi_utf8_block_is_ascii(const unsigned char *p) {
    enum { W = sizeof(jbzi_word) };
    jbzi_word a = jbzi_base_load(p) | jbzi_base_load(p + W) | jbzi_base_load(p + 2 * W) | jbzi_base_load(p + 3 * W);
    p += 4 * W;
    a |= jbzi_base_load(p) | jbzi_base_load(p + W) | jbzi_base_load(p + 2 * W) | jbzi_base_load(p + 3 * W);
    return (a & JBZI_ONES * 0x80) == 0;
}
#endif

/* The first byte that is not ASCII, or `end`. */
JBZI_INLINE const unsigned char *jbzi_utf8_skip_ascii(const unsigned char *p, const unsigned char *end) {
    while ((size_t)(end - p) >= JBZI_UTF8_BLOCK && jbzi_utf8_block_is_ascii(p)) p += JBZI_UTF8_BLOCK;
    while ((size_t)(end - p) >= sizeof(jbzi_word) && !(jbzi_base_load(p) & JBZI_ONES * 0x80)) p += sizeof(jbzi_word);
    while (p < end && *p < 0x80) p++;
    return p;
}

JBZI_INLINE bool jbzi_utf8_is_tail(unsigned c) { return (c & 0xC0) == 0x80; }

/* The length, 2 to 4, of the character at a byte >= 0x80, or 0 when it is malformed. Stops reading at the first byte that
   does not fit, so a NUL behind the text is bound enough. */
static JBZI_NOINLINE unsigned jbzi_utf8_length(const unsigned char *p) {
    unsigned lead = p[0], pair;
    if (lead < 0xC2 || !jbzi_utf8_is_tail(p[1])) return 0; /* C0 and C1 could only start overlong forms */
    if (lead < 0xE0) return 2;
    pair = lead << 8 | p[1];
    if (pair < 0xE0A0 || (pair >= 0xEDA0 && pair <= 0xEDBF)) return 0; /* overlong; surrogates */
    if (!jbzi_utf8_is_tail(p[2])) return 0;
    if (lead < 0xF0) return 3;
    return pair < 0xF090 || pair > 0xF48F || !jbzi_utf8_is_tail(p[3]) ? 0 : 4; /* overlong; above U+10FFFF */
}

/* Between two pieces of text all that has to be known is which byte may come next: at least bits 0-7, at most bits 8-15 of
   the state, and how many are missing, bits 16 and up. 0 is the boundary between characters. */
#define JBZI_UTF8_NEXT(missing, low, high) ((uint32_t)(missing) << 16 | (high) << 8 | (low))
#define JBZI_UTF8_BAD JBZI_UTF8_NEXT(1, 0xFFu, 0x00u) /* no byte will do */

/* The state after one more byte (RFC 3629 section 4, the table of well-formed sequences). */
static JBZI_NOINLINE uint32_t jbzi_utf8_step(uint32_t state, unsigned c) {
    if (state != 0) {
        if (c < (state & 0xFF) || c > (state >> 8 & 0xFF)) return JBZI_UTF8_BAD;
        return state >> 16 == 1 ? 0 : JBZI_UTF8_NEXT((state >> 16) - 1, 0x80u, 0xBFu);
    }
    if (c < 0x80) return 0;
    if (c < 0xC2 || c > 0xF4) return JBZI_UTF8_BAD;
    if (c < 0xE0) return JBZI_UTF8_NEXT(1, 0x80u, 0xBFu);
    if (c < 0xF0) return JBZI_UTF8_NEXT(2, c == 0xE0 ? 0xA0u : 0x80u, c == 0xED ? 0x9Fu : 0xBFu);
    return JBZI_UTF8_NEXT(3, c == 0xF0 ? 0x90u : 0x80u, c == 0xF4 ? 0x8Fu : 0xBFu);
}

/* Checks the next piece of a text. `state` is 0 before the first piece; 0 afterwards means that the piece ended with a whole
   character. False as soon as a byte cannot belong to any UTF-8 text, and then for ever. */
static bool jbzi_utf8_feed(uint32_t *state, const void *piece, size_t n) {
    const unsigned char *p = (const unsigned char *)piece, *end = n ? p + n : p;
    uint32_t s = *state;
    while (p < end) {
        if (s == 0) {
            unsigned length = 0;
            p = jbzi_utf8_skip_ascii(p, end);
            while (end - p >= 4 && *p >= 0x80 && (length = jbzi_utf8_length(p)) != 0) p += length;
            if (p == end) break;
        }
        s = jbzi_utf8_step(s, *p++); /* the last three bytes, the first of a piece, and what is wrong */
        if (s == JBZI_UTF8_BAD) break;
    }
    *state = s;
    return s != JBZI_UTF8_BAD;
}

JBZ_API bool jbz_utf8_valid(const void *text, size_t n) {
    uint32_t state = 0;
    return jbzi_utf8_feed(&state, text, n) && state == 0;
}

/* Writes a code point, which must be none of the surrogates and at most 0x10FFFF, and returns its length, 1 to 4. */
JBZI_UNUSED static unsigned jbzi_utf8_put(unsigned char *out, uint32_t code) {
    unsigned n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4, i;
    for (i = n - 1; i > 0; i--, code >>= 6) out[i] = (unsigned char)(0x80 | (code & 0x3F));
    out[0] = (unsigned char)(n == 1 ? code : (0xF00u >> n & 0xFF) | code);
    return n;
}

/*==== MARK: 2 BUF - implementation ==========================================*/

#define JBZI_BUF_MIN_ORDER 6u  /* 64 bytes, head included */
#define JBZI_BUF_CHUNKS 16u    /* the pool is that many chunks at most */

/* A block's head, in front of its bytes. A free block keeps its list links where the bytes were. */
typedef struct jbzi_blk {
    uint8_t  order;  /* 1 << order bytes in all */
    uint8_t  free;
    uint8_t  chunk;  /* which one it lies in */
    uint8_t  tag;    /* for the owner */
    uint32_t off;    /* bytes already gone from the front */
    uint32_t len;    /* where the bytes end */
    uint32_t aux;    /* for the owner */
} jbzi_blk;
JBZI_STATIC_ASSERT(buf_head_is_16_bytes, sizeof(jbzi_blk) == 16);

typedef struct jbzi_link { jbzi_blk *next, *prev; } jbzi_link;
JBZI_STATIC_ASSERT(buf_links_fit, sizeof(jbzi_blk) + sizeof(jbzi_link) <= 1u << JBZI_BUF_MIN_ORDER);

typedef struct jbzi_pool {
    const jbz_alloc *alloc;                 /* NULL: the chunks are there from the start and stay */
    char     *chunk[JBZI_BUF_CHUNKS];       /* NULL: not there yet */
    jbzi_blk *list[32];                     /* free blocks by order */
    uint32_t  listed;                       /* bit k: list[k] is not empty */
    uint32_t  chunks;                       /* how many there may be */
    uint32_t  top;                          /* order of a chunk */
    size_t    used, limit, reserve;         /* bytes in blocks; the most; how much of it only the privileged get */
} jbzi_pool;

static char *jbzi_buf_bytes(jbzi_blk *b) { return (char *)(b + 1); }
static char *jbzi_buf_data(jbzi_blk *b) { return jbzi_buf_bytes(b) + b->off; }
static uint32_t jbzi_buf_left(const jbzi_blk *b) { return b ? b->len - b->off : 0; }
static size_t jbzi_buf_cap(const jbzi_blk *b) { return ((size_t)1 << b->order) - sizeof *b; }

/* The order of the smallest block that holds `n` bytes. */
static uint32_t jbzi_buf_order(size_t n) {
    uint32_t k = JBZI_BUF_MIN_ORDER;
    while (k < 31 && ((size_t)1 << k) - sizeof(jbzi_blk) < n) k++;
    return k;
}

static jbzi_link *jbzi_buf_link(jbzi_blk *b) { return (jbzi_link *)(void *)(b + 1); }

static void jbzi_buf_list(jbzi_pool *p, jbzi_blk *b, uint32_t order) {
    jbzi_blk *head = p->list[order];
    b->order = (uint8_t)order;
    b->free = 1;
    jbzi_buf_link(b)->next = head;
    jbzi_buf_link(b)->prev = NULL;
    if (head) jbzi_buf_link(head)->prev = b;
    p->list[order] = b;
    p->listed |= 1u << order;
}

static void jbzi_buf_unlist(jbzi_pool *p, jbzi_blk *b) {
    jbzi_link *l = jbzi_buf_link(b);
    if (l->next) jbzi_buf_link(l->next)->prev = l->prev;
    if (l->prev) jbzi_buf_link(l->prev)->next = l->next;
    else if ((p->list[b->order] = l->next) == NULL) p->listed &= ~(1u << b->order);
    b->free = 0;
}

/* The block beside `b` that it was split from. Every aligned place of that size starts a block, so its head can be read. */
static jbzi_blk *jbzi_buf_buddy(const jbzi_pool *p, const jbzi_blk *b) {
    char *base = p->chunk[b->chunk];
    size_t at = (size_t)((const char *)b - base);
    return (jbzi_blk *)(void *)(base + (at ^ ((size_t)1 << b->order)));
}

static bool jbzi_buf_grow(jbzi_pool *p) {
    uint32_t i;
    jbzi_blk *b;
    for (i = 0; i < p->chunks && p->chunk[i]; i++) { }
    if (i == p->chunks) return false;
    b = (jbzi_blk *)jbzi_base_realloc(p->alloc, NULL, 0, (size_t)1 << p->top);
    if (!b) return false;
    p->chunk[i] = (char *)b;
    b->chunk = (uint8_t)i;
    jbzi_buf_list(p, b, p->top);
    return true;
}

/* The smallest chunk that is a power of two, holds the largest message and leaves at most JBZI_BUF_CHUNKS of them. */
static uint32_t jbzi_buf_chunk_order(size_t limit, size_t largest) {
    uint32_t k = jbzi_buf_order(largest);
    while (k < 30 && limit >> k > JBZI_BUF_CHUNKS) k++;
    return k;
}

/* How many bytes a pool of `limit` really takes: whole chunks. */
static size_t jbzi_buf_pool_size(size_t limit, size_t largest) {
    uint32_t k = jbzi_buf_chunk_order(limit, largest);
    size_t chunks = (limit + ((size_t)1 << k) - 1) >> k;
    if (chunks > JBZI_BUF_CHUNKS) chunks = JBZI_BUF_CHUNKS;
    return (chunks ? chunks : 1) << k;
}

/* `memory`, jbzi_buf_pool_size bytes aligned to 16, or NULL to take chunks from `alloc` as they are needed. */
static void jbzi_buf_pool_open(jbzi_pool *p, const jbz_alloc *alloc, char *memory, size_t limit, size_t largest) {
    uint32_t i;
    memset(p, 0, sizeof *p);
    p->top = jbzi_buf_chunk_order(limit, largest);
    p->limit = jbzi_buf_pool_size(limit, largest);
    p->reserve = p->limit / 8;
    p->chunks = (uint32_t)(p->limit >> p->top);
    p->alloc = memory ? NULL : alloc;
    for (i = 0; memory && i < p->chunks; i++) {
        p->chunk[i] = memory + ((size_t)i << p->top);
        ((jbzi_blk *)(void *)p->chunk[i])->chunk = (uint8_t)i;
        jbzi_buf_list(p, (jbzi_blk *)(void *)p->chunk[i], p->top);
    }
}

static void jbzi_buf_pool_close(jbzi_pool *p) {
    uint32_t i;
    for (i = 0; i < p->chunks; i++)
        if (p->alloc && p->chunk[i]) jbzi_base_realloc(p->alloc, p->chunk[i], (size_t)1 << p->top, 0);
    memset(p, 0, sizeof *p);
}

/* The lowest listed order that is at least `order`, or 32. */
static uint32_t jbzi_buf_find(const jbzi_pool *p, uint32_t order) {
    while (order < 32 && !(p->listed >> order & 1)) order++;
    return order;
}

/* A test build may let the n-th block be refused, as the n-th system call (room 12). */
#ifndef JBZ_SYS_take
#define JBZ_SYS_take() true
#endif

/* An empty block for `n` bytes; NULL when there is none. */
static jbzi_blk *jbzi_buf_take(jbzi_pool *p, size_t n, bool privileged) {
    uint32_t want = jbzi_buf_order(n), k;
    size_t allowed = p->limit - (privileged ? 0 : p->reserve);
    jbzi_blk *b, *half;
    if (want > p->top || ((size_t)1 << want) > allowed || p->used > allowed - ((size_t)1 << want)) return NULL;
    if (!JBZ_SYS_take()) return NULL;
    k = jbzi_buf_find(p, want);
    if (k == 32) {
        if (!jbzi_buf_grow(p)) return NULL;
        k = p->top;
    }
    b = p->list[k];
    jbzi_buf_unlist(p, b);
    while (k > want) { /* give the upper halves back */
        k--;
        half = (jbzi_blk *)(void *)((char *)b + ((size_t)1 << k));
        half->chunk = b->chunk;
        jbzi_buf_list(p, half, k);
    }
    b->order = (uint8_t)want;
    b->tag = 0;
    b->off = b->len = b->aux = 0;
    p->used += (size_t)1 << want;
    return b;
}

/* A whole chunk came free: one of those is kept at hand, further ones go back to the allocator. */
static void jbzi_buf_give_chunk(jbzi_pool *p, jbzi_blk *b) {
    uint32_t chunk = b->chunk;
    if (!p->alloc || !p->list[p->top]) { jbzi_buf_list(p, b, p->top); return; }
    p->chunk[chunk] = NULL;
    jbzi_base_realloc(p->alloc, b, (size_t)1 << p->top, 0);
}

/* Gives a block back and forgets it; NULL is fine. */
static void jbzi_buf_drop(jbzi_pool *p, jbzi_blk **slot) {
    jbzi_blk *b = *slot, *buddy;
    *slot = NULL;
    if (!b) return;
    p->used -= (size_t)1 << b->order;
    while (b->order < p->top) {
        buddy = jbzi_buf_buddy(p, b);
        if (!buddy->free || buddy->order != b->order) { jbzi_buf_list(p, b, b->order); return; }
        jbzi_buf_unlist(p, buddy);
        if (buddy < b) b = buddy;
        b->order++;
    }
    jbzi_buf_give_chunk(p, b);
}

/* Makes room for `n` more bytes behind those in *slot (NULL: none yet), at most `max` in all. The block doubles, so that
   many small pieces cost linear time; `n` alone is never trusted to be more than what has arrived. */
static bool jbzi_buf_room(jbzi_pool *p, jbzi_blk **slot, size_t n, size_t max, bool privileged) {
    jbzi_blk *old = *slot, *b;
    size_t left = jbzi_buf_left(old), want;
    if (n > max || left > max - n) return false;
    if (old && jbzi_buf_cap(old) - old->len >= n) return true;
    if (old && old->off && jbzi_buf_cap(old) - left >= n && old->off >= left) { /* moves no byte more often than it arrives */
        memmove(jbzi_buf_bytes(old), jbzi_buf_data(old), left);
        old->off = 0;
        old->len = (uint32_t)left;
        return true;
    }
    want = left + n;
    if (old && want < 2 * left) want = 2 * left;
    if (want > max) want = max;
    b = jbzi_buf_take(p, want, privileged);
    if (!b && want > left + n) b = jbzi_buf_take(p, left + n, privileged);
    if (!b) return false;
    if (old) {
        memcpy(jbzi_buf_bytes(b), jbzi_buf_data(old), left);
        b->len = (uint32_t)left;
        b->tag = old->tag;
        b->aux = old->aux;
        jbzi_buf_drop(p, slot);
    }
    *slot = b;
    return true;
}

/* Appends bytes; false when there is no room, and then nothing has changed. */
static bool jbzi_buf_append(jbzi_pool *p, jbzi_blk **slot, const void *bytes, size_t n, size_t max, bool privileged) {
    if (!jbzi_buf_room(p, slot, n, max, privileged)) return false;
    if (n) memcpy(jbzi_buf_bytes(*slot) + (*slot)->len, bytes, n);
    (*slot)->len += (uint32_t)n;
    return true;
}

/* How many bytes one new block could hold right now. */
static size_t jbzi_buf_available(const jbzi_pool *p, bool privileged) {
    size_t allowed = p->limit - (privileged ? 0 : p->reserve), free_bytes = allowed > p->used ? allowed - p->used : 0;
    uint32_t k = p->top, i;
    bool can_grow = false;
    for (i = 0; p->alloc && i < p->chunks; i++) can_grow = can_grow || !p->chunk[i];
    while (k >= JBZI_BUF_MIN_ORDER && (((size_t)1 << k) > free_bytes || (!can_grow && !(p->listed >> k)))) k--;
    return k >= JBZI_BUF_MIN_ORDER ? ((size_t)1 << k) - sizeof(jbzi_blk) : 0;
}

/*==== MARK: 3 JSON - implementation =========================================*/

#include <float.h>

/* How deep objects and arrays may be nested. */
#ifndef JBZ_JSON_DEPTH
#define JBZ_JSON_DEPTH 64
#endif

/* A token's kind, the upper 4 bits of its `a`: a jbz_json_type, but for strings JBZI_JSON_STRING plus any of the others. */
enum {
    JBZI_JSON_STRING  = 8,
    JBZI_JSON_KEY     = 4, /* the key of the value in the next token */
    JBZI_JSON_DECODED = 2, /* was escaped, has been decoded in place: not JSON any more */
    JBZI_JSON_ESCAPED = 1  /* as received, with escapes in it */
};
#define JBZI_JSON_MAX 0x0FFFFFFFu /* the longest text: offsets have 28 bits */

JBZI_STATIC_ASSERT(json_token_is_8_bytes, sizeof(jbz_tok) == 8);

JBZI_INLINE uint32_t jbzi_json_kind(const jbz_tok *t) { return t->a >> 28; }
JBZI_INLINE bool jbzi_json_nests(const jbz_tok *t) {
    return jbzi_json_kind(t) - JBZ_JSON_OBJECT < 2u; /* or JBZ_JSON_ARRAY, which is next to it */
}

/*---- the special bytes of a string: the quote, the backslash, control characters and whatever is not ASCII ----*/

/* Where the tokenizer looks for them. All of it ends up in registers, as only copies get their address taken. */
typedef struct jbzi_json_in {
    const unsigned char *at;    /* what comes next; with vectors: the block of 64 bytes it is in */
    const unsigned char *end;
    uint64_t mask;              /* with vectors only: bit i tells that at[i] is special and not passed yet */
} jbzi_json_in;

/* Position of the lowest bit that is set. */
JBZI_INLINE size_t jbzi_json_lowest(uint64_t bits) {
#if defined(__GNUC__)
    return (size_t)__builtin_ctzll(bits);
#else
    size_t n = 0;
    for (; !(bits & 1); bits >>= 1) n++;
    return n;
#endif
}

#if defined(JBZI_SSE2) || defined(JBZI_NEON)

#define JBZI_JSON_BLOCK 64
#define JBZI_JSON_FIRST(text, end) jbzi_json_block(text, end)

/* With vectors, 64 bytes are looked at in one go and the outcome, one bit per byte, serves all strings among them. */

#if defined(JBZI_SSE2)
JBZI_INLINE uint64_t jbzi_json_mask16(const unsigned char *p) {
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    /* Flipping bit 1 moves the quote (22) to 20, next to the control characters, and keeps those below; as signed numbers,
       bytes from 80 on are below, too. Subtracting leaves the sign bit, which is what movemask takes. */
    __m128i low = _mm_subs_epi8(_mm_xor_si128(v, _mm_set1_epi8(2)), _mm_set1_epi8(0x21));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
}
JBZI_INLINE uint64_t jbzi_json_mask64(const unsigned char *p) {
    return jbzi_json_mask16(p) | jbzi_json_mask16(p + 16) << 16 |
           (jbzi_json_mask16(p + 32) | jbzi_json_mask16(p + 48) << 16) << 32;
}
#else
JBZI_INLINE uint8x16_t jbzi_json_mask16(const unsigned char *p, uint8x16_t bits) {
    uint8x16_t v = vld1q_u8(p);
    uint8x16_t low = vcltq_s8(vreinterpretq_s8_u8(veorq_u8(v, vdupq_n_u8(2))), vdupq_n_s8(0x21)); /* see SSE2 */
    return vandq_u8(vorrq_u8(low, vceqq_u8(v, vdupq_n_u8('\\'))), bits);
}
JBZI_INLINE uint64_t jbzi_json_mask64(const unsigned char *p) {
    static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t bits = vld1q_u8(weights);
    uint8x16_t a = vpaddq_u8(jbzi_json_mask16(p, bits), jbzi_json_mask16(p + 16, bits)); /* adding neighbours thrice packs */
    uint8x16_t b = vpaddq_u8(jbzi_json_mask16(p + 32, bits), jbzi_json_mask16(p + 48, bits)); /* 8 bytes into one */
    a = vpaddq_u8(a, b);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(a, a)), 0);
}
#endif

/* The last bytes of the text in a block of their own. */
static JBZI_NOINLINE const unsigned char *jbzi_json_last_block(unsigned char *copy, const unsigned char *p, size_t n) {
    memset(copy, 0, JBZI_JSON_BLOCK);
    memcpy(copy, p, n);
    return copy;
}

/* The special bytes of the block at `p`. Behind the text there are NULs, which are special and so a bound. */
JBZI_HOT uint64_t jbzi_json_block(const unsigned char *p, const unsigned char *end) {
    unsigned char copy[JBZI_JSON_BLOCK];
    if (JBZI_UNLIKELY(end - p < JBZI_JSON_BLOCK)) p = jbzi_json_last_block(copy, p, (size_t)(end - p));
    return jbzi_json_mask64(p);
}

/* Passes, and returns, the next special byte. Where blocks begin does not depend on where strings end, so a processor can look
   at the next block before it has found the last special byte of this one; that is worth a third of the time. */
JBZI_HOT const unsigned char *jbzi_json_find(jbzi_json_in *in) {
    size_t n;
    while (JBZI_UNLIKELY(in->mask == 0)) {
        in->at += JBZI_JSON_BLOCK;
        in->mask = jbzi_json_block(in->at, in->end);
    }
    n = jbzi_json_lowest(in->mask);
    in->mask &= in->mask - 1;
    return in->at + n;
}

/* Passes all bytes before `p`; or just one special byte, as there is no other. */
JBZI_HOT void jbzi_json_pass(jbzi_json_in *in, const unsigned char *p) {
    size_t n = (size_t)(p - in->at);
    if (JBZI_UNLIKELY(n >= JBZI_JSON_BLOCK)) {
        in->at = p;
        in->mask = jbzi_json_block(p, in->end);
    } else {
        in->mask &= ~(uint64_t)0 << n;
    }
}
JBZI_INLINE void jbzi_json_pass_one(jbzi_json_in *in, const unsigned char *p) { (void)p; (void)jbzi_json_find(in); }

#else

#define JBZI_JSON_FIRST(text, end) 0

/* In portable C, the next 4 or 8 bytes are looked at in one go. */

/* The high bit of every byte that is special; above the lowest of these, borrows may set others. */
JBZI_INLINE jbzi_word jbzi_json_special(jbzi_word x) {
    /* Flipping bit 1 moves the quote (22) to 20 and keeps 00-1F below it, so one comparison finds both. */
    return (((x ^ JBZI_ONES * 2) - JBZI_ONES * 0x21) | ((x ^ JBZI_ONES * '\\') - JBZI_ONES) | x) & JBZI_ONES * 0x80;
}

/* Passes, and returns, the next special byte. The NUL behind the text is one and so a bound. */
JBZI_HOT const unsigned char *jbzi_json_find(jbzi_json_in *in) {
    const unsigned char *p = in->at;
    jbzi_word special = 0;
    while ((size_t)(in->end - p) >= sizeof special && !(special = jbzi_json_special(jbzi_base_load(p)))) p += sizeof special;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (JBZI_LIKELY(special != 0)) p += jbzi_json_lowest(special) >> 3;
    else
#endif
    while (*p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') p++; /* the last bytes */
    in->at = p + 1;
    return p;
}

/* Passes all bytes before `p`; or just one special byte, as there is no other. */
JBZI_INLINE void jbzi_json_pass(jbzi_json_in *in, const unsigned char *p) { in->at = p; }
JBZI_INLINE void jbzi_json_pass_one(jbzi_json_in *in, const unsigned char *p) { in->at = p; }

#endif

/*---- the tokenizer ----*/

/* Because text[len] is NUL, which is nowhere in a JSON text, bytes are looked at in turn without asking for the end. */

JBZI_INLINE bool jbzi_json_is_digit(unsigned c) { return c - '0' < 10; }

static JBZI_NOINLINE const unsigned char *jbzi_json_blanks(const unsigned char *p) {
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') p++;
    return p;
}

/* The value of a hexadecimal digit, or 16. */
static unsigned jbzi_json_hex(unsigned c) {
    if (jbzi_json_is_digit(c)) return c - '0';
    c = (c | 0x20) - 'a';
    return c < 6 ? c + 10 : 16;
}

/* What is behind a special byte other than the closing quote: behind an escape, or a run of characters that are not ASCII.
   NULL when it is neither. */
static JBZI_NOINLINE const unsigned char *jbzi_json_behind_special(const unsigned char *p) {
    unsigned n, i;
    if (*p == '\\') {
        if (p[1] != 'u') return p[1] && strchr("\"\\/bfnrt", p[1]) ? p + 2 : NULL;
        for (i = 2; i < 6; i++) if (jbzi_json_hex(p[i]) > 15) return NULL;
        return p + 6;
    }
    if (*p < 0x80) return NULL; /* a control character, or the NUL behind the text */
    do {
        n = jbzi_utf8_length(p);
        p += n;
    } while (n && *p >= 0x80);
    return n ? p : NULL;
}

/* The closing quote of the string of `t` that has a special byte at `p`; if something is wrong with it, that byte. */
static JBZI_NOINLINE const unsigned char *jbzi_json_long(jbzi_json_in *at, const unsigned char *p, jbz_tok *t) {
    const unsigned char *behind, *const four = at->end - p > 4 ? at->end - 4 : p; /* before this, four bytes can be read */
    jbzi_json_in in = *at;
    uint32_t escaped = 0;
    while (*p != '"') {
        if (p < four && memcmp(p, "\\r\\n", 4) == 0) { /* a line end: SIP messages are full of them */
            escaped = (uint32_t)JBZI_JSON_ESCAPED << 28;
            jbzi_json_pass_one(&in, p + 4);
        } else {
            if (*p == '\\') escaped = (uint32_t)JBZI_JSON_ESCAPED << 28;
            behind = jbzi_json_behind_special(p);
            if (!behind) break;
            jbzi_json_pass(&in, behind);
        }
        p = jbzi_json_find(&in);
    }
    t->a |= escaped;
    *at = in;
    return p;
}
JBZI_INLINE const unsigned char *jbzi_json_rest(jbzi_json_in *in, const unsigned char *p, jbz_tok *t) {
#ifdef __OPTIMIZE_SIZE__
    return jbzi_json_long(in, p, t);
#else
    jbzi_json_in copy = *in; /* so that `in` itself may stay in registers */
    p = jbzi_json_long(&copy, p, t);
    *in = copy;
    return p;
#endif
}

/* Behind one or more digits, or NULL. */
static const unsigned char *jbzi_json_digits(const unsigned char *p) {
    if (!jbzi_json_is_digit(*p)) return NULL;
    do p++; while (jbzi_json_is_digit(*p));
    return p;
}

/* Makes the token of a number, true, false or null, and returns what is behind it; NULL when it is none of these. */
static JBZI_NOINLINE const unsigned char *jbzi_json_scalar(const unsigned char *p, const unsigned char *text, jbz_tok *t) {
    const unsigned char *start = p;
    uint32_t kind = JBZ_JSON_NUMBER;
    if (*p == '-' || jbzi_json_is_digit(*p)) {
        if (*p == '-') p++;
        p = *p == '0' ? p + 1 : jbzi_json_digits(p); /* no digit may follow a leading zero */
        if (p && *p == '.') p = jbzi_json_digits(p + 1);
        if (p && (*p | 0x20) == 'e') {
            p += p[1] == '+' || p[1] == '-' ? 2 : 1;
            p = jbzi_json_digits(p);
        }
        if (!p) return NULL;
    } else {
        const char *word = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
        kind = *p == 't' ? JBZ_JSON_TRUE : *p == 'f' ? JBZ_JSON_FALSE : JBZ_JSON_NULL;
        do if (*p++ != (unsigned char)*word++) return NULL; while (*word);
    }
    t->a = kind << 28 | (uint32_t)(start - text);
    t->b = (uint32_t)(p - start);
    return p;
}

/* An address in the text as a number; a prover, to which addresses are none, may put (uint32_t)((p) - text) here. */
#ifndef JBZI_JSON_PLACE
#define JBZI_JSON_PLACE(p) ((uint32_t)(uintptr_t)(p))
#endif

/* The tokenizer proper. Its labels are its states, and this is where they lead:
 *
 *   value     " string, { or [ open; number, true, false, null: after
 *   string    ," in an object: key; else after
 *   name      " key
 *   key       :" string; : value
 *   after     , name, in an array value; the closing bracket: close
 *   open      the closing bracket: close; else name, in an array value
 *   close     after; the end of the text, as nothing is open: end
 *
 * Strings next to each other, "key":"text","key":"text", go from `key` to `string` and back without a look at anything else. */
static jbz_err jbzi_json_run(jbz_doc *doc, uint32_t cap, const unsigned char **stop) {
    const unsigned char *const text = (const unsigned char *)doc->text, *p = text, *start;
    jbz_tok *const toks = doc->toks, *const last = toks + cap - 1, *next = toks;
    /* The innermost container that is open, whose `b` meanwhile is the one around it, how many there are, and the byte that
       closes it. That is NUL when nothing is open, so the end of the text closes what is not there. */
    uint32_t open = 0, around, depth = 0;
    unsigned closer = 0;
    /* A string's `a` is its kind and its offset, that is, the difference of two addresses: one of them is taken off here. */
    const uint32_t of_value = ((uint32_t)JBZI_JSON_STRING << 28) - JBZI_JSON_PLACE(text);
    const uint32_t of_key = of_value + ((uint32_t)JBZI_JSON_KEY << 28);
    jbz_err err = JBZ_E_JSON;
    jbzi_json_in in;
    in.at = text;
    in.end = text + doc->len;
    in.mask = JBZI_JSON_FIRST(text, in.end);
    goto value;

key: /* and its value must find a place */
    if (JBZI_UNLIKELY(next >= last)) goto crowded;
    p = jbzi_json_find(&in);
    next->a = of_key + JBZI_JSON_PLACE(start);
    if (JBZI_UNLIKELY(*p != '"') && *(p = jbzi_json_rest(&in, p, next)) != '"') goto stop;
    next->b = (uint32_t)(p - start);
    next++;
    if (JBZI_LIKELY(p[1] == ':') && JBZI_LIKELY(p[2] == '"')) {
        start = p + 3;
        jbzi_json_pass_one(&in, start);
        goto string;
    }
    p++;
    if (*p <= ' ') p = jbzi_json_blanks(p);
    if (*p != ':') goto stop;
    p++;

value:
    if (*p <= ' ') p = jbzi_json_blanks(p);
    if (next > last) goto full;
    if (*p == '"') {
        start = p + 1;
        jbzi_json_pass(&in, start);
        goto string;
    }
    if (*p == '{' || *p == '[') goto open;
    start = jbzi_json_scalar(p, text, next);
    if (!start) goto stop;
    p = start;
    next++;
    goto after;

string:
    p = jbzi_json_find(&in);
    next->a = of_value + JBZI_JSON_PLACE(start);
    if (JBZI_UNLIKELY(*p != '"') && *(p = jbzi_json_rest(&in, p, next)) != '"') goto stop;
    next->b = (uint32_t)(p - start);
    next++;
    if (JBZI_LIKELY(p[1] == ',') && JBZI_LIKELY(p[2] == '"') && closer == '}') {
        start = p + 3;
        jbzi_json_pass_one(&in, start);
        goto key;
    }
    p++;

after:
    if (*p <= ' ') p = jbzi_json_blanks(p);
    if (*p == closer) goto close;
    if (*p != ',' || depth == 0) goto stop;
    p++;
    if (closer == ']') goto value;
    if (*p <= ' ') p = jbzi_json_blanks(p);
name:
    if (*p != '"') goto stop;
    start = p + 1;
    jbzi_json_pass(&in, start);
    goto key;

open:
    if (depth++ == JBZ_JSON_DEPTH) goto deep;
    closer = *p + 2u; /* as ASCII has it */
    next->a = (uint32_t)(closer == '}' ? JBZ_JSON_OBJECT : JBZ_JSON_ARRAY) << 28 | (uint32_t)(p - text);
    next->b = open;
    open = (uint32_t)(next++ - toks);
    p++;
    if (*p <= ' ') p = jbzi_json_blanks(p);
    if (*p == closer) goto close;
    if (closer == '}') goto name;
    goto value;

close:
    if (depth == 0) goto end;
    p++;
    around = toks[open].b;
    toks[open].b = (uint32_t)(next - toks);
    open = around;
    closer = --depth ? text[toks[open].a & JBZI_JSON_MAX] + 2u : 0;
    goto after;

end:
    if (p != in.end) goto stop;
    doc->count = (uint32_t)(next - toks);
    return JBZ_E_OK;

deep:
    err = JBZ_E_TOO_BIG;
    goto stop;
crowded:
    p = start;
full:
    err = JBZ_E_FULL;
stop:
    *stop = p;
    return err;
}

JBZ_API jbz_err jbz_json_parse(jbz_doc *doc, char *text, size_t len, jbz_tok *toks, uint32_t cap, size_t *error_at) {
    const unsigned char *stop = (const unsigned char *)text;
    jbz_err err = JBZ_E_TOO_BIG;
    doc->text = text;
    doc->len = len;
    doc->toks = toks;
    doc->count = 0;
    if (cap == 0) err = JBZ_E_FULL;
    else if (len <= JBZI_JSON_MAX) err = jbzi_json_run(doc, cap, &stop);
    if (err && error_at) *error_at = (size_t)(stop - (const unsigned char *)text);
    return err;
}

/*---- tokens: where things are ----*/

/* Everything public asks here first, so a value that is missing or made up does no harm. */
JBZI_INLINE jbz_tok *jbzi_json_token(jbz_json v) { return v.doc && v.at < v.doc->count ? &v.doc->toks[v.at] : NULL; }

static jbz_json jbzi_json_value(jbz_doc *doc, uint32_t at) {
    jbz_json v;
    v.doc = doc;
    v.at = at;
    return v;
}

/* The index behind a value and all that is in it; for a key, that of its value. */
JBZI_INLINE uint32_t jbzi_json_behind(const jbz_doc *doc, uint32_t at) {
    const jbz_tok *t = &doc->toks[at];
    return jbzi_json_nests(t) ? t->b : at + 1;
}

/* The text of a scalar or key as it stands: t->b bytes, for strings without the quotes. It may be copied into other JSON
   as it is (strings between quotes) unless it is JBZI_JSON_DECODED. */
JBZI_INLINE char *jbzi_json_text(const jbz_doc *doc, uint32_t at) { return doc->text + (doc->toks[at].a & JBZI_JSON_MAX); }

/*---- strings ----*/

/* The code unit of \uXXXX, known to be one. */
static JBZI_NOINLINE uint32_t jbzi_json_unit(const unsigned char *p) {
    uint32_t unit = 0, i;
    for (i = 2; i < 6; i++) unit = unit << 4 | jbzi_json_hex(p[i]);
    return unit;
}

/* Decodes the escape at `p`, known to be one, to *to, which is no further, and returns its end. */
static const unsigned char *jbzi_json_unescape(const unsigned char *p, unsigned char **to) {
    static const char pairs[] = "b\bf\fn\nr\rt\t"; /* the other characters stand for themselves */
    const char *pair = strchr(pairs, p[1]);
    uint32_t code = pair ? (unsigned char)pair[1] : p[1], low;
    p += 2;
    if (code == 'u') {
        code = jbzi_json_unit(p - 2);
        p += 4;
        if (code >> 11 == 0xD800 >> 11) { /* half a surrogate pair: with the other half, or replaced */
            low = code < 0xDC00 && p[0] == '\\' && p[1] == 'u' ? jbzi_json_unit(p) : 0;
            code = low >> 10 == 0xDC00 >> 10 ? (code - 0xD800) * 0x400 + (low - 0xDC00) + 0x10000 : 0xFFFD;
            if (code != 0xFFFD) p += 6;
        }
    }
    *to += jbzi_utf8_put(*to, code);
    return p;
}

/* Decodes a string or key in place if it still has escapes, and puts a NUL behind it: decoding only shortens, so that is at
   most where the closing quote was. */
static JBZI_NOINLINE void jbzi_json_unescape_all(jbz_tok *t, char *text) {
    unsigned char *to = (unsigned char *)text;
    const unsigned char *p = to, *end = p + t->b;
    while (p < end) {
        while ((size_t)(end - p) >= sizeof(jbzi_word)) { /* words without a backslash are moved as a whole */
            jbzi_word w = jbzi_base_load(p), x = w ^ JBZI_ONES * '\\';
            if ((x - JBZI_ONES) & ~x & JBZI_ONES * 0x80) break;
            jbzi_base_store(to, w);
            p += sizeof w;
            to += sizeof w;
        }
        while (p < end && *p != '\\') *to++ = *p++;
        if (p < end) p = jbzi_json_unescape(p, &to);
    }
    t->a ^= (uint32_t)(JBZI_JSON_ESCAPED | JBZI_JSON_DECODED) << 28;
    t->b = (uint32_t)(to - (unsigned char *)text);
}
static char *jbzi_json_decode(const jbz_doc *doc, uint32_t at) {
    jbz_tok *t = &doc->toks[at];
    char *text = jbzi_json_text(doc, at);
    if (JBZI_UNLIKELY(jbzi_json_kind(t) & JBZI_JSON_ESCAPED)) jbzi_json_unescape_all(t, text);
    text[t->b] = 0;
    return text;
}

/*---- walking ----*/

JBZ_API jbz_json jbz_json_root(jbz_doc *doc) { return jbzi_json_value(doc && doc->count ? doc : NULL, 0); }

JBZ_API jbz_json_type jbz_json_type_of(jbz_json v) {
    const jbz_tok *t = jbzi_json_token(v);
    if (!t) return JBZ_JSON_MISSING;
    return jbzi_json_kind(t) & JBZI_JSON_STRING ? JBZ_JSON_STRING : (jbz_json_type)jbzi_json_kind(t);
}

JBZ_API jbz_json jbz_json_next(jbz_json parent, jbz_json child) {
    const jbz_tok *t = jbzi_json_token(parent);
    uint32_t at = child.at;
    if (!t || child.doc != parent.doc || !jbzi_json_nests(t) || at < parent.at || at >= t->b) return jbzi_json_value(NULL, 0);
    at = at == parent.at ? at + 1 : jbzi_json_behind(parent.doc, at); /* behind itself, the parent's first child */
    if (jbzi_json_kind(t) == JBZ_JSON_OBJECT) at++; /* the key */
    return jbzi_json_value(at < t->b ? parent.doc : NULL, at);
}

JBZ_API jbz_json jbz_json_first(jbz_json parent) { return jbz_json_next(parent, parent); }

JBZ_API uint32_t jbz_json_count(jbz_json v) {
    uint32_t n = 0;
    jbz_json child = jbz_json_first(v);
    for (; child.doc; child = jbz_json_next(v, child)) n++;
    return n;
}

JBZ_API const char *jbz_json_keyn(jbz_json v, size_t *n) {
    const uint32_t is_key = JBZI_JSON_STRING | JBZI_JSON_KEY;
    const char *key;
    if (n) *n = 0;
    if (!jbzi_json_token(v) || v.at == 0 || (jbzi_json_kind(&v.doc->toks[v.at - 1]) & is_key) != is_key) return NULL;
    key = jbzi_json_decode(v.doc, v.at - 1);
    if (n) *n = v.doc->toks[v.at - 1].b;
    return key;
}

JBZ_API const char *jbz_json_key(jbz_json v) { return jbz_json_keyn(v, NULL); }

/*---- look-up ----*/

/* The length of a pointer's first segment, its slash taken off. *plain: it is spelled as the key it names is. */
static size_t jbzi_json_segment(const char *pointer, bool *plain) {
    size_t n = 0;
    for (*plain = true; pointer[n] && pointer[n] != '/'; n++) *plain = *plain && pointer[n] != '~';
    return n;
}

/* Whether a segment with ~ in it spells a key (RFC 6901 section 4). */
static bool jbzi_json_spells(const char *segment, size_t length, const char *key, size_t n) {
    const char *end = segment + length;
    for (; n > 0 && segment < end; n--, key++, segment++) {
        char c = *segment;
        if (c == '~') {
            c = *++segment == '0' ? '~' : '/'; /* at the end, what is there is the slash or NUL behind the segment */
            if (*segment != '0' && *segment != '1') return false;
        }
        if (c != *key) return false;
    }
    return n == 0 && segment == end;
}

/* The index that the first segment of a pointer spells: digits without leading zeros. NULL when it does not. */
static const char *jbzi_json_index(const char *pointer, uint32_t *index) {
    const char *start = pointer;
    for (*index = 0; jbzi_json_is_digit((unsigned char)*pointer) && *index <= JBZI_JSON_MAX; pointer++)
        *index = *index * 10 + ((unsigned)*pointer - '0');
    if (pointer == start || (*start == '0' && pointer != start + 1)) return NULL;
    return *pointer == 0 || *pointer == '/' ? pointer : NULL;
}

/* The member of an object that a segment names; its key's index, or `end`. */
static uint32_t jbzi_json_member(const jbz_doc *doc, uint32_t i, uint32_t end, const char *segment, size_t n, bool plain) {
    for (; i < end; i = jbzi_json_behind(doc, i + 1)) {
        const jbz_tok *key = &doc->toks[i];
        if (JBZI_UNLIKELY(jbzi_json_kind(key) & JBZI_JSON_ESCAPED)) jbzi_json_decode(doc, i);
        if (plain ? key->b == n && memcmp(jbzi_json_text(doc, i), segment, n) == 0
                  : jbzi_json_spells(segment, n, jbzi_json_text(doc, i), key->b)) break;
    }
    return i;
}

/* Goes from the value at *at to the one in it that the first segment of a pointer names. The rest of the pointer, or NULL. */
static JBZI_NOINLINE const char *jbzi_json_descend(const jbz_doc *doc, uint32_t *at, const char *pointer) {
    const jbz_tok *t = &doc->toks[*at];
    uint32_t i = *at + 1, index;
    bool plain;
    size_t n;
    if (!jbzi_json_nests(t) || *pointer++ != '/') return NULL;
    n = jbzi_json_segment(pointer, &plain);
    if (jbzi_json_kind(t) == JBZ_JSON_OBJECT) {
        i = jbzi_json_member(doc, i, t->b, pointer, n, plain);
        *at = i + 1; /* the value */
    } else {
        if (!jbzi_json_index(pointer, &index)) return NULL;
        for (; i < t->b && index > 0; index--) i = jbzi_json_behind(doc, i);
        *at = i;
    }
    return i < t->b ? pointer + n : NULL;
}

JBZ_API jbz_json jbz_json_at(jbz_json v, const char *pointer) {
    if (!jbzi_json_token(v)) v.doc = NULL;
    while (v.doc && pointer && *pointer) {
        pointer = jbzi_json_descend(v.doc, &v.at, pointer);
        if (!pointer) v.doc = NULL;
    }
    return v;
}

JBZ_API const char *jbz_json_strn(jbz_json v, const char *pointer, size_t *n) {
    const char *text = NULL;
    v = jbz_json_at(v, pointer);
    if (jbz_json_type_of(v) == JBZ_JSON_STRING) text = jbzi_json_decode(v.doc, v.at);
    if (n) *n = text ? v.doc->toks[v.at].b : 0;
    return text;
}

JBZ_API const char *jbz_json_str(jbz_json v, const char *pointer, const char *fallback) {
    const char *text = jbz_json_strn(v, pointer, NULL);
    return text ? text : fallback;
}

JBZ_API bool jbz_json_bool(jbz_json v, const char *pointer, bool fallback) {
    jbz_json_type type = jbz_json_type_of(jbz_json_at(v, pointer));
    return type == JBZ_JSON_TRUE || (fallback && type != JBZ_JSON_FALSE);
}

/*---- numbers ----*/

/* A number taken apart: digits * 10^exponent. */
typedef struct jbzi_json_decimal {
    uint64_t digits;
    int32_t  exponent;
    bool     negative;
    bool     exact; /* no digit but zeros had to be left out of `digits` */
} jbzi_json_decimal;

/* Takes apart what is at a pointer. False when that is no number. */
static JBZI_NOINLINE bool jbzi_json_decimal_at(jbz_json v, const char *pointer, jbzi_json_decimal *d) {
    const char *p, *end;
    int32_t exponent = 0;
    bool point = false, minus = false;
    v = jbz_json_at(v, pointer);
    if (jbz_json_type_of(v) != JBZ_JSON_NUMBER) return false;
    p = jbzi_json_text(v.doc, v.at);
    end = p + v.doc->toks[v.at].b;
    d->digits = 0;
    d->exponent = 0;
    d->exact = true;
    d->negative = *p == '-';
    for (p += d->negative; p < end && (*p | 0x20) != 'e'; p++) {
        unsigned digit = (unsigned)*p - '0';
        if (*p == '.') {
            point = true;
        } else if (d->digits <= (UINT64_MAX - 9) / 10) {
            d->digits = d->digits * 10 + digit;
            d->exponent -= point;
        } else {
            d->exact = d->exact && digit == 0;
            d->exponent += !point;
        }
    }
    if (p < end && (*++p == '-' || *p == '+')) minus = *p++ == '-';
    for (; p < end; p++) if (exponent < 100000000) exponent = exponent * 10 + (*p - '0');
    d->exponent += minus ? -exponent : exponent;
    return true;
}

JBZ_API int64_t jbz_json_int(jbz_json v, const char *pointer, int64_t fallback) {
    jbzi_json_decimal d;
    if (!jbzi_json_decimal_at(v, pointer, &d)) return fallback;
    if (d.digits == 0) return 0;
    for (; d.exponent < 0; d.exponent++, d.digits /= 10) if (d.digits % 10) return fallback;
    for (; d.exponent > 0; d.exponent--, d.digits *= 10) if (d.digits > UINT64_MAX / 10) return fallback;
    if (!d.exact || d.digits > (uint64_t)INT64_MAX + d.negative) return fallback;
    return d.negative ? -(int64_t)(d.digits - 1) - 1 : (int64_t)d.digits;
}

JBZI_STATIC_ASSERT(json_double_is_ieee_754, sizeof(double) == 8 && DBL_MANT_DIG == 53);

/* m * 10^exponent, infinite when that is too large; m is not 0. The value is kept as m * 2^two with all 64 bits of m in use,
   and rounded once, to 53: each of at most 350 steps is half a unit off, together a quarter of what is rounded away. */
static double jbzi_json_scale(uint64_t m, int32_t exponent) {
    int32_t two = 1086; /* so that it becomes what the exponent field of a double holds */
    uint64_t bits;
    double value;
    for (;;) {
        for (; !(m >> 63); m <<= 1) two--;
        if (exponent == 0 || two < -100 || two > 2200) break;
        if (exponent > 0) {
            m = (m >> 3) * 5 + ((m & 7) * 5 + 4) / 8; /* times 10/16 */
            two += 4;
            exponent--;
        } else {
            m = m / 10 * 8 + (m % 10 * 8 + 5) / 10; /* times 8/10 */
            two -= 3;
            exponent++;
        }
    }
    if (two < 1) { /* too small for the bit that a double does not store */
        m = two > -63 ? m >> (1 - two) : 0;
        two = 1;
    }
    bits = (m >> 11) + ((m >> 10) & ((m & 0x3FF) != 0 || (m & 0x800)));
    bits += (uint64_t)(two - 1) << 52; /* the bit that is not stored adds 1, and so may the rounding */
    if (bits >> 52 > 2046) bits = (uint64_t)0x7FF << 52;
    memcpy(&value, &bits, sizeof value);
    return value;
}

JBZ_API double jbz_json_num(jbz_json v, const char *pointer, double fallback) {
    jbzi_json_decimal d;
    double value, power = 1;
    int32_t i;
    if (!jbzi_json_decimal_at(v, pointer, &d)) return fallback;
    if (d.digits >> 53 == 0 && d.exponent >= -22 && d.exponent <= 22) { /* both are exact, so one operation rounds once */
        for (i = d.exponent < 0 ? -d.exponent : d.exponent; i > 0; i--) power *= 10;
        value = d.exponent < 0 ? (double)d.digits / power : (double)d.digits * power;
    } else {
        value = d.digits ? jbzi_json_scale(d.digits, d.exponent) : 0;
    }
    if (value > DBL_MAX) return fallback;
    return d.negative ? -value : value;
}

/*==== MARK: 4 OUT - implementation =========================================*/

/* o->next. At the top level of a single value DONE follows it; in a list (JBZI_OUT_LIST in o->flags) MORE does. */
enum { JBZI_OUT_FIRST, JBZI_OUT_MORE, JBZI_OUT_VALUE, JBZI_OUT_DONE };
#define JBZI_OUT_LIST 1u
#define JBZI_OUT_DEPTH 64u

/* The first error stays. Without a path the culprit is the value of the last key. Returns false. */
static JBZI_NOINLINE bool jbzi_out_fail(jbz_out *o, jbz_err code, const char *path) {
    char key[JBZ_PATH_SIZE];
    size_t n = 0;
    if (!o || o->error.code != JBZ_E_OK) return false;
    if (!path && o->depth > 0 && o->key) {
        while (n < sizeof key - 1 && o->key + n < o->len && o->buf[o->key + n] != '"') n++;
        memcpy(key, o->buf + o->key, n);
    }
    key[n] = 0;
    jbzi_base_fail(&o->error, code, path ? path : key);
    return false;
}

/* For whoever composes messages: an empty text at `mem`. What is put with jbzi_out_put before the first value is prefix. */
static void jbzi_out_start(jbz_out *o, void *mem, size_t size, unsigned flags, const char *lazy) {
    memset(&o->buf, 0, sizeof *o - offsetof(jbz_out, buf));
    o->error.code = JBZ_E_OK;
    o->error.path[0] = 0;
    o->buf = (char *)mem;
    o->cap = size ? size - 1 : 0;
    o->flags = (uint8_t)flags;
    o->lazy = lazy;
}

JBZ_API void jbz_out_init(jbz_out *o, void *mem, size_t size) {
    jbzi_out_start(o, mem, size, 0, NULL);
    if (!mem || !size) jbzi_out_fail(o, JBZ_E_ARG, NULL);
}

/* Bytes as they are, without any rule of JSON. */
static bool jbzi_out_put(jbz_out *o, const char *text, size_t n) {
    if (JBZI_UNLIKELY(n > o->cap - o->len)) return jbzi_out_fail(o, JBZ_E_TOO_BIG, NULL);
    memcpy(o->buf + o->len, text, n);
    o->len += n;
    return true;
}

static bool jbzi_out_char(jbz_out *o, char c) {
    if (JBZI_UNLIKELY(o->len >= o->cap)) return jbzi_out_fail(o, JBZ_E_TOO_BIG, NULL);
    o->buf[o->len++] = c;
    return true;
}

JBZI_INLINE bool jbzi_out_in_array(const jbz_out *o) { return (o->arrays >> (o->depth - 1u) & 1u) != 0; }
static unsigned jbzi_out_after(const jbz_out *o) {
    return o->depth || (o->flags & JBZI_OUT_LIST) ? (unsigned)JBZI_OUT_MORE : (unsigned)JBZI_OUT_DONE;
}

/* The first value at the top level has its prefix written before it. */
static JBZI_NOINLINE bool jbzi_out_top(jbz_out *o) {
    const char *lazy = o->lazy;
    o->items++;
    o->lazy = NULL;
    return !lazy || jbzi_out_put(o, lazy, strlen(lazy));
}

/* A value is about to be written: is it its turn, and does it need a comma? */
static bool jbzi_out_begin(jbz_out *o) {
    unsigned next;
    if (!o || o->error.code != JBZ_E_OK) return false;
    next = o->next;
    if (next != JBZI_OUT_VALUE) {
        if (next == JBZI_OUT_DONE || (o->depth && !jbzi_out_in_array(o))) return jbzi_out_fail(o, JBZ_E_STATE, NULL);
        if (next == JBZI_OUT_MORE && !jbzi_out_char(o, ',')) return false;
        if (!o->depth && !jbzi_out_top(o)) return false;
    }
    o->next = (uint8_t)jbzi_out_after(o);
    return true;
}

/* Verbs at the top level make it a list, unless it is one already or a single value was begun. */
static bool jbzi_out_as_list(jbz_out *o) {
    if (!o || o->error.code != JBZ_E_OK) return false;
    if (o->depth || (o->flags & JBZI_OUT_LIST)) return true;
    if (o->next != JBZI_OUT_FIRST) return jbzi_out_fail(o, JBZ_E_STATE, NULL);
    o->flags |= JBZI_OUT_LIST;
    o->lazy = "[";
    return true;
}

JBZ_API void jbz_out_list(jbz_out *o) {
    const char *lazy;
    if (!jbzi_out_as_list(o)) return;
    if (o->depth) { jbzi_out_fail(o, JBZ_E_STATE, NULL); return; }
    lazy = o->lazy;
    o->lazy = NULL;
    if (lazy) jbzi_out_put(o, lazy, strlen(lazy));
}

static void jbzi_out_open(jbz_out *o, char bracket) {
    if (!jbzi_out_begin(o)) return;
    if (o->depth >= JBZI_OUT_DEPTH) { jbzi_out_fail(o, JBZ_E_FULL, NULL); return; }
    if (!jbzi_out_char(o, bracket)) return;
    o->arrays &= ~((uint64_t)1 << o->depth);
    o->arrays |= (uint64_t)(bracket == '[') << o->depth;
    o->depth++;
    o->next = JBZI_OUT_FIRST;
}

static void jbzi_out_close(jbz_out *o, char bracket) {
    if (!o || o->error.code != JBZ_E_OK) return;
    if (!o->depth || o->next == JBZI_OUT_VALUE || jbzi_out_in_array(o) != (bracket == ']')) {
        jbzi_out_fail(o, JBZ_E_STATE, NULL);
        return;
    }
    if (!jbzi_out_char(o, bracket)) return;
    o->depth--;
    o->next = (uint8_t)jbzi_out_after(o);
}

JBZ_API void jbz_out_open_object(jbz_out *o) { jbzi_out_open(o, '{'); }
JBZ_API void jbz_out_close_object(jbz_out *o) { jbzi_out_close(o, '}'); }
JBZ_API void jbz_out_open_array(jbz_out *o) { jbzi_out_open(o, '['); }
JBZ_API void jbz_out_close_array(jbz_out *o) { jbzi_out_close(o, ']'); }

/*---- strings ----*/

/* Does a word have a byte that needs a closer look? Borrows only spread from bytes that do. */
JBZI_INLINE bool jbzi_out_is_odd(jbzi_word x) {
    jbzi_word quote = x ^ JBZI_ONES * '"', slash = x ^ JBZI_ONES * '\\';
    return ((x | (x - JBZI_ONES * 0x20) | (quote - JBZI_ONES) | (slash - JBZI_ONES)) & JBZI_ONES * 0x80) != 0;
}

/* Copies text up to the first byte that needs a closer look: quote, backslash, control character, not ASCII. There is room
   for all of [p, end) at `to`; blocks are stored whole, what is wrong behind their first odd byte is overwritten later. */
static const unsigned char *jbzi_out_plain(char *to, const unsigned char *p, const unsigned char *end) {
    const unsigned char *start = p;
    size_t left;
#ifdef JBZI_SSE2
    const __m128i two = _mm_set1_epi8(2), limit = _mm_set1_epi8(0x21), back = _mm_set1_epi8('\\');
    while (end - p >= 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* x ^ 2 maps the quote to 0x20, next to the control characters; bytes >= 0x80 are negative */
        __m128i odd = _mm_or_si128(_mm_cmpgt_epi8(limit, _mm_xor_si128(x, two)), _mm_cmpeq_epi8(x, back));
        unsigned mask = (unsigned)_mm_movemask_epi8(odd);
        _mm_storeu_si128((__m128i *)(void *)to, x);
        if (mask) return p + __builtin_ctz(mask);
        p += 16;
        to += 16;
    }
#endif
    while ((size_t)(end - p) >= sizeof(jbzi_word)) {
        jbzi_word x = jbzi_base_load(p);
        if (jbzi_out_is_odd(x)) break;
        jbzi_base_store(to, x);
        p += sizeof x;
        to += sizeof x;
    }
    left = (size_t)(end - p);
    if (left && left < sizeof(jbzi_word) && (size_t)(end - start) >= sizeof(jbzi_word)) { /* the last word again, overlapping */
        jbzi_word x = jbzi_base_load(end - sizeof x);
        if (!jbzi_out_is_odd(x)) {
            jbzi_base_store(to + left - sizeof x, x);
            return end;
        }
    } else if (left >= 4 && left < sizeof(jbzi_word)) { /* four to seven bytes, on 64-bit machines: two halves that overlap */
        uint32_t a, b;
        memcpy(&a, p, 4);
        memcpy(&b, end - 4, 4);
        if (!jbzi_out_is_odd((jbzi_word)((uint64_t)a << 32 | b))) {
            memcpy(to, &a, 4);
            memcpy(to + left - 4, &b, 4);
            return end;
        }
    }
    while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') *to++ = (char)*p++;
    return p;
}

/* What stands for the one character at *p, which is moved on: an escape, the character itself if it is good UTF-8, else
   U+FFFD for as many bytes as could have been the beginning of one (the Unicode Standard's maximal subparts). */
static size_t jbzi_out_odd(char to[6], const unsigned char **p, const unsigned char *end) {
    static const char hex[] = "0123456789abcdef", from[] = "\b\f\n\r\t\"\\", letter[] = "bfnrt\"\\";
    const unsigned char *start = *p;
    unsigned c = *start, i;
    uint32_t state = 0;
    if (c < 0x80) {
        *p = start + 1;
        to[0] = '\\';
        for (i = 0; i < sizeof from - 1; i++)
            if (c == (unsigned char)from[i]) { to[1] = letter[i]; return 2; }
        memcpy(to + 1, "u00", 3);
        to[4] = hex[c >> 4];
        to[5] = hex[c & 15];
        return 6;
    }
    for (i = 0; start + i < end; i++) {
        state = jbzi_utf8_step(state, start[i]);
        if (state == 0 || state == JBZI_UTF8_BAD) break;
    }
    if (state == 0) {
        i++;
        memcpy(to, start, i);
        *p = start + i;
        return i;
    }
    *p = start + (i ? i : 1);
    memcpy(to, "\xEF\xBF\xBD", 3);
    return 3;
}

/* A string with its quotes. Room for the rest of the text is kept at every step, so plain parts are copied unchecked. */
static bool jbzi_out_text(jbz_out *o, const char *text, size_t n) {
    const unsigned char *p = (const unsigned char *)text, *end = p + n, *stop;
    size_t room = o->cap - o->len;
    char *to = o->buf + o->len, odd[6];
    if (JBZI_UNLIKELY(room < 2 || n > room - 2)) return jbzi_out_fail(o, JBZ_E_TOO_BIG, NULL);
    *to++ = '"';
    while ((stop = jbzi_out_plain(to, p, end)) != end) {
        to += stop - p;
        p = stop;
        n = jbzi_out_odd(odd, &p, end);
        if ((size_t)(o->buf + o->cap - to) <= n + (size_t)(end - p)) return jbzi_out_fail(o, JBZ_E_TOO_BIG, NULL);
        memcpy(to, odd, n);
        to += n;
    }
    to += end - p;
    *to++ = '"';
    o->len = (size_t)(to - o->buf);
    return true;
}

JBZ_API void jbz_out_key(jbz_out *o, const char *key) {
    if (!o || o->error.code != JBZ_E_OK) return;
    if (!o->depth || jbzi_out_in_array(o) || o->next == JBZI_OUT_VALUE) { jbzi_out_fail(o, JBZ_E_STATE, NULL); return; }
    if (!key) { jbzi_out_fail(o, JBZ_E_ARG, NULL); return; }
    if (o->next == JBZI_OUT_MORE && !jbzi_out_char(o, ',')) return;
    o->key = (uint32_t)o->len + 1;
    if (jbzi_out_text(o, key, strlen(key)) && jbzi_out_char(o, ':')) o->next = JBZI_OUT_VALUE;
}

JBZ_API void jbz_out_strn(jbz_out *o, const char *text, size_t n) {
    if (!text && n) jbzi_out_fail(o, JBZ_E_ARG, NULL);
    if (jbzi_out_begin(o)) jbzi_out_text(o, text ? text : "", n);
}

JBZ_API void jbz_out_str(jbz_out *o, const char *text) {
    jbz_out_strn(o, text, text ? strlen(text) : 1);
}

/*---- numbers and words ----*/

static bool jbzi_out_integer(jbz_out *o, int64_t value) {
    char digits[22];
    size_t n;
    digits[0] = '-';
    n = jbzi_base_decimal(digits + 1, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    return value < 0 ? jbzi_out_put(o, digits, n + 1) : jbzi_out_put(o, digits + 1, n);
}

/* 0.d1 d2 d3... times 10 to the `point`, as a JSON number. */
static bool jbzi_out_decimal(jbz_out *o, bool minus, const char *digits, int n, int point) {
    char text[48];
    int at = 0, i;
    while (n > 1 && digits[n - 1] == '0') n--;
    if (minus) text[at++] = '-';
    if (point > 21 || point < -5) {
        text[at++] = digits[0];
        if (n > 1) text[at++] = '.';
        for (i = 1; i < n; i++) text[at++] = digits[i];
        text[at++] = 'e';
        text[at++] = point > 0 ? '+' : '-';
        return jbzi_out_put(o, text, (size_t)at) && jbzi_out_integer(o, point > 0 ? point - 1 : 1 - point);
    }
    if (point <= 0) text[at++] = '0';
    for (i = 0; i < point; i++) text[at++] = i < n ? digits[i] : '0';
    if (n > point) text[at++] = '.';
    for (i = point; i < 0; i++) text[at++] = '0';
    for (i = point > 0 ? point : 0; i < n; i++) text[at++] = digits[i];
    return jbzi_out_put(o, text, (size_t)at);
}

/* Seventeen digits tell any two doubles apart. They come from the exact decimal expansion of m * 2^e in limbs of nine digits;
   slow, but short, without tables, and needed only for numbers nobody types. */
static bool jbzi_out_exact(jbz_out *o, bool minus, uint64_t m, int e) {
    uint32_t big[90], top;
    char digits[9 * 4];
    int limbs = 2, point = e < 0 ? e : 0, left = e < 0 ? -e : e, i, n = 0;
    big[0] = (uint32_t)(m % 1000000000u);
    big[1] = (uint32_t)(m / 1000000000u);
    while (left > 0) { /* m * 2^e, or m * 5^-e with the point moved */
        uint32_t factor = 1;
        uint64_t carry = 0;
        for (i = 0; i < 13 && left > 0; i++, left--) factor *= e < 0 ? 5u : 2u;
        for (i = 0; i < limbs; i++) {
            carry += (uint64_t)big[i] * factor;
            big[i] = (uint32_t)(carry % 1000000000u);
            carry /= 1000000000u;
        }
        for (; carry; carry /= 1000000000u) big[limbs++] = (uint32_t)(carry % 1000000000u);
    }
    for (i = 8, top = big[limbs - 1]; i >= 0; i--, top /= 10) digits[i] = (char)('0' + top % 10);
    while (digits[n] == '0') n++;
    point += limbs * 9 - n;
    memmove(digits, digits + n, (size_t)(9 - n));
    for (n = 9 - n; n < 18; n += 9) {
        top = --limbs > 0 ? big[limbs - 1] : 0;
        for (i = 8; i >= 0; i--, top /= 10) digits[n + i] = (char)('0' + top % 10);
    }
    if (digits[17] >= '5') { /* round to 17; all nines become 1 and the point moves */
        for (i = 16; i >= 0 && digits[i] == '9'; i--) digits[i] = '0';
        if (i >= 0) digits[i]++;
        else { digits[0] = '1'; point++; }
    }
    return jbzi_out_decimal(o, minus, digits, 17, point);
}

static bool jbzi_out_double(jbz_out *o, double value) {
    uint64_t bits, m;
    int e, k;
    double x = value < 0 ? -value : value, power = 1;
    char digits[21];
    memcpy(&bits, &value, sizeof bits);
    e = (int)(bits >> 52 & 0x7FF);
    if (e == 0x7FF) return jbzi_out_fail(o, JBZ_E_VALUE, NULL); /* asked of the bits: -ffast-math knows no NaN */
    if (x < 9007199254740992.0) {
        int64_t whole = (int64_t)value;
        if ((double)whole == value) return jbzi_out_integer(o, whole);
        /* A number of up to 15 digits over a power of ten: the division of two exact doubles is correctly rounded, so if it
           gives x, then reading that decimal does. Where registers hold more than a double (x87), rounding twice could hide
           that the decimal is nearer to x's neighbour: a quotient half-way between them is pushed over by the factor. */
        for (k = 1; k <= 15; k++) {
            volatile double again;
            power *= 10;
            if (x * power >= 1e15) break;
            m = (uint64_t)(x * power + 0.5);
            again = x + ((double)m / power - x) * 1.0009;
            if (again == x) {
                int n = (int)jbzi_base_decimal(digits, m);
                return jbzi_out_decimal(o, value < 0, digits, n, n - k);
            }
        }
    }
    m = (bits & 0xFFFFFFFFFFFFFu) | (e ? (uint64_t)1 << 52 : 0);
    return jbzi_out_exact(o, value < 0, m, (e ? e : 1) - 1075);
}

JBZ_API void jbz_out_int(jbz_out *o, int64_t value) {
    if (jbzi_out_begin(o)) jbzi_out_integer(o, value);
}

JBZ_API void jbz_out_num(jbz_out *o, double value) {
    if (jbzi_out_begin(o)) jbzi_out_double(o, value);
}

JBZ_API void jbz_out_bool(jbz_out *o, bool value) {
    if (jbzi_out_begin(o)) jbzi_out_put(o, value ? "true" : "false", value ? 4 : 5);
}

JBZ_API void jbz_out_null(jbz_out *o) {
    if (jbzi_out_begin(o)) jbzi_out_put(o, "null", 4);
}

/*---- raw JSON ----*/

static const char *jbzi_out_space(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
    return p;
}

/* The next four functions step over one piece of JSON text (RFC 8259) and return its end, or NULL if it is none. */
static const char *jbzi_out_scan_string(const char *p, const char *end) {
    const char *start = ++p;
    for (; p < end && *p != '"'; p++) {
        if ((unsigned char)*p < 0x20) return NULL;
        if (*p != '\\') continue;
        if (++p == end || !memchr("\"\\/bfnrtu", *p, 9)) return NULL;
        if (*p == 'u') {
            int i;
            if (end - p < 5) return NULL;
            for (i = 0; i < 4; i++) {
                char c = *++p;
                if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))) return NULL;
            }
        }
    }
    return p < end && jbz_utf8_valid(start, (size_t)(p - start)) ? p + 1 : NULL;
}

static const char *jbzi_out_scan_digits(const char *p, const char *end) {
    const char *start = p;
    while (p < end && *p >= '0' && *p <= '9') p++;
    return p > start ? p : NULL;
}

static const char *jbzi_out_scan_scalar(const char *p, const char *end) {
    static const char words[] = "4true5false4null";
    const char *w;
    if (*p == '"') return jbzi_out_scan_string(p, end);
    for (w = words; *w; w += 1 + (*w - '0')) {
        size_t n = (size_t)(*w - '0');
        if (*p == w[1]) return (size_t)(end - p) >= n && memcmp(p, w + 1, n) == 0 ? p + n : NULL;
    }
    if (*p == '-') p++;
    p = p < end && *p == '0' ? p + 1 : jbzi_out_scan_digits(p, end);
    if (p && p < end && *p == '.') p = jbzi_out_scan_digits(p + 1, end);
    if (p && p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        p = jbzi_out_scan_digits(p, end);
    }
    return p;
}

/* A member's name and its colon. */
static const char *jbzi_out_scan_key(const char *p, const char *end) {
    p = jbzi_out_space(p, end);
    if (p == end || *p != '"' || !(p = jbzi_out_scan_string(p, end))) return NULL;
    p = jbzi_out_space(p, end);
    return p < end && *p == ':' ? p + 1 : NULL;
}

/* Any value, in one pass, nested up to 64 levels; `arrays` has a bit per open level. */
static const char *jbzi_out_scan(const char *p, const char *end) {
    uint64_t arrays = 0;
    unsigned depth = 0;
    for (;;) {
        char c;
        p = jbzi_out_space(p, end);
        if (p == end) return NULL;
        c = *p;
        if (c == '{' || c == '[') {
            if (depth++ == JBZI_OUT_DEPTH) return NULL;
            arrays = arrays << 1 | (c == '[');
            p = jbzi_out_space(p + 1, end);
            if (p == end || *p != c + 2) { /* '{' + 2 is '}', '[' + 2 is ']' */
                if (c == '{' && !(p = jbzi_out_scan_key(p, end))) return NULL;
                continue;
            }
        } else if (!(p = jbzi_out_scan_scalar(p, end))) return NULL;
        for (;;) { /* behind a value: its container goes on or ends */
            if (!depth) return p;
            p = jbzi_out_space(p, end);
            if (p == end) return NULL;
            if (*p == ',') break;
            if (*p++ != (arrays & 1 ? ']' : '}')) return NULL;
            arrays >>= 1;
            depth--;
        }
        p++;
        if (!(arrays & 1) && !(p = jbzi_out_scan_key(p, end))) return NULL;
    }
}

/* Is the text exactly one value? Its bounds without the white space around it. */
static bool jbzi_out_one(const char **text, const char **end) {
    const char *stop = jbzi_out_scan(*text, *end);
    if (!stop || jbzi_out_space(stop, *end) != *end) return false;
    *text = jbzi_out_space(*text, *end);
    *end = stop;
    return true;
}

JBZ_API void jbz_out_json(jbz_out *o, const char *json) {
    const char *end = json ? json + strlen(json) : json;
    if (!o || o->error.code != JBZ_E_OK) return;
    if (!json) { jbzi_out_fail(o, JBZ_E_ARG, NULL); return; }
    if (!jbzi_out_one(&json, &end)) { jbzi_out_fail(o, JBZ_E_RAW, NULL); return; }
    if (jbzi_out_begin(o)) jbzi_out_put(o, json, (size_t)(end - json));
}

/*---- parsed values ----*/

/* A string, key, number or word of a document. Strings are still JSON text, escapes and all, unless they were decoded. */
static bool jbzi_out_token(jbz_out *o, const jbz_doc *doc, uint32_t at) {
    const jbz_tok *t = &doc->toks[at];
    const char *text = jbzi_json_text(doc, at);
    uint32_t kind = jbzi_json_kind(t);
    if (kind == JBZ_JSON_NULL) return jbzi_out_put(o, "null", 4);
    if (kind == JBZ_JSON_TRUE) return jbzi_out_put(o, "true", 4);
    if (kind == JBZ_JSON_FALSE) return jbzi_out_put(o, "false", 5);
    if (kind == JBZ_JSON_NUMBER) return jbzi_out_put(o, text, t->b);
    if (kind & JBZI_JSON_DECODED) return jbzi_out_text(o, text, t->b);
    return jbzi_out_char(o, '"') && jbzi_out_put(o, text, t->b) && jbzi_out_char(o, '"');
}

JBZ_API void jbz_out_value(jbz_out *o, jbz_json v) {
    uint32_t ends[JBZI_OUT_DEPTH], at = v.at, end;
    unsigned open = 0;
    if (!o || jbz_json_type_of(v) == JBZ_JSON_MISSING) { jbzi_out_fail(o, JBZ_E_ARG, NULL); return; }
    for (end = jbzi_json_behind(v.doc, at); o->error.code == JBZ_E_OK;) {
        uint32_t kind;
        for (; open && ends[open - 1] == at; open--) jbzi_out_close(o, jbzi_out_in_array(o) ? ']' : '}');
        if (at == end) return;
        kind = jbzi_json_kind(&v.doc->toks[at]);
        if (jbzi_json_nests(&v.doc->toks[at])) {
            jbzi_out_open(o, kind == JBZ_JSON_ARRAY ? '[' : '{');
            if (o->error.code == JBZ_E_OK) ends[open++] = jbzi_json_behind(v.doc, at);
        } else if ((kind & JBZI_JSON_STRING) && (kind & JBZI_JSON_KEY)) {
            if (o->next == JBZI_OUT_MORE) jbzi_out_char(o, ',');
            if (jbzi_out_token(o, v.doc, at)) jbzi_out_char(o, ':');
            o->next = JBZI_OUT_VALUE;
        } else if (jbzi_out_begin(o)) jbzi_out_token(o, v.doc, at);
        at++;
    }
}

JBZ_API const char *jbz_out_finish(jbz_out *o, size_t *n) {
    if (n) *n = 0;
    if (!o) return NULL;
    if (o->error.code == JBZ_E_OK && o->depth == 0 && (o->flags & JBZI_OUT_LIST) && !o->lazy && jbzi_out_char(o, ']')) {
        o->flags &= (uint8_t)~JBZI_OUT_LIST;
        o->next = JBZI_OUT_DONE;
    }
    if (o->next != JBZI_OUT_DONE) jbzi_out_fail(o, JBZ_E_STATE, NULL);
    if (n) *n = o->error.code == JBZ_E_OK ? o->len : 0;
    if (o->error.code != JBZ_E_OK) return NULL;
    o->buf[o->len] = 0;
    return o->buf;
}

/*==== MARK: 5 MSG - implementation ==========================================*/

#define JBZI_MSG_ENDED 128u /* in o->flags, beside JBZI_OUT_LIST */

typedef enum jbzi_msg_answer { JBZI_MSG_NONE, JBZI_MSG_LIST, JBZI_MSG_BARE, JBZI_MSG_APP } jbzi_msg_answer;

typedef struct jbzi_msg_kind { uint8_t n, answer; char name[22]; } jbzi_msg_kind;

/* By event type; the first is JBZ_EV_NONE. */
static const jbzi_msg_kind jbzi_msg_kinds[] = {
    { 0, JBZI_MSG_NONE, "" },
#define JBZ_X(name, wire, answer) { sizeof wire - 1, JBZI_MSG_##answer, wire },
    JBZ_MESSAGES(JBZ_X)
#undef JBZ_X
};

static jbzi_msg_answer jbzi_msg_answer_of(jbz_event_type type) {
    return type < JBZ_EV_UNKNOWN ? (jbzi_msg_answer)jbzi_msg_kinds[type].answer : JBZI_MSG_NONE;
}

JBZ_API const char *jbz_event_name(jbz_event_type type) { return type < JBZ_EV_UNKNOWN ? jbzi_msg_kinds[type].name : ""; }

JBZ_API bool jbz_event_wants_ack(jbz_event_type type) { return jbzi_msg_answer_of(type) != JBZI_MSG_NONE; }

static jbz_event_type jbzi_msg_type(const char *name, size_t n) {
    int type;
    for (type = JBZ_EV_NONE + 1; type < JBZ_EV_UNKNOWN; type++)
        if (jbzi_msg_kinds[type].n == n && memcmp(jbzi_msg_kinds[type].name, name, n) == 0) return (jbz_event_type)type;
    return JBZ_EV_UNKNOWN;
}

/* Where the envelope's member of this name is kept; NULL when it is none of its members. */
static jbz_json *jbzi_msg_member_of(jbz_msg *m, const char *key, uint32_t n) {
    switch (n) {
    case 4: return memcmp(key, "data", 4) == 0 ? &m->data : memcmp(key, "type", 4) == 0 ? &m->name
                 : memcmp(key, "hook", 4) == 0 ? &m->hook : NULL;
    case 5: return memcmp(key, "msgid", 5) == 0 ? &m->msgid : NULL;
    case 8: return memcmp(key, "call_sid", 8) == 0 ? &m->call_sid : NULL;
    default: return NULL;
    }
}

/* The members of the envelope; of two by one name the first counts. */
static void jbzi_msg_members(jbz_msg *m, jbz_doc *doc) {
    uint32_t at = 1, end = doc->toks[0].b;
    for (; at < end; at = jbzi_json_behind(doc, at + 1)) {
        const jbz_tok *key = &doc->toks[at];
        jbz_json *member;
        if (JBZI_UNLIKELY(jbzi_json_kind(key) & JBZI_JSON_ESCAPED)) jbzi_json_decode(doc, at);
        member = jbzi_msg_member_of(m, jbzi_json_text(doc, at), key->b);
        if (!member || member->at) continue;
        member->at = at + 1;
        if (member == &m->data || jbzi_json_kind(key + 1) & JBZI_JSON_STRING) member->doc = doc; /* else it is missing */
    }
}

/* The text of a member other than `data`; NULL when it is missing. */
static const char *jbzi_msg_text(const jbz_json *v, size_t *n) {
    const char *text = v->doc ? jbzi_json_decode(v->doc, v->at) : NULL;
    *n = text ? v->doc->toks[v->at].b : 0;
    return text;
}

JBZ_API jbz_err jbz_msg_read(jbz_msg *m, jbz_doc *doc, char *text, size_t len, jbz_tok *toks, uint32_t cap) {
    const char *type;
    size_t n;
    jbz_err err = jbz_json_parse(doc, text, len, toks, cap, NULL);
    m->type = JBZ_EV_NONE;
    m->root = jbzi_json_value(NULL, 0);
    m->name = m->msgid = m->call_sid = m->hook = m->data = m->root;
    if (err != JBZ_E_OK) return err;
    m->root.doc = doc;
    if (jbzi_json_kind(doc->toks) != JBZ_JSON_OBJECT) return JBZ_E_ARG;
    jbzi_msg_members(m, doc);
    type = jbzi_msg_text(&m->name, &n);
    if (!type) return JBZ_E_ARG;
    m->type = jbzi_msg_type(type, n);
    return JBZ_E_OK;
}

/*---- envelopes ----*/

#define JBZI_MSG_NESTED 2u /* in o->flags: the list is a member of an object that is the data */

static void jbzi_msg_put(jbz_out *o, const char *text) { jbzi_out_put(o, text, strlen(text)); }

/* A string member of the envelope, between its start and its data. */
static void jbzi_msg_member(jbz_out *o, const char *before, const char *text, size_t n) {
    jbzi_msg_put(o, before);
    jbzi_out_text(o, text, n);
}

JBZ_API void jbz_msg_ack(jbz_out *o, const char *msgid, size_t n) {
    if (!o || o->error.code != JBZ_E_OK) return;
    jbzi_msg_member(o, "{\"type\":\"ack\",\"msgid\":", msgid, n);
    o->flags |= JBZI_OUT_LIST;
    o->lazy = ",\"data\":[";
}

JBZ_API void jbz_msg_command(jbz_out *o, const char *name, const char *callSid, bool list) {
    if (!o || o->error.code != JBZ_E_OK) return;
    jbzi_msg_member(o, "{\"type\":\"command\",\"command\":", name, strlen(name));
    if (callSid) jbzi_msg_member(o, ",\"callSid\":", callSid, strlen(callSid));
    if (list) o->flags |= JBZI_OUT_LIST;
    o->lazy = list ? ",\"data\":[" : ",\"data\":";
}

/* An ack whose data is JSON text, known to be valid; NULL: without data. */
static void jbzi_msg_ack_with(jbz_out *o, const char *msgid, size_t n, const char *data) {
    jbz_msg_ack(o, msgid, n);
    o->flags &= (uint8_t)~JBZI_OUT_LIST;
    o->lazy = NULL;
    if (data) jbzi_msg_put(o, ",\"data\":");
    if (data) jbzi_msg_put(o, data);
}

JBZ_API const char *jbz_msg_end(jbz_out *o, size_t *n) {
    bool list;
    if (n) *n = 0;
    if (!o) return NULL;
    if (o->flags & JBZI_MSG_ENDED && o->error.code == JBZ_E_OK) { /* sent to one already, now to another */
        if (n) *n = o->len;
        return o->buf;
    }
    if (o->depth) jbzi_out_fail(o, JBZ_E_STATE, NULL);
    if (o->error.code != JBZ_E_OK) return NULL;
    list = (o->flags & JBZI_OUT_LIST) && !o->lazy;
    if (!jbzi_out_put(o, list ? "]}}" : "}}", (list ? 2u : 1u) + (o->flags & JBZI_MSG_NESTED ? 1u : 0u))) return NULL;
    o->flags = (uint8_t)((o->flags & ~JBZI_OUT_LIST) | JBZI_MSG_ENDED);
    o->next = JBZI_OUT_DONE;
    o->buf[o->len] = 0;
    if (n) *n = o->len;
    return o->buf;
}

/*==== MARK: 6 VERB - implementation =========================================*/

/* Whose language model a verb talks to: what the output of its tools must look like depends on it (room 11). */
enum {
    JBZI_VERB_NO_MODEL, JBZI_VERB_OPENAI, JBZI_VERB_ULTRAVOX, JBZI_VERB_ELEVENLABS, JBZI_VERB_DEEPGRAM, JBZI_VERB_GOOGLE,
    JBZI_VERB_OTHER_MODEL
};

JBZI_UNUSED static uint8_t jbzi_verb_model_of(const char *vendor, size_t n) {
    static const struct { uint8_t model, n; char name[14]; } known[] = {
        { JBZI_VERB_OPENAI, 6, "openai" },     { JBZI_VERB_OPENAI, 9, "microsoft" },
        { JBZI_VERB_ULTRAVOX, 8, "ultravox" }, { JBZI_VERB_ELEVENLABS, 10, "elevenlabs" },
        { JBZI_VERB_DEEPGRAM, 8, "deepgram" }, { JBZI_VERB_DEEPGRAM, 10, "voiceagent" },
        { JBZI_VERB_GOOGLE, 6, "google" }
    };
    size_t i;
    for (i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].n == n && memcmp(known[i].name, vendor, n) == 0) return known[i].model;
    return JBZI_VERB_OTHER_MODEL;
}

/* Is the word one of "a|b|c"? */
JBZI_UNUSED static bool jbzi_verb_listed(const char *list, const char *word, size_t n) {
    for (;;) {
        size_t have = strcspn(list, "|");
        if (have == n && memcmp(list, word, n) == 0) return true;
        if (!list[have]) return false;
        list += have + 1;
    }
}

#ifndef JBZ_NO_VERBS

/* The tables once more, as data. One interpreter writes all verbs. */

typedef enum jbzi_verb_kind {
    /* members that begin with a pointer */
    JBZI_VERB_STR, JBZI_VERB_ENUM, JBZI_VERB_RAW, JBZI_VERB_OBJ, JBZI_VERB_STRS, JBZI_VERB_ENUMS, JBZI_VERB_MAP,
    /* doubles, jbz_tri, structs */
    JBZI_VERB_NUM, JBZI_VERB_INT, JBZI_VERB_TIMES, JBZI_VERB_NUM_IN, JBZI_VERB_INT_IN, JBZI_VERB_BOOL, JBZI_VERB_OFF,
    JBZI_VERB_OBJS
} jbzi_verb_kind;
enum { JBZI_VERB_MAY = 0, JBZI_VERB_MUST = 1, JBZI_VERB_OSS = 2, JBZI_VERB_V10 = 4, JBZI_VERB_TWIN = 8 };

struct jbzi_verb_shape;
typedef struct jbzi_verb_row {
    const struct jbzi_verb_shape *sub; /* of OBJ and OBJS */
    uint16_t offset;                   /* of the member */
    uint16_t name;                     /* where in the shape's text its name on the wire is, and behind that the kind's note: */
    uint8_t  len;                      /* the words of an ENUM, the bounds of a number */
    uint8_t  kind, need;
} jbzi_verb_row;

/* `text` is how the verb begins, then all names and notes, in one object per shape: the linker can drop that with its verb,
   which it cannot do with string literals. */
typedef struct jbzi_verb_shape {
    const char *text;
    const jbzi_verb_row *rows;
    uint16_t count, size; /* rows; sizeof the struct */
    uint16_t start;       /* sizeof the beginning; 1 where there is none */
    uint16_t oss;         /* does the open-source server know the verb? */
} jbzi_verb_shape;

#define JBZI_VERB_IS_STR             JBZI_VERB_STR
#define JBZI_VERB_IS_STRS            JBZI_VERB_STRS
#define JBZI_VERB_IS_ENUM(words)     JBZI_VERB_ENUM
#define JBZI_VERB_IS_ENUMS(words)    JBZI_VERB_ENUMS
#define JBZI_VERB_IS_NUM             JBZI_VERB_NUM
#define JBZI_VERB_IS_INT             JBZI_VERB_INT
#define JBZI_VERB_IS_TIMES           JBZI_VERB_TIMES
#define JBZI_VERB_IS_NUM_IN(lo, hi)  JBZI_VERB_NUM_IN
#define JBZI_VERB_IS_INT_IN(lo, hi)  JBZI_VERB_INT_IN
#define JBZI_VERB_IS_BOOL            JBZI_VERB_BOOL
#define JBZI_VERB_IS_OFF             JBZI_VERB_OFF
#define JBZI_VERB_IS_OBJ(x)          JBZI_VERB_OBJ
#define JBZI_VERB_IS_OBJS(x)         JBZI_VERB_OBJS
#define JBZI_VERB_IS_MAP             JBZI_VERB_MAP
#define JBZI_VERB_IS_RAW(type)       JBZI_VERB_RAW

#define JBZI_VERB_SUB_STR            NULL
#define JBZI_VERB_SUB_STRS           NULL
#define JBZI_VERB_SUB_ENUM(words)    NULL
#define JBZI_VERB_SUB_ENUMS(words)   NULL
#define JBZI_VERB_SUB_NUM            NULL
#define JBZI_VERB_SUB_INT            NULL
#define JBZI_VERB_SUB_TIMES          NULL
#define JBZI_VERB_SUB_NUM_IN(lo, hi) NULL
#define JBZI_VERB_SUB_INT_IN(lo, hi) NULL
#define JBZI_VERB_SUB_BOOL           NULL
#define JBZI_VERB_SUB_OFF            NULL
#define JBZI_VERB_SUB_OBJ(x)         &jbzi_verb_shape_##x
#define JBZI_VERB_SUB_OBJS(x)        &jbzi_verb_shape_##x
#define JBZI_VERB_SUB_MAP            NULL
#define JBZI_VERB_SUB_RAW(type)      NULL

#define JBZI_VERB_NOTE_STR
#define JBZI_VERB_NOTE_STRS
#define JBZI_VERB_NOTE_ENUM(words)    "\0" #words
#define JBZI_VERB_NOTE_ENUMS(words)   "\0" #words
#define JBZI_VERB_NOTE_NUM
#define JBZI_VERB_NOTE_INT
#define JBZI_VERB_NOTE_TIMES
#define JBZI_VERB_NOTE_NUM_IN(lo, hi) "\0" #lo ".." #hi
#define JBZI_VERB_NOTE_INT_IN(lo, hi) "\0" #lo ".." #hi
#define JBZI_VERB_NOTE_BOOL
#define JBZI_VERB_NOTE_OFF
#define JBZI_VERB_NOTE_OBJ(x)
#define JBZI_VERB_NOTE_OBJS(x)
#define JBZI_VERB_NOTE_MAP
#define JBZI_VERB_NOTE_RAW(type)      "\0" #type

#define JBZI_VERB_ROOM(T, kind, property, suffix, need) char property##suffix[sizeof(#property JBZI_VERB_NOTE_##kind)];
#define JBZI_VERB_TEXT(T, kind, property, suffix, need) #property JBZI_VERB_NOTE_##kind,
#define JBZI_VERB_ROW(T, kind, property, suffix, need)                                                                         \
    { JBZI_VERB_SUB_##kind, (uint16_t)offsetof(jbz_##T##_opts, property##suffix),                                              \
      (uint16_t)offsetof(struct jbzi_verb_names_##T, property##suffix), sizeof #property - 1,                                  \
      JBZI_VERB_IS_##kind, JBZI_VERB_##need },
#define JBZI_VERB_SHAPE(T, beginning, oss)                                                                                     \
    struct jbzi_verb_names_##T { char jbzi_beginning[sizeof beginning]; JBZ_OPTS_##T(JBZI_VERB_ROOM, T) };                     \
    static const struct jbzi_verb_names_##T jbzi_verb_text_##T = { beginning, JBZ_OPTS_##T(JBZI_VERB_TEXT, T) };               \
    static const jbzi_verb_row jbzi_verb_rows_##T[] = { JBZ_OPTS_##T(JBZI_VERB_ROW, T) };                                      \
    static const jbzi_verb_shape jbzi_verb_shape_##T = { jbzi_verb_text_##T.jbzi_beginning, jbzi_verb_rows_##T,                \
        (uint16_t)(sizeof jbzi_verb_rows_##T / sizeof jbzi_verb_rows_##T[0]), (uint16_t)sizeof(jbz_##T##_opts),                \
        (uint16_t)sizeof beginning, oss };

#define JBZ_X(part) JBZI_VERB_SHAPE(part, "", 1)
JBZ_PARTS(JBZ_X)
#undef JBZ_X
#define JBZI_VERB_SERVER_OSS 1
#define JBZI_VERB_SERVER_NONE 0
#define JBZ_X(verb, wire, server) JBZI_VERB_SHAPE(verb, "{\"verb\":\"" wire "\"", JBZI_VERB_SERVER_##server)
JBZ_VERBS(JBZ_X)
#undef JBZ_X

JBZ_API double jbz_exact(double x) { return x < 0 || x > 0 || x != x ? x : JBZ_ZERO; }

/*---- errors have a path ----*/

/* Where we are: a list from the inside out, on the stack. `name` may end with a quote; index -1 is none. */
typedef struct jbzi_verb_at {
    const struct jbzi_verb_at *up;
    const char *name;
    int index;
} jbzi_verb_at;

/* Notes `code`, if there is no error yet, and in any case the path: "dial.target[0].type". Returns false. */
static JBZI_NOINLINE bool jbzi_verb_fail(jbz_error *e, jbz_err code, const jbzi_verb_at *at) {
    char path[JBZ_PATH_SIZE + 32];
    const jbzi_verb_at *a;
    size_t n = 0;
    unsigned depth = 0, i;
    for (a = at; a; a = a->up) depth++;
    while (depth-- > 0 && n < JBZ_PATH_SIZE) {
        const char *s;
        for (a = at, i = 0; i < depth; i++) a = a->up;
        if (n) path[n++] = '.';
        for (s = a->name; *s && *s != '"' && n < JBZ_PATH_SIZE; s++) path[n++] = *s;
        if (a->index < 0) continue;
        path[n++] = '[';
        n += jbzi_base_decimal(path + n, (unsigned)a->index);
        path[n++] = ']';
    }
    path[n] = 0;
    jbzi_base_fail(e, e->code != JBZ_E_OK ? e->code : code, path);
    return false;
}

/*---- values ----*/

/* One bound of "-1..1"; without digits it is `open`. Leaves *note behind it. */
static double jbzi_verb_bound(const char **note, double open) {
    bool minus = **note == '-';
    double v = 0;
    if (minus) ++*note;
    if (**note < '0' || **note > '9') return open;
    for (; **note >= '0' && **note <= '9'; ++*note) v = v * 10 + (**note - '0');
    return minus ? -v : v;
}

static bool jbzi_verb_in_range(unsigned kind, const char *note, double v) {
    double lo, hi;
    if ((kind == JBZI_VERB_INT || kind == JBZI_VERB_INT_IN) &&
        !(v > -9007199254740992.0 && v < 9007199254740992.0 && (double)(int64_t)v == v)) return false;
    if (kind != JBZI_VERB_NUM_IN && kind != JBZI_VERB_INT_IN) return true;
    lo = jbzi_verb_bound(&note, JBZ_ZERO);
    note += 2;
    hi = jbzi_verb_bound(&note, JBZ_FOREVER);
    return v >= lo && v <= hi;
}

/* What a RAW value must begin with: note is "object", "array" or "any". */
static char jbzi_verb_opening(const char *note) { return note[0] == 'o' ? '{' : note[1] == 'r' ? '[' : 0; }

static bool jbzi_verb_any(const jbzi_verb_shape *s, const char *opts);

/* This is asked of every option of every verb, so it must be quick for what most of them are: not set. */
JBZI_INLINE bool jbzi_verb_is_set(const jbzi_verb_row *r, const char *opts) {
    uint64_t bits;
    jbz_tri tri;
    opts += r->offset;
#if UINTPTR_MAX != UINT64_MAX
    if (r->kind < JBZI_VERB_NUM) {
        const void *pointer;
        memcpy(&pointer, opts, sizeof pointer);
        return pointer != NULL;
    }
#endif
    if (JBZI_LIKELY(r->kind < JBZI_VERB_BOOL)) { /* 64-bit pointers and doubles alike; 0 and -0 are unset */
        memcpy(&bits, opts, sizeof bits);
        return bits << 1 != 0;
    }
    if (r->kind == JBZI_VERB_OBJS) return jbzi_verb_any(r->sub, opts);
    memcpy(&tri, opts, sizeof tri);
    return tri != JBZ_UNSET;
}

/* Is there anything in these options? */
static JBZI_NOINLINE bool jbzi_verb_any(const jbzi_verb_shape *s, const char *opts) {
    unsigned i;
    for (i = 0; i < s->count; i++)
        if (jbzi_verb_is_set(&s->rows[i], opts)) return true;
    return false;
}

static bool jbzi_verb_object(jbz_out *o, const jbzi_verb_shape *s, const void *opts, const jbzi_verb_at *at, char lead);

/* What follows returns false with an error that has no path; jbzi_verb_object adds that. */

static bool jbzi_verb_number(jbz_out *o, unsigned kind, const char *note, const char *member) {
    static const double zero = JBZ_ZERO, forever = JBZ_FOREVER; /* compared as bytes: registers may hold more than a double */
    bool is_forever = memcmp(member, &forever, sizeof forever) == 0;
    double v = 0;
    if (is_forever && kind == JBZI_VERB_TIMES) return jbzi_out_text(o, "forever", 7);
    if (memcmp(member, &zero, sizeof zero) != 0) memcpy(&v, member, sizeof v);
    if (is_forever || !jbzi_verb_in_range(kind, note, v)) return jbzi_out_fail(o, JBZ_E_VALUE, "");
    return jbzi_out_double(o, v);
}

static bool jbzi_verb_raw(jbz_out *o, const char *json, char opening) {
    const char *end = json + strlen(json);
    if (!jbzi_out_one(&json, &end) || (opening && *json != opening)) return jbzi_out_fail(o, JBZ_E_RAW, "");
    return jbzi_out_put(o, json, (size_t)(end - json));
}

/* A string, or one of a list; with `words` it must be one of them. */
static bool jbzi_verb_string(jbz_out *o, const char *text, const char *words) {
    size_t n = strlen(text);
    if (words && !jbzi_verb_listed(words, text, n)) return jbzi_out_fail(o, JBZ_E_VALUE, "");
    return jbzi_out_text(o, text, n);
}

static bool jbzi_verb_pair(jbz_out *o, const char *member) {
    jbz_pair pair;
    memcpy(&pair, member, sizeof pair);
    if (!pair.value) return jbzi_out_fail(o, JBZ_E_MISSING, "");
    return jbzi_verb_string(o, pair.name, NULL) && jbzi_out_char(o, ':') && jbzi_verb_string(o, pair.value, NULL);
}

/* The three kinds of lists, and maps: up to the first empty element. */
static bool jbzi_verb_list(jbz_out *o, const jbzi_verb_row *r, const char *note, const char *member, jbzi_verb_at *at) {
    size_t step = r->kind == JBZI_VERB_OBJS ? r->sub->size : r->kind == JBZI_VERB_MAP ? sizeof(jbz_pair) : sizeof(char *);
    char lead = r->kind == JBZI_VERB_MAP ? '{' : '[', last = r->kind == JBZI_VERB_MAP ? '}' : ']';
    for (at->index = 0; at->index < JBZ_MAX_LIST; at->index++, member += step, lead = ',') {
        const char *text;
        memcpy(&text, member, sizeof text); /* of all but OBJS; harmless there, no struct is smaller */
        if (r->kind == JBZI_VERB_OBJS ? !jbzi_verb_any(r->sub, member) : !text) break;
        if (!jbzi_out_char(o, lead)) return false;
        if (!(r->kind == JBZI_VERB_OBJS ? jbzi_verb_object(o, r->sub, member, at, '{')
              : r->kind == JBZI_VERB_MAP ? jbzi_verb_pair(o, member)
              : jbzi_verb_string(o, text, r->kind == JBZI_VERB_ENUMS ? note : NULL))) return false;
    }
    at->index = -1;
    return jbzi_out_char(o, last);
}

static bool jbzi_verb_value(jbz_out *o, const jbzi_verb_row *r, const char *note, const char *member, jbzi_verb_at *at) {
    const void *pointer;
    jbz_tri tri;
    if (r->kind >= JBZI_VERB_NUM && r->kind < JBZI_VERB_BOOL) return jbzi_verb_number(o, r->kind, note, member);
    if (r->kind == JBZI_VERB_BOOL || r->kind == JBZI_VERB_OFF) {
        memcpy(&tri, member, sizeof tri);
        if (tri == JBZ_FALSE) return jbzi_out_put(o, "false", 5);
        if (tri == JBZ_TRUE && r->kind == JBZI_VERB_BOOL) return jbzi_out_put(o, "true", 4);
        return jbzi_out_fail(o, JBZ_E_VALUE, "");
    }
    memcpy(&pointer, member, sizeof pointer);
    switch (r->kind) {
    case JBZI_VERB_STR:  return jbzi_verb_string(o, (const char *)pointer, NULL);
    case JBZI_VERB_ENUM: return jbzi_verb_string(o, (const char *)pointer, note);
    case JBZI_VERB_RAW:  return jbzi_verb_raw(o, (const char *)pointer, jbzi_verb_opening(note));
    case JBZI_VERB_OBJ:  return jbzi_verb_object(o, r->sub, pointer, at, '{');
    default:             return jbzi_verb_list(o, r, note, member, at);
    }
}

/*---- structs ----*/

/* ,"name": in one go; the names of the tables need no escapes. */
static bool jbzi_verb_key(jbz_out *o, char lead, const char *name, size_t n) {
    char *to = o->buf + o->len;
    if (JBZI_UNLIKELY(o->cap - o->len < n + 4)) return jbzi_out_fail(o, JBZ_E_TOO_BIG, "");
    to[0] = lead;
    to[1] = '"';
    memcpy(to + 2, name, n);
    to[n + 2] = '"';
    to[n + 3] = ':';
    o->len += n + 4;
    return true;
}

/* The rows of one property follow each other; the first says whether it is needed, the others are its twins. */
static const jbzi_verb_row *jbzi_verb_head(const jbzi_verb_row *r) {
    while (r->need == JBZI_VERB_TWIN) r--;
    return r;
}

/* Is a property that is not set in its first form set in another one? */
static bool jbzi_verb_has_twin(const jbzi_verb_row *r, const jbzi_verb_row *end, const char *opts) {
    while (++r < end && r->need == JBZI_VERB_TWIN)
        if (opts && jbzi_verb_is_set(r, opts)) return true;
    return false;
}

/* What is wrong with setting this row, if anything. */
static jbz_err jbzi_verb_refuses(const jbzi_verb_row *r, const jbzi_verb_row *written, bool oss) {
    const jbzi_verb_row *head = jbzi_verb_head(r);
    if (written && written >= head) return JBZ_E_CONFLICT;
    return oss && head->need == JBZI_VERB_V10 ? JBZ_E_TARGET : JBZ_E_OK;
}

/* The first row from `r` on that is set or may not be left out. */
static const jbzi_verb_row *jbzi_verb_seek(const jbzi_verb_row *r, const jbzi_verb_row *end, const char *opts, unsigned must) {
    if (!opts) while (r < end && !(r->need & must)) r++;
    else while (r < end && JBZI_LIKELY(!jbzi_verb_is_set(r, opts)) && !(r->need & must)) r++;
    return r;
}

/* The members that are set, then the closing brace. `lead` is what comes before the first of them: the opening brace, or a
   comma when there is something in the object already. */
static bool jbzi_verb_object(jbz_out *o, const jbzi_verb_shape *s, const void *options, const jbzi_verb_at *up, char lead) {
    const jbzi_verb_row *r = s->rows, *end = r + s->count, *written = NULL;
    const char *opts = (const char *)options;
    const bool oss = o->target == JBZ_OSS;
    const unsigned must = oss ? JBZI_VERB_MUST | JBZI_VERB_OSS : JBZI_VERB_MUST;
    jbzi_verb_at at;
    jbz_err err = JBZ_E_TOO_BIG;
    at.up = up;
    at.index = -1;
    for (; (r = jbzi_verb_seek(r, end, opts, must)) < end; r++) {
        bool set = opts && jbzi_verb_is_set(r, opts);
        if (!set && jbzi_verb_has_twin(r, end, opts)) continue;
        at.name = s->text + r->name;
        err = set ? jbzi_verb_refuses(r, written, oss) : JBZ_E_MISSING;
        if (err || !jbzi_verb_key(o, lead, at.name, r->len) ||
            !jbzi_verb_value(o, r, at.name + r->len + 1, opts + r->offset, &at)) break;
        written = r;
        lead = ',';
    }
    if (r == end && (lead != '{' || jbzi_out_char(o, '{')) && jbzi_out_char(o, '}')) return true;
    return o->error.path[0] ? false : jbzi_verb_fail(&o->error, err, r < end ? &at : up);
}

static void jbzi_verb_begin(jbzi_verb_at *at, const jbzi_verb_shape *s, jbz_out *o) {
    at->up = NULL;
    at->name = s->text + sizeof "{\"verb\":"; /* its name and the closing quote */
    at->index = -1;
    o->key = 0; /* the last key is not the culprit of what goes wrong from here on */
}

/* The options alone, as an object: what commands want that take a verb's options as data. */
JBZI_UNUSED static void jbzi_verb_options(jbz_out *o, const jbzi_verb_shape *s, const void *opts) {
    jbzi_verb_at at;
    if (!jbzi_out_begin(o)) return;
    jbzi_verb_begin(&at, s, o);
    jbzi_verb_object(o, s, opts, &at, '{');
}

static void jbzi_verb_put(jbz_out *o, const jbzi_verb_shape *s, const void *opts) {
    jbzi_verb_at at;
    if (!jbzi_out_as_list(o) || !jbzi_out_begin(o)) return;
    jbzi_verb_begin(&at, s, o);
    if (o->target == JBZ_OSS && !s->oss) jbzi_verb_fail(&o->error, JBZ_E_TARGET, &at);
    else if (!jbzi_out_put(o, s->text, s->start - 1u)) jbzi_verb_fail(&o->error, JBZ_E_TOO_BIG, &at);
    else jbzi_verb_object(o, s, opts, &at, ',');
}

/* "openai_s2s" has its vendor in its name, llm and s2s in an option, agent has none. */
static void jbzi_verb_note_model(jbz_out *o, const jbzi_verb_shape *s, const void *opts) {
    const char *name = s->text + sizeof "{\"verb\":", *vendor = name;
    size_t n = s->start - 2u - sizeof "{\"verb\":";
    if (!o) return;
    if (n > 4) n -= 4; /* _s2s; of agent something is left that is no vendor's name */
    else if (opts) memcpy(&vendor, (const char *)opts + offsetof(jbz_llm_opts, vendor), sizeof vendor);
    if (vendor && vendor != name) n = strlen(vendor);
    o->model = vendor ? jbzi_verb_model_of(vendor, n) : 0;
}

/* agent, llm and all s2s, told by the ends of their names, which no other verb shares (tests/test_cmd.c sees to that). This is
   constant, so that the other verbs have nothing of it. */
#define JBZI_VERB_ENDS(wire, a, b) (wire[sizeof wire - 3] == a && wire[sizeof wire - 2] == b)
#define JBZI_VERB_HAS_MODEL(wire) \
    (JBZI_VERB_ENDS(wire, '2', 's') || JBZI_VERB_ENDS(wire, 'l', 'm') || JBZI_VERB_ENDS(wire, 'n', 't'))

#define JBZ_X(verb, wire, server)                                                                         \
    JBZ_API void jbz_put_##verb(jbz_out *o, const jbz_##verb##_opts *opts) {                              \
        jbzi_verb_put(o, &jbzi_verb_shape_##verb, opts);                                                  \
        if (JBZI_VERB_HAS_MODEL(wire)) jbzi_verb_note_model(o, &jbzi_verb_shape_##verb, opts);            \
    }
JBZ_VERBS(JBZ_X)
#undef JBZ_X

JBZ_API void jbz_raw(jbz_out *o, const char *json) {
    const char *end, *p, *stop;
    if (!json) { jbzi_out_fail(o, JBZ_E_ARG, ""); return; }
    if (!jbzi_out_as_list(o)) return;
    end = json + strlen(json);
    if (!jbzi_out_one(&json, &end) || (*json != '{' && *json != '[')) { jbzi_out_fail(o, JBZ_E_RAW, ""); return; }
    p = *json == '[' ? jbzi_out_space(json + 1, end) : json;
    for (; *p == '{'; p = jbzi_out_space(stop + 1, end)) { /* each object, up to the end or to something else */
        stop = jbzi_out_scan(p, end);
        if (!jbzi_out_begin(o) || !jbzi_out_put(o, p, (size_t)(stop - p))) return;
        if (stop == end) return;
        stop = jbzi_out_space(stop, end);
    }
    if (*p != ']' && p != end) jbzi_out_fail(o, JBZ_E_RAW, "");
}

/*---- checking JSON against the tables ----*/

/* What is being checked is valid JSON, so the steps below cannot fail. Names with escapes in them are taken as unknown. */
typedef struct jbzi_verb_check {
    jbz_error *e;
    const char *end;
    bool oss;
} jbzi_verb_check;

/* The next member of an object, or element of an array, at *p (behind the bracket, or behind the previous value): its value,
   or NULL at the end. `key` and `n` may be NULL in arrays. */
static const char *jbzi_verb_next(const jbzi_verb_check *c, const char **p, const char **key, size_t *n) {
    const char *v = jbzi_out_space(*p, c->end);
    if (*v == ',') v = jbzi_out_space(v + 1, c->end);
    if (*v == '}' || *v == ']') return NULL;
    if (key) {
        *key = v + 1;
        v = jbzi_out_scan_string(v, c->end);
        *n = (size_t)(v - 1 - *key);
        v = jbzi_out_space(jbzi_out_space(v, c->end) + 1, c->end);
    }
    *p = jbzi_out_scan(v, c->end);
    return v;
}

/* A number's value, roughly: good enough for bounds. */
static double jbzi_verb_roughly(const char *p, const char *end) {
    bool minus = *p == '-';
    double v = 0, unit = 1;
    int e = 0;
    if (minus) p++;
    for (; p < end && *p >= '0' && *p <= '9'; p++) v = v * 10 + (*p - '0');
    if (p < end && *p == '.')
        for (p++; p < end && *p <= '9'; p++) v += (*p - '0') * (unit /= 10);
    if (p < end) {
        bool down = *++p == '-';
        if (*p < '0') p++;
        for (; p < end && e < 400; p++) e = e * 10 + (*p - '0');
        for (; e > 0; e--) v = down ? v / 10 : v * 10;
    }
    return minus ? -v : v;
}

static bool jbzi_verb_check_object(const jbzi_verb_check *c, const jbzi_verb_shape *s, const char *p, const jbzi_verb_at *up);

static bool jbzi_verb_check_property(const jbzi_verb_check *c, const jbzi_verb_shape *s, const jbzi_verb_row *head,
                                     const char *v, const char *end, jbzi_verb_at *at, bool item);

/* May the value [v, end) stand for row `r` of the property that begins with row `head`? `item`: it is an element of a list. */
static bool jbzi_verb_check_value(const jbzi_verb_check *c, const jbzi_verb_shape *s, const jbzi_verb_row *head,
                                  const jbzi_verb_row *r, const char *v, const char *end, jbzi_verb_at *at, bool item) {
    const char *note = s->text + r->name + r->len + 1, *element, *key;
    size_t n = (size_t)(end - v);
    unsigned kind = r->kind;
    if (item) {
        if (kind != JBZI_VERB_STRS && kind != JBZI_VERB_ENUMS && kind != JBZI_VERB_OBJS) return false;
        kind = kind == JBZI_VERB_STRS ? JBZI_VERB_STR : kind == JBZI_VERB_ENUMS ? JBZI_VERB_ENUM : JBZI_VERB_OBJ;
    }
    switch (kind) {
    case JBZI_VERB_STR:   return *v == '"';
    case JBZI_VERB_ENUM:  return *v == '"' && jbzi_verb_listed(note, v + 1, n - 2);
    case JBZI_VERB_RAW:   return !jbzi_verb_opening(note) || *v == jbzi_verb_opening(note);
    case JBZI_VERB_BOOL:  return *v == 't' || *v == 'f';
    case JBZI_VERB_OFF:   return *v == 'f';
    case JBZI_VERB_OBJ:   return *v == '{' && jbzi_verb_check_object(c, r->sub, v, at);
    case JBZI_VERB_MAP:
        if (*v++ != '{') return false;
        while ((element = jbzi_verb_next(c, &v, &key, &n)) != NULL)
            if (*element > '9') return false; /* the quote, the minus and the digits are below */
        return true;
    case JBZI_VERB_STRS: case JBZI_VERB_ENUMS: case JBZI_VERB_OBJS:
        if (*v++ != '[') return false;
        for (at->index = 0; (element = jbzi_verb_next(c, &v, NULL, NULL)) != NULL; at->index++)
            if (!jbzi_verb_check_property(c, s, head, element, v, at, true)) return false;
        return true;
    case JBZI_VERB_TIMES:
        if (*v == '"') return n == 9 && memcmp(v, "\"forever\"", 9) == 0;
        /* fall through */
    default: /* the numbers */
        return (*v == '-' || (*v >= '0' && *v <= '9')) && jbzi_verb_in_range(kind, note, jbzi_verb_roughly(v, end));
    }
}

/* One of the property's rows must take the value. Of their complaints the one from furthest inside is kept. */
static bool jbzi_verb_check_property(const jbzi_verb_check *c, const jbzi_verb_shape *s, const jbzi_verb_row *head,
                                     const char *v, const char *end, jbzi_verb_at *at, bool item) {
    const jbzi_verb_row *r = head, *last = s->rows + s->count;
    const int index = at->index;
    jbz_error best;
    best.path[0] = 0;
    do {
        bool good = jbzi_verb_check_value(c, s, head, r, v, end, at, item);
        at->index = index;
        if (good) { jbzi_base_fail(c->e, JBZ_E_OK, NULL); return true; }
        if (c->e->code == JBZ_E_OK) jbzi_verb_fail(c->e, JBZ_E_VALUE, at);
        if (strlen(c->e->path) >= strlen(best.path)) best = *c->e;
        c->e->code = JBZ_E_OK;
    } while (++r < last && r->need == JBZI_VERB_TWIN);
    *c->e = best;
    return false;
}

static bool jbzi_verb_check_member(const jbzi_verb_check *c, const jbzi_verb_shape *s, const char *key, size_t n, const char *v,
                                   const char *end, jbzi_verb_at *at) {
    unsigned i;
    at->name = key; /* ends with its quote */
    for (i = 0; i < s->count; i++) {
        const jbzi_verb_row *r = &s->rows[i];
        if (r->len != n || memcmp(s->text + r->name, key, n) != 0) continue;
        if (c->oss && r->need == JBZI_VERB_V10) return jbzi_verb_fail(c->e, JBZ_E_TARGET, at);
        return jbzi_verb_check_property(c, s, r, v, end, at, false);
    }
    return jbzi_verb_fail(c->e, JBZ_E_VALUE, at);
}

static bool jbzi_verb_check_object(const jbzi_verb_check *c, const jbzi_verb_shape *s, const char *p, const jbzi_verb_at *up) {
    const char *start = p + 1, *key = NULL, *v;
    size_t n = 0;
    unsigned i;
    jbzi_verb_at at;
    at.up = up;
    at.index = -1;
    for (p = start; (v = jbzi_verb_next(c, &p, &key, &n)) != NULL;) {
        if (s->start > 1 && n == 4 && memcmp(key, "verb", 4) == 0) continue;
        if (!jbzi_verb_check_member(c, s, key, n, v, p, &at)) return false;
    }
    for (i = 0; i < s->count; i++) {
        const jbzi_verb_row *r = &s->rows[i];
        const char *name = s->text + r->name;
        if (r->need != JBZI_VERB_MUST && !(c->oss && r->need == JBZI_VERB_OSS)) continue;
        for (p = start; (v = jbzi_verb_next(c, &p, &key, &n)) != NULL;)
            if (n == r->len && memcmp(key, name, n) == 0) break;
        at.name = name;
        if (!v) return jbzi_verb_fail(c->e, JBZ_E_MISSING, &at);
    }
    return true;
}

static const jbzi_verb_shape *jbzi_verb_find(const char *wire, size_t n) {
#define JBZ_X(verb, name, server) &jbzi_verb_shape_##verb,
    static const jbzi_verb_shape *const all[] = { JBZ_VERBS(JBZ_X) };
#undef JBZ_X
    size_t i, begin = sizeof "{\"verb\":";
    for (i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i]->start == begin + n + 2 && memcmp(all[i]->text + begin, wire, n) == 0) return all[i];
    return NULL;
}

/* One element of the application: {"verb":"say",...}, or {"say":{...}} with just that one member. */
static bool jbzi_verb_check_verb(const jbzi_verb_check *c, const char *v, const jbzi_verb_at *up) {
    const char *p = v + 1, *key = "", *item, *first = NULL, *opts = v, *wire = NULL;
    const jbzi_verb_shape *s;
    size_t n = 0, wire_n = 0, count = 0;
    jbzi_verb_at at;
    at.up = up;
    at.index = -1;
    at.name = "verb";
    if (*v != '{') return jbzi_verb_fail(c->e, JBZ_E_JSON, up);
    while (!wire && (item = jbzi_verb_next(c, &p, &key, &n)) != NULL) {
        if (count++ == 0) { first = key; wire_n = n; opts = item; }
        if (n != 4 || memcmp(key, "verb", 4) != 0) continue;
        if (*item != '"') return jbzi_verb_fail(c->e, JBZ_E_VALUE, &at);
        wire = item + 1;
        wire_n = (size_t)(p - 1 - wire);
        opts = v;
    }
    if (!wire && count != 1) return jbzi_verb_fail(c->e, JBZ_E_MISSING, &at);
    if (!wire) wire = first;
    s = jbzi_verb_find(wire, wire_n);
    if (s && *opts == '{' && !(c->oss && !s->oss)) {
        at.name = wire;
        return jbzi_verb_check_object(c, s, opts, &at);
    }
    if (s || opts != v) at.name = wire;
    return jbzi_verb_fail(c->e, s && *opts == '{' ? JBZ_E_TARGET : JBZ_E_VALUE, &at);
}

JBZ_API jbz_err jbz_check_app(const char *json, size_t n, jbz_target target, jbz_error *err) {
    jbz_error unused;
    jbzi_verb_check c;
    jbzi_verb_at at;
    const char *item;
    c.e = err ? err : &unused;
    c.end = json + n;
    c.oss = target == JBZ_OSS;
    at.up = NULL;
    at.name = "";
    jbzi_base_fail(c.e, JBZ_E_OK, NULL);
    if (!jbzi_out_one(&json, &c.end) || *json++ != '[') return jbzi_base_fail(c.e, JBZ_E_JSON, NULL);
    for (at.index = 0; (item = jbzi_verb_next(&c, &json, NULL, NULL)) != NULL; at.index++)
        if (!jbzi_verb_check_verb(&c, item, &at)) break;
    return c.e->code;
}

#endif /* JBZ_NO_VERBS */

#ifndef JBZ_NO_CONN

/*==== MARK: 7 HASH - implementation =========================================*/

/*---- SHA-1 (FIPS 180-4); broken as a signature, still what RFC 6455 1.3 asks for ----*/

static uint32_t jbzi_hash_rol(uint32_t x, unsigned k) { return (x << k) | (x >> (32 - k)); }

static uint32_t jbzi_hash_get32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void jbzi_hash_put32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

#define JBZI_HASH_CH(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define JBZI_HASH_PARITY(x, y, z) ((x) ^ (y) ^ (z))
#define JBZI_HASH_MAJ(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))

/* The 80 rounds. Five of them bring the variables back to their places, so that nothing has to be moved. */
#ifndef __OPTIMIZE_SIZE__
#define JBZI_HASH_ROUND(a, b, c, d, e, f, k) \
    (e += jbzi_hash_rol(a, 5) + (f(b, c, d)) + w[t++] + (k), b = jbzi_hash_rol(b, 30))
#define JBZI_HASH_ROUNDS(to, f, k) \
    while (t < (to)) { \
        JBZI_HASH_ROUND(a, b, c, d, e, f, k); \
        JBZI_HASH_ROUND(e, a, b, c, d, f, k); \
        JBZI_HASH_ROUND(d, e, a, b, c, f, k); \
        JBZI_HASH_ROUND(c, d, e, a, b, f, k); \
        JBZI_HASH_ROUND(b, c, d, e, a, f, k); \
    }

static void jbzi_hash_rounds(uint32_t h[5], const uint32_t *w) {
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    unsigned t = 0;
    JBZI_HASH_ROUNDS(20, JBZI_HASH_CH, 0x5a827999u)
    JBZI_HASH_ROUNDS(40, JBZI_HASH_PARITY, 0x6ed9eba1u)
    JBZI_HASH_ROUNDS(60, JBZI_HASH_MAJ, 0x8f1bbcdcu)
    JBZI_HASH_ROUNDS(80, JBZI_HASH_PARITY, 0xca62c1d6u)
    h[0] = a;
    h[1] = b;
    h[2] = c;
    h[3] = d;
    h[4] = e;
}
#else /* the same in a third of the code and twice the time */
static void jbzi_hash_rounds(uint32_t h[5], const uint32_t *w) {
    static const uint32_t k[4] = { 0x5a827999u, 0x6ed9eba1u, 0x8f1bbcdcu, 0xca62c1d6u };
    unsigned t = 0;
    while (t < 80) {
        uint32_t e = h[4], b = h[1], c = h[2], d = h[3], q = t / 20;
        uint32_t f = q == 0 ? JBZI_HASH_CH(b, c, d) : q == 2 ? JBZI_HASH_MAJ(b, c, d) : JBZI_HASH_PARITY(b, c, d);
        e += jbzi_hash_rol(h[0], 5) + f + w[t++] + k[q];
        h[4] = d;
        h[3] = c;
        h[2] = jbzi_hash_rol(b, 30);
        h[1] = h[0];
        h[0] = e;
    }
}
#endif

static void jbzi_hash_block(uint32_t h[5], const uint8_t p[64]) {
    uint32_t w[80], v[5];
    unsigned t;
    for (t = 0; t < 16; t++) w[t] = jbzi_hash_get32(p + 4 * t);
    for (; t < 32; t++) w[t] = jbzi_hash_rol(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (; t < 80; t++) w[t] = jbzi_hash_rol(w[t - 6] ^ w[t - 16] ^ w[t - 28] ^ w[t - 32], 2); /* equal to that */
    memcpy(v, h, sizeof v);
    jbzi_hash_rounds(v, w);
    for (t = 0; t < 5; t++) h[t] += v[t];
}

/* Of a whole text below 512 MB, in one go. */
static void jbzi_hash_sha1(const void *text, size_t n, uint8_t out[20]) {
    uint32_t h[5] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u };
    const uint8_t *p = (const uint8_t *)text;
    uint8_t block[64];
    size_t left = n, i;
    bool marked = false, last;
    do {
        size_t take = left < 64 ? left : 64;
        memset(block, 0, sizeof block);
        memcpy(block, p, take);
        if (take < 64 && !marked) {
            block[take] = 0x80;
            marked = true;
        }
        last = marked && take < 56;
        if (last) jbzi_hash_put32(block + 60, (uint32_t)(n * 8));
        jbzi_hash_block(h, block);
        p += take;
        left -= take;
    } while (!last);
    for (i = 0; i < 5; i++) jbzi_hash_put32(out + 4 * i, h[i]);
}

/*---- base64 (RFC 4648 section 4) ----*/

/* Writes 4 characters per 3 bytes begun, no NUL; returns how many. */
static size_t jbzi_hash_encode64(char *dst, const uint8_t *src, size_t n) {
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *d = dst;
    size_t i;
    for (i = 0; i < n; i += 3, d += 4) {
        uint32_t w = (uint32_t)src[i] << 16;
        if (i + 1 < n) w |= (uint32_t)src[i + 1] << 8;
        if (i + 2 < n) w |= src[i + 2];
        d[0] = set[w >> 18];
        d[1] = set[w >> 12 & 63];
        d[2] = i + 1 < n ? set[w >> 6 & 63] : '=';
        d[3] = i + 2 < n ? set[w & 63] : '=';
    }
    return (size_t)(d - dst);
}

/* 0..63, or 64 for what is not in the alphabet, '=' included. */
static uint32_t jbzi_hash_sextet(char ch) {
    uint32_t c = (unsigned char)ch;
    if (c - 'A' < 26) return c - 'A';
    if (c - 'a' < 26) return c - 'a' + 26;
    if (c - '0' < 10) return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Decodes into at most `cap` bytes; *len says how many. False if it does not fit or is not what an encoder writes: then
   *len is not set, and of `dst` nothing but its first `cap` bytes was touched. */
static bool jbzi_hash_decode64(uint8_t *dst, size_t cap, const char *src, size_t n, size_t *len) {
    size_t pad, out, at = 0, i;
    uint32_t w = 0;
    if (n % 4) return false;
    pad = n == 0 || src[n - 1] != '=' ? 0 : src[n - 2] != '=' ? 1 : 2;
    out = n / 4 * 3 - pad;
    if (out > cap) return false;
    for (i = 0; i < n - pad; i++) {
        uint32_t v = jbzi_hash_sextet(src[i]);
        if (v > 63) return false;
        w = w << 6 | v;
        if (i % 4) dst[at++] = (uint8_t)(w >> (6 - 2 * (i % 4)));
    }
    if (pad && (w & (pad == 1 ? 3u : 15u))) return false; /* bits that no byte carries */
    *len = out;
    return true;
}

/*---- for the rooms above ----*/

/* Sec-WebSocket-Accept of a Sec-WebSocket-Key (RFC 6455 4.2.2): 24 characters in, 28 out, no NULs. */
static void jbzi_hash_accept(const char key[24], char out[28]) {
    char text[24 + 36];
    uint8_t sum[20];
    memcpy(text, key, 24);
    memcpy(text + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
    jbzi_hash_sha1(text, sizeof text, sum);
    (void)jbzi_hash_encode64(out, sum, sizeof sum);
}

/* Whether what a peer sent is the secret. Time depends on `sent_n` alone, a number that the peer knows: not on the bytes of
   either, not on where they differ, not on the secret's length. */
static bool jbzi_hash_equal(const void *sent, size_t sent_n, const void *secret, size_t secret_n) {
    const uint8_t *a = (const uint8_t *)sent, *b = (const uint8_t *)secret;
    volatile uint8_t diff = (uint8_t)(sent_n != secret_n); /* volatile: no compiler may leave early */
    size_t i, k = 0;
    if (secret_n == 0) return sent_n == 0;
    for (i = 0; i < sent_n; i++) {
        diff = (uint8_t)(diff | (a[i] ^ b[k]));
        k += (size_t)(k + 1 < secret_n); /* stays on the last byte */
    }
    return diff == 0;
}

/*---- SipHash-1-3 (Aumasson and Bernstein): a peer that picks call ids cannot pick their slots ----*/

static uint64_t jbzi_hash_rol64(uint64_t x, unsigned k) { return (x << k) | (x >> (64 - k)); }

static void jbzi_hash_round(uint64_t v[4]) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = jbzi_hash_rol64(v[1], 13) ^ v[0];
    v[3] = jbzi_hash_rol64(v[3], 16) ^ v[2];
    v[0] = jbzi_hash_rol64(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = jbzi_hash_rol64(v[3], 21) ^ v[0];
    v[1] = jbzi_hash_rol64(v[1], 17) ^ v[2];
    v[2] = jbzi_hash_rol64(v[2], 32);
}

/* Eight bytes, the first the lowest. */
static uint64_t jbzi_hash_load64(const uint8_t *p) {
    return (uint64_t)p[7] << 56 | (uint64_t)p[6] << 48 | (uint64_t)p[5] << 40 | (uint64_t)p[4] << 32
         | (uint64_t)p[3] << 24 | (uint64_t)p[2] << 16 | (uint64_t)p[1] << 8 | p[0];
}

/* The low half of SipHash-1-3 of `n` bytes. */
static uint32_t jbzi_hash_seeded(const uint64_t seed[2], const void *text, size_t n) {
    const uint8_t *p = (const uint8_t *)text;
    uint8_t last[8] = { 0, 0, 0, 0, 0, 0, 0, 0 };
    uint64_t v[4], w;
    size_t left = n;
    int i;
    v[0] = seed[0] ^ UINT64_C(0x736f6d6570736575);
    v[1] = seed[1] ^ UINT64_C(0x646f72616e646f6d);
    v[2] = seed[0] ^ UINT64_C(0x6c7967656e657261);
    v[3] = seed[1] ^ UINT64_C(0x7465646279746573);
    for (;;) { /* whole words, then one that ends in the length */
        if (left < 8) {
            if (left) memcpy(last, p, left);
            last[7] = (uint8_t)n;
            p = last;
        }
        w = jbzi_hash_load64(p);
        v[3] ^= w;
        jbzi_hash_round(v);
        v[0] ^= w;
        if (p == last) break;
        p += 8;
        left -= 8;
    }
    v[2] ^= 255;
    for (i = 0; i < 3; i++) jbzi_hash_round(v);
    return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/*==== MARK: 8 HTTP - implementation =========================================*/

/* A piece of the request head. NULL: not there. The byte behind it belongs to the head too; who has no more questions to this
   room may put a NUL there to have a C string. */
typedef struct jbzi_http_str {
    char  *p;
    size_t n;
} jbzi_http_str;

typedef enum jbzi_http_method { JBZI_HTTP_OTHER, JBZI_HTTP_GET, JBZI_HTTP_HEAD, JBZI_HTTP_OPTIONS } jbzi_http_method;

/* The headers that are understood. Up to JBZI_HTTP_ONCE each may come once and its value is kept; the others are lists, which
   may go on in further headers of the same name. */
enum {
    JBZI_HTTP_HOST, JBZI_HTTP_ORIGIN, JBZI_HTTP_AUTH, JBZI_HTTP_LENGTH, JBZI_HTTP_KEY, JBZI_HTTP_VERSION, JBZI_HTTP_ONCE,
    JBZI_HTTP_UPGRADE = JBZI_HTTP_ONCE, JBZI_HTTP_CONNECTION, JBZI_HTTP_PROTOCOL, JBZI_HTTP_CODING, JBZI_HTTP_UNKNOWN
};

typedef struct jbzi_http_req {
    const char *why;                     /* one English sentence for whichever status is set, static */
    int status;                          /* 0, or 400 or 431: the request as such is refused */
    int ws_status;                       /* 0, or 426 or 400: it is no WebSocket handshake */
    jbzi_http_method method;
    bool upgrade;                        /* Upgrade lists websocket: the peer wants one, rightly or not */
    bool connection;                     /* Connection lists upgrade */
    jbzi_http_str path, query;           /* as sent; the query starts behind the '?' */
    jbzi_http_str authority;             /* of an absolute-form target */
    jbzi_http_str field[JBZI_HTTP_ONCE]; /* [JBZI_HTTP_HOST] ... */
    char *protocols;                     /* the first Sec-WebSocket-Protocol line, NULL: none */
    jbzi_http_str lines;                 /* all header lines, each with its CRLF */
} jbzi_http_req;

/*---- bytes and words ----*/

/* RFC 9110 5.6.2 */
static bool jbzi_http_tchar(char ch) {
    static const uint32_t set[8] = { 0, 0x03ff6cfau, 0xc7fffffeu, 0x57ffffffu, 0, 0, 0, 0 };
    unsigned char c = (unsigned char)ch;
    return (set[c >> 5] >> (c & 31)) & 1;
}

/* Whether `a` is `lower`, which has letters in lower case only, with its own letters in any case: a letter is known by 0x40,
   and where there is one, 0x20 does not matter. */
static bool jbzi_http_same(const char *a, const char *lower, size_t n) {
    const size_t wide = sizeof(jbzi_word);
    size_t i = 0;
    while (n - i >= wide) {
        jbzi_word l = jbzi_base_load(lower + i);
        if ((jbzi_base_load(a + i) ^ l) & ~((l & JBZI_ONES * 0x40) >> 1)) return false;
        if (i == n - wide) return true;
        i = i + wide > n - wide ? n - wide : i + wide; /* the last word ends with the text */
    }
    for (; i < n; i++)
        if ((a[i] ^ lower[i]) & ~((lower[i] & 0x40) >> 1)) return false;
    return true;
}

/* Both in any case. */
static bool jbzi_http_alike(const char *a, const char *b, size_t n) {
    for (; n; n--, a++, b++) {
        int letter = *a | 0x20;
        if (*a != *b && (letter < 'a' || letter > 'z' || letter != (*b | 0x20))) return false;
    }
    return true;
}

static bool jbzi_http_is(jbzi_http_str s, const char *word) { return s.n == strlen(word) && memcmp(s.p, word, s.n) == 0; }

/* Whether `s` can be a subprotocol or another token (RFC 9110 5.6.2). */
static bool jbzi_http_is_token(const char *s) {
    const char *p = s;
    while (jbzi_http_tchar(*p)) p++;
    return p > s && *p == 0;
}

/* Steps through a comma list between *p and `end`; empty items are passed over (RFC 9110 5.6.1). False: no more. */
static bool jbzi_http_item(char **p, const char *end, jbzi_http_str *item) {
    char *q = *p;
    while (q < end && (*q == ',' || *q == ' ' || *q == '\t')) q++;
    item->p = q;
    while (q < end && *q != ',') q++;
    *p = q;
    item->n = (size_t)(q - item->p);
    while (item->n && (item->p[item->n - 1] == ' ' || item->p[item->n - 1] == '\t')) item->n--;
    return item->n != 0;
}

static bool jbzi_http_lists(jbzi_http_str value, const char *word) {
    const char *end = value.p + value.n;
    jbzi_http_str item;
    size_t n = strlen(word);
    while (jbzi_http_item(&value.p, end, &item))
        if (item.n == n && jbzi_http_same(item.p, word, n)) return true;
    return false;
}

/*---- finding the end of the head ----*/

/* True when these first bytes are no request and nothing that follows can change that: a method of up to 16 capitals, a blank,
   and the '/' of a path or the h of http:// is what they must be. */
static bool jbzi_http_hopeless(const char *p, size_t n) {
    size_t i = 0;
    while (i < n && i <= 16 && p[i] >= 'A' && p[i] <= 'Z') i++;
    if (i == n && i <= 16) return false;
    if (i == 0 || i > 16 || p[i] != ' ') return true;
    return ++i < n && p[i] != '/' && (p[i] | 0x20) != 'h';
}

/* Looks for the end of the head in the `n` bytes there are so far. *scanned is 0 at first and remembers where to go on, so
   bytes may come one by one. 0: read on. 200: the head is complete, *scanned bytes long. 400, 431: refuse, *why says why. */
static int jbzi_http_scan(const char *p, size_t n, size_t max, size_t *scanned, const char **why) {
    size_t at = *scanned, end = n < max ? n : max;
    const char *lf;
    *why = "This is not an HTTP request.";
    if (at < 32 && jbzi_http_hopeless(p, n)) return 400;
    while (at < end && (lf = (const char *)memchr(p + at, '\n', end - at)) != NULL) {
        at = (size_t)(lf - p) + 1;
        *why = "A line does not end in CR LF.";
        if (lf[-1] != '\r') return 400; /* what is not hopeless has no line feed in its first 3 bytes */
        *scanned = at;
        if (lf[-2] == '\n') return 200;
    }
    *scanned = end;
    *why = "The request head is too long.";
    return n >= max ? 431 : 0;
}

/*---- parsing it ----*/

static bool jbzi_http_bad(jbzi_http_req *r, const char *why) {
    r->why = why;
    return false;
}

/* Only a path and a query are accepted, or both behind http:// and the name that Host must repeat (RFC 9112 3.2.2). */
static bool jbzi_http_target(jbzi_http_req *r, char **at) {
    char *p = *at;
    if (jbzi_http_same(p, "http://", 7)) { /* stops at a mismatch, and a head ends in 4 bytes that do not match */
        r->authority.p = p += 7;
        while (*p > ' ' && *p < 0x7f && *p != '/' && *p != '?') p++;
        r->authority.n = (size_t)(p - r->authority.p);
    }
    if (*p != '/') return jbzi_http_bad(r, "The request target is not a path.");
    r->path.p = p;
    while (*p > ' ' && *p < 0x7f && *p != '?' && *p != '#') p++;
    r->path.n = (size_t)(p - r->path.p);
    if (*p == '?') {
        r->query.p = ++p;
        while (*p > ' ' && *p < 0x7f && *p != '#') p++;
        r->query.n = (size_t)(p - r->query.p);
    }
    if (*p != ' ') return jbzi_http_bad(r, "The request target has a bad byte or a fragment.");
    *at = p;
    return true;
}

static bool jbzi_http_first_line(jbzi_http_req *r, char **at, const char *end) {
    jbzi_http_str m;
    char *p = *at;
    while (*p >= 'A' && *p <= 'Z') p++;
    m.p = *at;
    m.n = (size_t)(p - *at);
    if (m.n == 0 || *p != ' ') return jbzi_http_bad(r, "This is not an HTTP request.");
    if (jbzi_http_is(m, "GET")) r->method = JBZI_HTTP_GET;
    else if (jbzi_http_is(m, "HEAD")) r->method = JBZI_HTTP_HEAD;
    else if (jbzi_http_is(m, "OPTIONS")) r->method = JBZI_HTTP_OPTIONS;
    p++;
    if (!jbzi_http_target(r, &p)) return false;
    if (end - p < 11 || memcmp(p, " HTTP/1.1\r\n", 11) != 0) return jbzi_http_bad(r, "Only HTTP/1.1 is served.");
    *at = p + 11;
    return true;
}

/* The first byte that no header value may hold: the CR behind it, or a control. Whole words as long as they are harmless. */
static char *jbzi_http_value_end(char *p, const char *end) {
    while ((size_t)(end - p) >= sizeof(jbzi_word)) {
        jbzi_word w = jbzi_base_load(p), low = (w - JBZI_ONES * 0x20) & ~w, del = (w & JBZI_ONES * 0x7f) + JBZI_ONES;
        if ((low | del) & JBZI_ONES * 0x80) break; /* false alarms only above a true one, or for 0xff */
        p += sizeof(jbzi_word);
    }
    while (((unsigned char)*p >= ' ' && *p != 0x7f) || *p == '\t') p++; /* the head's last CR stops it */
    return p;
}

/* Their names: length, number in the enum, text; the shortest first. */
static const char jbzi_http_names[] =
    "\4" "\0" "host" "\6" "\1" "origin" "\7" "\6" "upgrade" "\12" "\7" "connection" "\15" "\2" "authorization"
    "\16" "\3" "content-length" "\21" "\4" "sec-websocket-key" "\21" "\11" "transfer-encoding"
    "\25" "\5" "sec-websocket-version" "\26" "\10" "sec-websocket-protocol";

static int jbzi_http_known(const char *name, size_t n) {
    const char *k = jbzi_http_names;
    for (; *k && (size_t)*k <= n; k += *k + 2)
        if ((size_t)*k == n && jbzi_http_same(name, k + 2, n)) return k[1];
    return JBZI_HTTP_UNKNOWN;
}

/* Takes in one header. */
static bool jbzi_http_field(jbzi_http_req *r, int id, jbzi_http_str value) {
    if (id < JBZI_HTTP_ONCE) {
        if (r->field[id].p) return jbzi_http_bad(r, "A header is there twice.");
        r->field[id] = value;
        if (id == JBZI_HTTP_LENGTH && !jbzi_http_is(value, "0")) return jbzi_http_bad(r, "Requests must not have a body.");
    } else if (id == JBZI_HTTP_UPGRADE) {
        r->upgrade = r->upgrade || jbzi_http_lists(value, "websocket");
    } else if (id == JBZI_HTTP_CONNECTION) {
        r->connection = r->connection || jbzi_http_lists(value, "upgrade");
    } else if (id == JBZI_HTTP_CODING) {
        return jbzi_http_bad(r, "Requests must not have a body.");
    }
    return true;
}

/* One header line (RFC 9112 5): *at moves behind its CRLF. */
static bool jbzi_http_line(jbzi_http_req *r, char **at, const char *end) {
    char *name = *at, *p = (char *)memchr(name, ':', (size_t)(end - name));
    jbzi_http_str value;
    int id = p ? jbzi_http_known(name, (size_t)(p - name)) : JBZI_HTTP_UNKNOWN;
    if (id == JBZI_HTTP_UNKNOWN)
        for (p = name; jbzi_http_tchar(*p);) p++;
    if (p == name || *p != ':') return jbzi_http_bad(r, "A header line is malformed.");
    do p++; while (*p == ' ' || *p == '\t');
    value.p = p;
    p = jbzi_http_value_end(p, end);
    if (p[0] != '\r' || p[1] != '\n') return jbzi_http_bad(r, "A header value has a control character.");
    *at = p + 2;
    while (p > value.p && (p[-1] == ' ' || p[-1] == '\t')) p--;
    value.n = (size_t)(p - value.p);
    if (id == JBZI_HTTP_PROTOCOL && !r->protocols) r->protocols = name;
    return jbzi_http_field(r, id, value);
}

/* A Host must be there and look like one; an absolute-form target must name the same (we are nobody's proxy). */
static bool jbzi_http_check_host(jbzi_http_req *r) {
    jbzi_http_str h = r->field[JBZI_HTTP_HOST], a = r->authority;
    size_t i;
    if (h.n == 0) return jbzi_http_bad(r, "The Host header is missing.");
    for (i = 0; i < h.n; i++)
        if (!jbzi_http_tchar(h.p[i]) && h.p[i] != ':' && h.p[i] != '[' && h.p[i] != ']')
            return jbzi_http_bad(r, "The Host header is malformed.");
    if (a.p && (a.n != h.n || !jbzi_http_alike(a.p, h.p, a.n))) return jbzi_http_bad(r, "The target is on another host.");
    return true;
}

/* Is it a handshake (RFC 6455 4.2.1)? The answer to a wrong version is 426 too (4.2.2). */
static void jbzi_http_judge(jbzi_http_req *r) {
    jbzi_http_str key = r->field[JBZI_HTTP_KEY];
    uint8_t nonce[16];
    size_t n = 0;
    r->ws_status = 426;
    r->why = "This is a WebSocket server.";
    if (!r->upgrade) return;
    r->why = "Only Sec-WebSocket-Version 13 is served.";
    if (!jbzi_http_is(r->field[JBZI_HTTP_VERSION], "13")) return;
    r->ws_status = 400;
    r->why = "A WebSocket handshake is a GET.";
    if (r->method != JBZI_HTTP_GET) return;
    r->why = "Connection does not list Upgrade.";
    if (!r->connection) return;
    r->why = "Sec-WebSocket-Key is not base64 of 16 bytes.";
    if (!jbzi_hash_decode64(nonce, sizeof nonce, key.p, key.n, &n) || n != sizeof nonce) return;
    r->why = "A WebSocket handshake has no Content-Length.";
    if (r->field[JBZI_HTTP_LENGTH].p) return;
    r->ws_status = 0;
    r->why = "";
}

/* Parses a head as jbzi_http_scan() delimits it. Returns r->status: 0, or 400 or 431 with r->why; r->method is right even
   then, if the first line was. The pieces in *r point into `head`. */
static int jbzi_http_parse(jbzi_http_req *r, char *head, size_t n, unsigned max_headers) {
    char *p = head, *end = head + n;
    unsigned count = 0;
    memset(r, 0, sizeof *r);
    r->status = 400;
    r->why = "The request head is incomplete.";
    if (n < 4 || memcmp(end - 4, "\r\n\r\n", 4) != 0) return 400; /* what stops all loops below */
    if (!jbzi_http_first_line(r, &p, end)) return 400;
    r->lines.p = p;
    for (; p < end - 2; count++) {
        if (count == max_headers) {
            r->why = "The request has too many headers.";
            return r->status = 431;
        }
        if (!jbzi_http_line(r, &p, end)) return 400;
    }
    r->lines.n = (size_t)(p - r->lines.p);
    if (!jbzi_http_check_host(r)) return 400;
    jbzi_http_judge(r);
    return r->status = 0;
}

/*---- what the policies ask ----*/

/* The value of the header after *at (NULL at first) that is called `name`, any case; p NULL: there is none. *at moves on. */
static jbzi_http_str jbzi_http_next(const jbzi_http_req *r, const char *name, char **at) {
    char *p = *at ? *at : r->lines.p, *end = r->lines.p + r->lines.n, *eol;
    size_t n = strlen(name);
    jbzi_http_str v = { NULL, 0 };
    for (; p < end && !v.p; p = eol + 2) {
        eol = (char *)memchr(p, '\r', (size_t)(end - p));
        if ((size_t)(eol - p) <= n || p[n] != ':' || !jbzi_http_alike(p, name, n)) continue;
        v.p = p + n + 1;
        while (*v.p == ' ' || *v.p == '\t') v.p++;
        v.n = (size_t)(eol - v.p);
        while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t')) v.n--;
    }
    *at = p;
    return v;
}

/* Whether a subprotocol is offered, compared exactly (RFC 6455 11.3.4). */
static bool jbzi_http_offers(const jbzi_http_req *r, const char *token) {
    jbzi_http_str v, item;
    char *at = r->protocols;
    while (at && (v = jbzi_http_next(r, "sec-websocket-protocol", &at)).p) {
        const char *end = v.p + v.n;
        while (jbzi_http_item(&v.p, end, &item))
            if (jbzi_http_is(item, token)) return true;
    }
    return false;
}

static size_t jbzi_http_no_port(const char *p, size_t n) {
    if (n > 3 && memcmp(p + n - 3, ":80", 3) == 0) return n - 3;
    return n > 4 && memcmp(p + n - 4, ":443", 4) == 0 ? n - 4 : n;
}

/* Whether Origin is absent or this very host: the text behind "://" is Host, ASCII case folded, without default ports. The
   scheme is not compared, TLS may end in front of us. Compared whole: "http://host.evil" is not "host". */
static bool jbzi_http_same_origin(const jbzi_http_req *r) {
    jbzi_http_str o = r->field[JBZI_HTTP_ORIGIN], h = r->field[JBZI_HTTP_HOST];
    size_t i = 0, n;
    if (!o.p) return true;
    while (i < o.n && o.p[i] != ':') i++;
    if (o.n - i < 3 || memcmp(o.p + i, "://", 3) != 0) return false;
    i += 3;
    n = jbzi_http_no_port(o.p + i, o.n - i);
    return n > 0 && n == jbzi_http_no_port(h.p, h.n) && jbzi_http_alike(o.p + i, h.p, n);
}

/* Whether Origin is `allowed`: "*" is any, all else is compared whole, ASCII case folded ("null" too must be said). */
static bool jbzi_http_origin_is(const jbzi_http_req *r, const char *allowed) {
    jbzi_http_str o = r->field[JBZI_HTTP_ORIGIN];
    if (strcmp(allowed, "*") == 0) return true;
    return o.p && o.n == strlen(allowed) && jbzi_http_alike(o.p, allowed, o.n);
}

/* The longest "user:password" that can be asked for; jambonz itself sends 89 characters at most. */
#define JBZI_HTTP_AUTH_MAX 255

/* Whether the request carries these Basic credentials (RFC 7617). Compared as one text, in constant time. */
static bool jbzi_http_basic(const jbzi_http_req *r, const char *user_colon_pass) {
    jbzi_http_str a = r->field[JBZI_HTTP_AUTH];
    uint8_t plain[JBZI_HTTP_AUTH_MAX];
    size_t n = 0, skip = 6;
    if (a.n <= skip || !jbzi_http_same(a.p, "basic ", skip)) return false;
    while (a.p[skip] == ' ') skip++;
    if (!jbzi_hash_decode64(plain, sizeof plain, a.p + skip, a.n - skip, &n)) return false;
    return jbzi_hash_equal(plain, n, user_colon_pass, strlen(user_colon_pass));
}

/*---- answers ----*/

typedef struct jbzi_http_out {
    char  *p;
    size_t n, cap; /* both 0: it did not fit */
} jbzi_http_out;

static void jbzi_http_put(jbzi_http_out *o, const char *s, size_t n) {
    if (n > o->cap - o->n) {
        o->n = o->cap = 0;
    } else if (n) {
        memcpy(o->p + o->n, s, n);
        o->n += n;
    }
}

static JBZI_NOINLINE void jbzi_http_puts(jbzi_http_out *o, const char *s) { jbzi_http_put(o, s, strlen(s)); }

/* Writes the 101 (RFC 6455 4.2.2). `protocol`: the app's own spelling of what was chosen, NULL: none. Returns its length, 0
   if it does not fit into `cap`. */
static size_t jbzi_http_101(char *buf, size_t cap, const jbzi_http_req *r, const char *protocol) {
    jbzi_http_out o = { NULL, 0, 0 };
    char accept[28];
    o.p = buf;
    o.cap = cap;
    jbzi_hash_accept(r->field[JBZI_HTTP_KEY].p, accept);
    jbzi_http_puts(&o, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Accept: ");
    jbzi_http_put(&o, accept, sizeof accept);
    if (protocol) {
        jbzi_http_puts(&o, "\r\nSec-WebSocket-Protocol: ");
        jbzi_http_puts(&o, protocol);
    }
    jbzi_http_puts(&o, "\r\n\r\n");
    return o.n;
}

/* Status lines with the headers that belong to them (RFC 9110 11.6.1, 10.2.1, 15.5.22). */
static const char jbzi_http_lines[] = "200 OK\0" "400 Bad Request\0"
    "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"jambonz\"\0" "403 Forbidden\0" "404 Not Found\0"
    "405 Method Not Allowed\r\nAllow: GET, HEAD\0"
    "426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\0"
    "431 Request Header Fields Too Large\0" "503 Service Unavailable\0";

/* What jbzi_http_answer() may be told; in any mix. */
#define JBZI_HTTP_NO_BODY 1u /* the request was a HEAD */
#define JBZI_HTTP_KEEP    2u /* without Connection: close */
#define JBZI_HTTP_OPTS    4u /* a 405 says that OPTIONS is served here */

/* Writes a whole answer: 3-digit `status`, body of `body_n` bytes, `type` of it (NULL: text/plain, then a line end is added),
   `extra` header lines of our own, each with its CRLF (NULL: none). Returns its length, 0 if it does not fit into `cap`. */
static size_t jbzi_http_answer(char *buf, size_t cap, int status, const char *type, const char *body, size_t body_n,
                               const char *extra, unsigned how) {
    jbzi_http_out o = { NULL, 0, 0 };
    const char *line = jbzi_http_lines;
    char num[24];
    o.p = buf;
    o.cap = cap;
    (void)jbzi_base_decimal(num, (uint64_t)status);
    while (*line && memcmp(line, num, 3) != 0) line += strlen(line) + 1;
    jbzi_http_puts(&o, "HTTP/1.1 ");
    jbzi_http_puts(&o, *line ? line : num);
    if (!*line) jbzi_http_puts(&o, " ");
    if (status == 405 && (how & JBZI_HTTP_OPTS)) jbzi_http_puts(&o, ", OPTIONS");
    if (!(how & JBZI_HTTP_KEEP)) jbzi_http_puts(&o, "\r\nConnection: close");
    jbzi_http_puts(&o, "\r\nContent-Type: ");
    jbzi_http_puts(&o, type ? type : "text/plain");
    if (!(how & JBZI_HTTP_NO_BODY)) { /* RFC 9110 8.6: may be left out where there is no content */
        jbzi_http_puts(&o, "\r\nContent-Length: ");
        (void)jbzi_base_decimal(num, (uint64_t)body_n + (type ? 0 : 1));
        jbzi_http_puts(&o, num);
    }
    jbzi_http_puts(&o, "\r\n");
    if (extra) jbzi_http_puts(&o, extra);
    jbzi_http_puts(&o, "\r\n");
    if (how & JBZI_HTTP_NO_BODY) return o.n;
    jbzi_http_put(&o, body, body_n);
    if (!type) jbzi_http_puts(&o, "\n");
    return o.n;
}

/*==== MARK: 9 WS - implementation ===========================================*/

enum { JBZI_WS_CONT = 0, JBZI_WS_TEXT = 1, JBZI_WS_BINARY = 2, JBZI_WS_CLOSE = 8, JBZI_WS_PING = 9, JBZI_WS_PONG = 10 };

/* Why a header is refused; all of them fail the connection with 1002. */
#define JBZI_WS_BAD_BITS    (-1)
#define JBZI_WS_BAD_OPCODE  (-2)
#define JBZI_WS_BAD_ORDER   (-3)
#define JBZI_WS_BAD_CONTROL (-4)
#define JBZI_WS_BAD_MASK    (-5)
#define JBZI_WS_BAD_LENGTH  (-6)

/* The longest header a client sends, and the room that jbzi_ws_put_head() needs in front of a payload. */
#define JBZI_WS_HEAD_MAX 14
#define JBZI_WS_GAP      10

typedef struct jbzi_ws_frame {
    uint64_t len;    /* of the payload, below 2^63 */
    uint32_t mask;   /* as it lies in memory */
    uint8_t  opcode;
    bool     fin;
} jbzi_ws_frame;

/* In words, for the log and the Close frame's reason. */
static const char *jbzi_ws_why(int bad) {
    static const char text[6][20] = { "reserved bit set", "reserved opcode", "opcode out of order", "bad control frame",
        "frame not masked", "bad frame length" };
    return text[-1 - bad];
}

/* What may be wrong with the first byte (RFC 6455 5.2, 5.4, 5.5); 0: nothing. */
static int jbzi_ws_first(unsigned b, bool in_message) {
    unsigned op = b & 15;
    if (b & 0x70) return JBZI_WS_BAD_BITS;
    if (!((0x0707u >> op) & 1)) return JBZI_WS_BAD_OPCODE;
    if (op >= 8) return b & 0x80 ? 0 : JBZI_WS_BAD_CONTROL;
    return (op == JBZI_WS_CONT) == in_message ? 0 : JBZI_WS_BAD_ORDER;
}

/* Decodes the header of a client's frame. `in_message`: a fragmented message has begun and not ended. Returns the header's
   length, 6 to 14, and sets *f; 0: more bytes are needed; negative: refuse with 1002, jbzi_ws_why() says why. */
static int jbzi_ws_head(const uint8_t *p, size_t n, bool in_message, jbzi_ws_frame *f) {
    size_t more, i; /* bytes of a longer length */
    uint64_t len;
    int bad;
    if (n == 0) return 0;
    bad = jbzi_ws_first(p[0], in_message);
    if (JBZI_UNLIKELY(bad)) return bad;
    if (n < 2) return 0;
    if (JBZI_UNLIKELY(p[1] < 0x80)) return JBZI_WS_BAD_MASK;
    len = p[1] & 0x7fu;
    more = len < 126 ? 0 : len == 126 ? 2 : 8;
    if (more) {
        if (p[0] & 8) return JBZI_WS_BAD_CONTROL;
        if (more == 8 && n > 2 && p[2] > 0x7f) return JBZI_WS_BAD_LENGTH;
        if (n < 2 + more) return 0;
        len = (uint64_t)p[2] << 8 | p[3];
        for (i = 2; JBZI_UNLIKELY(i < more); i++) len = len << 8 | p[2 + i];
        if (len < (more == 2 ? 126u : 0x10000u)) return JBZI_WS_BAD_LENGTH;
    }
    if (n < 6 + more) return 0;
    memcpy(&f->mask, p + 2 + more, 4);
    f->len = len;
    f->opcode = p[0] & 15;
    f->fin = p[0] >= 0x80;
    return (int)(6 + more);
}

/* Whether `len` more bytes keep a message of `have` within `max`. Nothing is added: sums wrap, differences of these do not. */
static bool jbzi_ws_fits(uint64_t have, uint64_t len, uint64_t max) { return have <= max && len <= max - have; }

/* The mask for what follows `n` bytes. */
static uint32_t jbzi_ws_turn(uint32_t mask, size_t n) {
    uint32_t twice[2];
    twice[0] = twice[1] = mask;
    memcpy(&mask, (const char *)twice + (n & 3), 4);
    return mask;
}

/* Four vectors per turn, where size does not count for more. */
#ifdef __OPTIMIZE_SIZE__
#define JBZI_WS_BY_FOUR 0
#else
#define JBZI_WS_BY_FOUR 1
#endif

/* One vector of a mask, and of payload; the rest of the room does not know how wide it is. */
#if defined(JBZI_SSE2)
typedef __m128i jbzi_ws_vec;
JBZI_INLINE jbzi_ws_vec jbzi_ws_load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
JBZI_INLINE void jbzi_ws_store(uint8_t *p, jbzi_ws_vec v) { _mm_storeu_si128((__m128i *)(void *)p, v); }
JBZI_INLINE jbzi_ws_vec jbzi_ws_spread(uint32_t mask) { return _mm_set1_epi32((int)mask); }
JBZI_INLINE jbzi_ws_vec jbzi_ws_xor(jbzi_ws_vec a, jbzi_ws_vec b) { return _mm_xor_si128(a, b); }
JBZI_INLINE jbzi_ws_vec jbzi_ws_or(jbzi_ws_vec a, jbzi_ws_vec b) { return _mm_or_si128(a, b); }
JBZI_INLINE bool jbzi_ws_high(jbzi_ws_vec v) { return _mm_movemask_epi8(v) != 0; }
#elif defined(JBZI_NEON)
typedef uint8x16_t jbzi_ws_vec;
JBZI_INLINE jbzi_ws_vec jbzi_ws_load(const uint8_t *p) { return vld1q_u8(p); }
JBZI_INLINE void jbzi_ws_store(uint8_t *p, jbzi_ws_vec v) { vst1q_u8(p, v); }
JBZI_INLINE jbzi_ws_vec jbzi_ws_spread(uint32_t mask) { return vreinterpretq_u8_u32(vdupq_n_u32(mask)); }
JBZI_INLINE jbzi_ws_vec jbzi_ws_xor(jbzi_ws_vec a, jbzi_ws_vec b) { return veorq_u8(a, b); }
JBZI_INLINE jbzi_ws_vec jbzi_ws_or(jbzi_ws_vec a, jbzi_ws_vec b) { return vorrq_u8(a, b); }
JBZI_INLINE bool jbzi_ws_high(jbzi_ws_vec v) { return vmaxvq_u8(v) > 0x7f; }
#else
typedef jbzi_word jbzi_ws_vec;
JBZI_INLINE jbzi_ws_vec jbzi_ws_load(const uint8_t *p) { return jbzi_base_load(p); }
JBZI_INLINE void jbzi_ws_store(uint8_t *p, jbzi_ws_vec v) { jbzi_base_store(p, v); }
JBZI_INLINE jbzi_ws_vec jbzi_ws_spread(uint32_t mask) { return (jbzi_word)-1 / 0xffffffffu * mask; }
JBZI_INLINE jbzi_ws_vec jbzi_ws_xor(jbzi_ws_vec a, jbzi_ws_vec b) { return a ^ b; }
JBZI_INLINE jbzi_ws_vec jbzi_ws_or(jbzi_ws_vec a, jbzi_ws_vec b) { return a | b; }
JBZI_INLINE bool jbzi_ws_high(jbzi_ws_vec v) { return (v & JBZI_ONES * 0x80) != 0; }
#endif

/* What the two functions below do; `look` is known when this is compiled. */
JBZI_INLINE bool jbzi_ws_unmask_as(void *dst, const void *src, size_t n, uint32_t mask, bool look) {
    const size_t wide = sizeof(jbzi_ws_vec);
    uint8_t *d = (uint8_t *)dst;
    const uint8_t *s = (const uint8_t *)src;
    jbzi_ws_vec m = jbzi_ws_spread(mask), seen = jbzi_ws_xor(m, m);
    uint8_t key[4], rest = 0;
    uint32_t w, words = 0;
    size_t i;
    for (; JBZI_WS_BY_FOUR && n >= 4 * wide; n -= 4 * wide, s += 4 * wide, d += 4 * wide) {
        jbzi_ws_vec a = jbzi_ws_xor(jbzi_ws_load(s), m), b = jbzi_ws_xor(jbzi_ws_load(s + wide), m);
        jbzi_ws_vec e = jbzi_ws_xor(jbzi_ws_load(s + 2 * wide), m), f = jbzi_ws_xor(jbzi_ws_load(s + 3 * wide), m);
        jbzi_ws_store(d, a);
        jbzi_ws_store(d + wide, b);
        jbzi_ws_store(d + 2 * wide, e);
        jbzi_ws_store(d + 3 * wide, f);
        if (look) seen = jbzi_ws_or(jbzi_ws_or(seen, jbzi_ws_or(a, b)), jbzi_ws_or(e, f));
    }
    for (; n >= wide; n -= wide, s += wide, d += wide) {
        jbzi_ws_vec a = jbzi_ws_xor(jbzi_ws_load(s), m);
        jbzi_ws_store(d, a);
        if (look) seen = jbzi_ws_or(seen, a);
    }
    for (; n >= 4; n -= 4, s += 4, d += 4) {
        memcpy(&w, s, 4);
        w ^= mask;
        memcpy(d, &w, 4);
        words |= w;
    }
    memcpy(key, &mask, 4);
    for (i = 0; i < n; i++) rest = (uint8_t)(rest | (d[i] = (uint8_t)(s[i] ^ key[i])));
    return !jbzi_ws_high(seen) && !(words & 0x80808080u) && rest < 0x80;
}

/* Unmasks `n` bytes from `src` to `dst`, the same or one that does not begin inside `src` (RFC 6455 5.3). Returns whether they
   turned out to be ASCII: then nobody needs to look for UTF-8 in them. When a payload comes in pieces, jbzi_ws_turn() the
   mask behind each. */
static bool jbzi_ws_unmask(void *dst, const void *src, size_t n, uint32_t mask) {
    return jbzi_ws_unmask_as(dst, src, n, mask, true);
}

/* The same for a whole message where it lies: who reads it looks at every byte anyway. */
static void jbzi_ws_unmask_here(void *p, size_t n, uint32_t mask) {
#ifdef __OPTIMIZE_SIZE__
    (void)jbzi_ws_unmask(p, p, n, mask);
#else
    (void)jbzi_ws_unmask_as(p, p, n, mask, false);
#endif
}

/* Writes the header of an unfragmented, unmasked frame right in front of its payload; returns how long it is (2, 4 or 10). */
static size_t jbzi_ws_put_head(uint8_t *payload, unsigned opcode, size_t n) {
    unsigned k;
    if (n < 126) {
        payload[-2] = (uint8_t)(0x80 | opcode);
        payload[-1] = (uint8_t)n;
        return 2;
    }
    if (n < 0x10000) {
        payload[-4] = (uint8_t)(0x80 | opcode);
        payload[-3] = 126;
        payload[-2] = (uint8_t)(n >> 8);
        payload[-1] = (uint8_t)n;
        return 4;
    }
    payload[-10] = (uint8_t)(0x80 | opcode);
    payload[-9] = 127;
    for (k = 0; k < 8; k++) payload[(int)k - 8] = (uint8_t)((uint64_t)n >> (56 - 8 * k));
    return 10;
}

/* Writes a Close frame: `dst` must hold 4 bytes and the reason, of which 123 bytes are sent or a character less. `code`
   JBZ_CLOSE_NO_CODE: an empty one. Returns its length. */
static size_t jbzi_ws_put_close(uint8_t *dst, unsigned code, const char *reason) {
    size_t n = strlen(reason);
    if (n > 123)
        for (n = 123; n && ((unsigned char)reason[n] & 0xc0) == 0x80;) n--; /* not inside a character */
    dst[0] = 0x80 | JBZI_WS_CLOSE;
    dst[1] = 0;
    if (code == JBZ_CLOSE_NO_CODE) return 2;
    dst[1] = (uint8_t)(n + 2);
    dst[2] = (uint8_t)(code >> 8);
    dst[3] = (uint8_t)code;
    memcpy(dst + 4, reason, n);
    return n + 4;
}

/* Codes that a peer may send (RFC 6455 7.4.1, 7.4.2, and the later ones of IANA's registry). */
static bool jbzi_ws_code_ok(unsigned code) {
    if (code < 1000 || code > 4999) return false;
    return code >= 3000 || code <= 1003 || (code >= 1007 && code <= 1014);
}

/* Judges the payload of a Close frame. Returns 0 and its code (JBZ_CLOSE_NO_CODE if it is empty), or what to fail with. */
static unsigned jbzi_ws_get_close(const uint8_t *p, size_t n, unsigned *code) {
    uint32_t utf8 = 0;
    *code = JBZ_CLOSE_NO_CODE;
    if (n == 0) return 0;
    if (n == 1) return JBZ_CLOSE_PROTOCOL;
    *code = (unsigned)p[0] << 8 | p[1];
    if (!jbzi_ws_code_ok(*code)) return JBZ_CLOSE_PROTOCOL;
    return jbzi_utf8_feed(&utf8, p + 2, n - 2) && utf8 == 0 ? 0 : JBZ_CLOSE_BAD_UTF8;
}

/*==== MARK: 10 CONN - implementation ========================================
 *
 *   HTTP --request--> OPEN --our Close--> CLOSING --their Close--> LINGER --flushed--> DEAD --transport closed--> FREE
 *     |                 |                    |                       ^
 *     +--- refused -----+--- their Close, a broken rule -------------+         (and DEAD from anywhere when the peer is gone)
 *
 * In LINGER nothing that comes is looked at any more: what was sent is flushed, our half is closed, and the peer's end is
 * waited for, so that a refusal or Close frame is not lost to a reset; but not for long, and not for many bytes.
 */

#define JBZI_CONN_NONE 0u               /* links are slot + 1 */
#define JBZI_WHEEL_SLOTS 256u
#define JBZI_WHEEL_SHIFT 5u             /* a slot is 32 ms, a turn 8 s */
#define JBZI_WHEEL_HEAD  0x80000000u    /* in `prev`: first of that slot's list */
#define JBZI_WHEEL_IDLE 60000u          /* ms that are waited when nothing is due at all */
#define JBZI_LINGER_BYTES (256u * 1024u) /* read and thrown away before the connection is cut */
#define JBZI_STARVED_MS 250u            /* how long a message may wait for memory before the greediest connection goes */

/* One thing that happens later. Connections and calls have one each and keep in it the earliest of their deadlines. */
typedef struct jbzi_timer { uint32_t next, prev, due; } jbzi_timer;

typedef enum jbzi_conn_state {
    JBZI_CONN_FREE, JBZI_CONN_HTTP, JBZI_CONN_OPEN, JBZI_CONN_CLOSING, JBZI_CONN_LINGER, JBZI_CONN_DEAD
} jbzi_conn_state;

enum { /* what a connection turned out to be (room 11 decides) */
    JBZI_CONN_UNBOUND,   /* a jambonz socket that has not named its call yet */
    JBZI_CONN_CONTROL,   /* where a call takes commands */
    JBZI_CONN_NOTIFIER,  /* where a call tells its status */
    JBZI_CONN_SPENT,     /* its call is over, or has a newer socket: what still comes is ignored */
    JBZI_CONN_RAW,       /* no jambonz subprotocol */
    JBZI_CONN_AUDIO
};

enum { /* flags of a connection */
    JBZI_CONN_EOF     = 1,    /* the peer ended, or the transport failed */
    JBZI_CONN_TOLD    = 2,    /* its end was reported */
    JBZI_CONN_GONE    = 4,    /* the transport is closed */
    JBZI_CONN_DONE    = 8,    /* nothing more is awaited from the peer: close once flushed */
    JBZI_CONN_FIN     = 16,   /* the current frame ends its message */
    JBZI_CONN_OPAQUE  = 32,   /* `out` begins with something else than a whole frame: an HTTP answer, the rest of a long one */
    JBZI_CONN_STARVED = 64,   /* not read for want of memory */
    JBZI_CONN_READY   = 128,  /* in the list of those to be looked at without new bytes */
    JBZI_CONN_CHANGED = 256,  /* in the list of those whose transport has something to do */
    JBZI_CONN_KEEP    = 1024, /* in LINGER, our half stays open */
    JBZI_CONN_SPOKE   = 4096, /* room 11: a message came (audio sockets) */
    JBZI_CONN_REJOINS = 2048, /* room 11: a session:reconnect came that named no call */
    JBZI_CONN_FAVOUR  = 512   /* may use the reserve: jambonz waits for an answer (kept by room 11) */
};

struct jbz_conn {
    struct jbzi_net *net;
    jbzi_blk  *in;            /* payload of an incomplete message, unmasked */
    jbzi_blk  *raw;           /* received, not looked at: half a header, half a control frame, or all while paused */
    jbzi_blk  *out;           /* not yet taken by the transport, whole frames; `aux` bytes of the first are sent */
    uint32_t   place;         /* in the core's array */
    uint32_t   gen;           /* grows each time the place is reused */
    uint32_t   next;          /* in the free or the ready list */
    uint32_t   next_changed;
    jbzi_timer timer;
    uint32_t   heard_at;      /* ms, when bytes came last */
    uint32_t   since;         /* ms, when the state was entered, or the starving began */
    uint32_t   left;          /* payload bytes of the current frame still to come; in LINGER bytes thrown away */
    uint32_t   mask;          /* turned to the next byte; before the first frame: ms, when it was accepted */
    uint32_t   utf8;          /* room 1's state in the current text */
    uint32_t   call;          /* room 11's: its call, slot + 1; of an audio socket what only that has */
    uint16_t   app;           /* room 11's */
    uint16_t   code;          /* close code, once there is one */
    uint16_t   flags;
    uint8_t    state;
    uint8_t    kind;          /* room 11's: control, notifier, raw, audio */
    uint8_t    opcode;        /* of the message begun, 0: none */
    uint8_t    pings;         /* unanswered */
};

/* What all connections of a core share. A jbz_core starts with it. */
typedef struct jbzi_net {
    jbz_error  error;
    jbz_server_desc desc;     /* with defaults resolved */
    jbz_stats  stats;
    jbzi_pool  pool;
    uint64_t   now64;         /* ms; `now` is its lower half, in which deadlines are compared by difference */
    uint32_t   now;
    char      *rx;            /* desc.receive bytes and one: the receive buffer */
    size_t     rx_at, rx_end; /* what of it is still to be looked at ... */
    jbz_conn  *rx_conn;       /* ... and whose it is */
    char      *text, *nul_at; /* the current message, if it lies in rx; behind it a NUL in place of `nul_was` */
    char       nul_was;
    bool       tx_busy;       /* a message is being composed in tx */
    jbzi_blk  *spent;         /* the current message, if it came in pieces; given back at the next pull */
    uint8_t   *tx;            /* JBZI_WS_GAP + max_out + 1 bytes: where messages are composed */
    jbz_conn  *conns;
    uint32_t   conns_used;    /* places ever used; the others were never touched */
    uint32_t   conns_free, ready, ready_last, changed;
    jbzi_timer *timers[2];    /* of the first connection, of the first call ... */
    size_t     stride[2];     /* ... and how far to the next */
    uint32_t   wheel[JBZI_WHEEL_SLOTS];
    uint32_t   wheel_bits[JBZI_WHEEL_SLOTS / 32]; /* which of them hold anything */
    uint32_t   wheel_at;      /* the slot looked at last, counted since the beginning */
    uint32_t   expired;       /* list of timers that ran out */
    uint32_t   log_second, log_lines, log_left_out;
    /* Sends what it can at once: how many bytes were taken, SIZE_MAX if the transport is broken. NULL: they wait in `out`. */
    size_t   (*write)(struct jbzi_net *net, jbz_conn *c, const void *bytes, size_t n);
} jbzi_net;

/*---- log, rate limited ----*/

static void jbzi_conn_log(jbzi_net *net, jbz_log_item item, const char *detail) {
    uint32_t second = (uint32_t)(net->now64 / 1000);
    if (!jbzi_base_logs(&net->desc.log, item)) return;
    if (second != net->log_second) {
        if (net->log_left_out) {
            char num[24];
            jbzi_base_decimal(num, net->log_left_out);
            jbzi_base_log(&net->desc.log, JBZ_LINE_SUPPRESSED, num);
        }
        net->log_second = second;
        net->log_lines = net->log_left_out = 0;
    }
    if (net->log_lines++ < 50) jbzi_base_log(&net->desc.log, item, detail);
    else net->log_left_out++;
}

/*---- the wheel ----*/

static jbzi_timer *jbzi_conn_timer(const jbzi_net *net, uint32_t id) {
    return (jbzi_timer *)(void *)((char *)net->timers[id & 1] + (id >> 1) * net->stride[id & 1]);
}

/* Sets the head of a list: of a wheel slot's, or (slot JBZI_WHEEL_SLOTS) of that of the expired ones. */
static void jbzi_conn_timer_head(jbzi_net *net, uint32_t slot, uint32_t link) {
    uint32_t bit = 1u << (slot & 31);
    if (slot == JBZI_WHEEL_SLOTS) { net->expired = link; return; }
    net->wheel[slot] = link;
    net->wheel_bits[slot >> 5] = link ? net->wheel_bits[slot >> 5] | bit : net->wheel_bits[slot >> 5] & ~bit;
}

static void jbzi_conn_timer_clear(jbzi_net *net, uint32_t id) {
    jbzi_timer *t = jbzi_conn_timer(net, id);
    if (!t->prev) return;
    if (t->next) jbzi_conn_timer(net, t->next - 1)->prev = t->prev;
    if (t->prev & JBZI_WHEEL_HEAD) jbzi_conn_timer_head(net, t->prev & ~JBZI_WHEEL_HEAD, t->next);
    else jbzi_conn_timer(net, t->prev - 1)->next = t->next;
    t->next = t->prev = 0;
}

static void jbzi_conn_timer_list(jbzi_net *net, uint32_t id, uint32_t slot) {
    jbzi_timer *t = jbzi_conn_timer(net, id);
    t->next = slot == JBZI_WHEEL_SLOTS ? net->expired : net->wheel[slot];
    t->prev = JBZI_WHEEL_HEAD + slot;
    if (t->next) jbzi_conn_timer(net, t->next - 1)->prev = id + 1;
    jbzi_conn_timer_head(net, slot, id + 1);
}

/* Timer `id` runs out `ms` from now; what it was set to before is forgotten. Whole slots: up to 32 ms late, never early. */
static void jbzi_conn_timer_set(jbzi_net *net, uint32_t id, uint32_t ms) {
    jbzi_timer *t = jbzi_conn_timer(net, id);
    uint32_t slot;
    jbzi_conn_timer_clear(net, id);
    t->due = net->now + ms;
    slot = (t->due >> JBZI_WHEEL_SHIFT) + 1;
    jbzi_conn_timer_list(net, id, slot & (JBZI_WHEEL_SLOTS - 1));
}

/* As jbzi_conn_timer_set, unless it runs out sooner anyway. */
static void jbzi_conn_timer_by(jbzi_net *net, uint32_t id, uint32_t ms) {
    const jbzi_timer *t = jbzi_conn_timer(net, id);
    if (!t->prev || (int32_t)(t->due - (net->now + ms)) > 0) jbzi_conn_timer_set(net, id, ms);
}

/* Moves on to `now_ms`: timers that are due go to the list of expired ones. A turn of the wheel at the most, however much
   time has passed. */
static void jbzi_conn_wheel_turn(jbzi_net *net, uint64_t now_ms) {
    uint32_t to = (uint32_t)(now_ms >> JBZI_WHEEL_SHIFT) & (UINT32_MAX >> JBZI_WHEEL_SHIFT), id, next, steps;
    net->now64 = now_ms;
    net->now = (uint32_t)now_ms;
    steps = (to - net->wheel_at) & (UINT32_MAX >> JBZI_WHEEL_SHIFT);
    if (steps > JBZI_WHEEL_SLOTS) steps = JBZI_WHEEL_SLOTS;
    for (; steps; steps--) {
        for (id = net->wheel[(to - steps + 1) & (JBZI_WHEEL_SLOTS - 1)]; id; id = next) {
            next = jbzi_conn_timer(net, id - 1)->next;
            if ((int32_t)(jbzi_conn_timer(net, id - 1)->due - net->now) > 0) continue;
            jbzi_conn_timer_clear(net, id - 1);
            jbzi_conn_timer_list(net, id - 1, JBZI_WHEEL_SLOTS);
        }
    }
    net->wheel_at = to;
}

/* Milliseconds until the wheel should turn again: to the next slot that holds anything, JBZI_WHEEL_IDLE if none does. */
static uint32_t jbzi_conn_wheel_wait(const jbzi_net *net) {
    uint32_t first = net->wheel_at + 1, i, bits, slot;
    if (net->expired) return 0;
    for (i = 0; i <= JBZI_WHEEL_SLOTS / 32; i++) { /* the first word once more at last, for its lower bits */
        slot = (first & (JBZI_WHEEL_SLOTS - 1)) / 32 + i;
        bits = net->wheel_bits[slot % (JBZI_WHEEL_SLOTS / 32)];
        if (i == 0) bits &= UINT32_MAX << (first & 31);
        if (!bits) continue;
        slot = slot * 32 + jbzi_base_ctz(bits);
        slot = (slot - first) & (JBZI_WHEEL_SLOTS - 1);
        return ((slot + 1) << JBZI_WHEEL_SHIFT) - (net->now & ((1u << JBZI_WHEEL_SHIFT) - 1));
    }
    return JBZI_WHEEL_IDLE;
}

/*---- lists and states ----*/

JBZ_API uint32_t jbz_conn_slot(const jbz_conn *c) { return c->place; }

static uint32_t jbzi_conn_timer_id(const jbz_conn *c) { return jbz_conn_slot(c) * 2; }

/* The transport should look at `c`. */
static void jbzi_conn_changed(jbz_conn *c) {
    if (c->flags & JBZI_CONN_CHANGED) return;
    c->flags |= JBZI_CONN_CHANGED;
    c->next_changed = c->net->changed;
    c->net->changed = jbz_conn_slot(c) + 1;
}

/* The next pull should look at `c` though no bytes came. First come, first served. */
static void jbzi_conn_ready(jbz_conn *c) {
    jbzi_net *net = c->net;
    uint32_t link = jbz_conn_slot(c) + 1;
    if (c->flags & JBZI_CONN_READY) return;
    c->flags |= JBZI_CONN_READY;
    c->next = JBZI_CONN_NONE;
    if (net->ready) net->conns[net->ready_last - 1].next = link;
    else net->ready = link;
    net->ready_last = link;
}

static jbz_conn *jbzi_conn_ready_pop(jbzi_net *net) {
    jbz_conn *c;
    if (!net->ready) return NULL;
    c = &net->conns[net->ready - 1];
    net->ready = c->next;
    c->flags &= (uint16_t)~JBZI_CONN_READY;
    return c;
}

static void jbzi_conn_enter(jbz_conn *c, jbzi_conn_state state) {
    jbzi_net *net = c->net;
    c->state = (uint8_t)state;
    c->since = net->now;
    c->flags &= (uint16_t)~JBZI_CONN_STARVED;
    if (state >= JBZI_CONN_LINGER) {
        jbzi_buf_drop(&net->pool, &c->in);
        jbzi_buf_drop(&net->pool, &c->raw);
        c->left = 0;
        jbzi_conn_ready(c);
    }
    jbzi_conn_timer_set(net, jbzi_conn_timer_id(c), state == JBZI_CONN_HTTP ? net->desc.handshake_ms :
                        state == JBZI_CONN_OPEN ? net->desc.ping_ms : net->desc.close_ms);
    jbzi_conn_changed(c);
}

/* The connection is over as far as the peer is concerned; `code` is what its end is reported with. */
static void jbzi_conn_dead(jbz_conn *c, int code) {
    if (c->state == JBZI_CONN_DEAD) return;
    if (!c->code) c->code = (uint16_t)code;
    jbzi_conn_enter(c, JBZI_CONN_DEAD);
}

JBZ_API jbz_conn *jbz_conn_open(jbz_core *core) {
    jbzi_net *net = (jbzi_net *)(void *)core; /* a core starts with it */
    jbz_conn *c;
    uint32_t gen, next_changed = 0;
    uint16_t changed = 0;
    if (net->conns_free) {
        c = &net->conns[net->conns_free - 1];
        net->conns_free = c->next;
        gen = c->gen;
        changed = c->flags & JBZI_CONN_CHANGED; /* still in that list */
        next_changed = c->next_changed;
    } else {
        if (net->conns_used == net->desc.max_conns) return NULL;
        c = &net->conns[net->conns_used++];
        gen = 0;
    }
    memset(c, 0, sizeof *c);
    c->net = net;
    c->place = (uint32_t)(c - net->conns);
    c->gen = gen + 1;
    c->flags = changed;
    c->next_changed = next_changed;
    c->heard_at = c->mask = net->now;
    net->stats.conns++;
    jbzi_conn_enter(c, JBZI_CONN_HTTP);
    return c;
}

/* The place is free again when both sides know: the transport has closed, and the end was reported. */
static void jbzi_conn_release(jbz_conn *c) {
    jbzi_net *net = c->net;
    if ((c->flags & (JBZI_CONN_GONE | JBZI_CONN_TOLD)) != (JBZI_CONN_GONE | JBZI_CONN_TOLD)) return;
    if ((c->flags & JBZI_CONN_READY) || net->rx_conn == c) return;
    jbzi_buf_drop(&net->pool, &c->in);
    jbzi_buf_drop(&net->pool, &c->raw);
    jbzi_buf_drop(&net->pool, &c->out);
    jbzi_conn_timer_clear(net, jbzi_conn_timer_id(c));
    c->state = JBZI_CONN_FREE;
    c->next = net->conns_free;
    net->conns_free = jbz_conn_slot(c) + 1;
    net->stats.conns--;
}

JBZ_API void jbz_conn_closed(jbz_conn *c) {
    if (c->state == JBZI_CONN_FREE) return;
    c->flags |= JBZI_CONN_GONE | JBZI_CONN_EOF;
    jbzi_conn_dead(c, JBZ_CLOSE_LOST);
    jbzi_conn_release(c);
}

JBZ_API void jbz_conn_eof(jbz_conn *c) {
    if (c->state == JBZI_CONN_FREE || (c->flags & JBZI_CONN_EOF)) return;
    c->flags |= JBZI_CONN_EOF;
    jbzi_conn_ready(c);
    jbzi_conn_changed(c);
}

JBZ_API jbz_conn *jbz_core_changed(jbz_core *core) {
    jbzi_net *net = (jbzi_net *)(void *)core;
    jbz_conn *c;
    while (net->changed) {
        c = &net->conns[net->changed - 1];
        net->changed = c->next_changed;
        c->flags &= (uint16_t)~JBZI_CONN_CHANGED;
        if (c->state != JBZI_CONN_FREE && !(c->flags & JBZI_CONN_GONE)) return c;
    }
    return NULL;
}

/*---- bytes out ----*/

/* No connection's spills may be more than a quarter of the pool, or one message where that is more. */
static size_t jbzi_conn_quota(const jbzi_net *net) {
    size_t quarter = net->pool.limit / 4, message = (size_t)net->desc.max_message + 32;
    return quarter > message ? quarter : message;
}

/* What may wait in `out` when `n` bytes come to it: out_spill, or one message whatever its size. */
static size_t jbzi_conn_out_max(const jbz_conn *c, size_t n) {
    size_t max = c->net->desc.out_spill;
    return c->out || n < max ? max : n;
}

static bool jbzi_conn_favoured(const jbz_conn *c) { return (c->flags & JBZI_CONN_FAVOUR) != 0; }

/* What the transport did not take of `n` bytes waits in `out`. */
static JBZI_NOINLINE jbz_err jbzi_conn_spill(jbz_conn *c, const void *bytes, size_t n, size_t taken) {
    jbzi_net *net = c->net;
    if (taken == SIZE_MAX) { /* kept whole: a call that comes back gets it then */
        jbz_conn_eof(c);
        taken = 0;
    }
    if (!jbzi_buf_append(&net->pool, &c->out, bytes, n, jbzi_conn_out_max(c, n), jbzi_conn_favoured(c))) {
        if (taken) jbzi_conn_dead(c, JBZ_CLOSE_TRY_LATER); /* half a frame is out: nothing can follow it */
        return jbzi_buf_left(c->out) + n > net->desc.out_spill && c->out ? JBZ_E_FULL : JBZ_E_NOMEM;
    }
    if (taken) c->out->aux = (uint32_t)taken;
    jbzi_conn_changed(c);
    return JBZ_E_OK;
}

/* Passes whole bytes to the transport, what that does not take to `out`. All or nothing, and nothing behind a Close (5.5.1). */
static jbz_err jbzi_conn_write(jbz_conn *c, const void *bytes, size_t n) {
    size_t taken = 0;
    if (c->state > JBZI_CONN_OPEN || (c->flags & JBZI_CONN_EOF)) return JBZ_E_GONE;
    if (c->net->write && !c->out && JBZI_LIKELY((taken = c->net->write(c->net, c, bytes, n)) == n)) return JBZ_E_OK;
    return jbzi_conn_spill(c, bytes, n, taken);
}

static void jbzi_conn_trace(const jbz_conn *c, bool out, int type, const void *bytes, size_t n) {
    const jbz_server_desc *d = &c->net->desc;
    if (JBZI_UNLIKELY(d->trace != NULL)) d->trace(c, out, type, bytes, n, d->user);
}

/* Sends one frame whose payload has JBZI_WS_GAP bytes to spare in front. */
static jbz_err jbzi_conn_frame(jbz_conn *c, unsigned opcode, uint8_t *payload, size_t n) {
    size_t head = jbzi_ws_put_head(payload, opcode, n);
    jbz_err err = jbzi_conn_write(c, payload - head, head + n);
    if (err == JBZ_E_OK) jbzi_conn_trace(c, true, (int)opcode, payload, n);
    return err;
}

JBZ_API size_t jbz_conn_pending(jbz_conn *c, const void **bytes) {
    if (!c->out) return 0;
    *bytes = jbzi_buf_data(c->out) + c->out->aux;
    return jbzi_buf_left(c->out) - c->out->aux;
}

/* The length of the frame of ours that starts at `p`. */
static size_t jbzi_conn_frame_size(const uint8_t *p) {
    size_t len = p[1], i;
    if (len < 126) return 2 + len;
    for (i = len == 126 ? 4 : 10, len = 0; i > 2; i--) len |= (size_t)p[i - 1] << 8 * ((p[1] == 126 ? 4 : 10) - i);
    return len + (p[1] == 126 ? 4 : 10);
}

JBZ_API void jbz_conn_sent(jbz_conn *c, size_t n) {
    jbzi_blk *out = c->out;
    size_t size;
    if (!out) return;
    out->aux += (uint32_t)n;
    while (!(c->flags & JBZI_CONN_OPAQUE) && jbzi_buf_left(out)) { /* forget the frames that are out whole */
        size = jbzi_conn_frame_size((const uint8_t *)jbzi_buf_data(out));
        if (size > out->aux) break;
        out->off += (uint32_t)size;
        out->aux -= (uint32_t)size;
    }
    if (jbzi_buf_left(out) > out->aux) return;
    jbzi_buf_drop(&c->net->pool, &c->out);
    c->flags &= (uint16_t)~JBZI_CONN_OPAQUE;
    if (c->raw || c->state >= JBZI_CONN_LINGER) jbzi_conn_ready(c);
    jbzi_conn_changed(c);
}

/* Lets the transport take what it will of `out`. */
static void jbzi_conn_flush(jbz_conn *c) {
    const void *bytes = NULL;
    size_t n, taken;
    while (c->net->write && (n = jbz_conn_pending(c, &bytes)) != 0) {
        taken = c->net->write(c->net, c, bytes, n);
        if (taken == SIZE_MAX) { jbz_conn_eof(c); return; }
        jbz_conn_sent(c, taken);
        if (taken < n) return;
    }
}

/* A message too long for the out-buffer: straight from the app's memory, the rest of it to `out`. */
static jbz_err jbzi_conn_send_long(jbz_conn *c, const uint8_t *head, size_t head_n, const uint8_t *bytes, size_t n) {
    jbzi_net *net = c->net;
    size_t head_taken = 0, taken = 0, rest;
    if (net->write && !c->out) {
        head_taken = net->write(net, c, head, head_n);
        if (head_taken == head_n) taken = net->write(net, c, bytes, n);
        if (head_taken == SIZE_MAX || taken == SIZE_MAX) { jbz_conn_eof(c); return JBZ_E_GONE; }
    }
    rest = head_n - head_taken + n - taken;
    if (rest == 0) return JBZ_E_OK;
    if (!jbzi_buf_room(&net->pool, &c->out, rest, jbzi_conn_out_max(c, rest), jbzi_conn_favoured(c))) {
        if (head_taken) jbzi_conn_dead(c, JBZ_CLOSE_TRY_LATER); /* nothing can follow half a frame */
        return c->out ? JBZ_E_FULL : JBZ_E_NOMEM;
    }
    if (head_taken) c->flags |= JBZI_CONN_OPAQUE;
    jbzi_buf_append(&net->pool, &c->out, head + head_taken, head_n - head_taken, SIZE_MAX, false);
    jbzi_buf_append(&net->pool, &c->out, bytes + taken, n - taken, SIZE_MAX, false);
    jbzi_conn_changed(c);
    return JBZ_E_OK;
}

JBZ_API jbz_err jbz_conn_send(jbz_conn *c, int type, const void *bytes, size_t n) {
    jbzi_net *net;
    uint8_t head[JBZI_WS_GAP];
    size_t size;
    jbz_err err;
    if (type != JBZ_TEXT && type != JBZ_BINARY) return JBZ_E_ARG;
    if (n > UINT32_MAX / 2) return JBZ_E_TOO_BIG;
    if (!c || c->state != JBZI_CONN_OPEN || (c->flags & JBZI_CONN_EOF)) return JBZ_E_GONE;
    net = c->net;
    if (JBZI_UNLIKELY(n > net->desc.max_out) && c->kind < JBZI_CONN_RAW) return JBZ_E_TOO_BIG;
    net->stats.messages_out++;
    if (net->nul_at && bytes == net->text && n <= (size_t)(net->nul_at - net->text)) /* back as it came: there was a longer */
        return jbzi_conn_frame(c, (unsigned)type, (uint8_t *)net->text, n);          /* header in front of it than ours is */
    if (JBZI_LIKELY(n <= net->desc.max_out && !net->tx_busy)) {
        if (n) memcpy(net->tx + JBZI_WS_GAP, bytes, n);
        return jbzi_conn_frame(c, (unsigned)type, net->tx + JBZI_WS_GAP, n);
    }
    size = jbzi_ws_put_head(head + JBZI_WS_GAP, (unsigned)type, n);
    err = jbzi_conn_send_long(c, head + JBZI_WS_GAP - size, size, (const uint8_t *)bytes, n);
    if (err == JBZ_E_OK) jbzi_conn_trace(c, true, type, bytes, n);
    return err;
}

/*---- closing ----*/

/* Starts our half of the close handshake, if it is open still. */
static void jbzi_conn_close(jbz_conn *c, int code, const char *reason) {
    uint8_t frame[JBZI_WS_GAP + 125];
    size_t n = jbzi_ws_put_close(frame, (unsigned)code, reason ? reason : "");
    if (jbzi_conn_write(c, frame, n) == JBZ_E_OK) jbzi_conn_trace(c, true, JBZI_WS_CLOSE, frame + 2, n - 2);
    if (c->state != JBZI_CONN_OPEN) return;
    c->code = (uint16_t)code;
    jbzi_conn_enter(c, JBZI_CONN_CLOSING);
}

JBZ_API jbz_err jbz_conn_drop(jbz_conn *c, int code, const char *reason) {
    if (code < 0 || !jbzi_ws_code_ok((unsigned)code)) return JBZ_E_ARG;
    if (!c || c->state != JBZI_CONN_OPEN) return JBZ_E_GONE;
    if (code == JBZ_CLOSE_NORMAL && c->kind == JBZI_CONN_CONTROL) return JBZ_E_STATE;
    jbzi_conn_close(c, code, reason);
    return JBZ_E_OK;
}

/* The peer broke a rule (RFC 6455 7.1.7): Close with `code`, look at nothing more. */
static void jbzi_conn_fail(jbz_conn *c, int code, const char *why) {
    jbzi_note note;
    jbz_log_item item = code == JBZ_CLOSE_TOO_BIG ? JBZ_LINE_TOO_BIG : code == JBZ_CLOSE_BAD_UTF8 ? JBZ_LINE_BAD_UTF8 :
                        code == JBZ_CLOSE_TRY_LATER ? JBZ_LINE_NO_MEMORY : JBZ_LINE_PROTOCOL;
    note.n = 0;
    jbzi_base_note(&note, why, NULL, 0);
    jbzi_base_note_number(&note, ", connection ", jbz_conn_slot(c));
    jbzi_conn_log(c->net, item, note.text);
    c->net->stats.failed++;
    if (c->state == JBZI_CONN_OPEN) jbzi_conn_close(c, code, why);
    if (c->state != JBZI_CONN_DEAD) jbzi_conn_enter(c, JBZI_CONN_LINGER);
}

/* A Close frame came (RFC 6455 5.5.1): echo its code, or take it as the answer to ours. Then the server ends TCP (7.1.1). */
static void jbzi_conn_got_close(jbz_conn *c, const uint8_t *p, size_t n) {
    unsigned code, bad = jbzi_ws_get_close(p, n, &code);
    if (bad) { jbzi_conn_fail(c, (int)bad, "malformed Close frame"); return; }
    if (c->state == JBZI_CONN_OPEN) {
        jbzi_conn_close(c, (int)code, NULL);
        c->code = (uint16_t)code;
    }
    if (c->state == JBZI_CONN_DEAD) return;
    c->flags |= JBZI_CONN_DONE;
    jbzi_conn_enter(c, c->out ? JBZI_CONN_LINGER : JBZI_CONN_DEAD);
}

/*---- bytes in ----*/

static bool jbzi_conn_paused(const jbz_conn *c) {
    if (c->flags & JBZI_CONN_EOF) return false; /* nothing more can be sent, what came is still told */
    return (c->flags & JBZI_CONN_OPAQUE) || jbzi_buf_left(c->out) > c->net->desc.out_spill / 2;
}

/* Whether one receive of any size finds memory for what it may leave behind. */
static bool jbzi_conn_ample(const jbzi_pool *p) {
    return p->used < p->limit / 2 && (p->listed >> p->top || (p->alloc && !p->chunk[p->chunks - 1]));
}

/* How many bytes may be received for `c` so that they can be put aside whatever they turn out to be. */
static size_t jbzi_conn_room(const jbz_conn *c) {
    const jbzi_pool *p = &c->net->pool;
    size_t have = jbzi_buf_left(c->in), n, quota = jbzi_conn_quota(c->net);
    if (JBZI_LIKELY(jbzi_conn_ample(p))) return c->net->desc.receive;
    n = jbzi_buf_available(p, jbzi_conn_favoured(c));
    if (n > quota) n = quota;
    n = n > have ? n - have : 0;
    if (c->in && jbzi_buf_cap(c->in) - c->in->len > n) n = jbzi_buf_cap(c->in) - c->in->len;
    return n > 4 ? n - 4 : 0; /* a NUL behind the message, or carried PCM */
}

/* Puts aside what was received for the current connection and not looked at. */
static void jbzi_conn_settle(jbzi_net *net) {
    jbz_conn *c = net->rx_conn;
    size_t n = net->rx_end - net->rx_at;
    net->rx_conn = NULL;
    if (n && c->state <= JBZI_CONN_CLOSING
        && !jbzi_buf_append(&net->pool, &c->raw, net->rx + net->rx_at, n, SIZE_MAX, jbzi_conn_favoured(c)))
        jbzi_conn_fail(c, JBZ_CLOSE_TRY_LATER, "no memory for what was received");
    jbzi_conn_release(c);
}

/* The message of the last event is no longer needed. */
static void jbzi_conn_forget(jbzi_net *net) {
    if (net->nul_at) *net->nul_at = net->nul_was;
    net->nul_at = NULL;
    if (JBZI_UNLIKELY(net->spent != NULL)) jbzi_buf_drop(&net->pool, &net->spent);
}

/* Makes `c` the one whose bytes are in the receive buffer: those that were put aside come first. */
static void jbzi_conn_load(jbz_conn *c) {
    jbzi_net *net = c->net;
    if (net->rx_conn == c) return;
    if (net->rx_conn) {
        jbz_conn *before = net->rx_conn;
        jbzi_conn_settle(net);
        if (before->raw) jbzi_conn_ready(before); /* nobody has looked at it yet */
    }
    jbzi_conn_forget(net);
    net->rx_conn = c;
    net->rx_at = net->rx_end = 0;
    if (JBZI_LIKELY(!c->raw)) return;
    net->rx_end = jbzi_buf_left(c->raw);
    memcpy(net->rx, jbzi_buf_data(c->raw), net->rx_end);
    jbzi_buf_drop(&net->pool, &c->raw);
}

static void jbzi_conn_starve(jbz_conn *c) {
    if (c->state == JBZI_CONN_CLOSING) { jbzi_conn_dead(c, JBZ_CLOSE_LOST); return; } /* not worth the waiting */
    c->flags |= JBZI_CONN_STARVED;
    c->since = c->net->now;
    jbzi_conn_timer_set(c->net, jbzi_conn_timer_id(c), 50);
    jbzi_conn_changed(c);
}

/* The usual: open, and nothing stands in the way of the next message. */
JBZI_INLINE bool jbzi_conn_flows(const jbz_conn *c) {
    return c->state == JBZI_CONN_OPEN && !c->out && !(c->flags & (JBZI_CONN_EOF | JBZI_CONN_STARVED | JBZI_CONN_READY));
}
static bool jbzi_conn_reads(const jbz_conn *c) { return jbzi_conn_flows(c) || jbz_conn_wants(c) & JBZ_WANT_READ; }

/* Where received bytes go. What is thrown away needs no room. */
static char *jbzi_conn_place(jbz_conn *c, size_t *room) {
    jbzi_net *net = c->net;
    size_t n, left;
    *room = 0;
    if (net->nul_at || net->spent) return net->rx; /* the message of an event lies where bytes would go */
    if (JBZI_LIKELY(jbzi_conn_flows(c) && !c->raw && !net->rx_conn && jbzi_conn_ample(&net->pool))) {
        net->rx_conn = c;
        net->rx_at = net->rx_end = 0;
        *room = net->desc.receive;
        return net->rx;
    }
    if (!jbzi_conn_reads(c)) return net->rx;
    n = JBZI_UNLIKELY(c->state >= JBZI_CONN_LINGER) ? net->desc.receive : jbzi_conn_room(c);
    if (JBZI_UNLIKELY(n == 0)) { jbzi_conn_starve(c); return net->rx; }
    jbzi_conn_load(c);
    left = net->desc.receive - net->rx_end;
    *room = left < n ? left : n;
    return net->rx + net->rx_end;
}

JBZ_API void *jbz_conn_buffer(jbz_conn *c, size_t *room) { return jbzi_conn_place(c, room); }

/* `n` bytes came to the place above. */
static void jbzi_conn_took(jbz_conn *c, size_t n) {
    if (JBZI_UNLIKELY(c->state >= JBZI_CONN_LINGER)) { /* thrown away, up to a limit */
        if (n > JBZI_LINGER_BYTES - c->left) jbzi_conn_dead(c, JBZ_CLOSE_LOST);
        else c->left += (uint32_t)n;
        return;
    }
    c->heard_at = c->net->now;
    c->pings = 0;
    c->net->rx_end += n;
}

JBZ_API size_t jbz_conn_feed(jbz_conn *c, const void *bytes, size_t n) {
    jbzi_net *net = c->net;
    size_t room;
    if (c->state == JBZI_CONN_FREE) return n;
    if (c->state < JBZI_CONN_LINGER && (net->rx_conn != c || bytes != net->rx + net->rx_end)) {
        char *to = jbzi_conn_place(c, &room);
        if (n > room) n = room;
        if (n) memcpy(to, bytes, n);
    }
    if (n) jbzi_conn_took(c, n);
    return n;
}

JBZ_API unsigned jbz_conn_wants(const jbz_conn *c) {
    if (JBZI_LIKELY(jbzi_conn_flows(c))) return JBZ_WANT_READ;
    switch ((jbzi_conn_state)c->state) {
    case JBZI_CONN_FREE: return 0;
    case JBZI_CONN_DEAD: return JBZ_WANT_CLOSE;
    case JBZI_CONN_LINGER:
        if (c->flags & JBZI_CONN_EOF) return JBZ_WANT_CLOSE;
        if (c->out) return JBZ_WANT_WRITE;
        if (c->flags & JBZI_CONN_DONE) return JBZ_WANT_CLOSE;
        return c->flags & JBZI_CONN_KEEP ? JBZ_WANT_READ : JBZ_WANT_SHUT | JBZ_WANT_READ;
    default:
        if (c->flags & JBZI_CONN_EOF) return 0;
        if (c->out) return JBZ_WANT_WRITE;
        return c->flags & (JBZI_CONN_STARVED | JBZI_CONN_READY) ? 0 : JBZ_WANT_READ;
    }
}

/*---- requests, frames, messages out of bytes ----*/

typedef enum jbzi_item { JBZI_ITEM_NONE, JBZI_ITEM_REQUEST, JBZI_ITEM_MESSAGE, JBZI_ITEM_CLOSED } jbzi_item;

/* What a connection has to tell. */
typedef struct jbzi_got {
    jbzi_item item;
    jbz_conn *conn;
    int       type;    /* MESSAGE: JBZ_TEXT, JBZ_BINARY */
    bool      checked; /* MESSAGE: text known to be UTF-8 */
    char     *bytes;   /* MESSAGE: with a NUL behind */
    size_t    len;
    jbzi_http_req req; /* REQUEST: answer with jbzi_conn_accept or jbzi_conn_refuse */
} jbzi_got;

/* Sends an HTTP answer and ends the connection, now or (`later`) when the peer or the timer does. */
static void jbzi_conn_refuse(jbz_conn *c, int status, const char *type, const char *body, size_t n, unsigned how) {
    char *buf = (char *)c->net->tx;
    size_t size = jbzi_http_answer(buf, c->net->desc.max_out, status, type, body, n, NULL, how);
    c->net->stats.refused++;
    c->flags |= JBZI_CONN_TOLD | JBZI_CONN_OPAQUE; /* nobody has heard of it yet */
    jbzi_conn_write(c, buf, size);
    if (!c->out) c->flags &= (uint16_t)~JBZI_CONN_OPAQUE;
    if (c->state != JBZI_CONN_DEAD) jbzi_conn_enter(c, JBZI_CONN_LINGER);
}

/* Logs and sends a refusal whose body is its reason. */
static void jbzi_conn_refuse_why(jbz_conn *c, int status, const char *why, const char *path, size_t path_n, unsigned how) {
    jbzi_note note;
    note.n = 0;
    jbzi_base_note_number(&note, "", (uint64_t)status);
    jbzi_base_note(&note, " ", why, strlen(why));
    jbzi_base_note(&note, ", path ", path, path_n);
    jbzi_conn_log(c->net, JBZ_LINE_REFUSED, note.text);
    jbzi_conn_refuse(c, status, NULL, why, strlen(why), how);
}

/* Sends the 101; frames may follow. */
static void jbzi_conn_accept(jbz_conn *c, const jbzi_http_req *req, const char *protocol) {
    char *buf = (char *)c->net->tx;
    size_t n = jbzi_http_101(buf, c->net->desc.max_out, req, protocol);
    c->flags |= JBZI_CONN_OPAQUE;
    if (jbzi_conn_write(c, buf, n) != JBZ_E_OK) jbzi_conn_dead(c, JBZ_CLOSE_TRY_LATER);
    if (!c->out) c->flags &= (uint16_t)~JBZI_CONN_OPAQUE;
    if (c->state == JBZI_CONN_DEAD) return;
    c->net->stats.accepted++;
    jbzi_conn_enter(c, JBZI_CONN_OPEN);
}

/* A complete request head, or a reason to refuse one. */
static bool jbzi_conn_request(jbz_conn *c, jbzi_got *got) {
    jbzi_net *net = c->net;
    char *p = net->rx + net->rx_at;
    size_t n = net->rx_end - net->rx_at, scanned = c->left;
    const char *why = "";
    int status;
    if (n == 0) return false;
    status = jbzi_http_scan(p, n, net->desc.request, &scanned, &why);
    c->left = status ? 0 : (uint32_t)scanned;
    if (status == 0) return false;
    if (status >= 400) { jbzi_conn_refuse_why(c, status, why, NULL, 0, 0); return false; }
    status = jbzi_http_parse(&got->req, p, scanned, net->desc.headers);
    net->rx_at += scanned;
    if (status) { jbzi_conn_refuse_why(c, status, got->req.why, NULL, 0, 0); return false; }
    got->item = JBZI_ITEM_REQUEST;
    return true;
}

/* Puts a NUL behind the message in the receive buffer, remembering what was there: the next frame. */
static void jbzi_conn_terminate(jbzi_net *net, char *text, char *end) {
    net->text = text;
    net->nul_at = end;
    net->nul_was = *end;
    *end = 0;
}

static bool jbzi_conn_deliver(jbz_conn *c, jbzi_got *got, int type, char *bytes, size_t n, bool checked) {
    got->item = JBZI_ITEM_MESSAGE;
    got->type = type;
    got->bytes = bytes;
    got->len = n;
    got->checked = checked;
    c->net->stats.messages_in++;
    jbzi_conn_trace(c, false, type, bytes, n);
    return c->state == JBZI_CONN_OPEN; /* after our Close nothing counts any more */
}

/* A control frame, complete. */
static void jbzi_conn_control(jbz_conn *c, const jbzi_ws_frame *f, uint8_t *p) {
    uint8_t pong[JBZI_WS_GAP + 125];
    size_t n = (size_t)f->len;
    jbzi_ws_unmask(p, p, n, f->mask);
    jbzi_conn_trace(c, false, f->opcode, p, n);
    if (f->opcode == JBZI_WS_CLOSE) jbzi_conn_got_close(c, p, n);
    if (f->opcode != JBZI_WS_PING || c->state != JBZI_CONN_OPEN) return;
    if (n) memcpy(pong + JBZI_WS_GAP, p, n);
    jbzi_conn_frame(c, JBZI_WS_PONG, pong + JBZI_WS_GAP, n); /* RFC 6455 5.5.3: one that finds no room may be left out */
}

/* Takes what has come of the current frame's payload. True when the message is complete. */
static bool jbzi_conn_payload(jbz_conn *c, jbzi_got *got) {
    jbzi_net *net = c->net;
    size_t n = net->rx_end - net->rx_at;
    bool ascii;
    char *to;
    if (n > c->left) n = c->left;
    if (!jbzi_buf_room(&net->pool, &c->in, n + 1, (size_t)net->desc.max_message + 1, jbzi_conn_favoured(c))) {
        jbzi_conn_fail(c, JBZ_CLOSE_TRY_LATER, "no memory for a message in pieces");
        return false;
    }
    to = jbzi_buf_bytes(c->in) + c->in->len;
    ascii = jbzi_ws_unmask(to, net->rx + net->rx_at, n, c->mask);
    c->in->len += (uint32_t)n;
    c->left -= (uint32_t)n;
    c->mask = jbzi_ws_turn(c->mask, n);
    net->rx_at += n;
    if (c->opcode == JBZ_TEXT && (!ascii || c->utf8) && !jbzi_utf8_feed(&c->utf8, to, n)) {
        jbzi_conn_fail(c, JBZ_CLOSE_BAD_UTF8, "not UTF-8");
        return false;
    }
    if (c->left || !(c->flags & JBZI_CONN_FIN)) return false;
    if (c->utf8 && c->kind != JBZI_CONN_AUDIO) { /* there, metadata is cut at a byte (PROTOCOL 6.2) */
        jbzi_conn_fail(c, JBZ_CLOSE_BAD_UTF8, "not UTF-8");
        return false;
    }
    to[n] = 0;
    net->spent = c->in;
    c->in = NULL;
    n = c->opcode;
    c->opcode = 0;
    return jbzi_conn_deliver(c, got, (int)n, jbzi_buf_data(net->spent), jbzi_buf_left(net->spent), true);
}

/* A data frame's header: the whole message in place if it is all there, else its first piece. True: a message. */
static bool jbzi_conn_data(jbz_conn *c, const jbzi_ws_frame *f, jbzi_got *got) {
    jbzi_net *net = c->net;
    char *p = net->rx + net->rx_at;
    if (f->fin && !c->opcode && f->len <= net->rx_end - net->rx_at) {
        size_t n = (size_t)f->len;
        jbzi_ws_unmask_here(p, n, f->mask);
        net->rx_at += n;
        jbzi_conn_terminate(net, p, p + n);
        return jbzi_conn_deliver(c, got, f->opcode, p, n, f->opcode != JBZ_TEXT);
    }
    if (f->opcode != JBZI_WS_CONT) {
        c->opcode = f->opcode;
        c->utf8 = 0;
    }
    c->left = (uint32_t)f->len;
    c->mask = f->mask;
    c->flags = (uint16_t)((c->flags & ~JBZI_CONN_FIN) | (f->fin ? JBZI_CONN_FIN : 0));
    if (f->len == 0 && !f->fin) return false; /* nothing is kept for an empty fragment */
    return jbzi_conn_payload(c, got);
}

/* Frames, up to the first complete message. False: more bytes are needed, or it is over. */
static bool jbzi_conn_frames(jbz_conn *c, jbzi_got *got) {
    jbzi_net *net = c->net;
    jbzi_ws_frame f;
    uint8_t *p;
    size_t n;
    int head;
    while ((c->state == JBZI_CONN_OPEN || c->state == JBZI_CONN_CLOSING) && !jbzi_conn_paused(c)) {
        n = net->rx_end - net->rx_at;
        if (n == 0) return false;
        if (c->left) {
            if (jbzi_conn_payload(c, got)) return true;
            jbzi_conn_forget(net);
            continue;
        }
        p = (uint8_t *)net->rx + net->rx_at;
        head = jbzi_ws_head(p, n, c->opcode != 0, &f);
        if (head == 0) return false;
        if (JBZI_UNLIKELY(head < 0)) {
            jbzi_conn_fail(c, JBZ_CLOSE_PROTOCOL, jbzi_ws_why(head));
        } else if (f.opcode >= JBZI_WS_CLOSE) {
            if (f.len > n - (size_t)head) return false;
            net->rx_at += (size_t)head + (size_t)f.len;
            jbzi_conn_control(c, &f, p + head);
        } else if (!jbzi_ws_fits(jbzi_buf_left(c->in), f.len, net->desc.max_message)) {
            jbzi_conn_fail(c, JBZ_CLOSE_TOO_BIG, "message over max_message");
        } else {
            net->rx_at += (size_t)head;
            if (jbzi_conn_data(c, &f, got)) return true;
            jbzi_conn_forget(net);
        }
    }
    return false;
}

/* One step of the connection whose bytes are in the receive buffer. */
static bool jbzi_conn_step(jbz_conn *c, jbzi_got *got) {
    got->conn = c;
    if (c->state == JBZI_CONN_HTTP && jbzi_conn_request(c, got)) return true;
    if (c->state == JBZI_CONN_OPEN || c->state == JBZI_CONN_CLOSING)
        if (jbzi_conn_frames(c, got)) return true;
    if ((c->flags & JBZI_CONN_EOF) && c->state < JBZI_CONN_DEAD) {
        if (c->state == JBZI_CONN_HTTP) c->flags |= JBZI_CONN_TOLD;
        jbzi_conn_dead(c, JBZ_CLOSE_LOST);
    }
    if (c->state < JBZI_CONN_LINGER || (c->flags & JBZI_CONN_TOLD)) return false;
    c->flags |= JBZI_CONN_TOLD;
    got->item = JBZI_ITEM_CLOSED;
    return true;
}

/* The next thing any connection has to tell. The message before it is forgotten. */
static bool jbzi_conn_pull(jbzi_net *net, jbzi_got *got) {
    jbz_conn *c;
    for (;;) {
        if (!net->rx_conn) {
            c = jbzi_conn_ready_pop(net);
            if (!c) return false;
            jbzi_conn_changed(c);
            jbzi_conn_load(c);
        }
        if (jbzi_conn_step(net->rx_conn, got)) {
            if (net->rx_at == net->rx_end && got->item == JBZI_ITEM_MESSAGE && !(net->rx_conn->flags & JBZI_CONN_EOF))
                net->rx_conn = NULL; /* nothing to put aside, and no end to be told */
            return true;
        }
        jbzi_conn_settle(net);
    }
}

/*---- time ----*/

/* The one whose socket holds most of the pool makes room for the others. */
static void jbzi_conn_evict(jbzi_net *net) {
    jbz_conn *c, *most = NULL;
    size_t n, max = 0;
    for (c = net->conns; c < net->conns + net->conns_used; c++) {
        if (c->state == JBZI_CONN_FREE || c->state >= JBZI_CONN_LINGER) continue;
        n = (c->in ? jbzi_buf_cap(c->in) : 0) + (c->raw ? jbzi_buf_cap(c->raw) : 0) + (c->out ? jbzi_buf_cap(c->out) : 0);
        if (n > max) { max = n; most = c; }
    }
    if (!most) return;
    jbzi_conn_fail(most, JBZ_CLOSE_TRY_LATER, "holds most of an exhausted pool");
    jbzi_conn_dead(most, JBZ_CLOSE_TRY_LATER);
}

static void jbzi_conn_starved(jbz_conn *c) {
    jbzi_net *net = c->net;
    if (jbzi_conn_room(c) == 0 && net->now - c->since >= JBZI_STARVED_MS) {
        c->since = net->now;
        jbzi_conn_evict(net);
    }
    if (c->state >= JBZI_CONN_LINGER) return;
    if (jbzi_conn_room(c) == 0) { jbzi_conn_timer_set(net, jbzi_conn_timer_id(c), 50); return; }
    c->flags &= (uint16_t)~JBZI_CONN_STARVED;
    c->since = net->now;
    jbzi_conn_timer_set(net, jbzi_conn_timer_id(c), c->state != JBZI_CONN_HTTP ? net->desc.ping_ms :
                        net->desc.handshake_ms - (net->now - c->mask)); /* what is left of it */
    jbzi_conn_ready(c);
    jbzi_conn_changed(c);
}

/* Silence: ask whether the peer is still there (RFC 6455 5.5.2), give up after the second question. */
static void jbzi_conn_silent(jbz_conn *c) {
    jbzi_net *net = c->net;
    uint32_t silent = net->now - c->heard_at;
    uint8_t ping[JBZI_WS_GAP];
    if (silent < net->desc.ping_ms) { /* bytes came since the timer was set */
        jbzi_conn_timer_set(net, jbzi_conn_timer_id(c), net->desc.ping_ms - silent);
        return;
    }
    if (c->pings == 2) {
        jbzi_note note;
        note.n = 0;
        jbzi_base_note_number(&note, "connection ", jbz_conn_slot(c));
        jbzi_conn_log(net, JBZ_LINE_DEAD, note.text);
        jbzi_conn_dead(c, JBZ_CLOSE_LOST);
        return;
    }
    c->pings++;
    if (!c->out) jbzi_conn_frame(c, JBZI_WS_PING, ping + JBZI_WS_GAP, 0);
    jbzi_conn_timer_set(net, jbzi_conn_timer_id(c), net->desc.ping_ms);
}

static void jbzi_conn_expired(jbz_conn *c) {
    bool late = c->state == JBZI_CONN_HTTP && c->net->now - c->mask >= c->net->desc.handshake_ms;
    if (c->flags & JBZI_CONN_STARVED && !late) { jbzi_conn_starved(c); return; }
    if (c->state == JBZI_CONN_OPEN) { jbzi_conn_silent(c); return; }
    if (c->state == JBZI_CONN_HTTP) {
        jbzi_conn_log(c->net, JBZ_LINE_NO_REQUEST, "connection dropped");
        c->flags |= JBZI_CONN_TOLD;
        c->net->stats.refused++;
    }
    jbzi_conn_dead(c, JBZ_CLOSE_LOST);
}

/*==== MARK: 11 CALL - implementation ========================================
 *
 *   socket          call                                  what ends it
 *   ------          ----                                  ------------
 *   control  <-->   NEW (session:new not acked)           jbz_hangup_call: redirect to hangup, close_ms: call:status,
 *   notifier  -->   LIVE                                  close_ms: Close 1000
 *   (none)          DETACHED, for resume_ms               Close 1000 or 1001 by jambonz: END at once
 *
 * A message is handled in one pass of jbz_core_next: bind the socket to its call, note what it tells, make it an event. What
 * is left open when the next one is pulled is answered here.
 */

/* Which of a call's deadlines `step_due` is. */
typedef enum jbzi_step {
    JBZI_STEP_NONE,
    JBZI_STEP_RESUME,   /* detached: how long it is kept */
    JBZI_STEP_LINGER,   /* control closed normally, a notifier is still there */
    JBZI_STEP_HOLD,     /* session:new acked just now: commands wait for jambonz to take it in */
    JBZI_STEP_AGAIN,    /* a session:reconnect was acked like a session:new: does anything follow? */
    JBZI_STEP_HANGUP,   /* told to hang up ... */
    JBZI_STEP_STATUS,   /* ... and told once more by call:status */
    JBZI_STEP_CLOSE     /* ... and closed with 1000 */
} jbzi_step;

enum { /* flags of a call */
    JBZI_CALL_INBOUND = 1, JBZI_CALL_OUTBOUND = 2,
    JBZI_CALL_NEW      = 4,    /* the reply to its session:new is open */
    JBZI_CALL_ACKED    = 8,    /* ... was sent */
    JBZI_CALL_FOLLOWED = 16,   /* a message came after that */
    JBZI_CALL_DETACHED = 32,
    JBZI_CALL_TWICE    = 64,   /* was closed with 1012 on purpose: the next session:reconnect is taken as a resume */
    JBZI_CALL_ANEW     = 128,  /* the open reply is one to a session:reconnect */
    JBZI_CALL_HANGUP   = 256,  /* jbz_hangup_call was called */
    JBZI_CALL_ENDED    = 512,  /* END is due or delivered */
    JBZI_CALL_UUID     = 1024, /* `sid` is the call_sid, else it is among the texts */
    JBZI_CALL_TAKEN    = 2048, /* by jbz_server_accept */
    JBZI_CALL_UNTOLD   = 4096, /* END is kept for jbz_wait */
    JBZI_CALL_SPEAKS   = 8192  /* its speech stream is open */
};

/* What only some calls need; in a block of the pool, taken on first use. */
typedef struct jbzi_extra {
    jbzi_blk *slots;           /* deferred replies, newest first */
    jbzi_blk *held, *held_end; /* messages that may not go yet, oldest first */
    jbzi_blk *queue, *queue_end; /* events kept for jbz_wait, oldest first */
    jbzi_blk *texts;           /* records: kind, name, NUL, value, NUL */
    uint32_t  held_bytes, queue_bytes;
    uint32_t  timer_due, timer_tag;
    uint16_t  open;            /* slots */
    bool      timer;
    /* Streamed speech; its code hangs in here, so that apps without it do not have it. `run` is called with an event of a
       message, with an empty one when the time has come, without when messages may go (again). True: the event is for the
       app. */
    bool      speech_timed;
    bool      speech_lost;     /* its last piece never left whole */
    uint32_t  speech_due;
    jbzi_blk *speech, *speech_text;
    bool    (*speech_run)(struct jbz_call *call, struct jbz_event *ev);
} jbzi_extra;

struct jbz_call {
    jbz_core  *core;
    void      *user;
    jbzi_blk  *extra;
    uint8_t    sid[16];
    char       from[16], to[16]; /* not terminated when full */
    uint32_t   gen;
    uint32_t   next;           /* in a hash bucket or the free list; slot + 1 */
    uint32_t   conn;           /* where commands go: the control socket, else a notifier; slot + 1 */
    jbzi_timer timer;
    uint32_t   step_due;
    uint32_t   at;             /* ms: when it was detached, or its session:new acked */
    uint16_t   socks;          /* bound to it */
    uint16_t   app;
    uint16_t   flags;
    uint8_t    step;
    uint8_t    status;         /* index into jbzi_call_statuses */
    uint8_t    reason;         /* of its end */
    uint8_t    model;          /* whose language model the app started last */
};

/* Which message an event or an open jbz_out is about. */
typedef struct jbzi_what {
    uint32_t conn, conn_gen;   /* slot + 1, 0 none */
    uint32_t call, call_gen;
    uint32_t serial, at;
    const char *msgid;
    size_t   n;
    uint8_t  type;             /* jbz_event_type */
    uint8_t  state;
} jbzi_what;
enum { JBZI_WHAT_CLOSED, JBZI_WHAT_OPEN, JBZI_WHAT_LATER }; /* wants no answer any more, wants one, was deferred */

struct jbz_core {
    jbzi_net     net;          /* first, so that a core can be seen as one */
    jbz_app_desc own;          /* app 0 */
    jbz_call    *calls;
    uint32_t     calls_used, calls_free;
    uint32_t    *buckets;
    uint32_t     bucket_mask;
    uint32_t     ended;        /* the call whose END is due: it is told before anything else happens */
    jbz_tok     *toks;
    jbz_doc      doc;
    jbz_msg      msg;
    jbzi_got     got;
    bool         draining, dispatching, quiet;
    bool         begun;        /* an event was told or a message opened: jbzi_call_finish has something to do */
    uint64_t     drain_until;
    jbzi_what    cur;          /* the event being handled */
    jbzi_what    to;           /* whom `out` answers or commands */
    uint32_t     serial;
    uint32_t     ending;       /* call whose END was delivered: to be freed */
    jbzi_blk    *after, *after_end; /* commands made while `out` was open */
    jbz_out      out, dud;     /* the message being composed; one that is born with an error */
    size_t       prefix;       /* bytes of `out` before its data */
    char         scratch[4][56];
    char        *memory;       /* the fixed part */
    size_t       memory_size;
};

static const char *const jbzi_call_statuses[] = {
    "", "trying", "ringing", "early-media", "in-progress", "queued", "failed", "busy", "no-answer", "completed"
};
#define JBZI_CALL_FIRST_OVER 6 /* "failed" and those behind it are the end of a leg */

static const char jbzi_call_decline[] = "[{\"verb\":\"sip:decline\",\"status\":480},{\"verb\":\"hangup\"}]";
static const char jbzi_call_hangup[] = "[{\"verb\":\"hangup\"}]";

static void jbzi_call_copy(jbz_server_desc *to, const jbz_server_desc *from) { if (from) *to = *from; }

static const jbz_app_desc *jbzi_call_app(const jbz_core *core, uint32_t i) {
    return i == 0 ? &core->own : &core->net.desc.apps[i - 1];
}

static uint32_t jbzi_call_slot(const jbz_call *call) { return (uint32_t)(call - call->core->calls); }
static uint32_t jbzi_call_timer_id(const jbz_call *call) { return jbzi_call_slot(call) * 2 + 1; }
static jbz_call *jbzi_call_of(const jbz_conn *c, const jbz_core *core) {
    return c->call && c->kind != JBZI_CONN_AUDIO ? &core->calls[c->call - 1] : NULL; /* audio sockets keep theirs elsewhere */
}
static jbz_conn *jbzi_call_conn(const jbz_core *core, uint32_t link) { return link ? &core->net.conns[link - 1] : NULL; }

static void jbzi_call_log(jbz_core *core, jbz_log_item item, const jbz_call *call, const char *what, const char *peers,
                          size_t n) {
    jbzi_note note;
    if (!jbzi_base_logs(&core->net.desc.log, item)) return;
    note.n = 0;
    note.text[0] = 0;
    if (call) jbzi_base_note(&note, "call ", jbz_call_sid(call), strlen(jbz_call_sid(call)));
    if (call && *what) jbzi_base_note(&note, ": ", NULL, 0);
    jbzi_base_note(&note, what, peers, n);
    jbzi_conn_log(&core->net, item, note.text);
}

/* Audio sockets, at the end of the room. */
static bool jbzi_call_audio_open(jbz_core *core, jbz_conn *c, const jbzi_http_req *req);
static void jbzi_call_audio_arm(jbz_conn *c);
static bool jbzi_call_audio_tick(jbz_conn *c, jbz_event *ev);
static bool jbzi_call_audio_message(jbz_core *core, jbz_event *ev);
static bool jbzi_call_audio_closed(jbz_core *core, jbz_event *ev);

/*---- what only some calls need ----*/

static jbzi_extra *jbzi_call_extra(const jbz_call *call) {
    return call->extra ? (jbzi_extra *)(void *)jbzi_buf_bytes(call->extra) : NULL;
}

static jbzi_extra *jbzi_call_need_extra(jbz_call *call) {
    if (!call->extra) {
        call->extra = jbzi_buf_take(&call->core->net.pool, sizeof(jbzi_extra), true);
        if (call->extra) memset(jbzi_buf_bytes(call->extra), 0, sizeof(jbzi_extra));
    }
    return jbzi_call_extra(call);
}

/* Blocks in a list keep the link in their first bytes. */
static jbzi_blk **jbzi_call_next(jbzi_blk *b) { return (jbzi_blk **)(void *)jbzi_buf_bytes(b); }

static void jbzi_call_push(jbzi_blk **first, jbzi_blk **last, jbzi_blk *b) {
    *jbzi_call_next(b) = NULL;
    if (*first) *jbzi_call_next(*last) = b;
    else *first = b;
    *last = b;
}

static jbzi_blk *jbzi_call_pop(jbzi_blk **first) {
    jbzi_blk *b = *first;
    if (b) *first = *jbzi_call_next(b);
    return b;
}

static void jbzi_call_drop_list(jbz_core *core, jbzi_blk **first) {
    jbzi_blk *b;
    while ((b = jbzi_call_pop(first)) != NULL) jbzi_buf_drop(&core->net.pool, &b);
}

/* Texts of a call: S call_sid, F from, T to, E environment variable, L leg. */
static jbz_err jbzi_call_keep(jbz_call *call, char kind, const char *name, const char *text, size_t n) {
    jbzi_extra *x = jbzi_call_need_extra(call);
    jbzi_pool *pool = &call->core->net.pool;
    const char *nul = n ? (const char *)memchr(text, 0, n) : NULL;
    size_t name_n = strlen(name), size;
    char *to;
    if (nul) n = (size_t)(nul - text); /* values are found again by their NUL */
    size = name_n + n + 3;
    if (!x || !jbzi_buf_room(pool, &x->texts, size, call->core->net.desc.max_message, kind != 'E')) return JBZ_E_NOMEM;
    to = jbzi_buf_bytes(x->texts) + x->texts->len;
    x->texts->len += (uint32_t)size;
    to[0] = kind;
    memcpy(to + 1, name, name_n + 1);
    if (n) memcpy(to + name_n + 2, text, n);
    to[size - 1] = 0;
    return JBZ_E_OK;
}

/* The i-th text of that kind (and name, unless NULL). */
static const char *jbzi_call_text(const jbz_call *call, char kind, const char *name, uint32_t i) {
    const jbzi_extra *x = jbzi_call_extra(call);
    const char *p, *end, *value;
    if (!x || !x->texts) return NULL;
    p = jbzi_buf_data(x->texts);
    end = p + jbzi_buf_left(x->texts);
    for (; p < end; p = value + strlen(value) + 1) {
        value = p + strlen(p) + 1;
        if (*p == kind && (!name || strcmp(p + 1, name) == 0) && i-- == 0) return value;
    }
    return NULL;
}

/*---- the table of calls ----*/

/* The value of a hexadecimal digit in lower case, or more. */
static unsigned jbzi_call_digit(unsigned c) { return c - '0' < 10 ? c - '0' : c - 'a' < 6 ? c - 'a' + 10 : 256; }

/* A call_sid in its canonical form takes 16 bytes; false for any other text. */
static bool jbzi_call_uuid(const char *s, size_t n, uint8_t out[16]) {
    unsigned i, pair;
    if (n != 36) return false;
    for (i = 0; i < 16; i++, s += 2) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *s++ != '-') return false;
        pair = jbzi_call_digit((unsigned char)s[0]) << 4 | jbzi_call_digit((unsigned char)s[1]);
        if (pair > 255) return false;
        out[i] = (uint8_t)pair;
    }
    return true;
}

static uint32_t *jbzi_call_bucket(jbz_core *core, uint32_t app, const void *key, size_t n) {
    return &core->buckets[(jbzi_hash_seeded(core->net.desc.seed, key, n) + app) & core->bucket_mask];
}

static bool jbzi_call_is(const jbz_call *call, uint32_t app, const char *sid, size_t n, const uint8_t *uuid) {
    const char *text;
    if (call->app != app || (uuid != NULL) != ((call->flags & JBZI_CALL_UUID) != 0)) return false;
    if (uuid) return memcmp(call->sid, uuid, 16) == 0;
    text = jbzi_call_text(call, 'S', NULL, 0);
    return strlen(text) == n && memcmp(text, sid, n) == 0;
}

static jbz_call *jbzi_call_lookup(jbz_core *core, uint32_t app, const char *sid, size_t n) {
    uint8_t uuid[16];
    bool canonical = jbzi_call_uuid(sid, n, uuid);
    uint32_t link = *jbzi_call_bucket(core, app, canonical ? (const void *)uuid : sid, canonical ? 16 : n);
    for (; link; link = core->calls[link - 1].next)
        if (jbzi_call_is(&core->calls[link - 1], app, sid, n, canonical ? uuid : NULL)) return &core->calls[link - 1];
    return NULL;
}

/* A socket no longer is the call's; what it still brings is ignored. */
static void jbzi_call_unbind(jbz_call *call, jbz_conn *c) {
    if (c->call != jbzi_call_slot(call) + 1) return;
    c->call = 0;
    c->kind = JBZI_CONN_SPENT;
    call->socks--;
}

static uint32_t *jbzi_call_own_bucket(jbz_call *call) {
    const char *text = call->flags & JBZI_CALL_UUID ? NULL : jbzi_call_text(call, 'S', NULL, 0);
    return jbzi_call_bucket(call->core, call->app, text ? (const void *)text : call->sid, text ? strlen(text) : 16);
}

static void jbzi_call_unhash(jbz_call *call) {
    uint32_t *at = jbzi_call_own_bucket(call), link = jbzi_call_slot(call) + 1;
    while (*at != link) at = &call->core->calls[*at - 1].next;
    *at = call->next;
}

/* Gives the place of a call back. */
static void jbzi_call_free(jbz_call *call) {
    jbz_core *core = call->core;
    jbzi_extra *x = jbzi_call_extra(call);
    if (x) {
        jbzi_call_drop_list(core, &x->slots);
        jbzi_call_drop_list(core, &x->held);
        jbzi_call_drop_list(core, &x->queue);
        jbzi_buf_drop(&core->net.pool, &x->texts);
        jbzi_buf_drop(&core->net.pool, &x->speech_text);
        jbzi_buf_drop(&core->net.pool, &x->speech);
    }
    jbzi_buf_drop(&core->net.pool, &call->extra);
    jbzi_conn_timer_clear(&core->net, jbzi_call_timer_id(call));
    call->core = NULL;
    call->next = core->calls_free;
    core->calls_free = (uint32_t)(call - core->calls) + 1;
    core->net.stats.calls--;
}

static void jbzi_call_evict(jbz_core *core);

/* A fresh call; NULL when there is no place or memory. */
static jbz_call *jbzi_call_create(jbz_core *core, uint32_t app, const char *sid, size_t n) {
    jbz_call *call;
    uint32_t gen = 0, *bucket;
    if (core->net.stats.calls >= core->net.desc.max_conns) jbzi_call_evict(core);
    if (core->calls_free) {
        call = &core->calls[core->calls_free - 1];
        core->calls_free = call->next;
        gen = call->gen;
    } else {
        if (core->calls_used > core->net.desc.max_conns) return NULL;
        call = &core->calls[core->calls_used++];
    }
    memset(call, 0, sizeof *call);
    call->core = core;
    call->gen = gen + 1;
    call->app = (uint16_t)app;
    core->net.stats.calls++;
    if (jbzi_call_uuid(sid, n, call->sid)) call->flags = JBZI_CALL_UUID;
    else if (jbzi_call_keep(call, 'S', "", sid, n) != JBZ_E_OK) { jbzi_call_free(call); return NULL; }
    bucket = jbzi_call_own_bucket(call);
    call->next = *bucket;
    *bucket = jbzi_call_slot(call) + 1;
    return call;
}

/*---- deadlines ----*/

static void jbzi_call_rearm(jbz_call *call);

static void jbzi_call_step(jbz_call *call, jbzi_step step, uint32_t ms) {
    call->step = (uint8_t)step;
    call->step_due = call->core->net.now + ms;
    if (step != JBZI_STEP_NONE) jbzi_conn_timer_by(&call->core->net, jbzi_call_timer_id(call), ms);
}

/* The call is over: END is due. */
static void jbzi_call_end(jbz_call *call, jbz_err reason) {
    jbz_core *core = call->core;
    jbz_conn *c = core->net.conns, *end = call->socks ? c + core->net.conns_used : c;
    jbzi_call_unhash(call);
    for (; c < end; c++)
        if (c->state != JBZI_CONN_FREE) jbzi_call_unbind(call, c);
    if (call->flags & JBZI_CALL_DETACHED) core->net.stats.detached--;
    call->flags = (uint16_t)((call->flags & ~JBZI_CALL_DETACHED) | JBZI_CALL_ENDED);
    call->reason = (uint8_t)reason;
    call->conn = 0;
    jbzi_conn_timer_clear(&core->net, jbzi_call_timer_id(call));
    core->ended = jbzi_call_slot(call) + 1;
}

/* The oldest call without a socket makes room. */
static void jbzi_call_evict(jbz_core *core) {
    jbz_call *call, *oldest = NULL;
    for (call = core->calls; call < core->calls + core->calls_used; call++)
        if (call->core && (call->flags & JBZI_CALL_UNTOLD)) { jbzi_call_free(call); return; }
    for (call = core->calls; call < core->calls + core->calls_used; call++)
        if (call->core && (call->flags & JBZI_CALL_DETACHED)
            && (!oldest || core->net.now - call->at > core->net.now - oldest->at)) oldest = call;
    if (!oldest) return;
    core->net.stats.evicted++;
    jbzi_call_log(core, JBZ_LINE_EVICTED, oldest, "", NULL, 0);
    jbzi_call_end(oldest, JBZ_E_FULL);
}

/*---- messages out ----*/

static jbz_conn *jbzi_call_live(const jbz_core *core, uint32_t link, uint32_t gen) {
    jbz_conn *c = jbzi_call_conn(core, link);
    if (!c || c->gen != gen || c->state != JBZI_CONN_OPEN) return NULL;
    return (c->flags & JBZI_CONN_EOF) || c->kind == JBZI_CONN_SPENT ? NULL : c;
}

static jbz_call *jbzi_call_at(const jbz_core *core, uint32_t link, uint32_t gen) {
    jbz_call *call = link && link <= core->calls_used ? &core->calls[link - 1] : NULL;
    return call && call->core && call->gen == gen ? call : NULL;
}

/* The app a message is for: its call's, or where it names none its socket's. */
static const jbz_app_desc *jbzi_call_app_of(const jbz_core *core, const jbzi_what *w) {
    const jbz_call *call = jbzi_call_at(core, w->call, w->call_gen);
    return jbzi_call_app(core, call ? call->app : core->net.conns[w->conn - 1].app);
}

/* Where a message can be composed: the shared out-buffer, or while that is busy a block of the pool. */
static bool jbzi_call_space(jbz_core *core, jbz_out *o, jbzi_blk **blk, size_t room) {
    *blk = NULL;
    if (!core->net.tx_busy) {
        jbzi_out_start(o, core->net.tx + JBZI_WS_GAP, core->net.desc.max_out + 1, 0, NULL);
        return true;
    }
    if (room > core->net.desc.max_out) room = core->net.desc.max_out;
    *blk = jbzi_buf_take(&core->net.pool, room + 1 + 32 + JBZI_WS_GAP, true);
    if (!*blk) return false;
    jbzi_out_start(o, jbzi_buf_bytes(*blk) + 32 + JBZI_WS_GAP, room + 1, 0, NULL); /* 32: the head of a held message */
    return true;
}

/* A message that waits, in front of its text. */
typedef struct jbzi_held {
    jbzi_blk *next;
    uint32_t  conn, conn_gen;  /* acks: where to */
    uint32_t  call;            /* in core.after: whose */
    uint32_t  n;
} jbzi_held;
JBZI_STATIC_ASSERT(call_held_head_fits, sizeof(jbzi_held) <= 32);

static jbzi_held *jbzi_call_held(jbzi_blk *b) { return (jbzi_held *)(void *)jbzi_buf_bytes(b); }
static uint8_t *jbzi_call_held_text(jbzi_blk *b) { return (uint8_t *)jbzi_buf_bytes(b) + 32 + JBZI_WS_GAP; }

/* Keeps a message of a call for later. `c` NULL: a command. */
static jbz_err jbzi_call_hold(jbz_call *call, const jbz_conn *c, const char *text, size_t n) {
    jbz_core *core = call->core;
    jbzi_extra *x = jbzi_call_need_extra(call);
    jbzi_held *h;
    jbzi_blk *b;
    if (!x) return JBZ_E_NOMEM;
    if (n > core->net.desc.detached_bytes || x->held_bytes > core->net.desc.detached_bytes - n) return JBZ_E_FULL;
    b = jbzi_buf_take(&core->net.pool, n + 33 + JBZI_WS_GAP, true);
    if (!b) return JBZ_E_NOMEM;
    h = jbzi_call_held(b);
    memset(h, 0, sizeof *h);
    h->n = (uint32_t)n;
    h->conn = c ? jbz_conn_slot(c) + 1 : 0;
    h->conn_gen = c ? c->gen : 0;
    memcpy(jbzi_call_held_text(b), text, n);
    x->held_bytes += (uint32_t)n;
    jbzi_call_push(&x->held, &x->held_end, b);
    return JBZ_E_OK;
}

static bool jbzi_call_must_hold(const jbz_call *call) {
    return (call->flags & (JBZI_CALL_NEW | JBZI_CALL_DETACHED)) || call->step == JBZI_STEP_HOLD;
}

/* The socket that takes commands now; NULL: none does. */
static jbz_conn *jbzi_call_taker(const jbz_call *call) {
    const jbz_conn *c = jbzi_call_conn(call->core, call->conn);
    return c ? jbzi_call_live(call->core, call->conn, c->gen) : NULL;
}

/* Sends what was held: acks when the first answer is out, commands too once they may go. */
static void jbzi_call_release_held(jbz_call *call) {
    jbzi_extra *x = jbzi_call_extra(call);
    jbzi_blk *rest = NULL, *rest_end = NULL, *b;
    uint32_t bytes = 0;
    if (!x || !x->held) return;
    while ((b = jbzi_call_pop(&x->held)) != NULL) {
        jbzi_held *h = jbzi_call_held(b);
        jbz_conn *c = h->conn ? jbzi_call_live(call->core, h->conn, h->conn_gen) : jbzi_call_taker(call);
        if (h->conn == 0 && (jbzi_call_must_hold(call) || !c)) {
            bytes += h->n;
            jbzi_call_push(&rest, &rest_end, b);
            continue;
        }
        if (c && jbzi_conn_frame(c, JBZI_WS_TEXT, jbzi_call_held_text(b), h->n) != JBZ_E_OK)
            jbzi_call_log(call->core, JBZ_LINE_NOT_SENT, call, "held message", NULL, 0);
        jbzi_buf_drop(&call->core->net.pool, &b);
    }
    x->held = rest;
    x->held_end = rest_end;
    x->held_bytes = bytes;
}

/* The same, then what speech is waiting. */
static void jbzi_call_release(jbz_call *call) {
    const jbzi_extra *x = jbzi_call_extra(call);
    jbzi_call_release_held(call);
    if (x && x->speech_run) x->speech_run(call, NULL);
}

/* Sends a finished command of a call or holds it. `text` has JBZI_WS_GAP bytes to spare in front. */
static jbz_err jbzi_call_command(jbz_call *call, uint8_t *text, size_t n) {
    jbz_conn *c = jbzi_call_taker(call);
    if (call->flags & JBZI_CALL_ENDED) return JBZ_E_GONE;
    if (jbzi_call_must_hold(call) || !c) return jbzi_call_hold(call, NULL, (const char *)text, n);
    call->core->net.stats.messages_out++;
    return jbzi_conn_frame(c, JBZI_WS_TEXT, text, n);
}

/* Sends a command the library made; while the app's own message is open it waits for that. Takes the block. */
static jbz_err jbzi_call_command_after(jbz_call *call, jbz_out *o, jbzi_blk *blk) {
    jbz_core *core = call->core;
    size_t n;
    jbz_err err = jbz_msg_end(o, &n) ? JBZ_E_OK : o->error.code;
    if (err == JBZ_E_OK && !blk) return jbzi_call_command(call, (uint8_t *)o->buf, n);
    if (err == JBZ_E_OK) {
        jbzi_held *h = jbzi_call_held(blk);
        h->call = jbzi_call_slot(call);
        h->n = (uint32_t)n;
        jbzi_call_push(&core->after, &core->after_end, blk);
        return JBZ_E_OK;
    }
    if (blk) jbzi_buf_drop(&core->net.pool, &blk);
    return err;
}

/* The out-buffer is free again: what waited for it goes. */
static void jbzi_call_after(jbz_core *core) {
    jbzi_blk *b;
    while (!core->net.tx_busy && (b = jbzi_call_pop(&core->after)) != NULL) {
        jbzi_held *h = jbzi_call_held(b);
        jbz_call *call = &core->calls[h->call]; /* none is freed before this */
        if (jbzi_call_command(call, jbzi_call_held_text(b), h->n) != JBZ_E_OK)
            jbzi_call_log(core, JBZ_LINE_NOT_SENT, call, "command", NULL, 0);
        jbzi_buf_drop(&core->net.pool, &b);
    }
}

/* The first answer to a call is out: what waited for it may go, commands a little later. */
static void jbzi_call_answered(jbz_call *call) {
    bool anew = (call->flags & JBZI_CALL_ANEW) != 0;
    call->flags = (uint16_t)((call->flags & ~(JBZI_CALL_NEW | JBZI_CALL_FOLLOWED)) | JBZI_CALL_ACKED);
    call->at = call->core->net.now;
    /* where the control socket is gone already and this went to another one, the waiting for its return or end goes on */
    if (!(call->flags & JBZI_CALL_HANGUP) && call->step != JBZI_STEP_RESUME && call->step != JBZI_STEP_LINGER)
        jbzi_call_step(call, JBZI_STEP_HOLD, 100);
    if (!anew) call->flags &= (uint16_t)~JBZI_CALL_TWICE;
    jbzi_call_release(call);
}

/* Sends a finished ack. `text` has JBZI_WS_GAP bytes to spare in front. */
static jbz_err jbzi_call_ack(jbz_core *core, const jbzi_what *to, jbz_call *call, uint8_t *text, size_t n) {
    jbz_conn *c = jbzi_call_live(core, to->conn, to->conn_gen);
    bool first =
        to->type == JBZ_EV_SESSION_NEW || (to->type == JBZ_EV_SESSION_RECONNECT && call && (call->flags & JBZI_CALL_ANEW));
    jbz_err err;
    if (!c) return JBZ_E_GONE;
    if (call && (call->flags & JBZI_CALL_NEW) && !first && to->type != JBZ_EV_SESSION_RECONNECT)
        return jbzi_call_hold(call, c, (const char *)text, n);
    core->net.stats.messages_out++;
    err = jbzi_conn_frame(c, JBZI_WS_TEXT, text, n);
    if (err == JBZ_E_OK && first && call) jbzi_call_answered(call);
    return err;
}

/*---- replies that come later ----*/

typedef struct jbzi_slot {
    jbzi_blk *next;
    uint32_t  conn, conn_gen, due;
    char      msgid[8];        /* and on to the end of the block */
} jbzi_slot; /* the block's aux is the serial, its tag the message's type, its len the msgid's */

static jbzi_slot *jbzi_call_slot_of(jbzi_blk *b) { return (jbzi_slot *)(void *)jbzi_buf_bytes(b); }

static void jbzi_call_slot_what(const jbz_call *call, jbzi_blk *b, jbzi_what *w) {
    jbzi_slot *s = jbzi_call_slot_of(b);
    memset(w, 0, sizeof *w);
    w->conn = s->conn;
    w->conn_gen = s->conn_gen;
    w->call = jbzi_call_slot(call) + 1;
    w->call_gen = call->gen;
    w->serial = b->aux;
    w->msgid = s->msgid;
    w->n = b->len;
    w->type = b->tag;
    w->state = JBZI_WHAT_LATER;
}

/* The link that leads to the slot with that serial; *link is NULL when there is none. */
static jbzi_blk **jbzi_call_slot_find(jbz_call *call, uint32_t serial) {
    jbzi_blk **at = &jbzi_call_extra(call)->slots;
    while (*at && (*at)->aux != serial) at = jbzi_call_next(*at);
    return at;
}

/* One that jambonz waits on less: its socket may use the reserve as long as a reply is open. */
static void jbzi_call_unfavour(const jbz_core *core, uint32_t link, const jbz_call *call) {
    jbz_conn *c = &core->net.conns[link - 1];
    const jbzi_extra *x = call ? jbzi_call_extra(call) : NULL;
    if (!x || !x->open) c->flags &= (uint16_t)~JBZI_CONN_FAVOUR;
}

static void jbzi_call_slot_drop(jbz_call *call, jbzi_blk **at) {
    jbzi_blk *b = *at;
    *at = *jbzi_call_next(b);
    jbzi_call_extra(call)->open--;
    jbzi_call_unfavour(call->core, jbzi_call_slot_of(b)->conn, call);
    jbzi_buf_drop(&call->core->net.pool, &b);
}

/* Opens a slot for what is being handled. */
static jbz_err jbzi_call_defer(jbz_call *call, const jbzi_what *w) {
    jbz_core *core = call->core;
    jbzi_extra *x = jbzi_call_need_extra(call);
    jbzi_slot *s;
    jbzi_blk *b;
    uint32_t passed = core->net.now - w->at, left = passed < core->net.desc.ack_ms ? core->net.desc.ack_ms - passed : 0;
    if (!x) return JBZ_E_NOMEM;
    if (x->open >= core->net.desc.pending) return JBZ_E_FULL;
    b = jbzi_buf_take(&core->net.pool, offsetof(jbzi_slot, msgid) + w->n, true);
    if (!b) return JBZ_E_NOMEM;
    s = jbzi_call_slot_of(b);
    s->conn = w->conn;
    s->conn_gen = w->conn_gen;
    s->due = core->net.now + left;
    memcpy(s->msgid, w->msgid, w->n);
    b->aux = w->serial;
    b->tag = w->type;
    b->len = (uint32_t)w->n;
    s->next = x->slots;
    x->slots = b;
    x->open++;
    jbzi_conn_timer_by(&core->net, jbzi_call_timer_id(call), left);
    return JBZ_E_OK;
}

/*---- what the library answers ----*/

/* The data of the library's own ack; NULL: none. */
static const char *jbzi_call_silence(const jbz_core *core, const jbzi_what *w) {
    const jbz_call *call = jbzi_call_at(core, w->call, w->call_gen);
    const char *fallback;
    bool first =
        w->type == JBZ_EV_SESSION_NEW || (w->type == JBZ_EV_SESSION_RECONNECT && call && (call->flags & JBZI_CALL_NEW));
    if (!first) return jbzi_msg_answer_of((jbz_event_type)w->type) == JBZI_MSG_LIST ? "[]" : NULL;
    if (call && (call->flags & JBZI_CALL_OUTBOUND)) return call->flags & JBZI_CALL_HANGUP ? jbzi_call_hangup : NULL;
    fallback = call && (call->flags & JBZI_CALL_HANGUP) ? NULL : jbzi_call_app_of(core, w)->fallback; /* which may go on */
    return fallback ? fallback : jbzi_call_decline;
}

/* Acks in the app's place. */
static void jbzi_call_default(jbz_core *core, const jbzi_what *w) {
    jbz_out o;
    jbzi_blk *blk;
    const char *data = jbzi_call_silence(core, w);
    size_t n;
    jbz_err err = JBZ_E_NOMEM;
    if (jbzi_call_space(core, &o, &blk, w->n * 6 + (data ? strlen(data) : 0) + 64)) {
        jbzi_msg_ack_with(&o, w->msgid, w->n, data);
        err = jbz_msg_end(&o, &n) ? jbzi_call_ack(core, w, jbzi_call_at(core, w->call, w->call_gen), (uint8_t *)o.buf, n)
                                : o.error.code;
        if (blk) jbzi_buf_drop(&core->net.pool, &blk);
    }
    if (err != JBZ_E_OK && err != JBZ_E_GONE) jbzi_call_log(core, JBZ_LINE_NOT_SENT, NULL, jbz_strerror(err), NULL, 0);
    core->net.stats.acked_by_library++;
}

/* Says that the app did not, and answers. */
static void jbzi_call_unanswered(jbz_core *core, const jbzi_what *w, jbz_log_item item) {
    const jbz_call *call = jbzi_call_at(core, w->call, w->call_gen);
    const char *name = jbz_event_name((jbz_event_type)w->type);
    if (w->type == JBZ_EV_SESSION_NEW && !(call->flags & JBZI_CALL_OUTBOUND)) item = JBZ_LINE_FALLBACK;
    if (!core->quiet || item != JBZ_LINE_UNANSWERED) jbzi_call_log(core, item, call, name, NULL, 0);
    jbzi_call_default(core, w);
}

/* The app kept everybody waiting. */
static void jbzi_call_slow(jbz_core *core) {
    char text[32];
    memcpy(text + jbzi_base_decimal(text, core->net.now - core->cur.at), " ms", 4);
    jbzi_call_log(core, JBZ_LINE_SLOW, jbzi_call_at(core, core->cur.call, core->cur.call_gen), text, NULL, 0);
}

/* An event of which nothing is known yet. In three parts, as compilers call a function, or worse, for a large one. */
static void jbzi_call_blank(jbz_core *core, jbz_event *ev) {
    memset(ev, 0, offsetof(jbz_event, data));
    memset(&ev->data, 0, offsetof(jbz_event, tag) - offsetof(jbz_event, data));
    memset(&ev->tag, 0, sizeof *ev - offsetof(jbz_event, tag));
    ev->core = core;
    ev->msgid = ev->hook = "";
}

/* The event before is finished: what it left open is answered, what it pointed to may go. */
static void jbzi_call_finish(jbz_core *core) {
    core->begun = false;
    if (JBZI_UNLIKELY(core->net.tx_busy)) {
        core->net.tx_busy = false;
        jbzi_call_log(core, JBZ_LINE_DISCARDED, jbzi_call_at(core, core->to.call, core->to.call_gen), "", NULL, 0);
    }
    if (core->cur.serial) {
        if (JBZI_UNLIKELY(core->net.now - core->cur.at > core->net.desc.ack_ms)) jbzi_call_slow(core);
        if (core->cur.state == JBZI_WHAT_OPEN) jbzi_call_unanswered(core, &core->cur, JBZ_LINE_UNANSWERED);
        jbzi_call_unfavour(core, core->cur.conn, jbzi_call_at(core, core->cur.call, core->cur.call_gen));
        core->cur.state = JBZI_WHAT_CLOSED;
        core->cur.serial = 0;
    }
    core->quiet = false;
    if (JBZI_UNLIKELY(core->after != NULL)) jbzi_call_after(core);
    if (JBZI_UNLIKELY(core->ending)) jbzi_call_free(&core->calls[core->ending - 1]);
    core->ending = 0;
    jbzi_conn_forget(&core->net);
}

/*---- composing in the app's name ----*/

static jbz_out *jbzi_call_dud(jbz_core *core, jbz_err code, const char *path) {
    memset(&core->dud, 0, sizeof core->dud);
    core->dud.owner = core;
    jbzi_base_fail(&core->dud.error, code, path);
    return &core->dud;
}

static jbz_out *jbzi_call_open(jbz_core *core, const jbzi_what *to) {
    if (core->net.tx_busy) return jbzi_call_dud(core, JBZ_E_STATE, "another message is open");
    core->net.tx_busy = core->begun = true;
    core->to = *to;
    jbzi_out_start(&core->out, core->net.tx + JBZI_WS_GAP, core->net.desc.max_out + 1, 0, NULL);
    core->out.owner = core;
    core->out.target = (uint8_t)jbzi_call_app_of(core, to)->target;
    return &core->out;
}

static jbz_out *jbzi_call_open_ack(jbz_core *core, const jbzi_what *to) {
    jbz_out *o;
    if (!jbzi_call_live(core, to->conn, to->conn_gen))
        return jbzi_call_dud(core, JBZ_E_GONE, jbz_event_name((jbz_event_type)to->type));
    o = jbzi_call_open(core, to);
    if (o == &core->dud) return o;
    jbz_msg_ack(o, to->msgid, to->n);
    core->prefix = o->len;
    return o;
}

JBZ_API jbz_out *jbz_reply(const jbz_event *ev) {
    jbz_core *core = ev->core;
    if (ev->serial && ev->serial == core->cur.serial && core->cur.state == JBZI_WHAT_OPEN)
        return jbzi_call_open_ack(core, &core->cur);
    if (ev->serial && ev->serial == core->cur.serial && core->cur.state == JBZI_WHAT_CLOSED) /* answered, or none is wanted */
        return jbzi_call_dud(core, JBZ_E_STATE, jbz_event_name(ev->type));
    if (ev->serial && jbz_event_wants_ack(ev->type)) { /* deferred meanwhile, or delivered by jbz_wait */
        jbz_reply_id id;
        id.call = jbz_call_id_of(ev->call);
        id.serial = ev->serial;
        return jbz_reply_to(core, id);
    }
    return jbzi_call_dud(core, JBZ_E_STATE, jbz_event_name(ev->type));
}

JBZ_API jbz_err jbz_reply_later(const jbz_event *ev, jbz_reply_id *id) {
    jbz_core *core = ev->core;
    jbz_err err;
    memset(id, 0, sizeof *id);
    if (!ev->serial) return JBZ_E_STATE; /* that of a message; such an event has a call */
    if (!ev->call->extra || !*jbzi_call_slot_find(ev->call, ev->serial)) { /* not deferred already, nor by jbz_wait */
        if (ev->serial != core->cur.serial || core->cur.state != JBZI_WHAT_OPEN) return JBZ_E_STATE;
        err = jbzi_call_defer(ev->call, &core->cur);
        if (err != JBZ_E_OK) return jbzi_base_fail(&core->net.error, err, jbz_event_name(ev->type));
        core->cur.state = JBZI_WHAT_LATER;
    }
    id->call = jbz_call_id_of(ev->call);
    id->serial = ev->serial;
    return JBZ_E_OK;
}

JBZ_API jbz_out *jbz_reply_to(jbz_core *core, jbz_reply_id id) {
    jbz_call *call = jbz_call_find(core, id.call);
    jbzi_blk *b = call && call->extra ? *jbzi_call_slot_find(call, id.serial) : NULL;
    jbzi_what w;
    if (!b) return jbzi_call_dud(core, JBZ_E_GONE, "reply");
    jbzi_call_slot_what(call, b, &w);
    return jbzi_call_open_ack(core, &w);
}

static jbz_out *jbzi_call_redirect(jbz_call *call, bool queue) {
    jbz_core *core;
    jbzi_what to;
    jbz_out *o;
    if (!call) return NULL;
    core = call->core;
    memset(&to, 0, sizeof to);
    to.call = jbzi_call_slot(call) + 1;
    to.call_gen = call->gen;
    if (call->flags & (JBZI_CALL_ENDED | JBZI_CALL_HANGUP)) return jbzi_call_dud(core, JBZ_E_GONE, "redirect");
    o = jbzi_call_open(core, &to);
    if (o == &core->dud) return o;
    jbz_msg_command(o, "redirect", NULL, true);
    if (queue) jbzi_msg_put(o, ",\"queueCommand\":true");
    core->prefix = o->len;
    return o;
}

JBZ_API jbz_out *jbz_cmd_redirect(jbz_call *call) { return jbzi_call_redirect(call, false); }
JBZ_API jbz_out *jbz_cmd_redirect_queue(jbz_call *call) { return jbzi_call_redirect(call, true); }

/* Whether what `out` answers is still unanswered. */
static bool jbzi_call_still_open(jbz_core *core, jbz_call *call) {
    if (core->to.state == JBZI_WHAT_OPEN) return core->cur.state == JBZI_WHAT_OPEN; /* jbz_hangup_call may have answered */
    return *jbzi_call_slot_find(call, core->to.serial);
}

/* Closes the books on a message that was answered. */
static void jbzi_call_settled(jbz_core *core, jbz_call *call) {
    if (JBZI_LIKELY(core->to.state == JBZI_WHAT_OPEN)) core->cur.state = JBZI_WHAT_CLOSED;
    else jbzi_call_slot_drop(call, jbzi_call_slot_find(call, core->to.serial));
}

/* The finished message goes where it was opened for. */
static jbz_err jbzi_call_send(jbz_core *core, jbz_out *o) {
    jbz_call *call = jbzi_call_at(core, core->to.call, core->to.call_gen);
    bool ack = core->to.msgid != NULL, first = core->to.type == JBZ_EV_SESSION_NEW || core->to.type == JBZ_EV_SESSION_RECONNECT;
    size_t n;
    jbz_err err;
    if (JBZI_UNLIKELY(o->error.code == JBZ_E_OK && o->items == 0)) {
        /* an empty redirect ends an idle call (PROTOCOL 9.1), an empty first answer any inbound one (2.2) */
        if (!ack || (first && !(call->flags & JBZI_CALL_OUTBOUND))) jbzi_out_fail(o, JBZ_E_MISSING, "a verb");
        if (core->to.type == JBZ_EV_SESSION_REDIRECT) { o->len = core->prefix; o->flags = 0; o->lazy = ""; }
        else if (ack && jbzi_msg_answer_of((jbz_event_type)core->to.type) == JBZI_MSG_LIST) jbz_out_list(o);
    }
    if (!jbz_msg_end(o, &n)) return o->error.code;
    if (JBZI_UNLIKELY(o->model != 0)) call->model = o->model;
    if (!ack) return jbzi_call_command(call, (uint8_t *)o->buf, n);
    if (!jbzi_call_still_open(core, call)) return JBZ_E_GONE;
    err = jbzi_call_ack(core, &core->to, call, (uint8_t *)o->buf, n);
    if (err == JBZ_E_OK) jbzi_call_settled(core, call);
    return err;
}

JBZ_API jbz_err jbz_send(jbz_out *o) {
    jbz_core *core = o ? (jbz_core *)o->owner : NULL;
    jbz_err err;
    const char *path;
    if (!core) return o ? JBZ_E_ARG : JBZ_E_GONE;
    err = o->error.code;
    path = o->error.path;
    if (o == &core->out) {
        if (!core->net.tx_busy) return jbzi_base_fail(&core->net.error, JBZ_E_STATE, "sent already");
        core->net.tx_busy = false; /* from here on the buffer is only read */
        err = jbzi_call_send(core, o);
        path = o->error.path;
    }
    if (err != JBZ_E_OK) {
        jbzi_note note;
        note.n = 0;
        jbzi_base_note(&note, jbz_strerror(err), NULL, 0);
        jbzi_base_note(&note, *path ? ": " : "", path, strlen(path));
        jbzi_call_log(core, JBZ_LINE_NOT_SENT, jbzi_call_at(core, core->to.call, core->to.call_gen), note.text, NULL, 0);
        jbzi_base_fail(&core->net.error, err, path);
    }
    if (JBZI_UNLIKELY(core->after != NULL)) jbzi_call_after(core);
    return err;
}

JBZ_API jbz_err jbz_send_to(jbz_core *core, jbz_call_id id, jbz_out *o) {
    jbz_call *call = jbz_call_find(core, id);
    jbz_out copy;
    jbzi_blk *blk;
    size_t n;
    const char *text = o ? jbz_msg_end(o, &n) : NULL;
    if (!text) return jbzi_base_fail(&core->net.error, o ? o->error.code : JBZ_E_ARG, o ? o->error.path : "");
    if (!call) return jbzi_base_fail(&core->net.error, JBZ_E_GONE, "");
    if (n > core->net.desc.max_out) return jbzi_base_fail(&core->net.error, JBZ_E_TOO_BIG, "");
    if (!jbzi_call_space(core, &copy, &blk, n)) return jbzi_base_fail(&core->net.error, JBZ_E_NOMEM, "");
    jbzi_out_put(&copy, text, n - 1); /* its last brace is put again by jbz_msg_end */
    if (o->model) call->model = o->model;
    return jbzi_call_command_after(call, &copy, blk);
}

/* Falsy data would be taken for missing (PROTOCOL fact 12). */
static bool jbzi_call_falsy(const char *json) {
    static const char *const falsy[] = { "null", "false", "\"\"" };
    size_t i, n;
    json += strspn(json, " \t\r\n");
    for (i = 0; i < sizeof falsy / sizeof falsy[0]; i++) {
        n = strlen(falsy[i]);
        if (strncmp(json, falsy[i], n) == 0 && strspn(json + n, " \t\r\n") == strlen(json + n)) return true;
    }
    if (*json != '-' && *json != '0') return false;
    n = strspn(json, "-0."); /* zeros, whatever the exponent */
    return !json[n] || !(json[n] >= '1' && json[n] <= '9');
}

JBZ_API jbz_err jbz_cmd(jbz_call *call, const char *command, const char *callSid, const char *json) {
    jbz_core *core;
    jbz_out o;
    jbzi_blk *blk;
    if (!call) return JBZ_E_GONE;
    core = call->core;
    if (!command || !*command || (json && jbzi_call_falsy(json)))
        return jbzi_base_fail(&core->net.error, JBZ_E_ARG, command ? command : "");
    if (!jbzi_call_space(core, &o, &blk, (json ? strlen(json) : 0) + 512))
        return jbzi_base_fail(&core->net.error, JBZ_E_NOMEM, command);
    jbz_msg_command(&o, command, callSid, false);
    if (json) jbz_out_json(&o, json);
    {
        jbz_err err = jbzi_call_command_after(call, &o, blk);
        return err == JBZ_E_OK ? err : jbzi_base_fail(&core->net.error, err, command);
    }
}

/*---- hanging up ----*/

/* A command whose data is known to be valid. */
static void jbzi_call_tell(jbz_call *call, const char *command, const char *data) {
    jbz_out o;
    jbzi_blk *blk;
    if (!jbzi_call_space(call->core, &o, &blk, 256)) return;
    jbz_msg_command(&o, command, NULL, false);
    jbzi_msg_put(&o, o.lazy);
    o.lazy = NULL;
    jbzi_msg_put(&o, data);
    jbzi_call_command_after(call, &o, blk);
}

/* Answers every open slot as the library would. */
static void jbzi_call_answer_all(jbz_call *call) {
    jbzi_extra *x = jbzi_call_extra(call);
    jbzi_what w;
    while (x && x->slots) {
        jbzi_call_slot_what(call, x->slots, &w);
        jbzi_call_default(call->core, &w);
        jbzi_call_slot_drop(call, &x->slots);
    }
}

/* First stage; the call has a socket and its first answer is out or was never asked for. */
static void jbzi_call_hang_up(jbz_call *call) {
    const jbz_conn *c = jbzi_call_conn(call->core, call->conn);
    if (call->flags & (JBZI_CALL_ACKED | JBZI_CALL_INBOUND) || (c && c->kind == JBZI_CONN_CONTROL))
        jbzi_call_tell(call, "redirect", call->flags & JBZI_CALL_OUTBOUND ? jbzi_call_hangup : jbzi_call_decline);
    else
        jbzi_call_tell(call, "call:status", "{\"call_status\":\"no-answer\"}");
    jbzi_call_step(call, JBZI_STEP_HANGUP, call->core->net.desc.close_ms);
}

JBZ_API jbz_err jbz_hangup_call(jbz_call *call) {
    jbz_core *core;
    bool was_new;
    if (!call || call->flags & JBZI_CALL_ENDED) return JBZ_E_GONE;
    core = call->core;
    was_new = (call->flags & JBZI_CALL_NEW) != 0;
    if (call->flags & JBZI_CALL_HANGUP) return JBZ_E_OK;
    call->flags |= JBZI_CALL_HANGUP;
    if (core->cur.state == JBZI_WHAT_OPEN && core->cur.call == jbzi_call_slot(call) + 1) {
        jbzi_call_default(core, &core->cur);
        core->cur.state = JBZI_WHAT_CLOSED;
    }
    jbzi_call_answer_all(call);
    if (call->flags & JBZI_CALL_DETACHED) return JBZ_E_OK; /* goes on when jambonz is back */
    if (was_new) jbzi_call_step(call, JBZI_STEP_HANGUP, core->net.desc.close_ms); /* its first answer was the hang-up */
    else if (call->step != JBZI_STEP_HOLD) jbzi_call_hang_up(call);
    return JBZ_E_OK;
}

/*---- sockets come and go ----*/

/* Frames the transport never took whole are kept for the next socket, acks excepted: those would be unknown there. */
static void jbzi_call_salvage(jbz_call *call, jbz_conn *c) {
    static const char command[] = "{\"type\":\"command\"", speech[] = ",\"command\":\"tts:";
    jbzi_extra *x = jbzi_call_extra(call);
    const uint8_t *p, *end;
    uint8_t *to, *first;
    size_t size, head, at = sizeof command - 1;
    jbzi_blk *since = NULL, *since_end = NULL; /* held already: made after those that are unsent */
    if (!c->out || (c->flags & JBZI_CONN_OPAQUE)) return;
    if (x) {
        since = x->held;
        since_end = x->held_end;
        x->held = NULL;
    }
    p = (const uint8_t *)jbzi_buf_data(c->out);
    end = p + jbzi_buf_left(c->out);
    to = first = (uint8_t *)jbzi_buf_data(c->out);
    for (; p < end; p += size) {
        size = jbzi_conn_frame_size(p);
        head = p[1] < 126 ? 2 : p[1] == 126 ? 4 : 10;
        if ((p[0] & 15) != JBZI_WS_TEXT || size - head < at || memcmp(p + head, command, at) != 0) { /* not a command */
        } else if (x && x->speech_run && size - head > at + sizeof speech &&
                   memcmp(p + head + at, speech, sizeof speech - 1) == 0) {
            if (p[head + at + sizeof speech - 1] == 't' && (c->state == JBZI_CONN_DEAD || p != first || !c->out->aux))
                x->speech_lost = true; /* tts:tokens; the speech client has the text still */
        } else if (jbzi_call_hold(call, NULL, (const char *)p + head, size - head) != JBZ_E_OK)
            jbzi_call_log(call->core, JBZ_LINE_NOT_SENT, call, "unsent command", NULL, 0);
        if (c->state == JBZI_CONN_DEAD || ((p[0] & 15) != JBZI_WS_CLOSE && (p != first || !c->out->aux))) continue;
        memmove(to, p, size); /* half a frame and our Close still go */
        to += size;
    }
    c->out->len = c->out->off + (uint32_t)(to - first);
    if (since) {
        if (x->held) *jbzi_call_next(x->held_end) = since;
        else x->held = since;
        x->held_end = since_end;
    }
    if (jbzi_buf_left(c->out)) return;
    jbzi_buf_drop(&call->core->net.pool, &c->out);
    jbzi_conn_changed(c);
}

/* Replies that were to go by this socket are gone with it. */
static void jbzi_call_forget_slots(jbz_call *call, const jbz_conn *c) {
    jbzi_extra *x = jbzi_call_extra(call);
    jbzi_blk **at;
    if (!x) return;
    for (at = &x->slots; *at;) {
        if (jbzi_call_slot_of(*at)->conn == jbz_conn_slot(c) + 1) jbzi_call_slot_drop(call, at);
        else at = jbzi_call_next(*at);
    }
}

static jbz_conn *jbzi_call_other_socket(const jbz_call *call) {
    const jbzi_net *net = &call->core->net;
    jbz_conn *c;
    for (c = net->conns; c < net->conns + net->conns_used; c++)
        if (c->state == JBZI_CONN_OPEN && c->call == jbzi_call_slot(call) + 1) return c;
    return NULL;
}

/* A socket of a call is closed. Only 1000 and 1001 from jambonz are an end, anything else it repairs (PROTOCOL 1.3). */
static void jbzi_call_lost(jbz_call *call, jbz_conn *c) {
    jbz_core *core = call->core;
    bool normal = c->code == JBZ_CLOSE_NORMAL || c->code == JBZ_CLOSE_GOING_AWAY, control = c->kind == JBZI_CONN_CONTROL;
    bool last = call->socks == 1, was_detached;
    jbzi_call_forget_slots(call, c);
    if (!normal && call->conn == jbz_conn_slot(c) + 1) jbzi_call_salvage(call, c);
    jbzi_call_unbind(call, c);
    if (normal && last) { jbzi_call_end(call, JBZ_E_OK); return; }
    if (normal && control) {
        call->conn = 0;
        jbzi_call_step(call, JBZI_STEP_LINGER, core->net.desc.close_ms);
        return;
    }
    if (call->conn != jbz_conn_slot(c) + 1) return;
    call->conn = 0;
    if (!control && !last) {
        jbz_conn *other = jbzi_call_other_socket(call);
        call->conn = other ? jbz_conn_slot(other) + 1 : 0;
        if (other) return;
    }
    was_detached = (call->flags & JBZI_CALL_DETACHED) != 0;
    call->flags = (uint16_t)((call->flags & ~JBZI_CALL_NEW) | JBZI_CALL_DETACHED);
    call->at = core->net.now;
    if (!was_detached) core->net.stats.detached++;
    core->net.stats.lost++;
    jbzi_call_step(call, JBZI_STEP_RESUME, core->net.desc.resume_ms);
    jbzi_call_log(core, JBZ_LINE_LOST, call, "", NULL, 0);
}

/* A socket becomes one of the call's. */
static void jbzi_call_join(jbz_call *call, jbz_conn *c) {
    c->call = jbzi_call_slot(call) + 1;
    c->kind = JBZI_CONN_NOTIFIER;
    call->socks++;
    if (!call->conn) call->conn = jbz_conn_slot(c) + 1;
}

/* The call has a socket that takes commands again. */
static void jbzi_call_attach(jbz_call *call) {
    if (!(call->flags & JBZI_CALL_DETACHED)) return;
    call->flags &= (uint16_t)~JBZI_CALL_DETACHED;
    call->core->net.stats.detached--;
    jbzi_call_step(call, JBZI_STEP_NONE, 0);
}

/* A socket becomes the one that takes commands. After a reconnect the old one is dead; after a redirect it stays notifier. */
static void jbzi_call_take_control(jbz_call *call, jbz_conn *c, bool reconnect) {
    jbz_core *core = call->core;
    jbz_conn *old = jbzi_call_conn(core, call->conn);
    if (old && old != c && old->kind == JBZI_CONN_CONTROL) {
        old->kind = JBZI_CONN_NOTIFIER;
        if (reconnect) {
            jbzi_call_forget_slots(call, old);
            jbzi_call_salvage(call, old);
            jbzi_call_unbind(call, old);
            old->flags |= JBZI_CONN_TOLD;
            jbzi_conn_dead(old, JBZ_CLOSE_LOST);
        }
    }
    c->kind = JBZI_CONN_CONTROL;
    call->conn = jbz_conn_slot(c) + 1;
    if (call->step == JBZI_STEP_LINGER) jbzi_call_step(call, JBZI_STEP_NONE, 0);
    jbzi_call_attach(call);
}

/*---- what messages tell about their call ----*/

static void jbzi_call_note_name(jbz_call *call, char *field, char kind, jbz_json data, const char *key) {
    size_t n;
    const char *text = jbz_json_strn(data, key, &n);
    if (!text || field[0] || n == 0 || jbzi_call_text(call, kind, NULL, 0)) return;
    if (n <= 16) memcpy(field, text, n);
    else jbzi_call_keep(call, kind, "", text, n);
}

static void jbzi_call_note_env(jbz_call *call, jbz_json data) {
    jbz_json env = jbz_json_at(data, "/env_vars"), v;
    const char *text;
    size_t n;
    jbz_err err = JBZ_E_OK;
    if (jbz_json_type_of(env) != JBZ_JSON_OBJECT || jbzi_call_text(call, 'E', NULL, 0)) return;
    for (v = jbz_json_first(env); jbz_json_type_of(v) && err == JBZ_E_OK; v = jbz_json_next(env, v)) {
        const char *key = jbz_json_key(v);
        text = jbz_json_strn(v, "", &n);
        if (!text && jbz_json_type_of(v) != JBZ_JSON_NULL) { /* numbers, booleans and the rest as they are written */
            jbz_out o;
            char word[64];
            jbz_out_init(&o, word, sizeof word);
            jbz_out_value(&o, v);
            if (jbz_out_finish(&o, &n)) err = jbzi_call_keep(call, 'E', key, word, n);
        } else if (text) err = jbzi_call_keep(call, 'E', key, text, n);
    }
    if (err != JBZ_E_OK) jbzi_call_log(call->core, JBZ_LINE_NO_MEMORY, call, "not all env_vars are kept", NULL, 0);
}

static void jbzi_call_forget_leg(jbz_call *call, const char *leg) {
    jbzi_blk *texts = jbzi_call_extra(call)->texts;
    size_t at = (size_t)(leg - 2 - jbzi_buf_bytes(texts)), n = strlen(leg) + 3; /* its kind, its empty name, its NUL */
    memmove(jbzi_buf_bytes(texts) + at, jbzi_buf_bytes(texts) + at + n, texts->len - at - n);
    texts->len -= (uint32_t)n;
}

static void jbzi_call_note_leg(jbz_call *call, const char *sid, size_t n, bool over) {
    uint32_t i;
    const char *leg;
    for (i = 0; (leg = jbzi_call_text(call, 'L', NULL, i)) != NULL; i++) {
        if (strlen(leg) != n || memcmp(leg, sid, n) != 0) continue;
        if (over) jbzi_call_forget_leg(call, leg);
        return;
    }
    if (over) return;
    if (i >= call->core->net.desc.legs) jbzi_call_forget_leg(call, jbzi_call_text(call, 'L', NULL, 0));
    jbzi_call_keep(call, 'L', "", sid, n);
}

/* call:status tells the state of the call, or of a leg it dialled (PROTOCOL 2.5). */
static void jbzi_call_note_status(jbz_call *call, jbz_json data) {
    size_t n, i = sizeof jbzi_call_statuses / sizeof jbzi_call_statuses[0] - 1;
    const char *sid = jbz_json_strn(data, "/call_sid", &n), *status = jbz_json_str(data, "/call_status", "");
    while (i > 0 && strcmp(jbzi_call_statuses[i], status) != 0) i--;
    if (sid && strcmp(sid, jbz_call_sid(call)) != 0) jbzi_call_note_leg(call, sid, n, i >= JBZI_CALL_FIRST_OVER);
    else if (i > 0) call->status = (uint8_t)i;
}

static void jbzi_call_note(jbz_call *call, const jbz_msg *m) {
    const char *direction;
    switch (m->type) {
    case JBZ_EV_SESSION_NEW: case JBZ_EV_SESSION_RECONNECT: jbzi_call_note_env(call, m->data); break;
    case JBZ_EV_CALL_STATUS: break;
    default: if (call->flags & (JBZI_CALL_INBOUND | JBZI_CALL_OUTBOUND)) return;
    }
    if (m->type == JBZ_EV_CALL_STATUS && jbz_json_type_of(jbz_json_at(m->data, "/parent_call_sid"))) {
        jbzi_call_note_status(call, m->data); /* of a leg: its numbers are not the call's */
        return;
    }
    jbzi_call_note_status(call, m->data);
    if (call->flags & (JBZI_CALL_INBOUND | JBZI_CALL_OUTBOUND)) return;
    direction = jbz_json_str(m->data, "/direction", "");
    if (strcmp(direction, "outbound") == 0) call->flags |= JBZI_CALL_OUTBOUND;
    else if (strcmp(direction, "inbound") == 0) call->flags |= JBZI_CALL_INBOUND;
    jbzi_call_note_name(call, call->from, 'F', m->data, "/from");
    jbzi_call_note_name(call, call->to, 'T', m->data, "/to");
}

/*---- a message comes ----*/

static bool jbzi_call_sid_ok(const char *sid, size_t n) { return n > 0 && n <= 256 && !memchr(sid, 0, n); }

/* The call_sid a first frame names: in the envelope, as a known parent, in the data (PROTOCOL fact 3). */
static const char *jbzi_call_named(jbz_core *core, const jbz_conn *c, const jbz_msg *m, size_t *n) {
    const char *sid = jbz_json_strn(m->call_sid, "", n);
    if (sid && *n) return jbzi_call_sid_ok(sid, *n) ? sid : NULL;
    if (m->type == JBZ_EV_CALL_STATUS) {
        sid = jbz_json_strn(m->data, "/parent_call_sid", n);
        if (sid && jbzi_call_lookup(core, c->app, sid, *n)) return sid;
    }
    sid = jbz_json_strn(m->data, "/call_sid", n);
    return sid && jbzi_call_sid_ok(sid, *n) ? sid : NULL;
}

/* Whether a first message of this type makes its socket the call's control socket. */
static bool jbzi_call_controls(jbz_event_type type, bool first) {
    switch (type) {
    case JBZ_EV_SESSION_NEW: case JBZ_EV_SESSION_RECONNECT: case JBZ_EV_SESSION_ADULTING: return true;
    case JBZ_EV_SESSION_REDIRECT: case JBZ_EV_VERB_HOOK: case JBZ_EV_DIAL_CONFIRM: return first;
    default: return false;
    }
}

/* Binds a socket to its call for life by the first frame that names one. */
static void jbzi_call_bind(jbz_core *core, jbz_conn *c, const jbz_msg *m, jbz_event *ev) {
    jbz_call *call = jbzi_call_of(c, core);
    bool reconnect = m->type == JBZ_EV_SESSION_RECONNECT || (c->flags & JBZI_CONN_REJOINS);
    bool first = !call, detached, only;
    const char *sid;
    size_t n;
    if (first) {
        sid = jbzi_call_named(core, c, m, &n);
        if (!sid) return;
        call = jbzi_call_lookup(core, c->app, sid, n);
        ev->known = call != NULL;
        if (!call) call = jbzi_call_create(core, c->app, sid, n);
        if (!call) { jbzi_call_log(core, JBZ_LINE_NO_MEMORY, NULL, "a new call finds no place", NULL, 0); return; }
        jbzi_call_join(call, c);
        c->flags &= (uint16_t)~JBZI_CONN_REJOINS;
    }
    ev->call = call;
    detached = (call->flags & JBZI_CALL_DETACHED) != 0;
    only = call->conn == jbz_conn_slot(c) + 1; /* commands go by this one for want of a better */
    if (jbzi_call_controls(m->type, first || only)) {
        jbzi_call_take_control(call, c, reconnect);
        if (m->type != JBZ_EV_SESSION_NEW && m->type != JBZ_EV_SESSION_RECONNECT) /* no session:new is waited for here */
            call->flags |= JBZI_CALL_ACKED | JBZI_CALL_FOLLOWED;
    } else if (reconnect && only) jbzi_call_attach(call);
    else return;
    if (!detached || m->type == JBZ_EV_SESSION_RECONNECT || m->type == JBZ_EV_SESSION_NEW) return;
    core->net.stats.resumed++; /* its session:reconnect named no call */
    jbzi_call_log(core, JBZ_LINE_RESUMED, call, "", NULL, 0);
    jbzi_call_release(call);
}

/* What jambonz wants of a session:reconnect: an ack at once, or the answer to its session:new again. */
static void jbzi_call_reconnected(jbz_core *core, jbz_event *ev) {
    jbz_call *call = ev->call;
    bool resume = call && ev->known &&
                  ((call->flags & (JBZI_CALL_ACKED | JBZI_CALL_FOLLOWED)) == (JBZI_CALL_ACKED | JBZI_CALL_FOLLOWED) ||
                   (call->flags & JBZI_CALL_TWICE));
    if (call && (call->step == JBZI_STEP_HOLD || call->step == JBZI_STEP_AGAIN)) jbzi_call_step(call, JBZI_STEP_NONE, 0);
    if (call && !resume && !(call->flags & JBZI_CALL_HANGUP && call->flags & JBZI_CALL_ACKED)) {
        call->flags = (uint16_t)((call->flags & ~(JBZI_CALL_ACKED | JBZI_CALL_FOLLOWED)) | JBZI_CALL_NEW | JBZI_CALL_ANEW);
        ev->again = !(call->flags & JBZI_CALL_HANGUP);
        if (ev->again) return;
        jbzi_call_default(core, &core->cur); /* who hung up is not asked again: this answer hangs up */
        core->cur.state = JBZI_WHAT_CLOSED;
        jbzi_call_step(call, JBZI_STEP_HANGUP, core->net.desc.close_ms);
        return;
    }
    if (call) call->flags &= (uint16_t)~(JBZI_CALL_NEW | JBZI_CALL_ANEW);
    jbzi_call_default(core, &core->cur);
    core->cur.state = JBZI_WHAT_CLOSED;
    if (!call) return;
    call->flags = (uint16_t)((call->flags & ~(JBZI_CALL_TWICE | JBZI_CALL_ANEW)) | JBZI_CALL_ACKED | JBZI_CALL_FOLLOWED);
    core->net.stats.resumed++;
    jbzi_call_log(core, JBZ_LINE_RESUMED, call, "", NULL, 0);
    jbzi_call_release(call);
    if (call->flags & JBZI_CALL_HANGUP) jbzi_call_hang_up(call);
}

/* The first thing that comes after the first answer shows that jambonz has it. */
static void jbzi_call_followed(jbz_call *call) {
    if ((call->flags & (JBZI_CALL_ACKED | JBZI_CALL_FOLLOWED)) != JBZI_CALL_ACKED) return;
    call->flags = (uint16_t)((call->flags & ~JBZI_CALL_ANEW) | JBZI_CALL_FOLLOWED);
    if (call->step == JBZI_STEP_HOLD || call->step == JBZI_STEP_AGAIN) jbzi_call_step(call, JBZI_STEP_NONE, 0);
    jbzi_call_release(call);
    if ((call->flags & JBZI_CALL_HANGUP) && call->step == JBZI_STEP_NONE) jbzi_call_hang_up(call);
}

/* Opens the books on a message that wants an ack. */
static void jbzi_call_expect(jbz_core *core, jbz_conn *c, jbz_event *ev, const char *msgid, size_t n) {
    jbzi_what *w = &core->cur;
    w->conn = jbz_conn_slot(c) + 1;
    w->conn_gen = c->gen;
    w->call = ev->call ? c->call : 0;
    w->call_gen = ev->call ? ev->call->gen : 0;
    w->at = core->net.now;
    w->msgid = msgid;
    w->n = n;
    w->type = (uint8_t)ev->type;
    w->state = jbz_event_wants_ack(ev->type) && msgid ? JBZI_WHAT_OPEN : JBZI_WHAT_CLOSED;
    w->serial = ev->serial = ++core->serial ? core->serial : ++core->serial;
    if (w->state == JBZI_WHAT_OPEN) c->flags |= JBZI_CONN_FAVOUR;
}

static bool jbzi_call_odd(jbz_core *core, const jbz_call *call, const char *why) {
    core->net.stats.odd++;
    jbzi_call_log(core, JBZ_LINE_ODD, call, why, NULL, 0);
    return false;
}

/* Text nobody can use: bad UTF-8 fails the connection (RFC 6455 8.1), the rest is dropped. */
static bool jbzi_call_unusable(jbz_core *core, jbz_err err) {
    jbzi_got *got = &core->got;
    if (!got->checked && !jbz_utf8_valid(got->bytes, got->len)) {
        jbzi_conn_fail(got->conn, JBZ_CLOSE_BAD_UTF8, "not UTF-8");
        return false;
    }
    return jbzi_call_odd(core, jbzi_call_of(got->conn, core), err == JBZ_E_FULL ? "more tokens than desc.tokens" :
        err == JBZ_E_TOO_BIG ? "nested too deep" : err == JBZ_E_ARG ? "not an object with a type" : "not JSON");
}

/* What a type needs; NULL: all is there. */
static const char *jbzi_call_lacks(const jbz_msg *m, const char *msgid, const char *hook) {
    bool hooked = m->type == JBZ_EV_VERB_HOOK || m->type == JBZ_EV_DIAL_CONFIRM || m->type == JBZ_EV_SESSION_REDIRECT;
    if (m->type != JBZ_EV_UNKNOWN && jbz_json_type_of(m->data) != JBZ_JSON_OBJECT) return "without an object data";
    if (hooked && !hook) return "without a hook";
    if (jbz_event_wants_ack(m->type) && !msgid) return "without a msgid";
    return NULL;
}

/* What streamed speech tells has event types of its own; the speech client, if the app uses it, sees it first. */
static bool jbzi_call_speech(jbz_event *ev) {
    const jbzi_extra *x = jbzi_call_extra(ev->call);
    const char *what = ev->type == JBZ_EV_TTS_STREAMING_EVENT ? jbz_json_str(ev->data, "/event_type", "") : "";
    if (strcmp(what, "stream_open") == 0) ev->type = JBZ_EV_TTS_OPEN;
    else if (strcmp(what, "stream_closed") == 0) ev->type = JBZ_EV_TTS_CLOSED;
    else if (strcmp(what, "user_interruption") == 0) ev->type = JBZ_EV_TTS_INTERRUPTED;
    if (ev->type == JBZ_EV_TTS_OPEN) ev->call->flags |= JBZI_CALL_SPEAKS;
    if (ev->type == JBZ_EV_TTS_CLOSED) ev->call->flags &= (uint16_t)~JBZI_CALL_SPEAKS;
    return !x || !x->speech_run || x->speech_run(ev->call, ev);
}

/* A text message of a jambonz socket. True: `ev` is for the app. */
static bool jbzi_call_message(jbz_core *core, jbz_event *ev) {
    jbzi_got *got = &core->got;
    jbz_conn *c = got->conn;
    jbz_msg *m = &core->msg;
    const char *msgid, *hook, *lacks;
    size_t n;
    jbz_err err;
    bool was_new, first;
    if (c->kind == JBZI_CONN_SPENT) return false;
    err = jbz_msg_read(m, &core->doc, got->bytes, got->len, core->toks, core->net.desc.tokens);
    if (JBZI_UNLIKELY(err != JBZ_E_OK)) return jbzi_call_unusable(core, err);
    first = c->call == 0;
    ev->type = m->type;
    ev->conn = c;
    if (JBZI_LIKELY(c->call && c->kind == JBZI_CONN_CONTROL)) ev->call = jbzi_call_of(c, core);
    else jbzi_call_bind(core, c, m, ev);
    hook = jbzi_msg_text(&m->hook, &n);
    msgid = jbzi_msg_text(&m->msgid, &n);
    lacks = jbzi_call_lacks(m, msgid, hook);
    if (!lacks && !ev->call && m->type != JBZ_EV_SESSION_RECONNECT) lacks = "without a call"; /* so handlers always have one */
    was_new = m->type == JBZ_EV_SESSION_NEW && ev->call && msgid;
    if (was_new)
        ev->call->flags =
            (uint16_t)((ev->call->flags & ~(JBZI_CALL_ACKED | JBZI_CALL_FOLLOWED | JBZI_CALL_ANEW)) | JBZI_CALL_NEW);
    else if (ev->call && m->type != JBZ_EV_SESSION_RECONNECT) jbzi_call_followed(ev->call);
    jbzi_call_expect(core, c, ev, msgid, n);
    if (lacks) {
        if (core->cur.state == JBZI_WHAT_OPEN) jbzi_call_default(core, &core->cur);
        core->cur.state = JBZI_WHAT_CLOSED;
        return jbzi_call_odd(core, ev->call, lacks);
    }
    if (ev->call) jbzi_call_note(ev->call, m);
    if (m->type == JBZ_EV_SESSION_RECONNECT) {
        jbzi_call_reconnected(core, ev);
        if (!ev->call) { c->flags |= JBZI_CONN_REJOINS; return false; }
    }
    if (m->type == JBZ_EV_JAMBONZ_ERROR) {
        const char *text = jbz_json_str(m->data, "/msg", "");
        jbzi_call_log(core, JBZ_LINE_REPORTED, ev->call, text, NULL, 0);
    }
    ev->first = first && !ev->known;
    if (msgid) ev->msgid = msgid;
    if (hook) ev->hook = hook;
    ev->data = m->data;
    ev->message = m->root;
    if (JBZI_UNLIKELY(m->type == JBZ_EV_TTS_TOKENS_RESULT || m->type == JBZ_EV_TTS_STREAMING_EVENT))
        return jbzi_call_speech(ev);
    return true;
}

/* A message of a socket without envelope, or a binary one. */
static bool jbzi_call_raw(jbz_core *core, jbz_event *ev) {
    jbzi_got *got = &core->got;
    jbz_conn *c = got->conn;
    const jbz_app_desc *app = jbzi_call_app(core, c->app);
    if (got->type == JBZ_TEXT && !got->checked && !jbz_utf8_valid(got->bytes, got->len)) {
        jbzi_conn_fail(c, JBZ_CLOSE_BAD_UTF8, "not UTF-8");
        return false;
    }
    if (c->kind == JBZI_CONN_SPENT) return false;
    if (!app->on_message) {
        jbzi_call_log(core, JBZ_LINE_DROPPED, jbzi_call_of(c, core), "binary", NULL, 0);
        return false;
    }
    ev->type = got->type == JBZ_TEXT ? JBZ_EV_TEXT : JBZ_EV_BINARY;
    ev->conn = c;
    ev->call = jbzi_call_of(c, core);
    ev->bytes = got->bytes;
    ev->len = got->len;
    return true;
}

/*---- requests ----*/

/* Whether `path` is `prefix` or lies below it. */
static bool jbzi_call_below(jbzi_http_str path, const char *prefix, size_t n) {
    while (n && prefix[n - 1] == '/') n--;
    return path.n >= n && memcmp(path.p, prefix, n) == 0 && (path.n == n || path.p[n] == '/');
}

static bool jbzi_call_app_is(const jbz_app_desc *app) {
    return app->path || app->on_session || app->on_message || app->on_other || app->on_audio;
}

/* The app with the longest matching path; JBZ_MAX_APPS + 1: none. */
static uint32_t jbzi_call_route(const jbz_core *core, jbzi_http_str path) {
    uint32_t i, best = JBZ_MAX_APPS + 1;
    size_t n, best_n = 0;
    for (i = 0; i <= JBZ_MAX_APPS; i++) {
        const jbz_app_desc *app = jbzi_call_app(core, i);
        const char *prefix = app->path ? app->path : "";
        if (!jbzi_call_app_is(app)) continue;
        n = strlen(prefix);
        if (!jbzi_call_below(path, prefix, n) || (best <= JBZ_MAX_APPS && n <= best_n)) continue;
        best = i;
        best_n = n;
    }
    return best;
}

/* Steps through "a,b" lists of a desc into `word`; false at the end. */
static bool jbzi_call_word(const char **list, char *word, size_t cap) {
    const char *p = *list;
    size_t n = 0;
    while (p && (*p == ',' || *p == ' ')) p++;
    if (!p || !*p) return false;
    while (p[n] && p[n] != ',') n++;
    *list = p + n;
    while (p[n - 1] == ' ') n--;
    if (n >= cap) n = cap - 1;
    memcpy(word, p, n);
    word[n] = 0;
    return true;
}

static bool jbzi_call_origin_ok(const jbz_app_desc *app, const jbzi_http_req *req) {
    const char *list = app->origins;
    char word[128];
    if (!req->field[JBZI_HTTP_ORIGIN].p || jbzi_http_same_origin(req)) return true;
    while (jbzi_call_word(&list, word, sizeof word))
        if (strcmp(word, "*") == 0 || jbzi_http_origin_is(req, word)) return true;
    return false;
}

static const char *const jbzi_call_protocols[] = { "ws.jambonz.org", "audio.drachtio.org", "audio.jambonz.org" };

/* Chooses the subprotocol, and with it what the socket is. False: none that was offered is spoken here. */
static bool jbzi_call_choose(const jbz_app_desc *app, const jbzi_http_req *req, uint8_t *kind, const char **token,
                             char word[64]) {
    const char *list = app->subprotocols;
    size_t i;
    *token = NULL;
    for (i = 0; i < 3; i++) {
        if (!jbzi_http_offers(req, jbzi_call_protocols[i]) || (i > 0 && !app->on_audio)) continue;
        *kind = i == 0 ? JBZI_CONN_UNBOUND : JBZI_CONN_AUDIO;
        *token = jbzi_call_protocols[i];
        return true;
    }
    *kind = JBZI_CONN_RAW;
    if (!app->on_message) return false;
    while (jbzi_call_word(&list, word, 64))
        if (jbzi_http_offers(req, word)) { *token = word; return true; }
    return true; /* RFC 6455 4.2.2: without a subprotocol, then */
}

/* OPTIONS: the environment variables the app asks for (PROTOCOL 1.5). */
static void jbzi_call_env_value(jbz_out *o, const jbz_env *e, const char *text) {
    if (e->type && strcmp(e->type, "string") != 0) jbz_out_json(o, text);
    else jbz_out_str(o, text);
}

static void jbzi_call_env_json(jbz_out *o, const jbz_env *e) {
    const char *list;
    char word[128];
    jbz_out_open_object(o);
    for (; e->name; e++) {
        jbz_out_key(o, e->name);
        jbz_out_open_object(o);
        jbz_out_key(o, "type");
        jbz_out_str(o, e->type ? e->type : "string");
        jbz_out_key(o, "description");
        jbz_out_str(o, e->description ? e->description : e->name);
        if (e->required) { jbz_out_key(o, "required"); jbz_out_bool(o, e->required == JBZ_TRUE); }
        if (e->fallback && e->obscure != JBZ_TRUE) { jbz_out_key(o, "default"); jbzi_call_env_value(o, e, e->fallback); }
        if (e->choices) {
            jbz_out_key(o, "enum");
            jbz_out_open_array(o);
            for (list = e->choices; jbzi_call_word(&list, word, sizeof word);) jbzi_call_env_value(o, e, word);
            jbz_out_close_array(o);
        }
        if (e->obscure) { jbz_out_key(o, "obscure"); jbz_out_bool(o, e->obscure == JBZ_TRUE); }
        if (e->uiHint) { jbz_out_key(o, "uiHint"); jbz_out_str(o, e->uiHint); }
        if (e->jambonzResource) { jbz_out_key(o, "jambonzResource"); jbz_out_str(o, e->jambonzResource); }
        jbz_out_close_object(o);
    }
    jbz_out_close_object(o);
}

static void jbzi_call_options(jbz_core *core, jbz_conn *c, const jbz_env *env) {
    jbzi_blk *b = jbzi_buf_take(&core->net.pool, 16000, false);
    jbz_out o;
    const char *text;
    size_t n;
    if (b) {
        jbz_out_init(&o, jbzi_buf_bytes(b), 16000);
        jbzi_call_env_json(&o, env);
        text = jbz_out_finish(&o, &n);
        if (text) jbzi_conn_refuse(c, 200, "application/json", text, n, 0);
    }
    if (c->state == JBZI_CONN_HTTP) jbzi_conn_refuse_why(c, 503, "The table of variables does not fit.", NULL, 0, 0);
    jbzi_buf_drop(&core->net.pool, &b);
}

/* Lets on_http answer a plain GET. True: it has. */
static bool jbzi_call_plain(jbz_core *core, jbz_conn *c, jbzi_http_req *req) {
    const jbz_server_desc *d = &core->net.desc;
    jbz_http http;
    if (!d->on_http || req->upgrade || req->method == JBZI_HTTP_OPTIONS) return false;
    memset(&http, 0, sizeof http);
    http.method = req->method == JBZI_HTTP_HEAD ? "HEAD" : "GET";
    http.path = req->path.p;
    http.query = req->query.p ? req->query.p : "";
    req->path.p[req->path.n] = 0; /* a blank or '?' of a head that is parsed */
    if (req->query.p) req->query.p[req->query.n] = 0;
    d->on_http(&http, d->user);
    if (http.status < 200 || http.status > 599) return false;
    if (!http.body) { http.body = ""; http.len = 0; }
    if (http.len > 4096) http.len = 4096;
    jbzi_conn_refuse(c, http.status, http.type ? http.type : "text/plain", http.body, http.len,
                     req->method == JBZI_HTTP_HEAD ? JBZI_HTTP_NO_BODY : 0);
    return true;
}

/* The checks, in the order in which they are answered. */
static void jbzi_call_request(jbz_core *core, jbz_conn *c, jbzi_http_req *req) {
    uint32_t at = jbzi_call_route(core, req->path);
    const jbz_app_desc *app = at <= JBZ_MAX_APPS ? jbzi_call_app(core, at) : NULL;
    unsigned how = req->method == JBZI_HTTP_HEAD ? JBZI_HTTP_NO_BODY : 0;
    const char *token = NULL, *why = NULL;
    char word[64];
    uint8_t kind = JBZI_CONN_RAW;
    int status = 0;
    if (req->method == JBZI_HTTP_OTHER) {
        status = 405;
        why = "Only GET, HEAD and OPTIONS are served here.";
    } else if (jbzi_call_plain(core, c, req)) {
        return;
    } else if (!app) {
        status = 404;
        why = "No application has this path.";
    } else if (req->method == JBZI_HTTP_OPTIONS && app->env && app->env->name) {
        jbzi_call_options(core, c, app->env);
        return;
    } else if (req->method == JBZI_HTTP_OPTIONS) {
        status = 405;
        why = "This application asks for no environment variables.";
    } else if (req->method == JBZI_HTTP_HEAD || !req->upgrade) {
        status = 426;
        why = "This is a WebSocket server.";
    } else if (req->ws_status) {
        status = req->ws_status;
        why = req->why;
    } else if (app->auth && !jbzi_http_basic(req, app->auth)) {
        status = 401;
        why = "User and password are wanted.";
    } else if (!jbzi_call_origin_ok(app, req)) {
        status = 403;
        why = "This Origin is not allowed.";
    } else if (!jbzi_call_choose(app, req, &kind, &token, word)) {
        status = 400;
        why = "No subprotocol that is spoken here was offered.";
    } else if (core->draining) {
        status = 503;
        why = "Shutting down, try another server.";
        how = JBZI_HTTP_KEEP;
        c->flags |= JBZI_CONN_KEEP;
    }
    if (app && app->env && app->env->name) how |= JBZI_HTTP_OPTS;
    if (!status && kind == JBZI_CONN_AUDIO && !jbzi_call_audio_open(core, c, req)) {
        status = 503;
        why = "No memory is left for an audio socket.";
    }
    if (status) { jbzi_conn_refuse_why(c, status, why, req->path.p, req->path.n, how); return; }
    c->app = (uint16_t)at;
    c->kind = kind;
    jbzi_conn_accept(c, req, token);
    if (kind == JBZI_CONN_AUDIO && c->state == JBZI_CONN_OPEN) jbzi_call_audio_arm(c);
}

/*---- time passes ----*/

/* Sets the call's timer to its earliest deadline. Only the app's own can have passed already. */
static void jbzi_call_rearm(jbz_call *call) {
    jbzi_net *net = &call->core->net;
    jbzi_extra *x = jbzi_call_extra(call);
    uint32_t id = jbzi_call_timer_id(call), left;
    jbzi_blk *b;
    jbzi_conn_timer_clear(net, id);
    for (b = x ? x->slots : NULL; b; b = *jbzi_call_next(b))
        jbzi_conn_timer_by(net, id, jbzi_call_slot_of(b)->due - net->now);
    if (call->step != JBZI_STEP_NONE) jbzi_conn_timer_by(net, id, call->step_due - net->now);
    if (x && x->speech_timed) jbzi_conn_timer_by(net, id, x->speech_due - net->now);
    if (!x || !x->timer) return;
    left = x->timer_due - net->now;
    jbzi_conn_timer_by(net, id, (int32_t)left > 0 ? left : 0);
}

static bool jbzi_call_due(const jbz_call *call, uint32_t due) { return (int32_t)(call->core->net.now - due) >= 0; }

/* Deferred replies that jambonz will not wait for any longer. */
static void jbzi_call_late(jbz_call *call) {
    jbzi_extra *x = jbzi_call_extra(call);
    jbzi_blk **at;
    jbzi_what w;
    if (!x) return;
    for (at = &x->slots; *at;) {
        if (!jbzi_call_due(call, jbzi_call_slot_of(*at)->due)) { at = jbzi_call_next(*at); continue; }
        jbzi_call_slot_what(call, *at, &w);
        call->core->net.stats.late++;
        jbzi_call_unanswered(call->core, &w, JBZ_LINE_LATE);
        jbzi_call_slot_drop(call, at);
    }
}

static void jbzi_call_next_step(jbz_call *call) {
    jbz_core *core = call->core;
    jbz_conn *c = jbzi_call_conn(core, call->conn);
    jbzi_step step = (jbzi_step)call->step;
    call->step = JBZI_STEP_NONE;
    switch (step) {
    case JBZI_STEP_RESUME:
        jbzi_call_log(core, JBZ_LINE_ABANDONED, call, "", NULL, 0);
        jbzi_call_end(call, JBZ_E_TIMEOUT);
        break;
    case JBZI_STEP_HOLD:
        if ((call->flags & (JBZI_CALL_ANEW | JBZI_CALL_FOLLOWED)) == JBZI_CALL_ANEW) jbzi_call_step(call, JBZI_STEP_AGAIN, 900);
        jbzi_call_release(call);
        if (call->flags & JBZI_CALL_HANGUP) jbzi_call_hang_up(call);
        break;
    case JBZI_STEP_AGAIN:
        call->flags |= JBZI_CALL_TWICE;
        jbzi_call_log(core, JBZ_LINE_AGAIN, call, "", NULL, 0);
        jbzi_conn_close(c, JBZ_CLOSE_RESTART, "reconnect once more");
        break;
    case JBZI_STEP_HANGUP:
        jbzi_call_tell(call, "call:status", "{\"call_status\":\"completed\"}");
        jbzi_call_tell(call, "call:status", "{\"call_status\":\"no-answer\"}");
        jbzi_call_step(call, JBZI_STEP_STATUS, core->net.desc.close_ms);
        break;
    case JBZI_STEP_STATUS:
        if (c) jbzi_conn_close(c, JBZ_CLOSE_NORMAL, NULL);
        jbzi_call_step(call, JBZI_STEP_CLOSE, core->net.desc.close_ms);
        break;
    default: jbzi_call_end(call, JBZ_E_OK); /* LINGER, CLOSE */
    }
}

/* A call's timer ran out. True: `ev` is for the app. */
static bool jbzi_call_expired(jbz_call *call, jbz_event *ev) {
    jbzi_extra *x;
    jbzi_call_late(call);
    if (call->step != JBZI_STEP_NONE && jbzi_call_due(call, call->step_due)) jbzi_call_next_step(call);
    if (call->flags & JBZI_CALL_ENDED) return false;
    x = jbzi_call_extra(call);
    if (x && x->speech_timed && jbzi_call_due(call, x->speech_due)) {
        x->speech_timed = false;
        ev->call = call;
        x->speech_run(call, ev);
    }
    if (x && x->timer && ev->type == JBZ_EV_NONE && jbzi_call_due(call, x->timer_due)) { /* else it comes next */
        x->timer = false;
        ev->type = JBZ_EV_TIMER;
        ev->call = call;
        ev->tag = x->timer_tag;
    }
    jbzi_call_rearm(call);
    return ev->type != JBZ_EV_NONE;
}

/* One expired timer. True: `ev` is for the app. */
static bool jbzi_call_tick(jbz_core *core, jbz_event *ev) {
    uint32_t id = core->net.expired - 1;
    jbz_conn *c;
    jbzi_conn_timer_clear(&core->net, id);
    if (id & 1) return jbzi_call_expired(&core->calls[id >> 1], ev);
    c = &core->net.conns[id >> 1];
    if (c->kind == JBZI_CONN_AUDIO && c->state == JBZI_CONN_OPEN) return jbzi_call_audio_tick(c, ev);
    jbzi_conn_expired(c);
    return false;
}

/* While draining: whatever has nothing open is sent elsewhere. */
static void jbzi_call_drain(jbz_core *core) {
    bool late = core->net.now64 >= core->drain_until;
    jbz_conn *c;
    for (c = core->net.conns; c < core->net.conns + core->net.conns_used; c++) {
        jbz_call *call = jbzi_call_of(c, core);
        const jbzi_extra *x = call ? jbzi_call_extra(call) : NULL;
        if (c->state == JBZI_CONN_HTTP && late) jbzi_conn_dead(c, JBZ_CLOSE_LOST);
        if (c->state != JBZI_CONN_OPEN) continue;
        if (!late && (c->out || c->in || (x && (x->open || x->held || x->speech_text)) ||
                      (core->cur.state == JBZI_WHAT_OPEN && core->cur.conn == jbz_conn_slot(c) + 1) ||
                      (call && (call->flags & JBZI_CALL_NEW))))
            continue;
        if (core->cur.state == JBZI_WHAT_OPEN && core->cur.conn == jbz_conn_slot(c) + 1) {
            jbzi_call_unanswered(core, &core->cur, JBZ_LINE_UNANSWERED);
            core->cur.state = JBZI_WHAT_CLOSED;
        }
        if (call) jbzi_call_answer_all(call);
        jbzi_conn_close(c, JBZ_CLOSE_RESTART, "restarting");
    }
}

static JBZI_NOINLINE void jbzi_call_turn_wheel(jbz_core *core) {
    jbzi_conn_wheel_turn(&core->net, core->net.now64);
    if (JBZI_UNLIKELY(core->draining)) jbzi_call_drain(core);
}

/* It is `now_ms`. */
JBZI_INLINE void jbzi_call_turn(jbz_core *core, uint64_t now_ms) {
    bool on = (now_ms ^ core->net.now64) >> JBZI_WHEEL_SHIFT != 0;
    core->net.now64 = now_ms;
    core->net.now = (uint32_t)now_ms;
    if (JBZI_UNLIKELY(on)) jbzi_call_turn_wheel(core);
}

/* How many ms nothing needs to be done. */
static uint32_t jbzi_call_patience(const jbz_core *core) {
    uint32_t wait;
    if (core->net.ready || core->ended) return 0;
    wait = jbzi_conn_wheel_wait(&core->net);
    return core->draining && wait > 32 ? 32 : wait;
}

JBZ_API uint32_t jbz_core_tick(jbz_core *core, uint64_t now_ms) {
    jbzi_call_turn(core, now_ms);
    return jbzi_call_patience(core);
}

JBZ_API void jbz_core_drain(jbz_core *core) {
    if (core->draining) return;
    core->draining = true;
    core->drain_until = core->net.now64 + core->net.desc.drain_ms;
    jbzi_conn_log(&core->net, JBZ_LINE_DRAINING, "");
    jbzi_call_drain(core);
}

JBZ_API bool jbz_core_idle(const jbz_core *core) { return core->net.stats.conns == 0; }

/*---- events ----*/

/* The next call that is over. */
static void jbzi_call_tell_end(jbz_core *core, jbz_event *ev) {
    jbz_call *call = &core->calls[core->ended - 1];
    core->ended = 0;
    core->ending = jbzi_call_slot(call) + 1;
    ev->type = JBZ_EV_END;
    ev->call = call;
    ev->reason = (jbz_err)call->reason;
}

/* What a connection had to tell. True: `ev` is for the app. */
static bool jbzi_call_item(jbz_core *core, jbz_event *ev) {
    jbzi_got *got = &core->got;
    jbz_conn *c = got->conn;
    jbz_call *call;
    switch (got->item) {
    case JBZI_ITEM_REQUEST: jbzi_call_request(core, c, &got->req); return false;
    case JBZI_ITEM_MESSAGE:
        if (c->kind <= JBZI_CONN_SPENT && got->type == JBZ_TEXT) return jbzi_call_message(core, ev);
        if (c->kind == JBZI_CONN_AUDIO) return jbzi_call_audio_message(core, ev);
        return jbzi_call_raw(core, ev);
    default: /* JBZI_ITEM_CLOSED */
        if (c->kind == JBZI_CONN_AUDIO) return jbzi_call_audio_closed(core, ev);
        call = jbzi_call_of(c, core);
        if (call) jbzi_call_lost(call, c);
        return false;
    }
}

static JBZI_NOINLINE bool jbzi_call_news(jbz_core *core, jbz_event *ev) {
    for (;;) {
        bool timer = core->net.expired != 0;
        if (JBZI_LIKELY(!core->ended && !timer) && !jbzi_conn_pull(&core->net, &core->got)) return false;
        jbzi_call_blank(core, ev);
        if (JBZI_UNLIKELY(core->ended)) { jbzi_call_tell_end(core, ev); return true; }
        if (JBZI_UNLIKELY(timer)) {
            if (jbzi_call_tick(core, ev)) return true;
        } else if (jbzi_call_item(core, ev)) return true;
        jbzi_conn_forget(&core->net);
    }
}

/* Whether there is anything to tell, or to look at. */
JBZI_INLINE bool jbzi_call_pending(const jbz_core *core) {
    return core->net.rx_conn || core->net.ready || core->ended || core->net.expired;
}

JBZI_INLINE bool jbzi_call_pull(jbz_core *core, jbz_event *ev) {
    if (core->begun) jbzi_call_finish(core);
    return jbzi_call_pending(core) && (core->begun = jbzi_call_news(core, ev));
}

JBZ_API bool jbz_core_next(jbz_core *core, jbz_event *ev) { return jbzi_call_pull(core, ev); }

/* The handler of a hook; NULL: none. */
static jbz_handler jbzi_call_hook(const jbz_app_desc *app, const char *hook) {
    int i;
    for (i = 0; i < JBZ_MAX_ROUTES && app->on_hook[i].hook; i++)
        if (strcmp(app->on_hook[i].hook, hook) == 0) return app->on_hook[i].fn;
    return NULL;
}

/* The first app that is one. */
static uint32_t jbzi_call_first_app(const jbz_core *core) {
    uint32_t i = 0;
    while (i < JBZ_MAX_APPS && !jbzi_call_app_is(jbzi_call_app(core, i))) i++;
    return i;
}

static jbz_handler jbzi_call_handler(const jbz_app_desc *app, const jbz_event *ev) {
    jbz_handler fn;
    if (ev->audio) return app->on_audio;
    switch (ev->type) {
    case JBZ_EV_SESSION_NEW: return app->on_session;
    case JBZ_EV_SESSION_RECONNECT: return ev->again ? app->on_session : app->on_resume;
    case JBZ_EV_VERB_HOOK: case JBZ_EV_DIAL_CONFIRM: case JBZ_EV_SESSION_REDIRECT:
        fn = jbzi_call_hook(app, ev->hook);
        return fn ? fn : ev->first && app->on_session ? app->on_session : app->on_other;
    case JBZ_EV_END: return app->on_end;
    case JBZ_EV_TEXT: case JBZ_EV_BINARY: return app->on_message;
    default: return app->on_other;
    }
}

JBZ_API void jbz_dispatch(const jbz_event *ev) {
    jbz_core *core = ev->core;
    const jbz_app_desc *app = jbzi_call_app(core, ev->call && !ev->audio ? ev->call->app
                                                  : ev->conn             ? ev->conn->app
                                                                         : jbzi_call_first_app(core));
    jbz_handler fn = jbzi_call_handler(app, ev);
    if (!fn) { core->quiet = true; return; }
    core->dispatching = true;
    fn(ev, app->user);
    core->dispatching = false;
}

/*---- events kept for jbz_wait ----*/

/* An event that waits, in front of its message's text. */
typedef struct jbzi_kept {
    jbzi_blk *next;
    uint32_t  serial, conn, conn_gen, tag, n;
    uint8_t   type, again, known, first, reason;
} jbzi_kept;

static jbzi_kept *jbzi_call_kept(jbzi_blk *b) { return (jbzi_kept *)(void *)jbzi_buf_bytes(b); }

/* Writes a message again, as JSON text behind the head of a block: its strings may have been decoded meanwhile. It does not
   get longer: an escape is as short as any that can have stood there. */
static jbzi_blk *jbzi_call_copy_message(jbz_core *core, const jbz_event *ev) {
    size_t room = ev->message.doc ? core->doc.len : 0, n = 0;
    jbzi_blk *b = jbzi_buf_take(&core->net.pool, sizeof(jbzi_kept) + room + 1, true);
    jbz_out o;
    if (!b) return NULL;
    memset(jbzi_call_kept(b), 0, sizeof(jbzi_kept));
    if (!ev->message.doc) return b;
    jbz_out_init(&o, jbzi_call_kept(b) + 1, room + 1);
    jbz_out_value(&o, ev->message);
    if (!jbz_out_finish(&o, &n)) jbzi_buf_drop(&core->net.pool, &b); /* nested deeper than the writer goes */
    else jbzi_call_kept(b)->n = (uint32_t)n;
    return b;
}

/* Keeps an event for its call's own jbz_wait. One that wants an ack counts as deferred. */
static void jbzi_call_stash(jbz_core *core, const jbz_event *ev) {
    jbz_call *call = ev->call;
    jbzi_extra *x;
    jbzi_kept *k;
    jbzi_blk *b;
    if (ev->type == JBZ_EV_END) {
        if (!(call->flags & JBZI_CALL_TAKEN)) return; /* nobody will ever ask for it */
        call->flags |= JBZI_CALL_UNTOLD;
        core->ending = 0;
        return;
    }
    x = jbzi_call_need_extra(call);
    if (core->cur.state == JBZI_WHAT_OPEN && jbzi_call_defer(call, &core->cur) == JBZ_E_OK) core->cur.state = JBZI_WHAT_LATER;
    b = x && x->queue_bytes <= core->net.desc.max_message ? jbzi_call_copy_message(core, ev) : NULL;
    if (!b) { jbzi_call_log(core, JBZ_LINE_DROPPED, call, jbz_event_name(ev->type), NULL, 0); return; }
    k = jbzi_call_kept(b);
    k->serial = ev->serial;
    k->conn = ev->conn ? jbz_conn_slot(ev->conn) + 1 : 0;
    k->conn_gen = ev->conn ? ev->conn->gen : 0;
    k->tag = ev->tag;
    k->type = (uint8_t)ev->type;
    k->again = ev->again;
    k->known = ev->known;
    k->first = ev->first;
    k->reason = (uint8_t)ev->reason;
    x->queue_bytes += k->n;
    jbzi_call_push(&x->queue, &x->queue_end, b);
}

/* The next event that was kept for `call`. */
static bool jbzi_call_unstash(jbz_call *call, jbz_event *ev) {
    jbz_core *core = call->core;
    jbzi_extra *x = jbzi_call_extra(call);
    jbzi_kept *k;
    jbzi_blk *b = x ? x->queue : NULL;
    if (!b && !(call->flags & JBZI_CALL_UNTOLD)) return false;
    jbzi_call_finish(core);
    core->begun = true;
    jbzi_call_blank(core, ev);
    ev->call = call;
    if (!b) {
        call->flags &= (uint16_t)~JBZI_CALL_UNTOLD;
        core->ending = jbzi_call_slot(call) + 1;
        ev->type = JBZ_EV_END;
        ev->reason = (jbz_err)call->reason;
        return true;
    }
    x->queue = *jbzi_call_next(b);
    core->net.spent = b;
    k = jbzi_call_kept(b);
    x->queue_bytes -= k->n;
    ev->type = (jbz_event_type)k->type;
    ev->serial = k->serial;
    ev->tag = k->tag;
    ev->again = k->again != 0;
    ev->known = k->known != 0;
    ev->first = k->first != 0;
    ev->reason = (jbz_err)k->reason;
    ev->conn = jbzi_call_live(core, k->conn, k->conn_gen);
    if (k->n) {
        jbz_msg_read(&core->msg, &core->doc, (char *)(k + 1), k->n, core->toks, core->net.desc.tokens); /* as it was before */
        ev->msgid = jbz_json_str(core->msg.msgid, "", "");
        ev->hook = jbz_json_str(core->msg.hook, "", "");
        ev->data = core->msg.data;
        ev->message = core->msg.root;
    }
    return true;
}

/*---- questions about calls ----*/

JBZ_API jbz_call_id jbz_call_id_of(const jbz_call *call) {
    jbz_call_id id;
    id.slot = call ? jbzi_call_slot(call) + 1 : 0;
    id.gen = call ? call->gen : 0;
    return id;
}

JBZ_API jbz_call *jbz_call_find(jbz_core *core, jbz_call_id id) { return jbzi_call_at(core, id.slot, id.gen); }

JBZ_API jbz_call *jbz_call_by_sid(jbz_core *core, uint32_t app, const char *call_sid) {
    return call_sid ? jbzi_call_lookup(core, app, call_sid, strlen(call_sid)) : NULL;
}

JBZ_API void *jbz_call_user(const jbz_call *call) { return call ? call->user : NULL; }
JBZ_API void jbz_call_set_user(jbz_call *call, void *user) { if (call) call->user = user; }
JBZ_API uint32_t jbz_call_app(const jbz_call *call) { return call ? call->app : 0; }

JBZ_API const char *jbz_call_sid(const jbz_call *call) {
    static const char hex[] = "0123456789abcdef";
    char *to;
    int i;
    if (!call) return "";
    to = call->core->scratch[0];
    if (!(call->flags & JBZI_CALL_UUID)) return jbzi_call_text(call, 'S', NULL, 0);
    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
        *to++ = hex[call->sid[i] >> 4];
        *to++ = hex[call->sid[i] & 15];
    }
    *to = 0;
    return call->core->scratch[0];
}

static const char *jbzi_call_name(const jbz_call *call, const char *field, char kind, char *scratch) {
    const char *text = field[0] ? NULL : jbzi_call_text(call, kind, NULL, 0);
    if (text) return text;
    memcpy(scratch, field, 16);
    scratch[16] = 0;
    return scratch;
}

JBZ_API const char *jbz_call_from(const jbz_call *call) {
    return call ? jbzi_call_name(call, call->from, 'F', call->core->scratch[1]) : "";
}
JBZ_API const char *jbz_call_to(const jbz_call *call) {
    return call ? jbzi_call_name(call, call->to, 'T', call->core->scratch[2]) : "";
}

JBZ_API const char *jbz_call_direction(const jbz_call *call) {
    if (!call) return "";
    return call->flags & JBZI_CALL_INBOUND ? "inbound" : call->flags & JBZI_CALL_OUTBOUND ? "outbound" : "";
}

JBZ_API const char *jbz_call_status(const jbz_call *call) { return call ? jbzi_call_statuses[call->status] : ""; }

JBZ_API const char *jbz_call_env(const jbz_call *call, const char *name) {
    const jbz_env *e;
    const char *text;
    if (!call || !name) return NULL;
    text = jbzi_call_text(call, 'E', name, 0);
    if (text) return text;
    e = jbzi_call_app(call->core, call->app)->env;
    for (; e && e->name; e++)
        if (strcmp(e->name, name) == 0) return e->fallback;
    return NULL;
}

JBZ_API const char *jbz_call_leg(const jbz_call *call, uint32_t i) {
    return call ? jbzi_call_text(call, 'L', NULL, i) : NULL;
}

JBZ_API jbz_phase jbz_call_state(const jbz_call *call) {
    if (!call || call->flags & (JBZI_CALL_ENDED | JBZI_CALL_HANGUP)) return JBZ_CALL_ENDING;
    if (call->flags & JBZI_CALL_DETACHED) return JBZ_CALL_DETACHED;
    return call->flags & JBZI_CALL_NEW ? JBZ_CALL_NEW : JBZ_CALL_LIVE;
}

JBZ_API jbz_err jbz_call_timer(jbz_call *call, uint32_t ms, uint32_t tag) {
    jbzi_extra *x;
    if (!call || call->flags & JBZI_CALL_ENDED) return JBZ_E_GONE;
    x = ms ? jbzi_call_need_extra(call) : jbzi_call_extra(call);
    if (!x) return ms ? JBZ_E_NOMEM : JBZ_E_OK;
    x->timer = ms != 0;
    x->timer_due = call->core->net.now + ms;
    x->timer_tag = tag;
    if (ms) jbzi_conn_timer_by(&call->core->net, jbzi_call_timer_id(call), ms);
    return JBZ_E_OK;
}

JBZ_API const char *jbz_sip_header(const jbz_event *ev, const char *name) {
    jbz_json headers = jbz_json_at(ev->data, "/sip/headers"), v;
    size_t n = strlen(name), key_n;
    const char *key;
    for (v = jbz_json_first(headers); jbz_json_type_of(v); v = jbz_json_next(headers, v)) {
        key = jbz_json_keyn(v, &key_n);
        if (key && key_n == n && jbzi_http_alike(key, name, n)) return jbz_json_str(v, "", NULL);
    }
    return NULL;
}

JBZ_API void jbz_core_stats(const jbz_core *core, jbz_stats *stats) {
    *stats = core->net.stats;
    stats->pool_used = core->net.pool.used;
    stats->pool_limit = core->net.pool.limit;
}

/*---- opening ----*/

static void jbzi_call_default_number(uint32_t *field, uint32_t value) { if (*field == 0) *field = value; }

/* Defaults, in one place. */
static void jbzi_call_defaults(jbz_server_desc *d) {
    jbzi_call_default_number(&d->handshake_ms, 10000);
    jbzi_call_default_number(&d->ack_ms, 4000);
    jbzi_call_default_number(&d->ping_ms, 25000);
    jbzi_call_default_number(&d->resume_ms, 30000);
    jbzi_call_default_number(&d->drain_ms, 5000);
    jbzi_call_default_number(&d->close_ms, 2000);
    jbzi_call_default_number(&d->audio_first_ms, 5000);
    jbzi_call_default_number(&d->max_conns, 1024);
    jbzi_call_default_number(&d->max_message, 256 * 1024);
    jbzi_call_default_number(&d->max_out, 24576);
    jbzi_call_default_number(&d->out_spill, 64 * 1024);
    jbzi_call_default_number(&d->pool, d->max_message > 1024 * 1024 ? 4 * d->max_message : 4 * 1024 * 1024);
    jbzi_call_default_number(&d->receive, 64 * 1024);
    jbzi_call_default_number(&d->tokens, 8192);
    jbzi_call_default_number(&d->request, 8192);
    jbzi_call_default_number(&d->headers, 100);
    jbzi_call_default_number(&d->pending, 16);
    jbzi_call_default_number(&d->legs, 10);
    jbzi_call_default_number(&d->detached_bytes, 24576);
    jbzi_call_default_number(&d->speech_queue, 16384);
    jbzi_call_default_number(&d->audio_queue, 65536);
    jbzi_call_default_number(&d->nfds, 0);
}

#define JBZI_CONNS_MAX 0x3fffffffu

/* Where a core's arrays lie in its memory; with base NULL only the size is wanted. */
static size_t jbzi_call_layout(jbz_core *core, const jbz_server_desc *d, size_t header, char *base) {
    size_t at = header, buckets = 1, size[6], i;
    char *place[6];
    while (buckets < d->max_conns) buckets *= 2;
    size[0] = (size_t)d->max_conns * sizeof(struct jbz_conn);
    size[1] = ((size_t)d->max_conns + 1) * sizeof(struct jbz_call); /* one for whom an evicted call is still to be told */
    size[2] = buckets * sizeof(uint32_t);
    size[3] = (size_t)d->tokens * sizeof(jbz_tok);
    size[4] = (size_t)d->receive + 64;
    size[5] = JBZI_WS_GAP + (size_t)d->max_out + 64;
    for (i = 0; i < 6; i++) {
        at = (at + 63) & ~(size_t)63;
        place[i] = base ? base + at : NULL;
        at += size[i];
    }
    at = (at + 63) & ~(size_t)63;
    if (!base) return at;
    core->net.conns = (jbz_conn *)(void *)place[0];
    core->calls = (jbz_call *)(void *)place[1];
    core->buckets = (uint32_t *)(void *)place[2];
    core->bucket_mask = (uint32_t)(buckets - 1);
    core->toks = (jbz_tok *)(void *)place[3];
    core->net.rx = place[4];
    core->net.tx = (uint8_t *)place[5] + (16 - JBZI_WS_GAP % 16) % 16;
    memset(core->buckets, 0, size[2]);
    return at;
}

/* May the text be a value of the variable? */
static bool jbzi_call_env_fits(const jbz_env *e, const char *text) {
    const char *end = text + strlen(text);
    if (!e->type || strcmp(e->type, "string") == 0) return true;
    if (strcmp(e->type, "boolean") == 0) return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    return (*text == '-' || (*text >= '0' && *text <= '9')) && jbzi_out_one(&text, &end);
}

/* The portal takes a table whole or not at all (PROTOCOL 1.5), so what is wrong with it is told at once. NULL: nothing. */
static const char *jbzi_call_env_wrong(const jbz_env *e) {
    const char *list = e->choices, *p;
    char word[128];
    bool listed = !e->choices || !e->fallback;
    for (p = e->name; (*p >= '0' && *p <= '9') || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') || *p == '_'; p++) { }
    if (*p || p == e->name) return "name";
    if (e->type && strcmp(e->type, "string") != 0 && strcmp(e->type, "number") != 0 && strcmp(e->type, "boolean") != 0)
        return "type";
    while (jbzi_call_word(&list, word, sizeof word)) {
        if (!jbzi_call_env_fits(e, word)) return "choices";
        if (e->fallback && strcmp(e->fallback, word) == 0) listed = true;
    }
    if (e->fallback && (!listed || !jbzi_call_env_fits(e, e->fallback))) return "fallback";
    if (e->uiHint && strcmp(e->uiHint, "input") != 0 && strcmp(e->uiHint, "textarea") != 0 &&
        strcmp(e->uiHint, "filepicker") != 0)
        return "uiHint";
    return e->jambonzResource && strcmp(e->jambonzResource, "carriers") != 0 ? "jambonzResource" : NULL;
}

static jbz_err jbzi_call_check_env(const jbz_env *e, jbz_error *err) {
    jbzi_note note;
    const char *wrong;
    for (; e->name; e++) {
        if ((wrong = jbzi_call_env_wrong(e)) == NULL) continue;
        note.n = 0;
        jbzi_base_note(&note, "env.", e->name, strlen(e->name));
        jbzi_base_note(&note, ".", wrong, strlen(wrong));
        return jbzi_base_fail(err, JBZ_E_VALUE, note.text);
    }
    return JBZ_E_OK;
}

static jbz_err jbzi_call_check(const jbz_core *core, jbz_error *err) {
    const jbz_server_desc *d = &core->net.desc;
    uint32_t i;
    if (d->receive < 512 || d->receive < d->request) return jbzi_base_fail(err, JBZ_E_ARG, "receive");
    if (d->max_out < 512) return jbzi_base_fail(err, JBZ_E_ARG, "max_out");
    for (i = 0; i <= JBZ_MAX_APPS; i++) {
        const jbz_app_desc *app = jbzi_call_app(core, i);
        const char *from = app->fallback, *end = from ? from + strlen(from) : NULL, *list = app->subprotocols;
        char word[64];
        if (app->path && app->path[0] != '/' && app->path[0]) return jbzi_base_fail(err, JBZ_E_ARG, "path");
        if (app->auth && (!strchr(app->auth, ':') || strlen(app->auth) > JBZI_HTTP_AUTH_MAX))
            return jbzi_base_fail(err, JBZ_E_ARG, "auth");
        if (from && (!jbzi_out_one(&from, &end) || *from != '[')) return jbzi_base_fail(err, JBZ_E_RAW, "fallback");
        while (jbzi_call_word(&list, word, sizeof word))
            if (!jbzi_http_is_token(word)) return jbzi_base_fail(err, JBZ_E_ARG, "subprotocols");
        if (app->env && jbzi_call_check_env(app->env, err) != JBZ_E_OK) return err->code;
    }
    return JBZ_E_OK;
}

/* Opens a core with `header` bytes of which it is the first part. */
static jbz_core *jbzi_call_core_open(const jbz_server_desc *desc, size_t header, jbz_error *err) {
    jbz_server_desc d;
    jbz_core *core;
    jbz_error none;
    size_t fixed, pool;
    char *memory;
    if (!err) err = &none;
    memset(err, 0, sizeof *err);
    memset((void *)&d, 0, sizeof d);
    jbzi_call_copy(&d, desc);
    jbzi_call_defaults(&d);
    if (d.max_conns > JBZI_CONNS_MAX || d.max_message > 0x0ffffff0) { /* more than 30 bits count, and 28 */
        jbzi_base_fail(err, JBZ_E_ARG, d.max_message > 0x0ffffff0 ? "max_message" : "max_conns");
        return NULL;
    }
    fixed = jbzi_call_layout(NULL, &d, header, NULL);
    pool = jbzi_buf_pool_size(d.pool, (size_t)d.max_message + 32);
    if (d.memory && (d.memory_size < fixed + pool || ((uintptr_t)d.memory & 15))) {
        jbzi_base_fail(err, JBZ_E_NOMEM, "memory");
        return NULL;
    }
    memory = (char *)(d.memory ? d.memory : jbzi_base_realloc(&d.alloc, NULL, 0, fixed));
    if (!memory) { jbzi_base_fail(err, JBZ_E_NOMEM, "max_conns"); return NULL; }
    memset(memory, 0, header);
    core = (jbz_core *)(void *)memory;
    core->memory = memory;
    core->memory_size = fixed;
    core->net.desc = d;
    core->own.path = d.path;
    core->own.on_session = d.on_session;
    memcpy(core->own.on_hook, d.on_hook, sizeof d.on_hook);
    core->own.on_resume = d.on_resume;
    core->own.on_other = d.on_other;
    core->own.on_end = d.on_end;
    core->own.on_message = d.on_message;
    core->own.on_audio = d.on_audio;
    core->own.user = d.user;
    core->own.auth = d.auth;
    core->own.origins = d.origins;
    core->own.subprotocols = d.subprotocols;
    core->own.fallback = d.fallback;
    core->own.env = d.env;
    core->own.target = d.target;
    jbzi_call_layout(core, &d, header, memory);
    jbzi_buf_pool_open(&core->net.pool, &core->net.desc.alloc, d.memory ? memory + fixed : NULL, d.pool,
                       (size_t)d.max_message + 32);
    core->net.timers[0] = &core->net.conns[0].timer;
    core->net.timers[1] = &core->calls[0].timer;
    core->net.stride[0] = sizeof(struct jbz_conn);
    core->net.stride[1] = sizeof(struct jbz_call);
    if (jbzi_call_check(core, err) != JBZ_E_OK) { jbz_core_close(core); return NULL; }
    return core;
}

JBZ_API jbz_core *jbz_core_open(const jbz_server_desc *desc, jbz_error *err) {
    return jbzi_call_core_open(desc, sizeof(jbz_core), err);
}

/* All bytes, of which the first `header` are those of a core or server. */
static size_t jbzi_call_memory(const jbz_server_desc *desc, size_t header) {
    jbz_server_desc d;
    memset((void *)&d, 0, sizeof d);
    jbzi_call_copy(&d, desc);
    jbzi_call_defaults(&d);
    if (d.max_conns > JBZI_CONNS_MAX) return SIZE_MAX; /* is refused; where pointers have 32 bits the sums would wrap */
    return jbzi_call_layout(NULL, &d, header, NULL) + jbzi_buf_pool_size(d.pool, (size_t)d.max_message + 32);
}

#ifdef JBZ_NO_SERVER
JBZ_API size_t jbz_server_memory(const jbz_server_desc *desc) { return jbzi_call_memory(desc, sizeof(jbz_core)); }
#endif

JBZ_API void jbz_core_close(jbz_core *core) {
    jbz_alloc alloc;
    if (!core) return;
    alloc = core->net.desc.alloc;
    jbzi_buf_pool_close(&core->net.pool);
    if (!core->net.desc.memory) jbzi_base_realloc(&alloc, core->memory, core->memory_size, 0);
}

/*---- commands ----
 * Composed in the shared out-buffer, or in a block of the pool while that holds a message of the app; jbzi_call_command_after
 * sends or keeps them. */

typedef struct jbzi_call_cmd {
    jbz_call   *call;
    const char *name;
    jbzi_blk   *blk;
    bool        full;  /* the path of an error has the command's name already */
    jbz_out     o;
} jbzi_call_cmd;

/* Starts a command; its data comes next, then jbzi_call_cmd_end. If it cannot be, the writer has the error. */
static jbz_out *jbzi_call_cmd_start(jbzi_call_cmd *m, jbz_call *call, const char *name, const char *leg) {
    m->call = call;
    m->name = name;
    m->blk = NULL;
    m->full = false;
    if (!call || call->flags & (JBZI_CALL_ENDED | JBZI_CALL_HANGUP)) {
        jbzi_out_start(&m->o, NULL, 0, 0, NULL);
        jbzi_out_fail(&m->o, JBZ_E_GONE, "");
    } else if (!jbzi_call_space(call->core, &m->o, &m->blk, call->core->net.desc.max_out)) {
        jbzi_out_start(&m->o, NULL, 0, 0, NULL);
        jbzi_out_fail(&m->o, JBZ_E_NOMEM, "");
    }
    if (leg && !*leg) jbzi_out_fail(&m->o, JBZ_E_ARG, "callSid");
    if (call) m->o.target = (uint8_t)jbzi_call_app(call->core, call->app)->target;
    jbz_msg_command(&m->o, name, leg, false);
    return &m->o;
}

/* A command that has to wait needs no more memory than it is long. */
static void jbzi_call_cmd_trim(jbzi_call_cmd *m) {
    jbzi_pool *pool = &m->call->core->net.pool;
    size_t at = (size_t)(m->o.buf - jbzi_buf_bytes(m->blk)), n = at + m->o.len + 8; /* what ends it, and a NUL */
    jbzi_blk *small;
    if (m->o.error.code != JBZ_E_OK || jbzi_buf_order(n) >= m->blk->order || (small = jbzi_buf_take(pool, n, true)) == NULL)
        return;
    memcpy(jbzi_buf_bytes(small), jbzi_buf_bytes(m->blk), at + m->o.len);
    m->o.buf = jbzi_buf_bytes(small) + at;
    m->o.cap = m->o.len + 7;
    jbzi_buf_drop(pool, &m->blk);
    m->blk = small;
}

/* Sends it. What went wrong is logged, with the path. */
static jbz_err jbzi_call_cmd_end(jbzi_call_cmd *m) {
    jbz_core *core;
    jbzi_note path, line;
    jbz_err err;
    if (!m->call) return JBZ_E_GONE;
    core = m->call->core;
    if (m->blk) jbzi_call_cmd_trim(m);
    err = jbzi_call_command_after(m->call, &m->o, m->blk);
    if (err == JBZ_E_OK) return err;
    path.n = line.n = 0;
    path.text[0] = 0;
    if (!m->full || !m->o.error.path[0]) jbzi_base_note(&path, m->name, NULL, 0);
    if (path.n && m->o.error.path[0]) jbzi_base_note(&path, ".", NULL, 0);
    jbzi_base_note(&path, "", m->o.error.path, strlen(m->o.error.path));
    jbzi_base_note(&line, jbz_strerror(err), NULL, 0);
    jbzi_base_note(&line, ": ", path.text, path.n);
    jbzi_call_log(core, JBZ_LINE_NOT_SENT, m->call, line.text, NULL, 0);
    return jbzi_base_fail(&core->net.error, err, path.text);
}

/* Only jambonz v10 has this. */
static void jbzi_call_cmd_v10(jbzi_call_cmd *m) { if (m->o.target == JBZ_OSS) jbzi_out_fail(&m->o, JBZ_E_TARGET, ""); }

/* A member that must be there; with `words` it must be one of them. */
static void jbzi_call_cmd_member(jbz_out *o, const char *key, const char *value, const char *words) {
    if (!value || !*value) jbzi_out_fail(o, JBZ_E_MISSING, key);
    else if (words && !jbzi_verb_listed(words, value, strlen(value))) jbzi_out_fail(o, JBZ_E_VALUE, key);
    jbz_out_key(o, key);
    jbz_out_str(o, value);
}

static void jbzi_call_cmd_option(jbz_out *o, const char *key, const char *value) {
    if (!value) return;
    jbz_out_key(o, key);
    jbz_out_str(o, value);
}

/* JSON of the app's that must begin with `opening`. */
static void jbzi_call_cmd_json(jbz_out *o, const char *json, char opening) {
    if (!json) jbzi_out_fail(o, JBZ_E_MISSING, NULL);
    else if (json[strspn(json, " \t\r\n")] != opening) jbzi_out_fail(o, JBZ_E_RAW, NULL);
    jbz_out_json(o, json);
}

/* {"key":"word"} */
static jbz_err jbzi_call_cmd_word(jbz_call *call, const char *name, const char *leg, const char *key, const char *word,
                                  const char *words) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, name, leg);
    jbz_out_open_object(o);
    jbzi_call_cmd_member(o, key, word, words);
    jbz_out_close_object(o);
    return jbzi_call_cmd_end(&m);
}

/* Without callSid dtmf and sip:request go to the far end, and on some sockets there is no default at all (PROTOCOL 9.2). */
static const char *jbzi_call_cmd_leg(const jbz_call *call, const char *leg) { return leg ? leg : jbz_call_sid(call); }

/*---- redirect ----*/

static void jbzi_call_cmd_hook(jbz_out *o, const char *key, const char *hook, const char *method) {
    if (!hook || !*hook) jbzi_out_fail(o, JBZ_E_MISSING, key);
    jbz_out_key(o, key);
    if (!method) { jbz_out_str(o, hook); return; }
    jbz_out_open_object(o);
    jbzi_call_cmd_member(o, "url", hook, NULL);
    jbzi_call_cmd_member(o, "method", method, "GET|POST");
    jbz_out_close_object(o);
}

static jbz_err jbzi_call_cmd_hooks(jbz_call *call, const char *key, const char *hook, const char *child, const char *method) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "redirect", NULL);
    jbz_out_open_object(o);
    jbzi_call_cmd_hook(o, key, hook, method);
    if (child) jbzi_call_cmd_hook(o, "child_call_hook", child, NULL);
    jbz_out_close_object(o);
    return jbzi_call_cmd_end(&m);
}

JBZ_API jbz_err jbz_cmd_redirect_hook(jbz_call *call, const char *call_hook, const char *method) {
    return jbzi_call_cmd_hooks(call, "call_hook", call_hook, NULL, method);
}

JBZ_API jbz_err jbz_cmd_redirect_child(jbz_call *call, const char *child_call_hook, const char *method) {
    return jbzi_call_cmd_hooks(call, "child_call_hook", child_call_hook, NULL, method);
}

JBZ_API jbz_err jbz_cmd_redirect_both(jbz_call *call, const char *call_hook, const char *child_call_hook) {
    return jbzi_call_cmd_hooks(call, "call_hook", call_hook, child_call_hook ? child_call_hook : "", NULL);
}

JBZ_API jbz_out *jbz_cmd_redirect_parent(jbz_call *call) {
    jbz_out *o = jbzi_call_redirect(call, false);
    if (!o || o == &call->core->dud) return o;
    o->flags |= JBZI_MSG_NESTED;
    o->lazy = ",\"data\":{\"parent_call\":[";
    return o;
}

/*---- words and numbers ----*/

JBZ_API jbz_err jbz_cmd_call_status(jbz_call *call, const char *call_status) {
    return jbzi_call_cmd_word(call, "call:status", NULL, "call_status", call_status, "completed|no-answer");
}

JBZ_API jbz_err jbz_cmd_mute_status(jbz_call *call, const char *leg, const char *mute_status) {
    return jbzi_call_cmd_word(call, "mute:status", leg, "mute_status", mute_status, "mute|unmute");
}

JBZ_API jbz_err jbz_cmd_conf_mute_status(jbz_call *call, const char *conf_mute_status) {
    return jbzi_call_cmd_word(call, "conf:mute-status", NULL, "conf_mute_status", conf_mute_status, "mute|unmute");
}

JBZ_API jbz_err jbz_cmd_listen_status(jbz_call *call, const char *listen_status) {
    return jbzi_call_cmd_word(call, "listen:status", NULL, "listen_status", listen_status, "pause|resume");
}

JBZ_API jbz_err jbz_cmd_stream_status(jbz_call *call, const char *stream_status) {
    return jbzi_call_cmd_word(call, "stream:status", NULL, "stream_status", stream_status, "pause|resume");
}

JBZ_API jbz_err jbz_cmd_transcribe_status(jbz_call *call, const char *transcribe_status) {
    return jbzi_call_cmd_word(call, "transcribe:status", NULL, "transcribe_status", transcribe_status, "pause|resume");
}

/* `value` goes with these actions only, and with those of `must` it has to. */
static void jbzi_call_cmd_goes_with(jbz_out *o, const char *key, const char *value, const char *action, const char *may,
                                    const char *must) {
    size_t n = action ? strlen(action) : 0;
    if (value && !jbzi_verb_listed(may, action ? action : "", n)) jbzi_out_fail(o, JBZ_E_CONFLICT, key);
    if (!value && n && jbzi_verb_listed(must, action, n)) jbzi_out_fail(o, JBZ_E_MISSING, key);
    jbzi_call_cmd_option(o, key, value);
}

JBZ_API jbz_err jbz_cmd_conf_hold_status(jbz_call *call, const char *conf_hold_status, const char *wait_hook) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "conf:hold-status", NULL);
    jbz_out_open_object(o);
    jbzi_call_cmd_member(o, "conf_hold_status", conf_hold_status, "hold|unhold");
    jbzi_call_cmd_goes_with(o, "wait_hook", wait_hook, conf_hold_status, "hold", "");
    jbz_out_close_object(o);
    return jbzi_call_cmd_end(&m);
}

JBZ_API jbz_err jbz_cmd_conf_participant_action(jbz_call *call, const char *action, const char *tag, const char *wait_hook) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "conf:participant-action", NULL);
    jbz_out_open_object(o);
    jbzi_call_cmd_member(o, "action", action, "tag|untag|coach|uncoach|hold|unhold|mute|unmute|kick");
    jbzi_call_cmd_goes_with(o, "tag", tag, action, "tag|coach", "tag|coach");
    jbzi_call_cmd_goes_with(o, "wait_hook", wait_hook, action, "hold", "");
    jbz_out_close_object(o);
    return jbzi_call_cmd_end(&m);
}

JBZ_API jbz_err jbz_cmd_dtmf(jbz_call *call, const char *leg, char digit, uint32_t duration_ms) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "dtmf", jbzi_call_cmd_leg(call, leg));
    char word[2];
    word[0] = digit;
    word[1] = 0;
    jbz_out_open_object(o);
    jbz_out_key(o, "dtmf");
    jbz_out_open_object(o);
    jbzi_call_cmd_member(o, "digit", word, "0|1|2|3|4|5|6|7|8|9|*|#|A|B|C|D");
    if (duration_ms) { jbz_out_key(o, "duration"); jbz_out_int(o, duration_ms); }
    jbz_out_close_object(o);
    jbz_out_close_object(o);
    return jbzi_call_cmd_end(&m);
}

JBZ_API jbz_err jbz_cmd_boost_audio_signal(jbz_call *call, const char *leg, double dB) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "boostAudioSignal", leg);
    if (dB < 0 || dB > 0 || dB != dB) jbz_out_num(o, dB);
    else jbz_out_str(o, "0 dB"); /* the number would be taken for missing (PROTOCOL fact 12) */
    return jbzi_call_cmd_end(&m);
}

JBZ_API jbz_err jbz_cmd_media_path(jbz_call *call, const char *path) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "media:path", NULL);
    if (!path) jbzi_out_fail(o, JBZ_E_MISSING, "");
    else if (!jbzi_verb_listed("no-media|partial-media|full-media", path, strlen(path))) jbzi_out_fail(o, JBZ_E_VALUE, "");
    jbz_out_str(o, path);
    return jbzi_call_cmd_end(&m);
}

JBZ_API jbz_err jbz_cmd_tag(jbz_call *call, const char *json) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "tag", NULL);
    jbzi_call_cmd_v10(&m);
    jbzi_call_cmd_json(o, json, '{');
    return jbzi_call_cmd_end(&m);
}

JBZ_API jbz_err jbz_cmd_stt_reconfigure(jbz_call *call, const char *const *hints, size_t n) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "stt:reconfigure", NULL);
    size_t i;
    jbzi_call_cmd_v10(&m);
    jbz_out_open_object(o);
    jbz_out_key(o, "languageHints");
    jbz_out_open_array(o);
    for (i = 0; i < n; i++) jbz_out_str(o, hints[i]);
    jbz_out_close_array(o);
    jbz_out_close_object(o);
    return jbzi_call_cmd_end(&m);
}

/*---- commands with option structs ----*/

#ifndef JBZ_NO_VERBS

JBZI_VERB_SHAPE(cmd_record, "{\"verb\":\"record\"", 1)
JBZI_VERB_SHAPE(cmd_sip_request, "{\"verb\":\"sip:request\"", 1)
JBZI_VERB_SHAPE(cmd_noise_isolation_status, "{\"verb\":\"noiseIsolation:status\"", 0)
JBZI_VERB_SHAPE(cmd_room_say, "{\"verb\":\"room:say\"", 0)
JBZI_VERB_SHAPE(cmd_room_play, "{\"verb\":\"room:play\"", 0)

/* The options are the data, or (`inside`) a member of it. */
static jbz_err jbzi_call_cmd_opts(jbz_call *call, const char *name, const char *leg, const jbzi_verb_shape *s, const void *opts,
                                  const char *inside) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, name, leg);
    if (!s->oss) jbzi_call_cmd_v10(&m);
    if (!opts || !jbzi_verb_any(s, (const char *)opts)) jbzi_out_fail(o, JBZ_E_MISSING, "");
    if (inside) { jbz_out_open_object(o); jbz_out_key(o, inside); }
    m.full = true;
    jbzi_verb_options(o, s, opts);
    if (inside) jbz_out_close_object(o);
    return jbzi_call_cmd_end(&m);
}

JBZ_API jbz_err jbz_cmd_config(jbz_call *call, const jbz_config_opts *opts) {
    return jbzi_call_cmd_opts(call, "config", NULL, &jbzi_verb_shape_config, opts, NULL);
}

JBZ_API jbz_err jbz_cmd_dial(jbz_call *call, const jbz_rest_dial_opts *opts) {
    return jbzi_call_cmd_opts(call, "dial", NULL, &jbzi_verb_shape_rest_dial, opts, NULL);
}

JBZ_API jbz_err jbz_cmd_dub(jbz_call *call, const char *leg, const jbz_dub_opts *opts) {
    return jbzi_call_cmd_opts(call, "dub", leg, &jbzi_verb_shape_dub, opts, NULL);
}

JBZ_API jbz_err jbz_cmd_record(jbz_call *call, const jbz_cmd_record_opts *opts) {
    return jbzi_call_cmd_opts(call, "record", NULL, &jbzi_verb_shape_cmd_record, opts, NULL);
}

JBZ_API jbz_err jbz_cmd_sip_request(jbz_call *call, const char *leg, const jbz_cmd_sip_request_opts *opts) {
    return jbzi_call_cmd_opts(call, "sip:request", jbzi_call_cmd_leg(call, leg), &jbzi_verb_shape_cmd_sip_request, opts,
                              "sip_request");
}

JBZ_API jbz_err jbz_cmd_noise_isolation_status(jbz_call *call, const jbz_cmd_noise_isolation_status_opts *opts) {
    return jbzi_call_cmd_opts(call, "noiseIsolation:status", NULL, &jbzi_verb_shape_cmd_noise_isolation_status, opts, NULL);
}

JBZ_API jbz_err jbz_cmd_room_say(jbz_call *call, const jbz_cmd_room_say_opts *opts) {
    return jbzi_call_cmd_opts(call, "room:say", NULL, &jbzi_verb_shape_cmd_room_say, opts, NULL);
}

JBZ_API jbz_err jbz_cmd_room_play(jbz_call *call, const jbz_cmd_room_play_opts *opts) {
    return jbzi_call_cmd_opts(call, "room:play", NULL, &jbzi_verb_shape_cmd_room_play, opts, NULL);
}

JBZ_API jbz_err jbz_cmd_whisper(jbz_call *call, const char *leg, const jbz_say_opts *say, const jbz_play_opts *play) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "whisper", leg);
    if (!say && !play) jbzi_out_fail(o, JBZ_E_MISSING, "whisper");
    jbz_out_open_object(o);
    jbz_out_key(o, "whisper");
    jbz_out_open_array(o);
    m.full = say || play;
    if (say) jbz_put_say(o, say);
    if (play) jbz_put_play(o, play);
    jbz_out_close_array(o);
    jbz_out_close_object(o);
    return jbzi_call_cmd_end(&m);
}

#endif /* JBZ_NO_VERBS */

/* The text of string member `name` of the object at `p`, which is valid JSON; NULL: none. */
static const char *jbzi_call_cmd_find(const char *p, const char *end, const char *name, size_t *n) {
    const char *key, *v, *stop;
    for (p++; (p = jbzi_out_space(p, end)) < end && *p == '"'; p = jbzi_out_space(stop, end) + 1) {
        key = p;
        v = jbzi_out_space(jbzi_out_scan_key(p, end), end);
        stop = jbzi_out_scan(v, end);
        if (*v != '"' || strncmp(key + 1, name, strlen(name)) != 0 || key[1 + strlen(name)] != '"') continue;
        *n = (size_t)(stop - v) - 2;
        return v + 1;
    }
    return NULL;
}

#ifndef JBZ_NO_VERBS

static bool jbzi_call_cmd_whispers(const char *v, const char *end) {
    size_t n = 0;
    const char *verb = *v == '{' ? jbzi_call_cmd_find(v, end, "verb", &n) : NULL;
    return verb && jbzi_verb_listed("say|play", verb, n);
}

JBZ_API jbz_err jbz_cmd_whisper_raw(jbz_call *call, const char *leg, const char *json) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "whisper", leg);
    const char *p = json, *end = json ? json + strlen(json) : NULL;
    bool good = p && jbzi_out_one(&p, &end);
    jbz_out_open_object(o);
    jbz_out_key(o, "whisper");
    if (!good) jbzi_out_fail(o, json ? JBZ_E_RAW : JBZ_E_MISSING, "whisper");
    else if (*p != '[') good = jbzi_call_cmd_whispers(p, end);
    else {
        do {
            p = jbzi_out_space(p + 1, end);
            good = jbzi_call_cmd_whispers(p, end);
            if (good) p = jbzi_out_space(jbzi_out_scan(p, end), end);
        } while (good && *p == ',');
    }
    if (!good) jbzi_out_fail(o, JBZ_E_VALUE, "whisper");
    jbz_out_json(o, json);
    jbz_out_close_object(o);
    return jbzi_call_cmd_end(&m);
}

#endif /* JBZ_NO_VERBS */

/*---- language models ----*/

/* The result, as a string whatever it is. */
static void jbzi_call_cmd_as_text(jbz_out *o, const char *key, const jbz_tool_output_opts *t) {
    jbz_out_key(o, key);
    if (t->text) jbz_out_str(o, t->text);
    else if (t->json[strspn(t->json, " \t\r\n")] == '"') jbz_out_json(o, t->json);
    else jbz_out_str(o, t->json);
}

/* The shapes of PROTOCOL 5. */
static void jbzi_call_cmd_output(jbz_out *o, unsigned model, const jbz_tool_output_opts *t) {
    jbz_out_open_object(o);
    switch (model) {
    case JBZI_VERB_OPENAI:
        jbzi_call_cmd_member(o, "type", "conversation.item.create", NULL);
        jbz_out_key(o, "item");
        jbz_out_open_object(o);
        jbzi_call_cmd_member(o, "type", "function_call_output", NULL);
        jbzi_call_cmd_member(o, "call_id", t->id, NULL);
        jbzi_call_cmd_as_text(o, "output", t);
        jbz_out_close_object(o);
        break;
    case JBZI_VERB_ULTRAVOX:
        jbzi_call_cmd_member(o, "type", "client_tool_result", NULL);
        jbzi_call_cmd_member(o, "invocation_id", t->id, NULL);
        jbzi_call_cmd_as_text(o, "result", t);
        break;
    case JBZI_VERB_ELEVENLABS:
        jbz_out_key(o, "data");
        jbz_out_open_object(o);
        jbzi_call_cmd_member(o, "type", "client_tool_result", NULL);
        jbzi_call_cmd_member(o, "tool_call_id", t->id, NULL);
        jbzi_call_cmd_as_text(o, "result", t);
        jbz_out_key(o, "is_error");
        jbz_out_bool(o, t->is_error == JBZ_TRUE);
        jbz_out_close_object(o);
        break;
    case JBZI_VERB_DEEPGRAM:
        jbz_out_key(o, "data");
        jbz_out_open_object(o);
        jbzi_call_cmd_member(o, "type", "FunctionCallResponse", NULL);
        jbzi_call_cmd_member(o, "id", t->id, NULL);
        jbzi_call_cmd_member(o, "name", t->name, NULL);
        jbzi_call_cmd_as_text(o, "content", t);
        jbz_out_close_object(o);
        break;
    case JBZI_VERB_GOOGLE:
        jbz_out_key(o, "toolResponse");
        jbz_out_open_object(o);
        jbz_out_key(o, "functionResponses");
        jbz_out_open_array(o);
        jbz_out_open_object(o);
        jbzi_call_cmd_member(o, "id", t->id, NULL);
        jbzi_call_cmd_option(o, "name", t->name);
        jbz_out_key(o, "response");
        jbz_out_open_object(o);
        jbz_out_key(o, "output");
        if (t->text) jbz_out_str(o, t->text);
        else jbz_out_json(o, t->json);
        jbz_out_close_object(o);
        jbz_out_close_object(o);
        jbz_out_close_array(o);
        jbz_out_close_object(o);
        break;
    default:
        jbz_out_key(o, "result");
        if (t->text) jbz_out_str(o, t->text);
        else jbz_out_json(o, t->json);
    }
    jbz_out_close_object(o);
}

static void jbzi_call_cmd_tool(jbz_out *o, unsigned model, const jbz_tool_output_opts *opts) {
    const char *json = opts->json, *end = json ? json + strlen(json) : NULL, *id = opts->id ? opts->id : "";
    if (opts->vendor) model = jbzi_verb_model_of(opts->vendor, strlen(opts->vendor));
    if (!model && o->target == JBZ_V10) model = JBZI_VERB_OTHER_MODEL;
    if (!model) jbzi_out_fail(o, JBZ_E_MISSING, "vendor");
    if (!*id) jbzi_out_fail(o, JBZ_E_MISSING, "id");
    if (!opts->text && !json) jbzi_out_fail(o, JBZ_E_MISSING, "text");
    if (opts->text && json) jbzi_out_fail(o, JBZ_E_CONFLICT, "json");
    if (json && !jbzi_out_one(&json, &end)) jbzi_out_fail(o, JBZ_E_RAW, "json");
    if (o->error.code != JBZ_E_OK) return;
    if (model == JBZI_VERB_GOOGLE) id = "function_call_id"; /* Google's calls come with this; the functions' own are inside */
    jbzi_msg_member(o, ",\"tool_call_id\":", id, strlen(id));
    jbzi_call_cmd_output(o, model, opts);
}

JBZ_API jbz_err jbz_cmd_llm_tool_output(jbz_call *call, const jbz_tool_output_opts *opts) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "llm:tool-output", NULL);
    if (opts) jbzi_call_cmd_tool(o, call ? call->model : 0u, opts);
    else jbzi_out_fail(o, JBZ_E_MISSING, "id");
    return jbzi_call_cmd_end(&m);
}

JBZ_API jbz_err jbz_cmd_llm_update(jbz_call *call, const char *json) {
    static const char *const types[] = { NULL,
        "session.update|conversation.item.create|conversation.item.delete|response.cancel", "input_text_message", "",
        "UpdateInstructions|UpdateSpeak|InjectAgentMessage", NULL, NULL };
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "llm:update", NULL);
    const char *p = json, *end = json ? json + strlen(json) : NULL, *type, *known = types[call ? call->model : 0];
    size_t n = 0;
    if (p && o->target == JBZ_OSS && known && jbzi_out_one(&p, &end) && *p == '{') {
        type = jbzi_call_cmd_find(p, end, "type", &n);
        if (!type) jbzi_out_fail(o, JBZ_E_MISSING, "type");
        else if (!jbzi_verb_listed(known, type, n)) jbzi_out_fail(o, *known ? JBZ_E_VALUE : JBZ_E_TARGET, "type");
    }
    jbzi_call_cmd_json(o, json, '{');
    return jbzi_call_cmd_end(&m);
}

static jbz_out *jbzi_call_cmd_agent(jbzi_call_cmd *m, jbz_call *call, const char *type) {
    jbz_out *o = jbzi_call_cmd_start(m, call, "agent:update", NULL);
    jbzi_call_cmd_v10(m);
    jbz_out_open_object(o);
    jbzi_call_cmd_member(o, "type", type, NULL);
    return o;
}

static jbz_err jbzi_call_cmd_agent_end(jbzi_call_cmd *m) {
    jbz_out_close_object(&m->o);
    return jbzi_call_cmd_end(m);
}

JBZ_API jbz_err jbz_cmd_agent_update_instructions(jbz_call *call, const char *instructions) {
    jbzi_call_cmd m;
    jbzi_call_cmd_member(jbzi_call_cmd_agent(&m, call, "update_instructions"), "instructions", instructions, NULL);
    return jbzi_call_cmd_agent_end(&m);
}

JBZ_API jbz_err jbz_cmd_agent_inject_context(jbz_call *call, const char *role, const char *content) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_agent(&m, call, "inject_context");
    jbz_out_key(o, "messages");
    jbz_out_open_array(o);
    jbz_out_open_object(o);
    jbzi_call_cmd_member(o, "role", role, "system|user|assistant|tool");
    jbzi_call_cmd_member(o, "content", content, NULL);
    jbz_out_close_object(o);
    jbz_out_close_array(o);
    return jbzi_call_cmd_agent_end(&m);
}

JBZ_API jbz_err jbz_cmd_agent_update_tools(jbz_call *call, const char *json) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_agent(&m, call, "update_tools");
    jbz_out_key(o, "tools");
    jbzi_call_cmd_json(o, json, '[');
    return jbzi_call_cmd_agent_end(&m);
}

JBZ_API jbz_err jbz_cmd_agent_generate_reply(jbz_call *call, const char *user_input, const char *instructions,
                                             jbz_tri interrupt) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_agent(&m, call, "generate_reply");
    jbzi_call_cmd_option(o, "user_input", user_input);
    jbzi_call_cmd_option(o, "instructions", instructions);
    if (interrupt) { jbz_out_key(o, "interrupt"); jbz_out_bool(o, interrupt == JBZ_TRUE); }
    return jbzi_call_cmd_agent_end(&m);
}

JBZ_API jbz_err jbz_cmd_agent_update(jbz_call *call, const char *json) {
    jbzi_call_cmd m;
    jbz_out *o = jbzi_call_cmd_start(&m, call, "agent:update", NULL);
    const char *p = json, *end = json ? json + strlen(json) : NULL, *type = NULL;
    size_t n = 0;
    jbzi_call_cmd_v10(&m);
    if (p && jbzi_out_one(&p, &end) && *p == '{' && (type = jbzi_call_cmd_find(p, end, "type", &n)) == NULL)
        jbzi_out_fail(o, JBZ_E_MISSING, "type");
    if (type && !jbzi_verb_listed("update_instructions|inject_context|update_tools|generate_reply", type, n))
        jbzi_out_fail(o, JBZ_E_VALUE, "type");
    jbzi_call_cmd_json(o, json, '{');
    return jbzi_call_cmd_end(&m);
}

JBZ_API bool jbz_ev_tool_call(const jbz_event *ev, uint32_t i, jbz_tool_call *tool) {
    jbz_json from = jbz_json_at(ev->data, "/function_calls"), v;
    bool several = jbz_json_type_of(from) == JBZ_JSON_ARRAY;
    memset(tool, 0, sizeof *tool);
    tool->id = tool->name = "";
    v = several ? jbz_json_first(from) : ev->data;
    for (; several && i && jbz_json_type_of(v); i--) v = jbz_json_next(from, v);
    tool->id = jbz_json_str(v, several ? "/id" : "/tool_call_id", "");
    if (i || !*tool->id) return false;
    tool->name = jbz_json_str(v, "/name", "");
    tool->args = jbz_json_at(v, "/args");
    if (!jbz_json_type_of(tool->args)) tool->args = jbz_json_at(v, "/arguments"); /* agent:tool-call */
    return true;
}

/*---- what events tell ----*/

/* The first of several places, "/a\0/b\0", where there is a value of that type. */
static jbz_json jbzi_call_ev_find(const jbz_event *ev, const char *places, jbz_json_type type) {
    jbz_json v;
    for (; *places; places += strlen(places) + 1) {
        v = jbz_json_at(ev->data, places);
        if (jbz_json_type_of(v) == type) return v;
    }
    memset(&v, 0, sizeof v);
    return v;
}

static const char *jbzi_call_ev_text(const jbz_event *ev, const char *places) {
    return jbz_json_str(jbzi_call_ev_find(ev, places, JBZ_JSON_STRING), "", "");
}

static double jbzi_call_ev_num(const jbz_event *ev, const char *places, double fallback) {
    return jbz_json_num(jbzi_call_ev_find(ev, places, JBZ_JSON_NUMBER), "", fallback);
}

static int jbzi_call_ev_int(const jbz_event *ev, const char *places, int fallback) {
    int64_t v = jbz_json_int(jbzi_call_ev_find(ev, places, JBZ_JSON_NUMBER), "", fallback);
    return v >= -2147483647 && v <= 2147483647 ? (int)v : fallback;
}

JBZ_API const char *jbz_ev_call_sid(const jbz_event *ev) {
    const char *sid = jbz_json_str(ev->data, "/call_sid", "");
    return *sid ? sid : jbz_json_str(ev->message, "/call_sid", "");
}

JBZ_API const char *jbz_ev_leg(const jbz_event *ev) {
    const char *sid = jbz_ev_call_sid(ev);
    return ev->call && *sid && strcmp(sid, jbz_call_sid(ev->call)) != 0 ? sid : NULL;
}

JBZ_API const char *jbz_ev_parent_sid(const jbz_event *ev) {
    return jbzi_call_ev_text(ev, "/parent_call_sid\0/parent_call_info/call_sid\0");
}
JBZ_API const char *jbz_ev_from(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/from\0"); }
JBZ_API const char *jbz_ev_to(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/to\0"); }
JBZ_API const char *jbz_ev_caller_name(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/caller_name\0"); }
JBZ_API const char *jbz_ev_fs_sip_address(const jbz_event *ev) {
    return jbzi_call_ev_text(ev, "/fs_sip_address\0/local_sip_address\0");
}
JBZ_API const char *jbz_ev_fs_public_ip(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/fs_public_ip\0/public_ip\0"); }

JBZ_API jbz_json jbz_ev_customer_data(const jbz_event *ev) {
    return jbzi_call_ev_find(ev, "/customerData\0/customerdata\0", JBZ_JSON_OBJECT);
}

JBZ_API const char *jbz_ev_call_status(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/call_status\0"); }
JBZ_API int jbz_ev_sip_status(const jbz_event *ev) { return jbzi_call_ev_int(ev, "/sip_status\0", 0); }
JBZ_API const char *jbz_ev_sip_reason(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/sip_reason\0"); }

JBZ_API double jbz_ev_duration(const jbz_event *ev) {
    double ms = jbzi_call_ev_num(ev, "/playback_milliseconds\0", -1);
    if (ms >= 0) return ms / 1000;
    return jbzi_call_ev_num(ev, "/duration\0/dial_call_duration\0/playback_seconds\0", -1);
}

JBZ_API const char *jbz_ev_what(const jbz_event *ev) {
    return jbzi_call_ev_text(ev, "/event\0/event_type\0/type\0/speech_event/type\0");
}

JBZ_API const char *jbz_ev_result(const jbz_event *ev) {
    return jbzi_call_ev_text(ev,
                             "/dial_call_status\0/queue_result\0/dequeue_result\0/transfer_result\0/result\0/message_status\0"
                             "/completion_reason\0/reason\0");
}

JBZ_API const char *jbz_ev_reason(const jbz_event *ev) {
    return jbzi_call_ev_text(ev, "/reason\0/completion_reason\0/transfer_reason\0/leave_reason\0/message_failure_reason\0");
}

JBZ_API const char *jbz_ev_error(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/msg\0/error\0/error/message\0/err\0"); }
JBZ_API const char *jbz_ev_details(const jbz_event *ev) {
    return jbzi_call_ev_text(ev, "/details\0/details/message\0/details/code\0");
}
JBZ_API const char *jbz_ev_verb(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/verb\0/name\0"); }
JBZ_API const char *jbz_ev_verb_id(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/verb_id\0/id\0"); }

JBZ_API const char *jbz_ev_transcript(const jbz_event *ev) {
    return jbzi_call_ev_text(ev,
                             "/speech/alternatives/0/transcript\0/alternatives/0/transcript\0/transcript\0/data/transcript\0");
}

JBZ_API double jbz_ev_confidence(const jbz_event *ev) {
    return jbzi_call_ev_num(ev, "/speech/alternatives/0/confidence\0/alternatives/0/confidence\0", 0);
}

JBZ_API bool jbz_ev_is_final(const jbz_event *ev) {
    return jbz_json_type_of(jbzi_call_ev_find(ev, "/speech/is_final\0/is_final\0/data/is_final\0", JBZ_JSON_TRUE)) !=
           JBZ_JSON_MISSING;
}

JBZ_API const char *jbz_ev_language(const jbz_event *ev) {
    return jbzi_call_ev_text(ev, "/speech/language_code\0/language_code\0/translation/language\0/language\0");
}

JBZ_API int jbz_ev_channel(const jbz_event *ev) {
    return jbzi_call_ev_int(ev, "/speech/channel_tag\0/channel_tag\0/translation/channel\0", 0);
}
JBZ_API const char *jbz_ev_translation(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/translation/translation\0"); }
JBZ_API const char *jbz_ev_digits(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/digits\0/dtmf\0"); }

JBZ_API const char *jbz_ev_dial_status(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/dial_call_status\0"); }
JBZ_API int jbz_ev_dial_sip_status(const jbz_event *ev) { return jbzi_call_ev_int(ev, "/dial_sip_status\0", 0); }
JBZ_API const char *jbz_ev_dial_sid(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/dial_call_sid\0"); }

JBZ_API int jbz_ev_refer_status(const jbz_event *ev) {
    return jbzi_call_ev_int(ev, "/final_referred_call_status\0/call_status\0/refer_status\0", 0);
}

JBZ_API const char *jbz_ev_queue(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/queue_sid\0/queue\0"); }
JBZ_API int jbz_ev_queue_position(const jbz_event *ev) { return jbzi_call_ev_int(ev, "/queue_position\0", -1); }
JBZ_API int jbz_ev_queue_size(const jbz_event *ev) { return jbzi_call_ev_int(ev, "/queue_size\0/length\0", -1); }
JBZ_API int jbz_ev_queue_time(const jbz_event *ev) { return jbzi_call_ev_int(ev, "/queue_time\0", -1); }

JBZ_API const char *jbz_ev_conference(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/conference_sid\0"); }
JBZ_API const char *jbz_ev_conference_name(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/friendly_name\0"); }
JBZ_API int jbz_ev_members(const jbz_event *ev) { return jbzi_call_ev_int(ev, "/members\0", -1); }

JBZ_API const char *jbz_ev_amd(const jbz_event *ev) {
    const char *type = jbzi_call_ev_text(ev, "/type\0");
    return strncmp(type, "amd_", 4) == 0 ? type : "";
}

JBZ_API const char *jbz_ev_response(const jbz_event *ev) { return jbzi_call_ev_text(ev, "/response\0"); }
JBZ_API bool jbz_ev_interrupted(const jbz_event *ev) { return jbz_json_bool(ev->data, "/interrupted", false); }
JBZ_API int jbz_ev_latency(const jbz_event *ev, const char *which) {
    jbz_json latency = jbz_json_at(ev->data, "/latency"), v;
    int64_t ms;
    for (v = jbz_json_first(latency); jbz_json_type_of(v) && strcmp(jbz_json_key(v), which) != 0;)
        v = jbz_json_next(latency, v);
    ms = jbz_json_int(v, "", -1);
    return ms >= 0 && ms <= 0x7fffffff ? (int)ms : -1;
}
JBZ_API const char *jbz_ev_spoken(const jbz_event *ev) {
    return strcmp(jbz_json_str(ev->data, "/event_type", ""), "tts_spoken") == 0 ? jbzi_call_ev_text(ev, "/text\0") : "";
}

/*---- environment variables, typed ----*/

/* The value as a document of one token, in `word`; missing when it is no JSON number or word, or longer. */
static jbz_json jbzi_call_env_json_value(const jbz_call *call, const char *name, jbz_doc *doc, jbz_tok *tok, char word[64]) {
    const char *text = jbz_call_env(call, name);
    size_t n = text ? strlen(text) : 64;
    doc->count = 0;
    if (n < 64) {
        memcpy(word, text, n + 1);
        jbz_json_parse(doc, word, n, tok, 1, NULL);
    }
    return jbz_json_root(doc);
}

JBZ_API int64_t jbz_call_env_int(const jbz_call *call, const char *name, int64_t fallback) {
    jbz_doc doc;
    jbz_tok tok;
    char word[64];
    return jbz_json_int(jbzi_call_env_json_value(call, name, &doc, &tok, word), "", fallback);
}

JBZ_API double jbz_call_env_num(const jbz_call *call, const char *name, double fallback) {
    jbz_doc doc;
    jbz_tok tok;
    char word[64];
    return jbz_json_num(jbzi_call_env_json_value(call, name, &doc, &tok, word), "", fallback);
}

JBZ_API bool jbz_call_env_bool(const jbz_call *call, const char *name, bool fallback) {
    jbz_doc doc;
    jbz_tok tok;
    char word[64];
    return jbz_json_bool(jbzi_call_env_json_value(call, name, &doc, &tok, word), "", fallback);
}

/*---- speech streaming ----
 *
 *   queue:  text ... | F | text ...      F: a flush mark; a piece stays at the head until jambonz has taken it
 *
 *            +---------- ok: forget it, next ----------+
 *            v                                         |
 *   IDLE --send a piece--> FLIGHT --full--> PAUSED --stream_resumed, or 1.5 s--> IDLE (the same piece again)
 *                            |
 *                            +--failed, 10 s of silence, stream_closed--> CLOSED told, queue dropped --> IDLE
 *                            +--socket lost, then back--> DOUBT --1 s--> IDLE (again, REPEATED told)
 *
 * What the server does with the text decides how it is cut. It joins all it gets, speaks up to the last end of a sentence, and
 * holds the rest for more, for a second, or for a flush. A flush acts at once only if nothing is held. So
 *   - a piece never ends in white space: that is kept for the next one. Else it stays behind an ended sentence and holds the
 *     flush up for a second; and a piece of nothing but white space is thrown away by an empty buffer.
 *   - the last piece before a flush is ended, if it does not end a sentence by itself, with an empty line: the only end that is
 *     no sound, counts behind a digit, too, and leaves nothing behind. If all text is gone already, the empty line goes alone;
 *     an empty buffer throws it away, as it should.
 */

#define JBZI_SPEECH_MARK ((char)-1)  /* 0xFF, no byte of UTF-8: where a flush comes */
#define JBZI_SPEECH_UNITS 500u       /* most UTF-16 units of a piece; the server takes 1000 in all */
enum {
    JBZI_SPEECH_POLL_MS = 1500, /* a refused piece is sent again: stream_resumed may never come (PROTOCOL 9.3) */
    JBZI_SPEECH_RETRY_MS = 250, /* the transport did not take it */
    JBZI_SPEECH_DOUBT_MS = 1000,
    JBZI_SPEECH_SILENCE_MS = 10000
};

enum { /* flags */
    JBZI_SPEECH_FLIGHT  = 1,    /* a piece was sent and has no result yet */
    JBZI_SPEECH_STALE   = 2,    /* ... which does not matter any more, its text is dropped */
    JBZI_SPEECH_KILL    = 4,    /* ... and if it was taken, jambonz is to drop it, too */
    JBZI_SPEECH_DOUBT   = 8,    /* ... its socket was lost, and the result may be with it */
    JBZI_SPEECH_ENDS    = 16,   /* ... it ends a sentence */
    JBZI_SPEECH_ENDED   = 32,   /* jambonz holds no text: nothing sent, or an end of a sentence */
    JBZI_SPEECH_PAUSED  = 64,
    JBZI_SPEECH_SHORT   = 128,  /* a write did not fit */
    JBZI_SPEECH_CLEAR   = 256,  /* tts:clear is due */
    JBZI_SPEECH_FLUSH   = 512,  /* tts:flush is due (again) */
    JBZI_SPEECH_CLEARED = 1024, /* was sent, and no result came since that proves its arrival */
    JBZI_SPEECH_FLUSHED = 2048
};

typedef struct jbzi_speech {
    uint32_t id;             /* of the last piece */
    uint32_t flying;         /* bytes of the queue that are in it */
    uint32_t sent_at;
    uint32_t conn, conn_gen; /* which way the last message went */
    uint32_t last, flying_last; /* the last character that jambonz took, and of the last piece */
    uint32_t flags;
    uint32_t refused;        /* times in a row */
    jbz_err  failed;         /* why the stream closed, until it opens or the app clears: writes answer that */
} jbzi_speech;

static jbzi_speech *jbzi_call_speech_of(const jbzi_extra *x) { return (jbzi_speech *)(void *)jbzi_buf_bytes(x->speech); }

static void jbzi_call_speech_timer(jbz_call *call, uint32_t ms) {
    jbzi_extra *x = jbzi_call_extra(call);
    x->speech_due = call->core->net.now + ms;
    x->speech_timed = true;
    jbzi_conn_timer_by(&call->core->net, jbzi_call_timer_id(call), ms);
}

/*---- text ----*/

/* The character at `p`: its bytes, 0 if its end has not come yet. What is no UTF-8 goes as U+FFFD, as the writer does it. */
static size_t jbzi_call_speech_char(const char *p, const char *end, uint32_t *c) {
    uint32_t state = 0;
    size_t n;
    *c = 0xFFFD;
    for (n = 0; p + n < end; n++) {
        state = jbzi_utf8_step(state, (unsigned char)p[n]);
        if (state == 0) break;
        if (state == JBZI_UTF8_BAD) return n ? n : 1;
    }
    if (p + n == end) return 0;
    for (*c = (unsigned char)p[0] & (n ? 0x7Fu >> (n + 1) : 0x7Fu), state = 0; state < n;)
        *c = *c << 6 | ((unsigned char)p[++state] & 0x3Fu);
    return n + 1;
}

/* White space as JavaScript's \s has it, for that is what the server asks. */
static bool jbzi_call_speech_space(uint32_t c) {
    return c == ' ' || (c >= 9 && c <= 13) || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/* Does `c` behind `before` end a sentence? Behind a digit it may be half a number. */
static bool jbzi_call_speech_stop(uint32_t c, uint32_t before) {
    if (before >= '0' && before <= '9') return false;
    return c == '.' || c == '!' || c == '?' || c == 0x61F || c == 0x6D4 || c == 0x3002 || c == 0xFF01 || c == 0xFF1F;
}

/* What to send next. */
typedef struct jbzi_piece {
    size_t n;     /* bytes of text */
    size_t used;  /* bytes of the queue done with when it is taken */
    uint32_t end; /* its last character that is no white space */
    bool   ends;  /* a sentence */
    bool   last;  /* a flush comes behind it */
} jbzi_piece;

/* Cuts at white space, in words that are longer than a piece between characters. n 0: nothing but white space. `before` is the
   character that jambonz had last. */
static jbzi_piece jbzi_call_speech_cut(const char *p, const char *end, unsigned units, uint32_t before) {
    const char *mark = (const char *)memchr(p, (unsigned char)JBZI_SPEECH_MARK, (size_t)(end - p)), *stop = mark ? mark : end;
    size_t at = 0, n, solid = 0, words = 0;
    uint32_t c, last = 0, words_last = 0;
    bool ends = false, words_end = false, full = false;
    jbzi_piece piece;
    for (; p + at < stop; at += n, last = c) {
        n = jbzi_call_speech_char(p + at, mark ? mark + 1 : end, &c);
        if (n == 0) break;
        full = units < (c > 0xFFFF ? 2u : 1u);
        if (full) break;
        units -= c > 0xFFFF ? 2u : 1u;
        if (!jbzi_call_speech_space(c)) {
            ends = jbzi_call_speech_stop(c, before);
            before = c;
            solid = at + n;
        } else if (solid == at) { /* behind a word */
            words = solid;
            words_end = ends;
            words_last = before;
        }
        if (c == '\n' && last == '\n' && solid) { /* an empty line is an end that the server sees: not kept back */
            solid = words = at + n;
            ends = words_end = true;
        }
        if (c == '\n' && last == '\n') c = 0;
    }
    if (full && words) { solid = words; ends = words_end; before = words_last; }
    piece.last = mark && !full;
    piece.n = solid;
    piece.used = piece.last ? (size_t)(mark - p) : solid ? solid : full ? at : 0;
    piece.end = before;
    piece.ends = ends;
    return piece;
}

/*---- messages ----*/

static jbz_conn *jbzi_call_speech_way(const jbz_call *call) {
    jbz_conn *c = jbzi_call_conn(call->core, call->conn);
    if ((call->flags & (JBZI_CALL_ENDED | JBZI_CALL_HANGUP)) || jbzi_call_must_hold(call)) return NULL;
    return c && c->state == JBZI_CONN_OPEN ? c : NULL;
}

/* Sends a command; `text` NULL: without data. The out-buffer is free. False: the transport has no room, it is tried again. */
static bool jbzi_call_speech_send(jbz_call *call, const char *name, const char *text, size_t n, bool ended) {
    jbzi_speech *s = jbzi_call_speech_of(jbzi_call_extra(call));
    jbz_out o;
    jbzi_blk *blk;
    jbzi_call_space(call->core, &o, &blk, 0);
    jbz_msg_command(&o, name, NULL, false);
    if (text) {
        jbz_out_open_object(&o);
        jbz_out_key(&o, "id");
        jbz_out_int(&o, s->id + 1);
        jbz_out_key(&o, "tokens");
        jbz_out_strn(&o, text, n);
        if (ended) {
            o.len--; /* the quote */
            jbzi_out_put(&o, "\\n\\n\"", 5);
        }
        jbz_out_close_object(&o);
    }
    if (jbzi_call_command_after(call, &o, blk) == JBZ_E_OK) return true;
    jbzi_call_speech_timer(call, JBZI_SPEECH_RETRY_MS);
    return false;
}

/* `n` bytes at the head of the queue are done with. */
static void jbzi_call_speech_forget(jbz_call *call, size_t n) {
    jbzi_extra *x = jbzi_call_extra(call);
    if (!n) return;
    x->speech_text->off += (uint32_t)n;
    if (jbzi_buf_left(x->speech_text) == 0) jbzi_buf_drop(&call->core->net.pool, &x->speech_text);
}

/* Clear and flush have no results: those that may have been lost go again. */
static void jbzi_call_speech_again(jbzi_speech *s) {
    if (s->flags & JBZI_SPEECH_CLEARED) s->flags |= JBZI_SPEECH_CLEAR;
    if (s->flags & JBZI_SPEECH_FLUSHED) s->flags |= JBZI_SPEECH_FLUSH;
}

/* Another socket than before. What left the old one whole and may have been read, a piece at the most, waits for its result; if
   that comes, what went before the piece was read, too. */
static void jbzi_call_speech_moved(jbz_call *call, jbzi_extra *x, jbzi_speech *s, const jbz_conn *c) {
    bool moved = s->conn && (s->conn != call->conn || s->conn_gen != c->gen), lost = x->speech_lost;
    s->conn = call->conn;
    s->conn_gen = c->gen;
    if (!moved) return;
    x->speech_lost = false;
    if ((s->flags & JBZI_SPEECH_STALE) && !lost) s->flags |= JBZI_SPEECH_CLEAR;
    if (lost || (s->flags & JBZI_SPEECH_STALE))
        s->flags &= ~(uint32_t)(JBZI_SPEECH_FLIGHT | JBZI_SPEECH_STALE | JBZI_SPEECH_KILL);
    if (!(s->flags & JBZI_SPEECH_FLIGHT)) { jbzi_call_speech_again(s); return; }
    s->flags |= JBZI_SPEECH_DOUBT;
    jbzi_call_speech_timer(call, JBZI_SPEECH_DOUBT_MS);
}

/* The next step at the head of the queue. False: there is none, or it has to wait. */
static bool jbzi_call_speech_step(jbz_call *call, jbzi_extra *x, jbzi_speech *s) {
    const char *p = x->speech_text ? jbzi_buf_data(x->speech_text) : "";
    uint32_t most = (call->core->net.desc.max_out - 128) / 6; /* a unit may be an escape of six bytes */
    jbzi_piece piece = jbzi_call_speech_cut(p, p + jbzi_buf_left(x->speech_text),
                                            most < JBZI_SPEECH_UNITS ? most : JBZI_SPEECH_UNITS, s->last);
    bool close = piece.last && !piece.ends && (piece.n || !(s->flags & JBZI_SPEECH_ENDED));
    if (piece.n || close) {
        if (!jbzi_call_speech_send(call, "tts:tokens", p, piece.n, close)) return false;
        s->id++;
        s->flying = (uint32_t)piece.used;
        s->flying_last = piece.end;
        s->sent_at = call->core->net.now;
        s->flags |= JBZI_SPEECH_FLIGHT | (piece.ends || close ? (uint32_t)JBZI_SPEECH_ENDS : 0);
        jbzi_call_speech_timer(call, JBZI_SPEECH_SILENCE_MS);
        return false;
    }
    if (piece.last) {
        if (!jbzi_call_speech_send(call, "tts:flush", NULL, 0, false)) return false;
        s->flags = (s->flags | JBZI_SPEECH_FLUSHED | JBZI_SPEECH_ENDED) & ~(uint32_t)JBZI_SPEECH_FLUSH;
        piece.used++;
    }
    jbzi_call_speech_forget(call, piece.used);
    return piece.used > 0;
}

/* Sends what may go. */
static void jbzi_call_speech_pump(jbz_call *call) {
    jbzi_extra *x = jbzi_call_extra(call);
    jbzi_speech *s = jbzi_call_speech_of(x);
    const jbz_conn *c = jbzi_call_speech_way(call);
    if (!c) return; /* jbzi_call_release comes back to it */
    if (call->core->net.tx_busy) { /* a message of the app is open */
        if (!(s->flags & JBZI_SPEECH_PAUSED)) jbzi_call_speech_timer(call, 1);
        return;
    }
    jbzi_call_speech_moved(call, x, s, c);
    if (s->flags & JBZI_SPEECH_CLEAR) {
        if (!jbzi_call_speech_send(call, "tts:clear", NULL, 0, false)) return;
        s->flags = (s->flags | JBZI_SPEECH_CLEARED) & ~(uint32_t)JBZI_SPEECH_CLEAR;
    }
    if (s->flags & JBZI_SPEECH_FLUSH) {
        if (!jbzi_call_speech_send(call, "tts:flush", NULL, 0, false)) return;
        s->flags = (s->flags | JBZI_SPEECH_FLUSHED) & ~(uint32_t)JBZI_SPEECH_FLUSH;
    }
    while (!(s->flags & (JBZI_SPEECH_FLIGHT | JBZI_SPEECH_PAUSED)) && jbzi_call_speech_step(call, x, s)) { }
}

/*---- what jambonz says ----*/

/* Nothing of the queue is to be spoken any more: how many bytes of text that were. */
static uint32_t jbzi_call_speech_drop(jbz_call *call) {
    jbzi_extra *x = jbzi_call_extra(call);
    jbzi_speech *s = jbzi_call_speech_of(x);
    uint32_t n = jbzi_buf_left(x->speech_text), text = n;
    const char *p = n ? jbzi_buf_data(x->speech_text) : "";
    while (n) text -= p[--n] == JBZI_SPEECH_MARK;
    jbzi_buf_drop(&call->core->net.pool, &x->speech_text);
    s->flying = s->last = 0;
    if (s->flags & JBZI_SPEECH_FLIGHT) s->flags |= JBZI_SPEECH_STALE;
    s->flags &=
        ~(uint32_t)(JBZI_SPEECH_PAUSED | JBZI_SPEECH_SHORT | JBZI_SPEECH_FLUSH | JBZI_SPEECH_FLUSHED | JBZI_SPEECH_ENDS);
    s->flags |= JBZI_SPEECH_ENDED;
    return text;
}

static bool jbzi_call_speech_closed(jbz_call *call, jbz_event *ev, jbz_err reason) {
    ev->type = JBZ_EV_TTS_CLOSED;
    ev->reason = reason;
    ev->tag = jbzi_call_speech_drop(call);
    jbzi_call_speech_of(jbzi_call_extra(call))->failed = reason;
    jbzi_call_speech_pump(call);
    return true;
}

/* Is there room again for a writer that waits for it? */
static bool jbzi_call_speech_writable(jbz_call *call, jbz_event *ev) {
    jbzi_extra *x = jbzi_call_extra(call);
    jbzi_speech *s = jbzi_call_speech_of(x);
    uint32_t room = call->core->net.desc.speech_queue, left = jbzi_buf_left(x->speech_text);
    if (!(s->flags & JBZI_SPEECH_SHORT) || left > room / 2) return false;
    s->flags &= ~(uint32_t)JBZI_SPEECH_SHORT;
    ev->type = JBZ_EV_TTS_WRITABLE;
    ev->tag = room - left;
    return true;
}

/* tts:tokens-result: the piece was taken, or why not. Results of earlier pieces do not matter any more. */
static bool jbzi_call_speech_result(jbz_call *call, jbz_event *ev) {
    jbzi_speech *s = jbzi_call_speech_of(jbzi_call_extra(call));
    const char *status = jbz_json_str(ev->data, "/status", ""), *why = jbz_json_str(ev->data, "/reason", "");
    int64_t id = jbz_json_int(ev->data, "/id", 0);
    bool ok = strcmp(status, "ok") == 0, stale = (s->flags & JBZI_SPEECH_STALE) != 0, ends = (s->flags & JBZI_SPEECH_ENDS) != 0;
    if (id < 1 || id > s->id) return true; /* not one of ours */
    if (id != s->id || !(s->flags & JBZI_SPEECH_FLIGHT)) return false;
    if (ok && stale && (s->flags & JBZI_SPEECH_KILL)) s->flags |= JBZI_SPEECH_CLEAR;
    s->flags &= ~(uint32_t)(JBZI_SPEECH_FLIGHT | JBZI_SPEECH_STALE | JBZI_SPEECH_KILL | JBZI_SPEECH_DOUBT | JBZI_SPEECH_ENDS);
    if (!stale) s->flags &= ~(uint32_t)(JBZI_SPEECH_CLEARED | JBZI_SPEECH_FLUSHED); /* jambonz had what went before the piece */
    if (ok && !stale) {
        jbzi_call_speech_forget(call, s->flying);
        s->last = s->flying_last;
        s->flags = ends ? s->flags | JBZI_SPEECH_ENDED : s->flags & ~(uint32_t)JBZI_SPEECH_ENDED;
    } else if (!ok && !stale) {
        if (strcmp(why, "full") != 0) return jbzi_call_speech_closed(call, ev, *status ? JBZ_E_STATE : JBZ_E_TARGET);
        s->flags |= JBZI_SPEECH_PAUSED;
        /* It makes room by itself within two seconds, unless there is neither white space nor an end in all it has. */
        if (++s->refused == 3 && (call->flags & JBZI_CALL_SPEAKS)) s->flags |= JBZI_SPEECH_FLUSH;
    }
    if (ok || stale) s->refused = 0;
    if (s->flags & JBZI_SPEECH_PAUSED) jbzi_call_speech_timer(call, JBZI_SPEECH_POLL_MS);
    jbzi_call_speech_pump(call);
    return jbzi_call_speech_writable(call, ev);
}

/* Time has passed: a piece without result, a piece that was refused, or one the transport did not take. */
static bool jbzi_call_speech_timeout(jbz_call *call, jbz_event *ev) {
    jbzi_speech *s = jbzi_call_speech_of(jbzi_call_extra(call));
    uint32_t waited = call->core->net.now - s->sent_at;
    if (!jbzi_call_speech_way(call)) return false;
    if (s->flags & JBZI_SPEECH_DOUBT) {
        bool stale = (s->flags & JBZI_SPEECH_STALE) != 0;
        if (s->flags & JBZI_SPEECH_KILL) s->flags |= JBZI_SPEECH_CLEAR;
        s->flags &=
            ~(uint32_t)(JBZI_SPEECH_DOUBT | JBZI_SPEECH_FLIGHT | JBZI_SPEECH_STALE | JBZI_SPEECH_KILL | JBZI_SPEECH_PAUSED);
        if (!stale && s->flying) ev->type = JBZ_EV_TTS_REPEATED;
        ev->tag = s->flying;
        if (!stale) jbzi_call_speech_again(s);
    } else if (s->flags & JBZI_SPEECH_FLIGHT) {
        if (waited >= JBZI_SPEECH_SILENCE_MS) {
            bool stale = (s->flags & JBZI_SPEECH_STALE) != 0;
            s->flags &= ~(uint32_t)(JBZI_SPEECH_FLIGHT | JBZI_SPEECH_STALE | JBZI_SPEECH_KILL);
            if (!stale) return jbzi_call_speech_closed(call, ev, JBZ_E_TIMEOUT);
        } else jbzi_call_speech_timer(call, JBZI_SPEECH_SILENCE_MS - waited);
    } else s->flags &= ~(uint32_t)JBZI_SPEECH_PAUSED;
    jbzi_call_speech_pump(call);
    return ev->type != JBZ_EV_NONE;
}

/* One of the stream's own events. */
static bool jbzi_call_speech_told(jbz_call *call, jbz_event *ev) {
    jbzi_speech *s = jbzi_call_speech_of(jbzi_call_extra(call));
    const char *what = jbz_json_str(ev->data, "/event_type", "");
    switch (ev->type) {
    case JBZ_EV_TTS_OPEN: /* a flush that came too early was ignored */
        s->failed = JBZ_E_OK;
        if ((s->flags & (JBZI_SPEECH_FLUSHED | JBZI_SPEECH_FLIGHT)) == JBZI_SPEECH_FLUSHED) s->flags |= JBZI_SPEECH_FLUSH;
        break;
    case JBZ_EV_TTS_CLOSED: return jbzi_call_speech_closed(call, ev, JBZ_E_OK);
    case JBZ_EV_TTS_INTERRUPTED: /* jambonz has dropped its text; a piece that it did not have yet is none of it */
        ev->tag = jbzi_call_speech_drop(call);
        if (s->flags & JBZI_SPEECH_FLIGHT) s->flags |= JBZI_SPEECH_KILL;
        break;
    default:
        if (strcmp(what, "stream_resumed") == 0) s->flags &= ~(uint32_t)JBZI_SPEECH_PAUSED;
        if (strcmp(what, "stream_paused") == 0) {
            s->flags |= JBZI_SPEECH_PAUSED;
            if (!(s->flags & JBZI_SPEECH_FLIGHT)) jbzi_call_speech_timer(call, JBZI_SPEECH_POLL_MS);
        }
    }
    jbzi_call_speech_pump(call);
    return true;
}

/* What room 11 calls when something happens (see jbzi_extra). */
static bool jbzi_call_speech_run(jbz_call *call, jbz_event *ev) {
    if (ev && ev->type == JBZ_EV_NONE) return jbzi_call_speech_timeout(call, ev);
    if (ev) return ev->type == JBZ_EV_TTS_TOKENS_RESULT ? jbzi_call_speech_result(call, ev) : jbzi_call_speech_told(call, ev);
    if (jbzi_call_speech_way(call)) {
        if (jbzi_call_speech_of(jbzi_call_extra(call))->flags & (JBZI_SPEECH_FLIGHT | JBZI_SPEECH_PAUSED))
            jbzi_call_speech_timer(call, JBZI_SPEECH_DOUBT_MS); /* one that ran out meanwhile */
        jbzi_call_speech_pump(call);
    }
    return false;
}

/*---- for the app ----*/

static jbz_err jbzi_call_speech_need(jbz_call *call) {
    jbzi_extra *x;
    if (!call || call->flags & (JBZI_CALL_ENDED | JBZI_CALL_HANGUP)) return JBZ_E_GONE;
    x = jbzi_call_need_extra(call);
    if (x && !x->speech) {
        x->speech = jbzi_buf_take(&call->core->net.pool, sizeof(jbzi_speech), false);
        if (!x->speech) return JBZ_E_NOMEM;
        memset(jbzi_call_speech_of(x), 0, sizeof(jbzi_speech));
        jbzi_call_speech_of(x)->flags = JBZI_SPEECH_ENDED;
        x->speech_run = jbzi_call_speech_run;
    }
    return x ? jbzi_call_speech_of(x)->failed : JBZ_E_NOMEM;
}

JBZ_API jbz_err jbz_tts_write(jbz_call *call, const char *text, size_t n, size_t *taken) {
    jbz_core *core = call ? call->core : NULL;
    jbzi_extra *x;
    jbz_err err = text || !n ? jbzi_call_speech_need(call) : JBZ_E_ARG;
    size_t room, take = n, i;
    char *copy;
    if (taken) *taken = 0;
    if (!core) return JBZ_E_GONE;
    if (err == JBZ_E_OK && !taken && n > core->net.desc.speech_queue) err = JBZ_E_TOO_BIG;
    if (err != JBZ_E_OK) return jbzi_base_fail(&core->net.error, err, "tts:tokens");
    x = jbzi_call_extra(call);
    room = jbzi_buf_left(x->speech_text);
    room = room < core->net.desc.speech_queue ? core->net.desc.speech_queue - room : 0;
    if (take > room) {
        take = taken ? room : 0;
        while (take && ((unsigned char)text[take] & 0xC0) == 0x80) take--;
        jbzi_call_speech_of(x)->flags |= JBZI_SPEECH_SHORT;
    }
    if (take) {
        if (!jbzi_buf_append(&core->net.pool, &x->speech_text, text, take, SIZE_MAX, false))
            return jbzi_base_fail(&core->net.error, JBZ_E_NOMEM, "tts:tokens");
        copy = jbzi_buf_data(x->speech_text) + jbzi_buf_left(x->speech_text) - take;
        for (i = 0; i < take; i++)
            if (copy[i] == JBZI_SPEECH_MARK) copy[i] = (char)-2; /* as malformed as before */
        if (taken) *taken = take;
        jbzi_call_speech_pump(call);
    }
    return take < n ? JBZ_E_FULL : JBZ_E_OK;
}

JBZ_API jbz_err jbz_tts_flush(jbz_call *call) {
    static const char mark[] = { JBZI_SPEECH_MARK };
    jbz_core *core = call ? call->core : NULL;
    jbz_err err = jbzi_call_speech_need(call);
    jbzi_extra *x = err == JBZ_E_OK ? jbzi_call_extra(call) : NULL;
    uint32_t left = x ? jbzi_buf_left(x->speech_text) : 0;
    if (x && !(left && jbzi_buf_data(x->speech_text)[left - 1] == JBZI_SPEECH_MARK)
        && !jbzi_buf_append(&core->net.pool, &x->speech_text, mark, 1, SIZE_MAX, true)) err = JBZ_E_NOMEM;
    if (err != JBZ_E_OK) return core ? jbzi_base_fail(&core->net.error, err, "tts:flush") : err;
    jbzi_call_speech_pump(call);
    return JBZ_E_OK;
}

JBZ_API jbz_err jbz_tts_clear(jbz_call *call) {
    jbzi_extra *x = call ? jbzi_call_extra(call) : NULL;
    jbz_err err;
    if (x && x->speech) jbzi_call_speech_of(x)->failed = JBZ_E_OK;
    err = jbzi_call_speech_need(call);
    if (err != JBZ_E_OK) return call ? jbzi_base_fail(&call->core->net.error, err, "tts:clear") : err;
    jbzi_call_speech_drop(call);
    jbzi_call_speech_of(jbzi_call_extra(call))->flags |= JBZI_SPEECH_CLEAR;
    jbzi_call_speech_pump(call);
    return JBZ_E_OK;
}

JBZ_API size_t jbz_tts_queued(const jbz_call *call) {
    const jbzi_extra *x = call ? jbzi_call_extra(call) : NULL;
    return x ? jbzi_buf_left(x->speech_text) : 0;
}

/*---- audio ----
 *
 *   in    frame -> samples to the app; text -> START, DTMF, MARK, PLAY_DONE
 *   out   write -> queue -> (when due) -> frames         a mark waits in its place between the samples
 *
 * What an audio socket needs lies in a block of the pool, found through conn.call. The first half, receiving, is in
 * every program; the second comes with the functions that send: they set `run`. What jambonz does with marks decides how
 * they are kept: it puts a mark in front of the next binary frame, as sample 0xFFFF, and reports it when that is played.
 * A mark that was killed leaves an entry behind that swallows a later one: hence the library's own (JBZI_AUDIO_DUMMY),
 * one for each. (PROTOCOL 6.3, 9.4)
 */

#define JBZI_AUDIO_LINK 0x80000000u /* in conn.call; then the block's chunk, then its place in that in units of 64 */
#define JBZI_AUDIO_DUMMY "jbz."
enum {
    JBZI_AUDIO_FRAME = 2048,   /* bytes of samples in a frame, at most; jambonz handles 1,024 at once */
    JBZI_AUDIO_MARKS = 30,     /* jambonz drops more */
    JBZI_AUDIO_CLIPS = 11,     /* likewise */
    JBZI_AUDIO_AHEAD_MS = 200, /* jambonz holds up to 160 back */
    JBZI_AUDIO_STEP_MS = 20,
    JBZI_AUDIO_TAIL_MS = 160,
    JBZI_AUDIO_GRACE_MS = 2000 /* how late a report may be: 30 marks come one per 20 ms, and there is the way */
};

struct jbz_audio {
    jbz_conn *conn;
    void     *user;
    bool    (*run)(struct jbz_audio *a, jbz_event *ev); /* sending; NULL: nothing was ever sent */
    jbzi_blk *queue;           /* samples, as they are sent, that are not due yet */
    jbzi_blk *awaited;         /* marks, or clips: jbzi_awaited one behind the other, oldest first */
    uint32_t  call, call_gen;
    uint32_t  rate;            /* of what comes */
    uint32_t  idle_due;        /* when room 10 wants the connection's timer ... */
    uint32_t  due;             /* ... and when `run` wants it, if `timed` */
    uint32_t  out_rate, ahead_ms;
    uint32_t  clock, ahead;    /* at `clock` (ms) so many samples were sent and not played */
    uint32_t  written, sent;   /* samples, since the beginning */
    uint32_t  clips;           /* ids made */
    uint8_t   channels;
    uint8_t   carried, carry[3]; /* bytes of a frame of samples whose rest has not come */
    uint8_t   way;             /* jbz_audio_way; 0 not said */
    uint8_t   dummies;         /* marks of the library's own that are to be sent */
    bool      timed, brief, leaving; /* brief: a write did not fit */
};
JBZI_STATIC_ASSERT(audio_block_is_small, sizeof(struct jbz_audio) <= 128 - sizeof(jbzi_blk));

static jbzi_blk *jbzi_call_audio_block(const jbz_conn *c) {
    return (jbzi_blk *)(void *)(c->net->pool.chunk[c->call >> 24 & 15] + ((size_t)(c->call & 0xffffffu) << 6));
}

static jbz_audio *jbzi_call_audio_of(const jbz_conn *c) {
    return (jbz_audio *)(void *)jbzi_buf_bytes(jbzi_call_audio_block(c));
}

static jbz_core *jbzi_call_audio_core(const jbz_audio *a) { return (jbz_core *)(void *)a->conn->net; }

JBZ_API jbz_call *jbz_audio_call(const jbz_audio *audio) {
    return audio ? jbzi_call_at(jbzi_call_audio_core(audio), audio->call, audio->call_gen) : NULL;
}

/* The audio socket as the event's. */
static void jbzi_call_audio_tell(jbz_audio *a, jbz_event *ev, jbz_event_type type) {
    ev->type = type;
    ev->audio = a;
    ev->conn = a->conn;
    ev->call = jbz_audio_call(a);
}

/*---- tokens ----*/

/* 32 characters that name a call and that nobody can make without the seed. */
static void jbzi_call_audio_token(const jbz_core *core, uint32_t link, uint32_t gen, char token[32]) {
    uint32_t word[4], i;
    word[0] = link;
    word[1] = gen;
    for (i = 2; i < 4; i++) {
        word[i] = i;
        word[i] = jbzi_hash_seeded(core->net.desc.seed, word, (i + 1) * sizeof word[0]);
    }
    for (i = 0; i < 32; i++) token[i] = "0123456789abcdef"[word[i / 8] >> (28 - i % 8 * 4) & 15];
}

static uint32_t jbzi_call_audio_hex(const char *p) {
    uint32_t v = 0, i;
    for (i = 0; i < 8; i++) v = v << 4 | (((unsigned char)p[i] & 15u) + (p[i] > '9' ? 9u : 0u));
    return v;
}

/* The call whose token is in the query; NULL: there is none, or it is not one of ours. */
static const jbz_call *jbzi_call_audio_known(const jbz_core *core, jbzi_http_str query) {
    char token[32];
    size_t i;
    for (i = 0; i + 36 <= query.n; i++) {
        const char *p = query.p + i;
        uint32_t link, gen;
        if (memcmp(p, "jbz=", 4) != 0 || (i > 0 && p[-1] != '&')) continue;
        link = jbzi_call_audio_hex(p + 4);
        gen = jbzi_call_audio_hex(p + 12);
        jbzi_call_audio_token(core, link, gen, token);
        return jbzi_hash_equal(p + 4, 32, token, 32) ? jbzi_call_at(core, link, gen) : NULL;
    }
    return NULL;
}

static void jbzi_call_audio_bind(jbz_audio *a, const jbz_call *call) {
    if (!call) return;
    a->call = jbzi_call_slot(call) + 1;
    a->call_gen = call->gen;
}

/*---- it comes, time passes, it goes ----*/

/* A request is about to become an audio socket. False: no memory. */
static bool jbzi_call_audio_open(jbz_core *core, jbz_conn *c, const jbzi_http_req *req) {
    jbzi_pool *pool = &core->net.pool;
    jbzi_blk *b = jbzi_buf_take(pool, sizeof(jbz_audio), false);
    jbz_audio *a;
    if (!b) return false;
    c->call = JBZI_AUDIO_LINK | (uint32_t)b->chunk << 24 | (uint32_t)((size_t)((char *)b - pool->chunk[b->chunk]) >> 6);
    a = jbzi_call_audio_of(c);
    memset(a, 0, sizeof *a);
    a->conn = c;
    a->rate = 8000;
    a->channels = 1;
    a->ahead_ms = JBZI_AUDIO_AHEAD_MS;
    a->idle_due = core->net.now + core->net.desc.ping_ms;
    jbzi_call_audio_bind(a, jbzi_call_audio_known(core, req->query));
    return true;
}

/* Sets the connection's timer to what comes first. What is due already comes with the next pull, not a slot later. */
static void jbzi_call_audio_arm(jbz_conn *c) {
    jbzi_net *net = c->net;
    const jbz_audio *a = jbzi_call_audio_of(c);
    uint32_t id = jbzi_conn_timer_id(c);
    int32_t left = (int32_t)(a->idle_due - net->now), other = (int32_t)(c->since + net->desc.audio_first_ms - net->now);
    if (c->state != JBZI_CONN_OPEN || (c->flags & JBZI_CONN_STARVED)) return; /* room 10 waits for something else */
    if (!(c->flags & JBZI_CONN_SPOKE) && other < left) left = other;
    other = (int32_t)(a->due - net->now);
    if (a->timed && other < left) left = other;
    if (left > 0) { jbzi_conn_timer_set(net, id, (uint32_t)left); return; }
    jbzi_conn_timer_clear(net, id);
    jbzi_conn_timer_list(net, id, JBZI_WHEEL_SLOTS);
}

/* The timer of an open audio socket ran out. True: `ev` is for the app. */
static bool jbzi_call_audio_tick(jbz_conn *c, jbz_event *ev) {
    jbzi_net *net = c->net;
    jbz_audio *a = jbzi_call_audio_of(c);
    bool told = false;
    if (!(c->flags & JBZI_CONN_SPOKE) && net->now - c->since >= net->desc.audio_first_ms) { /* PROTOCOL 9.4: an orphan */
        jbzi_conn_close(c, JBZ_CLOSE_NORMAL, "no first frame");
        return false;
    }
    if ((c->flags & JBZI_CONN_STARVED) || (int32_t)(net->now - a->idle_due) >= 0) {
        jbzi_conn_expired(c);
        a->idle_due = jbzi_conn_timer(net, jbzi_conn_timer_id(c))->due;
    }
    if (a->run && c->state == JBZI_CONN_OPEN && a->timed && (int32_t)(net->now - a->due) >= 0) told = a->run(a, ev);
    jbzi_call_audio_arm(c);
    return told;
}

/* It is closed. What hangs on it goes, the block itself with the next pull. */
static bool jbzi_call_audio_closed(jbz_core *core, jbz_event *ev) {
    jbz_conn *c = core->got.conn;
    jbz_audio *a = jbzi_call_audio_of(c);
    jbzi_buf_drop(&core->net.pool, &a->queue);
    jbzi_buf_drop(&core->net.pool, &a->awaited);
    core->net.spent = jbzi_call_audio_block(c);
    c->call = 0;
    c->kind = JBZI_CONN_SPENT;
    if (!(c->flags & JBZI_CONN_SPOKE)) return false;
    jbzi_call_audio_tell(a, ev, JBZ_EV_AUDIO_END);
    ev->reason = c->code == JBZ_CLOSE_NORMAL ? JBZ_E_OK : JBZ_E_GONE;
    ev->tag = c->code;
    return true;
}

/*---- samples come ----*/

/* Makes samples of the bytes of a message, where they lie or close by: up to 4 bytes in front of them, where a frame's header
   was, or, in a block of their own, up to 3 behind. What is no whole sample (of each channel) waits for the next message. */
static void jbzi_call_audio_pcm(jbz_audio *a, jbz_event *ev, char *bytes, size_t n) {
    const jbzi_blk *own = a->conn->net->spent;
    uint8_t *at = (uint8_t *)bytes, keep[4];
    size_t all = a->carried + n, over = own && all > jbzi_buf_cap(own) ? all - jbzi_buf_cap(own) : 0, rest, i;
    int16_t *out;
    if (!own) at -= a->carried + (((uintptr_t)at - a->carried) & 1);
    memcpy(keep, bytes + n - over, over); /* a block's size is a multiple of 16: what is left is whole */
    all -= over;
    memmove(at + a->carried, bytes, n - over);
    memcpy(at, a->carry, a->carried);
    rest = all % (2u * a->channels);
    memcpy(a->carry, over ? keep : at + all - rest, over + rest);
    a->carried = (uint8_t)(over + rest);
    out = (int16_t *)(void *)at;
    ev->pcm = out;
    ev->samples = (all - rest) / 2;
    for (i = 0; i < ev->samples; i++) out[i] = (int16_t)(uint16_t)(at[2 * i] | at[2 * i + 1] << 8);
}
JBZI_STATIC_ASSERT(audio_blocks_hold_whole_samples, sizeof(jbzi_blk) % 4 == 0);

/*---- texts come ----*/

/* How much of a broken object is whole members, without the comma behind them; 0: nothing. */
static size_t jbzi_call_audio_whole(const char *p, size_t n) {
    size_t i, whole = 0;
    int depth = 0;
    bool quoted = false;
    for (i = 0; i < n; i++) {
        if (quoted && p[i] == '\\') i++;
        else if (p[i] == '"') quoted = !quoted;
        else if (quoted) continue;
        else if (p[i] == '{' || p[i] == '[') depth++;
        else if (p[i] == '}' || p[i] == ']') depth--;
        else if (p[i] == ',' && depth == 1) whole = i;
    }
    return whole;
}

/* Reads a text into core->doc; `cut`: what is broken is taken as far as it goes. */
static jbz_json jbzi_call_audio_read(jbz_core *core, char *text, size_t n, bool cut) {
    size_t at = 0;
    jbz_err err = jbz_json_parse(&core->doc, text, n, core->toks, core->net.desc.tokens, &at);
    if (err != JBZ_E_OK && cut && (at = jbzi_call_audio_whole(text, at)) != 0) {
        text[at] = '}';
        text[at + 1] = 0;
        (void)jbz_json_parse(&core->doc, text, at + 1, core->toks, core->net.desc.tokens, NULL);
        jbzi_call_odd(core, NULL, "audio metadata cut short");
    } else if (err != JBZ_E_OK) jbzi_call_odd(core, NULL, "audio: not JSON");
    return jbz_json_root(&core->doc);
}

/* A whole number, as such or, as jambonz has it, as a string; 0: none. */
static uint32_t jbzi_call_audio_number(jbz_json v, const char *pointer) {
    jbz_json at = jbz_json_at(v, pointer);
    const char *p = jbz_json_type_of(at) == JBZ_JSON_NUMBER ? jbzi_json_text(at.doc, at.at) : jbz_json_str(at, "", "");
    uint32_t n = 0;
    for (; *p >= '0' && *p <= '9' && n < 100000000; p++) n = n * 10 + (uint32_t)(*p - '0');
    return n;
}

/* The first message: what it tells about the socket. */
static void jbzi_call_audio_start(jbz_core *core, jbz_audio *a, jbz_json meta) {
    uint32_t rate = jbzi_call_audio_number(meta, "/sampleRate"), app;
    const jbz_call *call = NULL;
    size_t n;
    const char *sid = jbz_json_strn(meta, "/callSid", &n);
    if (rate >= 1000 && rate <= 192000) a->rate = rate;
    if (strcmp(jbz_json_str(meta, "/mixType", ""), "stereo") == 0) a->channels = 2;
    if (jbz_audio_call(a) || !sid) return;
    call = jbzi_call_lookup(core, a->conn->app, sid, n);
    for (app = 0; !call && app <= JBZ_MAX_APPS; app++) call = jbzi_call_lookup(core, app, sid, n);
    jbzi_call_audio_bind(a, call);
}

/* Any later text. */
static bool jbzi_call_audio_said(jbz_audio *a, jbz_event *ev) {
    const char *type = jbz_json_str(ev->message, "/type", "");
    jbz_event_type what = JBZ_EV_UNKNOWN;
    if (jbz_json_type_of(ev->message) != JBZ_JSON_OBJECT) return false;
    ev->data = jbz_json_at(ev->message, "/data");
    if (strcmp(type, "mark") == 0) {
        what = JBZ_EV_AUDIO_MARK;
        ev->name = jbz_json_str(ev->data, "/name", "");
        if (strcmp(jbz_json_str(ev->data, "/event", ""), "cleared") == 0) ev->reason = JBZ_E_GONE;
    } else if (strcmp(type, "playDone") == 0) {
        what = JBZ_EV_AUDIO_PLAY_DONE;
        ev->name = jbz_json_str(ev->data, "/id", "");
        ev->ms = jbzi_call_audio_number(ev->data, "/playbackMilliseconds");
    } else if (strcmp(jbz_json_str(ev->message, "/event", ""), "dtmf") == 0) {
        what = JBZ_EV_AUDIO_DTMF;
        ev->data = ev->message;
        ev->name = jbz_json_str(ev->data, "/dtmf", "");
        ev->ms = jbzi_call_audio_number(ev->data, "/duration") / 8; /* it counts 8,000 a second */
    }
    jbzi_call_audio_tell(a, ev, what);
    return !a->run || what == JBZ_EV_UNKNOWN || what == JBZ_EV_AUDIO_DTMF || a->run(a, ev);
}

/* A message of an audio socket. True: `ev` is for the app. */
static bool jbzi_call_audio_message(jbz_core *core, jbz_event *ev) {
    const jbzi_got *got = &core->got;
    jbz_conn *c = got->conn;
    jbz_audio *a = jbzi_call_audio_of(c);
    bool first = !(c->flags & JBZI_CONN_SPOKE);
    uint32_t utf8 = 0;
    if (got->type == JBZ_TEXT && !got->checked && !jbzi_utf8_feed(&utf8, got->bytes, got->len)) { /* may end in a character */
        jbzi_conn_fail(c, JBZ_CLOSE_BAD_UTF8, "not UTF-8");
        return false;
    }
    c->flags |= JBZI_CONN_SPOKE;
    if (got->type == JBZ_TEXT) {
        ev->data = ev->message = jbzi_call_audio_read(core, got->bytes, got->len, first);
        if (!first) return jbzi_call_audio_said(a, ev);
        jbzi_call_audio_start(core, a, ev->data);
    } else jbzi_call_audio_pcm(a, ev, got->bytes, got->len);
    jbzi_call_audio_tell(a, ev, first ? JBZ_EV_AUDIO_START : JBZ_EV_AUDIO_PCM);
    return first || ev->samples || !got->len; /* half a sample is nothing yet */
}

/*---- for the app: which socket ----*/

JBZ_API jbz_audio_id jbz_audio_id_of(const jbz_audio *audio) {
    jbz_audio_id id;
    id.slot = audio ? jbz_conn_slot(audio->conn) + 1 : 0;
    id.gen = audio ? audio->conn->gen : 0;
    return id;
}

JBZ_API jbz_audio *jbz_audio_find(jbz_core *core, jbz_audio_id id) {
    const jbz_conn *c = id.slot <= core->net.conns_used ? jbzi_call_live(core, id.slot, id.gen) : NULL;
    return c && c->kind == JBZI_CONN_AUDIO ? jbzi_call_audio_of(c) : NULL;
}

JBZ_API void *jbz_audio_user(const jbz_audio *audio) { return audio ? audio->user : NULL; }
JBZ_API void jbz_audio_set_user(jbz_audio *audio, void *user) { if (audio) audio->user = user; }
JBZ_API uint32_t jbz_audio_rate(const jbz_audio *audio) { return audio ? audio->rate : 0; }
JBZ_API unsigned jbz_audio_channels(const jbz_audio *audio) { return audio ? audio->channels : 0; }

JBZ_API const char *jbz_audio_url(const jbz_call *call, const char *url, char *buf, size_t size) {
    size_t n = url ? strlen(url) : 0;
    if (!call || !url || size < 38 || n > size - 38) return NULL;
    memcpy(buf, url, n);
    memcpy(buf + n, strchr(url, '?') ? "&jbz=" : "?jbz=", 5);
    jbzi_call_audio_token(call->core, jbzi_call_slot(call) + 1, call->gen, buf + n + 5);
    buf[n + 37] = 0;
    return buf;
}

/*---- audio, sending ----*/

/* A mark, or a clip, whose end has not been told. */
typedef struct jbzi_awaited {
    uint32_t at;       /* mark: behind so many samples written */
    uint32_t due;      /* ms, once sent: when it is told anyway */
    uint8_t  state;
    char     name[55];
} jbzi_awaited;
JBZI_STATIC_ASSERT(audio_awaited_size, sizeof(jbzi_awaited) == 64);
enum { JBZI_AWAITED_UNSENT, JBZI_AWAITED_SENT, JBZI_AWAITED_PLACED, /* samples went behind it */ JBZI_AWAITED_GONE };

static uint32_t jbzi_call_audio_count(const jbz_audio *a) {
    return jbzi_buf_left(a->awaited) / (uint32_t)sizeof(jbzi_awaited);
}

static jbzi_awaited *jbzi_call_audio_awaited(const jbz_audio *a) {
    return a->awaited ? (jbzi_awaited *)(void *)jbzi_buf_bytes(a->awaited) : NULL;
}

/* The first in that state or, named, the first under way with that name. */
static jbzi_awaited *jbzi_call_audio_pick(const jbz_audio *a, unsigned state, const char *name) {
    jbzi_awaited *w = jbzi_call_audio_awaited(a);
    uint32_t left = jbzi_call_audio_count(a);
    for (; left; left--, w++)
        if (name ? strcmp(w->name, name) == 0 && w->state != JBZI_AWAITED_UNSENT : w->state == state) return w;
    return NULL;
}

static void jbzi_call_audio_done(jbz_audio *a, jbzi_awaited *w) {
    jbzi_awaited *end = jbzi_call_audio_awaited(a) + jbzi_call_audio_count(a);
    memmove(w, w + 1, (size_t)(end - w - 1) * sizeof *w);
    a->awaited->len -= (uint32_t)sizeof *w;
    if (!a->awaited->len) jbzi_buf_drop(&a->conn->net->pool, &a->awaited);
}

/* One more at the end; NULL: no memory. */
static jbzi_awaited *jbzi_call_audio_await(jbz_audio *a, const char *name) {
    jbzi_awaited *w;
    if (!jbzi_buf_room(&a->conn->net->pool, &a->awaited, sizeof *w, 64 * sizeof *w, false)) return NULL;
    w = jbzi_call_audio_awaited(a) + jbzi_call_audio_count(a);
    a->awaited->len += (uint32_t)sizeof *w;
    memset(w, 0, sizeof *w);
    memcpy(w->name, name, strlen(name));
    return w;
}

static bool jbzi_call_audio_rate_ok(uint32_t rate) {
    return rate % 8000 == 0 && rate >= 8000 && rate <= 64000 && rate != 40000 && rate != 56000;
}

/* Brings the count of what is sent and not played up to now. Rates are whole samples per ms. */
static uint32_t jbzi_call_audio_ahead(const jbz_audio *a) {
    uint64_t played = (uint64_t)(a->conn->net->now - a->clock) * (a->out_rate / 1000);
    return played < a->ahead ? a->ahead - (uint32_t)played : 0;
}

static void jbzi_call_audio_sent(jbz_audio *a, uint32_t samples) {
    a->ahead = jbzi_call_audio_ahead(a) + samples;
    a->clock = a->conn->net->now;
    a->sent += samples;
}

/* Sends a control message. */
static jbz_err jbzi_call_audio_text(jbz_audio *a, const char *type, const char *name) {
    char text[JBZI_WS_GAP + 128];
    jbz_out o;
    jbz_out_init(&o, text + JBZI_WS_GAP, sizeof text - JBZI_WS_GAP);
    jbz_out_open_object(&o);
    jbz_out_key(&o, "type");
    jbz_out_str(&o, type);
    if (name) {
        jbz_out_key(&o, "data");
        jbz_out_open_object(&o);
        jbz_out_key(&o, "name");
        jbz_out_str(&o, name);
        jbz_out_close_object(&o);
    }
    jbz_out_close_object(&o);
    a->conn->net->stats.messages_out++;
    return jbzi_conn_frame(a->conn, JBZI_WS_TEXT, (uint8_t *)o.buf, o.len);
}

/* When a mark that is sent now is told at the latest. */
static uint32_t jbzi_call_audio_latest(const jbz_audio *a) {
    return a->conn->net->now + jbzi_call_audio_ahead(a) / (a->out_rate / 1000) + JBZI_AUDIO_GRACE_MS;
}

/* The marks that make up for those that were killed go in front of what is sent next. They count, but nobody hears of them. */
static bool jbzi_call_audio_amend(jbz_audio *a) {
    jbzi_awaited *w;
    for (; a->dummies; a->dummies--) {
        if (jbzi_call_audio_text(a, "mark", JBZI_AUDIO_DUMMY) != JBZ_E_OK) return false;
        w = jbzi_call_audio_await(a, JBZI_AUDIO_DUMMY);
        if (w) w->state = JBZI_AWAITED_SENT;
        if (w) w->due = jbzi_call_audio_latest(a);
    }
    return true;
}

static bool jbzi_call_audio_is_dummy(const jbz_audio *a, const char *name) {
    return a->way == JBZ_AUDIO_STREAM && strcmp(name, JBZI_AUDIO_DUMMY) == 0;
}

/* Sends `n` bytes from the head of the queue. */
static bool jbzi_call_audio_frame(jbz_audio *a, size_t n) {
    uint8_t frame[JBZI_WS_GAP + JBZI_AUDIO_FRAME];
    jbzi_awaited *w;
    memcpy(frame + JBZI_WS_GAP, jbzi_buf_data(a->queue), n);
    if (jbzi_conn_frame(a->conn, JBZI_WS_BINARY, frame + JBZI_WS_GAP, n) != JBZ_E_OK) return false;
    a->conn->net->stats.messages_out++;
    jbzi_call_audio_sent(a, (uint32_t)n / 2);
    a->queue->off += (uint32_t)n;
    if (!jbzi_buf_left(a->queue)) jbzi_buf_drop(&a->conn->net->pool, &a->queue);
    while ((w = jbzi_call_audio_pick(a, JBZI_AWAITED_SENT, NULL)) != NULL) w->state = JBZI_AWAITED_PLACED;
    return true;
}

/* How many bytes of samples may go now. Unless they are the last, not in crumbs. */
static size_t jbzi_call_audio_may(const jbz_audio *a, size_t n) {
    const jbz_conn *c = a->conn;
    size_t most = (size_t)a->ahead_ms * (a->out_rate / 1000) * 2, ahead = (size_t)jbzi_call_audio_ahead(a) * 2, step;
    if (jbzi_buf_left(c->out) > c->net->desc.out_spill / 2) return 0;
    if (n > JBZI_AUDIO_FRAME) n = JBZI_AUDIO_FRAME;
    if (!a->ahead_ms || ahead + n <= most) return n;
    step = JBZI_AUDIO_STEP_MS * (a->out_rate / 1000) * 2;
    most = ahead < most ? most - ahead : 0; /* less than n */
    return most < step ? 0 : most;
}

/* Sends what may go, and sets the time for what may not. */
static void jbzi_call_audio_pump(jbz_audio *a) {
    uint32_t now = a->conn->net->now, left, count, i;
    jbzi_awaited *w;
    size_t n;
    for (;;) {
        n = jbzi_buf_left(a->queue);
        w = jbzi_call_audio_pick(a, JBZI_AWAITED_UNSENT, NULL); /* no clip is that */
        if (a->dummies && (n || w)) {
            if (!jbzi_call_audio_amend(a)) break;
            w = jbzi_call_audio_pick(a, JBZI_AWAITED_UNSENT, NULL); /* they may have moved */
        }
        if (w && (size_t)(w->at - a->sent) * 2 < n) n = (size_t)(w->at - a->sent) * 2;
        if (w && n == 0) {
            if (jbzi_call_audio_text(a, "mark", w->name) != JBZ_E_OK) break;
            w->state = JBZI_AWAITED_SENT;
            w->due = jbzi_call_audio_latest(a);
            continue;
        }
        n = n ? jbzi_call_audio_may(a, n) : 0;
        if (n == 0 || !jbzi_call_audio_frame(a, n)) break;
    }
    a->timed = a->queue || w || a->brief;
    a->due = now + JBZI_AUDIO_STEP_MS;
    for (w = jbzi_call_audio_awaited(a), count = jbzi_call_audio_count(a), i = 0; i < count; i++, w++) {
        if (w->state == JBZI_AWAITED_UNSENT) continue;
        left = w->state == JBZI_AWAITED_GONE ? now : w->due;
        if (!a->timed || (int32_t)(left - a->due) < 0) a->due = left;
        a->timed = true;
    }
    jbzi_call_audio_arm(a->conn);
}

/* A report of jambonz. False: the app has been told, or it is none of its marks. */
static bool jbzi_call_audio_report(jbz_audio *a, const jbz_event *ev) {
    jbzi_awaited *w = jbzi_call_audio_pick(a, 0, ev->name); /* those that are gone have been told before */
    if (w) jbzi_call_audio_done(a, w);
    if (jbzi_call_audio_is_dummy(a, ev->name)) return false;
    return w || a->way != (ev->type == JBZ_EV_AUDIO_MARK ? JBZ_AUDIO_STREAM : JBZ_AUDIO_CLIPS);
}

/* Something that jambonz will not report (any more) is told in its place. */
static bool jbzi_call_audio_overdue(jbz_audio *a, jbz_event *ev) {
    jbz_core *core = jbzi_call_audio_core(a);
    uint32_t i = 0;
    while (i < jbzi_call_audio_count(a)) {
        jbzi_awaited *w = jbzi_call_audio_awaited(a) + i;
        bool gone = w->state == JBZI_AWAITED_GONE, own = jbzi_call_audio_is_dummy(a, w->name);
        if (!gone && (w->state == JBZI_AWAITED_UNSENT || (int32_t)(core->net.now - w->due) < 0)) { i++; continue; }
        ev->name = (const char *)memcpy(core->scratch[3], w->name, sizeof w->name);
        jbzi_call_audio_done(a, w);
        if (own) continue;
        jbzi_call_audio_tell(a, ev, a->way == JBZ_AUDIO_STREAM ? JBZ_EV_AUDIO_MARK : JBZ_EV_AUDIO_PLAY_DONE);
        ev->reason = gone ? JBZ_E_GONE : JBZ_E_TIMEOUT;
        return true;
    }
    return false;
}

/* What a->run does: with an event, a report; with an empty one, the time has come. True: `ev` is for the app. */
static bool jbzi_call_audio_run(jbz_audio *a, jbz_event *ev) {
    jbz_conn *c = a->conn;
    const jbz_server_desc *d = &c->net->desc;
    uint32_t left = jbzi_buf_left(a->queue);
    if (ev->type != JBZ_EV_NONE) return jbzi_call_audio_report(a, ev);
    if (a->leaving) {
        jbzi_conn_close(c, JBZ_CLOSE_NORMAL, NULL);
        return false;
    }
    if (!jbzi_call_audio_overdue(a, ev) && a->brief && !c->out && left <= d->audio_queue / 2
        && (a->way == JBZ_AUDIO_STREAM || jbzi_call_audio_count(a) < JBZI_AUDIO_CLIPS)) {
        a->brief = false;
        jbzi_call_audio_tell(a, ev, JBZ_EV_AUDIO_WRITABLE);
        ev->tag = a->way == JBZ_AUDIO_STREAM ? (d->audio_queue - left) / 2 : 0;
    }
    jbzi_call_audio_pump(a);
    return ev->type != JBZ_EV_NONE;
}

/*---- for the app: sending ----*/

static jbz_err jbzi_call_audio_fail(const jbz_audio *a, jbz_err err, const char *what) {
    return err == JBZ_E_OK || !a ? err : jbzi_base_fail(&a->conn->net->error, err, what);
}

/* Whether anything can be sent; `way` 0: whatever jambonz was asked for. */
static jbz_err jbzi_call_audio_ready(jbz_audio *a, unsigned way) {
    if (!a || a->conn->state != JBZI_CONN_OPEN || (a->conn->flags & JBZI_CONN_EOF) || a->leaving) return JBZ_E_GONE;
    a->run = jbzi_call_audio_run;
    return way && way != a->way ? JBZ_E_STATE : JBZ_E_OK;
}

JBZ_API jbz_err jbz_audio_mode(jbz_audio *audio, jbz_audio_way way, uint32_t rate) {
    jbz_err err = jbzi_call_audio_ready(audio, 0);
    if (err == JBZ_E_OK && way != JBZ_AUDIO_STREAM && way != JBZ_AUDIO_CLIPS) err = JBZ_E_ARG;
    if (err == JBZ_E_OK && way == JBZ_AUDIO_STREAM && !jbzi_call_audio_rate_ok(rate)) err = JBZ_E_VALUE;
    if (way == JBZ_AUDIO_CLIPS) rate = 0;
    if (err == JBZ_E_OK && audio->way && (audio->way != way || audio->out_rate != rate)) err = JBZ_E_STATE;
    if (err != JBZ_E_OK) return jbzi_call_audio_fail(audio, err, "audio mode");
    audio->way = (uint8_t)way;
    audio->out_rate = rate;
    return JBZ_E_OK;
}

JBZ_API void jbz_audio_pace(jbz_audio *audio, uint32_t ahead_ms) {
    if (!audio) return;
    if (ahead_ms && ahead_ms < 2 * JBZI_AUDIO_STEP_MS) ahead_ms = 2 * JBZI_AUDIO_STEP_MS;
    audio->ahead_ms = ahead_ms > 60000 ? 60000 : ahead_ms;
    if (audio->queue) jbzi_call_audio_pump(audio);
}

/* Appends samples to the queue, as they are sent; NULL: silence. */
static bool jbzi_call_audio_put(jbz_audio *a, const int16_t *pcm, size_t n) {
    uint8_t *to;
    size_t i;
    if (!jbzi_buf_room(&a->conn->net->pool, &a->queue, 2 * n, SIZE_MAX, false)) return false;
    to = (uint8_t *)jbzi_buf_bytes(a->queue) + a->queue->len;
    for (i = 0; i < n; i++) {
        uint16_t v = pcm ? (uint16_t)pcm[i] : (uint16_t)0;
        if (v == 0xFFFF) v = 0; /* what was sent before a mark is still searched for it */
        to[2 * i] = (uint8_t)v;
        to[2 * i + 1] = (uint8_t)(v >> 8);
    }
    a->queue->len += (uint32_t)(2 * n);
    a->written += (uint32_t)n;
    return true;
}

JBZ_API jbz_err jbz_audio_write(jbz_audio *audio, const int16_t *pcm, size_t samples, size_t *taken) {
    size_t max = audio ? audio->conn->net->desc.audio_queue / 2 : 0, done = 0, room;
    jbz_err err = jbzi_call_audio_ready(audio, JBZ_AUDIO_STREAM);
    if (taken) *taken = 0;
    if (err == JBZ_E_OK && samples && !pcm) err = JBZ_E_ARG;
    if (err == JBZ_E_OK && !taken && samples > max) err = JBZ_E_TOO_BIG;
    while (err == JBZ_E_OK && done < samples) {
        room = max - (jbz_audio_queued(audio) < max ? jbz_audio_queued(audio) : max);
        if (room > samples - done) room = samples - done;
        if (room == 0 || (!taken && room < samples)) err = JBZ_E_FULL;
        else if (!jbzi_call_audio_put(audio, pcm + done, room)) err = JBZ_E_NOMEM;
        if (err != JBZ_E_OK) audio->brief = true;
        else done += room;
        jbzi_call_audio_pump(audio); /* what is due makes room */
    }
    if (taken) *taken = done;
    return jbzi_call_audio_fail(audio, err, "audio write");
}

JBZ_API jbz_err jbz_audio_end(jbz_audio *audio) {
    jbz_err err = jbzi_call_audio_ready(audio, JBZ_AUDIO_STREAM);
    size_t silence = (size_t)JBZI_AUDIO_TAIL_MS * (err == JBZ_E_OK ? audio->out_rate / 1000 : 0);
    if (err == JBZ_E_OK && !jbzi_call_audio_put(audio, NULL, silence)) err = JBZ_E_NOMEM;
    if (err == JBZ_E_OK) jbzi_call_audio_pump(audio);
    return jbzi_call_audio_fail(audio, err, "audio end");
}

/* jambonz writes names into its reports without escaping them. */
static bool jbzi_call_audio_name_ok(const char *name) {
    const char *p = name;
    if (!name || !*name || strncmp(name, JBZI_AUDIO_DUMMY, 4) == 0) return false;
    while (*p && ((*p >= '0' && *p <= '9') || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') || strchr("_.-", *p))) p++;
    return !*p && p - name <= 54;
}

JBZ_API jbz_err jbz_audio_mark(jbz_audio *audio, const char *name) {
    jbz_err err = jbzi_call_audio_ready(audio, JBZ_AUDIO_STREAM);
    jbzi_awaited *w;
    if (err == JBZ_E_OK && !jbzi_call_audio_name_ok(name)) err = JBZ_E_VALUE;
    if (err == JBZ_E_OK && jbzi_call_audio_count(audio) + audio->dummies >= JBZI_AUDIO_MARKS) err = JBZ_E_FULL;
    w = err == JBZ_E_OK ? jbzi_call_audio_await(audio, name) : NULL;
    if (err == JBZ_E_OK && !w) err = JBZ_E_NOMEM;
    if (!w) return jbzi_call_audio_fail(audio, err, "mark");
    w->at = audio->written;
    jbzi_call_audio_pump(audio);
    return JBZ_E_OK;
}

/* As many of the library's own marks as jambonz is off by now. */
static void jbzi_call_audio_owe(jbz_audio *a) {
    if (a->dummies < JBZI_AUDIO_MARKS) a->dummies++;
}

JBZ_API jbz_err jbz_audio_clear_marks(jbz_audio *audio) {
    jbz_err err = jbzi_call_audio_ready(audio, JBZ_AUDIO_STREAM);
    jbzi_awaited *w;
    if (err == JBZ_E_OK) err = jbzi_call_audio_text(audio, "clearMarks", NULL);
    if (err != JBZ_E_OK) return jbzi_call_audio_fail(audio, err, "clearMarks");
    while ((w = jbzi_call_audio_awaited(audio)) != NULL) {
        if (w->state == JBZI_AWAITED_SENT) jbzi_call_audio_owe(audio);
        jbzi_call_audio_done(audio, w);
    }
    jbzi_call_audio_pump(audio);
    return JBZ_E_OK;
}

JBZ_API jbz_err jbz_audio_kill(jbz_audio *audio) {
    jbz_err err = jbzi_call_audio_ready(audio, 0);
    jbzi_awaited *w;
    uint32_t left;
    if (err == JBZ_E_OK) err = jbzi_call_audio_text(audio, "killAudio", NULL);
    if (err != JBZ_E_OK) return jbzi_call_audio_fail(audio, err, "killAudio");
    jbzi_buf_drop(&audio->conn->net->pool, &audio->queue);
    audio->sent = audio->written;
    audio->ahead = 0;
    w = jbzi_call_audio_awaited(audio);
    for (left = audio->way == JBZ_AUDIO_STREAM ? jbzi_call_audio_count(audio) : 0; left; left--, w++) {
        if (w->state == JBZI_AWAITED_UNSENT) w->state = JBZI_AWAITED_GONE;
        if (w->state == JBZI_AWAITED_GONE) continue;
        w->due = audio->conn->net->now + JBZI_AUDIO_GRACE_MS;
        jbzi_call_audio_owe(audio);
    }
    jbzi_call_audio_pump(audio);
    return JBZ_E_OK;
}

JBZ_API jbz_err jbz_audio_disconnect(jbz_audio *audio) {
    jbz_err err = jbzi_call_audio_ready(audio, 0);
    if (err == JBZ_E_OK) err = jbzi_call_audio_text(audio, "disconnect", NULL);
    if (err != JBZ_E_OK) return jbzi_call_audio_fail(audio, err, "disconnect");
    jbzi_buf_drop(&audio->conn->net->pool, &audio->queue);
    jbzi_buf_drop(&audio->conn->net->pool, &audio->awaited);
    audio->leaving = audio->timed = true; /* it is closed by us if jambonz does not */
    audio->due = audio->conn->net->now + audio->conn->net->desc.close_ms;
    jbzi_call_audio_arm(audio->conn);
    return JBZ_E_OK;
}

JBZ_API size_t jbz_audio_queued(const jbz_audio *audio) { return audio ? jbzi_buf_left(audio->queue) / 2 : 0; }

JBZ_API uint32_t jbz_audio_left(const jbz_audio *audio) {
    uint32_t per = audio ? audio->out_rate / 1000 : 0;
    return per ? ((uint32_t)jbz_audio_queued(audio) + jbzi_call_audio_ahead(audio) + per - 1) / per : 0;
}

/*---- clips ----*/

/* What is wrong with a clip; OK: nothing. */
static jbz_err jbzi_call_audio_wrong(const jbz_audio_clip *clip, bool raw, const char **what) {
    const char *type = clip->audioContentType;
    *what = "playAudio.audioContent";
    if (!clip->pcm && !clip->bytes) return JBZ_E_MISSING;
    if (clip->pcm && clip->bytes) return JBZ_E_CONFLICT;
    if (!clip->samples && !clip->len) return JBZ_E_VALUE;
    if (clip->bytes && raw && clip->len % 2) return JBZ_E_VALUE;
    *what = "playAudio.audioContentType";
    if (!raw && !type) return JBZ_E_MISSING;
    if (!raw && strcmp(type, "wav") != 0 && strcmp(type, "wave") != 0) return JBZ_E_VALUE;
    *what = "playAudio.sampleRate";
    if (raw && !clip->sampleRate) return JBZ_E_MISSING;
    if (raw && !jbzi_call_audio_rate_ok(clip->sampleRate)) return JBZ_E_VALUE;
    *what = "playAudio.id";
    return clip->id && (!*clip->id || strlen(clip->id) > 54) ? JBZ_E_VALUE : JBZ_E_OK;
}

/* How many ms it plays; of a WAV file by its header's bytes per second. */
static uint32_t jbzi_call_audio_length(const jbz_audio_clip *clip, bool raw, size_t n) {
    const uint8_t *p = (const uint8_t *)clip->bytes;
    uint32_t per_second = 16000;
    if (raw) per_second = clip->sampleRate * 2;
    else if (n >= 44) per_second = (uint32_t)p[28] | (uint32_t)p[29] << 8 | (uint32_t)p[30] << 16 | (uint32_t)p[31] << 24;
    return (uint32_t)((uint64_t)n * 1000 / (per_second < 8000 ? 8000 : per_second));
}

/* The samples or bytes as base64. */
static void jbzi_call_audio_base64(jbz_out *o, const jbz_audio_clip *clip) {
    uint8_t piece[768];
    size_t at, i, n;
    if (clip->bytes) o->len += jbzi_hash_encode64(o->buf + o->len, (const uint8_t *)clip->bytes, clip->len);
    for (at = 0; clip->pcm && at < clip->samples; at += n) {
        n = clip->samples - at < sizeof piece / 2 ? clip->samples - at : sizeof piece / 2;
        for (i = 0; i < n; i++) {
            piece[2 * i] = (uint8_t)clip->pcm[at + i];
            piece[2 * i + 1] = (uint8_t)((uint16_t)clip->pcm[at + i] >> 8);
        }
        o->len += jbzi_hash_encode64(o->buf + o->len, piece, 2 * n);
    }
}

/* There is room for all of it. */
static void jbzi_call_audio_compose(jbz_out *o, const jbz_audio_clip *clip, const char *id) {
    jbz_out_open_object(o);
    jbz_out_key(o, "type");
    jbz_out_str(o, "playAudio");
    jbz_out_key(o, "data");
    jbz_out_open_object(o);
    jbz_out_key(o, "audioContentType");
    jbz_out_str(o, clip->audioContentType && !clip->pcm ? clip->audioContentType : "raw");
    if (clip->sampleRate) { jbz_out_key(o, "sampleRate"); jbz_out_int(o, clip->sampleRate); }
    jbz_out_key(o, "audioContent");
    jbz_out_strn(o, NULL, 0);
    o->len--; /* the second quote */
    jbzi_call_audio_base64(o, clip);
    o->buf[o->len++] = '"';
    jbz_out_key(o, "id");
    jbz_out_str(o, id);
    if (clip->textContent) { jbz_out_key(o, "textContent"); jbz_out_str(o, clip->textContent); }
    if (clip->queuePlay) { jbz_out_key(o, "queuePlay"); jbz_out_bool(o, true); }
    jbz_out_close_object(o);
    jbz_out_close_object(o);
}

/* Composes a clip's message in the out-buffer or, if it is too long, in a block that becomes the connection's `out`. */
static jbz_err jbzi_call_audio_ship(jbz_audio *a, const jbz_audio_clip *clip, const char *id, size_t n) {
    jbz_conn *c = a->conn;
    jbzi_net *net = c->net;
    size_t head, size = strlen(id) + (clip->textContent ? strlen(clip->textContent) : 0), quota = jbzi_conn_quota(net);
    size_t block = ((size_t)1 << net->pool.top) - sizeof(jbzi_blk) - JBZI_WS_GAP;
    jbzi_blk *b;
    jbz_out o;
    if (quota > block) quota = block;
    if (n > quota || size > quota) return JBZ_E_TOO_BIG;
    size = size * 6 + (n + 2) / 3 * 4 + 200; /* escaped, base64, and the rest of the message */
    if (size <= net->desc.max_out && !net->tx_busy) {
        jbz_out_init(&o, net->tx + JBZI_WS_GAP, size);
        jbzi_call_audio_compose(&o, clip, id);
        return jbzi_conn_frame(c, JBZI_WS_TEXT, (uint8_t *)o.buf, o.len);
    }
    if (size > quota) return JBZ_E_TOO_BIG;
    if (c->out) return JBZ_E_FULL;
    b = jbzi_buf_take(&net->pool, size + JBZI_WS_GAP, false);
    if (!b) return JBZ_E_NOMEM;
    jbz_out_init(&o, jbzi_buf_bytes(b) + JBZI_WS_GAP, size);
    jbzi_call_audio_compose(&o, clip, id);
    head = jbzi_ws_put_head((uint8_t *)o.buf, JBZI_WS_TEXT, o.len);
    b->off = (uint32_t)(JBZI_WS_GAP - head);
    b->len = (uint32_t)(JBZI_WS_GAP + o.len);
    c->out = b;
    jbzi_conn_trace(c, true, JBZI_WS_TEXT, o.buf, o.len);
    jbzi_conn_changed(c);
    jbzi_conn_flush(c);
    return JBZ_E_OK;
}

/* Notes a clip that was sent, and when it should have ended. `w` is its place. */
static void jbzi_call_audio_sent_clip(jbz_audio *a, jbzi_awaited *w, bool queued, uint32_t ms) {
    jbzi_awaited *other = jbzi_call_audio_awaited(a);
    uint32_t from = a->conn->net->now + 3 * JBZI_AUDIO_GRACE_MS;
    bool playing = false;
    for (; other < w; other++) {
        if (other->state == JBZI_AWAITED_GONE) continue;
        if (queued && (int32_t)(other->due - from) > 0) from = other->due;
        if (!queued && playing) other->state = JBZI_AWAITED_GONE; /* never heard; the one that plays is reported */
        if (!queued && !playing) other->due = from;
        playing = true;
    }
    w->state = JBZI_AWAITED_SENT;
    w->due = from + ms;
}

JBZ_API jbz_err jbz_audio_play(jbz_audio *audio, const jbz_audio_clip *clip) {
    bool raw = clip->pcm || (clip->audioContentType && strcmp(clip->audioContentType, "raw") == 0);
    size_t n = clip->pcm ? (clip->samples > SIZE_MAX / 4 ? SIZE_MAX / 2 : clip->samples * 2) : clip->len;
    const char *what = "playAudio", *id = clip->id;
    char made[24] = JBZI_AUDIO_DUMMY;
    jbzi_awaited *w;
    jbz_err err = jbzi_call_audio_ready(audio, JBZ_AUDIO_CLIPS);
    if (err == JBZ_E_OK) err = jbzi_call_audio_wrong(clip, raw, &what);
    if (err == JBZ_E_OK && clip->queuePlay && jbzi_call_audio_count(audio) >= JBZI_AUDIO_CLIPS) err = JBZ_E_FULL;
    if (err == JBZ_E_OK && !id) {
        jbzi_base_decimal(made + 4, ++audio->clips);
        id = made;
    }
    w = err == JBZ_E_OK ? jbzi_call_audio_await(audio, id) : NULL;
    if (err == JBZ_E_OK) err = w ? jbzi_call_audio_ship(audio, clip, id, n) : JBZ_E_NOMEM;
    if (err == JBZ_E_OK) {
        audio->conn->net->stats.messages_out++;
        jbzi_call_audio_sent_clip(audio, w, clip->queuePlay, jbzi_call_audio_length(clip, raw, n));
    } else if (w) jbzi_call_audio_done(audio, w);
    if (err == JBZ_E_FULL) audio->brief = true;
    if (err != JBZ_E_GONE && audio->way == JBZ_AUDIO_CLIPS) jbzi_call_audio_pump(audio);
    return jbzi_call_audio_fail(audio, err, what);
}

#endif /* JBZ_NO_CONN */

/*==== MARK: 12 SERVER - implementation ======================================*/

#ifndef JBZ_NO_SERVER

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__) && !defined(JBZ_NO_EPOLL)
#define JBZI_EPOLL 1
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif

#if defined(__GLIBC__) && !defined(__USE_GNU) && defined(JBZI_EPOLL)
#error \
    "jambonz_ws.h: include it before any system header where JAMBONZ_WS_IMPLEMENTATION is defined, or give it -D_GNU_SOURCE"
#endif

/* The seam: every system call that moves bytes or waits. A test build puts its own in their place. */
#ifndef JBZ_SYS_recv
#define JBZ_SYS_recv(fd, p, n) recv(fd, p, n, 0)
#endif
#ifndef JBZ_SYS_send
#ifdef MSG_NOSIGNAL
#define JBZ_SYS_send(fd, p, n) send(fd, p, n, MSG_NOSIGNAL)
#else
#define JBZ_SYS_send(fd, p, n) send(fd, p, n, 0) /* SO_NOSIGPIPE is set on the socket */
#endif
#endif
#ifndef JBZ_SYS_accept
#define JBZ_SYS_accept(fd) accept(fd, NULL, NULL)
#endif
#ifndef JBZ_SYS_accept4
#define JBZ_SYS_accept4(fd, flags) accept4(fd, NULL, NULL, flags)
#endif
#ifndef JBZ_SYS_poll
#define JBZ_SYS_poll(fds, n, ms) poll(fds, n, ms)
#endif
#ifndef JBZ_SYS_epoll_create1
#define JBZ_SYS_epoll_create1(flags) epoll_create1(flags)
#endif
#ifndef JBZ_SYS_epoll_ctl
#define JBZ_SYS_epoll_ctl(ep, op, fd, ev) epoll_ctl(ep, op, fd, ev)
#endif
#ifndef JBZ_SYS_epoll_wait
#define JBZ_SYS_epoll_wait(ep, evs, n, ms) epoll_wait(ep, evs, n, ms)
#endif
#ifndef JBZ_SYS_socket
#define JBZ_SYS_socket(domain, type, protocol) socket(domain, type, protocol)
#endif
#ifndef JBZ_SYS_setsockopt
#define JBZ_SYS_setsockopt(fd, level, name, p, n) setsockopt(fd, level, name, p, n)
#endif
#ifndef JBZ_SYS_bind
#define JBZ_SYS_bind(fd, sa, n) bind(fd, sa, n)
#endif
#ifndef JBZ_SYS_listen
#define JBZ_SYS_listen(fd, n) listen(fd, n)
#endif
#ifndef JBZ_SYS_fcntl
#define JBZ_SYS_fcntl(fd, cmd, arg) fcntl(fd, cmd, arg)
#endif
#ifndef JBZ_SYS_eventfd
#define JBZ_SYS_eventfd(flags) eventfd(0, flags)
#endif
#ifndef JBZ_SYS_pipe
#define JBZ_SYS_pipe(fds) pipe(fds)
#endif
#ifndef JBZ_SYS_shutdown
#define JBZ_SYS_shutdown(fd, how) shutdown(fd, how)
#endif
#ifndef JBZ_SYS_close
#define JBZ_SYS_close(fd) close(fd)
#endif
#ifndef JBZ_SYS_write
#define JBZ_SYS_write(fd, p, n) write(fd, p, n)
#endif
#ifndef JBZ_SYS_read
#define JBZ_SYS_read(fd, p, n) read(fd, p, n)
#endif
#ifndef JBZ_SYS_open
#define JBZ_SYS_open(path, flags, mode) open(path, flags, mode)
#endif
#ifndef JBZ_SYS_clock_gettime
#define JBZ_SYS_clock_gettime(clock, ts) clock_gettime(clock, ts)
#endif

#define JBZI_SERVER_LISTENERS 8u
#define JBZI_SERVER_BATCH 64
#define JBZI_SERVER_ACCEPT_PAUSE_MS 100u /* after EMFILE and its like */
#define JBZI_SERVER_WAKE 0xfffffff0u     /* not a connection's place: the wake-up descriptor ... */
#define JBZI_SERVER_LISTEN 0xfffffff1u   /* ... and the first listener */

struct jbz_server {
    jbz_core  core;            /* first, so that a server can be seen as one */
    struct pollfd *socks;      /* by place: the descriptor (-1: none) and what it is watched for */
    void    **ctx;             /* by place, with a transport only */
    int       listeners[JBZI_SERVER_LISTENERS];
    uint32_t  nlisteners;
    bool      unix_domain, accepting, woken, stop, inherited;
    struct stat file;          /* of a UNIX-domain socket: which one it is */
    const volatile sig_atomic_t *signals; /* jbz_main_open: how many came */
    uint32_t  accept_at;       /* ms: when to try again */
    uint32_t  buffered;        /* place + 1 whose transport holds received bytes */
    uint32_t  filled;          /* places whose `socks` was ever set */
    int       wake[2];         /* read end, write end (the same with eventfd) */
    uint16_t  port;
#ifdef JBZI_EPOLL
    int       ep;
    int       batch_at, batch_n;
    struct epoll_event batch[JBZI_SERVER_BATCH];
#else
    struct pollfd extra[JBZI_SERVER_LISTENERS + 1]; /* wake-up and listeners ... */
    uint32_t  extra_at, extra_n; /* ... and which of them were not looked at yet */
    uint32_t  batch_at;        /* next place to be looked at */
    bool      batch;           /* poll() found something */
#endif
};

static jbz_server *jbzi_server_of(jbz_core *core) { return (jbz_server *)(void *)core; }

static uint64_t jbzi_server_clock(void) {
    struct timespec ts;
    ts.tv_sec = 0;
    ts.tv_nsec = 0;
    JBZ_SYS_clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void jbzi_server_close_fd(int *fd) {
    int was = *fd;
    *fd = -1;
    if (was >= 0) JBZ_SYS_close(was);
}

/* Non-blocking and close-on-exec, where the call that made it could not do that. */
static bool jbzi_server_prepare(int fd) {
    int flags = JBZ_SYS_fcntl(fd, F_GETFL, 0);
    return flags >= 0 && JBZ_SYS_fcntl(fd, F_SETFL, flags | O_NONBLOCK) >= 0 && JBZ_SYS_fcntl(fd, F_SETFD, FD_CLOEXEC) >= 0;
}

/*---- watching ----*/

#ifdef JBZI_EPOLL

JBZI_STATIC_ASSERT(server_epoll_is_poll,
                   EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR && EPOLLHUP == POLLHUP);

static bool jbzi_server_epoll(jbz_server *s, int op, int fd, short events, uint32_t place, uint32_t gen) {
    struct epoll_event e;
    memset(&e, 0, sizeof e);
    e.events = (uint32_t)events;
    e.data.u64 = (uint64_t)gen << 32 | place;
    return JBZ_SYS_epoll_ctl(s->ep, op, fd, &e) == 0;
}

static bool jbzi_server_watch(jbz_server *s, const jbz_conn *c, short events, bool fresh) {
    uint32_t place = jbz_conn_slot(c);
    if (!jbzi_server_epoll(s, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, s->socks[place].fd, events, place, c->gen)) return false;
    s->socks[place].events = events;
    return true;
}

static void jbzi_server_listen_for(jbz_server *s, bool on) {
    uint32_t i;
    s->accepting = on;
    for (i = 0; i < s->nlisteners; i++)
        jbzi_server_epoll(s, EPOLL_CTL_MOD, s->listeners[i], on ? POLLIN : 0, JBZI_SERVER_LISTEN + i, 0);
}

static bool jbzi_server_loop_open(jbz_server *s) {
    uint32_t i;
    s->ep = JBZ_SYS_epoll_create1(EPOLL_CLOEXEC);
    s->wake[0] = s->wake[1] = s->ep < 0 ? -1 : JBZ_SYS_eventfd(EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->wake[0] < 0 || !jbzi_server_epoll(s, EPOLL_CTL_ADD, s->wake[0], POLLIN, JBZI_SERVER_WAKE, 0)) return false;
    for (i = 0; i < s->nlisteners; i++)
        if (!jbzi_server_epoll(s, EPOLL_CTL_ADD, s->listeners[i], POLLIN, JBZI_SERVER_LISTEN + i, 0)) return false;
    return true;
}

static void jbzi_server_loop_close(jbz_server *s) {
    s->wake[1] = -1; /* the same as the other */
    jbzi_server_close_fd(&s->ep);
}

#else

static bool jbzi_server_watch(jbz_server *s, const jbz_conn *c, short events, bool fresh) {
    (void)fresh;
    s->socks[jbz_conn_slot(c)].events = events;
    return true;
}

static void jbzi_server_listen_for(jbz_server *s, bool on) { s->accepting = on; }

static bool jbzi_server_loop_open(jbz_server *s) {
    if (JBZ_SYS_pipe(s->wake) != 0) { s->wake[0] = s->wake[1] = -1; return false; }
    return jbzi_server_prepare(s->wake[0]) && jbzi_server_prepare(s->wake[1]);
}

static void jbzi_server_loop_close(jbz_server *s) { (void)s; }

#endif

/*---- moving bytes ----*/

/* errno says: nothing for now. POSIX lets it be two numbers. */
static bool jbzi_server_nothing_now(void) {
#if EAGAIN != EWOULDBLOCK
    if (errno == EWOULDBLOCK) return true;
#endif
    return errno == EAGAIN;
}

static long jbzi_server_result(ssize_t n) {
    if (n >= 0) return (long)n;
    return jbzi_server_nothing_now() ? JBZ_AGAIN : JBZ_BROKEN;
}

static long jbzi_server_recv(jbz_server *s, uint32_t place, void *p, size_t n) {
    ssize_t got;
    if (JBZI_UNLIKELY(s->ctx != NULL)) return s->core.net.desc.transport->recv(s->ctx[place], p, n);
    do got = JBZ_SYS_recv(s->socks[place].fd, p, n); while (JBZI_UNLIKELY(got < 0) && errno == EINTR);
    return jbzi_server_result(got);
}

static long jbzi_server_send(jbz_server *s, uint32_t place, const void *p, size_t n) {
    ssize_t got;
    if (JBZI_UNLIKELY(s->ctx != NULL)) return s->core.net.desc.transport->send(s->ctx[place], p, n);
    do got = JBZ_SYS_send(s->socks[place].fd, p, n); while (JBZI_UNLIKELY(got < 0) && errno == EINTR);
    return jbzi_server_result(got);
}

/* net.write: sends until the kernel takes no more. */
static size_t jbzi_server_write(jbzi_net *net, jbz_conn *c, const void *bytes, size_t n) {
    jbz_server *s = (jbz_server *)(void *)net;
    uint32_t place = jbz_conn_slot(c);
    size_t done = 0;
    long sent;
    while ((sent = jbzi_server_send(s, place, (const char *)bytes + done, n - done)) > 0)
        if (JBZI_LIKELY((done += (size_t)sent) == n)) return n;
    return sent == JBZ_BROKEN ? SIZE_MAX : done;
}

static bool jbzi_server_holds(const jbz_server *s, uint32_t place) {
    const jbz_transport *t = s->core.net.desc.transport;
    return JBZI_UNLIKELY(s->ctx != NULL) && t->buffered && t->buffered(s->ctx[place]);
}

/* A connection is readable: one receive, so that no peer gets more than its share of a turn. */
static void jbzi_server_read(jbz_server *s, jbz_conn *c) {
    uint32_t place = jbz_conn_slot(c);
    size_t room;
    void *buf;
    long n;
    do {
        buf = jbzi_conn_place(c, &room);
        if (JBZI_UNLIKELY(room == 0)) return;
        n = jbzi_server_recv(s, place, buf, room);
        if (JBZI_LIKELY(n > 0)) jbzi_conn_took(c, (size_t)n);
        else if (n != JBZ_AGAIN) jbz_conn_eof(c);
        if (n <= 0 || JBZI_LIKELY(!jbzi_server_holds(s, place))) return;
    } while ((size_t)n < room); /* its socket will not announce what the transport holds */
    s->buffered = place + 1;
}

static void jbzi_server_ready(jbz_server *s, jbz_conn *c, unsigned events) {
    if (s->socks[jbz_conn_slot(c)].fd < 0) return;
    if (JBZI_UNLIKELY(events & POLLOUT)) jbzi_conn_flush(c);
    if (JBZI_LIKELY(jbzi_conn_reads(c))) jbzi_server_read(s, c);
    else if (events & (POLLHUP | POLLERR | POLLNVAL)) jbz_conn_eof(c);
}

/*---- connections come and go ----*/

static void jbzi_server_drop(jbz_server *s, jbz_conn *c) {
    uint32_t place = jbz_conn_slot(c);
    if (s->ctx && s->ctx[place]) s->core.net.desc.transport->close(s->ctx[place]);
    if (s->ctx) s->ctx[place] = NULL;
    jbzi_server_close_fd(&s->socks[place].fd);
    s->socks[place].events = 0;
    jbz_conn_closed(c);
}

/* Does what connections want of their sockets. True: one was read, as its socket will not announce what its transport holds;
   look at that first. */
static bool jbzi_server_sync(jbz_server *s) {
    jbz_conn *c;
    while ((c = jbz_core_changed(&s->core)) != NULL) {
        uint32_t place = jbz_conn_slot(c);
        unsigned wants = jbz_conn_wants(c);
        short events = (short)((wants & JBZ_WANT_READ ? POLLIN : 0) | (wants & JBZ_WANT_WRITE ? POLLOUT : 0));
        if (wants & JBZ_WANT_CLOSE) { jbzi_server_drop(s, c); continue; }
        if (wants & JBZ_WANT_SHUT) JBZ_SYS_shutdown(s->socks[place].fd, SHUT_WR);
        if (s->socks[place].events != events && !jbzi_server_watch(s, c, events, false)) { jbzi_server_drop(s, c); continue; }
        if (wants & JBZ_WANT_READ && jbzi_server_holds(s, place)) { jbzi_server_read(s, c); return true; }
    }
    return false;
}

/* No place for one more: it is told so. */
static void jbzi_server_turn_away(jbz_server *s, int fd) {
    char text[256];
    size_t n = jbzi_http_answer(text, sizeof text, 503, NULL, "Too many connections.", 21, NULL, 0);
    s->core.net.stats.refused++;
    jbzi_conn_log(&s->core.net, JBZ_LINE_REFUSED, "503 max_conns reached");
    if (!s->ctx && JBZ_SYS_send(fd, text, n) > 0) JBZ_SYS_shutdown(fd, SHUT_WR);
    jbzi_server_close_fd(&fd);
}

static void jbzi_server_take(jbz_server *s, int fd) {
    jbz_conn *c = jbz_conn_open(&s->core);
    uint32_t place;
    if (!c) { jbzi_server_turn_away(s, fd); return; }
    place = jbz_conn_slot(c);
    while (s->filled <= place) s->socks[s->filled++].fd = -1;
    s->socks[place].fd = fd;
    if (s->ctx) s->ctx[place] = s->core.net.desc.transport->open(fd, s->core.net.desc.transport->user);
    if ((s->ctx && !s->ctx[place]) || !jbzi_server_watch(s, c, POLLIN, true)) {
        c->flags |= JBZI_CONN_TOLD;
        jbzi_server_drop(s, c);
    }
}

static int jbzi_server_accept_one(int listener) {
    int fd;
#if defined(__linux__) || defined(SOCK_NONBLOCK)
    do fd = JBZ_SYS_accept4(listener, SOCK_NONBLOCK | SOCK_CLOEXEC); while (fd < 0 && errno == EINTR);
#else
    do fd = JBZ_SYS_accept(listener); while (fd < 0 && errno == EINTR);
    if (fd >= 0 && !jbzi_server_prepare(fd)) jbzi_server_close_fd(&fd);
#endif
    return fd;
}

/* Options of an accepted socket, where it does not have them from its listener. */
static void jbzi_server_tune(const jbz_server *s, int fd) {
    int on = 1;
    (void)s;
    (void)fd;
    (void)on;
#ifndef __linux__
    if (!s->unix_domain) JBZ_SYS_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#endif
#ifdef SO_NOSIGPIPE
    JBZ_SYS_setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

static bool jbzi_server_out_of_descriptors(void) {
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
}

/* Takes what waits, a bounded number at a time. Out of descriptors: leaves the listener alone for a moment. All other errors
   are about a connection that is gone already, unless there is no end to them. */
static void jbzi_server_accept_all(jbz_server *s, uint32_t i) {
    int n, fd = -1;
    jbzi_note note;
    for (n = 0; n < JBZI_SERVER_BATCH; n++) {
        fd = jbzi_server_accept_one(s->listeners[i]);
        if (fd >= 0) {
            jbzi_server_tune(s, fd);
            jbzi_server_take(s, fd);
        } else if (jbzi_server_nothing_now()) return;
        else if (jbzi_server_out_of_descriptors()) break;
    }
    if (fd >= 0) return;
    note.n = 0;
    jbzi_base_note_number(&note, "errno ", (uint64_t)errno);
    jbzi_conn_log(&s->core.net, JBZ_LINE_ACCEPT, note.text);
    s->accept_at = s->core.net.now + JBZI_SERVER_ACCEPT_PAUSE_MS;
    jbzi_server_listen_for(s, false);
}

/* A signal's handler runs in whichever thread the kernel chooses, beside the server's. */
#if defined(__GNUC__)
#define JBZI_SHARED_GET(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define JBZI_SHARED_SET(p, x) __atomic_store_n(p, x, __ATOMIC_SEQ_CST)
#define JBZI_SHARED_ADD(p, x) ((void)__atomic_add_fetch(p, x, __ATOMIC_SEQ_CST))
#else
#define JBZI_SHARED_GET(p) (*(p))
#define JBZI_SHARED_SET(p, x) ((void)(*(p) = (x)))
#define JBZI_SHARED_ADD(p, x) ((void)(*(p) += (x)))
#endif

/*---- waiting ----*/

static void jbzi_server_woken(jbz_server *s) {
    char sink[64];
    while (JBZ_SYS_read(s->wake[0], sink, sizeof sink) == (ssize_t)sizeof sink) { }
    s->woken = true;
}

static void jbzi_server_place_ready(jbz_server *s, uint32_t place, uint32_t gen, unsigned events) {
    jbz_conn *c;
    if (place == JBZI_SERVER_WAKE) { jbzi_server_woken(s); return; }
    if (place >= JBZI_SERVER_LISTEN) {
        if (place - JBZI_SERVER_LISTEN < s->nlisteners && s->accepting) jbzi_server_accept_all(s, place - JBZI_SERVER_LISTEN);
        return;
    }
    c = &s->core.net.conns[place];
    if (c->gen == gen) jbzi_server_ready(s, c, events);
}

#ifdef JBZI_EPOLL

/* Looks at one of those that epoll found; false: none left. */
static bool jbzi_server_batch(jbz_server *s) {
    const struct epoll_event *e;
    if (s->batch_at == s->batch_n) return false;
    e = &s->batch[s->batch_at++];
    jbzi_server_place_ready(s, (uint32_t)e->data.u64, (uint32_t)(e->data.u64 >> 32), e->events);
    return true;
}

static bool jbzi_server_wait(jbz_server *s, int ms) {
    int n = JBZ_SYS_epoll_wait(s->ep, s->batch, JBZI_SERVER_BATCH, ms);
    s->batch_at = 0;
    s->batch_n = n > 0 ? n : 0;
    return n >= 0 || errno == EINTR;
}

#else

static bool jbzi_server_batch(jbz_server *s) {
    uint32_t place;
    short found;
    while (s->extra_at < s->extra_n) { /* not in the wait: what is accepted has its time from a clock that is right */
        place = s->extra_at++;
        if (!s->extra[place].revents) continue;
        jbzi_server_place_ready(s, JBZI_SERVER_WAKE + place, 0, 0);
        return true;
    }
    while (s->batch && s->batch_at < s->core.net.conns_used) {
        place = s->batch_at++;
        found = s->socks[place].revents;
        s->socks[place].revents = 0;
        if (s->socks[place].fd < 0 || !found) continue;
        jbzi_server_ready(s, &s->core.net.conns[place], (unsigned)(unsigned short)found);
        return true;
    }
    s->batch = false;
    return false;
}

/* Connections, and behind them in the same array the wake-up descriptor and the listeners. */
static bool jbzi_server_wait(jbz_server *s, int ms) {
    uint32_t used = s->core.net.conns_used, i, n = 0;
    struct pollfd *more = s->socks + used;
    int found;
    more[n].fd = s->wake[0];
    more[n++].events = POLLIN;
    for (i = 0; s->accepting && i < s->nlisteners; i++) {
        more[n].fd = s->listeners[i];
        more[n++].events = POLLIN;
    }
    found = JBZ_SYS_poll(s->socks, used + n, ms);
    if (found < 0) {
        for (i = 0; i < used; i++) s->socks[i].revents = 0;
        return errno == EINTR;
    }
    memcpy(s->extra, more, n * sizeof *more); /* new connections will lie there */
    for (i = 0; i < n; i++) more[i].fd = -1;
    s->batch = found > 0;
    s->batch_at = s->extra_at = 0;
    s->extra_n = found > 0 ? n : 0;
    return true;
}

#endif

/* How long to wait: until the timeout, the next timer, or the time to accept again. */
static int jbzi_server_patience(const jbz_server *s, uint32_t timer_ms, uint64_t until) {
    uint64_t now = s->core.net.now64, ms = until > now ? until - now : 0;
    if (timer_ms < ms) ms = timer_ms;
    if (!s->accepting && s->nlisteners && JBZI_SERVER_ACCEPT_PAUSE_MS < ms) ms = JBZI_SERVER_ACCEPT_PAUSE_MS;
    return (int)ms;
}

static bool jbzi_server_wakeup_event(jbz_server *s, jbz_event *ev) {
    if (!s->woken) return false;
    s->woken = false;
    jbzi_call_blank(&s->core, ev);
    ev->type = JBZ_EV_WAKEUP;
    return true;
}

JBZ_API jbz_err jbz_server_poll(jbz_server *s, jbz_event *ev, int timeout_ms) {
    jbz_core *core = &s->core;
    uint64_t until;
    uint32_t timer_ms;
    bool waited = false;
    if (core->dispatching) return jbzi_base_fail(&core->net.error, JBZ_E_BUSY, "jbz_server_poll");
    jbzi_call_turn(core, jbzi_server_clock());
    until = timeout_ms < 0 ? UINT64_MAX : core->net.now64 + (uint64_t)timeout_ms;
    for (;;) {
        if (jbzi_call_pull(core, ev)) return JBZ_E_OK;
        if (core->net.changed && !s->buffered && jbzi_server_sync(s)) continue;
        if (JBZI_UNLIKELY(s->buffered)) {
            jbz_conn *c = &core->net.conns[s->buffered - 1];
            s->buffered = 0;
            jbzi_server_ready(s, c, POLLIN);
            continue;
        }
        if (jbzi_server_batch(s)) continue;
        if (core->net.ready) continue;
        if (s->woken && s->signals && JBZI_SHARED_GET(s->signals) && !core->draining) {
            s->woken = false;
            jbz_server_drain(s);
            continue;
        }
        if (jbzi_server_wakeup_event(s, ev)) return JBZ_E_OK;
        if (core->draining && jbz_core_idle(core)) return JBZ_E_GONE;
        if (waited && core->net.now64 >= until) return JBZ_E_TIMEOUT;
        if (JBZI_UNLIKELY(!s->accepting) && s->nlisteners && (int32_t)(core->net.now - s->accept_at) >= 0)
            jbzi_server_listen_for(s, true);
        timer_ms = jbzi_call_patience(core);
        if (!jbzi_server_wait(s, jbzi_server_patience(s, timer_ms, until)))
            return jbzi_base_fail(&core->net.error, JBZ_E_SYS, "wait");
        waited = true;
        jbzi_call_turn(core, jbzi_server_clock());
        jbzi_server_batch(s);
    }
}

JBZ_API int jbz_server_fds(jbz_server *s, struct pollfd *fds, int max, int *timeout_ms) {
    uint32_t ms = jbz_core_tick(&s->core, jbzi_server_clock());
    int n = 0;
    if (timeout_ms) *timeout_ms = jbzi_server_patience(s, ms, UINT64_MAX);
#ifdef JBZI_EPOLL
    if (max > 0) {
        fds[0].fd = s->ep;
        fds[0].events = POLLIN;
        fds[0].revents = 0;
    }
    if (timeout_ms && s->batch_at < s->batch_n) *timeout_ms = 0;
    n = 1;
#else
    {
        uint32_t i;
        for (i = 0; i < s->core.net.conns_used; i++)
            if (s->socks[i].fd >= 0) { if (n < max) fds[n] = s->socks[i]; n++; }
        for (i = s->accepting ? 0 : s->nlisteners; i <= s->nlisteners; i++, n++) { /* paused listeners would be ready at once */
            if (n >= max) continue;
            fds[n].fd = i < s->nlisteners ? s->listeners[i] : s->wake[0];
            fds[n].events = POLLIN;
            fds[n].revents = 0;
        }
    }
#endif
    return n;
}

/*---- listening ----*/

typedef union jbzi_server_addr {
    struct sockaddr     any;
    struct sockaddr_in  v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un  un;
} jbzi_server_addr;

/* Reads a host; returns the length of the address, 0 if it is none. No resolver is asked. */
static socklen_t jbzi_server_address(jbzi_server_addr *a, const char *host, uint16_t port) {
    memset(a, 0, sizeof *a);
    if (strncmp(host, "unix:", 5) == 0) {
        if (!host[5] || strlen(host + 5) >= sizeof a->un.sun_path) return 0;
        a->un.sun_family = AF_UNIX;
        memcpy(a->un.sun_path, host + 5, strlen(host + 5));
        return (socklen_t)sizeof a->un;
    }
    if (strcmp(host, "localhost") == 0) host = "127.0.0.1";
    if (strcmp(host, "*") == 0) host = "::";
    a->v4.sin_family = AF_INET;
    a->v4.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) return (socklen_t)sizeof a->v4;
    memset(a, 0, sizeof *a);
    a->v6.sin6_family = AF_INET6;
    a->v6.sin6_port = htons(port);
    return inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1 ? (socklen_t)sizeof a->v6 : 0;
}

static bool jbzi_server_is_a_host(const jbz_server_desc *d) {
    jbzi_server_addr a;
    return d->nfds || !d->host || !*d->host || jbzi_server_address(&a, d->host, 0) != 0;
}

/* A socket file that nobody listens at any more is in the way: it is what a killed server leaves behind. */
static void jbzi_server_clear_path(const jbzi_server_addr *a, socklen_t n) {
    int fd = JBZ_SYS_socket(AF_UNIX, SOCK_STREAM, 0);
    struct stat st;
    if (fd >= 0 && lstat(a->un.sun_path, &st) == 0 && S_ISSOCK(st.st_mode) && connect(fd, &a->any, n) != 0 &&
        errno == ECONNREFUSED)
        unlink(a->un.sun_path);
    jbzi_server_close_fd(&fd);
}

static int jbzi_server_listen_at(const jbz_server_desc *d, const char *host) {
    jbzi_server_addr a;
    uint16_t port = d->any_port ? (uint16_t)0 : d->port ? d->port : (uint16_t)3000;
    socklen_t n = jbzi_server_address(&a, host, port);
    int fd, on = 1, off = 0, backlog = d->backlog ? d->backlog : 511;
    fd = JBZ_SYS_socket(a.any.sa_family, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    if (a.any.sa_family == AF_UNIX) {
        jbzi_server_clear_path(&a, n);
    } else {
        JBZ_SYS_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        JBZ_SYS_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* Linux: accepted sockets have it from here */
        if (a.any.sa_family == AF_INET6) JBZ_SYS_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
#ifdef SO_REUSEPORT
        if (d->reuse_port) JBZ_SYS_setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
#endif
    }
    if (jbzi_server_prepare(fd) && JBZ_SYS_bind(fd, &a.any, n) == 0 && JBZ_SYS_listen(fd, backlog) == 0) return fd;
    on = errno;
    jbzi_server_close_fd(&fd);
    errno = on;
    return -1;
}

/* "*" means IPv6 and IPv4 alike, or IPv4 alone where there is no IPv6. */
static bool jbzi_server_listen(jbz_server *s) {
    const jbz_server_desc *d = &s->core.net.desc;
    const char *host = d->host && *d->host ? d->host : "127.0.0.1";
    jbzi_server_addr a;
    socklen_t n = (socklen_t)sizeof a;
    uint32_t i;
    for (i = 0; i < d->nfds && i < JBZI_SERVER_LISTENERS; i++) {
        if (!jbzi_server_prepare(d->fds[i])) return false;
        s->listeners[s->nlisteners++] = d->fds[i];
        s->inherited = true;
    }
    if (!d->nfds) {
        int fd = jbzi_server_listen_at(d, host);
        if (fd < 0 && strcmp(host, "*") == 0) fd = jbzi_server_listen_at(d, "0.0.0.0");
        if (fd < 0) return false;
        s->listeners[s->nlisteners++] = fd;
    }
    s->accepting = true;
    if (getsockname(s->listeners[0], &a.any, &n) != 0) return false;
    s->unix_domain = a.any.sa_family == AF_UNIX;
    if (s->unix_domain && !s->inherited && lstat(d->host + 5, &s->file) != 0) return false;
    s->port = s->unix_domain ? (uint16_t)0 : ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
    return true;
}

/* A secret for the call table, so that nobody can choose call_sids that collide in it. */
static void jbzi_server_seed(uint64_t seed[2], const void *salt) {
    int fd = JBZ_SYS_open("/dev/urandom", O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0 && JBZ_SYS_read(fd, seed, 16) == 16) { jbzi_server_close_fd(&fd); return; }
    jbzi_server_close_fd(&fd);
    seed[0] = jbzi_server_clock() * 0x9e3779b97f4a7c15u;
    seed[1] = (uint64_t)(uintptr_t)salt ^ ((uint64_t)getpid() << 32);
}

/* The fixed part in front of the core's arrays. */
static size_t jbzi_server_header(const jbz_server_desc *d, size_t *socks, size_t *ctx) {
    size_t conns = d && d->max_conns ? d->max_conns : 1024;
    *socks = (sizeof(jbz_server) + 15) & ~(size_t)15;
    *ctx = *socks + (((conns + JBZI_SERVER_LISTENERS + 1) * sizeof(struct pollfd) + 15) & ~(size_t)15);
    return *ctx + (d && d->transport ? conns * sizeof(void *) : 0);
}

JBZ_API size_t jbz_server_memory(const jbz_server_desc *desc) {
    size_t socks, ctx;
    return jbzi_call_memory(desc, jbzi_server_header(desc, &socks, &ctx));
}

JBZ_API jbz_server *jbz_server_open(const jbz_server_desc *desc, jbz_error *err) {
    size_t socks, ctx;
    jbz_core *core = jbzi_call_core_open(desc, jbzi_server_header(desc, &socks, &ctx), err);
    jbz_server *s;
    if (!core) return NULL;
    s = jbzi_server_of(core);
    s->socks = (struct pollfd *)(void *)((char *)s + socks);
    s->ctx = core->net.desc.transport ? (void **)(void *)((char *)s + ctx) : NULL;
    s->wake[0] = s->wake[1] = -1;
#ifdef JBZI_EPOLL
    s->ep = -1;
#endif
    core->net.write = jbzi_server_write;
    if (!core->net.desc.seed[0] && !core->net.desc.seed[1]) jbzi_server_seed(core->net.desc.seed, s);
    core->net.now64 = jbzi_server_clock();
    core->net.now = (uint32_t)core->net.now64;
    core->net.wheel_at = core->net.now >> JBZI_WHEEL_SHIFT;
    if (jbzi_server_is_a_host(&core->net.desc) && jbzi_server_listen(s) && jbzi_server_loop_open(s)) return s;
    if (err && !jbzi_server_is_a_host(&core->net.desc)) jbzi_base_fail(err, JBZ_E_ARG, "host");
    else if (err) jbzi_base_fail(err, JBZ_E_SYS, core->net.desc.nfds ? "fds" : "host, port");
    jbz_server_close(s);
    return NULL;
}

static volatile sig_atomic_t jbzi_server_signals;
static volatile sig_atomic_t jbzi_server_catching; /* handlers at work */
static jbz_server *volatile jbzi_server_main;      /* jbz_main_open: whom a signal wakes */

static void jbzi_server_catch(int sig, void (*handler)(int)) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = handler;
    sigemptyset(&sa.sa_mask);
    sigaction(sig, &sa, NULL);
}

/* No signal finds the server any more, and who has found it is done; for a second, as its thread may have been cancelled. */
static void jbzi_server_uncatch(void) {
    int i;
    jbzi_server_catch(SIGINT, SIG_DFL);
    jbzi_server_catch(SIGTERM, SIG_DFL);
    JBZI_SHARED_SET(&jbzi_server_main, NULL);
    for (i = 0; i < 1000 && JBZI_SHARED_GET(&jbzi_server_catching); i++) JBZ_SYS_poll(NULL, 0, 1);
}

/* Whether the socket file is still the one this server made: somebody may have put another in its place. */
static bool jbzi_server_owns(const jbz_server *s, const char *host) {
    struct stat now;
    if (!s->unix_domain || s->inherited || lstat(host + 5, &now) != 0) return false;
    return now.st_dev == s->file.st_dev && now.st_ino == s->file.st_ino;
}

static void jbzi_server_stop_listening(jbz_server *s) {
    const char *host = s->core.net.desc.host;
    uint32_t i;
    for (i = 0; i < s->nlisteners; i++) jbzi_server_close_fd(&s->listeners[i]);
    if (s->nlisteners && jbzi_server_owns(s, host)) unlink(host + 5);
    s->nlisteners = 0;
    s->accepting = false;
}

JBZ_API void jbz_server_close(jbz_server *s) {
    uint32_t i;
    int error = errno;
    if (!s) return;
    if (s == JBZI_SHARED_GET(&jbzi_server_main)) jbzi_server_uncatch();
    for (i = 0; i < s->filled; i++)
        if (s->socks[i].fd >= 0) jbzi_server_drop(s, &s->core.net.conns[i]);
    jbzi_server_stop_listening(s);
    jbzi_server_loop_close(s);
    jbzi_server_close_fd(&s->wake[0]);
    jbzi_server_close_fd(&s->wake[1]);
    jbz_core_close(&s->core);
    errno = error;
}

JBZ_API jbz_core *jbz_server_core(jbz_server *s) { return &s->core; }
JBZ_API uint16_t jbz_server_port(const jbz_server *s) { return s->port; }
JBZ_API void jbz_server_stats(const jbz_server *s, jbz_stats *stats) { jbz_core_stats(&s->core, stats); }

JBZ_API void jbz_wakeup(jbz_server *s) {
    uint64_t one = 1;
    int error = errno;
    if (JBZ_SYS_write(s->wake[1], &one, sizeof one) < 0) { /* full: it will wake up anyway */ }
    errno = error;
}

JBZ_API void jbz_server_drain(jbz_server *s) {
    jbzi_server_stop_listening(s);
    jbz_core_drain(&s->core);
}

/*---- the doors ----*/

/* A call that has something to tell and that nobody has taken. */
static jbz_call *jbzi_server_untaken(jbz_core *core) {
    jbz_call *call;
    for (call = core->calls; call < core->calls + core->calls_used; call++) {
        const jbzi_extra *x = call->core ? jbzi_call_extra(call) : NULL;
        if (x && x->queue && !(call->flags & JBZI_CALL_TAKEN)) return call;
    }
    return NULL;
}

/* How much of `timeout_ms` is left since `start`. */
static int jbzi_server_left(const jbz_core *core, uint64_t start, int timeout_ms) {
    uint64_t passed = core->net.now64 > start ? core->net.now64 - start : 0; /* the core's clock stands while a script thinks */
    if (timeout_ms < 0) return -1;
    return passed >= (uint64_t)timeout_ms ? 0 : timeout_ms - (int)passed;
}

/* An event that came while another was waited for. */
static void jbzi_server_keep(jbz_core *core, const jbz_event *ev) {
    if (ev->call && ev->type != JBZ_EV_BINARY && !ev->audio) jbzi_call_stash(core, ev);
    else jbz_dispatch(ev);
}

JBZ_API jbz_call *jbz_server_accept(jbz_server *s, int timeout_ms) {
    jbz_core *core = &s->core;
    uint64_t start = jbzi_server_clock();
    jbz_call *call;
    jbz_event ev;
    while ((call = jbzi_server_untaken(core)) == NULL) {
        if (jbz_server_poll(s, &ev, jbzi_server_left(core, start, timeout_ms)) != JBZ_E_OK) return NULL;
        jbzi_server_keep(core, &ev);
    }
    call->flags |= JBZI_CALL_TAKEN;
    return call;
}

JBZ_API jbz_err jbz_wait(jbz_call *call, jbz_event *ev, int timeout_ms) {
    jbz_core *core = call ? call->core : NULL;
    uint64_t start = jbzi_server_clock();
    jbz_err err;
    if (!core) return JBZ_E_GONE;
    for (;;) {
        if (jbzi_call_unstash(call, ev)) return JBZ_E_OK;
        if (call->flags & JBZI_CALL_ENDED && core->ending == jbzi_call_slot(call) + 1) return JBZ_E_GONE;
        err = jbz_server_poll(jbzi_server_of(core), ev, jbzi_server_left(core, start, timeout_ms));
        if (err != JBZ_E_OK || (ev->call == call && !ev->audio)) return err;
        jbzi_server_keep(core, ev);
    }
}

JBZ_API void jbz_stop(jbz_core *core) { jbzi_server_of(core)->stop = true; }

static jbz_err jbzi_server_loop(jbz_server *s) {
    jbz_event ev;
    jbz_err err = JBZ_E_OK;
    while (!s->stop && err == JBZ_E_OK) {
        err = jbz_server_poll(s, &ev, -1);
        if (err == JBZ_E_OK) jbz_dispatch(&ev);
    }
    jbz_server_close(s);
    return err == JBZ_E_GONE ? JBZ_E_OK : err;
}

JBZ_API jbz_err jbz_run(const jbz_server_desc *desc) {
    jbz_error error;
    jbz_server *s = jbz_server_open(desc, &error);
    return s ? jbzi_server_loop(s) : error.code;
}

/*---- a whole program ----*/

static void jbzi_server_say(int fd, const char *a, const char *b, const char *c) {
    char line[1024];
    const char *part[3];
    size_t n = 0, i, k;
    part[0] = a;
    part[1] = b;
    part[2] = c;
    for (i = 0; i < 3; i++) {
        k = strlen(part[i]);
        if (k > sizeof line - n) k = sizeof line - n;
        memcpy(line + n, part[i], k);
        n += k;
    }
    if (JBZ_SYS_write(fd, line, n) < 0) { /* nobody listens */ }
}

JBZ_API void jbz_log_stderr(jbz_level level, int item, const char *text, const char *detail, void *user) {
    static const char *const names[] = { "", "error: ", "warn: ", "info: ", "debug: " };
    char line[512];
    jbzi_note note;
    (void)item;
    (void)user;
    note.n = 0;
    jbzi_base_note(&note, text, NULL, 0);
    if (*detail) jbzi_base_note(&note, ": ", NULL, 0);
    jbzi_base_note(&note, detail, NULL, 0);
    memcpy(line, note.text, note.n);
    line[note.n++] = '\n';
    line[note.n] = 0;
    jbzi_server_say(2, "jambonz_ws: ", names[level], line);
}

static const char jbzi_server_help[] =
    "  --host ADDR        listen on this IPv4 or IPv6 address, * for all, unix:/PATH (127.0.0.1)\n"
    "  --port N           ... and this port, 0 for a free one (3000)\n"
    "  --auth USER:PASS   want these Basic credentials\n"
    "  --origin LIST      also accept browsers from these origins, * for any\n"
    "  --max-conns N      connections at a time (1024)\n"
    "  --max-message N    bytes per message (262144)\n"
    "  --trace FILE       write every message there, one JSON object per line\n"
    "  --verbose          log more\n"
    "  --help             this\n";

static bool jbzi_server_number(const char *text, uint32_t max, uint32_t *value) {
    uint64_t v = 0;
    if (!*text) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        v = v * 10 + (uint64_t)(*text - '0');
        if (v > max) return false;
    }
    *value = (uint32_t)v;
    return true;
}

/* Flags into the desc. 0: go on; else the exit status + 1. */
static int jbzi_server_flag(jbz_server_desc *d, const char *flag, const char *value, const char **trace) {
    uint32_t n, i;
    if (strcmp(flag, "--host") == 0) { d->host = value; return 0; }
    if (strcmp(flag, "--trace") == 0) { *trace = value; return 0; }
    if (strcmp(flag, "--auth") == 0 && strchr(value, ':')) {
        d->auth = value;
        for (i = 0; i < JBZ_MAX_APPS; i++) d->apps[i].auth = value;
        return 0;
    }
    if (strcmp(flag, "--origin") == 0) {
        d->origins = value;
        for (i = 0; i < JBZ_MAX_APPS; i++) d->apps[i].origins = value;
        return 0;
    }
    if (strcmp(flag, "--port") == 0 && jbzi_server_number(value, 65535, &n)) {
        d->port = (uint16_t)n;
        d->any_port = n == 0;
        return 0;
    }
    if (strcmp(flag, "--max-conns") == 0 && jbzi_server_number(value, 0x00ffffff, &n) && n) { d->max_conns = n; return 0; }
    if (strcmp(flag, "--max-message") == 0 && jbzi_server_number(value, 0x0ffffff0, &n) && n) { d->max_message = n; return 0; }
    return 3;
}

static int jbzi_server_flags(int argc, char **argv, jbz_server_desc *d, const char **trace) {
    int i, bad = 0;
    for (i = 1; i < argc && !bad; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            jbzi_server_say(1, "usage: ", argv[0], " [flags]\n");
            jbzi_server_say(1, jbzi_server_help, "", "");
            return 1;
        }
        if (strcmp(argv[i], "--verbose") == 0) { d->log.level = JBZ_LOG_DEBUG; continue; }
        bad = i + 1 < argc ? jbzi_server_flag(d, argv[i], argv[i + 1], trace) : 3;
        if (bad) jbzi_server_say(2, argv[i], ": ", "unknown flag or bad value, try --help\n");
        i++;
    }
    return bad;
}

static int jbzi_server_trace_fd = -1;
static bool jbzi_server_trace_failed;

/* A full disk is told of once: the lines that follow would only fill the next. */
static bool jbzi_server_trace_put(const jbz_conn *c, const char *bytes, size_t n) {
    if (JBZ_SYS_write(jbzi_server_trace_fd, bytes, n) == (ssize_t)n) return true;
    if (!jbzi_server_trace_failed) jbzi_conn_log(c->net, JBZ_LINE_TRACE, "lines of it are missing");
    jbzi_server_trace_failed = true;
    return false;
}

/* desc.trace of jbz_main: {"ms":..,"conn":..,"dir":"in","type":1,"text":".."}, binary as base64. Long texts go in pieces. */
static void jbzi_server_trace(const jbz_conn *c, bool out, int type, const void *bytes, size_t n, void *user) {
    const uint8_t *p = (const uint8_t *)bytes, *end = p + n;
    char buf[4096];
    jbz_out o;
    size_t k, size;
    (void)user;
    jbz_out_init(&o, buf, sizeof buf);
    jbz_out_open_object(&o);
    jbz_out_key(&o, "ms");
    jbz_out_int(&o, (int64_t)c->net->now64);
    jbz_out_key(&o, "conn");
    jbz_out_int(&o, (int64_t)jbz_conn_slot(c));
    jbz_out_key(&o, "dir");
    jbz_out_str(&o, out ? "out" : "in");
    jbz_out_key(&o, "type");
    jbz_out_int(&o, type);
    jbz_out_key(&o, type == JBZ_TEXT ? "text" : "base64");
    if (!jbzi_server_trace_put(c, buf, o.len) || !jbzi_server_trace_put(c, "\"", 1)) return;
    for (; p < end; p += k) {
        k = (size_t)(end - p) < 600 ? (size_t)(end - p) : 600;
        while (type == JBZ_TEXT && k > 590 && p + k < end && (p[k] & 0xc0) == 0x80) k--; /* not inside a character */
        if (type == JBZ_TEXT) {
            jbz_out_init(&o, buf, sizeof buf);
            jbz_out_strn(&o, (const char *)p, k);
            size = o.len - 2; /* without the quotes */
        } else size = jbzi_hash_encode64(buf + 1, p, k);
        if (!jbzi_server_trace_put(c, buf + 1, size)) return;
    }
    jbzi_server_trace_put(c, "\"}\n", 3);
}


static void jbzi_server_on_signal(int sig) {
    jbz_server *s;
    (void)sig;
    JBZI_SHARED_ADD(&jbzi_server_catching, 1);
    if (JBZI_SHARED_GET(&jbzi_server_signals)) _exit(1);
    JBZI_SHARED_SET(&jbzi_server_signals, 1);
    s = JBZI_SHARED_GET(&jbzi_server_main);
    if (s) jbz_wakeup(s); /* else it was closed in this moment */
    JBZI_SHARED_ADD(&jbzi_server_catching, -1);
}

static void jbzi_server_greet(const jbz_server *s) {
    const jbz_server_desc *d = &s->core.net.desc;
    const char *host = d->host && *d->host ? d->host : "127.0.0.1";
    char line[256], num[24];
    jbz_out o;
    jbz_out_init(&o, line, sizeof line);
    jbzi_out_put(&o, "listening on ws://", 18);
    if (strchr(host, ':') && !s->unix_domain) jbzi_out_put(&o, "[", 1);
    jbzi_out_put(&o, host, strlen(host));
    if (strchr(host, ':') && !s->unix_domain) jbzi_out_put(&o, "]", 1);
    if (!s->unix_domain) {
        jbzi_out_put(&o, ":", 1);
        jbzi_out_put(&o, num, jbzi_base_decimal(num, s->port));
    }
    jbzi_out_put(&o, d->path ? d->path : "/", d->path ? strlen(d->path) : 1);
    line[o.len] = 0;
    jbzi_server_say(1, line, "\n", "");
}

static bool jbzi_server_trace_to(const char *path) {
    jbzi_server_trace_failed = false;
    jbzi_server_trace_fd = JBZ_SYS_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (jbzi_server_trace_fd < 0) jbzi_server_say(2, "cannot write ", path, "\n");
    return jbzi_server_trace_fd >= 0;
}

static void jbzi_server_cannot(const jbz_error *e) {
    bool sys = e->code == JBZ_E_SYS;
    jbzi_server_say(2, "cannot serve: ", jbz_strerror(e->code), ": ");
    jbzi_server_say(2, e->path, sys ? ": " : "", sys ? strerror(errno) : "");
    jbzi_server_say(2, "\n", "", "");
}

JBZ_API jbz_server *jbz_main_open(int argc, char **argv, const jbz_server_desc *desc, int *status) {
    jbz_server_desc d;
    jbz_error error;
    jbz_server *s;
    const char *trace = NULL;
    int flag;
    memset((void *)&d, 0, sizeof d);
    jbzi_call_copy(&d, desc);
    if (!d.log.fn) d.log.fn = jbz_log_stderr;
    flag = jbzi_server_flags(argc, argv, &d, &trace);
    *status = flag ? flag - 1 : 1;
    if (flag || (trace && !jbzi_server_trace_to(trace))) return NULL;
    if (trace) d.trace = jbzi_server_trace;
    s = jbz_server_open(&d, &error);
    if (!s) { jbzi_server_cannot(&error); return NULL; }
    s->signals = &jbzi_server_signals;
    JBZI_SHARED_SET(&jbzi_server_signals, 0);
    JBZI_SHARED_SET(&jbzi_server_main, s);
    jbzi_server_catch(SIGINT, jbzi_server_on_signal);
    jbzi_server_catch(SIGTERM, jbzi_server_on_signal);
    jbzi_server_catch(SIGPIPE, SIG_IGN); /* a log or trace whose reader is gone is no reason to end */
    jbzi_server_greet(s);
    *status = 0;
    return s;
}

JBZ_API int jbz_main(int argc, char **argv, const jbz_server_desc *desc) {
    int status;
    jbz_server *s = jbz_main_open(argc, argv, desc, &status);
    if (!s) return status;
    return jbzi_server_loop(s) == JBZ_E_OK ? 0 : 1;
}

#endif /* JBZ_NO_SERVER */

#if defined(__GNUC__) && (defined(JBZ_NO_SERVER) || defined(JBZ_NO_CONN))
#pragma GCC diagnostic pop
#endif

#endif /* JAMBONZ_WS_IMPLEMENTATION */

/*
 * jambonz_ws.h is available under either of two licences, whichever you prefer.
 *
 * ----------------------------------------------------------------------------
 * ALTERNATIVE A - MIT License
 *
 * Copyright (c) 2026 the jambonz_ws.h authors
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of
 * this software and associated documentation files (the "Software"), to deal in
 * the Software without restriction, including without limitation the rights to
 * use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies
 * of the Software, and to permit persons to whom the Software is furnished to do
 * so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all
 * copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
 * LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
 * OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
 * SOFTWARE.
 *
 * ----------------------------------------------------------------------------
 * ALTERNATIVE B - Public domain (www.unlicense.org)
 *
 * This is free and unencumbered software released into the public domain.
 *
 * Anyone is free to copy, modify, publish, use, compile, sell, or distribute this
 * software, either in source code form or as a compiled binary, for any purpose,
 * commercial or non-commercial, and by any means.
 *
 * In jurisdictions that recognize copyright laws, the author or authors of this
 * software dedicate any and all copyright interest in the software to the public
 * domain. We make this dedication for the benefit of the public at large and to
 * the detriment of our heirs and successors. We intend this dedication to be an
 * overt act of relinquishment in perpetuity of all present and future rights to
 * this software under copyright law.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN
 * ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION
 * WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
 */
