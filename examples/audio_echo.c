/* audio_echo - callers hear themselves. Verb listen opens a second socket for the audio, at /audio; what comes there is sent
 * back, with a mark behind each second of it. Key * makes it silent for what is still on its way, key # ends it. */
#define JAMBONZ_WS_IMPLEMENTATION
#include "jambonz_ws.h"
#include <stdio.h>

#define RATE 8000 /* the telephone's own: no resampling, and marks work */

static void on_session(const jbz_event *ev, void *user) {
    char url[128];
    jbz_out *o = jbz_reply(ev);
    (void)user;
    jbz_answer(o);
    jbz_say(o, .text = "You will hear yourself. Press hash when you have had enough.");
    jbz_listen(o, .url = jbz_audio_url(ev->call, "/audio", url, sizeof url), .mixType = "mono", .sampleRate = RATE,
               .finishOnKey = "#", .passDtmf = JBZ_TRUE,
               .bidirectionalAudio = JBZ_LIT(c_bidirectionalAudio_opts, .enabled = JBZ_TRUE, .streaming = JBZ_TRUE,
                                             .sampleRate = RATE));
    jbz_say(o, .text = "Goodbye.");
    jbz_hangup(o);
    jbz_send(o);
}

/* One caller's echo. How many samples came is all there is to know, so it is kept in the user pointer itself. */
static intptr_t heard(const jbz_audio *audio) { return (intptr_t)jbz_audio_user(audio); }

static void echo(const jbz_event *ev) {
    intptr_t before = heard(ev->audio), now = before + (intptr_t)ev->samples;
    char name[32];
    size_t taken;
    jbz_audio_write(ev->audio, ev->pcm, ev->samples, &taken); /* what does not fit is late already: let it go */
    jbz_audio_set_user(ev->audio, (void *)now);
    if (before / RATE == now / RATE) return;
    snprintf(name, sizeof name, "second-%ld", (long)(now / RATE));
    jbz_audio_mark(ev->audio, name);
}

static void on_audio(const jbz_event *ev, void *user) {
    (void)user;
    switch (ev->type) {
    case JBZ_EV_AUDIO_START: jbz_audio_mode(ev->audio, JBZ_AUDIO_STREAM, RATE); break;
    case JBZ_EV_AUDIO_PCM: echo(ev); break;
    case JBZ_EV_AUDIO_DTMF:
        if (*ev->name == '*') jbz_audio_kill(ev->audio);
        break;
    case JBZ_EV_AUDIO_MARK:
        fprintf(stderr, "audio_echo: %s %s\n", ev->name,
                ev->reason == JBZ_E_OK ? "was heard" : ev->reason == JBZ_E_GONE ? "was silenced" : "got lost");
        break;
    case JBZ_EV_AUDIO_END:
        fprintf(stderr, "audio_echo: over after %ld ms of audio\n", (long)(heard(ev->audio) / (RATE / 1000)));
        break;
    default: break;
    }
}

int main(int argc, char **argv) {
    return jbz_main(argc, argv, JBZ_LIT(server_desc, .path = "/audio_echo", .on_session = on_session,
                                        .apps = { { .path = "/audio", .on_audio = on_audio } }));
}
